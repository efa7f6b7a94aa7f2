/* SPDX-License-Identifier: BSD-2-Clause */
/* A text field of the wire: what is accepted is a string with nothing but zeroes behind it, and is
 * written again as it was. The functions take the length of the field, and know none themselves. So
 * that of a short one is enough here. */
#include "wire.c" /* for its static functions */

#include "proof.h"

enum { MAX = 16 };

int main(void) {
        uint8_t in[1 + MAX], again[1 + MAX];
        char text[MAX + 1];

        if (!get_text(in, text, MAX))
                return 0;
        prove(text[in[0]] == '\0');
        put_text(again, text, MAX);
        for (size_t i = 0; i <= MAX; i++)
                prove(again[i] == in[i]);
        return 0;
}

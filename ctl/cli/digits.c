/* SPDX-License-Identifier: BSD-2-Clause */
/* Draws random digits. Does not know what they are for. */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#include "cli/digits.h"
#include "keytext.h"

/* A byte that would favour some of the 62 digits is drawn again. */
int digits_draw(char *out, size_t len) {
        uint8_t byte;

        for (size_t i = 0; i < len;) {
                if (getrandom(&byte, 1, 0) != 1)
                        return -errno;
                if (byte < 4 * 62)
                        out[i++] = keytext_alphabet()[byte % 62];
        }
        explicit_bzero(&byte, sizeof(byte));
        return 0;
}

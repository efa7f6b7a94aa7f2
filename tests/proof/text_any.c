/* SPDX-License-Identifier: BSD-2-Clause */
/* In the place of get_text() and put_text() of wire.c, where a proof is about the rest. A field is
 * accepted or not as it likes, and of what was accepted the first two bytes stand for all:
 * proof_text.c has the real ones. */
#include "proof.h"

bool any_get_text(const uint8_t *p, char *out, size_t max) {
        prove(readable(p, max + 1));
        prove(writable(out, max + 1));
        if (nondet_bool())
                return false;
        out[0] = (char) p[1];
        out[1] = (char) p[0];
        return true;
}

void any_put_text(uint8_t *p, const char *text, size_t max) {
        prove(writable(p, max + 1));
        prove(readable(text, max + 1));
        p[0] = (uint8_t) text[1];
        p[1] = (uint8_t) text[0];
}

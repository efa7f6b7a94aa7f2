/* SPDX-License-Identifier: BSD-2-Clause */
/* In the place of keytext.c where a proof holds for every form that keys could have. Whether a text
 * is a key or an id is any answer, but always the same for the same text. None has a NUL. */
#include <string.h>

#include "keytext.h"
#include "proof.h"

bool keytext_is_key(const char *text, size_t len) {
        static char asked[KEYTEXT_LEN];
        static bool known, answer;

        if (len != KEYTEXT_LEN || memchr(text, 0, len))
                return false;
        if (!known || memcmp(asked, text, KEYTEXT_LEN) != 0) {
                memcpy(asked, text, KEYTEXT_LEN);
                answer = nondet_bool();
                known = true;
        }
        return answer;
}

bool keytext_is_id(const char *text) {
        static char asked[KEYTEXT_ID_LEN];
        static bool known, answer;

        if (strnlen(text, KEYTEXT_ID_LEN + 1) != KEYTEXT_ID_LEN)
                return false;
        if (!known || memcmp(asked, text, KEYTEXT_ID_LEN) != 0) {
                memcpy(asked, text, KEYTEXT_ID_LEN);
                answer = nondet_bool();
                known = true;
        }
        return answer;
}

const char *keytext_id(const char *key) {
        return key + KEYTEXT_PREFIX_LEN;
}

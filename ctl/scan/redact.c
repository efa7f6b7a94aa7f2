/* SPDX-License-Identifier: BSD-2-Clause */
/* Cuts secrets out of text. Asks for the form alone: a key with a wrong end is a secret, too. */
#include <stdbool.h>
#include <string.h>

#include "keytext.h"
#include "scan/redact.h"

#define DOTS "..."

/* Whether ${text} begins with wfk_<id>_. */
static bool begins_key(const char *text) {
        char id[KEYTEXT_ID_LEN + 1];
        size_t head = KEYTEXT_PREFIX_LEN + KEYTEXT_ID_LEN;

        if (!keytext_begins_like_key(text) || strnlen(text, head + 1) <= head || text[head] != '_')
                return false;
        memcpy(id, text + KEYTEXT_PREFIX_LEN, KEYTEXT_ID_LEN);
        id[KEYTEXT_ID_LEN] = '\0';
        return keytext_is_id(id);
}

/* From the end: an id may end in wfk, so a key may begin within another one. */
void redact(char *text) {
        for (size_t i = strlen(text); i-- > 0;) {
                char *secret = text + i + KEYTEXT_PREFIX_LEN + KEYTEXT_ID_LEN + 1;
                size_t len;

                if (!begins_key(text + i))
                        continue;
                len = strspn(secret, keytext_alphabet());
                if (len >= strlen(DOTS)) {
                        memmove(secret + strlen(DOTS), secret + len, strlen(secret + len) + 1);
                        memcpy(secret, DOTS, strlen(DOTS));
                }
        }
}

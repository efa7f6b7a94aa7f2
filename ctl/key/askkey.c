/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads one key and keeps no copy. */
#include <string.h>

#include "cleanup.h"
#include "cli/prompt.h"
#include "cli/say.h"
#include "key/askkey.h"
#include "keytext.h"

/* Standard input: a key, blanks and line ends behind it, and one byte more to see that there is
 * more. */
struct raw {
        char text[KEYTEXT_LEN + 65];
        size_t len;
};

static void raw_wipe(struct raw *raw) {
        explicit_bzero(raw, sizeof(*raw));
}

enum exit_code askkey_read(struct secret *ret) {
        __attribute__((cleanup(raw_wipe))) struct raw raw = {};
        int r;

        r = prompt_read("API key: ", raw.text, sizeof(raw.text), &raw.len);
        if (r < 0) {
                say_error("cannot read the key: %s", strerror(-r));
                return CTL_FAILED;
        }
        if (raw.len < sizeof(raw.text))
                raw.len = keytext_trim(raw.text, raw.len);
        if (!keytext_is_key(raw.text, raw.len))
                return CTL_REFUSED;
        memcpy(ret->text, raw.text, KEYTEXT_LEN);
        ret->text[KEYTEXT_LEN] = '\0';
        return CTL_OK;
}

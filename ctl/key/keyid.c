/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks the form of an id. Does not know which ids exist. */
#include <string.h>

#include "cli/say.h"
#include "key/keyid.h"
#include "keytext.h"

enum exit_code keyid_read(const char **ret) {
        const char *text = *ret;
        bool prefix = strncmp(text, "wfk_", KEYTEXT_PREFIX_LEN) == 0;

        if (keytext_is_id(text))
                return CTL_OK;
        if (prefix && keytext_is_id(text + KEYTEXT_PREFIX_LEN)) {
                *ret = text + KEYTEXT_PREFIX_LEN;
                return CTL_OK;
        }
        /* A text that begins like a key may be one. Do not repeat it. */
        if (prefix)
                say_error(
                        "this is not the id of a key: an id is only the 10 characters after wfk_");
        else
                say_error("'%s' is not the id of a key: ids have 10 characters of 0-9A-Za-z", text);
        return CTL_USAGE;
}

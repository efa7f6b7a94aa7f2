/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes a random key that is in no store, for tests. Asks no daemon. */
#include <stdio.h>
#include <string.h>

#include "cli/digits.h"
#include "cli/say.h"
#include "draw/json.h"
#include "key/cmd_key_draw.h"
#include "secret.h"

enum exit_code cmd_key_draw(const struct args *args) {
        char digits[KEYTEXT_ID_LEN + KEYTEXT_SECRET_LEN];
        _cleanup_secret_ struct secret key = {};
        int r;

        r = digits_draw(digits, sizeof(digits));
        if (r < 0) {
                say_error("cannot draw a key: %s", strerror(-r));
                return CTL_FAILED;
        }
        keytext_format(key.text, digits, digits + KEYTEXT_ID_LEN);
        explicit_bzero(digits, sizeof(digits));
        if (args->json)
                json_one_text("key", key.text);
        else
                puts(key.text);
        return CTL_OK;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes a random key that is in no store, for tests. Asks no daemon. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "cli/say.h"
#include "draw/json.h"
#include "key/cmd_key_draw.h"
#include "secret.h"

/* Draws digits uniformly. A byte that would favour some of the 62 digits is drawn again. */
static int draw(char *out, size_t len) {
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

enum exit_code cmd_key_draw(const struct args *args) {
        char digits[KEYTEXT_ID_LEN + KEYTEXT_SECRET_LEN];
        _cleanup_secret_ struct secret key = {};
        int r;

        r = draw(digits, sizeof(digits));
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

/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes, reads and shows the two secrets of whole stores, as files of the state directory. It knows
 * no store and no file format. */
#include <errno.h>
#include <string.h>

#include "mirror/mirror_key.h"
#include "secret/secretfile.h"

_Static_assert(SEAL_SECRET_LEN == SECRETFILE_LEN, "a secret fills a file");

int mirror_key_read(int dir, uint8_t secret[static SEAL_SECRET_LEN]) {
        int r = secretfile_read(dir, MIRROR_KEY_NAME, secret);

        return r == -ENOENT ? -ENOKEY : r;
}

int mirror_key_show(int dir, char out[static SEAL_TEXT_LEN + 1]) {
        uint8_t secret[SEAL_SECRET_LEN], public[SEAL_PUBLIC_LEN];
        int r;

        r = mirror_key_read(dir, secret);
        if (r >= 0) {
                seal_recipient_of(secret, public);
                seal_text_format(public, out);
        }
        explicit_bzero(secret, sizeof(secret));
        return r;
}

int mirror_key_make(int dir, bool replace, char out[static SEAL_TEXT_LEN + 1]) {
        uint8_t secret[SEAL_SECRET_LEN];
        int r;

        r = replace ? -ENOENT : secretfile_read(dir, MIRROR_KEY_NAME, secret);
        if (r != -ENOENT)
                r = -EEXIST; /* it is there, readable or not */
        else
                r = seal_make_secret(secret);
        if (r >= 0)
                r = secretfile_write(dir, MIRROR_KEY_NAME, secret);
        explicit_bzero(secret, sizeof(secret));
        return r < 0 ? r : mirror_key_show(dir, out);
}

int mirror_key_source(int dir, uint8_t secret[static SEAL_SECRET_LEN]) {
        int r;

        r = secretfile_read(dir, MIRROR_SOURCE_NAME, secret);
        if (r != -ENOENT)
                return r;
        r = seal_make_secret(secret);
        return r < 0 ? r : secretfile_write(dir, MIRROR_SOURCE_NAME, secret);
}

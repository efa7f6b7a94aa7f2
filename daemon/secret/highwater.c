/* SPDX-License-Identifier: BSD-2-Clause */
/* The file that says how far the audit log has come. It has 8 bytes of number and 24 of a keyed
 * hash over number and seal, so only this host can have written it. Must not know the database. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "secret/highwater.h"
#include "secret/secretfile.h"

#define NUMBER_LEN 8

struct highwater {
        int dir;
        const struct keymint *keymint;
        uint8_t bytes[SECRETFILE_LEN]; /* of the file */
};

int highwater_new(struct highwater **ret, int dir, const struct keymint *keymint) {
        struct highwater *h = calloc(1, sizeof(*h));

        if (!h)
                return -ENOMEM;
        h->dir = dir;
        h->keymint = keymint;
        *ret = h;
        return 0;
}

struct highwater *highwater_free(struct highwater *h) {
        free(h);
        return NULL;
}

static void make(const struct highwater *h, int64_t seq,
                 const uint8_t hash[static RECORD_DIGEST_LEN], uint8_t out[static SECRETFILE_LEN]) {
        /* the letter sets it apart from what the audit log seals */
        uint8_t in[1 + NUMBER_LEN + RECORD_DIGEST_LEN] = { 'H' }, seal[RECORD_DIGEST_LEN];

        bytes_put(in + 1, NUMBER_LEN, (uint64_t) seq);
        memcpy(in + 1 + NUMBER_LEN, hash, RECORD_DIGEST_LEN);
        keymint_seal(h->keymint, in, sizeof(in), seal);
        bytes_put(out, NUMBER_LEN, (uint64_t) seq);
        memcpy(out + NUMBER_LEN, seal, SECRETFILE_LEN - NUMBER_LEN);
}

int highwater_read(struct highwater *h, int64_t *ret_seq) {
        uint64_t seq;
        int r;

        r = secretfile_read(h->dir, HIGHWATER_FILE_NAME, h->bytes);
        if (r < 0)
                return r;
        seq = bytes_get(h->bytes, NUMBER_LEN);
        if (seq > INT64_MAX)
                return -EUCLEAN;
        *ret_seq = (int64_t) seq;
        return 0;
}

bool highwater_is(const struct highwater *h, int64_t seq,
                  const uint8_t hash[static RECORD_DIGEST_LEN]) {
        uint8_t bytes[SECRETFILE_LEN];

        make(h, seq, hash, bytes);
        return memcmp(bytes, h->bytes, sizeof(bytes)) == 0;
}

int highwater_write(struct highwater *h, int64_t seq,
                    const uint8_t hash[static RECORD_DIGEST_LEN]) {
        uint8_t bytes[SECRETFILE_LEN];
        int r;

        if (highwater_is(h, seq, hash))
                return 0;
        make(h, seq, hash, bytes);
        r = secretfile_write(h->dir, HIGHWATER_FILE_NAME, bytes);
        if (r >= 0)
                memcpy(h->bytes, bytes, sizeof(bytes));
        return r;
}

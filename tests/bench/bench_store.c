/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens a store and adds keys without the daemon. It goes through the functions of daemon/store,
 * and must not know SQL. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "bench_store.h"
#include "cleanup.h"
#include "secret/pepper.h"
#include "store/store_key.h"

static int read_pepper(const char *state_dir, struct keymint **ret) {
        _cleanup_close_ int dir = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        uint8_t pepper[PEPPER_LEN];
        int r;

        if (dir < 0)
                return -errno;
        r = pepper_read_file(dir, pepper);
        if (r >= 0)
                r = keymint_new(ret, pepper);
        explicit_bzero(pepper, sizeof(pepper));
        return r;
}

int bench_store_open(struct bench_store *s, const char *state_dir) {
        char path[128];
        int r;

        *s = (struct bench_store){};
        (void) snprintf(path, sizeof(path), "%s/keys.db", state_dir);
        r = nss_uid(geteuid(), &s->owner);
        if (r >= 0)
                r = read_pepper(state_dir, &s->keymint);
        if (r >= 0)
                r = store_open(&s->writer, path, STORE_WRITER, &s->shared);
        if (r < 0)
                bench_store_done(s);
        return r;
}

void bench_store_done(struct bench_store *s) {
        s->writer = store_free(s->writer);
        s->keymint = keymint_free(s->keymint);
}

int bench_store_insert(struct bench_store *s, const struct secret *key, enum key_status status) {
        struct key_record record = { .pepper_id = keymint_pepper_id(s->keymint),
                                     .owner_uid = s->owner.uid,
                                     .name = "key",
                                     .status = status };

        memcpy(record.id, keytext_id(key->text), KEYTEXT_ID_LEN);
        memcpy(record.owner, s->owner.name, sizeof(record.owner));
        keymint_digest(s->keymint, record.pepper_id, key->text, record.digest);
        record.created_at = record.updated_at = clock_now();
        return store_key_insert(s->writer, &record);
}

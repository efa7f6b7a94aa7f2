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
#include "store/store_fleet.h"
#include "store/store_key.h"

/* of further keys of a fleet */
#define OWNERS     1000
#define LIFETIME_S 31536000

static int read_peppers(struct bench_store *s, const char *state_dir) {
        _cleanup_close_ int dir = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        uint8_t pepper[PEPPER_LEN];
        struct store_fleet fleet;
        int r;

        if (dir < 0)
                return -errno;
        r = pepper_read_file(dir, pepper);
        if (r >= 0)
                r = keymint_new(&s->keymint, pepper);
        if (r >= 0)
                r = store_fleet_get(s->writer, &fleet);
        if (r == -ENOENT) {
                s->pepper_id = keymint_pepper_id(s->keymint);
                r = 0;
        } else if (r >= 0) {
                s->of_fleet = true;
                s->pepper_id = fleet.pepper_id;
                r = pepper_read_foreign(dir, fleet.pepper_id, pepper);
                if (r >= 0)
                        r = keymint_add(s->keymint, pepper, fleet.pepper_id);
        }
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
                r = store_open(&s->writer, path, STORE_WRITER, &s->shared);
        if (r >= 0)
                r = read_peppers(s, state_dir);
        if (r < 0)
                bench_store_done(s);
        return r;
}

void bench_store_done(struct bench_store *s) {
        s->writer = store_free(s->writer);
        s->keymint = keymint_free(s->keymint);
}

/* The digest is as good as random. */
static void spread(struct key_record *record) {
        uint32_t some;

        memcpy(&some, record->digest, sizeof(some));
        (void) snprintf(record->owner, sizeof(record->owner), "user%u", some % OWNERS);
        record->owner_uid = RECORD_UNBOUND;
        record->created_at -= some % LIFETIME_S;
        record->expires_at = record->created_at + LIFETIME_S;
}

int bench_store_insert(struct bench_store *s, const struct secret *key, enum key_status status) {
        struct key_record record = { .pepper_id = s->pepper_id,
                                     .owner_uid = s->owner.uid,
                                     .name = "key",
                                     .status = status };

        memcpy(record.id, keytext_id(key->text), KEYTEXT_ID_LEN);
        memcpy(record.owner, s->owner.name, sizeof(record.owner));
        keymint_digest(s->keymint, record.pepper_id, key->text, record.digest);
        record.created_at = record.updated_at = clock_now();
        if (s->of_fleet) {
                memcpy(record.hosts, "all", sizeof("all"));
                record.epoch = RECORD_FLEET_EPOCH;
                record.revision = 1;
                if (s->spread)
                        spread(&record);
        }
        return store_key_insert(s->writer, &record);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes a host with very many accounts. It goes through the functions of daemon/store, and must not
 * know SQL. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "bench_crowd.h"
#include "cleanup.h"
#include "secret/pepper.h"
#include "store/store_audit.h"
#include "store/store_key.h"

#define BATCH     20000
#define FIRST_UID 100000

static void seal(const void *in, size_t len, uint8_t out[static RECORD_DIGEST_LEN],
                 void *userdata) {
        keymint_seal(userdata, in, len, out);
}

uid_t bench_crowd_uid(size_t user) {
        return (uid_t) (FIRST_UID + user);
}

void bench_crowd_id(size_t i, char out[static KEYTEXT_ID_LEN + 1]) {
        /* In order, because inserting at random takes several times as long. */
        for (size_t at = KEYTEXT_ID_LEN; at > 0; at--, i /= 62)
                out[at - 1] = keytext_alphabet()[i % 62];
        out[KEYTEXT_ID_LEN] = '\0';
}

/* The owner of a key, in no order. */
static size_t owner_of(const struct bench_crowd *c, size_t i) {
        return (size_t) (i * UINT64_C(2654435761) % c->accounts);
}

static int insert_key(struct bench_crowd *c, size_t i, int64_t now) {
        struct key_record key = { .pepper_id = keymint_pepper_id(c->keymint),
                                  .owner_uid = bench_crowd_uid(owner_of(c, i)),
                                  .name = "key",
                                  .created_at = now,
                                  .updated_at = now };

        bench_crowd_id(i, key.id);
        (void) snprintf(key.owner, sizeof(key.owner), "user%06zu", owner_of(c, i));
        memset(key.digest, (int) i, sizeof(key.digest));
        return store_key_insert(c->writer, &key);
}

static int insert_record(struct bench_crowd *c, size_t i, int64_t now) {
        struct audit_record record = { .at = now,
                                       .until = now,
                                       .count = 1,
                                       .event = "login",
                                       .verdict = "accepted",
                                       .door = "verify" };

        (void) snprintf(record.user, sizeof(record.user), "user%06zu", owner_of(c, i));
        return store_audit_add(c->writer, &record);
}

static int fill(struct bench_crowd *c, size_t n,
                int (*insert)(struct bench_crowd *c, size_t i, int64_t now)) {
        int64_t now = clock_now();
        int r = store_begin(c->writer);

        for (size_t i = 0; r >= 0 && i < n; i++) {
                r = insert(c, i, now);
                if (r >= 0 && i % BATCH == BATCH - 1) {
                        r = store_commit(c->writer);
                        store_checkpoint(c->writer, true);
                        if (r >= 0)
                                r = store_begin(c->writer);
                }
        }
        return r < 0 ? r : store_commit(c->writer);
}

static int open_store(struct bench_crowd *c, const char *name) {
        _cleanup_close_ int dir = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        uint8_t pepper[PEPPER_LEN];
        char path[64];
        int r;

        if (dir < 0)
                return -errno;
        r = pepper_read_file(dir, pepper);
        if (r >= 0)
                r = keymint_new(&c->keymint, pepper);
        if (r < 0)
                return r;
        (void) snprintf(path, sizeof(path), "%s/" STORE_FILE_NAME, name);
        (void) snprintf(c->etc, sizeof(c->etc), "%s/etc", name);
        r = store_open(&c->writer, path, STORE_WRITER, &c->shared);
        if (r >= 0)
                store_set_seal(c->writer, seal, c->keymint);
        return r;
}

int bench_crowd_open(struct bench_crowd *crowd, const char *name) {
        int r;

        crowd->shared = (struct store_shared){ .generation = 1 };
        r = open_store(crowd, name);
        if (r < 0)
                bench_crowd_done(crowd);
        return r;
}

void bench_crowd_done(struct bench_crowd *crowd) {
        crowd->writer = store_free(crowd->writer);
        crowd->keymint = keymint_free(crowd->keymint);
}

static int make_files(const char *name) {
        _cleanup_close_ int dir = -1, fd = -1;
        uint8_t pepper[PEPPER_LEN];
        struct keymint *keymint = NULL;
        char path[64];
        int r;

        if (mkdir(name, 0700) < 0)
                return -errno;
        dir = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir < 0 || mkdirat(dir, "etc", 0700) < 0)
                return -errno;
        fd = openat(dir, STORE_FILE_NAME, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        r = fd < 0 ? -errno : pepper_create_file(dir, pepper);
        if (r >= 0)
                r = keymint_new(&keymint, pepper);
        if (r < 0)
                return r;
        (void) snprintf(path, sizeof(path), "%s/" STORE_FILE_NAME, name);
        r = store_create(path, keymint_pepper_id(keymint));
        (void) keymint_free(keymint);
        return r;
}

int bench_crowd_make(struct bench_crowd *crowd, const char *name) {
        int r;

        r = make_files(name);
        if (r >= 0)
                r = bench_crowd_open(crowd, name);
        if (r < 0)
                return r;
        r = store_audit_begin(crowd->writer, clock_now());
        if (r >= 0)
                r = fill(crowd, crowd->keys, insert_key);
        if (r >= 0)
                r = fill(crowd, crowd->records, insert_record);
        store_settle(crowd->writer);
        if (r >= 0)
                r = bench_crowd_passwd(crowd, crowd->accounts);
        return r < 0 ? r : bench_crowd_shadow(crowd, crowd->accounts, 0);
}

static FILE *create(const struct bench_crowd *c) {
        char path[128];

        (void) snprintf(path, sizeof(path), "%s/next", c->etc);
        return fopen(path, "we");
}

static int replace(const struct bench_crowd *c, FILE *f, const char *name) {
        char next[128], path[128];

        (void) snprintf(next, sizeof(next), "%s/next", c->etc);
        (void) snprintf(path, sizeof(path), "%s/%s", c->etc, name);
        return fclose(f) != 0 || rename(next, path) < 0 ? -errno : 0;
}

int bench_crowd_passwd(const struct bench_crowd *crowd, size_t users) {
        FILE *f = create(crowd);

        if (!f)
                return -errno;
        (void) fprintf(f, "root:x:0:0:root:/root:/bin/bash\n");
        for (size_t i = 0; i < users; i++)
                (void) fprintf(f, "user%06zu:x:%u:100:User %zu of many:/home/user%06zu:/bin/bash\n",
                               i, bench_crowd_uid(i), i, i);
        return replace(crowd, f, "passwd");
}

int bench_crowd_shadow(const struct bench_crowd *crowd, size_t odd, int64_t day) {
        FILE *f = create(crowd);

        if (!f)
                return -errno;
        (void) fprintf(f, "root:*:19000:0:99999:7:::\n");
        for (size_t i = 0; i < crowd->accounts; i++) {
                bool ends = odd == SIZE_MAX || odd == i;

                (void) fprintf(f,
                               "user%06zu:$y$j9T$abcdefghijklmnopqrstuv$0123456789abcdefghijklmn"
                               "opqrstuvwxyz0123456:%lld:0:%d:7:::\n",
                               i, (long long) (ends ? day : 19000), ends ? 30 : 99999);
        }
        return replace(crowd, f, "shadow");
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* bench_fill DIR NAME KEYS: puts so many keys into the store of the state directory NAME, and some
 * thousand of them into the files NAME.keys and NAME.revoked. Where the store is that of a host in
 * a fleet, they are the fleet's, for all hosts. The keys come from a fast generator that is not fit
 * for secrets. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "bench_store.h"
#include "cleanup.h"

#define SAMPLE        10000
#define REVOKED_EVERY 16 /* of the sample */
#define BATCH         20000
#define KEYS_MAX      UINT64_C(100000000)

struct filling {
        struct bench_store store;
        uint64_t n, inserted;
        struct secret *keys; /* in the order of their ids */
        FILE *active, *revoked;
};

static void filling_done(struct filling *f) {
        bench_store_done(&f->store);
        free(f->keys);
        if (f->active)
                (void) fclose(f->active);
        if (f->revoked)
                (void) fclose(f->revoked);
}

static int open_list(const char *state_dir, const char *suffix, FILE **ret) {
        char path[128];
        int fd;

        (void) snprintf(path, sizeof(path), "%s.%s", state_dir, suffix);
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        *ret = fdopen(fd, "w");
        if (*ret)
                return 0;
        (void) close(fd);
        return -ENOMEM;
}

static int compare_keys(const void *a, const void *b) {
        return memcmp(a, b, KEYTEXT_LEN);
}

static int make_keys(struct filling *f) {
        struct bench_random random = { .state = f->n };

        f->keys = calloc(f->n, sizeof(f->keys[0]));
        if (!f->keys)
                return -ENOMEM;
        for (size_t i = 0; i < f->n; i++)
                bench_key_draw(&random, &f->keys[i]);
        qsort(f->keys, f->n, sizeof(f->keys[0]), compare_keys);
        return 0;
}

static int set_policies(struct filling *f) {
        int r;

        if (f->store.of_fleet)
                return 0;
        r = store_policy_set(f->store.writer, "enabled", 1, 1);
        return r < 0 ? r : store_policy_set(f->store.writer, "max-keys-per-user", 1000, 1);
}

static int insert_one(struct filling *f, size_t i) {
        size_t stride = f->n / SAMPLE + 1;
        bool revoked = i % stride == 0 && i / stride % REVOKED_EVERY == REVOKED_EVERY - 1;

        f->store.spread = i % stride != 0;
        if (i % stride == 0)
                (void) fprintf(revoked ? f->revoked : f->active, "%s\n", f->keys[i].text);
        return bench_store_insert(&f->store, &f->keys[i], revoked ? KEY_REVOKED : KEY_ACTIVE);
}

static int end_batch(struct filling *f) {
        int r;

        r = store_commit(f->store.writer);
        if (r < 0)
                return r;
        store_checkpoint(f->store.writer, true);
        if (isatty(STDERR_FILENO))
                (void) fprintf(stderr, "\r\033[K%llu of %llu keys",
                               (unsigned long long) f->inserted, (unsigned long long) f->n);
        return store_begin(f->store.writer);
}

/* Inserting in the order of the ids is several times as fast as at random. Every other key comes
 * first, so that the pages are as full as in a store that has grown over time. */
static int insert_all(struct filling *f) {
        int r;

        r = store_begin(f->store.writer);
        if (r >= 0)
                r = set_policies(f);
        for (size_t half = 0; half < 2; half++)
                for (size_t i = half; r >= 0 && i < f->n; i += 2) {
                        r = insert_one(f, i);
                        if (r >= 0 && ++f->inserted % BATCH == 0)
                                r = end_batch(f);
                }
        if (r >= 0)
                r = end_batch(f);
        if (isatty(STDERR_FILENO))
                (void) fputs("\r\033[K", stderr);
        if (r >= 0 && (fflush(f->active) != 0 || fflush(f->revoked) != 0))
                r = -errno;
        return r;
}

static int run(int argc, char *argv[]) {
        __attribute__((cleanup(filling_done))) struct filling f = {};
        int r;

        r = argc == 2 ? bench_number(argv[1], KEYS_MAX, &f.n) : -EINVAL;
        if (r >= 0)
                r = open_list(argv[0], "keys", &f.active);
        if (r >= 0)
                r = open_list(argv[0], "revoked", &f.revoked);
        if (r >= 0)
                r = bench_store_open(&f.store, argv[0]);
        if (r >= 0)
                r = make_keys(&f);
        return r < 0 ? r : insert_all(&f);
}

int main(int argc, char *argv[]) {
        return bench_main(argc, argv, "DIR NAME KEYS", run);
}

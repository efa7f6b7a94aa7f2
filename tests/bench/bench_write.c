/* SPDX-License-Identifier: BSD-2-Clause */
/* bench_write DIR NAME ROUNDS: durable changes of the store in the state directory NAME, as the
 * writer thread of wfapikeyd makes them, compared with one fdatasync(2) of 4 KiB that are appended
 * to a file in the same directory. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "bench.h"
#include "bench_store.h"
#include "cleanup.h"
#include "store/store_key.h"

#define CHANGES_PER_SLICE 50
#define USES_PER_COMMIT   1000

enum variant {
        APPEND,
        ISSUE,
        REVOKE,
        USES,
        _VARIANT_MAX,
};

static const char *const names[] = {
        [APPEND] = "fdatasync of 4 KiB appended",
        [ISSUE] = "issue a key",
        [REVOKE] = "revoke a key",
        [USES] = "note 1000 uses of 1000 keys",
};
_Static_assert(ARRAY_LEN(names) == _VARIANT_MAX, "a name for each");

struct writing {
        struct bench_store store;
        int fd; /* of the file for APPEND */
        off_t end;
        struct bench_keys sample;
        size_t issued, revoked;
        char (*ids)[KEYTEXT_ID_LEN + 1]; /* of the issued keys */
};

static void writing_done(struct writing *w) {
        bench_store_done(&w->store);
        cleanup_close(&w->fd);
        free(w->sample.keys);
        free(w->ids);
}

static int append(struct writing *w) {
        static const char block[4096] = "wfapikey";

        if (pwrite(w->fd, block, sizeof(block), w->end) != sizeof(block) || fdatasync(w->fd) < 0)
                return -errno;
        w->end += sizeof(block);
        return 0;
}

static int issue_one(struct writing *w) {
        char *id = w->ids[w->issued];
        _cleanup_secret_ struct secret key;
        int r;

        keymint_make_id(id);
        keymint_make_secret(id, &key);
        r = store_begin(w->store.writer);
        if (r >= 0)
                r = bench_store_insert(&w->store, &key, KEY_ACTIVE);
        if (r >= 0)
                r = store_commit(w->store.writer);
        w->issued++;
        return r;
}

static int revoke_one(struct writing *w) {
        struct key_record key;
        int r;

        r = store_begin(w->store.writer);
        if (r >= 0)
                r = store_key_get_used(w->store.writer, w->ids[w->revoked++], &key);
        if (r < 0)
                return r;
        key.status = KEY_REVOKED;
        key.updated_at = clock_now();
        r = store_key_update(w->store.writer, &key);
        return r < 0 ? r : store_commit(w->store.writer);
}

static int note_uses(struct writing *w) {
        struct key_use use = { .at = clock_now(), .service = "bench", .rhost = "192.0.2.1" };
        size_t n = w->sample.n < USES_PER_COMMIT ? w->sample.n : USES_PER_COMMIT;
        int r;

        r = store_begin(w->store.writer);
        for (size_t i = 0; r >= 0 && i < USES_PER_COMMIT; i++) {
                memcpy(use.id, keytext_id(w->sample.keys[i % n].text), KEYTEXT_ID_LEN);
                r = store_key_used(w->store.writer, &use, 1);
        }
        return r < 0 ? r : store_commit_quietly(w->store.writer);
}

static int (*const changes[])(struct writing *w) = {
        [APPEND] = append,
        [ISSUE] = issue_one,
        [REVOKE] = revoke_one,
        [USES] = note_uses,
};
_Static_assert(ARRAY_LEN(changes) == _VARIANT_MAX, "a change for each");

static int measure(size_t variant, struct bench_latencies *ret, void *userdata) {
        struct writing *w = userdata;

        for (size_t i = 0; i < CHANGES_PER_SLICE; i++) {
                int64_t began;
                int r = 0;

                if (variant == REVOKE && w->revoked == w->issued)
                        r = issue_one(w);
                began = bench_now_ns();
                if (r >= 0)
                        r = changes[variant](w);
                if (r >= 0)
                        r = bench_latencies_add(ret, bench_now_ns() - began);
                if (r < 0)
                        return r;
                /* As the writer thread does while no caller waits. */
                store_checkpoint(w->store.writer, true);
        }
        return 0;
}

static void print(const struct bench_result *results, size_t rounds) {
        char text[BENCH_RATIO_LEN];

        (void) printf("%-34s %9s %9s   %s\n", "Writes, durable", "p50 us", "p99 us",
                      "p50 to the append's");
        for (size_t i = 0; i < _VARIANT_MAX; i++)
                (void) printf("  %-32s %9.1f %9.1f   %s\n", names[i],
                              bench_median(results[i].p50, rounds),
                              bench_median(results[i].p99, rounds),
                              i == APPEND ? ""
                                          : bench_ratio(results[i].p50, results[APPEND].p50, rounds,
                                                        text));
}

static int start(struct writing *w, const char *name, size_t rounds) {
        char path[128];
        int r;

        w->ids = calloc(2 * (rounds + 2) * CHANGES_PER_SLICE, sizeof(w->ids[0]));
        if (!w->ids)
                return -ENOMEM;
        (void) snprintf(path, sizeof(path), "%s.keys", name);
        r = bench_keys_load(path, &w->sample);
        if (r < 0)
                return r;
        (void) snprintf(path, sizeof(path), "%s/append", name);
        w->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (w->fd < 0 || unlink(path) < 0)
                return -errno;
        return bench_store_open(&w->store, name);
}

static int run(int argc, char *argv[]) {
        static struct bench_result results[_VARIANT_MAX];
        __attribute__((cleanup(writing_done))) struct writing w = { .fd = -1 };
        uint64_t rounds;
        int r;

        r = argc == 2 ? bench_number(argv[1], BENCH_ROUNDS_MAX, &rounds) : -EINVAL;
        if (r >= 0)
                r = start(&w, argv[0], rounds);
        if (r >= 0)
                r = bench_rounds(names, _VARIANT_MAX, rounds, measure, &w, results);
        if (r >= 0)
                print(results, rounds);
        return r;
}

int main(int argc, char *argv[]) {
        return bench_main(argc, argv, "DIR NAME ROUNDS", run);
}

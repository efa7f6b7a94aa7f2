/* SPDX-License-Identifier: BSD-2-Clause */
/* bench_resync DIR UID HOST KEYS KEY-FILE allow|deny: how long it takes until the host HOST, whose
 * daemon runs as UID, gives this verdict for the last key of KEY-FILE, and how long logins with
 * the key in HOST.local take until then. A line is printed for KEYS keys. The caller starts what
 * brings the keys when this has written a line to stderr. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ask.h"
#include "bench.h"
#include "cleanup.h"

/* between two logins, and between two looks */
#define LOGIN_NS   2000000
#define PROBE_NS   5000000
#define GIVE_UP_NS INT64_C(600000000000)

struct resync {
        char path[64];
        uid_t uid;
        uint64_t n;
        enum verdict wanted;
        struct bench_keys own, probe;
        atomic_bool over;
        struct bench_latencies logins;
        int r; /* of the thread */
};

static int ask(const struct resync *s, const struct secret *key, enum verdict *ret) {
        const struct ask_server server = { .path = s->path, .uid = s->uid, .timeout_ms = 10000 };
        struct wire_request req = { .kind = WIRE_VERIFY,
                                    .seq = 1,
                                    .user = "root",
                                    .service = "bench",
                                    .rhost = "192.0.2.1",
                                    .key = *key };
        struct wire_reply reply;
        int r = ask_verdict(&server, &req, &reply);

        if (r >= 0)
                *ret = reply.verdict;
        return r;
}

static void *log_in(void *userdata) {
        struct resync *s = userdata;
        int r = 0;

        while (r >= 0 && !atomic_load(&s->over)) {
                enum verdict verdict = VERDICT_INTERNAL;
                int64_t began = bench_now_ns();

                r = ask(s, &s->own.keys[0], &verdict);
                if (r >= 0)
                        r = verdict == VERDICT_ALLOW
                                    ? bench_latencies_add(&s->logins, bench_now_ns() - began)
                                    : -EBADE;
                (void) nanosleep(&(struct timespec){ .tv_nsec = LOGIN_NS }, NULL);
        }
        s->r = r;
        return NULL;
}

static int wait_for_it(const struct resync *s, int64_t began) {
        const struct secret *key = &s->probe.keys[s->probe.n - 1];
        enum verdict verdict = VERDICT_INTERNAL;
        int r;

        for (;;) {
                r = ask(s, key, &verdict);
                if (r < 0 || verdict == s->wanted)
                        return r;
                if (bench_now_ns() - began > GIVE_UP_NS)
                        return -ETIMEDOUT;
                (void) nanosleep(&(struct timespec){ .tv_nsec = PROBE_NS }, NULL);
        }
}

static int compare(const void *a, const void *b) {
        uint32_t x = *(const uint32_t *) a, y = *(const uint32_t *) b;

        return (x > y) - (x < y);
}

static void print(struct resync *s, int64_t took) {
        struct bench_latencies *l = &s->logins;
        char count[BENCH_RATIO_LEN], name[64];

        qsort(l->ns, l->n, sizeof(l->ns[0]), compare);
        (void) snprintf(name, sizeof(name), "%s keys, %s", bench_count(s->n, count),
                        s->wanted == VERDICT_ALLOW ? "new host" : "they are there");
        (void) printf("  %-34s %8.2f %8.2f %8.2f %8.2f %8zu\n", name, (double) took / 1e9,
                      l->ns[l->n / 2] / 1e6, l->ns[l->n * 99 / 100] / 1e6, l->ns[l->n - 1] / 1e6,
                      l->n);
}

static int measure(struct resync *s) {
        int64_t began = bench_now_ns();
        pthread_t thread;
        int r, joined;

        r = -pthread_create(&thread, NULL, log_in, s);
        if (r < 0)
                return r;
        (void) fputs("begin\n", stderr);
        r = wait_for_it(s, began);
        began = bench_now_ns() - began;
        atomic_store(&s->over, true);
        joined = -pthread_join(thread, NULL);
        if (r >= 0)
                r = joined < 0 ? joined : s->r;
        if (r >= 0 && s->logins.n == 0)
                r = -ENODATA;
        if (r >= 0)
                print(s, began);
        return r;
}

static int run(int argc, char *argv[]) {
        struct resync s = {};
        uint64_t uid = 0;
        char own[64];
        int r;

        if (argc != 5 || bench_number(argv[2], UINT32_MAX, &s.n) < 0 ||
            bench_number(argv[0], UINT32_MAX, &uid) < 0)
                return -EINVAL;
        s.uid = (uid_t) uid;
        s.wanted = strcmp(argv[4], "deny") == 0 ? VERDICT_DENY : VERDICT_ALLOW;
        (void) snprintf(s.path, sizeof(s.path), "%s.d/verify", argv[1]);
        (void) snprintf(own, sizeof(own), "%s.local", argv[1]);
        r = bench_keys_load(own, &s.own);
        if (r >= 0)
                r = bench_keys_load(argv[3], &s.probe);
        if (r >= 0)
                r = measure(&s);
        free(s.own.keys);
        free(s.probe.keys);
        bench_latencies_done(&s.logins);
        return r;
}

int main(int argc, char *argv[]) {
        return bench_main(argc, argv, "DIR UID HOST KEYS KEY-FILE allow|deny", run);
}

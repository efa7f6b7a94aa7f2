/* SPDX-License-Identifier: BSD-2-Clause */
/* bench_timing DIR USER N CLASS...: asks the daemon "timing" for keys of each class with a wrong
 * secret, and for ids that no key has, in random order, N times for each class. The keys of a class
 * are in the file timing.CLASS. Prints how far the times of each class are from those of all
 * others: |t| of Welch's test above 4.5 is more than chance. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "bench.h"
#include "cleanup.h"

#define CLASSES_MAX 16
#define CHANCE_MAX  4.5

struct class {
        const char *name;
        struct bench_keys keys;
        enum bench_spoil spoil;
        struct bench_latencies latencies;
};

struct timing {
        const char *user;
        size_t n;
        struct class classes[CLASSES_MAX];
};

struct moments {
        double n, mean, m2;
};

static int compare(const void *a, const void *b) {
        uint32_t x = *(const uint32_t *) a, y = *(const uint32_t *) b;

        return (x > y) - (x < y);
}

static void take(struct moments *m, double value) {
        double delta = value - m->mean;

        m->mean += delta / ++m->n;
        m->m2 += delta * (value - m->mean);
}

static int ask(const struct timing *t, struct class *class, struct bench_random *random) {
        const struct ask_server server = { .path = "timing.verify",
                                           .uid = geteuid(),
                                           .timeout_ms = 10000 };
        struct wire_request req = {
                .kind = WIRE_VERIFY, .seq = 1, .service = "bench", .rhost = "192.0.2.1"
        };
        struct secret others[BENCH_OTHER_SECRET + 1];
        struct wire_reply reply;
        int64_t began;
        int r;

        memcpy(req.user, t->user, strnlen(t->user, WIRE_USER_MAX));
        /* Both, so the pause between two questions is the same for all classes. */
        bench_key_pick(&class->keys, BENCH_OTHER_ID, random, &others[BENCH_OTHER_ID]);
        bench_key_pick(&class->keys, BENCH_OTHER_SECRET, random, &others[BENCH_OTHER_SECRET]);
        req.key = others[class->spoil];
        began = bench_now_ns();
        r = ask_verdict(&server, &req, &reply);
        if (r < 0)
                return r;
        return reply.verdict == VERDICT_DENY
                       ? bench_latencies_add(&class->latencies, bench_now_ns() - began)
                       : -EBADE;
}

/* Above this a time is one of the machine, and not of the daemon. */
static uint32_t find_limit(const struct timing *t) {
        uint32_t limit = 0;

        for (size_t i = 0; i < t->n; i++) {
                const struct bench_latencies *l = &t->classes[i].latencies;
                uint32_t p90 = l->ns[l->n * 9 / 10];

                limit = p90 > limit ? p90 : limit;
        }
        return limit;
}

static double welch(const struct moments *a, const struct moments *b) {
        return (a->mean - b->mean) /
               sqrt(a->m2 / (a->n * (a->n - 1)) + b->m2 / (b->n * (b->n - 1)));
}

static void print(struct timing *t) {
        uint32_t limit;

        for (size_t i = 0; i < t->n; i++)
                qsort(t->classes[i].latencies.ns, t->classes[i].latencies.n, sizeof(uint32_t),
                      compare);
        limit = find_limit(t);
        (void) printf("%-34s %9s %9s %9s %9s %9s\n", "Refused without the secret", "samples",
                      "p10 us", "p50 us", "mean us", "t");
        for (size_t i = 0; i < t->n; i++) {
                const struct bench_latencies *l = &t->classes[i].latencies;
                struct moments own = {}, others = {};
                double apart;

                for (size_t j = 0; j < t->n; j++)
                        for (size_t k = 0; k < t->classes[j].latencies.n; k++)
                                if (t->classes[j].latencies.ns[k] <= limit)
                                        take(i == j ? &own : &others,
                                             t->classes[j].latencies.ns[k] / 1000.0);
                apart = welch(&own, &others);
                (void) printf("  %-32s %9zu %9.2f %9.2f %9.3f %9.1f%s\n", t->classes[i].name, l->n,
                              l->ns[l->n / 10] / 1000.0, l->ns[l->n / 2] / 1000.0, own.mean, apart,
                              fabs(apart) > CHANCE_MAX ? "  apart" : "");
        }
}

static int run(int argc, char *argv[]) {
        static struct timing t;
        struct bench_random random = { .state = (uint64_t) bench_now_ns() };
        uint64_t samples;
        int r = 0;

        if (argc < 3 || argc > CLASSES_MAX || bench_number(argv[1], UINT32_MAX, &samples) < 0)
                return -EINVAL;
        t.user = argv[0];
        /* The first class is there twice: once with ids that no key has. */
        for (int i = 1; r >= 0 && i < argc; i++) {
                const char *name = argv[i == 1 ? 2 : i];
                char path[64];

                (void) snprintf(path, sizeof(path), "timing.%.50s", name);
                t.classes[t.n].name = i == 1 ? "unknown id" : name;
                t.classes[t.n].spoil = i == 1 ? BENCH_OTHER_ID : BENCH_OTHER_SECRET;
                r = bench_keys_load(path, &t.classes[t.n++].keys);
        }
        for (uint64_t i = 0; r >= 0 && i < samples * t.n; i++)
                r = ask(&t, &t.classes[bench_random_below(&random, t.n)], &random);
        if (r >= 0)
                print(&t);
        return r;
}

int main(int argc, char *argv[]) {
        return bench_main(argc, argv, "DIR USER N CLASS...", run);
}

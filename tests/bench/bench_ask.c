/* SPDX-License-Identifier: BSD-2-Clause */
/* bench_ask DIR rounds ROUNDS MS KEYS KEYS: asks the daemons "big" and "small", which have so many
 * keys, and a bare echo server, without PAM. "twin" has a copy of the small store: two daemons are
 * what more loops in one could give at most. bench_ask DIR count N: N verifications by "big", one
 * after the other with pauses, for a person who counts its system calls or instructions. Every
 * question must get the right answer. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ask.h"
#include "bench.h"
#include "bench_busy.h"
#include "bench_echo.h"
#include "cleanup.h"

#define CLIENTS  8
#define PAUSE_NS 2000000

enum variant {
        ECHO,
        ECHO_AT_ONCE,
        BIG,
        SMALL,
        UNKNOWN,
        WRONG,
        REVOKED,
        BUSY,
        ECHO_8,
        ECHO_AT_ONCE_8,
        BIG_8,
        SMALL_8,
        TWO_8,
        _VARIANT_MAX,
};

static const struct variant_row {
        const char *name;
        const char *socket;
        enum bench_list list;
        enum bench_spoil spoil;
        enum verdict wanted;
        unsigned clients;
        const char *twin; /* for half of them; or NULL */
} rows[] = {
        [ECHO] = { "echo", "echo.verify", BENCH_BIG, BENCH_AS_IT_IS, VERDICT_ALLOW, 1 },
        [ECHO_AT_ONCE] = { "echo at once", "echo-at-once.verify", BENCH_BIG, BENCH_AS_IT_IS,
                           VERDICT_ALLOW, 1 },
        [BIG] = { "big store", "big.verify", BENCH_BIG, BENCH_AS_IT_IS, VERDICT_ALLOW, 1 },
        [SMALL] = { "small store", "small.verify", BENCH_SMALL, BENCH_AS_IT_IS, VERDICT_ALLOW, 1 },
        [UNKNOWN] = { "unknown id", "big.verify", BENCH_BIG, BENCH_OTHER_ID, VERDICT_DENY, 1 },
        [WRONG] = { "wrong secret", "big.verify", BENCH_BIG, BENCH_OTHER_SECRET, VERDICT_DENY, 1 },
        [REVOKED] = { "revoked", "big.verify", BENCH_REVOKED, BENCH_AS_IT_IS, VERDICT_DENY, 1 },
        [BUSY] = { "while the writer commits", "big.verify", BENCH_BIG, BENCH_AS_IT_IS,
                   VERDICT_ALLOW, 1 },
        [ECHO_8] = { "echo", "echo.verify", BENCH_BIG, BENCH_AS_IT_IS, VERDICT_ALLOW, CLIENTS },
        [ECHO_AT_ONCE_8] = { "echo at once", "echo-at-once.verify", BENCH_BIG, BENCH_AS_IT_IS,
                             VERDICT_ALLOW, CLIENTS },
        [BIG_8] = { "big store", "big.verify", BENCH_BIG, BENCH_AS_IT_IS, VERDICT_ALLOW, CLIENTS },
        [SMALL_8] = { "small store", "small.verify", BENCH_SMALL, BENCH_AS_IT_IS, VERDICT_ALLOW,
                      CLIENTS },
        [TWO_8] = { "two daemons", "small.verify", BENCH_SMALL, BENCH_AS_IT_IS, VERDICT_ALLOW,
                    CLIENTS, "twin.verify" },
};
_Static_assert(ARRAY_LEN(rows) == _VARIANT_MAX, "a row for each");

struct asking {
        struct bench_user user;
        pid_t echo, echo_at_once;
        int64_t slice_ns;
        uint64_t changes; /* made next to BUSY */
        struct client *clients;
};

struct client {
        struct asking *asking;
        const struct variant_row *row;
        const char *socket;
        pthread_t thread;
        struct bench_random random;
        struct bench_latencies latencies;
        int64_t until;
        int r;
};

static void asking_done(struct asking *a) {
        bench_echo_stop(a->echo);
        bench_echo_stop(a->echo_at_once);
        bench_user_done(&a->user);
        for (size_t i = 0; a->clients && i < CLIENTS; i++)
                bench_latencies_done(&a->clients[i].latencies);
        free(a->clients);
}

static int ask_one(struct client *c) {
        const struct ask_server server = { .path = c->socket,
                                           .uid = geteuid(),
                                           .timeout_ms = 10000 };
        struct wire_request req;
        struct wire_reply reply;
        int64_t began;
        int r;

        bench_request(&c->asking->user, &c->asking->user.keys[c->row->list], c->row->spoil,
                      &c->random, &req);
        began = bench_now_ns();
        r = ask_verdict(&server, &req, &reply);
        if (r < 0)
                return r;
        if (reply.verdict == c->row->wanted)
                return bench_latencies_add(&c->latencies, bench_now_ns() - began);
        (void) fprintf(stderr, "%s: verdict %#x (%s) and not %#x\n", c->row->name, reply.verdict,
                       verdict_reason_name(reply.reason), c->row->wanted);
        return -EBADE;
}

static void *work(void *userdata) {
        struct client *c = userdata;

        c->latencies.n = 0;
        do
                c->r = ask_one(c);
        while (c->r >= 0 && bench_now_ns() < c->until);
        return NULL;
}

static int ask_all(struct asking *a, const struct variant_row *row, struct bench_latencies *ret) {
        int64_t until = bench_now_ns() + a->slice_ns;
        unsigned started = 0;
        int r = 0;

        for (; r >= 0 && started < row->clients; started += r >= 0) {
                struct client *c = &a->clients[started];

                c->row = row;
                c->socket = row->twin && started % 2 == 1 ? row->twin : row->socket;
                c->until = until;
                r = -pthread_create(&c->thread, NULL, work, c);
        }
        for (unsigned i = 0; i < started; i++) {
                struct client *c = &a->clients[i];

                (void) pthread_join(c->thread, NULL);
                if (r >= 0)
                        r = c->r;
                for (size_t j = 0; r >= 0 && j < c->latencies.n; j++)
                        r = bench_latencies_add(ret, c->latencies.ns[j]);
        }
        return r;
}

static int measure(size_t variant, struct bench_latencies *ret, void *userdata) {
        struct bench_busy *busy = NULL;
        struct asking *a = userdata;
        uint64_t changes = 0;
        int r, busy_r = 0;

        if (variant == BUSY) {
                r = bench_busy_start(&busy, "big.control", &a->user.keys[BENCH_BIG]);
                if (r < 0)
                        return r;
        }
        r = ask_all(a, &rows[variant], ret);
        if (busy)
                busy_r = bench_busy_stop(busy, &changes);
        a->changes += changes;
        return r < 0 ? r : busy_r;
}

static void print_row(const struct bench_result *results, size_t rounds, enum variant variant,
                      const char *name, enum variant to, const char *to_name) {
        const struct bench_result *result = &results[variant], *base = &results[to];
        char p50[BENCH_RATIO_LEN] = "", rate[BENCH_RATIO_LEN] = "";

        if (variant != to) {
                (void) bench_ratio(result->p50, base->p50, rounds, p50);
                (void) bench_ratio(result->rate, base->rate, rounds, rate);
        }
        (void) printf("  %-32s %9.1f %9.1f   %-22s%-22s%8.0f  %s\n", name,
                      bench_median(result->p50, rounds), bench_median(result->p99, rounds), p50,
                      rate, bench_median(result->rate, rounds), variant != to ? to_name : "");
}

static void print(const struct asking *a, const struct bench_result *results, size_t rounds,
                  uint64_t big, uint64_t small) {
        char big_name[BENCH_RATIO_LEN], small_name[BENCH_RATIO_LEN], text[BENCH_RATIO_LEN];

        (void) bench_count(big, text);
        (void) snprintf(big_name, sizeof(big_name), "accepted, %.20s keys", text);
        (void) bench_count(small, text);
        (void) snprintf(small_name, sizeof(small_name), "accepted, %.20s keys", text);

        (void) printf("%-34s %9s %9s   %-22s%-22s%8s  %s\n", "The daemon asked, 1 client", "p50 us",
                      "p99 us", "p50, ratio", "rate, ratio", "rate/s", "to that of");
        print_row(results, rounds, ECHO, "echo server", ECHO, "");
        print_row(results, rounds, ECHO_AT_ONCE, "echo server, receives at once", ECHO,
                  "echo server");
        print_row(results, rounds, BIG, big_name, ECHO, "echo server");
        print_row(results, rounds, SMALL, small_name, ECHO, "echo server");
        for (enum variant i = UNKNOWN; i <= BUSY; i++)
                print_row(results, rounds, i, rows[i].name, BIG, "accepted");
        (void) printf("  the p99 while the writer commits, to quiet: %s; %.0f commits a second\n",
                      bench_ratio(results[BUSY].p99, results[BIG].p99, rounds, text),
                      (double) a->changes * 1e9 / (double) ((int64_t) (rounds + 1) * a->slice_ns));

        (void) printf("The daemon asked, %d clients\n", CLIENTS);
        print_row(results, rounds, ECHO_8, "echo server", ECHO_8, "");
        print_row(results, rounds, ECHO_AT_ONCE_8, "echo server, receives at once", ECHO_8,
                  "echo server");
        print_row(results, rounds, BIG_8, big_name, ECHO_8, "echo server");
        print_row(results, rounds, SMALL_8, small_name, ECHO_8, "echo server");
        print_row(results, rounds, TWO_8, "two daemons, half of them each", SMALL_8, small_name);
}

static int run_rounds(struct asking *a, char *argv[]) {
        static struct bench_result results[_VARIANT_MAX];
        const char *names[_VARIANT_MAX];
        struct bench_plan plan;
        int r;

        r = bench_plan_parse(argv, &plan);
        if (r < 0)
                return r;
        a->slice_ns = plan.slice_ns;
        for (size_t i = 0; i < _VARIANT_MAX; i++)
                names[i] = rows[i].name;
        r = bench_echo_start("echo.verify", false, &a->echo);
        if (r >= 0)
                r = bench_echo_start("echo-at-once.verify", true, &a->echo_at_once);
        if (r >= 0)
                r = bench_rounds(names, _VARIANT_MAX, plan.rounds, measure, a, results);
        if (r >= 0)
                print(a, results, plan.rounds, plan.big, plan.small);
        return r;
}

static int run_count(struct asking *a, const char *number) {
        struct client *c = &a->clients[0];
        uint64_t n;

        if (bench_number(number, UINT32_MAX, &n) < 0)
                return -EINVAL;
        c->row = &rows[BIG];
        c->socket = c->row->socket;
        for (uint64_t i = 0; c->r >= 0 && i < n; i++) {
                c->r = ask_one(c);
                /* The daemon is to be asleep when the next question comes, as between logins. */
                (void) nanosleep(&(struct timespec){ .tv_nsec = PAUSE_NS }, NULL);
        }
        return c->r;
}

static int run(int argc, char *argv[]) {
        __attribute__((cleanup(asking_done))) struct asking a = {};
        int r;

        a.clients = calloc(CLIENTS, sizeof(a.clients[0]));
        if (!a.clients)
                return -ENOMEM;
        for (size_t i = 0; i < CLIENTS; i++)
                a.clients[i] = (struct client){ .asking = &a, .random = { i + 1 } };
        r = bench_user_load(&a.user);
        if (r < 0)
                return r;
        if (argc == 5 && strcmp(argv[0], "rounds") == 0)
                return run_rounds(&a, argv + 1);
        return argc == 2 && strcmp(argv[0], "count") == 0 ? run_count(&a, argv[1]) : -EINVAL;
}

int main(int argc, char *argv[]) {
        return bench_main(argc, argv, "DIR rounds ROUNDS MS KEYS KEYS | DIR count N", run);
}

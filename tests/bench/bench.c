/* SPDX-License-Identifier: BSD-2-Clause */
/* Time, random numbers, rounds and statistics for the benchmarks. It must not know what is
 * measured, and judges no figure. */
#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "cleanup.h"
#include "parse.h"

static const char *const lists[] = {
        [BENCH_BIG] = "big.keys",
        [BENCH_SMALL] = "small.keys",
        [BENCH_REVOKED] = "big.revoked",
};
_Static_assert(ARRAY_LEN(lists) == _BENCH_LIST_MAX, "a file for each");

int64_t bench_now_ns(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts); /* cannot fail for this clock */
        return (int64_t) ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* SplitMix64. Source: Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014. */
uint64_t bench_random_next(struct bench_random *random) {
        uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);

        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        return z ^ z >> 31;
}

size_t bench_random_below(struct bench_random *random, size_t n) {
        return (size_t) (bench_random_next(random) % n);
}

int bench_latencies_add(struct bench_latencies *latencies, int64_t ns) {
        if (latencies->n == latencies->size) {
                size_t size = latencies->size ? 2 * latencies->size : 1 << 16;
                uint32_t *grown = realloc(latencies->ns, size * sizeof(*grown));

                if (!grown)
                        return -ENOMEM;
                latencies->ns = grown;
                latencies->size = size;
        }
        latencies->ns[latencies->n++] = ns < UINT32_MAX ? (uint32_t) ns : UINT32_MAX;
        return 0;
}

void bench_latencies_done(struct bench_latencies *latencies) {
        free(latencies->ns);
        *latencies = (struct bench_latencies){};
}

static int compare_ns(const void *a, const void *b) {
        uint32_t x = *(const uint32_t *) a, y = *(const uint32_t *) b;

        return (x > y) - (x < y);
}

static int compare_doubles(const void *a, const void *b) {
        double x = *(const double *) a, y = *(const double *) b;

        return (x > y) - (x < y);
}

void bench_progress(const char *format, ...) {
        va_list ap;

        if (!isatty(STDERR_FILENO))
                return;
        va_start(ap, format);
        (void) fputs("\r\033[K", stderr);
        (void) vfprintf(stderr, format, ap);
        va_end(ap);
}

void bench_shuffle(size_t *order, size_t n, struct bench_random *random) {
        for (size_t i = 0; i < n; i++)
                order[i] = i;
        for (size_t i = n; i > 1; i--) {
                size_t other = bench_random_below(random, i), kept = order[i - 1];

                order[i - 1] = order[other];
                order[other] = kept;
        }
}

static void take_result(struct bench_latencies *l, int64_t elapsed_ns, struct bench_result *result,
                        size_t round) {
        qsort(l->ns, l->n, sizeof(l->ns[0]), compare_ns);
        result->p50[round] = l->ns[l->n / 2] / 1000.0;
        result->p99[round] = l->ns[l->n * 99 / 100] / 1000.0;
        result->rate[round] = (double) l->n * 1e9 / (double) elapsed_ns;
}

int bench_rounds(const char *const *names, size_t n_variants, size_t rounds,
                 int (*measure)(size_t variant, struct bench_latencies *ret, void *userdata),
                 void *userdata, struct bench_result *results) {
        struct bench_random random = { .state = (uint64_t) bench_now_ns() };
        __attribute__((cleanup(bench_latencies_done))) struct bench_latencies latencies = {};
        size_t order[BENCH_VARIANTS_MAX];

        for (size_t round = 0; round <= rounds; round++) {
                bench_shuffle(order, n_variants, &random);
                for (size_t i = 0; i < n_variants; i++) {
                        int64_t began = bench_now_ns();
                        int r;

                        bench_progress("round %zu of %zu: %s", round, rounds, names[order[i]]);
                        latencies.n = 0;
                        r = measure(order[i], &latencies, userdata);
                        if (r >= 0 && latencies.n == 0)
                                r = -ENODATA;
                        if (r < 0) {
                                bench_progress("%s", "");
                                return r;
                        }
                        /* The first round only warms up. The second overwrites its results. */
                        take_result(&latencies, bench_now_ns() - began, &results[order[i]],
                                    round > 0 ? round - 1 : 0);
                }
        }
        bench_progress("%s", "");
        return 0;
}

/* The value at the share ${at} of the sorted values, interpolated between two of them. */
static double quantile(const double *sorted, size_t n, double at) {
        double place = at * (double) (n - 1);
        size_t below = (size_t) place;

        if (below + 1 >= n)
                return sorted[n - 1];
        return sorted[below] + (place - (double) below) * (sorted[below + 1] - sorted[below]);
}

double bench_median(const double *values, size_t n) {
        double sorted[BENCH_ROUNDS_MAX];

        memcpy(sorted, values, n * sizeof(sorted[0]));
        qsort(sorted, n, sizeof(sorted[0]), compare_doubles);
        return quantile(sorted, n, 0.5);
}

const char *bench_ratio(const double *of, const double *to, size_t n,
                        char out[static BENCH_RATIO_LEN]) {
        double ratios[BENCH_ROUNDS_MAX];

        for (size_t i = 0; i < n; i++)
                ratios[i] = of[i] / to[i];
        qsort(ratios, n, sizeof(ratios[0]), compare_doubles);
        (void) snprintf(out, BENCH_RATIO_LEN, "%.2f [%.2f..%.2f]", quantile(ratios, n, 0.5),
                        quantile(ratios, n, 0.25), quantile(ratios, n, 0.75));
        return out;
}

const char *bench_count(uint64_t n, char out[static BENCH_RATIO_LEN]) {
        unsigned zeros = 0;
        uint64_t rest = n;

        for (; rest >= 10 && rest % 10 == 0; rest /= 10)
                zeros++;
        if (rest == 1 && zeros > 0)
                (void) snprintf(out, BENCH_RATIO_LEN, "1e%u", zeros);
        else
                (void) snprintf(out, BENCH_RATIO_LEN, "%llu", (unsigned long long) n);
        return out;
}

static void closep(FILE **f) {
        if (*f)
                (void) fclose(*f);
}

int bench_keys_load(const char *path, struct bench_keys *ret) {
        __attribute__((cleanup(closep))) FILE *f = fopen(path, "re");
        _cleanup_free_ struct secret *keys = NULL;
        char line[KEYTEXT_LEN + 2];
        size_t n = 0, size = 0;

        if (!f)
                return -errno;
        while (fgets(line, sizeof(line), f)) {
                if (line[strlen(line) - 1] != '\n' || !keytext_is_key(line, strlen(line) - 1))
                        return -EBADMSG;
                if (n == size) {
                        struct secret *grown =
                                realloc(keys, (size = 2 * size + 1024) * sizeof(*grown));

                        if (!grown)
                                return -ENOMEM;
                        keys = grown;
                }
                memcpy(keys[n].text, line, KEYTEXT_LEN);
                keys[n++].text[KEYTEXT_LEN] = '\0';
        }
        if (n == 0)
                return -EBADMSG;
        *ret = (struct bench_keys){ .n = n, .keys = take_ptr(keys) };
        return 0;
}

int bench_user_load(struct bench_user *ret) {
        const struct passwd *pw = getpwuid(geteuid());
        struct bench_user user = {};
        int r = 0;

        if (!pw)
                return -ESRCH;
        user.name = pw->pw_name;
        for (size_t i = 0; r >= 0 && i < _BENCH_LIST_MAX; i++)
                r = bench_keys_load(lists[i], &user.keys[i]);
        if (r >= 0)
                *ret = user;
        else
                bench_user_done(&user);
        return r;
}

void bench_user_done(struct bench_user *user) {
        for (size_t i = 0; i < _BENCH_LIST_MAX; i++)
                free(user->keys[i].keys);
}

int bench_plan_parse(char *argv[], struct bench_plan *ret) {
        struct bench_plan plan;
        uint64_t ms;

        if (bench_number(argv[0], BENCH_ROUNDS_MAX, &plan.rounds) < 0 ||
            bench_number(argv[1], 60000, &ms) < 0 ||
            bench_number(argv[2], UINT64_MAX, &plan.big) < 0 ||
            bench_number(argv[3], UINT64_MAX, &plan.small) < 0)
                return -EINVAL;
        plan.slice_ns = (int64_t) ms * 1000000;
        *ret = plan;
        return 0;
}

static void draw(struct bench_random *random, char *out, size_t len) {
        for (size_t i = 0; i < len; i++)
                out[i] = keytext_alphabet()[bench_random_below(random, 62)];
}

void bench_key_draw(struct bench_random *random, struct secret *ret) {
        char id[KEYTEXT_ID_LEN], secret[KEYTEXT_SECRET_LEN];

        draw(random, id, sizeof(id));
        draw(random, secret, sizeof(secret));
        keytext_format(ret->text, id, secret);
}

void bench_key_pick(const struct bench_keys *keys, enum bench_spoil spoil,
                    struct bench_random *random, struct secret *ret) {
        const struct secret *key = &keys->keys[bench_random_below(random, keys->n)];
        struct secret other;

        bench_key_draw(random, &other);
        switch (spoil) {
        case BENCH_AS_IT_IS:
                *ret = *key;
                return;
        case BENCH_OTHER_ID:
                keytext_format(ret->text, keytext_id(other.text), keytext_secret(key->text));
                return;
        case BENCH_OTHER_SECRET:
                keytext_format(ret->text, keytext_id(key->text), keytext_secret(other.text));
                return;
        }
}

void bench_request(const struct bench_user *user, const struct bench_keys *keys,
                   enum bench_spoil spoil, struct bench_random *random, struct wire_request *ret) {
        *ret = (struct wire_request){
                .kind = WIRE_VERIFY, .seq = 1, .service = "bench", .rhost = "192.0.2.1"
        };
        memcpy(ret->user, user->name, strnlen(user->name, WIRE_USER_MAX));
        bench_key_pick(keys, spoil, random, &ret->key);
}

int bench_main(int argc, char *argv[], const char *usage, int (*run)(int argc, char *argv[])) {
        int r = -EINVAL;

        if (argc >= 2)
                r = chdir(argv[1]) < 0 ? -errno : run(argc - 2, argv + 2);
        if (r >= 0)
                return EXIT_SUCCESS;
        if (r == -EINVAL)
                (void) fprintf(stderr, "usage: %s %s\n", argv[0], usage);
        else
                (void) fprintf(stderr, "%s: %s\n", argv[0], strerror(-r));
        return EXIT_FAILURE;
}

int bench_number(const char *text, uint64_t max, uint64_t *ret) {
        return parse_u64(text, 1, max, ret) < 0 ? -EINVAL : 0;
}

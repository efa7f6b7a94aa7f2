/* SPDX-License-Identifier: BSD-2-Clause */
/* What the benchmarks share: time, random numbers, order statistics, and rounds in which every
 * variant has a turn. On a machine with other users a time alone says little. The ratio of two
 * times of the same round says much, so ratios are computed round by round. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "attr.h"
#include "secret.h"
#include "wire.h"

#define BENCH_ROUNDS_MAX   1000
#define BENCH_VARIANTS_MAX 16
#define BENCH_RATIO_LEN    40

/* The times of one slice. */
struct bench_latencies {
        size_t n, size;
        uint32_t *ns; /* owned */
};

/* The results of one variant, by round. */
struct bench_result {
        double p50[BENCH_ROUNDS_MAX]; /* microseconds */
        double p99[BENCH_ROUNDS_MAX];
        double rate[BENCH_ROUNDS_MAX]; /* per second */
};

struct bench_random {
        uint64_t state;
};

/* How a key is spoilt before it is used. */
enum bench_spoil {
        BENCH_AS_IT_IS,
        BENCH_OTHER_ID,     /* an id that no key has */
        BENCH_OTHER_SECRET, /* another secret than the id's */
};

struct bench_keys {
        size_t n;
        struct secret *keys; /* owned */
};

/* The files of keys that bench_fill wrote next to the stores "big" and "small". */
enum bench_list {
        BENCH_BIG,
        BENCH_SMALL,
        BENCH_REVOKED, /* of the big store */
        _BENCH_LIST_MAX,
};

/* The user that logs in, and the keys that it may use. */
struct bench_user {
        const char *name; /* from getpwuid() */
        struct bench_keys keys[_BENCH_LIST_MAX];
};

/* ROUNDS MS KEYS KEYS: the number of rounds, the length of a slice, and the number of keys in each
 * store. */
struct bench_plan {
        uint64_t rounds, big, small;
        int64_t slice_ns;
};

/**
 * bench_now_ns():
 * Nanoseconds on CLOCK_MONOTONIC.
 */
int64_t bench_now_ns(void);

/**
 * bench_random_next(random), bench_random_below(random, n):
 * A random number, or one that is less than ${n}. Fast, and not for secrets. The state is the seed.
 */
uint64_t bench_random_next(struct bench_random *random);
size_t bench_random_below(struct bench_random *random, size_t n);

/**
 * bench_latencies_add(latencies, ns):
 * Adds one time. Returns 0 or -ENOMEM.
 */
int bench_latencies_add(struct bench_latencies *latencies, int64_t ns) _must_check_;
void bench_latencies_done(struct bench_latencies *latencies);

/**
 * bench_shuffle(order, n, random):
 * Fills ${order} with the numbers below ${n}, in a random order.
 */
void bench_shuffle(size_t *order, size_t n, struct bench_random *random);

/**
 * bench_progress(format, ...):
 * Shows a line on the terminal in the place of the last one. Progress is for a person who waits, so
 * nothing else gets it.
 */
void bench_progress(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * bench_rounds(names, n_variants, rounds, measure, userdata, results):
 * Lets ${measure} take a slice of every variant in each round. The order is random in each round,
 * and one round before the first does not count. A terminal on stderr shows the progress with the
 * ${names}. Fills ${results}, one for each variant.
 * Returns 0, or what ${measure} returned.
 */
int bench_rounds(const char *const *names, size_t n_variants, size_t rounds,
                 int (*measure)(size_t variant, struct bench_latencies *ret, void *userdata),
                 void *userdata, struct bench_result *results) _must_check_;

/**
 * bench_median(values, n):
 * The median.
 */
double bench_median(const double *values, size_t n);

/**
 * bench_ratio(of, to, n, out):
 * Writes the ratio by round as text: "median [lower..upper quartile]". Returns ${out}.
 */
const char *bench_ratio(const double *of, const double *to, size_t n,
                        char out[static BENCH_RATIO_LEN]);

/**
 * bench_count(n, out):
 * Writes a number of keys as people write it: "1e6", "12345". Returns ${out}.
 */
const char *bench_count(uint64_t n, char out[static BENCH_RATIO_LEN]);

/**
 * bench_keys_load(path, ret):
 * Reads the keys of a file, one a line, at least one. Returns 0; -EBADMSG; another negative errno.
 */
int bench_keys_load(const char *path, struct bench_keys *ret) _must_check_;

/**
 * bench_user_load(ret), bench_user_done(user):
 * Finds the user of this process and reads all keys. Returns 0, or a negative errno as above.
 */
int bench_user_load(struct bench_user *ret) _must_check_;
void bench_user_done(struct bench_user *user);

/**
 * bench_plan_parse(argv, ret):
 * Reads the plan from four arguments. Returns 0 or -EINVAL.
 */
int bench_plan_parse(char *argv[], struct bench_plan *ret) _must_check_;

/**
 * bench_key_draw(random, ret):
 * Makes a well-formed key for a store without real keys.
 */
void bench_key_draw(struct bench_random *random, struct secret *ret);

/**
 * bench_key_pick(keys, spoil, random, ret):
 * Picks one of the keys, and spoils it as ${spoil} says.
 */
void bench_key_pick(const struct bench_keys *keys, enum bench_spoil spoil,
                    struct bench_random *random, struct secret *ret);

/**
 * bench_request(user, keys, spoil, random, ret):
 * A request of ${user} to verify one of the ${keys}, spoilt as ${spoil} says.
 */
void bench_request(const struct bench_user *user, const struct bench_keys *keys,
                   enum bench_spoil spoil, struct bench_random *random, struct wire_request *ret);

/**
 * bench_main(argc, argv, usage, run):
 * The main() of each program. It goes into the directory that its first argument names, where all
 * files have a place and a short name. Then it calls ${run} with the other arguments. -EINVAL from
 * ${run} means that they are wrong. Returns the exit status.
 */
int bench_main(int argc, char *argv[], const char *usage, int (*run)(int argc, char *argv[]));

/**
 * bench_number(text, max, ret):
 * Reads an argument from 1 to ${max}. Returns 0 or -EINVAL.
 */
int bench_number(const char *text, uint64_t max, uint64_t *ret) _must_check_;

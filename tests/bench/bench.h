/* SPDX-License-Identifier: BSD-2-Clause */
/* What the benchmarks share: time, chance, order statistics, and rounds in which every variant
 * has its turn. On a machine that others use too a time says little, and the ratio of two that
 * were taken in the same round says much: ratios are by round. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "attr.h"
#include "secret.h"

#define BENCH_ROUNDS_MAX   1000
#define BENCH_VARIANTS_MAX 16
#define BENCH_RATIO_LEN    40

/* One slice's times. */
struct bench_latencies {
        size_t n, size;
        uint32_t *ns; /* owned */
};

/* What one variant gave, by round. */
struct bench_result {
        double p50[BENCH_ROUNDS_MAX]; /* microseconds */
        double p99[BENCH_ROUNDS_MAX];
        double rate[BENCH_ROUNDS_MAX]; /* a second */
};

struct bench_random {
        uint64_t state;
};

/* How a key is spoilt before it is used. */
enum bench_spoil {
        BENCH_AS_IT_IS,
        BENCH_OTHER_ID,     /* of which there is none */
        BENCH_OTHER_SECRET, /* than the id's */
};

struct bench_keys {
        size_t n;
        struct secret *keys; /* owned */
};

/* The files of keys that bench_fill has written beside the stores "big" and "small". */
enum bench_list {
        BENCH_BIG,
        BENCH_SMALL,
        BENCH_REVOKED, /* of the big one */
        _BENCH_LIST_MAX,
};

/* Who logs in: this user, with any of these keys. */
struct bench_user {
        const char *name; /* of getpwuid() */
        struct bench_keys keys[_BENCH_LIST_MAX];
};

/* ROUNDS MS KEYS KEYS: how often, how long at a time, and how many keys the stores have. */
struct bench_plan {
        uint64_t rounds, big, small;
        int64_t slice_ns;
};

/**
 * bench_now_ns(): nanoseconds on CLOCK_MONOTONIC.
 */
int64_t bench_now_ns(void);

/**
 * bench_random_next(random), bench_random_below(random, n):
 * A number, one less than ${n}: fast, and not for secrets. The state is the seed.
 */
uint64_t bench_random_next(struct bench_random *random);
size_t bench_random_below(struct bench_random *random, size_t n);

/**
 * bench_latencies_add(latencies, ns): 0, or -ENOMEM.
 */
int bench_latencies_add(struct bench_latencies *latencies, int64_t ns) _must_check_;
void bench_latencies_done(struct bench_latencies *latencies);

/**
 * bench_rounds(names, n_variants, rounds, measure, userdata, results):
 * Lets ${measure} take a slice of every variant in each round, in an order that is drawn for
 * each, after one round that does not count. ${names} are for the progress, which a terminal on
 * stderr sees. Fills ${results}, one for each variant.
 * Returns 0, or what ${measure} returned.
 */
int bench_rounds(const char *const *names, size_t n_variants, size_t rounds,
                 int (*measure)(size_t variant, struct bench_latencies *ret, void *userdata),
                 void *userdata, struct bench_result *results) _must_check_;

/**
 * bench_median(values, n): the middle one.
 */
double bench_median(const double *values, size_t n);

/**
 * bench_ratio(of, to, n, out): the ratio by round, as text: "median [lower..upper quartile]".
 */
const char *bench_ratio(const double *of, const double *to, size_t n,
                        char out[static BENCH_RATIO_LEN]);

/**
 * bench_count(n, out): how many keys, as people say it: "1e6", "12345".
 */
const char *bench_count(uint64_t n, char out[static BENCH_RATIO_LEN]);

/**
 * bench_keys_load(path, ret): the keys of a file, one a line, at least one. 0; -EBADMSG; another
 * negative errno.
 */
int bench_keys_load(const char *path, struct bench_keys *ret) _must_check_;

/**
 * bench_user_load(ret), bench_user_done(user):
 * This process' user, and all the keys. 0, or a negative errno as above.
 */
int bench_user_load(struct bench_user *ret) _must_check_;
void bench_user_done(struct bench_user *user);

/**
 * bench_plan_parse(argv, ret): the plan of four arguments. 0, or -EINVAL.
 */
int bench_plan_parse(char *argv[], struct bench_plan *ret) _must_check_;

/**
 * bench_key_draw(random, ret): a well-formed key, for a store that holds nothing of worth.
 */
void bench_key_draw(struct bench_random *random, struct secret *ret);

/**
 * bench_key_pick(keys, spoil, random, ret): any of the keys, or one that is nearly it.
 */
void bench_key_pick(const struct bench_keys *keys, enum bench_spoil spoil,
                    struct bench_random *random, struct secret *ret);

/**
 * bench_main(argc, argv, usage, run):
 * What every program here does first: goes into the directory that is its first argument, where
 * everything has its place and a short name. Then ${run} with the other arguments; -EINVAL means
 * that they are not right. Returns the exit status.
 */
int bench_main(int argc, char *argv[], const char *usage, int (*run)(int argc, char *argv[]));

/**
 * bench_number(text, max, ret): an argument from 1 to ${max}. 0, or -EINVAL.
 */
int bench_number(const char *text, uint64_t max, uint64_t *ret) _must_check_;

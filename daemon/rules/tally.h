/* SPDX-License-Identifier: BSD-2-Clause */
/* How many verifications there were since the start, how they came out, and how long they took.
 * In memory only. Pure: it is told the times. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "verdict.h"

/* with a bound; one more bucket is for all that takes longer */
#define TALLY_BUCKETS 10

enum tally_verdict {
        TALLY_ACCEPTED = 0,
        TALLY_REFUSED,
        TALLY_UNDECIDED, /* the daemon could not say */
        _TALLY_VERDICT_MAX,
};

/* Zeroes at first. A verification is counted once in counts and once in buckets. */
struct tally {
        /* logins, confirmations of logins; by reason */
        uint64_t counts[2][_REASON_MAX];
        /* each counts what no smaller one does */
        uint64_t buckets[TALLY_BUCKETS + 1];
        uint64_t sum_ns;
};

/**
 * tally_count(t, confirming, reason): counts a verification that came out so. A reason outside the
 * enum counts as REASON_STORE.
 */
void tally_count(struct tally *t, bool confirming, enum reason reason);

/**
 * tally_time(t, began_ns, ended_ns): adds how long a verification took, by one clock. If the clock
 * went back, it took no time.
 */
void tally_time(struct tally *t, uint64_t began_ns, uint64_t ended_ns);

/**
 * tally_bound_ns(i): the longest time that belongs to bucket ${i}. Bounds ascend; the last one is
 * UINT64_MAX.
 */
uint64_t tally_bound_ns(size_t i);

/**
 * tally_verdict(reason), tally_verdict_name(verdict): the verdict of ${reason}, and its name.
 * Static storage; never NULL.
 */
enum tally_verdict tally_verdict(enum reason reason);
const char *tally_verdict_name(enum tally_verdict verdict);

/**
 * tally_sum(t, verdict): how many came out so, logins and confirmations.
 */
uint64_t tally_sum(const struct tally *t, enum tally_verdict verdict);

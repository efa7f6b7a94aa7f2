/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the clocks, so that a unit test can put its own in their place. No other file of the daemon
 * reads the wall clock. */
#include <stdatomic.h>
#include <time.h>

#include "base/clock.h"

#define STEP_MAX_S 60
#define UNTRUSTED  INT64_MIN

/* When the host was booted by the wall clock, when that was trusted; or UNTRUSTED. It stays the
 * same until the clock is set. */
static _Atomic int64_t trusted_boot = UNTRUSTED;

int64_t clock_now(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_REALTIME, &ts); /* does not fail for this clock */
        return ts.tv_sec;
}

static int64_t boot(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_BOOTTIME, &ts); /* does not fail for this clock */
        return clock_now() - ts.tv_sec;
}

void clock_trust(bool trusted) {
        atomic_store(&trusted_boot, trusted ? boot() : UNTRUSTED);
}

bool clock_is_trusted(void) {
        int64_t then = atomic_load(&trusted_boot), at = boot();

        return then != UNTRUSTED && at - then <= STEP_MAX_S && then - at <= STEP_MAX_S;
}

uint64_t clock_ticks(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts); /* does not fail for this clock */
        return (uint64_t) ts.tv_sec * 1000000000 + (uint64_t) ts.tv_nsec;
}

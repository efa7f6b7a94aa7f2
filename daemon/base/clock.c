/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the clocks, so that a unit test can put its own in their place. No other file of the daemon
 * reads the wall clock. */
#include <stdatomic.h>
#include <time.h>

#include "base/clock.h"

#define STEP_MAX_S   60
#define BEHIND_MAX_S INT64_C(86400)
/* A host that was switched off for longer needs one command of an administrator. */
#define AHEAD_MAX_S (30 * INT64_C(86400))
#define NONE        INT64_MIN

/* When the host was booted by the wall clock, when that was trusted; or NONE. It stays the same
 * until the clock is set. */
static _Atomic int64_t trusted_boot = NONE;
/* The same by the last time that is remembered; or NONE. No verdict goes by an earlier time. */
static _Atomic int64_t floor_boot = NONE;
/* The same by the latest time that is known of, trusted or not; or NONE. */
static _Atomic int64_t known_boot = NONE;

static int64_t seconds(clockid_t id) {
        struct timespec ts;

        (void) clock_gettime(id, &ts); /* does not fail for these clocks */
        return ts.tv_sec;
}

/* When the host was booted by the wall clock as it is, right or wrong. */
static int64_t boot(void) {
        return seconds(CLOCK_REALTIME) - seconds(CLOCK_BOOTTIME);
}

int64_t clock_behind(void) {
        int64_t floor = atomic_load(&floor_boot), by;

        if (floor == NONE)
                return 0;
        by = floor - boot();
        return by > STEP_MAX_S ? by : 0;
}

int64_t clock_ahead(void) {
        int64_t known = atomic_load(&known_boot), by;

        if (known == NONE)
                return 0;
        by = boot() - known;
        return by > AHEAD_MAX_S ? by : 0;
}

int64_t clock_now(void) {
        int64_t now = seconds(CLOCK_REALTIME), floor = atomic_load(&floor_boot);

        if (floor == NONE)
                return now;
        floor += seconds(CLOCK_BOOTTIME);
        return floor - now > STEP_MAX_S ? floor : now;
}

void clock_remember(int64_t at) {
        int64_t then = at > 0 ? at - seconds(CLOCK_BOOTTIME) : NONE;

        atomic_store(&floor_boot, then);
        atomic_store(&known_boot, then);
}

void clock_know(int64_t at) {
        if (at > 0 && atomic_load(&floor_boot) == NONE)
                atomic_store(&known_boot, at - seconds(CLOCK_BOOTTIME));
}

void clock_trust(bool trusted) {
        int64_t behind = clock_behind();

        if (trusted && (behind > BEHIND_MAX_S || clock_ahead() > 0))
                return;
        if (trusted && behind > 0)
                atomic_store(&floor_boot, boot());
        atomic_store(&trusted_boot, trusted ? boot() : NONE);
}

bool clock_is_trusted(void) {
        int64_t then = atomic_load(&trusted_boot), at = boot();

        return then != NONE && at - then <= STEP_MAX_S && then - at <= STEP_MAX_S &&
               clock_behind() == 0;
}

int64_t clock_boot_ms(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_BOOTTIME, &ts); /* does not fail for this clock */
        return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

uint64_t clock_ticks(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts); /* does not fail for this clock */
        return (uint64_t) ts.tv_sec * 1000000000 + (uint64_t) ts.tv_nsec;
}

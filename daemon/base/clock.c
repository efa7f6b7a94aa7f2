/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the clocks, so that a unit test can put its own in their place. No other file of the daemon
 * reads the wall clock. */
#include <time.h>

#include "base/clock.h"

int64_t clock_now(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_REALTIME, &ts); /* does not fail for this clock */
        return ts.tv_sec;
}

uint64_t clock_ticks(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts); /* does not fail for this clock */
        return (uint64_t) ts.tv_sec * 1000000000 + (uint64_t) ts.tv_nsec;
}

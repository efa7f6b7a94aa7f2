/* SPDX-License-Identifier: BSD-2-Clause */
#include <time.h>

#include "base/clock.h"

int64_t clock_now(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_REALTIME, &ts); /* cannot fail for this clock */
        return ts.tv_sec;
}

uint64_t clock_ticks(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts); /* cannot fail for this clock */
        return (uint64_t) ts.tv_sec * 1000000000 + (uint64_t) ts.tv_nsec;
}

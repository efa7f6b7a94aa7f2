/* SPDX-License-Identifier: BSD-2-Clause */
/* Pauses that grow. Pure, except for chance. */
#include <sys/random.h>
#include <time.h>

#include "pause.h"

#define FIRST_USEC UINT64_C(200000)
#define LAST_USEC  UINT64_C(60000000)

uint64_t pause_jitter(uint64_t usec) {
        struct timespec ts = {};
        uint64_t chance = 0;

        /* Soon after a boot there may be none. The same boot of two hosts differs in nanoseconds.
         */
        if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) != (ssize_t) sizeof(chance)) {
                (void) clock_gettime(CLOCK_MONOTONIC, &ts);
                chance = (uint64_t) ts.tv_nsec * UINT64_C(0x9e3779b97f4a7c15) >> 20;
        }
        return usec / 2 + chance % (usec + 1);
}

uint64_t pause_next(struct pause *p) {
        uint64_t usec = FIRST_USEC << p->tries;

        if (usec >= LAST_USEC)
                return pause_jitter(LAST_USEC);
        p->tries++;
        return pause_jitter(usec);
}

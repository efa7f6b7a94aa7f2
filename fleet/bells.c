/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts bells. Knows no connection. */
#include "bells.h"
#include "pause.h"

#define SECOND_USEC UINT64_C(1000000)
#define MINUTE_USEC (60 * SECOND_USEC)
#define REST_USEC   (10 * SECOND_USEC)
/* the last rest is 64 times as long as the first */
#define RESTS_MAX 6

/* After a time without a flood that is as long as the longest rest, the next one is short. */
static bool rest(struct bells *b, uint64_t now) {
        if (now - b->until > REST_USEC << RESTS_MAX)
                b->rests = 0;
        b->until = now + pause_jitter(REST_USEC << b->rests);
        b->heard = b->wasted = 0;
        if (b->rests < RESTS_MAX)
                b->rests++;
        return true;
}

/* Whether one more within ${usec} is too many. */
static bool count(uint64_t *began, unsigned *n, uint64_t now, uint64_t usec, unsigned max) {
        if (now - *began >= usec) {
                *began = now;
                *n = 0;
        }
        return ++*n > max;
}

bool bells_hear(struct bells *b, uint64_t now) {
        return count(&b->second, &b->heard, now, SECOND_USEC, BELLS_HEARD_MAX) && rest(b, now);
}

bool bells_waste(struct bells *b, uint64_t now) {
        return count(&b->minute, &b->wasted, now, MINUTE_USEC, BELLS_WASTED_MAX) && rest(b, now);
}

bool bells_are_off(const struct bells *b, uint64_t now) {
        return now < b->until;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* How long to wait before another try: 0.2 s, growing to 60 s, each time by chance up to a half
 * more or less. So hosts that lost the same server do not come back at the same moment. */
#pragma once

#include <stdint.h>

struct pause {
        unsigned tries;
};

/**
 * pause_next(p): the next pause, in microseconds. A zeroed ${p} begins anew.
 */
uint64_t pause_next(struct pause *p);

/**
 * pause_jitter(usec): ${usec}, by chance up to a half more or less.
 */
uint64_t pause_jitter(uint64_t usec);

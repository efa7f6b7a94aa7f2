/* SPDX-License-Identifier: BSD-2-Clause */
/* When to sweep: when something is due, when the store has changed, and when the clock was set. */
#pragma once

#include <systemd/sd-event.h>

#include "keys/uses.h"
#include "store/worker.h"

/* Nothing is purged before the clock has run for this long without being set. A clock that is wrong
 * at a start is mostly set right soon, and a key that was purged in the year 2100 does not come
 * back. */
#define SWEEP_TIMER_TRUST_USEC UINT64_C(3600000000)

struct sweep_timer;

/* What sweeps have done since the start. */
struct sweep_timer_sum {
        uint64_t runs, failed;           /* of the runs; they are tried again */
        uint64_t expired, ended, purged; /* keys: as in struct sweep */
};

/**
 * sweep_timer_new(ret, event, worker, shared):
 * Sweeps once, and from then on when it is due. All three must outlive it. 0, or a negative errno.
 */
int sweep_timer_new(struct sweep_timer **ret, sd_event *event, struct worker *worker,
                    struct store_shared *shared) _must_check_;

/**
 * sweep_timer_set_uses(s, uses): where keys are used. Before this no key is noted to be idle.
 * ${uses} must outlive it.
 */
void sweep_timer_set_uses(struct sweep_timer *s, const struct uses *uses);

/**
 * sweep_timer_poke(s): something may have been committed, so something else may be due next. Cheap
 * when nothing was. NULL-safe.
 */
void sweep_timer_poke(struct sweep_timer *s);

/**
 * sweep_timer_sum(s): on the loop.
 */
struct sweep_timer_sum sweep_timer_sum(const struct sweep_timer *s);

/**
 * sweep_timer_stop(s): begins no further sweep. Call it before the worker is freed. NULL-safe.
 */
void sweep_timer_stop(struct sweep_timer *s);

/**
 * sweep_timer_free(s): call it after the worker, and with it its jobs, has been freed. NULL-safe.
 */
struct sweep_timer *sweep_timer_free(struct sweep_timer *s);

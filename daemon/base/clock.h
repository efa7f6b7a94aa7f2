/* SPDX-License-Identifier: BSD-2-Clause */
/* The one place that reads the wall clock, and the clock that times are taken with. */
#pragma once

#include <stdint.h>

/** clock_now(): UNIX seconds, UTC. */
int64_t clock_now(void);

/** clock_ticks(): nanoseconds on CLOCK_MONOTONIC, for how long something takes; some ten
 * nanoseconds, no system call. */
uint64_t clock_ticks(void);

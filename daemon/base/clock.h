/* SPDX-License-Identifier: BSD-2-Clause */
/* The one place that reads the wall clock, and the clock that measures durations. */
#pragma once

#include <stdint.h>

/** clock_now(): UNIX seconds, UTC. */
int64_t clock_now(void);

/**
 * clock_ticks(): nanoseconds on CLOCK_MONOTONIC, to measure how long something takes. It takes
 * about ten nanoseconds and no system call.
 */
uint64_t clock_ticks(void);

/* SPDX-License-Identifier: BSD-2-Clause */
/* The one place that reads the wall clock, and the clock that measures durations. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** clock_now(): UNIX seconds, UTC. */
int64_t clock_now(void);

/**
 * clock_trust(trusted), clock_is_trusted():
 * Whether the wall clock may decide what cannot be undone. At a start it may not. The first one is
 * for the loop; any thread may ask. A clock that was set by more than a minute since it was trusted
 * is no longer trusted, also before the loop has noticed.
 */
void clock_trust(bool trusted);
bool clock_is_trusted(void);

/**
 * clock_ticks(): nanoseconds on CLOCK_MONOTONIC, to measure how long something takes. It takes
 * about ten nanoseconds and no system call.
 */
uint64_t clock_ticks(void);

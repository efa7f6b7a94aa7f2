/* SPDX-License-Identifier: BSD-2-Clause */
/* The one place that reads the wall clock, and the clock that measures durations. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/**
 * clock_now(): UNIX seconds, UTC. By the wall clock; or, while that is more than a minute behind
 * the time that was remembered, by the remembered time and the time that has passed since. So a
 * host that boots in 1970 does not accept what it has seen expire. It takes two clocks of the vDSO.
 */
int64_t clock_now(void);

/**
 * clock_behind(): by how many seconds the wall clock is behind the remembered time, which is then
 * in use; 0: it is not in use.
 */
int64_t clock_behind(void);

/**
 * clock_ahead(): by how many seconds the wall clock is ahead of the remembered time and the time
 * that has passed since, when that is more than 30 days; otherwise 0. The wall clock then counts
 * for what is refused, and is not trusted.
 */
int64_t clock_ahead(void);

/**
 * clock_remember(at), clock_know(at):
 * It is ${at} now, by a clock that may decide it, or it was ${at} when the last daemon remembered
 * it. 0: no time is remembered. Any thread. Only times come here that are trusted or at most a day
 * ahead, because a larger error that was remembered would refuse keys until an administrator says
 * otherwise. Where nothing is remembered,
 * clock_know() says that it was ${at} by some clock. That bounds clock_ahead(), and nothing else.
 */
void clock_remember(int64_t at);
void clock_know(int64_t at);

/**
 * clock_trust(trusted), clock_is_trusted():
 * Whether the wall clock may decide what cannot be undone. At a start it may not. Any thread. A
 * clock that was set by more than a minute since it was trusted is no longer trusted, also before
 * the loop has noticed.
 *
 * A clock that is behind is not trusted. clock_trust(true) forgets the remembered time when the
 * clock is at most a day behind it: that is an error of hours, such as a hardware clock in local
 * time. When it is further behind, or too far ahead (clock_ahead()), nothing happens, however long
 * it runs. That the kernel calls the clock synchronised is no reason. A time server can be wrong
 * without an attacker: GPS receivers went back by 1024 weeks. And the sandbox (ProtectClock=) does
 * not let the daemon ask. So an administrator decides.
 */
void clock_trust(bool trusted);
bool clock_is_trusted(void);

/**
 * clock_boot_ms(): milliseconds since the boot, in suspend too. Nobody sets this clock.
 */
int64_t clock_boot_ms(void);

/**
 * clock_ticks(): nanoseconds on CLOCK_MONOTONIC, to measure how long something takes. It takes
 * about ten nanoseconds and no system call.
 */
uint64_t clock_ticks(void);

/* SPDX-License-Identifier: BSD-2-Clause */
/* Points in time for people. JSON has its own form, UTC as in RFC 3339. */
#pragma once

#include <stdint.h>

#define WHEN_TEXT_LEN 64

/**
 * when_text(t, out): UNIX seconds as people read them: in the local zone on a terminal, as
 * journalctl(1) does, and else as parse_time_format(), for programs.
 */
void when_text(int64_t t, char out[static WHEN_TEXT_LEN]);

/**
 * when_short(t, now, out): ${t} in the local zone, in few columns: "Nov 28 20:00:05", or with the
 * year where the day alone does not say it. moment_read() reads both.
 */
void when_short(int64_t t, int64_t now, char out[static WHEN_TEXT_LEN]);

/**
 * when_clock(t, out): the time of day of ${t} in the local zone.
 */
void when_clock(int64_t t, char out[static WHEN_TEXT_LEN]);

/**
 * when_distance(t, now, out): how far ${t} is from ${now}, as in "in 12 d" and "3 min ago". The
 * number is rounded down, so nothing ends earlier than it says.
 */
void when_distance(int64_t t, int64_t now, char out[static WHEN_TEXT_LEN]);

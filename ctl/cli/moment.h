/* SPDX-License-Identifier: BSD-2-Clause */
/* Points in time as people write them on a command line, in the zone of their terminal. The daemon
 * takes fewer forms (parse.h), and all of them in UTC. */
#pragma once

#include <stdint.h>

#include "attr.h"

/* What a length of time means that says neither "ago" nor "in". */
enum moment_side {
        MOMENT_AGO,   /* so long ago */
        MOMENT_AHEAD, /* so long from now */
};

/**
 * moment_read(text, now, side, ret):
 * Reads UNIX seconds from the forms that journalctl(1) takes, and from what our tables show:
 *   now, today, yesterday, tomorrow; a day with a time of it, as in "yesterday 20:00";
 *   "2026-11-28", "2026-11-28 20:00", "Nov 28 20:00:05", "20:00" (today), each with seconds or
 *   without, and with a zone where it has a date: "Z", "+02:00", "UTC", or that of the terminal;
 *   "-2h", "+30d", "2 days ago", "in 12 d", "2h"; "@" and UNIX seconds.
 * A day is its first second. A month without a year is the last one on the side MOMENT_AGO, and
 * the next one otherwise. Source: systemd.time(7).
 * Returns 0; -EINVAL; -ERANGE for a time before 1970 or after the year 9999.
 */
int moment_read(const char *text, int64_t now, enum moment_side side, int64_t *ret) _must_check_;

/**
 * moment_read_distance(text, side, ret): of these forms only a length of time. ${ret} has seconds,
 * negative for the past. Returns 0; -EINVAL; -ERANGE.
 */
int moment_read_distance(const char *text, enum moment_side side, int64_t *ret) _must_check_;

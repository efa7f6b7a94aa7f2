/* SPDX-License-Identifier: BSD-2-Clause */
/* Strict parsers for what people type: numbers, durations, dates. Each takes the whole string or
 * refuses it. None accepts a sign, a blank, or a spelling that is not named here. Calendar time is
 * in UTC seconds. */
#pragma once

#include <stdint.h>

#include "attr.h"

/* "2027-01-31T12:00:00Z" and a final NUL */
#define PARSE_TIME_LEN     21
#define PARSE_DURATION_LEN 32

/* A year has 365 days and a month 30, so a lifetime is the same number of seconds for every key. */
#define PARSE_MINUTE_S INT64_C(60)
#define PARSE_HOUR_S   (60 * PARSE_MINUTE_S)
#define PARSE_DAY_S    (24 * PARSE_HOUR_S)
#define PARSE_WEEK_S   (7 * PARSE_DAY_S)
#define PARSE_MONTH_S  (30 * PARSE_DAY_S)
#define PARSE_YEAR_S   (365 * PARSE_DAY_S)

/**
 * parse_u64(text, min, max, ret):
 * Reads a decimal number without leading zeros.
 * Returns 0; -EINVAL when it is no such number; -ERANGE when it is outside ${min}..${max}.
 */
int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret) _must_check_;

/**
 * parse_duration(text, ret):
 * Reads a duration in seconds (at least 1, at most 100 years): "30m", "12h", "90d", "6months",
 * "1y", "1d12h", or ISO 8601 "P90D", "P1Y6M", "PT12H". Units: s m h d w, mo or month(s), y or
 * year(s), and the long forms sec(s) min(s) hour(s) day(s) week(s).
 * Returns 0; -EINVAL; -ERANGE.
 */
int parse_duration(const char *text, int64_t *ret) _must_check_;

/**
 * parse_timeout(text, ret_ms):
 * Reads milliseconds (10 to 60000) from "2", "2s" or "500ms". Returns 0; -EINVAL; -ERANGE.
 */
int parse_timeout(const char *text, int64_t *ret_ms) _must_check_;

/**
 * parse_time(text, ret):
 * Reads UNIX seconds from a time of RFC 3339 ("2027-01-31T12:00:00Z", "...+02:00", a blank for the
 * T), or from a date, which is its first second in UTC.
 * Returns 0; -EINVAL, also for a day that no calendar has.
 */
int parse_time(const char *text, int64_t *ret) _must_check_;

/**
 * parse_when(text, now, ret):
 * Reads a moment after ${now}: a duration from ${now}, or a time or date.
 * Returns 0; -EINVAL; -ERANGE when it is not after ${now}, or later than the year 9999.
 */
int parse_when(const char *text, int64_t now, int64_t *ret) _must_check_;

/**
 * parse_time_format(t, out), parse_duration_format(s, out):
 * Write the text that the parsers above read back as the same number. ${t} is a UNIX time in the
 * years 1970 to 9999; a time outside becomes the nearer end. A duration is written in the largest
 * unit that divides it.
 */
void parse_time_format(int64_t t, char out[static PARSE_TIME_LEN]);
void parse_duration_format(int64_t s, char out[static PARSE_DURATION_LEN]);

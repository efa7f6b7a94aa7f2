/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads points in time as people write them. Asks no clock: it is told the time. */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "attr.h"
#include "cli/moment.h"
#include "parse.h"

#define TEXT_MAX 63
#define TIME_MAX INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

/* --- Words --- */

static void skip_blanks(const char **p) {
        *p += strspn(*p, " ");
}

/* Takes ${word}, in any case, if a blank or the end follows it. */
static bool take_word(const char **p, const char *word) {
        size_t len = strlen(word);

        if (strncasecmp(*p, word, len) != 0 || ((*p)[len] != '\0' && (*p)[len] != ' '))
                return false;
        *p += len;
        skip_blanks(p);
        return true;
}

/* Takes 1 to ${most} digits. */
static bool take_digits(const char **p, size_t most, int *ret) {
        size_t n = strspn(*p, "0123456789");

        if (n == 0 || n > most)
                return false;
        *ret = 0;
        for (; n > 0; n--, (*p)++)
                *ret = *ret * 10 + (**p - '0');
        return true;
}

/* --- Lengths of time --- */

/* "2 days" and "1 h 30 min" are what parse_duration() reads without the blanks. */
static int read_length(const char *text, size_t len, int64_t *ret) {
        char packed[TEXT_MAX + 1];
        size_t n = 0;

        for (size_t i = 0; i < len; i++) {
                /* Two numbers would become one. */
                if (text[i] == ' ' && i + 1 < len && isdigit((unsigned char) text[i + 1]) &&
                    n > 0 && isdigit((unsigned char) packed[n - 1]))
                        return -EINVAL;
                if (text[i] != ' ')
                        packed[n++] = text[i];
        }
        packed[n] = '\0';
        return parse_duration(packed, ret);
}

int moment_read_distance(const char *text, enum moment_side side, int64_t *ret) {
        int64_t sign = side == MOMENT_AGO ? -1 : 1, seconds;
        size_t len = strlen(text);
        const char *end = text + len;
        int r;

        if (len > TEXT_MAX)
                return -EINVAL;
        if (*text == '-' || *text == '+') {
                sign = *text == '-' ? -1 : 1;
                text++;
        } else if (take_word(&text, "in"))
                sign = 1;
        else if (len > 4 && strcasecmp(text + len - 4, " ago") == 0) {
                sign = -1;
                end -= 4;
        }
        r = read_length(text, (size_t) (end - text), &seconds);
        if (r >= 0)
                *ret = sign * seconds;
        return r;
}

/* --- Days and times of the local zone --- */

/* What was written. A field that was not is -1. */
struct parts {
        int year, month, day; /* as people count them */
        int hour, minute, second;
};

static bool is_valid(int year, int month, int day) {
        char date[32];
        int64_t t;

        (void) snprintf(date, sizeof(date), "%04d-%02d-%02d", year, month, day);
        return parse_time(date, &t) >= 0;
}

static bool take_date(const char **p, struct parts *parts) {
        const char *at = *p;

        if (strspn(at, "0123456789") != 4 || !take_digits(&at, 4, &parts->year) || *at++ != '-' ||
            strspn(at, "0123456789") != 2 || !take_digits(&at, 2, &parts->month) || *at++ != '-' ||
            strspn(at, "0123456789") != 2 || !take_digits(&at, 2, &parts->day))
                return false;
        *p = at;
        return is_valid(parts->year, parts->month, parts->day);
}

/* "Nov 28": the year follows from ${side}. */
static bool take_month(const char **p, const struct tm *today, enum moment_side side,
                       struct parts *parts) {
        static const char names[] = "jan feb mar apr may jun jul aug sep oct nov dec";
        char name[4] = "";
        const char *at = *p, *found;
        int here = (today->tm_mon + 1) * 100 + today->tm_mday, there;

        for (size_t i = 0; i < 3 && isalpha((unsigned char) at[i]); i++)
                name[i] = (char) tolower((unsigned char) at[i]);
        found = strlen(name) == 3 && at[3] == ' ' ? strstr(names, name) : NULL;
        if (!found)
                return false;
        at += 3;
        skip_blanks(&at);
        parts->month = (int) (found - names) / 4 + 1;
        if (!take_digits(&at, 2, &parts->day))
                return false;
        there = parts->month * 100 + parts->day;
        parts->year = today->tm_year + 1900;
        parts->year += side == MOMENT_AGO ? -(there > here) : there < here;
        *p = at;
        return is_valid(parts->year, parts->month, parts->day);
}

/* "today" and its like: a day that has no date yet. mktime() takes a day of 0 or 32. */
static bool take_day(const char **p, const struct tm *today, struct parts *parts) {
        static const struct {
                const char *word;
                int days;
        } days[] = { { "today", 0 }, { "yesterday", -1 }, { "tomorrow", 1 } };

        for (size_t i = 0; i < ARRAY_LEN(days); i++)
                if (take_word(p, days[i].word)) {
                        parts->year = today->tm_year + 1900;
                        parts->month = today->tm_mon + 1;
                        parts->day = today->tm_mday + days[i].days;
                        return true;
                }
        return false;
}

static bool take_clock(const char **p, struct parts *parts) {
        const char *at = *p;

        parts->second = 0;
        if (!take_digits(&at, 2, &parts->hour) || *at++ != ':' || strspn(at, "0123456789") != 2 ||
            !take_digits(&at, 2, &parts->minute))
                return false;
        if (*at == ':') {
                at++;
                if (strspn(at, "0123456789") != 2 || !take_digits(&at, 2, &parts->second))
                        return false;
        }
        *p = at;
        return parts->hour < 24 && parts->minute < 60 && parts->second < 60;
}

/* Takes a zone that is not the local one: RFC 3339 has a form for it. */
static bool take_offset(const char **p, char out[static 7]) {
        const char *at = *p;

        skip_blanks(&at);
        if (strcasecmp(at, "utc") == 0 || strcasecmp(at, "z") == 0)
                memcpy(out, "Z", sizeof("Z"));
        else if ((*at == '+' || *at == '-') && strlen(at) == 6)
                memcpy(out, at, 7);
        else
                return false;
        *p = at + strlen(at);
        return true;
}

static int with_offset(const struct parts *parts, const char *offset, int64_t *ret) {
        char text[64];

        (void) snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d%s", parts->year,
                        parts->month, parts->day, parts->hour, parts->minute, parts->second,
                        offset);
        return parse_time(text, ret);
}

/* In the local zone. ${rest} is empty or names the zone that this time has. */
static int local(const struct parts *parts, const char *rest, int64_t *ret) {
        struct tm tm = { .tm_year = parts->year - 1900,
                         .tm_mon = parts->month - 1,
                         .tm_mday = parts->day,
                         .tm_hour = parts->hour,
                         .tm_min = parts->minute,
                         .tm_sec = parts->second,
                         .tm_isdst = -1 };
        time_t t = mktime(&tm);

        skip_blanks(&rest);
        if (*rest && strcmp(rest, tm.tm_zone) != 0) {
                /* In the hour that comes twice a year, the name says which of the two is meant. */
                tm.tm_isdst = !tm.tm_isdst;
                t = mktime(&tm);
                if (strcmp(rest, tm.tm_zone) != 0)
                        return -EINVAL;
        }
        if (t < 0 || t > TIME_MAX)
                return -ERANGE;
        *ret = t;
        return 0;
}

/* Takes what may stand between a date and a time. */
static bool take_gap(const char **p) {
        if (**p == 'T' || **p == 't') {
                (*p)++;
                return true;
        }
        if (**p != ' ')
                return false;
        skip_blanks(p);
        return true;
}

static int read_calendar(const char *text, int64_t now, enum moment_side side, int64_t *ret) {
        time_t seconds = now;
        struct parts parts = {};
        struct tm today;
        char offset[7];
        bool exact, has_day;

        if (!localtime_r(&seconds, &today))
                return -ERANGE;
        exact = take_date(&text, &parts) || take_month(&text, &today, side, &parts);
        has_day = exact || take_day(&text, &today, &parts);
        if (has_day && !*text)
                return local(&parts, "", ret);
        if (!has_day)
                parts = (struct parts){ .year = today.tm_year + 1900,
                                        .month = today.tm_mon + 1,
                                        .day = today.tm_mday };
        if ((exact && !take_gap(&text)) || !take_clock(&text, &parts))
                return -EINVAL;
        if (exact && take_offset(&text, offset))
                return with_offset(&parts, offset, ret);
        /* Which day "yesterday 20:00 UTC" means is not clear. */
        return exact || !*text ? local(&parts, text, ret) : -EINVAL;
}

int moment_read(const char *text, int64_t now, enum moment_side side, int64_t *ret) {
        int64_t distance;
        uint64_t unix_s;
        int r;

        if (strlen(text) > TEXT_MAX)
                return -EINVAL;
        if (*text == '@') {
                r = parse_u64(text + 1, 0, TIME_MAX, &unix_s);
                if (r >= 0)
                        *ret = (int64_t) unix_s;
                return r;
        }
        if (strcasecmp(text, "now") == 0) {
                *ret = now;
                return 0;
        }
        r = moment_read_distance(text, side, &distance);
        if (r == -EINVAL)
                return read_calendar(text, now, side, ret);
        if (r < 0)
                return r;
        if (now + distance < 0 || now + distance > TIME_MAX)
                return -ERANGE;
        *ret = now + distance;
        return 0;
}

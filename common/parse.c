/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers, durations and dates from text, and back. It must not know the time of day, a locale or a
 * time zone. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "parse.h"

#define DURATION_MAX_S (100 * PARSE_YEAR_S)
#define TIME_MAX       INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

/* Reads the digits at *p, at most 18, so that the multiplications below cannot overflow. */
static bool take_number(const char **p, uint64_t *ret) {
        uint64_t v = 0;
        unsigned n = 0;

        if (**p == '0' && is_digit((*p)[1]))
                return false;
        for (; is_digit(**p) && n < 18; (*p)++, n++)
                v = v * 10 + (uint64_t) (**p - '0');
        *ret = v;
        return n > 0 && !is_digit(**p);
}

int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret) {
        uint64_t v = 0;

        if (!is_digit(*text) || (text[0] == '0' && text[1] != '\0'))
                return -EINVAL;
        for (const char *p = text; *p; p++) {
                if (!is_digit(*p))
                        return -EINVAL;
                if (__builtin_mul_overflow(v, 10U, &v) ||
                    __builtin_add_overflow(v, (uint64_t) (*p - '0'), &v))
                        return -ERANGE;
        }
        if (v < min || v > max)
                return -ERANGE;
        *ret = v;
        return 0;
}

struct unit {
        const char *name;
        int64_t seconds;
};

static const struct unit units[] = {
        { "s", 1 },
        { "sec", 1 },
        { "secs", 1 },
        { "m", PARSE_MINUTE_S },
        { "min", PARSE_MINUTE_S },
        { "mins", PARSE_MINUTE_S },
        { "h", PARSE_HOUR_S },
        { "hour", PARSE_HOUR_S },
        { "hours", PARSE_HOUR_S },
        { "d", PARSE_DAY_S },
        { "day", PARSE_DAY_S },
        { "days", PARSE_DAY_S },
        { "w", PARSE_WEEK_S },
        { "week", PARSE_WEEK_S },
        { "weeks", PARSE_WEEK_S },
        { "mo", PARSE_MONTH_S },
        { "month", PARSE_MONTH_S },
        { "months", PARSE_MONTH_S },
        { "y", PARSE_YEAR_S },
        { "year", PARSE_YEAR_S },
        { "years", PARSE_YEAR_S },
        {},
};

/* In ISO 8601 an M before the T is a month, and an M after it a minute. */
static const struct unit iso_date_units[] = {
        { "D", PARSE_DAY_S },
        { "W", PARSE_WEEK_S },
        { "M", PARSE_MONTH_S },
        { "Y", PARSE_YEAR_S },
        {},
};
static const struct unit iso_time_units[] = {
        { "S", 1 },
        { "M", PARSE_MINUTE_S },
        { "H", PARSE_HOUR_S },
        {},
};

static int64_t unit_seconds(const struct unit *table, const char *name, size_t len) {
        for (const struct unit *u = table; u->name; u++)
                if (strlen(u->name) == len && strncmp(u->name, name, len) == 0)
                        return u->seconds;
        return 0;
}

/* Reads one number and its unit. Units must come in falling order, so none is given twice. */
static int take_part(const char **p, const struct unit *table, int64_t *last, int64_t *sum) {
        uint64_t n;
        size_t len = 0;
        int64_t unit;

        if (!take_number(p, &n))
                return -EINVAL;
        while (((*p)[len] >= 'a' && (*p)[len] <= 'z') ||
               (table != units && (*p)[len] >= 'A' && (*p)[len] <= 'Z')) {
                len++;
                if (table != units)
                        break;
        }
        unit = unit_seconds(table, *p, len);
        if (unit == 0 || (*last != 0 && unit >= *last))
                return -EINVAL;
        if (n > (uint64_t) (DURATION_MAX_S / unit))
                return -ERANGE;
        *p += len;
        *last = unit;
        *sum += (int64_t) n * unit;
        return 0;
}

int parse_duration(const char *text, int64_t *ret) {
        const struct unit *table = *text == 'P' ? iso_date_units : units;
        const char *p = *text == 'P' ? text + 1 : text;
        int64_t last = 0, sum = 0;
        int r;

        do {
                if (table == iso_date_units && *p == 'T') {
                        table = iso_time_units;
                        p++;
                }
                r = take_part(&p, table, &last, &sum);
                if (r < 0)
                        return r;
        } while (*p);

        if (sum < 1 || sum > DURATION_MAX_S)
                return -ERANGE;
        *ret = sum;
        return 0;
}

int parse_timeout(const char *text, int64_t *ret_ms) {
        const char *p = text;
        uint64_t n;

        if (!take_number(&p, &n))
                return -EINVAL;
        if (n > 60000)
                return -ERANGE;
        if (*p == '\0' || strcmp(p, "s") == 0)
                n *= 1000;
        else if (strcmp(p, "ms") != 0)
                return -EINVAL;
        if (n < 10 || n > 60000)
                return -ERANGE;
        *ret_ms = (int64_t) n;
        return 0;
}

/* Reads exactly ${width} digits: a number in ${min}..${max}. */
static bool take_field(const char **p, unsigned width, int min, int max, int *ret) {
        int v = 0;

        for (unsigned i = 0; i < width; i++, (*p)++) {
                if (!is_digit(**p))
                        return false;
                v = v * 10 + (**p - '0');
        }
        *ret = v;
        return v >= min && v <= max;
}

static bool take_char(const char **p, const char *any) {
        if (**p == '\0' || !strchr(any, **p))
                return false;
        (*p)++;
        return true;
}

static bool take_offset(const char **p, int64_t *ret_s) {
        int sign, hours, minutes;

        *ret_s = 0;
        if (take_char(p, "Zz"))
                return true;
        sign = **p == '-' ? -1 : 1;
        if (!take_char(p, "+-") || !take_field(p, 2, 0, 23, &hours) || !take_char(p, ":") ||
            !take_field(p, 2, 0, 59, &minutes))
                return false;
        *ret_s = sign * (hours * PARSE_HOUR_S + minutes * PARSE_MINUTE_S);
        return true;
}

int parse_time(const char *text, int64_t *ret) {
        struct tm tm = {}, back;
        const char *p = text;
        int64_t offset = 0;
        time_t t;

        if (!take_field(&p, 4, 1970, 9999, &tm.tm_year) || !take_char(&p, "-") ||
            !take_field(&p, 2, 1, 12, &tm.tm_mon) || !take_char(&p, "-") ||
            !take_field(&p, 2, 1, 31, &tm.tm_mday))
                return -EINVAL;
        if (*p &&
            (!take_char(&p, "Tt ") || !take_field(&p, 2, 0, 23, &tm.tm_hour) ||
             !take_char(&p, ":") || !take_field(&p, 2, 0, 59, &tm.tm_min) || !take_char(&p, ":") ||
             !take_field(&p, 2, 0, 59, &tm.tm_sec) || !take_offset(&p, &offset)))
                return -EINVAL;
        if (*p)
                return -EINVAL;

        tm.tm_year -= 1900;
        tm.tm_mon -= 1;
        back = tm;
        t = timegm(&back);
        /* timegm() turns 30 February into 2 March. */
        if (back.tm_mday != tm.tm_mday || back.tm_mon != tm.tm_mon)
                return -EINVAL;
        if (t - offset < 0 || t - offset > TIME_MAX)
                return -EINVAL;
        *ret = t - offset;
        return 0;
}

int parse_when(const char *text, int64_t now, int64_t *ret) {
        int64_t t;
        int r;

        r = parse_time(text, &t);
        if (r < 0) {
                r = parse_duration(text, &t);
                if (r < 0)
                        return r;
                t += now;
        }
        if (t <= now || t > TIME_MAX)
                return -ERANGE;
        *ret = t;
        return 0;
}

static void put_field(char *out, unsigned width, int v) {
        for (; width-- > 0; v /= 10)
                out[width] = (char) ('0' + v % 10);
}

/* A long list has millions of them: strftime() takes several times as long. */
void parse_time_format(int64_t t, char out[static PARSE_TIME_LEN]) {
        time_t v = t < 0 ? 0 : t > TIME_MAX ? TIME_MAX : t;
        struct tm tm = {};

        (void) gmtime_r(&v, &tm);
        memcpy(out, "0000-00-00T00:00:00Z", PARSE_TIME_LEN);
        put_field(out, 4, tm.tm_year + 1900);
        put_field(out + 5, 2, tm.tm_mon + 1);
        put_field(out + 8, 2, tm.tm_mday);
        put_field(out + 11, 2, tm.tm_hour);
        put_field(out + 14, 2, tm.tm_min);
        put_field(out + 17, 2, tm.tm_sec);
}

void parse_duration_format(int64_t s, char out[static PARSE_DURATION_LEN]) {
        static const struct unit largest_first[] = {
                { "y", PARSE_YEAR_S }, { "mo", PARSE_MONTH_S }, { "d", PARSE_DAY_S },
                { "h", PARSE_HOUR_S }, { "m", PARSE_MINUTE_S }, { "s", 1 },
        };

        char digits[20];
        size_t i = 0, n = 0, at = 0;
        uint64_t v;

        while (s % largest_first[i].seconds != 0)
                i++;
        v = s < 0 ? 0 : (uint64_t) (s / largest_first[i].seconds);
        do
                digits[n++] = (char) ('0' + v % 10);
        while ((v /= 10) > 0);
        while (n > 0)
                out[at++] = digits[--n];
        memcpy(out + at, largest_first[i].name, strlen(largest_first[i].name) + 1);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes times for people. Asks no clock. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "draw/screen.h"
#include "draw/when.h"
#include "parse.h"
#include "text.h"

void when_text(int64_t t, char out[static WHEN_TEXT_LEN]) {
        time_t seconds = t;
        struct tm tm;

        if (!screen_is_terminal() || !localtime_r(&seconds, &tm) ||
            strftime(out, WHEN_TEXT_LEN, "%Y-%m-%d %H:%M:%S %Z", &tm) == 0)
                parse_time_format(t, out);
}

void when_short(int64_t t, int64_t now, char out[static WHEN_TEXT_LEN]) {
        bool near = t > now - 300 * PARSE_DAY_S && t < now + 30 * PARSE_DAY_S;
        time_t seconds = t;
        struct tm tm;

        if (!localtime_r(&seconds, &tm) ||
            strftime(out, WHEN_TEXT_LEN, near ? "%b %d %H:%M:%S" : "%Y-%m-%d %H:%M", &tm) == 0)
                parse_time_format(t, out);
}

void when_clock(int64_t t, char out[static WHEN_TEXT_LEN]) {
        time_t seconds = t;
        struct tm tm;

        if (!localtime_r(&seconds, &tm) || strftime(out, WHEN_TEXT_LEN, "%H:%M:%S", &tm) == 0)
                parse_time_format(t, out);
}

void when_distance(int64_t t, int64_t now, char out[static WHEN_TEXT_LEN]) {
        /* each unit up to two of the next one, because "1 d" for 47 hours says too little */
        static const struct {
                int64_t seconds, below;
                const char *name;
        } units[] = {
                { 1, 2 * PARSE_MINUTE_S, "s" },
                { PARSE_MINUTE_S, 2 * PARSE_HOUR_S, "min" },
                { PARSE_HOUR_S, 2 * PARSE_DAY_S, "h" },
                { PARSE_DAY_S, 3 * PARSE_MONTH_S, "d" },
                { PARSE_MONTH_S, 2 * PARSE_YEAR_S, "mo" },
                { PARSE_YEAR_S, INT64_MAX, "y" },
        };
        int64_t distance = t > now ? t - now : now - t;
        size_t i = 0;

        while (i < ARRAY_LEN(units) - 1 && distance >= units[i].below)
                i++;
        if (distance == 0)
                (void) snprintf(out, WHEN_TEXT_LEN, "now");
        else
                (void) snprintf(out, WHEN_TEXT_LEN,
                                t > now ? "in %" PRId64 " %s" : "%" PRId64 " %s ago",
                                distance / units[i].seconds, units[i].name);
}

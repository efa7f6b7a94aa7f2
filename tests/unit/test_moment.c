/* SPDX-License-Identifier: BSD-2-Clause */
/* What people type: times as journalctl takes them, in the zone of their terminal. */
#include "unit.h"

#include "cli/moment.h"

/* 2026-11-29 11:00 UTC, which is noon in Berlin */
#define NOW INT64_C(1795950000)
#define DAY INT64_C(86400)

static const char berlin[] = "CET-1CEST,M3.5.0,M10.5.0/3";

struct row {
        const char *text;
        enum moment_side side;
        int64_t t;
};

/* The numbers come from date(1). */
static const struct row in_berlin[] = {
        { "now", MOMENT_AGO, NOW },
        { "today", MOMENT_AGO, 1795906800 },
        { "yesterday", MOMENT_AGO, 1795820400 },
        { "YESTERDAY", MOMENT_AGO, 1795820400 },
        { "tomorrow", MOMENT_AHEAD, 1795993200 },
        { "tomorrow", MOMENT_AGO, 1795993200 },
        { "yesterday 20:00", MOMENT_AGO, 1795892400 },
        { "today 9:05:07", MOMENT_AGO, 1795906800 + 9 * 3600 + 5 * 60 + 7 },
        { "20:00", MOMENT_AGO, 1795978800 },
        { "00:00:01", MOMENT_AGO, 1795906801 },
        { "2026-11-28", MOMENT_AGO, 1795820400 },
        { "2026-11-28 20:00", MOMENT_AGO, 1795892400 },
        { "2026-11-28  20:00", MOMENT_AGO, 1795892400 },
        { "2026-11-28T20:00:05", MOMENT_AGO, 1795892405 },
        { "2026-11-28 20:00 CET", MOMENT_AGO, 1795892400 },
        { "2026-11-28 20:00 UTC", MOMENT_AGO, 1795896000 },
        { "2026-11-28 20:00Z", MOMENT_AGO, 1795896000 },
        { "2026-11-28T20:00:00Z", MOMENT_AGO, 1795896000 },
        { "2026-11-28T20:00:00z", MOMENT_AGO, 1795896000 },
        { "2026-11-28 20:00:00+02:00", MOMENT_AGO, 1795888800 },
        { "2026-07-01", MOMENT_AGO, 1782856800 },
        { "2026-07-01 12:00:00 CEST", MOMENT_AGO, 1782900000 },
        /* the hour that comes twice */
        { "2026-10-25 02:30 CEST", MOMENT_AGO, 1792888200 },
        { "2026-10-25 02:30 CET", MOMENT_AGO, 1792891800 },
        /* A month without a year is on the side where the option looks. */
        { "Nov 28 20:00:00", MOMENT_AGO, 1795892400 },
        { "nov 29", MOMENT_AGO, 1795906800 },
        { "Nov 29", MOMENT_AHEAD, 1795906800 },
        { "Dec  1", MOMENT_AGO, 1764543600 },
        { "Dec 1", MOMENT_AHEAD, 1796079600 },
        { "Jan 1 08:00", MOMENT_AHEAD, 1798786800 },
        { "@1795892400", MOMENT_AGO, 1795892400 },
        { "@0", MOMENT_AGO, 0 },
        /* lengths of time */
        { "2h", MOMENT_AGO, NOW - 7200 },
        { "2h", MOMENT_AHEAD, NOW + 7200 },
        { "-2h", MOMENT_AGO, NOW - 7200 },
        { "-2h", MOMENT_AHEAD, NOW - 7200 },
        { "+30d", MOMENT_AHEAD, NOW + 30 * DAY },
        { "+30d", MOMENT_AGO, NOW + 30 * DAY },
        { "2 days ago", MOMENT_AGO, NOW - 2 * DAY },
        { "2 days ago", MOMENT_AHEAD, NOW - 2 * DAY },
        { "3 min ago", MOMENT_AGO, NOW - 180 },
        { "in 12 d", MOMENT_AHEAD, NOW + 12 * DAY },
        { "in 12 d", MOMENT_AGO, NOW + 12 * DAY },
        { "1h 30min", MOMENT_AGO, NOW - 5400 },
        { "1 h 30 min ago", MOMENT_AGO, NOW - 5400 },
        { "-1h30min", MOMENT_AGO, NOW - 5400 },
        { "P90D", MOMENT_AHEAD, NOW + 90 * DAY },
};

static const char *const no_moments[] = {
        "",
        " ",
        "soon",
        "nowish",
        "now ",
        "today x",
        "today20:00",
        "today 20",
        "today 24:00",
        "yesterday 20:00 UTC",
        "yesterday 20:00 CET",
        "20",
        "20:0",
        "20:00:0",
        "20:60",
        "20:00 CET",
        "2026-11",
        "2026-11-31",
        "2026-02-29",
        "2026-13-01",
        "2026-1-01",
        "26-11-28",
        "2026/11/28",
        "20261128",
        "2026-11-28 ",
        "2026-11-28T",
        "2026-11-28 20",
        "2026-11-28 25:00",
        "2026-11-28 20:00 PST",
        "2026-11-28 20:00 CEST",
        "2026-11-28 20:00 +0200",
        "2026-11-28 20:00+2:00",
        "2026-11-28Z",
        "2026-11-28 20:00:00.5",
        "Nov",
        "Nov 31",
        "Feb 29",
        "Now 28",
        "ov 28",
        "November 28",
        "@",
        "@-1",
        "@1x",
        "-",
        "+",
        "--2h",
        "-yesterday",
        "ago",
        " ago",
        "2 ago",
        "days ago",
        "1 1 d",
        "-2h ago ago",
        "in",
        "in in 2d",
        "2h\n",
        "a text that is far longer than any time that a person would ever write down here",
};

static void put_zone(const char *zone) {
        assert_int_equal(zone ? setenv("TZ", zone, 1) : unsetenv("TZ"), 0);
        tzset();
}

static void check(const struct row *rows, size_t n) {
        for (size_t i = 0; i < n; i++) {
                int64_t t = 0;

                unit_int(rows[i].text, moment_read(rows[i].text, NOW, rows[i].side, &t), 0);
                unit_int(rows[i].text, t, rows[i].t);
        }
}

static void test_moments_are_read_in_the_zone_of_the_terminal(void **state) {
        (void) state;
        put_zone(berlin);
        check(in_berlin, ARRAY_LEN(in_berlin));
        put_zone(NULL);
}

static void test_another_zone_has_another_day(void **state) {
        static const struct row rows[] = {
                { "today", MOMENT_AGO, 1795932000 },
                { "2026-11-28", MOMENT_AGO, 1795845600 },
                { "2026-11-28 20:00 CST", MOMENT_AGO, 1795917600 },
                { "2026-11-28 20:00 UTC", MOMENT_AGO, 1795896000 },
                { "-2h", MOMENT_AGO, NOW - 7200 },
        };

        (void) state;
        put_zone("CST6");
        check(rows, ARRAY_LEN(rows));
        put_zone(NULL);
}

static void test_what_is_no_moment_is_refused(void **state) {
        (void) state;
        put_zone(berlin);
        for (size_t i = 0; i < ARRAY_LEN(no_moments); i++)
                for (enum moment_side side = MOMENT_AGO; side <= MOMENT_AHEAD; side++) {
                        int64_t t;

                        unit_poison(&t, sizeof(t));
                        unit_int(no_moments[i], moment_read(no_moments[i], NOW, side, &t), -EINVAL);
                        unit_poisoned(no_moments[i], &t, sizeof(t));
                }
        put_zone(NULL);
}

static void test_what_lies_too_far_away_is_refused(void **state) {
        static const char *const rows[] = { "-99y", "101y", "+101 years", "@253402300800",
                                            "1970-01-01 00:30" };

        (void) state;
        put_zone(berlin);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                int64_t t;

                unit_poison(&t, sizeof(t));
                unit_int(rows[i], moment_read(rows[i], NOW, MOMENT_AHEAD, &t), -ERANGE);
                unit_poisoned(rows[i], &t, sizeof(t));
        }
        put_zone(NULL);
}

static void test_only_a_length_of_time_is_a_distance(void **state) {
        static const char *const rows[] = { "now", "today", "2026-11-28", "20:00", "@5", "x" };
        int64_t s = 0;

        (void) state;
        assert_int_equal(moment_read_distance("+30 days", MOMENT_AHEAD, &s), 0);
        assert_int_equal(s, 30 * DAY);
        assert_int_equal(moment_read_distance("30d", MOMENT_AGO, &s), 0);
        assert_int_equal(s, -30 * DAY);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                unit_int(rows[i], moment_read_distance(rows[i], MOMENT_AHEAD, &s), -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_moments_are_read_in_the_zone_of_the_terminal),
                cmocka_unit_test(test_another_zone_has_another_day),
                cmocka_unit_test(test_what_is_no_moment_is_refused),
                cmocka_unit_test(test_what_lies_too_far_away_is_refused),
                cmocka_unit_test(test_only_a_length_of_time_is_a_distance),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

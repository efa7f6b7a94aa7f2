/* SPDX-License-Identifier: BSD-2-Clause */
/* What people type: numbers and durations. The whole text or nothing, and one meaning. Times are in
 * test_parse_time.c. */
#include "unit_parse.h"

#define MIN   PARSE_MINUTE_S
#define HOUR  PARSE_HOUR_S
#define DAY   PARSE_DAY_S
#define WEEK  PARSE_WEEK_S
#define MONTH PARSE_MONTH_S
#define YEAR  PARSE_YEAR_S

static void test_numbers(void **state) {
        static const struct {
                const char *text;
                uint64_t min, max;
                int r;
                uint64_t value;
        } rows[] = {
                { "0", 0, 10, 0, 0 },
                { "10", 0, 10, 0, 10 },
                { "18446744073709551615", 0, UINT64_MAX, 0, UINT64_MAX },
                { "7", 7, 7, 0, 7 },
                { "11", 0, 10, -ERANGE, 0 },
                { "6", 7, 10, -ERANGE, 0 },
                { "18446744073709551616", 0, UINT64_MAX, -ERANGE, 0 },
                { "184467440737095516150", 0, UINT64_MAX, -ERANGE, 0 },
                { "99999999999999999999999999999999", 0, UINT64_MAX, -ERANGE, 0 },
                { "", 0, 10, -EINVAL, 0 },
                { "00", 0, 10, -EINVAL, 0 },
                { "01", 0, 10, -EINVAL, 0 },
                { "+1", 0, 10, -EINVAL, 0 },
                { "-1", 0, 10, -EINVAL, 0 },
                { "-0", 0, 10, -EINVAL, 0 },
                { " 1", 0, 10, -EINVAL, 0 },
                { "1 ", 0, 10, -EINVAL, 0 },
                { "1\n", 0, 10, -EINVAL, 0 },
                { "0x1", 0, 10, -EINVAL, 0 },
                { "1e1", 0, 10, -EINVAL, 0 },
                { "1.0", 0, 10, -EINVAL, 0 },
                { "1_0", 0, 10, -EINVAL, 0 },
                { "\xd9\xa1", 0, 10, -EINVAL, 0 },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                uint64_t value;

                unit_poison(&value, sizeof(value));
                unit_int(rows[i].text, parse_u64(rows[i].text, rows[i].min, rows[i].max, &value),
                         rows[i].r);
                if (rows[i].r < 0)
                        unit_poisoned(rows[i].text, &value, sizeof(value));
                else
                        unit_int(rows[i].text, value, rows[i].value);
        }
}

static const struct {
        const char *text;
        int64_t seconds;
} durations[] = {
        { "1s", 1 },
        { "90s", 90 },
        { "1sec", 1 },
        { "2secs", 2 },
        { "1m", MIN },
        { "30m", 30 * MIN },
        { "1min", MIN },
        { "2mins", 2 * MIN },
        { "12h", 12 * HOUR },
        { "1hour", HOUR },
        { "2hours", 2 * HOUR },
        { "1d", DAY },
        { "90d", 90 * DAY },
        { "1day", DAY },
        { "2days", 2 * DAY },
        { "2w", 2 * WEEK },
        { "1week", WEEK },
        { "2weeks", 2 * WEEK },
        /* m is a minute, mo is a month */
        { "1mo", MONTH },
        { "1month", MONTH },
        { "6months", 6 * MONTH },
        { "1y", YEAR },
        { "1year", YEAR },
        { "2years", 2 * YEAR },
        { "100y", 100 * YEAR },
        { "3153600000s", 100 * YEAR },
        /* several, the largest first */
        { "1d12h", DAY + 12 * HOUR },
        { "1h30m", HOUR + 30 * MIN },
        { "1mo1m", MONTH + MIN },
        { "1y6mo2w3d4h5m6s", YEAR + 6 * MONTH + 2 * WEEK + 3 * DAY + 4 * HOUR + 5 * MIN + 6 },
        { "1year6months", YEAR + 6 * MONTH },
        { "99y365d", 100 * YEAR },
        { "0y1s", 1 },
        { "1d0h", DAY },
        /* ISO 8601 */
        { "P90D", 90 * DAY },
        { "P2W", 2 * WEEK },
        { "P1M", MONTH },
        { "PT1M", MIN },
        { "P1Y6M", YEAR + 6 * MONTH },
        { "PT12H", 12 * HOUR },
        { "PT1S", 1 },
        { "P1DT12H", DAY + 12 * HOUR },
        { "P1Y2M3W4DT5H6M7S", YEAR + 2 * MONTH + 3 * WEEK + 4 * DAY + 5 * HOUR + 6 * MIN + 7 },
        { "P1MT1M", MONTH + MIN },
        { "P100Y", 100 * YEAR },
};

static const struct {
        const char *text;
        int error;
} no_durations[] = {
        { "", -EINVAL },
        { "1", -EINVAL },
        { "d", -EINVAL },
        { "-1d", -EINVAL },
        { "+1d", -EINVAL },
        { " 1d", -EINVAL },
        { "1d ", -EINVAL },
        { "1 d", -EINVAL },
        { "1d 12h", -EINVAL },
        { "1d,12h", -EINVAL },
        { "1.5d", -EINVAL },
        { "1D", -EINVAL },
        { "1M", -EINVAL },
        { "1Mo", -EINVAL },
        { "1mon", -EINVAL },
        { "1mos", -EINVAL },
        { "1dd", -EINVAL },
        { "1d12", -EINVAL },
        { "1dh", -EINVAL },
        { "1ms", -EINVAL },
        { "1years6", -EINVAL },
        { "none", -EINVAL },
        { "forever", -EINVAL },
        { "0x1d", -EINVAL },
        { "1d\n", -EINVAL },
        /* not from large to small, or a unit twice */
        { "12h1d", -EINVAL },
        { "1m1mo", -EINVAL },
        { "1d1d", -EINVAL },
        { "1d1day", -EINVAL },
        { "1s1m", -EINVAL },
        { "1mo1y", -EINVAL },
        { "P1D1D", -EINVAL },
        { "P6M1Y", -EINVAL },
        { "PT1M1H", -EINVAL },
        { "PT1M1M", -EINVAL },
        /* not ISO 8601 */
        { "P", -EINVAL },
        { "PT", -EINVAL },
        { "P1", -EINVAL },
        { "P1DT", -EINVAL },
        { "PD", -EINVAL },
        { "P1d", -EINVAL },
        { "p1D", -EINVAL },
        { "P12H", -EINVAL },
        { "PT1D", -EINVAL },
        { "PTT1H", -EINVAL },
        { "PT1HT1M", -EINVAL },
        { "PT1HP1D", -EINVAL },
        { "P1Y 6M", -EINVAL },
        { "P1.5D", -EINVAL },
        { "P-1D", -EINVAL },
        { "-P1D", -EINVAL },
        { "1dP1D", -EINVAL },
        { "P1day", -EINVAL },
        { "P1DD", -EINVAL },
        /* nothing, or too much */
        { "0s", -ERANGE },
        { "0d", -ERANGE },
        { "P0D", -ERANGE },
        { "0y0s", -ERANGE },
        { "101y", -ERANGE },
        { "100y1s", -ERANGE },
        { "3153600001s", -ERANGE },
        { "P101Y", -ERANGE },
        { "99y13mo", -ERANGE },
        { "100y100mo100w100d100h100m100s", -ERANGE },
        { "999999999999999999s", -ERANGE },
        { "999999999999999999y", -ERANGE },
        { "9999999999999999999s", -EINVAL },
        { "18446744073709551617s", -EINVAL },
        { "99999999999999999999999999999999999999d", -EINVAL },
};

static void test_durations_are_read(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(durations); i++)
                unit_parse(parse_duration, durations[i].text, 0, durations[i].seconds);
}

static void test_what_is_no_duration_is_refused(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(no_durations); i++)
                unit_parse(parse_duration, no_durations[i].text, no_durations[i].error, 0);
}

/* One number has one spelling, as parse.h promises. */
static void test_no_number_has_leading_zeros(void **state) {
        static const char *const rows[] = { "01d", "007d", "00001s", "1d012h", "P01D", "PT05M" };
        int64_t value;

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                unit_int(rows[i], parse_duration(rows[i], &value), -EINVAL);
        assert_int_equal(parse_timeout("02", &value), -EINVAL);
        assert_int_equal(parse_timeout("0500ms", &value), -EINVAL);
}

static void test_timeouts(void **state) {
        static const struct {
                const char *text;
                int r;
                int64_t ms;
        } rows[] = {
                { "2", 0, 2000 },
                { "2s", 0, 2000 },
                { "500ms", 0, 500 },
                { "10ms", 0, 10 },
                { "60000ms", 0, 60000 },
                { "60", 0, 60000 },
                { "60s", 0, 60000 },
                { "0", -ERANGE, 0 },
                { "0s", -ERANGE, 0 },
                { "9ms", -ERANGE, 0 },
                { "0ms", -ERANGE, 0 },
                { "61", -ERANGE, 0 },
                { "60001ms", -ERANGE, 0 },
                { "60001s", -ERANGE, 0 },
                { "999999999999999999", -ERANGE, 0 },
                { "18446744073709551617", -EINVAL, 0 },
                { "", -EINVAL, 0 },
                { "s", -EINVAL, 0 },
                { "ms", -EINVAL, 0 },
                { "-1", -EINVAL, 0 },
                { "+1", -EINVAL, 0 },
                { " 1", -EINVAL, 0 },
                { "1 s", -EINVAL, 0 },
                { "1.5", -EINVAL, 0 },
                { "1m", -EINVAL, 0 },
                { "1sec", -EINVAL, 0 },
                { "1S", -EINVAL, 0 },
                { "1ss", -EINVAL, 0 },
                { "100msx", -EINVAL, 0 },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                unit_parse(parse_timeout, rows[i].text, rows[i].r, rows[i].ms);
}

static void test_durations_are_written_in_the_largest_unit(void **state) {
        static const struct {
                int64_t s;
                const char *text;
        } rows[] = {
                { 1, "1s" },
                { 59, "59s" },
                { 61, "61s" },
                { MIN, "1m" },
                { HOUR, "1h" },
                { 36 * HOUR, "36h" },
                { DAY, "1d" },
                { WEEK, "7d" },
                { MONTH, "1mo" },
                { 90 * DAY, "3mo" },
                { 6 * MONTH, "6mo" },
                { YEAR, "1y" },
                { 100 * YEAR, "100y" },
                { YEAR + 1, "31536001s" },
                { -1, "0s" },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                char out[PARSE_DURATION_LEN];

                unit_poison(out, sizeof(out));
                parse_duration_format(rows[i].s, out);
                unit_str(rows[i].text, out, rows[i].text);
        }
}

static void check_duration_round_trip(int64_t s) {
        char out[PARSE_DURATION_LEN];
        int64_t back;

        parse_duration_format(s, out);
        unit_int(out, parse_duration(out, &back), 0);
        unit_int(out, back, s);
}

static void test_durations_are_written_as_they_are_read(void **state) {
        (void) state;
        for (int64_t s = 1; s < 3 * HOUR; s++)
                check_duration_round_trip(s);
        for (int64_t s = DAY; s <= 100 * YEAR; s += HOUR * 7)
                check_duration_round_trip(s);
        check_duration_round_trip(100 * YEAR);
        check_duration_round_trip(100 * YEAR - 1);
}

/* Values that nobody can set: no crash, no endless loop, and a text that ends. */
static void test_any_number_can_be_written_as_a_duration(void **state) {
        static const int64_t any[] = { 0, INT64_MAX, INT64_MIN, INT64_MIN + 1, -YEAR };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(any); i++) {
                char out[PARSE_DURATION_LEN];

                unit_poison(out, sizeof(out));
                parse_duration_format(any[i], out);
                assert_in_range(strnlen(out, sizeof(out)), 2, sizeof(out) - 1);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_numbers),
                cmocka_unit_test(test_durations_are_read),
                cmocka_unit_test(test_what_is_no_duration_is_refused),
                cmocka_unit_test(test_no_number_has_leading_zeros),
                cmocka_unit_test(test_timeouts),
                cmocka_unit_test(test_durations_are_written_in_the_largest_unit),
                cmocka_unit_test(test_durations_are_written_as_they_are_read),
                cmocka_unit_test(test_any_number_can_be_written_as_a_duration),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* What people type: times. The whole text or nothing, and one meaning. */
#include "unit_parse.h"

#define DAY  PARSE_DAY_S
#define LAST INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

/* The numbers come from date(1). */
static const struct {
        const char *text;
        int64_t t;
} times[] = {
        { "1970-01-01T00:00:00Z", 0 },
        { "1970-01-01", 0 },
        { "1970-01-01T00:00:01Z", 1 },
        { "2000-02-29", 951782400 },
        { "2024-02-29T12:00:00Z", 1709208000 },
        { "2027-01-31T12:00:00Z", 1801396800 },
        { "2027-01-31t12:00:00z", 1801396800 },
        { "2027-01-31 12:00:00Z", 1801396800 },
        { "2027-01-31T12:00:00+00:00", 1801396800 },
        { "2027-01-31T12:00:00-00:00", 1801396800 },
        { "2027-01-31T14:00:00+02:00", 1801396800 },
        { "2027-01-31T06:30:00-05:30", 1801396800 },
        { "2027-02-01T11:59:00+23:59", 1801396800 },
        { "2027-01-30T12:01:00-23:59", 1801396800 },
        /* no summer time */
        { "2027-03-28T01:30:00Z", 1806197400 },
        { "2038-01-19T03:14:08Z", 2147483648 },
        { "2100-02-28", 4107456000 },
        { "2100-03-01", 4107542400 },
        { "9999-12-31T23:59:59Z", LAST },
        { "9999-12-31", LAST - DAY + 1 },
        { "1970-01-01T01:00:00+01:00", 0 },
};

static const char *const no_times[] = {
        "",
        "2027",
        "2027-01",
        "2027-01-",
        "2027-1-31",
        "27-01-31",
        "02027-01-31",
        "2027-01-031",
        "2027/01/31",
        "20270131",
        "2027-01-31T",
        "2027-01-31 ",
        "2027-01-31T12",
        "2027-01-31T12:00",
        "2027-01-31T12:00Z",
        "2027-01-31T12:00:00",
        "2027-01-31T12:00:00.5Z",
        "2027-01-31T12:00:00Zx",
        "2027-01-31T12:00:00ZZ",
        "2027-01-31Z",
        "2027-01-31T1:00:00Z",
        "2027-01-31X12:00:00Z",
        "2027-01-31T12:00:00 Z",
        "2027-01-31T12:00:00+0200",
        "2027-01-31T12:00:00+02",
        "2027-01-31T12:00:00+2:00",
        "2027-01-31T12:00:00+24:00",
        "2027-01-31T12:00:00+02:60",
        "2027-01-31T12:00:00+02:00Z",
        "2027-01-31T12:00:00UTC",
        " 2027-01-31",
        "2027-01-31\n",
        "+2027-01-31",
        "-2027-01-31",
        /* days that no calendar has */
        "2027-00-10",
        "2027-13-10",
        "2027-01-00",
        "2027-01-32",
        "2027-04-31",
        "2027-02-29",
        "2027-02-30",
        "2024-02-30",
        "2100-02-29",
        "2000-02-30",
        "0000-01-01",
        /* times that no clock has */
        "2027-01-31T24:00:00Z",
        "2027-01-31T12:60:00Z",
        "2027-01-31T12:00:60Z",
        "2016-12-31T23:59:60Z",
        /* before the first and after the last time that is accepted */
        "1969-12-31",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "10000-01-01",
        "1900-01-01",
        "tomorrow",
        "now",
        "30m",
        "90d",
};

static void test_times_are_read(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(times); i++)
                unit_parse(parse_time, times[i].text, 0, times[i].t);
}

static void test_what_is_no_time_is_refused(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(no_times); i++)
                unit_parse(parse_time, no_times[i], -EINVAL, 0);
}

/* One character more or less makes another text. Only the date is a time of its own; no other
 * prefix is. */
static void test_no_part_of_a_time_is_a_time(void **state) {
        static const char whole[] = "2027-01-31T12:00:00+02:00";
        int64_t t;

        (void) state;
        for (size_t len = 0; len < strlen(whole); len++) {
                char *text = strndup(whole, len);

                assert_non_null(text);
                unit_int(text, parse_time(text, &t), len == 10 ? 0 : -EINVAL);
                free(text);
        }
}

static void test_the_time_zone_of_the_process_does_not_matter(void **state) {
        int64_t t = 0;

        (void) state;
        assert_int_equal(setenv("TZ", "America/New_York", 1), 0);
        assert_int_equal(parse_time("2027-01-31", &t), 0);
        assert_int_equal(unsetenv("TZ"), 0);
        assert_int_equal(t, 1801353600);
}

static void test_when(void **state) {
        static const int64_t now = 1801396800; /* 2027-01-31T12:00:00Z */
        static const struct {
                const char *text;
                int r;
                int64_t t;
        } rows[] = {
                { "30m", 0, 1801396800 + 1800 },
                { "1s", 0, 1801396801 },
                { "P90D", 0, 1801396800 + 90 * DAY },
                { "2027-01-31T12:00:01Z", 0, 1801396801 },
                { "2027-02-01", 0, 1801440000 },
                { "9999-12-31T23:59:59Z", 0, LAST },
                { "2027-01-31T12:00:00Z", -ERANGE, 0 },
                { "2027-01-31T11:59:59Z", -ERANGE, 0 },
                { "2027-01-31", -ERANGE, 0 },
                { "1970-01-01", -ERANGE, 0 },
                { "0s", -ERANGE, 0 },
                { "101y", -ERANGE, 0 },
                { "", -EINVAL, 0 },
                { "2027-02-30", -EINVAL, 0 },
                { "tomorrow", -EINVAL, 0 },
                { "-1d", -EINVAL, 0 },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                int64_t t;

                unit_poison(&t, sizeof(t));
                unit_int(rows[i].text, parse_when(rows[i].text, now, &t), rows[i].r);
                if (rows[i].r < 0)
                        unit_poisoned(rows[i].text, &t, sizeof(t));
                else
                        unit_int(rows[i].text, t, rows[i].t);
        }
}

static void test_when_ends_with_the_year_9999(void **state) {
        int64_t t;

        (void) state;
        assert_int_equal(parse_when("1s", LAST - 1, &t), 0);
        assert_int_equal(t, LAST);
        unit_poison(&t, sizeof(t));
        assert_int_equal(parse_when("1s", LAST, &t), -ERANGE);
        assert_int_equal(parse_when("100y", LAST - DAY, &t), -ERANGE);
        unit_poisoned("t", &t, sizeof(t));
}

static void test_times_are_written_as_they_are_read(void **state) {
        static const struct {
                int64_t t;
                const char *text;
        } rows[] = {
                { 0, "1970-01-01T00:00:00Z" },          { 951782400, "2000-02-29T00:00:00Z" },
                { 1801396800, "2027-01-31T12:00:00Z" }, { LAST, "9999-12-31T23:59:59Z" },
                { LAST + 1, "9999-12-31T23:59:59Z" },   { INT64_MAX, "9999-12-31T23:59:59Z" },
                { -1, "1970-01-01T00:00:00Z" },         { INT64_MIN, "1970-01-01T00:00:00Z" },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                char out[PARSE_TIME_LEN];

                parse_time_format(rows[i].t, out);
                unit_str(rows[i].text, out, rows[i].text);
        }
        for (int64_t t = 0; t <= LAST; t += 86399 * INT64_C(1009)) {
                char out[PARSE_TIME_LEN];
                int64_t back;

                parse_time_format(t, out);
                unit_int(out, parse_time(out, &back), 0);
                unit_int(out, back, t);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_times_are_read),
                cmocka_unit_test(test_what_is_no_time_is_refused),
                cmocka_unit_test(test_no_part_of_a_time_is_a_time),
                cmocka_unit_test(test_the_time_zone_of_the_process_does_not_matter),
                cmocka_unit_test(test_when),
                cmocka_unit_test(test_when_ends_with_the_year_9999),
                cmocka_unit_test(test_times_are_written_as_they_are_read),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

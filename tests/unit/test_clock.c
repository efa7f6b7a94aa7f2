/* SPDX-License-Identifier: BSD-2-Clause */
/* The wall clock, in seconds, whether it may be trusted after it was set, and what counts where it
 * is behind the time that is remembered. */
#include <time.h>

#include "unit.h"

#include "base/clock.h"

static int64_t set_by; /* the wall clock, seconds */
static int64_t passed; /* on both clocks */

int __real_clock_gettime(clockid_t id, struct timespec *ts);
int __wrap_clock_gettime(clockid_t id, struct timespec *ts);
int __wrap_clock_gettime(clockid_t id, struct timespec *ts) {
        int r = __real_clock_gettime(id, ts);

        if (id == CLOCK_REALTIME)
                ts->tv_sec += set_by + passed;
        else if (id == CLOCK_BOOTTIME)
                ts->tv_sec += passed;
        return r;
}

static void test_now_is_between_before_and_after(void **state) {
        struct timespec before, after;
        int64_t now;

        (void) state;
        assert_int_equal(clock_gettime(CLOCK_REALTIME, &before), 0);
        now = clock_now();
        assert_int_equal(clock_gettime(CLOCK_REALTIME, &after), 0);
        /* unless somebody has set the clock at this moment */
        if (after.tv_sec >= before.tv_sec)
                assert_in_range(now, before.tv_sec, after.tv_sec);
}

/* The bounds are not tried to the second, because the two clocks are read one after the other. */
static void test_a_clock_that_was_set_is_not_trusted(void **state) {
        static const struct {
                int64_t set_by;
                bool trusted;
        } rows[] = { { 0, true },
                     { 50, true },
                     { -50, true },
                     { 70, false },
                     { -70, false },
                     { 3600, false },
                     { 25 * INT64_C(31536000), false } };

        (void) state;
        assert_false(clock_is_trusted()); /* at a start */
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                set_by = 0;
                clock_trust(true);
                set_by = rows[i].set_by;
                assert_int_equal(clock_is_trusted(), rows[i].trusted);
        }
        set_by = 0;
        assert_true(clock_is_trusted()); /* it was set right again */
        clock_trust(false);
        assert_false(clock_is_trusted());
}

/* The two clocks are read one after the other, and the test takes its time. */
#define assert_about(got, want) assert_in_range((got) - (want) + 10, 0, 20)

static int64_t real_now(void) {
        struct timespec ts;

        assert_int_equal(__real_clock_gettime(CLOCK_REALTIME, &ts), 0);
        return ts.tv_sec + passed;
}

static void begin(void **state) {
        (void) state;
        set_by = passed = 0;
        clock_trust(false);
        clock_remember(0);
}

#define DAY  INT64_C(86400)
#define YEAR INT64_C(31536000)

/* A host without a battery clock boots in 1970, with a store that remembers a time. */
static void test_a_host_that_boots_in_1970(void **state) {
        int64_t then = real_now();

        begin(state);
        set_by = -then;
        assert_about(clock_now(), 0);
        assert_int_equal(clock_behind(), 0); /* nothing is remembered */
        clock_remember(then);
        assert_about(clock_now(), then);
        assert_about(clock_behind(), then);
        passed = 100 * YEAR / 365; /* it advances */
        assert_about(clock_now(), then + passed);
        clock_trust(true); /* after an hour, or a month */
        assert_false(clock_is_trusted());
        assert_about(clock_now(), then + passed);
        set_by = 0; /* the clock is set right */
        assert_int_equal(clock_behind(), 0);
        assert_int_equal(clock_now(), real_now());
        clock_trust(true);
        assert_true(clock_is_trusted());
        set_by = -YEAR; /* while the daemon runs */
        assert_about(clock_behind(), YEAR);
        assert_about(clock_now(), real_now());
        assert_false(clock_is_trusted());
}

static void test_how_far_behind(void **state) {
        static const struct {
                int64_t set_by;
                bool behind;
                bool after_an_hour; /* behind still */
                bool ahead;         /* and so after an hour */
        } rows[] = {
                { 0, false, false, false },
                { 3600, false, false, false },
                { 30 * DAY - 10, false, false, false },
                { 30 * DAY + 10, false, false, true },
                { 100 * YEAR, false, false, true },
                { -50, false, false, false },
                { -70, true, false, false },
                { -2 * 3600, true, false, false },
                { -86390, true, false, false },
                { -86410, true, true, false },
                { -1024 * 604800, true, true, false },
                { -50 * YEAR, true, true, false },
        };

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                begin(state);
                clock_remember(clock_now());
                set_by = rows[i].set_by;
                assert_int_equal(clock_behind() > 0, rows[i].behind);
                assert_about(clock_now(), real_now() + (rows[i].behind ? 0 : set_by));
                assert_false(clock_is_trusted());
                clock_trust(true);
                assert_int_equal(clock_behind() > 0, rows[i].after_an_hour);
                assert_int_equal(clock_ahead() > 0, rows[i].ahead);
                assert_int_equal(clock_is_trusted(), !rows[i].after_an_hour && !rows[i].ahead);
                assert_about(clock_now(), real_now() + (rows[i].after_an_hour ? 0 : set_by));
        }
}

/* What an administrator says counts, however far the clock is behind. */
static void test_a_time_that_is_remembered_anew(void **state) {
        begin(state);
        clock_remember(clock_now() + 25 * YEAR);
        assert_about(clock_now(), real_now() + 25 * YEAR);
        clock_remember(clock_now() - clock_behind());
        assert_int_equal(clock_behind(), 0);
        assert_int_equal(clock_now(), real_now());
        clock_trust(true);
        assert_true(clock_is_trusted());
}

/* The host was on for two months. That is no step of the clock. */
static void test_time_that_has_passed_is_not_ahead(void **state) {
        begin(state);
        clock_remember(clock_now());
        passed = 60 * DAY;
        assert_int_equal(clock_ahead(), 0);
        clock_trust(true);
        assert_true(clock_is_trusted());
        set_by = 31 * DAY;
        assert_about(clock_ahead(), 31 * DAY);
        assert_about(clock_now(), real_now() + 31 * DAY); /* it counts for what is refused */
        clock_remember(clock_now());                      /* an administrator's word */
        clock_trust(true);
        assert_int_equal(clock_ahead(), 0);
        assert_true(clock_is_trusted());
}

/* A store from before times were remembered: the newest of its records bounds the clock. */
static void test_what_bounds_a_clock_where_nothing_is_remembered(void **state) {
        begin(state);
        clock_know(clock_now());
        assert_int_equal(clock_ahead(), 0);
        set_by = YEAR;
        assert_about(clock_ahead(), YEAR);
        clock_trust(true);
        assert_false(clock_is_trusted());
        /* It may be that clock that was wrong. */
        set_by = -YEAR;
        assert_int_equal(clock_behind(), 0);
        clock_trust(true);
        assert_true(clock_is_trusted());
        set_by = 0;
        clock_remember(clock_now());
        clock_know(clock_now() - YEAR);
        assert_int_equal(clock_ahead(), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_now_is_between_before_and_after),
                cmocka_unit_test(test_a_clock_that_was_set_is_not_trusted),
                cmocka_unit_test(test_a_host_that_boots_in_1970),
                cmocka_unit_test(test_how_far_behind),
                cmocka_unit_test(test_a_time_that_is_remembered_anew),
                cmocka_unit_test(test_time_that_has_passed_is_not_ahead),
                cmocka_unit_test(test_what_bounds_a_clock_where_nothing_is_remembered),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

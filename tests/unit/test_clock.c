/* SPDX-License-Identifier: BSD-2-Clause */
/* The wall clock, in seconds, and whether it may be trusted after it was set. */
#include <time.h>

#include "unit.h"

#include "base/clock.h"

static int64_t set_by; /* the wall clock, seconds */

int __real_clock_gettime(clockid_t id, struct timespec *ts);
int __wrap_clock_gettime(clockid_t id, struct timespec *ts);
int __wrap_clock_gettime(clockid_t id, struct timespec *ts) {
        int r = __real_clock_gettime(id, ts);

        if (id == CLOCK_REALTIME)
                ts->tv_sec += set_by;
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

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_now_is_between_before_and_after),
                cmocka_unit_test(test_a_clock_that_was_set_is_not_trusted),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

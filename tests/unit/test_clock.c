/* SPDX-License-Identifier: BSD-2-Clause */
/* The wall clock, in seconds. */
#include <time.h>

#include "unit.h"

#include "base/clock.h"

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

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_now_is_between_before_and_after),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

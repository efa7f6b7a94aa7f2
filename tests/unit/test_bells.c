/* SPDX-License-Identifier: BSD-2-Clause */
/* A host listens to bells as long as they are of use, and for floods of them it listens ever more
 * seldom. Time and chance are the test's. */
#include "unit.h"

#include "bells.h"
#include "pause.h"

#define SECOND UINT64_C(1000000)
#define START  (UINT64_C(100000) * SECOND)

uint64_t pause_jitter(uint64_t usec) {
        return usec;
}

/* Rings as fast as can be until it stops listening. Returns how many it has heard. */
static unsigned flood(struct bells *b, uint64_t now) {
        unsigned n = 1;

        while (!bells_hear(b, now)) {
                assert_false(bells_are_off(b, now));
                n++;
        }
        assert_true(bells_are_off(b, now));
        return n;
}

/* Many changes in a short time are no flood. */
static void test_changes_are_heard(void **state) {
        struct bells b = {};

        (void) state;
        for (unsigned second = 0; second < 100; second++)
                for (unsigned i = 0; i < BELLS_HEARD_MAX; i++)
                        assert_false(bells_hear(&b, START + second * SECOND));
        for (unsigned minute = 0; minute < 10; minute++)
                for (unsigned i = 0; i < BELLS_WASTED_MAX; i++)
                        assert_false(bells_waste(&b, START + 60 * minute * SECOND));
}

static void test_a_flood_is_heard_for_a_second(void **state) {
        struct bells b = {};

        (void) state;
        assert_int_equal(flood(&b, START), BELLS_HEARD_MAX + 1);
        assert_true(bells_are_off(&b, START + 10 * SECOND - 1));
        assert_false(bells_are_off(&b, START + 10 * SECOND));
        /* it begins to count anew */
        assert_int_equal(flood(&b, START + 10 * SECOND), BELLS_HEARD_MAX + 1);
}

/* Bells that are few, but lead to nothing, are as good as a flood. */
static void test_questions_for_nothing(void **state) {
        struct bells b = {};

        (void) state;
        for (unsigned i = 0; i < BELLS_WASTED_MAX; i++)
                assert_false(bells_waste(&b, START + i * SECOND / 10));
        assert_true(bells_waste(&b, START + 10 * SECOND));
        assert_true(bells_are_off(&b, START + 10 * SECOND));
}

/* For a day of flood: what it costs is bounded. */
static void test_a_flood_that_goes_on(void **state) {
        struct bells b = {};
        unsigned times = 0;

        (void) state;
        for (uint64_t now = START; now < START + 86400 * SECOND; now += SECOND)
                if (!bells_are_off(&b, now)) {
                        assert_int_equal(flood(&b, now), BELLS_HEARD_MAX + 1);
                        times++;
                }
        assert_in_range(times, 86400 / 640, 86400 / 640 + 6);
}

/* It has listened in peace for longer than the longest rest. */
static void test_peace_is_believed(void **state) {
        struct bells b = {};
        uint64_t now = START;

        (void) state;
        for (unsigned i = 0; i < 10; i++) {
                flood(&b, now);
                now = b.until;
        }
        flood(&b, now);
        assert_int_equal(b.until, now + 640 * SECOND);
        now = b.until + 641 * SECOND;
        flood(&b, now);
        assert_int_equal(b.until, now + 10 * SECOND);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_changes_are_heard),
                cmocka_unit_test(test_a_flood_is_heard_for_a_second),
                cmocka_unit_test(test_questions_for_nothing),
                cmocka_unit_test(test_a_flood_that_goes_on),
                cmocka_unit_test(test_peace_is_believed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

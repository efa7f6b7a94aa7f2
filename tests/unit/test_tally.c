/* SPDX-License-Identifier: BSD-2-Clause */
/* Counting verifications, and how long they took. The time is the test's own. */
#include "unit.h"

#include "rules/tally.h"

static void test_each_reason_has_its_place_and_its_verdict(void **state) {
        struct tally t = {};
        uint64_t sum = 0;

        (void) state;
        for (enum reason reason = REASON_NONE; reason < _REASON_MAX; reason++)
                for (int i = 0; i <= (int) reason; i++)
                        tally_count(&t, i % 2, reason);
        for (enum reason reason = REASON_NONE; reason < _REASON_MAX; reason++) {
                assert_int_equal(t.counts[false][reason], reason / 2 + 1);
                assert_int_equal(t.counts[true][reason], (reason + 1) / 2);
                sum += reason + 1;
        }
        assert_int_equal(tally_sum(&t, TALLY_ACCEPTED), 1);
        assert_int_equal(tally_sum(&t, TALLY_UNDECIDED),
                         (REASON_STORE + 1) + (REASON_ACCOUNT_UNKNOWN + 1) + (REASON_BUSY + 1) +
                                 (REASON_CERTIFICATE_UNCHECKED + 1) +
                                 (REASON_SPELLING_UNKNOWN + 1) + (REASON_FLEET_STALE + 1));
        assert_int_equal(tally_sum(&t, TALLY_ACCEPTED) + tally_sum(&t, TALLY_UNDECIDED) +
                                 tally_sum(&t, TALLY_REFUSED),
                         sum);
}

static void test_a_reason_that_is_none_is_counted_as_the_stores(void **state) {
        struct tally t = {};

        (void) state;
        tally_count(&t, false, _REASON_MAX);
        tally_count(&t, true, (enum reason) - 1);
        assert_int_equal(t.counts[false][REASON_STORE], 1);
        assert_int_equal(t.counts[true][REASON_STORE], 1);
}

static void test_verdicts_have_words(void **state) {
        (void) state;
        assert_string_equal(tally_verdict_name(tally_verdict(REASON_NONE)), "accepted");
        assert_string_equal(tally_verdict_name(tally_verdict(REASON_CERTIFICATE_MISSING)),
                            "refused");
        assert_string_equal(tally_verdict_name(tally_verdict(REASON_STORE)), "undecided");
        assert_string_equal(tally_verdict_name(_TALLY_VERDICT_MAX), "undecided");
}

static void test_bounds_ascend_and_the_last_has_none(void **state) {
        (void) state;
        assert_int_equal(tally_bound_ns(0), 10000);
        for (size_t i = 0; i < TALLY_BUCKETS; i++)
                assert_true(tally_bound_ns(i) < tally_bound_ns(i + 1));
        assert_int_equal(tally_bound_ns(TALLY_BUCKETS - 1), UINT64_C(2000000000));
        assert_int_equal(tally_bound_ns(TALLY_BUCKETS), UINT64_MAX);
}

static void test_a_time_belongs_below_its_bound(void **state) {
        struct tally t = {};

        (void) state;
        for (size_t i = 0; i < TALLY_BUCKETS; i++) {
                tally_time(&t, 500, 500 + tally_bound_ns(i)); /* to the nanosecond */
                assert_int_equal(t.buckets[i], i == 0 ? 1 : 2);
                tally_time(&t, 500, 501 + tally_bound_ns(i));
                assert_int_equal(t.buckets[i], i == 0 ? 1 : 2);
                assert_int_equal(t.buckets[i + 1], 1);
        }
        assert_int_equal(t.buckets[TALLY_BUCKETS], 1);
}

static void test_the_sum_is_of_all(void **state) {
        struct tally t = {};
        uint64_t n = 0;

        (void) state;
        tally_time(&t, 0, 0);
        tally_time(&t, 10, 17);
        tally_time(&t, UINT64_C(1) << 40, (UINT64_C(1) << 40) + UINT64_C(5000000000));
        assert_int_equal(t.sum_ns, UINT64_C(5000000007));
        for (size_t i = 0; i <= TALLY_BUCKETS; i++)
                n += t.buckets[i];
        assert_int_equal(n, 3);
        assert_int_equal(t.buckets[0], 2);
        assert_int_equal(t.buckets[TALLY_BUCKETS], 1);
}

static void test_a_clock_that_goes_back_takes_no_time(void **state) {
        struct tally t = {};

        (void) state;
        tally_time(&t, 20, 10);
        assert_int_equal(t.sum_ns, 0);
        assert_int_equal(t.buckets[0], 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_each_reason_has_its_place_and_its_verdict),
                cmocka_unit_test(test_a_reason_that_is_none_is_counted_as_the_stores),
                cmocka_unit_test(test_verdicts_have_words),
                cmocka_unit_test(test_bounds_ascend_and_the_last_has_none),
                cmocka_unit_test(test_a_time_belongs_below_its_bound),
                cmocka_unit_test(test_the_sum_is_of_all),
                cmocka_unit_test(test_a_clock_that_goes_back_takes_no_time),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* How often the log says the same thing. The time is the test's own. */
#include "unit.h"

#include "rules/loglimit.h"

#define NOW INT64_C(1800000000)

static int make(void **state) {
        *state = calloc(1, sizeof(struct loglimit));
        return *state ? 0 : -1;
}

static int drop(void **state) {
        free(*state);
        return 0;
}

/* Says it n times. Returns how many lines went out. */
static unsigned say(struct loglimit *limits, uint64_t what, int64_t now, unsigned n) {
        unsigned said = 0;

        for (unsigned i = 0; i < n; i++) {
                unsigned kept = 4711;

                if (loglimit_say(limits, LOGLIMIT_NO_ORIGIN, what, now, &kept))
                        said++;
                assert_int_equal(kept, 0);
        }
        return said;
}

static void test_a_burst_goes_out_and_the_rest_is_counted(void **state) {
        unsigned kept;

        assert_int_equal(say(*state, 7, NOW, 100), LOGLIMIT_BURST);
        assert_int_equal(
                loglimit_say(*state, LOGLIMIT_NO_ORIGIN, 7, NOW + LOGLIMIT_WINDOW_S - 1, &kept),
                false);
        assert_int_equal(kept, 0);
        assert_int_equal(
                loglimit_say(*state, LOGLIMIT_NO_ORIGIN, 7, NOW + LOGLIMIT_WINDOW_S, &kept), true);
        assert_int_equal(kept, 100 - LOGLIMIT_BURST + 1);
        assert_int_equal(say(*state, 7, NOW + LOGLIMIT_WINDOW_S, 100), LOGLIMIT_BURST - 1);
}

static void test_what_fits_the_burst_is_never_kept_back(void **state) {
        unsigned kept;

        for (int64_t now = NOW; now < NOW + 100 * LOGLIMIT_WINDOW_S; now += LOGLIMIT_WINDOW_S) {
                assert_int_equal(loglimit_say(*state, LOGLIMIT_NO_ORIGIN, 7, now, &kept), true);
                assert_int_equal(kept, 0);
                assert_int_equal(say(*state, 7, now, LOGLIMIT_BURST - 1), LOGLIMIT_BURST - 1);
        }
}

static void test_one_does_not_silence_another(void **state) {
        for (uint64_t what = 1; what <= LOGLIMIT_SLOTS; what++)
                assert_int_equal(say(*state, what, NOW, 50), LOGLIMIT_BURST);
}

/* Another than ${what} with the same place. ${limits} is used up. */
static uint64_t neighbour_of(struct loglimit *limits, uint64_t what) {
        unsigned kept;

        for (uint64_t other = what + 1; other < 100 * LOGLIMIT_SLOTS; other++) {
                while (loglimit_say(limits, LOGLIMIT_NO_ORIGIN, what, NOW, &kept))
                        continue;
                (void) loglimit_say(limits, LOGLIMIT_NO_ORIGIN, other, NOW, &kept);
                if (loglimit_say(limits, LOGLIMIT_NO_ORIGIN, what, NOW, &kept))
                        return other;
        }
        fail_msg("nothing shares a place");
        return 0;
}

/* They lose their count to each other, so more is said, up to the bound of the uid. */
static void test_two_in_one_slot_say_more_up_to_a_bound(void **state) {
        struct loglimit *limits = *state;
        uint64_t other = neighbour_of(limits, 5);
        unsigned kept, said = 0;

        for (unsigned i = 0; i < 1000; i++) {
                said += loglimit_say(limits, loglimit_of_uid(1000), 5, NOW, &kept);
                said += loglimit_say(limits, loglimit_of_uid(1000), other, NOW, &kept);
        }
        assert_int_equal(said, LOGLIMIT_ORIGIN_BURST);
        assert_true(loglimit_say(limits, loglimit_of_uid(1000), 5, NOW + LOGLIMIT_WINDOW_S, &kept));
        /* root's services ask for everybody */
        for (unsigned i = 0; i < LOGLIMIT_ORIGIN_BURST; i++) {
                assert_true(loglimit_say(limits, LOGLIMIT_NO_ORIGIN, 5, NOW, &kept));
                assert_true(loglimit_say(limits, LOGLIMIT_NO_ORIGIN, other, NOW, &kept));
        }
}

/* A user with many keys, who need not know which share a place. */
static void test_a_uid_has_a_bound_whatever_it_says(void **state) {
        unsigned kept, said = 0;

        for (uint64_t what = 1; what <= 10000; what++)
                said += loglimit_say(*state, loglimit_of_uid(1000), what, NOW, &kept);
        assert_int_equal(said, LOGLIMIT_ORIGIN_BURST);
        assert_true(loglimit_say(*state, loglimit_of_uid(1001), 1, NOW, &kept));
}

/* Whose keys it asks about, it may choose. */
static void test_a_uid_has_a_bound_for_all_owners(void **state) {
        unsigned kept, said = 0;

        for (uid_t owner = 0; owner < 10000; owner++)
                said += loglimit_say(*state, loglimit_of_owner(1000, owner), owner, NOW, &kept);
        assert_int_equal(said, LOGLIMIT_UID_BURST);
        assert_true(loglimit_say(*state, loglimit_of_owner(1001, 1), 1, NOW, &kept));
        for (uid_t owner = 0; owner < 10000; owner++)
                assert_true(
                        loglimit_say(*state, loglimit_of_owner(0, owner), owner, NOW + 10, &kept));
}

static void test_a_block_of_uids_has_the_same_bound(void **state) {
        unsigned kept, said = 0;

        for (uid_t uid = 65536; uid < 2 * 65536; uid++)
                said += loglimit_say(*state, loglimit_of_uid(uid), uid, NOW, &kept);
        assert_int_equal(said, LOGLIMIT_ORIGIN_BURST);
}

static void test_a_seed_decides_who_shares_a_slot(void **state) {
        struct loglimit *limits = *state;
        uint64_t other = neighbour_of(limits, 5);
        unsigned kept, apart = 0;

        for (unsigned i = 0; i < 8; i++) {
                assert_int_equal(loglimit_init(limits), 0);
                assert_int_equal(say(limits, 5, NOW, 50), LOGLIMIT_BURST);
                assert_true(loglimit_say(limits, LOGLIMIT_NO_ORIGIN, other, NOW, &kept));
                apart += !loglimit_say(limits, LOGLIMIT_NO_ORIGIN, 5, NOW, &kept);
        }
        assert_in_range(apart, 1, 8);
}

static void test_what_was_left_out_is_told_without_another_line(void **state) {
        struct loglimit *limits = *state;

        assert_int_equal(loglimit_left_out(limits, NOW, true), 0);
        assert_int_equal(say(limits, 7, NOW, 100), LOGLIMIT_BURST);
        assert_int_equal(say(limits, 8, NOW + 1, 50), LOGLIMIT_BURST);
        assert_int_equal(loglimit_left_out(limits, NOW + LOGLIMIT_WINDOW_S - 1, false), 0);
        assert_int_equal(loglimit_left_out(limits, NOW + LOGLIMIT_WINDOW_S, false),
                         100 - LOGLIMIT_BURST);
        /* once in a window */
        assert_int_equal(loglimit_left_out(limits, NOW + LOGLIMIT_WINDOW_S + 1, false), 0);
        assert_int_equal(loglimit_left_out(limits, NOW + LOGLIMIT_WINDOW_S + 1, true),
                         50 - LOGLIMIT_BURST);
        assert_int_equal(loglimit_left_out(limits, NOW + 9 * LOGLIMIT_WINDOW_S, true), 0);
        assert_int_equal(say(limits, 7, NOW + 9 * LOGLIMIT_WINDOW_S, 1), 1);
}

/* Its count does not go with its slot. */
static void test_what_lost_its_slot_is_told_of(void **state) {
        struct loglimit *limits = *state;
        uint64_t other = neighbour_of(limits, 5);
        unsigned kept;

        (void) loglimit_left_out(limits, NOW, true);
        limits->told_at = 0;
        (void) loglimit_say(limits, LOGLIMIT_NO_ORIGIN, 5, NOW + 100, &kept);
        assert_int_equal(say(limits, 5, NOW + 100, 50), LOGLIMIT_BURST - 1);
        assert_true(loglimit_say(limits, LOGLIMIT_NO_ORIGIN, other, NOW + 100, &kept));
        assert_int_equal(kept, 0);
        assert_int_equal(loglimit_left_out(limits, NOW + 100, false), 50 - LOGLIMIT_BURST + 1);
        assert_int_equal(loglimit_left_out(limits, NOW + 100, true), 0);
}

/* A thing that may not be said in its next window, because others have used up what may be said of
 * the origin. */
static void test_each_line_is_said_or_told_of(void **state) {
        struct loglimit *limits = *state;
        uint64_t origin = loglimit_of_owner(0, 1000), all = 0, said = 0, told = 0;

        for (int64_t now = NOW; now < NOW + 3 * LOGLIMIT_WINDOW_S; now += LOGLIMIT_WINDOW_S) {
                for (uint64_t i = 0; i < 1000; i++) {
                        /* first the others, but for the first window */
                        uint64_t what = now == NOW || i >= 600 ? 7 : 100 + i / LOGLIMIT_BURST;
                        unsigned kept = 4711;
                        bool may = loglimit_say(limits, origin, what, now, &kept);

                        all++;
                        said += may;
                        told += kept;
                        assert_true(may || kept == 0);
                }
                told += loglimit_left_out(limits, now, false);
                assert_int_equal(all, said + told + limits->kept);
        }
        /* It was told of without the last time, and without a line. */
        assert_int_equal(told, 1000 - LOGLIMIT_BURST + 500);
        told += loglimit_left_out(limits, NOW + 2 * LOGLIMIT_WINDOW_S, true);
        assert_int_equal(all, said + told);
        assert_int_equal(limits->kept, 0);
}

static void test_a_clock_that_was_set_back_begins_a_window(void **state) {
        unsigned kept;

        assert_int_equal(say(*state, 7, NOW, 50), LOGLIMIT_BURST);
        assert_int_equal(loglimit_say(*state, LOGLIMIT_NO_ORIGIN, 7, NOW - 1000000, &kept), true);
        assert_int_equal(kept, 50 - LOGLIMIT_BURST);
}

static void test_zero_is_as_good_as_any(void **state) {
        assert_int_equal(say(*state, 0, NOW, 50), LOGLIMIT_BURST);
}

static void test_hash_is_fnv_1a(void **state) {
        (void) state;
        assert_int_equal(loglimit_hash(0, ""), UINT64_C(0xcbf29ce484222325));
        assert_int_equal(loglimit_hash(0, "a"), UINT64_C(0xaf63dc4c8601ec8c));
        assert_int_equal(loglimit_hash(0, "foobar"), UINT64_C(0x85944171f73967e8));
        assert_int_equal(loglimit_hash(loglimit_hash(0, "foo"), "bar"),
                         UINT64_C(0x85944171f73967e8));
        assert_int_equal(loglimit_hash(0, "\xff"), UINT64_C(0xaf64724c8602eb6e));
}

#define test_limits(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void) {
        const struct CMUnitTest tests[] = {
                test_limits(test_a_burst_goes_out_and_the_rest_is_counted),
                test_limits(test_what_fits_the_burst_is_never_kept_back),
                test_limits(test_one_does_not_silence_another),
                test_limits(test_two_in_one_slot_say_more_up_to_a_bound),
                test_limits(test_a_uid_has_a_bound_whatever_it_says),
                test_limits(test_a_uid_has_a_bound_for_all_owners),
                test_limits(test_a_block_of_uids_has_the_same_bound),
                test_limits(test_a_seed_decides_who_shares_a_slot),
                test_limits(test_what_was_left_out_is_told_without_another_line),
                test_limits(test_what_lost_its_slot_is_told_of),
                test_limits(test_each_line_is_said_or_told_of),
                test_limits(test_a_clock_that_was_set_back_begins_a_window),
                test_limits(test_zero_is_as_good_as_any),
                test_limits(test_hash_is_fnv_1a),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

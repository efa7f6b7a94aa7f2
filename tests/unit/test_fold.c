/* SPDX-License-Identifier: BSD-2-Clause */
/* What a flood leaves in the audit log. Hours pass in the test's own time. How a record is written
 * is not known here. */
#include "unit_fold.h"

/* --- One by one --- */

static void test_the_first_goes_out_at_once_and_as_it_is(void **state) {
        struct world *w = *state;
        struct audit_record want = refusal(110, "aaaaaaaaaa", "imap");

        assert_int_equal(take(w, true), 0);
        note(w, want);
        assert_int_equal(take(w, false), 1);
        want.at = want.until = NOW;
        want.count = 1;
        assert_memory_equal(&w->taken[0], &want, sizeof(want));
        assert_int_equal(take(w, true), 0);
}

static void test_those_like_it_wait_for_the_window_and_are_counted(void **state) {
        struct world *w = *state;
        struct audit_record last = refusal(110, "aaaaaaaaaa", "imap");

        note(w, last);
        assert_int_equal(take(w, false), 1);
        for (unsigned i = 1; i < FOLD_REFUSED_S; i++) {
                w->now++;
                note(w, last);
                assert_int_equal(take(w, false), 0);
        }
        w->now++;
        assert_int_equal(take(w, false), 1);
        assert_int_equal(w->taken[0].count, FOLD_REFUSED_S - 1);
        assert_int_equal(w->taken[0].at, NOW + 1);
        assert_int_equal(w->taken[0].until, NOW + FOLD_REFUSED_S - 1);
        assert_string_equal(w->taken[0].detail, "");
}

/* What is gathered is told, once, and taken by nobody. */
static void test_repeats_are_told_before_they_are_written(void **state) {
        struct world *w = *state;
        struct audit_record told[2];

        note(w, refusal(110, "aaaaaaaaaa", "imap"));
        assert_int_equal(fold_repeats(w->fold, w->now, told, 2), 0);
        assert_int_equal(take(w, false), 1);
        for (unsigned i = 0; i < 12; i++)
                note(w, refusal(110, "aaaaaaaaaa", "imap"));
        note(w, refusal(110, "bbbbbbbbbb", "imap"));
        assert_int_equal(fold_repeats(w->fold, w->now, told, 2), 1);
        assert_int_equal(told[0].count, 12);
        assert_string_equal(told[0].key, "aaaaaaaaaa");
        assert_int_equal(fold_repeats(w->fold, w->now, told, 2), 0);
        note(w, refusal(110, "aaaaaaaaaa", "imap"));
        assert_int_equal(fold_repeats(w->fold, w->now, told, 2), 1);
        assert_int_equal(told[0].count, 1);
        assert_int_equal(take(w, true), 2);
        assert_int_equal(w->taken[0].count + w->taken[1].count, 14);
        assert_int_equal(fold_repeats(w->fold, w->now, told, 2), 0);
}

static void test_the_last_is_shown_and_that_there_were_others(void **state) {
        struct world *w = *state;
        struct audit_record record = refusal(110, "aaaaaaaaaa", "imap");

        note(w, record);
        memcpy(record.rhost, "192.0.2.8", 10);
        record.pid = 78;
        note(w, record);
        note(w, record);
        assert_int_equal(take(w, false), 1);
        assert_string_equal(w->taken[0].rhost, "192.0.2.8");
        assert_int_equal(w->taken[0].pid, 78);
        assert_int_equal(w->taken[0].count, 3);
        assert_non_null(strstr(w->taken[0].detail, "several"));
        note(w, record);
        assert_int_equal(take(w, true), 1);
        assert_string_equal(w->taken[0].detail, "");
}

static void test_what_differs_is_kept_apart(void **state) {
        struct world *w = *state;
        struct audit_record record = refusal(110, "aaaaaaaaaa", "imap");

        note(w, record);
        record.uid = 111;
        note(w, record);
        memcpy(record.key, "bbbbbbbbbb", 11);
        note(w, record);
        memcpy(record.service, "sshd", 5);
        note(w, record);
        memcpy(record.reason, "expired", 8);
        note(w, record);
        memcpy(record.event, "confirm", 8);
        note(w, record);
        memcpy(record.door, "control", 8);
        note(w, record);
        memcpy(record.verdict, "accepted", 9);
        note(w, record);
        record.owner_uid = AUDIT_NOBODY;
        note(w, record);
        record.has_login = true;
        note(w, record);
        record.login_uid = 1000;
        note(w, record);
        assert_int_equal(take(w, false), 11);
        for (size_t i = 0; i < w->n_taken; i++)
                assert_int_equal(w->taken[i].count, 1);
}

static void test_ids_that_nobody_has_are_not_kept_apart(void **state) {
        struct world *w = *state;

        for (unsigned i = 0; i < 1000; i++)
                note(w, guess(110, i, 0));
        assert_int_equal(take(w, false), 1);
        assert_int_equal(w->taken[0].count, 1000);
        assert_string_equal(w->taken[0].key, "0000000999");
}

static void test_accepted_logins_are_gathered_for_longer(void **state) {
        struct world *w = *state;

        note(w, login(0, 1));
        assert_int_equal(take(w, false), 1);
        for (unsigned hour = 0; hour < 3600; hour++) {
                w->now++;
                note(w, login(0, 1));
                (void) take(w, false);
        }
        assert_int_equal(w->rows, 1 + 3600 / FOLD_ACCEPTED_S);
        (void) take(w, true);
        assert_int_equal(w->events, 3601);
}

/* --- For hours --- */

static void test_a_refusal_that_goes_on_leaves_few_rows_an_hour(void **state) {
        struct world *w = *state;
        uint64_t first_hour, events = 0;

        for (unsigned s = 0; s < 3600; s++, w->now++, events += 10) {
                for (unsigned i = 0; i < 10; i++)
                        note(w, refusal(110, "aaaaaaaaaa", "imap"));
                (void) take(w, false);
        }
        first_hour = w->rows;
        assert_in_range(first_hour, 5, 8);
        for (unsigned s = 0; s < 10 * 3600; s++, w->now++, events++) {
                note(w, refusal(110, "aaaaaaaaaa", "imap"));
                (void) take(w, false);
        }
        assert_in_range(w->rows - first_hour, 10, 10 * 4);
        (void) take(w, true);
        assert_int_equal(w->events, events);
}

static void test_after_a_quiet_hour_it_begins_anew(void **state) {
        struct world *w = *state;

        for (unsigned i = 0; i < 100; i++, w->now += FOLD_LONGEST_S) {
                note(w, refusal(110, "aaaaaaaaaa", "imap"));
                (void) take(w, false);
        }
        (void) take(w, true);
        w->now += FOLD_FORGET_S;
        assert_int_equal(take(w, false), 0);
        note(w, refusal(110, "aaaaaaaaaa", "imap"));
        assert_int_equal(take(w, false), 1);
        note(w, refusal(110, "aaaaaaaaaa", "imap"));
        w->now += FOLD_REFUSED_S;
        assert_int_equal(take(w, false), 1);
}

/* One uid invents everything that it can, as fast as it can, for a day. In between two keys of
 * another user log in. */
static void test_a_flood_fills_nothing_and_hides_nobody(void **state) {
        struct world *w = *state;
        uint64_t others = 0, events = 0, rows = 0;

        for (unsigned s = 0; s < 86400; s += 2, w->now += 2) {
                for (unsigned i = 0; i < 20; i++, events++)
                        note(w, guess(4242, s * 20 + i, s * 20 + i));
                if (s % 7200 == 3600) {
                        note(w, refusal(110, "aaaaaaaaaa", "imap"));
                        note(w, refusal(4242, "bbbbbbbbbb", "imap")); /* even by the same uid */
                        events += 2;
                }
                (void) take(w, false);
                for (size_t i = 0; i < w->n_taken; i++)
                        others += w->taken[i].owner_uid == 1000;
        }
        assert_int_equal(others, 2 * 12);
        rows = w->rows;
        assert_in_range(rows, 24, 24 * 2 * FOLD_UNKNOWN_MAX + 200);
        (void) take(w, true);
        assert_int_equal(w->events, events);
}

static void test_what_is_taken_in_pieces_is_all_taken(void **state) {
        struct world *w = *state;
        struct audit_record one;
        unsigned n = 0;

        for (unsigned i = 0; i < 100; i++)
                note(w, login(0, i));
        while (fold_take(w->fold, w->now, false, &one, 1) == 1)
                n++;
        assert_int_equal(n, 100);
}

static void test_a_clock_that_goes_back_keeps_nothing(void **state) {
        struct world *w = *state;

        note(w, refusal(110, "aaaaaaaaaa", "imap"));
        assert_int_equal(take(w, false), 1);
        note(w, refusal(110, "aaaaaaaaaa", "imap"));
        w->now -= 1000000;
        assert_int_equal(take(w, false), 1);
        note(w, refusal(110, "aaaaaaaaaa", "imap"));
        w->now -= 1000000;
        note(w, refusal(110, "aaaaaaaaaa", "imap"));
        assert_int_equal(take(w, true), 1);
        assert_int_equal(w->taken[0].count, 2);
}

static void test_nothing_can_be_freed(void **state) {
        (void) state;
        assert_null(fold_free(NULL));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                test_fold(test_the_first_goes_out_at_once_and_as_it_is),
                test_fold(test_those_like_it_wait_for_the_window_and_are_counted),
                test_fold(test_repeats_are_told_before_they_are_written),
                test_fold(test_the_last_is_shown_and_that_there_were_others),
                test_fold(test_what_differs_is_kept_apart),
                test_fold(test_ids_that_nobody_has_are_not_kept_apart),
                test_fold(test_accepted_logins_are_gathered_for_longer),
                test_fold(test_a_refusal_that_goes_on_leaves_few_rows_an_hour),
                test_fold(test_after_a_quiet_hour_it_begins_anew),
                test_fold(test_a_flood_fills_nothing_and_hides_nobody),
                test_fold(test_what_is_taken_in_pieces_is_all_taken),
                test_fold(test_a_clock_that_goes_back_keeps_nothing),
                cmocka_unit_test(test_nothing_can_be_freed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

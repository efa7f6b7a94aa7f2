/* SPDX-License-Identifier: BSD-2-Clause */
/* The first statement of an issuing host that counts, after a join, after a reboot, and when the
 * issuer's clock has got another number. Nothing says how long it was on its way but the clocks on
 * the wall. They may be wrong by an hour, and may be set right later. */
#include "unit_fleet_pair.h"

/* By so much the wall clock is wrong, and so much time has passed in the test. */
static int64_t set_by_s, passed_s;

int64_t __real_clock_now(void);
int64_t __wrap_clock_now(void);
int64_t __wrap_clock_now(void) {
        return __real_clock_now() + passed_s + set_by_s;
}

int64_t __real_clock_boot_ms(void);
int64_t __wrap_clock_boot_ms(void);
int64_t __wrap_clock_boot_ms(void) {
        return __real_clock_boot_ms() + passed_s * 1000;
}

static int make_with_clock(void **state) {
        set_by_s = passed_s = 0;
        return make(state);
}

static void expect_age(const struct unit_host *h, int64_t want_ms) {
        int64_t age = age_ms(h);

        if (age < want_ms - HOUR_MS / 6 || age > want_ms + HOUR_MS / 6)
                fail_msg("the age is %lld s, not %lld s", (long long) age / 1000,
                         (long long) want_ms / 1000);
}

static void make_older(struct fleet *fleet, int64_t hours) {
        fleet->current_ms -= hours * HOUR_MS;
        for (size_t i = 0; i < fleet->n_groups; i++)
                fleet->groups[i].current_ms -= hours * HOUR_MS;
}

/* The daemon has remembered what it knows, and starts after a reboot. */
static void reboot(struct unit_host *h) {
        assert_int_equal(fleet_age_keep(h->fleet, h->store->writer, true), 0);
        unit_sql(h->store->path, "UPDATE fleet_clock SET boot = 'another'");
        unit_host_again(h);
}

static void test_withheld_over_a_reboot(void **state) {
        struct fixture *f = *state;

        assert_int_equal(take_statements(f, 0), 0);
        expect_age(&f->member, 0);
        reboot(&f->member);
        /* as old as it was by the wall clock, until something is heard */
        make_older(f->member.fleet, 24);
        assert_int_equal(take_statements(f, 3 * HOUR_MS), 0);
        expect_age(&f->member, 3 * HOUR_MS);
        assert_int_equal(take_statements(f, 2 * HOUR_MS), 0);
        expect_age(&f->member, 2 * HOUR_MS);
        assert_int_equal(fleet_age_keep(f->member.fleet, f->member.store->writer, true), 0);
        unit_host_again(&f->member);
        assert_int_equal(take_statements(f, 2 * HOUR_MS), 0);
        expect_age(&f->member, 2 * HOUR_MS);
        assert_int_equal(take_statements(f, 0), 0);
        expect_age(&f->member, 0);
}

/* What the wall clocks may be wrong by is hidden once, and not once more with each reboot. */
static void test_withheld_over_many_reboots(void **state) {
        struct fixture *f = *state;

        assert_int_equal(take_statements(f, 0), 0);
        for (int n = 1; n <= 4; n++) {
                reboot(&f->member);
                make_older(f->member.fleet, 24);
                assert_int_equal(take_statements(f, n * HOUR_MS), 0);
                expect_age(&f->member, n == 1 ? 0 : n * HOUR_MS);
        }
        assert_int_equal(take_statements(f, 0), 0);
        expect_age(&f->member, 0);
}

/* The daemon alone starts again, after a statement that was withheld for an hour over a reboot. */
static void test_withheld_over_a_reboot_and_a_restart(void **state) {
        struct fixture *f = *state;

        assert_int_equal(take_statements(f, 0), 0);
        reboot(&f->member);
        assert_int_equal(take_statements(f, HOUR_MS), 0);
        expect_age(&f->member, 0);
        for (int n = 2; n <= 3; n++) {
                assert_int_equal(fleet_age_keep(f->member.fleet, f->member.store->writer, true), 0);
                unit_host_again(&f->member);
                make_older(f->member.fleet, 24);
                assert_int_equal(take_statements(f, n * HOUR_MS), 0);
                expect_age(&f->member, n * HOUR_MS);
        }
}

/* A clock that was wrong when the first statement came, and is set right: nothing is in doubt. */
static void test_a_clock_that_is_set_right_and_a_reboot(void **state) {
        struct fixture *f = *state;

        set_by_s = -2 * 3600;
        assert_int_equal(take_statements(f, 0), 0);
        assert_int_equal(fleet_age_keep(f->member.fleet, f->member.store->writer, true), 0);
        unit_host_again(&f->member);
        set_by_s = 0;
        assert_int_equal(take_statements(f, 0), 0);
        for (unsigned i = 0; i < 2; i++) {
                reboot(&f->member);
                assert_int_equal(take_statements(f, 0), 0);
                expect_age(&f->member, 0);
        }
}

/* A host that comes gets an old log, and old statements. */
static void test_withheld_from_a_host_that_joins(void **state) {
        struct fixture *f = *state;
        struct unit_host member = f->member, third = {};
        struct fleet_change invite = {};

        unit_host_make(&third, 3);
        f->issuer.fleet->sign_ahead_ms -= 3 * HOUR_MS;
        unit_host_invite(&f->issuer, &third, "web2", "all", false, &invite);
        f->issuer.fleet->sign_ahead_ms += 3 * HOUR_MS;
        assert_int_equal(unit_host_take(&third, &f->group.frames[0]), 0);
        assert_int_equal(unit_host_take(&third, &f->invite.frames[0]), 0);
        assert_int_equal(unit_host_take(&third, &invite.frames[0]), 0);
        f->member = third;
        /* What was said before it was invited does not count. */
        expect_age(&third, 3 * HOUR_MS);
        reboot(&f->member);
        third = f->member;
        f->member.fleet->issuers[0].skew_known = false;
        f->member.fleet->current_ms = f->member.fleet->groups[0].current_ms = FLEET_UNKNOWN;
        assert_int_equal(take_statements(f, 3 * HOUR_MS), 0);
        expect_age(&f->member, 3 * HOUR_MS);
        assert_int_equal(take_statements(f, 0), 0);
        expect_age(&f->member, 0);
        third = f->member;
        f->member = member;
        fleet_change_done(&invite);
        unit_host_drop(&third);
}

/* The issuer's clock is off by an hour, or ours is. */
static void test_clocks_that_differ(void **state) {
        struct fixture *f = *state;
        static const int64_t skews_ms[] = { HOUR_MS, -HOUR_MS, -5 * HOUR_MS };

        for (size_t i = 0; i < ARRAY_LEN(skews_ms); i++) {
                /* Its number has never been heard. */
                f->issuer.fleet->sign_clock++;
                f->issuer.fleet->sign_ahead_ms -= skews_ms[i];
                assert_int_equal(take_statements(f, 0), 0);
                expect_age(&f->member, 0);
                reboot(&f->member);
                assert_int_equal(take_statements(f, 0), 0);
                expect_age(&f->member, 0);
                /* What is known of the difference is used. */
                reboot(&f->member);
                reboot(&f->member);
                make_older(f->member.fleet, 24);
                assert_int_equal(take_statements(f, 4 * HOUR_MS), 0);
                expect_age(&f->member, 4 * HOUR_MS);
                assert_int_equal(take_statements(f, 0), 0);
                f->issuer.fleet->sign_ahead_ms += skews_ms[i];
        }
}

/* A clock that is days ahead after a start makes all look late, until it is set right. */
static void test_a_clock_that_is_set_right(void **state) {
        struct fixture *f = *state;

        assert_int_equal(take_statements(f, 0), 0);
        reboot(&f->member);
        set_by_s = 48 * 3600;
        unit_host_again(&f->member);
        reboot(&f->member);
        set_by_s = 72 * 3600;
        make_older(f->member.fleet, 96);
        assert_int_equal(take_statements(f, 0), 0);
        assert_true(age_ms(&f->member) > HOUR_MS);
        set_by_s = 0;
        assert_int_equal(take_statements(f, 0), 0);
        expect_age(&f->member, 0);
}

/* Statements by a clock that the issuer has given up count for nothing, also after a reboot. */
static void test_an_old_number(void **state) {
        struct fixture *f = *state;

        f->issuer.fleet->sign_clock = 5;
        assert_int_equal(take_statements(f, 0), 0);
        reboot(&f->member);
        reboot(&f->member); /* without having heard anything */
        make_older(f->member.fleet, 24);
        f->issuer.fleet->sign_clock = 4;
        assert_int_equal(take_statements(f, 0), 0);
        assert_true(age_ms(&f->member) > 20 * HOUR_MS);
        f->issuer.fleet->sign_clock = 6;
        assert_int_equal(take_statements(f, 0), 0);
        expect_age(&f->member, 0);
}

/* What the host signs about a group, as it is in the database. */
static void state(struct unit_host *h, size_t i, uint8_t out[static FRAME_STATE_LEN]) {
        uint8_t secret[SEAL_SECRET_LEN];

        assert_int_equal(mirror_key_source(h->dir, secret), 0);
        assert_int_equal(fleet_age_state(h->fleet, i, secret, out), 0);
}

/* An issuing host goes back to a copy of its store. Since then its clock has got ${numbers} more
 * numbers, and its time has been ${hours} ahead. In the database it finds what it has signed. */
static void go_back(struct fixture *f, uint32_t numbers, int64_t hours) {
        uint32_t number = f->issuer.fleet->sign_clock;
        struct fleet *fleet = f->issuer.fleet;
        uint8_t later[FRAME_STATE_LEN];

        assert_int_equal(fleet_age_keep(fleet, f->issuer.store->writer, true), 0);
        fleet->sign_clock += numbers;
        fleet->sign_ahead_ms += hours * HOUR_MS;
        assert_int_equal(take_statements(f, 0), 0);
        expect_age(&f->member, 0);
        state(&f->issuer, 0, later);
        unit_host_again(&f->issuer);
        fleet = f->issuer.fleet;
        assert_int_equal(fleet->sign_clock, number);
        make_older(f->member.fleet, 24);
        assert_int_equal(take_statements(f, 0), 0);
        assert_true(age_ms(&f->member) > HOUR_MS / 2);
        /* The copy may lack changes, too. */
        fleet->groups[0].group.number--;
        assert_int_equal(fleet_age_take(fleet, later, sizeof(later)), 0);
        fleet->groups[0].group.number++;
        number += numbers + 1;
        assert_int_equal(fleet->sign_clock, number);
        assert_int_equal(take_statements(f, 0), 0);
        expect_age(&f->member, 0);
        /* What it signs now is no reason to go on. */
        state(&f->issuer, 0, later);
        assert_int_equal(fleet_age_take(fleet, later, sizeof(later)), 0);
        assert_int_equal(fleet->sign_clock, number);
        assert_int_equal(fleet_age_keep(fleet, f->issuer.store->writer, false), 0);
        unit_host_again(&f->issuer);
        assert_int_equal(f->issuer.fleet->sign_clock, number);
        /* It is nothing to others. */
        assert_int_equal(fleet_age_take(f->member.fleet, later, sizeof(later)), 0);
        assert_int_equal(f->member.fleet->sign_clock, 1);
}

static void test_an_issuer_from_an_older_copy(void **state_) {
        struct fixture *f = *state_;
        uint8_t out[FRAME_STATE_LEN];
        struct frame_head head;

        go_back(f, 1, 0);
        go_back(f, 3, -1);
        go_back(f, 0, 1);
        /* The same by a change in the log. */
        state(&f->issuer, 0, out);
        assert_int_equal(frame_read(out, sizeof(out), &head), sizeof(out));
        head.clock += 5;
        fleet_age_note(f->issuer.fleet, &head);
        assert_int_equal(f->issuer.fleet->sign_clock, head.clock + 1);
}

/* The issuing host was down for so long, and boots with a wall clock that is set right soon. */
static void boot_after(struct fixture *f, int64_t down_s, int64_t wrong_s) {
        assert_int_equal(fleet_age_keep(f->issuer.fleet, f->issuer.store->writer, true), 0);
        unit_sql(f->issuer.store->path, "UPDATE fleet_clock SET boot = 'another'");
        passed_s += down_s;
        set_by_s = wrong_s;
        unit_host_again(&f->issuer);
        set_by_s = 0;
}

static void expect_current(struct fixture *f) {
        uint8_t out[FRAME_STATE_LEN];

        assert_int_equal(take_statements(f, 0), 0);
        assert_in_range(age_ms(&f->member), 0, 5000);
        for (size_t i = 0; fleet_group(f->issuer.fleet, i); i++) {
                state(&f->issuer, i, out);
                assert_int_equal(fleet_age_take(f->issuer.fleet, out, sizeof(out)), 0);
        }
}

/* An issuing host boots with a clock that is ahead, signs by that, and boots again with a clock
 * that is right, later than all that it has signed. Its time has gone back all the same. */
static void test_a_clock_that_was_ahead(void **state_) {
        static const int64_t ahead_s[] = { 300, 7200, 26 * 3600 };
        struct fixture *f = *state_;

        for (size_t i = 0; i < ARRAY_LEN(ahead_s); i++) {
                boot_after(f, 120, ahead_s[i]);
                expect_current(f);
                passed_s += 600;
                expect_current(f);
                boot_after(f, 2 * ahead_s[i] + 120, 0);
                expect_current(f);
                passed_s += 72 * 3600;
                expect_current(f);
                reboot(&f->member);
                expect_current(f);
        }
        assert_int_equal(f->issuer.fleet->sign_clock, 1 + ARRAY_LEN(ahead_s));
        /* Not without need. */
        for (int64_t wrong_s = -2; wrong_s <= 2; wrong_s++)
                boot_after(f, 600, wrong_s);
        assert_int_equal(f->issuer.fleet->sign_clock, 1 + ARRAY_LEN(ahead_s));
        expect_current(f);
}

static void expect_silence(const struct unit_host *h, int64_t want_ms) {
        size_t i;
        int64_t silence = clock_boot_ms() - fleet_age_silent(h->fleet, &i);

        if (silence < want_ms - HOUR_MS / 6 || silence > want_ms + HOUR_MS / 6)
                fail_msg("silent for %lld s, not %lld s", (long long) silence / 1000,
                         (long long) want_ms / 1000);
}

/* How long an issuing host has been silent does not begin anew with the daemon. A reboot takes as
 * long as the wall clock says, and at least as long as the host runs. */
static void test_silence_goes_on(void **state) {
        struct fixture *f = *state;
        struct fleet *fleet = f->member.fleet;
        int64_t booted_ms = clock_boot_ms();

        assert_int_equal(take_statements(f, 0), 0);
        expect_silence(&f->member, 0);
        for (size_t i = 0; i < fleet->n_groups; i++)
                fleet->groups[i].stated_ms[0] -= 5 * HOUR_MS;
        assert_int_equal(fleet_age_keep(fleet, f->member.store->writer, true), 0);
        for (unsigned i = 0; i < 2; i++) {
                unit_host_again(&f->member);
                expect_silence(&f->member, 5 * HOUR_MS);
        }
        reboot(&f->member);
        expect_silence(&f->member, 5 * HOUR_MS + booted_ms);
        set_by_s = booted_ms / 1000 + 3600;
        unit_host_again(&f->member);
        expect_silence(&f->member, 6 * HOUR_MS + booted_ms);
        /* The wall clock went back. */
        set_by_s = -24 * 3600;
        unit_host_again(&f->member);
        expect_silence(&f->member, 5 * HOUR_MS + booted_ms);
        set_by_s = 0;
        assert_int_equal(fleet_age_keep(f->member.fleet, f->member.store->writer, true), 0);
        unit_host_again(&f->member);
        expect_silence(&f->member, 5 * HOUR_MS + booted_ms);
        assert_int_equal(take_statements(f, 0), 0);
        expect_silence(&f->member, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_withheld_over_a_reboot, make_with_clock, drop),
                cmocka_unit_test_setup_teardown(test_withheld_over_many_reboots, make_with_clock,
                                                drop),
                cmocka_unit_test_setup_teardown(test_withheld_over_a_reboot_and_a_restart,
                                                make_with_clock, drop),
                cmocka_unit_test_setup_teardown(test_a_clock_that_is_set_right_and_a_reboot,
                                                make_with_clock, drop),
                cmocka_unit_test_setup_teardown(test_withheld_from_a_host_that_joins,
                                                make_with_clock, drop),
                cmocka_unit_test_setup_teardown(test_clocks_that_differ, make_with_clock, drop),
                cmocka_unit_test_setup_teardown(test_a_clock_that_is_set_right, make_with_clock,
                                                drop),
                cmocka_unit_test_setup_teardown(test_an_old_number, make_with_clock, drop),
                cmocka_unit_test_setup_teardown(test_a_clock_that_was_ahead, make_with_clock, drop),
                cmocka_unit_test_setup_teardown(test_an_issuer_from_an_older_copy, make_with_clock,
                                                drop),
                cmocka_unit_test_setup_teardown(test_silence_goes_on, make_with_clock, drop),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

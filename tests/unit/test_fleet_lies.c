/* SPDX-License-Identifier: BSD-2-Clause */
/* What a wfapikey-fleetd and a database that lie cannot do: have a change taken for another, hide a
 * revocation without that it shows as age, or have a revoked key come back. */
#include "unit_fleet_pair.h"

#include "base/clock.h"
#include "fleet/fleet_state.h"
#include "mirror/mirror_key.h"
#include "store/store_sweep.h"

static void make_again(struct fixture *f, struct key_record *key, struct fleet_change *ret,
                       struct store_delta **ret_delta) {
        struct store *writer = f->issuer.store->writer;

        assert_int_equal(store_delta_new(ret_delta), 0);
        store_delta_watch(writer, *ret_delta);
        assert_int_equal(store_begin(writer), 0);
        change_key(writer, key);
        assert_int_equal(fleet_change_make(f->issuer.fleet, writer, *ret_delta, ret), 0);
        store_rollback(writer);
        store_delta_watch(writer, NULL);
}

static int apply(struct fixture *f, const struct fleet_change *change,
                 const struct store_delta *delta) {
        struct fleet_news news;

        return fleet_change_apply(f->issuer.fleet, f->issuer.store->writer, change, delta, &news);
}

/* fleetd has said that a change failed, and keeps it. It gives it to the host in the place of the
 * next one, and says that the next one was committed. */
static void test_committed_is_another(void **state) {
        struct fixture *f = *state;
        struct key_record key = fleet_key(f, "all web");
        struct fleet_change made = {}, kept = {}, revoked = {};
        struct store_delta *one, *two;

        unit_host_change(&f->issuer, insert, &key, &made);
        memcpy(key.name, "another", 8);
        make_again(f, &key, &kept, &one);
        key.status = KEY_REVOKED;
        make_again(f, &key, &revoked, &two);
        for (size_t i = 0; i < kept.n; i++)
                assert_int_equal(unit_host_take(&f->issuer, &kept.frames[i]), 0);
        assert_int_equal(apply(f, &revoked, two), -ESTALE);
        assert_int_equal(get(&f->issuer, ID).status, KEY_ACTIVE);
        fleet_change_done(&made);
        fleet_change_done(&kept);
        fleet_change_done(&revoked);
        store_delta_free(one);
        store_delta_free(two);
}

/* The log can bring a change, or a part of it, before fleetd says that it is there. */
static void test_log_is_first(void **state) {
        struct fixture *f = *state;
        struct key_record key = fleet_key(f, "all web");
        struct fleet_change made = {}, revoked = {};
        struct store_delta *delta;

        unit_host_change(&f->issuer, insert, &key, &made);
        key.status = KEY_REVOKED;
        make_again(f, &key, &revoked, &delta);
        assert_int_equal(revoked.n, 2);
        /* what does not hold in the end does not count */
        revoked.frames[1].bytes[revoked.frames[1].len - 1] ^= 1;
        assert_int_equal(unit_host_take(&f->issuer, &revoked.frames[0]), 0);
        assert_int_equal(unit_host_take(&f->issuer, &revoked.frames[1]), -EBADMSG);
        revoked.frames[1].bytes[revoked.frames[1].len - 1] ^= 1;
        assert_int_equal(apply(f, &revoked, delta), 0);
        assert_int_equal(get(&f->issuer, ID).status, KEY_REVOKED);
        assert_int_equal(apply(f, &revoked, delta), 0);
        fleet_change_done(&made);
        fleet_change_done(&revoked);
        store_delta_free(delta);
}

/* A revocation that the database does not take must show as age on the other hosts. */
static void test_no_statement_before_the_outbox(void **state) {
        struct fixture *f = *state;
        struct store *writer = f->issuer.store->writer;
        struct store_fleet_revocation revocation = { .id = ID, .at = 1 };

        assert_int_equal(fleet_age_may_state(f->member.fleet, f->member.store->writer),
                         -EOPNOTSUPP);
        assert_int_equal(fleet_age_may_state(f->issuer.fleet, writer), 1);
        assert_int_equal(store_begin(writer), 0);
        assert_int_equal(store_fleet_put_revocation(writer, &revocation), 0);
        assert_int_equal(store_commit(writer), 0);
        assert_int_equal(fleet_age_may_state(f->issuer.fleet, writer), 0);
        assert_int_equal(store_begin(writer), 0);
        assert_int_equal(store_fleet_drop_revocation(writer, ID), 0);
        assert_int_equal(store_commit(writer), 0);
        assert_int_equal(fleet_age_may_state(f->issuer.fleet, writer), 1);
}

/* What was withheld until the daemon of a host starts again is as old as before. */
static void test_withheld_over_a_restart(void **state) {
        struct fixture *f = *state;

        assert_int_equal(take_statements(f, 0), 0);
        assert_in_range(age_ms(&f->member), 0, HOUR_MS / 2);
        assert_int_equal(fleet_age_keep(f->member.fleet, f->member.store->writer, true), 0);
        f->member.fleet->current_ms -= 3 * HOUR_MS;
        assert_int_equal(fleet_age_keep(f->member.fleet, f->member.store->writer, true), 0);
        unit_host_again(&f->member);
        assert_in_range(age_ms(&f->member), 5 * HOUR_MS / 2, 7 * HOUR_MS / 2);
        assert_int_equal(take_statements(f, 2 * HOUR_MS), 0);
        assert_in_range(age_ms(&f->member), 3 * HOUR_MS / 2, 5 * HOUR_MS / 2);
        assert_int_equal(take_statements(f, 0), 0);
        assert_in_range(age_ms(&f->member), 0, HOUR_MS / 2);
}

/* After a reboot the wall clock says how long that was, unless it went back. */
static void test_age_over_a_reboot(void **state) {
        struct fixture *f = *state;
        struct store *writer = f->member.store->writer;
        struct store_fleet_clock clock = { .boot = "another", .sign_clock = 1 };

        for (unsigned back = 0; back < 2; back++) {
                clock.wall_at = clock_now() + (back ? 600 : -7200);
                assert_int_equal(store_begin(writer), 0);
                assert_int_equal(store_fleet_put_clock(writer, &clock), 0);
                assert_int_equal(store_commit(writer), 0);
                unit_host_again(&f->member);
                if (back)
                        assert_true(fleet_age_current(f->member.fleet) == INT64_MIN);
                else
                        assert_in_range(age_ms(&f->member), 7000000, 7400000);
        }
}

/* Bytes whose end is not right are not taken at all. What was signed in their beginning must not
 * make the state look current: fleetd could do this for ever with a revocation in it. */
static void test_what_was_not_taken_proves_nothing(void **state) {
        struct fixture *f = *state;
        struct fleet *fleet = f->member.fleet;
        struct fleet_frame spoilt = {};
        struct life l = {};

        live(f, &l, "web");
        assert_int_equal(unit_host_take(&f->member, &l.made.frames[0]), 0);
        assert_int_equal(take_statements(f, 0), 0);
        fleet_find_group(fleet, "web")->current_ms -= 3 * HOUR_MS;
        fleet->current_ms -= 3 * HOUR_MS;
        memcpy(spoilt.group, "web", sizeof("web"));
        spoilt.len = l.renamed.frames[0].len + FRAME_STATE_LEN;
        spoilt.bytes = calloc(1, spoilt.len);
        assert_non_null(spoilt.bytes);
        memcpy(spoilt.bytes, l.renamed.frames[0].bytes, l.renamed.frames[0].len);
        assert_int_equal(unit_host_take(&f->member, &spoilt), -EMEDIUMTYPE);
        assert_string_not_equal(get(&f->member, ID).name, "another");
        assert_in_range(age_ms(&f->member), 5 * HOUR_MS / 2, 7 * HOUR_MS / 2);
        assert_int_equal(unit_host_take(&f->member, &l.renamed.frames[0]), 0);
        assert_in_range(age_ms(&f->member), 0, HOUR_MS / 2);
        free(spoilt.bytes);
        end(&l);
}

/* An issuing host that leaves and comes again has the same key. Others know the number of its clock
 * and what it has signed by that. */
static void test_the_clock_outlasts_a_fleet(void **state) {
        struct fixture *f = *state;
        struct fleet *fleet = f->issuer.fleet;
        struct store *writer = f->issuer.store->writer;
        int64_t signed_at_ms;

        fleet->sign_clock = 5;
        fleet->sign_ahead_ms += 2 * HOUR_MS;
        signed_at_ms = fleet_age_sign_time(fleet);
        assert_int_equal(fleet_join_leave(fleet, writer, &unit_fleet_record), 0);
        unit_host_init(&f->issuer, "hub");
        assert_true(fleet_age_current(fleet) == INT64_MIN);
        assert_int_equal(fleet->sign_clock, 5);
        assert_true(fleet_age_sign_time(fleet) >= signed_at_ms);
        unit_host_again(&f->issuer);
        assert_int_equal(f->issuer.fleet->sign_clock, 5);
        assert_true(fleet_age_sign_time(f->issuer.fleet) >= signed_at_ms);
}

/* A host that has just begun or come into a fleet remembers what it signs by. */
static void test_the_clock_is_kept_at_once(void **state) {
        struct fixture *f = *state;

        for (unsigned i = 0; i < 2; i++)
                assert_int_equal(unit_sql_number((i ? f->member : f->issuer).store->path,
                                                 "SELECT sign_clock FROM fleet_clock"),
                                 1);
}

/* A key that a member has revoked for itself does not come back when it is purged there. */
static void test_sticky_when_purged(void **state) {
        struct fixture *f = *state;
        struct store *writer = f->member.store->writer;
        struct key_record key;
        struct life l = {};

        live(f, &l, "web");
        assert_int_equal(unit_host_take(&f->member, &l.made.frames[0]), 0);
        key = get(&f->member, ID);
        key.status = KEY_REVOKED;
        key.dead_at = 1;
        assert_int_equal(store_begin(writer), 0);
        assert_int_equal(store_key_update(writer, &key), 0);
        assert_int_equal(store_sweep_purge_dead(writer, 2, 10), 1);
        assert_int_equal(store_commit(writer), 0);
        assert_int_equal(unit_host_take(&f->member, &l.renamed.frames[0]), 0);
        assert_int_equal(store_key_get(writer, ID, &key), -ENOENT);
        end(&l);
}

static int send_revocation(const struct store_fleet_revocation *revocation, void *userdata) {
        return store_delta_touch(userdata, revocation->id);
}

/* A revocation waits for the database for longer than dead keys are kept. What it says is kept
 * until it is sent, and the sweep does not wait for it. */
static void test_a_revocation_that_waits_for_long(void **state) {
        struct fixture *f = *state;
        struct store *writer = f->issuer.store->writer;
        struct key_record key = fleet_key(f, "web");
        struct store_fleet_revocation revocation = { .id = ID, .at = 1 };
        struct fleet_change made = {}, late = {};
        struct store_delta *delta = NULL;
        int64_t at;

        unit_host_change(&f->issuer, insert, &key, &made);
        assert_int_equal(unit_host_take(&f->member, &made.frames[0]), 0);
        key = get(&f->issuer, ID);
        key.status = KEY_REVOKED;
        key.dead_at = 1;
        assert_int_equal(store_begin(writer), 0);
        assert_int_equal(store_key_update(writer, &key), 0);
        assert_int_equal(store_fleet_put_revocation(writer, &revocation), 0);
        assert_int_equal(store_sweep_purge_dead(writer, 2, 10), 0);
        assert_int_equal(store_sweep_next(writer, STORE_SWEEP_DEAD, 0, &at), -ENOENT);
        assert_int_equal(store_commit(writer), 0);

        assert_int_equal(store_delta_new(&delta), 0);
        store_delta_watch(writer, delta);
        assert_int_equal(store_begin(writer), 0);
        assert_int_equal(store_fleet_each_revocation(writer, send_revocation, writer), 0);
        assert_int_equal(fleet_change_make(f->issuer.fleet, writer, delta, &late), 0);
        store_rollback(writer);
        store_delta_watch(writer, NULL);
        assert_int_equal(apply(f, &late, delta), 0);
        assert_int_equal(unit_host_take(&f->member, &late.frames[0]), 0);
        assert_int_equal(get(&f->member, ID).status, KEY_REVOKED);

        assert_int_equal(store_begin(writer), 0);
        assert_int_equal(store_fleet_drop_revocation(writer, ID), 0);
        assert_int_equal(store_sweep_next(writer, STORE_SWEEP_DEAD, 0, &at), 0);
        assert_int_equal(store_sweep_purge_dead(writer, 2, 10), 1);
        assert_int_equal(store_commit(writer), 0);
        fleet_change_done(&made);
        fleet_change_done(&late);
        store_delta_free(delta);
}

/* A database hides what one of two issuing hosts says. The state stays current by the other one,
 * and the first one shows as silent, also when it is heard in another group. */
static void test_one_issuer_is_hidden(void **state) {
        struct fixture *f = *state;
        struct fleet *fleet = f->member.fleet;
        struct unit_host second = {};
        struct fleet_change invite = {};
        size_t i = 9;

        unit_host_make(&second, 3);
        unit_host_invite(&f->issuer, &second, "hub2", "all web", true, &invite);
        assert_int_equal(unit_host_take(&f->member, &invite.frames[0]), 0);
        assert_int_equal(take_statements(f, 0), 0);
        for (size_t k = 0; k < fleet->n_groups; k++)
                for (size_t n = 0; n < 2; n++)
                        fleet->groups[k].stated_ms[n] -= 2 * HOUR_MS;
        assert_int_equal(take_statements(f, 0), 0);
        assert_in_range(age_ms(&f->member), 0, HOUR_MS / 2);
        assert_in_range(clock_boot_ms() - fleet_age_silent(fleet, &i), HOUR_MS, 3 * HOUR_MS);
        assert_string_equal(fleet_issuer(fleet, i)->host, "hub2");
        fleet_find_group(fleet, "web")->stated_ms[i] = clock_boot_ms();
        assert_in_range(clock_boot_ms() - fleet_age_issuer(fleet, i), HOUR_MS, 3 * HOUR_MS);
        assert_int_equal(fleet_load(fleet, f->member.store->writer), 0);
        assert_in_range(clock_boot_ms() - fleet_age_issuer(fleet, i), HOUR_MS, 3 * HOUR_MS);
        fleet_change_done(&invite);
        unit_host_drop(&second);
}

/* A fleetd that was killed amid a change is followed by one that begins with a whole one. */
static void test_new_fleetd(void **state) {
        struct fixture *f = *state;
        struct fleet_frame half;
        struct life l = {};

        live(f, &l, "web");
        half = l.made.frames[0];
        half.len = 0;
        assert_int_equal(unit_host_take(&f->member, &half), 0);
        half.len = 200;
        assert_int_equal(unit_host_take(&f->member, &half), 0);
        fleet_apply_forget(f->member.fleet);
        assert_int_equal(unit_host_take(&f->member, &l.made.frames[0]), 0);
        end(&l);
}

/* A fleetd that was taken over begins changes and ends none. The daemon keeps one of them. */
static void test_unfinished_changes(void **state) {
        struct fixture *f = *state;
        struct fleet *fleet = f->member.fleet;
        struct fleet_frame half = {};
        struct life l = {};

        live(f, &l, "all web");
        for (size_t i = 0; i < l.made.n; i++) {
                half = l.made.frames[i];
                half.len = 200;
                assert_int_equal(unit_host_take(&f->member, &half), 0);
                assert_string_equal(fleet->part_group, half.group);
                assert_int_equal(fleet->part_len, 200);
        }
        half = l.made.frames[0];
        half.bytes += 200;
        half.len -= 200;
        assert_true(unit_host_take(&f->member, &half) < 0);
        for (size_t i = 0; i < l.made.n; i++)
                assert_int_equal(unit_host_take(&f->member, &l.made.frames[i]), 0);
        assert_null(fleet->part);
        end(&l);
}

/* A change that says of itself that it is as long as one may be. */
static void test_the_longest_change(void **state) {
        struct fixture *f = *state;
        struct fleet_frame frame = { .group = "web", .len = 49152 };
        uint8_t bytes[49152] = {};
        struct life l = {};
        int r = 0;

        live(f, &l, "web");
        memcpy(bytes, l.made.frames[0].bytes, 188);
        bytes_put(bytes + 184, 4, FRAME_BODY_MAX);
        frame.bytes = bytes;
        for (unsigned i = 0; r == 0 && i < 100; i++) {
                r = unit_host_take(&f->member, &frame);
                assert_in_range(f->member.fleet->part_size, 0, FRAME_BODY_MAX + FRAME_EXTRA);
                memset(bytes, 0, 188);
        }
        assert_int_equal(r, -EBADMSG);
        assert_null(f->member.fleet->part);
        end(&l);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_committed_is_another, make, drop),
                cmocka_unit_test_setup_teardown(test_log_is_first, make, drop),
                cmocka_unit_test_setup_teardown(test_no_statement_before_the_outbox, make, drop),
                cmocka_unit_test_setup_teardown(test_withheld_over_a_restart, make, drop),
                cmocka_unit_test_setup_teardown(test_age_over_a_reboot, make, drop),
                cmocka_unit_test_setup_teardown(test_the_clock_outlasts_a_fleet, make, drop),
                cmocka_unit_test_setup_teardown(test_the_clock_is_kept_at_once, make, drop),
                cmocka_unit_test_setup_teardown(test_what_was_not_taken_proves_nothing, make, drop),
                cmocka_unit_test_setup_teardown(test_sticky_when_purged, make, drop),
                cmocka_unit_test_setup_teardown(test_a_revocation_that_waits_for_long, make, drop),
                cmocka_unit_test_setup_teardown(test_one_issuer_is_hidden, make, drop),
                cmocka_unit_test_setup_teardown(test_new_fleetd, make, drop),
                cmocka_unit_test_setup_teardown(test_unfinished_changes, make, drop),
                cmocka_unit_test_setup_teardown(test_the_longest_change, make, drop),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

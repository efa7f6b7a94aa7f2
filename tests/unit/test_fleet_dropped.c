/* SPDX-License-Identifier: BSD-2-Clause */
/* What an issuing host has left behind that is not believed any more, and what the fleet has
 * forgotten when it goes on from an older state: hosts that know better keep what ends access. */
#include "unit_snapshot.h"

#include "store/store_key.h"
#include "store/store_stmt.h"

static char k[] = "aaaaaaaaaa", other[] = "cccccccccc";

struct two {
        struct unit_host second;
        struct fleet_change invite;
};

/* A second issuing host, hub2. */
static void begin(struct fixture *f, struct two *t) {
        unit_host_make(&t->second, 3);
        unit_host_invite(&f->issuer, &t->second, "hub2", "all mail web", true, &t->invite);
        resync(&f->member, &f->issuer, "all");
        resync(&t->second, &f->issuer, "all");
}

static void done(struct two *t) {
        fleet_change_done(&t->invite);
        unit_host_drop(&t->second);
}

/* hub says it, and ${to} hears of it, unless that is NULL. */
static void say(struct fixture *f, int (*make_change)(struct fixture *f, struct fleet_change *ret),
                struct unit_host *to) {
        struct fleet_change change = {};
        struct fleet_news news;

        assert_int_equal(make_change(f, &change), 0);
        assert_int_equal(
                fleet_change_apply(f->issuer.fleet, f->issuer.store->writer, &change, NULL, &news),
                0);
        if (to)
                assert_int_equal(unit_host_take(to, unit_frame_of(&change, "all")), 0);
        fleet_change_done(&change);
}

static int drop_second(struct fixture *f, struct fleet_change *ret) {
        return fleet_hosts_drop(f->issuer.fleet, f->issuer.store->writer, "hub2", ret);
}

static int move_second(struct fixture *f, const char *groups, bool issuing,
                       struct fleet_change *ret) {
        struct fleet_move move = { .host = "hub2", .issuing = issuing };

        (void) snprintf(move.groups, sizeof(move.groups), "%s", groups);
        return fleet_hosts_move(f->issuer.fleet, f->issuer.store->writer, &move, ret);
}

static int demote_second(struct fixture *f, struct fleet_change *ret) {
        return move_second(f, "all mail web", false, ret);
}

static int demote_second_to_all(struct fixture *f, struct fleet_change *ret) {
        return move_second(f, "all", false, ret);
}

static int promote_second(struct fixture *f, struct fleet_change *ret) {
        return move_second(f, "all mail web", true, ret);
}

static bool believes(struct unit_host *h, const struct unit_host *issuer) {
        uint8_t secret[SEAL_SECRET_LEN], public[SEAL_PUBLIC_LEN];

        assert_int_equal(mirror_key_source(issuer->dir, secret), 0);
        seal_source_of(secret, public);
        return fleet_find_issuer(h->fleet, public) != NULL;
}

/* --- Keys that no snapshot would remove --- */

static void insert_born_last(struct store *writer, void *userdata) {
        insert(writer, userdata);
        assert_int_equal(store_stmt_exec(writer->db, "UPDATE key SET born = '9223372036854775807 "
                                                     "9223372036854775807'"),
                         0);
}

/* hub2 gives the member a key that hub never sees. Then hub2 is dropped. */
static void give_and_drop(struct fixture *f, struct two *t, const char *hosts) {
        struct key_record key = fleet_key(f, other, hosts);
        struct fleet_change made = {};

        begin(f, t);
        unit_host_change(&t->second, insert_born_last, &key, &made);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&made, "web")), 0);
        assert_int_equal(status_of(&f->member, other), KEY_ACTIVE);
        fleet_change_done(&made);
        say(f, drop_second, &f->member);
}

static void test_a_key_born_at_the_end_of_time(void **state_) {
        struct fixture *f = *state_;
        struct two t = {};
        struct pages p;

        give_and_drop(f, &t, "web");
        snapshot(&f->issuer, "web", true, &p);
        take_all(&f->member, &p);
        assert_int_equal(status_of(&f->member, other), -ENOENT);
        done(&t);
}

/* In a group whose log has not brought it. */
static void test_a_key_born_elsewhere(void **state_) {
        struct fixture *f = *state_;
        struct two t = {};
        struct pages p;

        give_and_drop(f, &t, "mail web");
        snapshot(&f->issuer, "mail", true, &p);
        take_all(&f->member, &p);
        assert_int_equal(status_of(&f->member, other), -ENOENT);
        done(&t);
}

/* The same where the host hears of the end by a snapshot. */
static void test_a_key_born_elsewhere_and_a_snapshot(void **state_) {
        struct fixture *f = *state_;
        struct key_record key = fleet_key(f, other, "mail web");
        struct fleet_change made = {};
        struct two t = {};
        struct pages p;

        begin(f, &t);
        unit_host_change(&t.second, insert_born_last, &key, &made);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&made, "web")), 0);
        fleet_change_done(&made);
        say(f, drop_second, NULL);
        resync(&f->member, &f->issuer, "all");
        snapshot(&f->issuer, "mail", true, &p);
        take_all(&f->member, &p);
        assert_int_equal(status_of(&f->member, other), -ENOENT);
        done(&t);
}

/* A host that is not in a group yet knows nothing of its numbers. When it comes into the group and
 * gets a snapshot of before the key, that does not remove the key. */
static void test_a_good_key_of_a_group_to_come(void **state_) {
        struct fixture *f = *state_;
        struct fleet_move move = { .host = "web3", .groups = "all mail web" };
        struct key_record key = fleet_key(f, k, "mail web");
        struct fleet_change invite = {}, made = {}, moved = {};
        struct unit_host third = {};
        struct fleet_news news;
        struct two t = {};
        struct pages p;

        begin(f, &t);
        unit_host_make(&third, 4);
        unit_host_invite(&f->issuer, &third, "web3", "all web", false, &invite);
        resync(&third, &f->issuer, "all");
        issue(f, other, "mail");
        snapshot(&f->issuer, "mail", false, &p);
        unit_host_change(&f->issuer, insert, &key, &made);
        assert_int_equal(unit_host_take(&third, unit_frame_of(&made, "web")), 0);
        say(f, drop_second, &third);
        assert_int_equal(fleet_hosts_move(f->issuer.fleet, f->issuer.store->writer, &move, &moved),
                         0);
        assert_int_equal(
                fleet_change_apply(f->issuer.fleet, f->issuer.store->writer, &moved, NULL, &news),
                0);
        assert_int_equal(unit_host_take(&third, &moved.frames[0]), 0);
        take_all(&third, &p);
        assert_int_equal(status_of(&third, k), KEY_ACTIVE);
        assert_int_equal(unit_host_take(&third, unit_frame_of(&made, "mail")), 0);
        assert_int_equal(status_of(&third, k), KEY_ACTIVE);
        fleet_change_done(&invite);
        fleet_change_done(&made);
        fleet_change_done(&moved);
        unit_host_drop(&third);
        done(&t);
}

/* --- Issuing hosts --- */

/* hub3 has the store of before hub2 was dropped. */
static void test_a_dropped_issuer_after_a_rebase(void **state_) {
        struct fixture *f = *state_;
        struct unit_host third = {};
        struct fleet_change invite = {};
        struct two t = {};
        struct pages p;

        begin(f, &t);
        unit_host_make(&third, 4);
        unit_host_invite(&f->issuer, &third, "hub3", "all mail web", true, &invite);
        resync(&third, &f->issuer, "all");
        resync(&f->member, &f->issuer, "all");
        say(f, drop_second, &f->member);
        assert_false(believes(&f->member, &t.second));
        snapshot(&third, "all", true, &p);
        take_all(&f->member, &p);
        assert_false(believes(&f->member, &t.second));
        assert_true(believes(&f->member, &third));
        assert_true(believes(&f->member, &f->issuer));
        fleet_change_done(&invite);
        unit_host_drop(&third);
        done(&t);
}

/* An administrator has let hub2 issue again, and the member hears of that by a snapshot. */
static void test_an_issuer_that_issues_again(void **state_) {
        struct fixture *f = *state_;
        struct two t = {};

        begin(f, &t);
        say(f, demote_second, &f->member);
        assert_false(believes(&f->member, &t.second));
        say(f, promote_second, NULL);
        resync(&f->member, &f->issuer, "all");
        assert_true(believes(&f->member, &t.second));
        say(f, demote_second, &f->member);
        assert_false(believes(&f->member, &t.second));
        say(f, promote_second, &f->member);
        assert_true(believes(&f->member, &t.second));
        resync(&t.second, &f->issuer, "all");
        assert_true(fleet_self(t.second.fleet)->issuing);
        done(&t);
}

/* --- A rebase that never came to be --- */

/* An administrator has ordered it, and fleetd keeps what was signed. The fleet goes on. */
static void test_a_rebase_that_is_kept(void **state_) {
        struct fixture *f = *state_;
        struct pages p;

        issue(f, k, "web");
        resync(&f->member, &f->issuer, "web");
        snapshot(&f->issuer, "web", true, &p);
        issue(f, other, "web");
        resync(&f->member, &f->issuer, "web");
        f->issuer.fleet->sign_ahead_ms += INT64_C(7200000);
        hear(&f->member, &f->issuer, "web");
        hear(&f->issuer, &f->issuer, "web");
        assert_int_equal(unit_host_take(&f->member, &p.pages[0]), -ESTALE);
        assert_int_equal(unit_host_take(&f->issuer, &p.pages[0]), -ESTALE);
        assert_int_equal(status_of(&f->member, other), KEY_ACTIVE);
        end(&p);
        /* The next one counts, while heads are signed meanwhile. */
        snapshot(&f->issuer, "web", true, &p);
        f->issuer.fleet->sign_ahead_ms += INT64_C(600000);
        hear(&f->member, &f->issuer, "web");
        take_all(&f->member, &p);
}

/* --- Policies --- */

static void set(struct unit_host *h, const char *name, int64_t value, struct unit_host *to) {
        struct store *writer = h->store->writer;
        struct fleet_change change = {};
        struct store_delta *delta = NULL;
        struct fleet_news news;

        assert_int_equal(store_delta_new(&delta), 0);
        store_delta_widen(delta);
        store_delta_watch(writer, delta);
        assert_int_equal(store_begin(writer), 0);
        assert_int_equal(store_policy_set(writer, name, value, 1800000000), 0);
        assert_int_equal(fleet_change_make(h->fleet, writer, delta, &change), 0);
        store_rollback(writer);
        store_delta_watch(writer, NULL);
        assert_int_equal(fleet_change_apply(h->fleet, writer, &change, delta, &news), 0);
        if (to)
                assert_int_equal(unit_host_take(to, &change.frames[0]), 0);
        assert_null(store_delta_free(delta));
        fleet_change_done(&change);
}

static int64_t policy(const struct unit_host *h, const char *name) {
        char sql[128];

        (void) snprintf(sql, sizeof(sql),
                        "SELECT ifnull((SELECT value FROM policy WHERE name = '%s'), -1)", name);
        return unit_sql_number(h->store->path, sql);
}

/* A policy of the fleet that is in lost changes alone is of no host any more. */
static void test_a_policy_that_was_lost(void **state_) {
        struct fixture *f = *state_;
        struct two t = {};
        struct pages p;

        begin(f, &t);
        set(&f->issuer, "max-keys-per-user", 7, &f->member); /* hub2 does not hear of it */
        assert_int_equal(policy(&f->member, "max-keys-per-user"), 7);
        snapshot(&t.second, "all", true, &p);
        take_all(&f->member, &p);
        assert_int_equal(policy(&f->member, "max-keys-per-user"), -1);
        done(&t);
}

/* Policies go with the last page, and not before. */
static void test_a_snapshot_that_breaks_off_keeps_policies(void **state_) {
        struct fixture *f = *state_;
        struct key_record key = fleet_key(f, k, "all");
        struct pages p;

        set(&f->issuer, "max-keys-per-user", 7, NULL);
        resync(&f->member, &f->issuer, "all");
        unit_sql(f->issuer.store->path, "DELETE FROM policy");
        assert_int_equal(store_begin(f->issuer.store->writer), 0);
        for (unsigned i = 0; i < 2 * STORE_PAGE_KEYS; i++) {
                (void) snprintf(key.id, sizeof(key.id), "k%09u", i % 100000);
                assert_int_equal(store_key_insert(f->issuer.store->writer, &key), 0);
        }
        assert_int_equal(store_commit(f->issuer.store->writer), 0);
        snapshot(&f->issuer, "all", true, &p);
        assert_in_range(p.n, 2, PAGES_MAX);
        assert_int_equal(unit_host_take(&f->member, &p.pages[0]), 0);
        assert_int_equal(policy(&f->member, "max-keys-per-user"), 7);
        take_all(&f->member, &p);
        assert_int_equal(policy(&f->member, "max-keys-per-user"), -1);
}

/* All keys were removed, and the host that goes on does not know. */
static void test_a_removal_of_all_keys_that_was_lost(void **state_) {
        struct fixture *f = *state_;
        struct store *writer = f->issuer.store->writer;
        int64_t epoch = RECORD_FLEET_EPOCH, next = RECORD_FLEET_EPOCH;
        struct two t = {};
        struct pages p;

        begin(f, &t);
        assert_int_equal(store_fleet_epoch(writer, &epoch), 0);
        assert_in_range(epoch, RECORD_FLEET_EPOCH + 1, RECORD_FLEET_EPOCH + 100);
        set(&f->issuer, "fleet-epoch", epoch + 1, &f->member);
        snapshot(&t.second, "all", true, &p);
        for (size_t i = 0; i < p.n; i++) {
                assert_int_equal(unit_host_take(&t.second, &p.pages[i]), 0);
                assert_int_equal(unit_host_take(&f->issuer, &p.pages[i]), 0);
        }
        take_all(&f->member, &p);
        assert_int_equal(policy(&f->member, "fleet-epoch"), epoch + 1);
        /* Keys of hub2 from now on are good there. */
        assert_int_equal(store_fleet_epoch(t.second.store->writer, &next), 0);
        assert_true(next > epoch + 1);
        /* hub tells it again, and says before that that something is missing. */
        assert_int_equal(store_fleet_epoch_waits(writer), 1);
        assert_int_equal(fleet_age_may_state(f->issuer.fleet, writer), 0);
        set(&f->issuer, "fleet-epoch", epoch + 1, &t.second);
        assert_int_equal(store_fleet_epoch_waits(writer), 0);
        assert_int_equal(policy(&t.second, "fleet-epoch"), epoch + 1);
        done(&t);
}

/* --- Revocations that wait --- */

static int64_t count_waiting(const struct unit_host *h) {
        return unit_sql_number(h->store->path, "SELECT count(*) FROM fleet_outbox");
}

/* A key of the group web was revoked on hub2, and the database has not heard of it. */
static void begin_waiting(struct fixture *f, struct two *t) {
        struct store_fleet_revocation revocation = { .at = 1 };
        struct key_record key = fleet_key(f, k, "web");
        struct fleet_change made = {};

        begin(f, t);
        unit_host_change(&f->issuer, insert, &key, &made);
        assert_int_equal(unit_host_take(&t->second, unit_frame_of(&made, "web")), 0);
        here(&t->second, revoke_key, k);
        memcpy(revocation.id, k, sizeof(k));
        assert_int_equal(store_begin(t->second.store->writer), 0);
        assert_int_equal(store_fleet_put_revocation(t->second.store->writer, &revocation), 0);
        assert_int_equal(store_commit(t->second.store->writer), 0);
        fleet_change_done(&made);
}

/* hub2 does not issue any more, and cannot tell the fleet. It waits until the fleet knows. */
static void waiting(struct fixture *f, void (*body)(struct store *, void *)) {
        struct fleet_change ended = {};
        struct two t = {};

        begin_waiting(f, &t);
        say(f, demote_second, &t.second);
        assert_false(fleet_self(t.second.fleet)->issuing);
        assert_int_equal(count_waiting(&t.second), 1);
        unit_host_change(&f->issuer, body, k, &ended);
        assert_int_equal(unit_host_take(&t.second, unit_frame_of(&ended, "web")), 0);
        assert_int_equal(count_waiting(&t.second), 0);
        fleet_change_done(&ended);
        done(&t);
}

static void test_a_waiting_revocation_that_the_fleet_knows(void **state_) {
        waiting(*state_, revoke_key);
}

static void test_a_waiting_revocation_of_a_removed_key(void **state_) {
        waiting(*state_, remove_key);
}

static int send_key(const struct store_fleet_revocation *revocation, void *userdata) {
        return store_delta_touch(userdata, revocation->id);
}

static void send_all(struct store *writer, void *unused) {
        (void) unused;
        assert_int_equal(store_fleet_each_revocation(writer, send_key, writer), 0);
}

/* hub2 is a member without the key's group for a while, and issues again. */
static void test_a_waiting_revocation_and_a_group_that_was_left(void **state_) {
        struct fixture *f = *state_;
        struct fleet_change told = {};
        struct two t = {};

        begin_waiting(f, &t);
        say(f, demote_second_to_all, &t.second);
        assert_null(fleet_find_group(t.second.fleet, "web"));
        assert_int_equal(status_of(&t.second, k), KEY_REVOKED);
        say(f, promote_second, &t.second);
        resync(&t.second, &f->issuer, "web");
        assert_int_equal(status_of(&t.second, k), KEY_REVOKED);
        assert_int_equal(count_waiting(&t.second), 1);
        unit_host_change(&t.second, send_all, NULL, &told);
        assert_int_equal(unit_host_take(&f->issuer, unit_frame_of(&told, "web")), 0);
        assert_int_equal(status_of(&f->issuer, k), KEY_REVOKED);
        fleet_change_done(&told);
        done(&t);
}

/* As the daemon does. */
static void revoke_as_member(struct store *writer, void *userdata) {
        struct key_record key;

        revoke_key(writer, userdata);
        assert_int_equal(store_key_get(writer, userdata, &key), 0);
        assert_int_equal(store_fleet_note_revoked(writer, &key), 0);
}

/* hub2 has revoked a key for itself alone, as a member. In its snapshots it is revoked for all. */
static void test_what_a_member_has_revoked(void **state_) {
        struct fixture *f = *state_;
        struct key_record one = fleet_key(f, k, "web"), two = fleet_key(f, other, "web");
        struct fleet_change made[2] = {}, told = {};
        struct two t = {};

        begin(f, &t);
        say(f, demote_second, &t.second);
        unit_host_change(&f->issuer, insert, &one, &made[0]);
        unit_host_change(&f->issuer, insert, &two, &made[1]);
        for (size_t i = 0; i < 2; i++)
                assert_int_equal(unit_host_take(&t.second, unit_frame_of(&made[i], "web")), 0);
        here(&t.second, revoke_as_member, k);
        unit_host_again(&t.second);
        assert_int_equal(count_waiting(&t.second), 0);
        say(f, promote_second, &t.second);
        assert_true(fleet_self(t.second.fleet)->issuing);
        assert_int_equal(count_waiting(&t.second), 1);
        assert_int_equal(fleet_age_may_state(t.second.fleet, t.second.store->writer), 0);
        unit_host_change(&t.second, send_all, NULL, &told);
        assert_int_equal(count_waiting(&t.second), 0);
        assert_int_equal(unit_host_take(&f->issuer, unit_frame_of(&told, "web")), 0);
        assert_int_equal(status_of(&f->issuer, k), KEY_REVOKED);
        assert_int_equal(status_of(&f->issuer, other), KEY_ACTIVE);
        /* Once. */
        say(f, demote_second, &t.second);
        say(f, promote_second, &t.second);
        assert_int_equal(count_waiting(&t.second), 0);
        fleet_change_done(&made[0]);
        fleet_change_done(&made[1]);
        fleet_change_done(&told);
        done(&t);
}

/* --- Forks --- */

/* Both issuing hosts have made a change with one number. */
static void test_a_fork_of_equal_length_shows(void **state_) {
        struct fixture *f = *state_;
        struct key_record one = fleet_key(f, k, "web"), two = fleet_key(f, other, "web");
        struct fleet_change made = {}, lost = {};
        uint8_t head[FRAME_STATE_LEN];
        const char *host;
        struct two t = {};

        begin(f, &t);
        unit_host_change(&f->issuer, insert, &one, &lost);
        unit_host_change(&t.second, insert, &two, &made);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&made, "web")), 0);
        assert_null(fleet_age_fork(f->member.fleet, &host));
        assert_int_equal(state(&f->issuer, "web", head), 0);
        assert_int_equal(fleet_age_take(f->member.fleet, head, sizeof(head)), -ESTALE);
        assert_string_equal(fleet_age_fork(f->member.fleet, &host), "web");
        assert_string_equal(host, "hub");
        hear(&f->member, &t.second, "web");
        assert_non_null(fleet_age_fork(f->member.fleet, &host));
        fleet_change_done(&made);
        unit_host_change(&t.second, revoke_key, other, &made);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&made, "web")), 0);
        assert_null(fleet_age_fork(f->member.fleet, &host));
        fleet_change_done(&made);
        fleet_change_done(&lost);
        done(&t);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_a_key_born_at_the_end_of_time, make, drop),
                cmocka_unit_test_setup_teardown(test_a_key_born_elsewhere, make, drop),
                cmocka_unit_test_setup_teardown(test_a_key_born_elsewhere_and_a_snapshot, make,
                                                drop),
                cmocka_unit_test_setup_teardown(test_a_good_key_of_a_group_to_come, make, drop),
                cmocka_unit_test_setup_teardown(test_a_dropped_issuer_after_a_rebase, make, drop),
                cmocka_unit_test_setup_teardown(test_an_issuer_that_issues_again, make, drop),
                cmocka_unit_test_setup_teardown(test_a_rebase_that_is_kept, make, drop),
                cmocka_unit_test_setup_teardown(test_a_policy_that_was_lost, make, drop),
                cmocka_unit_test_setup_teardown(test_a_snapshot_that_breaks_off_keeps_policies,
                                                make, drop),
                cmocka_unit_test_setup_teardown(test_a_removal_of_all_keys_that_was_lost, make,
                                                drop),
                cmocka_unit_test_setup_teardown(test_a_waiting_revocation_that_the_fleet_knows,
                                                make, drop),
                cmocka_unit_test_setup_teardown(test_a_waiting_revocation_of_a_removed_key, make,
                                                drop),
                cmocka_unit_test_setup_teardown(test_a_waiting_revocation_and_a_group_that_was_left,
                                                make, drop),
                cmocka_unit_test_setup_teardown(test_what_a_member_has_revoked, make, drop),
                cmocka_unit_test_setup_teardown(test_a_fork_of_equal_length_shows, make, drop),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

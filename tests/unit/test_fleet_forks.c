/* SPDX-License-Identifier: BSD-2-Clause */
/* A database loses changes, and the fleet goes on from another host: keys, groups and issuing hosts
 * have two histories then. What was revoked or removed in one of them is not good again. */
#include <limits.h>

#include "unit_snapshot.h"

#include "keys/sweep.h"
#include "store/store_key.h"

static char k[] = "aaaaaaaaaa", other[] = "cccccccccc";

static void rename_key(struct store *writer, void *userdata) {
        struct key_record key;

        assert_int_equal(store_key_get(writer, userdata, &key), 0);
        key.name[0]++;
        assert_int_equal(store_key_update(writer, &key), 0);
}

static void change_of(struct unit_host *by, void (*body)(struct store *, void *), void *userdata,
                      struct unit_host *to, const char *group) {
        struct fleet_change change = {};

        unit_host_change(by, body, userdata, &change);
        if (to)
                assert_int_equal(unit_host_take(to, unit_frame_of(&change, group)), 0);
        fleet_change_done(&change);
}

struct two {
        struct unit_host second;
        struct fleet_change invite;
};

/* Second issuing host; the key in web on hub, hub2 and the member. */
static void begin(struct fixture *f, struct two *t) {
        struct key_record key = fleet_key(f, k, "web");
        struct fleet_change made = {};

        unit_host_make(&t->second, 3);
        unit_host_invite(&f->issuer, &t->second, "hub2", "all mail web", true, &t->invite);
        resync(&f->member, &f->issuer, "all");
        resync(&t->second, &f->issuer, "all");
        unit_host_change(&f->issuer, insert, &key, &made);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&made, "web")), 0);
        assert_int_equal(unit_host_take(&t->second, unit_frame_of(&made, "web")), 0);
        fleet_change_done(&made);
}

static void done(struct two *t) {
        fleet_change_done(&t->invite);
        unit_host_drop(&t->second);
}

/* The change of hub is lost with a standby that lagged; hub2 goes on and revokes. */
static void test_a_tie_hides_a_revocation(void **state) {
        struct fixture *f = *state;
        struct key_record key = fleet_key(f, other, "web");
        struct two t = {};
        struct pages p;

        begin(f, &t);
        change(f, rename_key, k, &f->member, "web"); /* lost since */
        change_of(&t.second, revoke_key, k, NULL, NULL);
        change_of(&t.second, insert, &key, NULL, NULL);
        snapshot(&t.second, "web", false, &p);
        take_all(&f->member, &p);
        assert_int_equal(status_of(&f->member, other), KEY_ACTIVE);
        assert_int_equal(status_of(&t.second, k), KEY_REVOKED);
        assert_int_equal(status_of(&f->member, k), KEY_REVOKED);
        done(&t);
}

/* The same with a rebase. */
static void test_a_rebase_hides_a_revocation(void **state) {
        struct fixture *f = *state;
        struct two t = {};
        struct pages p;

        begin(f, &t);
        change(f, rename_key, k, &f->member, "web");
        change_of(&t.second, revoke_key, k, NULL, NULL);
        snapshot(&t.second, "web", true, &p);
        take_all(&f->member, &p);
        assert_int_equal(status_of(&t.second, k), KEY_REVOKED);
        assert_int_equal(status_of(&f->member, k), KEY_REVOKED);
        done(&t);
}

static void restored(struct fixture *f, struct two *t, void (*body)(struct store *, void *),
                     int want) {
        struct fleet_change ended = {};
        struct pages p;
        uint8_t secret[SEAL_SECRET_LEN], head[FRAME_STATE_LEN];

        begin(f, t);
        for (unsigned i = 0; i < 5; i++)
                change(f, rename_key, k, &f->member, "web");
        /* hub2 is where the issuing host was when the copy was made */
        snapshot(&t->second, "web", true, &p);
        for (size_t i = 0; i < p.n; i++)
                assert_int_equal(unit_host_take(&t->second, &p.pages[i]), 0);
        take_all(&f->member, &p);
        unit_host_change(&t->second, body, k, &ended);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&ended, "web")), 0);
        fleet_change_done(&ended);
        assert_int_equal(status_of(&t->second, k), want);
        /* The member is current as far as web goes. */
        assert_int_equal(mirror_key_source(t->second.dir, secret), 0);
        for (size_t i = 0; fleet_group(t->second.fleet, i); i++) {
                assert_int_equal(fleet_age_state(t->second.fleet, i, secret, head), 0);
                assert_int_equal(fleet_age_take(f->member.fleet, head, sizeof(head)), 0);
        }
        assert_int_not_equal(fleet_find_group(f->member.fleet, "web")->current_ms, FLEET_UNKNOWN);
        assert_int_equal(status_of(&f->member, k), want);
}

/* The machine with the issuing host and the database was restored, as the manual says, a rebase
 * follows; later a key is revoked. */
static void test_a_revocation_after_a_rebase(void **state) {
        struct two t = {};

        restored(*state, &t, revoke_key, KEY_REVOKED);
        done(&t);
}

static void test_a_removal_after_a_rebase(void **state) {
        struct two t = {};

        restored(*state, &t, remove_key, -ENOENT);
        done(&t);
}

static void reset_key(struct store *writer, void *userdata) {
        struct key_record key;

        assert_int_equal(store_key_get(writer, userdata, &key), 0);
        memset(key.digest, 0x77, sizeof(key.digest));
        assert_int_equal(store_key_update(writer, &key), 0);
}

static void test_a_reset_after_a_rebase(void **state) {
        struct fixture *f = *state;
        struct key_record key;
        struct two t = {};

        restored(f, &t, reset_key, KEY_ACTIVE);
        assert_int_equal(store_key_get(f->member.store->writer, k, &key), 0);
        assert_int_equal(key.digest[0], 0x77);
        done(&t);
}

/* The secret of before must not be good for longer where a change was lost. */
static void test_a_tie_hides_a_reset(void **state) {
        struct fixture *f = *state;
        struct key_record key = fleet_key(f, other, "web");
        struct two t = {};
        struct pages p;

        begin(f, &t);
        change(f, rename_key, k, &f->member, "web"); /* lost since */
        change_of(&t.second, reset_key, k, NULL, NULL);
        change_of(&t.second, insert, &key, NULL, NULL);
        snapshot(&t.second, "web", false, &p);
        take_all(&f->member, &p);
        assert_int_equal(store_key_get(f->member.store->writer, k, &key), 0);
        assert_int_equal(key.digest[0], 0x77);
        done(&t);
}

/* An issuing host whose change was lost states its number. Those of the other one come behind. */
static void test_a_forked_issuer_silences_the_other(void **state_) {
        uint8_t heads[2 * FRAME_STATE_LEN];
        struct fixture *f = *state_;
        struct key_record key = fleet_key(f, other, "web");
        struct fleet_change made = {};
        struct two t = {};

        begin(f, &t);
        change(f, rename_key, k, NULL, NULL); /* lost */
        unit_host_change(&t.second, insert, &key, &made);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&made, "web")), 0);
        fleet_find_group(f->member.fleet, "web")->current_ms = FLEET_UNKNOWN;
        assert_int_equal(state(&f->issuer, "web", heads), 0);
        assert_int_equal(state(&t.second, "web", heads + FRAME_STATE_LEN), 0);
        (void) !fleet_age_take(f->member.fleet, heads, sizeof(heads));
        assert_int_not_equal(fleet_find_group(f->member.fleet, "web")->current_ms, FLEET_UNKNOWN);
        fleet_change_done(&made);
        done(&t);
}

/* --- Two rebases --- */

/* Two issuing hosts with another history of the same length go on, each from what it has. */
static void test_two_rebases_with_one_number(void **state_) {
        uint8_t head[FRAME_STATE_LEN];
        struct fixture *f = *state_;
        struct key_record key = fleet_key(f, other, "web");
        struct fleet_change next = {};
        struct two t = {};
        struct pages p;

        begin(f, &t);
        change(f, rename_key, k, &f->member, "web");
        change_of(&t.second, revoke_key, k, NULL, NULL);
        snapshot(&f->issuer, "web", true, &p);
        take_all(&f->member, &p);
        snapshot(&t.second, "web", true, &p);
        take_all(&t.second, &p);
        assert_int_equal(state(&t.second, "web", head), 0);
        assert_int_equal(fleet_age_take(f->member.fleet, head, sizeof(head)), -ESTALE);
        unit_host_change(&t.second, insert, &key, &next);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&next, "web")), -ESTALE);
        fleet_change_done(&next);
        done(&t);
}

/* hub2 has revoked a key, and the database has lost this; hub goes on. */
static void test_what_an_issuer_has_revoked_is_told_again(void **state_) {
        struct fixture *f = *state_;
        struct two t = {};
        struct pages p;

        begin(f, &t);
        change(f, rename_key, k, &f->member, "web");
        change_of(&t.second, revoke_key, k, NULL, NULL);
        snapshot(&f->issuer, "web", true, &p);
        for (size_t i = 0; i < p.n; i++)
                assert_int_equal(unit_host_take(&t.second, &p.pages[i]), 0);
        take_all(&f->member, &p);
        assert_int_equal(status_of(&t.second, k), KEY_REVOKED);
        assert_int_equal(unit_sql_number(t.second.store->path, "SELECT count(*) FROM fleet_outbox"),
                         1);
        done(&t);
}

/* --- A user who is gone --- */

/* Alice's account on the issuing host was removed, which ends her keys on all hosts: snapshots have
 * them as they are there. */
static void test_a_user_who_is_gone_from_the_issuing_host(void **state_) {
        struct fixture *f = *state_;
        struct store *writer = f->issuer.store->writer;
        struct account_record account = { .name = "alice", .state = ACCOUNT_GONE, .uid = 1000 };
        struct policy policy = {};
        uint64_t ended = 0;

        issue(f, k, "web");
        assert_int_equal(store_begin(writer), 0);
        assert_int_equal(sweep_account(writer, &policy, &account, true,
                                       (struct sweep_when){ .now = UNIT_BEGUN_AT }, UINT64_MAX,
                                       &ended),
                         0);
        assert_int_equal(store_commit(writer), 0);
        assert_int_equal(
                unit_sql_number(f->issuer.store->path, "SELECT count(*) FROM fleet_outbox"), 1);
        resync(&f->member, &f->issuer, "web");
        assert_int_equal(status_of(&f->member, k), KEY_REVOKED);
}

/* --- Groups --- */

/* Both issuing hosts have made a group of that name, and the database has lost one of them. */
static void test_a_group_that_was_made_twice(void **state_) {
        struct fixture *f = *state_;
        struct store *writer;
        struct fleet_change group = {}, again = {}, made = {};
        struct key_record key = fleet_key(f, other, "db");
        struct fleet_news news;
        struct two t = {};
        struct pages p;

        begin(f, &t);
        add_group(f, "db", &group); /* lost */
        writer = t.second.store->writer;
        assert_int_equal(fleet_hosts_group(t.second.fleet, writer, "db", &again), 0);
        assert_int_equal(fleet_change_apply(t.second.fleet, writer, &again, NULL, &news), 0);
        snapshot(&t.second, "all", true, &p);
        for (size_t i = 0; i < p.n; i++)
                assert_int_equal(unit_host_take(&t.second, &p.pages[i]), 0);
        take_all(&f->issuer, &p);
        assert_true(fleet_has_group(f->issuer.fleet, "db"));
        unit_host_change(&t.second, insert, &key, &made);
        assert_int_equal(unit_host_take(&f->issuer, unit_frame_of(&made, "db")), 0);
        snapshot(&t.second, "db", true, &p);
        take_all(&f->issuer, &p);
        fleet_change_done(&group);
        fleet_change_done(&again);
        fleet_change_done(&made);
        done(&t);
}

/* --- What an issuing host has left behind that was not to be trusted --- */

static void insert_last(struct store *writer, void *userdata) {
        struct key_record key = *(struct key_record *) userdata;

        key.revision = INT64_MAX - 1;
        assert_int_equal(store_key_insert(writer, &key), 0);
}

static void immortal(struct fixture *f, void (*body)(struct store *, void *), int want) {
        struct key_record key = fleet_key(f, other, "web");
        struct fleet_change made = {}, ended = {};
        struct two t = {};

        begin(f, &t);
        key.owner_uid = RECORD_UNBOUND;
        unit_host_change(&t.second, insert_last, &key, &made);
        assert_int_equal(unit_host_take(&f->issuer, unit_frame_of(&made, "web")), 0);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&made, "web")), 0);
        unit_host_change(&f->issuer, body, other, &ended);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&ended, "web")), 0);
        assert_int_equal(status_of(&f->issuer, other), want);
        assert_int_equal(status_of(&f->member, other), want);
        fleet_change_done(&made);
        fleet_change_done(&ended);
        done(&t);
}

static void test_the_largest_revision_is_revoked(void **state_) {
        immortal(*state_, revoke_key, KEY_REVOKED);
}

static void test_the_largest_revision_is_removed(void **state_) {
        immortal(*state_, remove_key, -ENOENT);
}

/* --- An issuing host and its change, at once --- */

static int take_both(struct unit_host *to, const struct fleet_frame *first,
                     const struct fleet_frame *then) {
        uint8_t *bytes = malloc(first->len + then->len);
        struct fleet_news news;
        int r;

        memcpy(bytes, first->bytes, first->len);
        memcpy(bytes + first->len, then->bytes, then->len);
        r = fleet_apply_bytes(to->fleet, to->store->writer, first->group, bytes,
                              first->len + then->len, &news);
        free(bytes);
        return r;
}

/* A second issuing host was invited, and has made a change. The member gets both at once. */
static void test_a_new_issuer_and_its_change_at_once(void **state_) {
        struct fixture *f = *state_;
        struct unit_host second = {};
        struct fleet_change invite = {}, made = {};
        struct key_record key = fleet_key(f, other, "all");

        resync(&f->member, &f->issuer, "all");
        unit_host_make(&second, 3);
        unit_host_invite(&f->issuer, &second, "hub2", "all mail web", true, &invite);
        resync(&second, &f->issuer, "all");
        unit_host_change(&second, insert, &key, &made);
        assert_int_equal(
                take_both(&f->member, unit_frame_of(&invite, "all"), unit_frame_of(&made, "all")),
                0);
        assert_int_equal(status_of(&f->member, other), KEY_ACTIVE);
        fleet_change_done(&invite);
        fleet_change_done(&made);
        unit_host_drop(&second);
}

/* An issuing host was dropped, and goes on signing. */
static void test_a_dropped_issuer_and_its_change_at_once(void **state_) {
        struct fixture *f = *state_;
        struct key_record key = fleet_key(f, other, "all");
        struct fleet_change gone = {}, made = {};
        struct fleet_news news;
        struct two t = {};

        begin(f, &t);
        assert_int_equal(fleet_hosts_drop(f->issuer.fleet, f->issuer.store->writer, "hub2", &gone),
                         0);
        assert_int_equal(
                fleet_change_apply(f->issuer.fleet, f->issuer.store->writer, &gone, NULL, &news),
                0);
        /* It does not care that it was dropped. */
        assert_int_equal(unit_host_take(&t.second, unit_frame_of(&gone, "all")), 0);
        t.second.fleet->self.issuing = true;
        {
                struct store_delta *delta = NULL;
                struct store *writer = t.second.store->writer;

                assert_int_equal(store_delta_new(&delta), 0);
                store_delta_watch(writer, delta);
                assert_int_equal(store_begin(writer), 0);
                insert(writer, &key);
                assert_int_equal(fleet_change_make(t.second.fleet, writer, delta, &made), 0);
                store_rollback(writer);
                store_delta_watch(writer, NULL);
                assert_null(store_delta_free(delta));
        }
        (void) !take_both(&f->member, unit_frame_of(&gone, "all"), unit_frame_of(&made, "all"));
        assert_int_equal(status_of(&f->member, other), -ENOENT);
        fleet_change_done(&gone);
        fleet_change_done(&made);
        done(&t);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_a_tie_hides_a_revocation, make, drop),
                cmocka_unit_test_setup_teardown(test_a_rebase_hides_a_revocation, make, drop),
                cmocka_unit_test_setup_teardown(test_a_revocation_after_a_rebase, make, drop),
                cmocka_unit_test_setup_teardown(test_a_removal_after_a_rebase, make, drop),
                cmocka_unit_test_setup_teardown(test_a_reset_after_a_rebase, make, drop),
                cmocka_unit_test_setup_teardown(test_a_tie_hides_a_reset, make, drop),
                cmocka_unit_test_setup_teardown(test_a_forked_issuer_silences_the_other, make,
                                                drop),
                cmocka_unit_test_setup_teardown(test_two_rebases_with_one_number, make, drop),
                cmocka_unit_test_setup_teardown(test_what_an_issuer_has_revoked_is_told_again, make,
                                                drop),
                cmocka_unit_test_setup_teardown(test_a_user_who_is_gone_from_the_issuing_host, make,
                                                drop),
                cmocka_unit_test_setup_teardown(test_the_largest_revision_is_revoked, make, drop),
                cmocka_unit_test_setup_teardown(test_the_largest_revision_is_removed, make, drop),
                cmocka_unit_test_setup_teardown(test_a_new_issuer_and_its_change_at_once, make,
                                                drop),
                cmocka_unit_test_setup_teardown(test_a_dropped_issuer_and_its_change_at_once, make,
                                                drop),
                cmocka_unit_test_setup_teardown(test_a_group_that_was_made_twice, make, drop),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

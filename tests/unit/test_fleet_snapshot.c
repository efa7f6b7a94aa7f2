/* SPDX-License-Identifier: BSD-2-Clause */
/* A host that was cut off for longer than changes are kept gets a snapshot: it then has what the
 * issuer has, nothing that was revoked is good again, and no page counts but the next one. */
#include "unit_snapshot.h"

#include "fleet/fleet_hosts.h"
#include "mirror/mirror_key.h"
#include "store/store_check.h"
#include "store/store_stmt.h"

#define MANY (STORE_PAGE_KEYS + STORE_PAGE_KEYS / 2) /* keys: two pages */

/* --- Tests --- */

static char a[] = "aaaaaaaaaa", b[] = "bbbbbbbbbb", c[] = "cccccccccc";

static void test_new_host(void **state) {
        struct fixture *f = *state;
        struct key_record key = fleet_key(f, c, "web");
        struct fleet_change made = {};

        issue(f, a, "web");
        issue(f, b, "all web");
        change(f, revoke_key, b, NULL, NULL);
        resync(&f->member, &f->issuer, "all");
        resync(&f->member, &f->issuer, "web");
        assert_int_equal(status_of(&f->member, a), KEY_ACTIVE);
        assert_int_equal(status_of(&f->member, b), KEY_REVOKED);
        assert_int_equal(unit_sql_number(f->member.store->path, "SELECT owner_uid FROM key"),
                         RECORD_UNBOUND);
        assert_int_equal(unit_sql_number(f->member.store->path, "SELECT count(*) FROM fleet_host"),
                         2);
        /* The log goes on behind the snapshot. */
        unit_host_change(&f->issuer, insert, &key, &made);
        unit_host_again(&f->member);
        assert_int_equal(unit_host_take(&f->member, &made.frames[0]), 0);
        assert_int_equal(status_of(&f->member, c), KEY_ACTIVE);
        fleet_change_done(&made);
}

static void test_removed_meanwhile(void **state) {
        struct fixture *f = *state;
        struct key_record key = fleet_key(f, a, "mail web"), own = unit_key(c, "bob");
        struct fleet_change made = {};

        here(&f->member, insert, (char *) &own);
        unit_host_change(&f->issuer, insert, &key, &made);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&made, "web")), 0);
        issue(f, b, "web");
        change(f, remove_key, a, NULL, NULL);
        resync(&f->member, &f->issuer, "web");
        assert_int_equal(status_of(&f->member, a), -ENOENT);
        assert_int_equal(status_of(&f->member, b), KEY_ACTIVE);
        assert_int_equal(status_of(&f->member, c), KEY_ACTIVE);
        /* Another log that is behind does not bring it back. */
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&made, "mail")), 0);
        assert_int_equal(status_of(&f->member, a), -ENOENT);
        fleet_change_done(&made);
}

/* What this host has revoked, or has revoked and forgotten, does not come back. */
static void test_sticky(void **state) {
        struct fixture *f = *state;

        issue(f, a, "web");
        issue(f, b, "web");
        resync(&f->member, &f->issuer, "web");
        here(&f->member, revoke_key, a);
        here(&f->member, revoke_key, b);
        here(&f->member, remove_key, b);
        issue(f, c, "web");
        resync(&f->member, &f->issuer, "web");
        assert_int_equal(status_of(&f->member, a), KEY_REVOKED);
        assert_int_equal(status_of(&f->member, b), -ENOENT);
        assert_int_equal(status_of(&f->member, c), KEY_ACTIVE);
}

/* A key of two groups is newer than the snapshot of one of them. */
static void test_ahead_in_another_group(void **state) {
        struct fixture *f = *state;
        struct key_record key = fleet_key(f, b, "mail web");
        struct fleet_change made = {};
        struct pages p;

        issue(f, a, "web");
        snapshot(&f->issuer, "web", false, &p);
        unit_host_change(&f->issuer, insert, &key, &made);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&made, "mail")), 0);
        take_all(&f->member, &p);
        assert_int_equal(status_of(&f->member, a), KEY_ACTIVE);
        assert_int_equal(status_of(&f->member, b), KEY_ACTIVE);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&made, "web")), 0);
        assert_int_equal(status_of(&f->member, b), KEY_ACTIVE);
        fleet_change_done(&made);
}

static void test_older(void **state) {
        struct fixture *f = *state;
        struct pages p;

        issue(f, a, "web");
        snapshot(&f->issuer, "web", false, &p);
        change(f, revoke_key, a, NULL, NULL);
        resync(&f->member, &f->issuer, "web");
        assert_int_equal(unit_host_take(&f->member, &p.pages[0]), -ESTALE);
        end(&p);
        snapshot(&f->issuer, "web", false, &p);
        assert_int_equal(unit_host_take(&f->member, &p.pages[0]), -ESTALE);
        assert_int_equal(status_of(&f->member, a), KEY_REVOKED);
        end(&p);
}

static void insert_many(struct store *writer, void *userdata) {
        struct key_record key = *(struct key_record *) userdata;

        for (unsigned i = 0; i < MANY; i++) {
                (void) snprintf(key.id, sizeof(key.id), "k%09u", i);
                assert_int_equal(store_key_insert(writer, &key), 0);
        }
}

static int64_t count(const struct unit_host *h) {
        return unit_sql_number(h->store->path, "SELECT count(*) FROM key");
}

/* Pages of another snapshot, or in another order, do not count. What was taken is never undone. */
static void test_pages(void **state) {
        struct fixture *f = *state;
        struct key_record key = fleet_key(f, a, "web");
        struct pages p, other;

        change(f, insert_many, &key, NULL, NULL);
        snapshot(&f->issuer, "web", false, &p);
        snapshot(&f->issuer, "web", false, &other);
        assert_int_equal(p.n, 2);
        assert_int_equal(unit_host_take(&f->member, &p.pages[1]), -ESTALE);
        assert_int_equal(unit_host_take(&f->member, &p.pages[0]), 0);
        assert_int_equal(count(&f->member), STORE_PAGE_KEYS);
        assert_int_equal(unit_host_take(&f->member, &other.pages[1]), -ESTALE);
        assert_int_equal(unit_host_take(&f->member, &p.pages[1]), -ESTALE);
        /* It begins anew, also after a start. */
        assert_int_equal(unit_host_take(&f->member, &p.pages[0]), 0);
        unit_host_again(&f->member);
        assert_int_equal(unit_host_take(&f->member, &p.pages[1]), -ESTALE);
        assert_int_equal(unit_host_take(&f->member, &p.pages[0]), 0);
        assert_int_equal(unit_host_take(&f->member, &p.pages[0]), 0);
        assert_int_equal(unit_host_take(&f->member, &p.pages[1]), 0);
        assert_int_equal(count(&f->member), MANY);
        end(&p);
        end(&other);
}

static void remove_many(struct store *writer, void *userdata) {
        char id[KEYTEXT_ID_LEN + 1];

        (void) userdata;
        for (unsigned i = 3; i < MANY; i += 3) {
                (void) snprintf(id, sizeof(id), "k%09u", i);
                assert_int_equal(store_key_delete(writer, id), 0);
        }
}

static void insert_very_many(struct store *writer, void *userdata) {
        struct key_record key = *(struct key_record *) userdata;

        for (unsigned i = 0; i < 5 * MANY; i++) {
                (void) snprintf(key.id, sizeof(key.id), "k%09u", i);
                assert_int_equal(store_key_insert(writer, &key), 0);
        }
}

/* A revocation waits for one page at most, and no page changes more than a few rows. */
static void test_a_piece_at_a_time(void **state) {
        struct fixture *f = *state;
        struct key_record key = fleet_key(f, a, "web");
        sqlite3 *db = f->member.store->writer->db;
        struct pages p;

        change(f, insert_very_many, &key, NULL, NULL);
        for (unsigned round = 0; round < 2; round++) {
                snapshot(&f->issuer, "web", false, &p);
                if (round == 0)
                        assert_in_range(p.n, 5 * MANY / STORE_PAGE_KEYS, PAGES_MAX);
                for (size_t i = 0; i < p.n; i++) {
                        int before = sqlite3_total_changes(db);

                        assert_int_equal(unit_host_take(&f->member, &p.pages[i]), 0);
                        assert_in_range(sqlite3_total_changes(db) - before, 0,
                                        3 * STORE_PAGE_KEYS + 8);
                }
                end(&p);
                assert_int_equal(count(&f->member), count(&f->issuer));
                if (round == 0)
                        change(f, remove_many, NULL, NULL, NULL);
        }
}

static void test_many_removed(void **state) {
        struct fixture *f = *state;
        struct key_record key = fleet_key(f, a, "web");

        change(f, insert_many, &key, NULL, NULL);
        resync(&f->member, &f->issuer, "web");
        assert_int_equal(count(&f->member), MANY);
        change(f, remove_many, NULL, NULL, NULL);
        resync(&f->member, &f->issuer, "web");
        assert_int_equal(count(&f->member), count(&f->issuer));
        assert_int_equal(status_of(&f->member, "k000000003"), -ENOENT);
        assert_int_equal(status_of(&f->member, "k000000002"), KEY_ACTIVE);
}

static void test_forged(void **state) {
        struct fixture *f = *state;
        struct fleet_change change = {};
        struct pages p;

        issue(f, a, "web");
        snapshot(&f->issuer, "web", false, &p);
        for (size_t at = 0; at < p.pages[0].len; at += 11) {
                p.pages[0].bytes[at] ^= 0x10;
                /* A longer body never ends. */
                if (unit_host_take(&f->member, &p.pages[0]) == 0)
                        assert_in_range(at, 184, 187);
                assert_int_equal(status_of(&f->member, a), -ENOENT);
                p.pages[0].bytes[at] ^= 0x10;
                unit_host_again(&f->member);
        }
        end(&p);
        /* A member's root has the keys of its groups, but is no issuer. */
        resync(&f->member, &f->issuer, "web");
        f->member.fleet->self.issuing = true;
        fleet_find_group(f->member.fleet, "web")->group.number += 10;
        snapshot(&f->member, "web", true, &p);
        assert_int_equal(unit_host_take(&f->issuer, &p.pages[0]), -EKEYREJECTED);
        end(&p);
        fleet_change_done(&change);
}

/* An issuer that was dropped is not believed any more, and one that is new is; and it gets the keys
 * of groups that were made meanwhile. */
static void test_issuers(void **state) {
        struct fixture *f = *state;
        struct unit_host other = {};
        struct fleet_change invite = {}, group = {}, gone = {}, made = {};
        struct fleet_news news;
        struct key_record key;
        char name[] = "db";

        unit_host_make(&other, 3);
        unit_host_invite(&f->issuer, &other, "hub2", "all mail web", true, &invite);
        add_group(f, name, &group);
        resync(&other, &f->issuer, "all");
        assert_true(fleet_has_group(other.fleet, name));
        resync(&f->member, &f->issuer, "all");
        key = fleet_key(f, a, "web");
        unit_host_change(&other, insert, &key, &made);
        assert_int_equal(unit_host_take(&f->member, &made.frames[0]), 0);
        assert_int_equal(fleet_hosts_drop(f->issuer.fleet, f->issuer.store->writer, "hub2", &gone),
                         0);
        assert_int_equal(
                fleet_change_apply(f->issuer.fleet, f->issuer.store->writer, &gone, NULL, &news),
                0);
        resync(&f->member, &f->issuer, "all");
        fleet_change_done(&made);
        unit_host_change(&other, revoke_key, a, &made);
        assert_int_equal(unit_host_take(&f->member, &made.frames[0]), -EKEYREJECTED);
        fleet_change_done(&made);
        fleet_change_done(&invite);
        fleet_change_done(&group);
        fleet_change_done(&gone);
        unit_host_drop(&other);
}

/* A host that was put into other groups meanwhile. */
static void test_moved(void **state) {
        struct fixture *f = *state;
        struct store *writer = f->issuer.store->writer;
        struct fleet_move move = { .host = "web1", .groups = "all db" };
        struct fleet_change group = {}, moved = {};
        struct fleet_news news;

        issue(f, a, "web");
        resync(&f->member, &f->issuer, "web");
        add_group(f, "db", &group);
        issue(f, b, "db");
        assert_int_equal(fleet_hosts_move(f->issuer.fleet, writer, &move, &moved), 0);
        assert_int_equal(fleet_change_apply(f->issuer.fleet, writer, &moved, NULL, &news), 0);
        resync(&f->member, &f->issuer, "all");
        assert_false(fleet_has_group(f->member.fleet, "web"));
        assert_int_equal(status_of(&f->member, a), -ENOENT);
        resync(&f->member, &f->issuer, "db");
        assert_int_equal(status_of(&f->member, b), KEY_ACTIVE);
        fleet_change_done(&group);
        fleet_change_done(&moved);
}

static void set_policy(struct store *writer, int64_t value, struct fleet_change *ret,
                       struct fleet *fleet) {
        struct store_delta *delta = NULL;
        struct fleet_news news;

        assert_int_equal(store_delta_new(&delta), 0);
        store_delta_widen(delta);
        store_delta_watch(writer, delta);
        assert_int_equal(store_begin(writer), 0);
        assert_int_equal(store_policy_set(writer, "max-keys-per-user", value, 1800000000), 0);
        assert_int_equal(fleet_change_make(fleet, writer, delta, ret), 0);
        store_rollback(writer);
        store_delta_watch(writer, NULL);
        assert_int_equal(fleet_change_apply(fleet, writer, ret, delta, &news), 0);
        assert_null(store_delta_free(delta));
}

/* Policies of the issuing host alone stay there. */
static void test_policies(void **state) {
        struct fixture *f = *state;
        struct store *writer = f->issuer.store->writer;
        struct fleet_change change = {};

        set_policy(writer, 7, &change, f->issuer.fleet);
        assert_int_equal(store_begin(writer), 0);
        assert_int_equal(store_policy_set(writer, "idle-days", 5, 1800000000), 0);
        assert_int_equal(store_commit(writer), 0);
        resync(&f->member, &f->issuer, "all");
        assert_int_equal(unit_sql_number(f->member.store->path,
                                         "SELECT value FROM policy WHERE name = "
                                         "'max-keys-per-user'"),
                         7);
        assert_int_equal(unit_sql_number(f->member.store->path,
                                         "SELECT count(*) FROM policy WHERE name = 'idle-days'"),
                         0);
        fleet_change_done(&change);
}

/* An old database came back: the fleet goes on above all numbers. */
static void test_rebase(void **state) {
        struct fixture *f = *state;
        struct fleet_change lost = {}, next = {};
        struct key_record key;
        struct pages p;
        int64_t number;

        issue(f, a, "web");
        issue(f, b, "web");
        resync(&f->member, &f->issuer, "web");
        here(&f->member, revoke_key, b);
        number = fleet_find_group(f->issuer.fleet, "web")->group.number;
        snapshot(&f->issuer, "web", true, &p);
        assert_int_equal(p.pages[0].number, number + FLEET_REBASE_STEP);
        assert_int_equal(unit_host_take(&f->member, &p.pages[0]), 0);
        assert_int_equal(unit_host_take(&f->issuer, &p.pages[0]), 0);
        assert_int_equal(status_of(&f->member, a), KEY_ACTIVE);
        assert_int_equal(status_of(&f->member, b), KEY_REVOKED);
        assert_int_equal(status_of(&f->issuer, a), KEY_ACTIVE);
        key = fleet_key(f, c, "web");
        unit_host_change(&f->issuer, insert, &key, &next);
        assert_int_equal(unit_host_take(&f->member, &next.frames[0]), 0);
        assert_int_equal(status_of(&f->member, c), KEY_ACTIVE);
        fleet_change_done(&lost);
        fleet_change_done(&next);
        end(&p);
}

/* What an issuer says of an older state does not make the state of this host current. */
static void test_old_heads(void **state) {
        struct fixture *f = *state;
        uint8_t secret[SEAL_SECRET_LEN], old[FRAME_STATE_LEN], head[FRAME_STATE_LEN];
        struct fleet_member *web;
        struct pages p;
        size_t i = 0;

        issue(f, a, "web");
        while (strcmp(fleet_group(f->issuer.fleet, i)->name, "web") != 0)
                i++;
        assert_int_equal(mirror_key_source(f->issuer.dir, secret), 0);
        assert_int_equal(fleet_age_state(f->issuer.fleet, i, secret, old), 0);
        snapshot(&f->issuer, "web", true, &p);
        assert_int_equal(unit_host_take(&f->member, &p.pages[0]), 0);
        web = fleet_find_group(f->member.fleet, "web");
        assert_int_equal(fleet_age_take(f->member.fleet, old, sizeof(old)), 0);
        assert_int_equal(web->current_ms, FLEET_UNKNOWN);
        take_all(&f->issuer, &p);
        assert_int_equal(fleet_age_state(f->issuer.fleet, i, secret, head), 0);
        assert_int_equal(fleet_age_take(f->member.fleet, head, sizeof(head)), 0);
        assert_int_not_equal(web->current_ms, FLEET_UNKNOWN);
}

/* Policies are on the first page. A host that was killed behind it must start: their times are the
 * fleet's, and the records of this host's own changes are no sign of damage. */
static void test_policies_of_a_page_are_no_damage(void **state) {
        static const char set[] = "REPLACE INTO policy (name, value, changed_at, fleet) VALUES "
                                  "('max-keys-per-user', 7, 1000, 1)";
        struct audit_record record = { .at = UNIT_BEGUN_AT,
                                       .until = UNIT_BEGUN_AT,
                                       .count = 1,
                                       .event = "policy",
                                       .verdict = "done",
                                       .detail = "max-keys-per-user=5" };
        struct fixture *f = *state;
        struct store *writer = f->member.store->writer;
        char id[KEYTEXT_ID_LEN + 1], names[STORE_CHECK_NAMES_LEN];
        struct pages p;

        unit_sql(f->issuer.store->path, set);
        assert_int_equal(store_begin(f->issuer.store->writer), 0);
        for (unsigned i = 0; i < MANY; i++) {
                struct key_record key;

                (void) snprintf(id, sizeof(id), "k%09u", i % 100000);
                key = fleet_key(f, id, "all");
                assert_int_equal(store_key_insert(f->issuer.store->writer, &key), 0);
        }
        assert_int_equal(store_commit(f->issuer.store->writer), 0);
        assert_int_equal(store_begin(writer), 0);
        assert_int_equal(store_policy_set(writer, "max-keys-per-user", 5, UNIT_BEGUN_AT), 0);
        assert_int_equal(store_audit_add(writer, &record), 0);
        assert_int_equal(store_commit(writer), 0);
        snapshot(&f->issuer, "all", false, &p);
        assert_in_range(p.n, 2, PAGES_MAX);
        for (size_t i = 0; i < p.n; i++) {
                assert_int_equal(store_check_policy(writer, names), 0);
                assert_int_equal(unit_host_take(&f->member, &p.pages[i]), 0);
        }
        assert_int_equal(store_check_policy(writer, names), 0);
        end(&p);
}

/* --- A first page, and then the log --- */

#define MANY_HOSTS 60 /* two pages */

static void say(struct fixture *f, struct fleet_change *change) {
        struct fleet_news news;

        assert_int_equal(
                fleet_change_apply(f->issuer.fleet, f->issuer.store->writer, change, NULL, &news),
                0);
        fleet_change_done(change);
}

static void invite_many(struct fixture *f) {
        for (unsigned i = 0; i < MANY_HOSTS; i++) {
                struct fleet_invite invite = {};
                struct fleet_change change = {};

                (void) snprintf(invite.host.name, sizeof(invite.host.name), "m%02u", i);
                (void) snprintf(invite.host.groups, sizeof(invite.host.groups), "all");
                memset(invite.host.issuer, (int) i + 1, sizeof(invite.host.issuer));
                memset(invite.host.recipient, (int) i + 101, sizeof(invite.host.recipient));
                assert_int_equal(fleet_join_invite(f->issuer.fleet, f->issuer.store->writer,
                                                   &invite, &change),
                                 0);
                say(f, &change);
        }
}

static void drop_host(struct fixture *f, const char *name) {
        struct fleet_change change = {};

        assert_int_equal(fleet_hosts_drop(f->issuer.fleet, f->issuer.store->writer, name, &change),
                         0);
        say(f, &change);
}

static int64_t count_hosts(const struct unit_host *h) {
        return unit_sql_number(h->store->path, "SELECT count(*) FROM fleet_host");
}

/* Hosts of further pages are not forgotten by an issuing host that never gets these. */
static void test_hosts_of_further_pages(void **state) {
        struct fleet_change invite = {}, made = {};
        struct fixture *f = *state;
        struct key_record key = fleet_key(f, a, "all");
        struct unit_host second = {};
        struct pages p;

        unit_host_make(&second, 3);
        unit_host_invite(&f->issuer, &second, "a-second", "all mail web", true, &invite);
        invite_many(f);
        resync(&second, &f->issuer, "all");
        unit_host_change(&f->issuer, insert, &key, &made);
        snapshot(&f->issuer, "all", false, &p);
        assert_in_range(p.n, 2, PAGES_MAX);
        assert_int_equal(unit_host_take(&second, &p.pages[0]), 0);
        assert_int_equal(unit_host_take(&second, unit_frame_of(&made, "all")), 0);
        unit_host_again(&second);
        assert_int_equal(count_hosts(&second), count_hosts(&f->issuer));
        assert_true(fleet_self(second.fleet)->issuing);
        fleet_change_done(&made);
        fleet_change_done(&invite);
        end(&p);
        unit_host_drop(&second);
}

/* One in the middle and the last one were dropped while this host was away. */
static void test_hosts_that_are_gone(void **state) {
        struct fixture *f = *state;

        invite_many(f);
        resync(&f->member, &f->issuer, "all");
        drop_host(f, "m07");
        drop_host(f, "web1");
        resync(&f->member, &f->issuer, "all");
        assert_int_equal(count_hosts(&f->member), MANY_HOSTS);
        assert_int_equal(unit_sql_number(f->member.store->path,
                                         "SELECT count(*) FROM fleet_host WHERE name IN ('m07', "
                                         "'web1')"),
                         0);
}

/* Otherwise a statement that is withheld would be a new one after the next start. */
static void test_what_was_heard_outlasts_a_page(void **state) {
        struct fixture *f = *state;
        struct pages p;

        resync(&f->member, &f->issuer, "all");
        hear(&f->member, &f->issuer, "all");
        issue(f, a, "all");
        snapshot(&f->issuer, "all", false, &p);
        assert_int_equal(unit_host_take(&f->member, &p.pages[0]), 0);
        unit_host_again(&f->member);
        assert_true(f->member.fleet->issuers[0].heard);
        end(&p);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_new_host, make, drop),
                cmocka_unit_test_setup_teardown(test_removed_meanwhile, make, drop),
                cmocka_unit_test_setup_teardown(test_sticky, make, drop),
                cmocka_unit_test_setup_teardown(test_ahead_in_another_group, make, drop),
                cmocka_unit_test_setup_teardown(test_older, make, drop),
                cmocka_unit_test_setup_teardown(test_pages, make, drop),
                cmocka_unit_test_setup_teardown(test_a_piece_at_a_time, make, drop),
                cmocka_unit_test_setup_teardown(test_many_removed, make, drop),
                cmocka_unit_test_setup_teardown(test_forged, make, drop),
                cmocka_unit_test_setup_teardown(test_issuers, make, drop),
                cmocka_unit_test_setup_teardown(test_moved, make, drop),
                cmocka_unit_test_setup_teardown(test_policies, make, drop),
                cmocka_unit_test_setup_teardown(test_rebase, make, drop),
                cmocka_unit_test_setup_teardown(test_old_heads, make, drop),
                cmocka_unit_test_setup_teardown(test_policies_of_a_page_are_no_damage, make, drop),
                cmocka_unit_test_setup_teardown(test_hosts_of_further_pages, make, drop),
                cmocka_unit_test_setup_teardown(test_hosts_that_are_gone, make, drop),
                cmocka_unit_test_setup_teardown(test_what_was_heard_outlasts_a_page, make, drop),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

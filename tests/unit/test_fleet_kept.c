/* SPDX-License-Identifier: BSD-2-Clause */
/* A key that a snapshot lacks is kept only where it has come into the group later, in whatever
 * order a database gives the pages, whoever has made them, and whatever the member remembers. */
#include <limits.h>

#include "unit_snapshot.h"

#include "store/store_key.h"

#define MANY (3 * STORE_PAGE_KEYS)

/* "gone" is behind the last id of the first page. */
static char gone[] = "z00000gone", more[] = "aaaaaaaaaa", late[] = "bbbbbbbbbb",
            other[] = "cccccccccc", fresh[] = "a00000000a";

static void insert_many(struct store *writer, void *userdata) {
        struct key_record key = *(struct key_record *) userdata;

        for (unsigned i = 0; i < MANY; i++) {
                (void) snprintf(key.id, sizeof(key.id), "k%09u", i);
                assert_int_equal(store_key_insert(writer, &key), 0);
        }
}

static void both(const struct fleet_change *change, struct unit_host *host) {
        assert_int_equal(unit_host_take(host, unit_frame_of(change, "mail")), 0);
        assert_int_equal(unit_host_take(host, unit_frame_of(change, "web")), 0);
}

/* The member has the key, and has not heard that it was revoked and removed. */
static void begin_with_a_key(struct fixture *f) {
        struct key_record key = fleet_key(f, gone, "mail web");
        struct fleet_change made = {};

        f->member.fleet->many = INT_MAX;
        unit_host_change(&f->issuer, insert, &key, &made);
        both(&made, &f->member);
        assert_int_equal(status_of(&f->member, gone), KEY_ACTIVE);
        change(f, revoke_key, gone, NULL, NULL);
        change(f, remove_key, gone, NULL, NULL);
        fleet_change_done(&made);
}

static void test_the_member_leaves_the_group_whose_snapshot_has_begun(void **state) {
        struct fixture *f = *state;
        struct store *writer = f->member.store->writer;
        struct key_record key;
        struct pages web, mail;

        begin_with_a_key(f);
        snapshot(&f->issuer, "mail", false, &mail);
        key = fleet_key(f, more, "web");
        change(f, insert_many, &key, NULL, NULL);
        snapshot(&f->issuer, "web", false, &web);
        assert_true(web.n > 2);
        assert_int_equal(unit_host_take(&f->member, &web.pages[0]), 0);
        take_all(&f->member, &mail);
        assert_int_equal(store_begin(writer), 0);
        assert_int_equal(store_fleet_leave_group(writer, "web"), 0);
        assert_int_equal(store_commit(writer), 0);
        assert_int_equal(status_of(&f->member, gone), -ENOENT);
        end(&web);
}

/* The first page of a newer snapshot, all of the other group's, then all of an older one. */
static void test_pages_of_an_older_snapshot_come_last(void **state) {
        struct fixture *f = *state;
        struct fleet_change tail = {};
        struct key_record key;
        struct pages web, later, mail;

        begin_with_a_key(f);
        key = fleet_key(f, more, "web");
        change(f, insert_many, &key, NULL, NULL);
        snapshot(&f->issuer, "web", false, &web);
        issue(f, late, "mail");
        snapshot(&f->issuer, "mail", false, &mail);
        key = fleet_key(f, other, "web");
        unit_host_change(&f->issuer, insert, &key, &tail);
        snapshot(&f->issuer, "web", false, &later);
        assert_int_equal(unit_host_take(&f->member, &later.pages[0]), 0);
        take_all(&f->member, &mail);
        take_all(&f->member, &web);
        assert_int_equal(status_of(&f->member, gone), -ENOENT);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&tail, "web")), 0);
        assert_int_equal(status_of(&f->member, gone), -ENOENT);
        end(&later);
        fleet_change_done(&tail);
}

/* One issuing host has heard of the removal in "mail", and is behind in "web"; nothing is played
 * back. ${ahead}: the member is not as far behind in "web". */
static void removed_by_two(struct fixture *f, bool ahead) {
        struct fleet_change made = {}, revoked = {}, removed = {}, filled = {}, next = {},
                            invite = {}, extra = {};
        struct unit_host second = {};
        struct key_record key;
        struct pages web, mail;

        f->member.fleet->many = INT_MAX;
        unit_host_make(&second, 3);
        unit_host_invite(&f->issuer, &second, "hub2", "all mail web", true, &invite);
        resync(&f->member, &f->issuer, "all");
        resync(&second, &f->issuer, "all");
        key = fleet_key(f, more, "web");
        unit_host_change(&f->issuer, insert_many, &key, &filled);
        assert_int_equal(unit_host_take(&second, unit_frame_of(&filled, "web")), 0);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&filled, "web")), 0);
        key = fleet_key(f, gone, "mail web");
        unit_host_change(&f->issuer, insert, &key, &made);
        both(&made, &f->member);
        both(&made, &second);
        if (ahead) {
                key = fleet_key(f, other, "web");
                unit_host_change(&f->issuer, insert, &key, &extra);
                assert_int_equal(unit_host_take(&f->member, unit_frame_of(&extra, "web")), 0);
        }
        unit_host_change(&f->issuer, revoke_key, gone, &revoked);
        assert_int_equal(unit_host_take(&second, unit_frame_of(&revoked, "mail")), 0);
        unit_host_change(&f->issuer, remove_key, gone, &removed);
        assert_int_equal(unit_host_take(&second, unit_frame_of(&removed, "mail")), 0);
        snapshot(&f->issuer, "web", false, &web);
        key = fleet_key(f, late, "mail");
        unit_host_change(&f->issuer, insert, &key, &next);
        assert_int_equal(unit_host_take(&second, unit_frame_of(&next, "mail")), 0);
        snapshot(&second, "mail", false, &mail);
        assert_int_equal(status_of(&f->member, gone), KEY_ACTIVE);
        if (!ahead)
                assert_int_equal(unit_host_take(&f->member, &web.pages[0]), 0);
        take_all(&f->member, &mail);
        for (size_t i = !ahead; i < web.n; i++)
                assert_int_equal(unit_host_take(&f->member, &web.pages[i]), 0);
        assert_int_equal(status_of(&f->member, gone), -ENOENT);
        end(&web);
        fleet_change_done(&made);
        fleet_change_done(&revoked);
        fleet_change_done(&removed);
        fleet_change_done(&filled);
        fleet_change_done(&next);
        fleet_change_done(&invite);
        fleet_change_done(&extra);
        unit_host_drop(&second);
}

static void test_two_issuing_hosts_have_heard_of_one_group_each(void **state) {
        removed_by_two(*state, false);
}

static void test_the_member_is_ahead_of_an_issuing_host(void **state) {
        removed_by_two(*state, true);
}

/* The daemon ends between pages of one group, and an older snapshot of another one follows. */
static void test_a_new_key_outlasts_a_restart(void **state) {
        struct fixture *f = *state;
        struct key_record key = fleet_key(f, more, "web");
        struct pages web, mail;

        f->member.fleet->many = INT_MAX;
        change(f, insert_many, &key, NULL, NULL);
        issue(f, late, "mail");
        snapshot(&f->issuer, "mail", false, &mail);
        issue(f, fresh, "mail web");
        snapshot(&f->issuer, "web", false, &web);
        assert_int_equal(unit_host_take(&f->member, &web.pages[0]), 0);
        assert_int_equal(status_of(&f->member, fresh), KEY_ACTIVE);
        unit_host_again(&f->member);
        take_all(&f->member, &mail);
        assert_int_equal(status_of(&f->member, fresh), KEY_ACTIVE);
        take_all(&f->member, &web);
        assert_int_equal(status_of(&f->member, fresh), KEY_ACTIVE);
}

/* The same with one group: its newer snapshot breaks off. */
static void test_a_new_key_outlasts_an_older_snapshot(void **state) {
        struct fixture *f = *state;
        struct key_record key = fleet_key(f, more, "web");
        struct pages old, new;

        f->member.fleet->many = INT_MAX;
        change(f, insert_many, &key, NULL, NULL);
        snapshot(&f->issuer, "web", false, &old);
        issue(f, fresh, "web");
        snapshot(&f->issuer, "web", false, &new);
        assert_int_equal(unit_host_take(&f->member, &new.pages[0]), 0);
        take_all(&f->member, &old);
        assert_int_equal(status_of(&f->member, fresh), KEY_ACTIVE);
        take_all(&f->member, &new);
        assert_int_equal(status_of(&f->member, fresh), KEY_ACTIVE);
}

/* Each group has numbers of its own, and a key has them in the order of its groups. */
static void test_the_number_of_the_right_group_counts(void **state) {
        static const char *const hosts[] = { "mail web", "web mail" };
        struct fixture *f = *state;
        struct pages web;
        char id[] = "n000000000", mail[] = "m000000000";

        for (mail[1] = 'a'; mail[1] <= 'z'; mail[1]++)
                issue(f, mail, "mail");
        for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
                id[1]++;
                issue(f, id, hosts[i]);
                resync(&f->member, &f->issuer, "mail");
                assert_int_equal(status_of(&f->member, id), KEY_ACTIVE);
                change(f, revoke_key, id, NULL, NULL);
                change(f, remove_key, id, NULL, NULL);
                snapshot(&f->issuer, "web", false, &web);
                take_all(&f->member, &web);
                unit_int(hosts[i], status_of(&f->member, id), -ENOENT);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                        test_the_member_leaves_the_group_whose_snapshot_has_begun, make, drop),
                cmocka_unit_test_setup_teardown(test_pages_of_an_older_snapshot_come_last, make,
                                                drop),
                cmocka_unit_test_setup_teardown(test_two_issuing_hosts_have_heard_of_one_group_each,
                                                make, drop),
                cmocka_unit_test_setup_teardown(test_the_member_is_ahead_of_an_issuing_host, make,
                                                drop),
                cmocka_unit_test_setup_teardown(test_a_new_key_outlasts_a_restart, make, drop),
                cmocka_unit_test_setup_teardown(test_a_new_key_outlasts_an_older_snapshot, make,
                                                drop),
                cmocka_unit_test_setup_teardown(test_the_number_of_the_right_group_counts, make,
                                                drop),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

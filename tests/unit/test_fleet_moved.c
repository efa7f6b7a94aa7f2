/* SPDX-License-Identifier: BSD-2-Clause */
/* A host is put into a group, out of one, or both, in whatever order it hears of it. It knows then
 * how old its state is, and keeps no key that was removed. */
#include "unit_snapshot.h"

#include "store/store_key.h"
#include "store/store_pages.h"

static char k[] = "aaaaaaaaaa", other[] = "cccccccccc";

/* --- Age --- */

/* Alice's key is in a group that the member is not in. It was revoked, and the member has all of
 * its own groups. Gives a snapshot of the other one from before. */
static void begin_outside(struct fixture *f, struct fleet_change *ret_group,
                          struct pages *ret_old) {
        issue(f, other, "mail web");
        add_group(f, "db", ret_group);
        issue(f, k, "db");
        snapshot(&f->issuer, "db", false, ret_old);
        change(f, revoke_key, k, NULL, NULL);
        for (const char *const *g = (const char *const[]){ "all", "mail", "web", NULL }; *g; g++) {
                resync(&f->member, &f->issuer, *g);
                hear(&f->member, &f->issuer, *g);
        }
}

/* A host is put into a group. The database shows it a snapshot of that group from before a
 * revocation, and no statement of anybody from then on. */
static void test_an_old_snapshot_of_a_group_that_is_joined(void **state_) {
        struct fixture *f = *state_;
        struct store *writer = f->issuer.store->writer;
        struct fleet_move move = { .host = "web1", .groups = "all mail web db" };
        struct fleet_change group = {}, moved = {};
        struct fleet_news news;
        struct pages old;

        begin_outside(f, &group, &old);
        assert_int_not_equal(fleet_age_current(f->member.fleet), FLEET_UNKNOWN);
        assert_int_equal(fleet_hosts_move(f->issuer.fleet, writer, &move, &moved), 0);
        assert_int_equal(fleet_change_apply(f->issuer.fleet, writer, &moved, NULL, &news), 0);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&moved, "all")), 0);
        assert_true(fleet_has_group(f->member.fleet, "db"));
        take_all(&f->member, &old);
        /* it is good there, so the host must know that it knows nothing new */
        assert_int_equal(status_of(&f->member, k), KEY_ACTIVE);
        assert_int_equal(fleet_age_current(f->member.fleet), FLEET_UNKNOWN);
        fleet_change_done(&group);
        fleet_change_done(&moved);
}

/* The same, and the daemon starts again before the age was kept once more. */
static void test_an_old_snapshot_and_a_restart(void **state_) {
        struct fixture *f = *state_;
        struct store *writer = f->issuer.store->writer;
        struct fleet_move move = { .host = "web1", .groups = "all mail web db" };
        struct fleet_change group = {}, moved = {};
        struct fleet_news news;
        struct pages old;

        begin_outside(f, &group, &old);
        assert_int_equal(fleet_age_keep(f->member.fleet, f->member.store->writer, true), 0);
        assert_int_equal(fleet_hosts_move(f->issuer.fleet, writer, &move, &moved), 0);
        assert_int_equal(fleet_change_apply(f->issuer.fleet, writer, &moved, NULL, &news), 0);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&moved, "all")), 0);
        assert_int_equal(fleet_age_keep(f->member.fleet, f->member.store->writer, false), 0);
        take_all(&f->member, &old);
        assert_int_equal(fleet_age_keep(f->member.fleet, f->member.store->writer, false), 0);
        hear(&f->member, &f->issuer, "all");
        assert_int_equal(fleet_age_current(f->member.fleet), FLEET_UNKNOWN);
        assert_int_equal(fleet_age_keep(f->member.fleet, f->member.store->writer, false), 0);
        unit_host_again(&f->member);
        assert_int_equal(status_of(&f->member, k), KEY_ACTIVE);
        assert_int_equal(fleet_age_current(f->member.fleet), FLEET_UNKNOWN);
        fleet_change_done(&group);
        fleet_change_done(&moved);
}

/* --- Leaving --- */

/* The key was removed in both groups. The database shows the host one of them as it is now, and the
 * other as it was. Then the host leaves the other one. */
static void test_a_removed_key_outlasts_the_group_that_brought_it(void **state_) {
        struct fixture *f = *state_;
        struct store *writer = f->issuer.store->writer;
        struct fleet_move move = { .host = "web1", .groups = "all web" };
        struct fleet_change moved = {}, made = {};
        struct key_record key = fleet_key(f, k, "mail web");
        struct fleet_news news;

        unit_host_change(&f->issuer, insert, &key, &made);
        change(f, revoke_key, k, NULL, NULL);
        change(f, remove_key, k, NULL, NULL);
        resync(&f->member, &f->issuer, "all");
        resync(&f->member, &f->issuer, "web");
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&made, "mail")), 0);
        assert_int_equal(fleet_age_current(f->member.fleet), FLEET_UNKNOWN);
        assert_int_equal(fleet_hosts_move(f->issuer.fleet, writer, &move, &moved), 0);
        assert_int_equal(fleet_change_apply(f->issuer.fleet, writer, &moved, NULL, &news), 0);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&moved, "all")), 0);
        hear(&f->member, &f->issuer, "all");
        hear(&f->member, &f->issuer, "web");
        assert_int_not_equal(fleet_age_current(f->member.fleet), FLEET_UNKNOWN);
        assert_int_equal(status_of(&f->member, k), -ENOENT);
        fleet_change_done(&moved);
        fleet_change_done(&made);
}

/* --- Moved out and in --- */

static void insert_many(struct store *writer, void *userdata) {
        struct key_record key = *(struct key_record *) userdata;

        for (unsigned i = 0; i < 2 * STORE_PAGE_KEYS; i++) {
                (void) snprintf(key.id, sizeof(key.id), "k%09u", i);
                assert_int_equal(store_key_insert(writer, &key), 0);
        }
}

static void move_to(struct fixture *f, const char *groups) {
        struct fleet_move move = { .host = "web1" };
        struct fleet_change moved = {};
        struct fleet_news news;

        (void) snprintf(move.groups, sizeof(move.groups), "%s", groups);
        assert_int_equal(fleet_hosts_move(f->issuer.fleet, f->issuer.store->writer, &move, &moved),
                         0);
        assert_int_equal(
                fleet_change_apply(f->issuer.fleet, f->issuer.store->writer, &moved, NULL, &news),
                0);
        fleet_change_done(&moved);
}

/* The host was moved out of a group and in again. It gets a part of a snapshot of between, and then
 * all of a newer one. */
static void test_moved_out_by_a_page_and_in_again(void **state_) {
        struct fixture *f = *state_;
        struct key_record key = fleet_key(f, other, "all");
        struct pages out, in;

        issue(f, k, "web");
        resync(&f->member, &f->issuer, "web");
        change(f, insert_many, &key, NULL, NULL);
        move_to(f, "all mail");
        snapshot(&f->issuer, "all", false, &out);
        assert_true(out.n > 1);
        move_to(f, "all mail web");
        snapshot(&f->issuer, "all", false, &in);
        assert_int_equal(unit_host_take(&f->member, &out.pages[0]), 0);
        take_all(&f->member, &in);
        end(&out);
        assert_true(fleet_has_group(f->member.fleet, "web"));
        issue(f, other, "web");
        resync(&f->member, &f->issuer, "web");
        assert_int_equal(status_of(&f->member, k), KEY_ACTIVE);
}

/* The same; a change of the group comes between. */
static void test_moved_out_by_a_page_and_the_log_goes_on(void **state_) {
        struct fixture *f = *state_;
        struct key_record key = fleet_key(f, other, "all"), next = fleet_key(f, other, "web");
        struct fleet_change made = {};
        struct pages out, in;

        issue(f, k, "web");
        resync(&f->member, &f->issuer, "web");
        change(f, insert_many, &key, NULL, NULL);
        move_to(f, "all mail");
        snapshot(&f->issuer, "all", false, &out);
        assert_true(out.n > 1);
        move_to(f, "all mail web");
        snapshot(&f->issuer, "all", false, &in);
        unit_host_change(&f->issuer, insert, &next, &made);
        assert_int_equal(unit_host_take(&f->member, &out.pages[0]), 0);
        (void) !unit_host_take(&f->member, unit_frame_of(&made, "web"));
        take_all(&f->member, &in);
        end(&out);
        fleet_change_done(&made);
        assert_true(fleet_has_group(f->member.fleet, "web"));
        hear(&f->member, &f->issuer, "web");
        /* either it is not current, or it has the key */
        if (fleet_find_group(f->member.fleet, "web")->group.number ==
            fleet_find_group(f->issuer.fleet, "web")->group.number)
                assert_int_equal(status_of(&f->member, k), KEY_ACTIVE);
}

/* The host was away while an administrator moved it twice. It gets both changes at once. */
static void moved_twice(struct fixture *f, const char *first, const char *then) {
        const char *const groups[] = { first, then };
        struct fleet_change moved[2] = {};
        struct fleet_news news;
        uint8_t *bytes;
        size_t len = 0;

        resync(&f->member, &f->issuer, "all");
        for (size_t i = 0; i < 2; i++) {
                struct fleet_move move = { .host = "web1" };

                (void) snprintf(move.groups, sizeof(move.groups), "%s", groups[i]);
                assert_int_equal(fleet_hosts_move(f->issuer.fleet, f->issuer.store->writer, &move,
                                                  &moved[i]),
                                 0);
                assert_int_equal(fleet_change_apply(f->issuer.fleet, f->issuer.store->writer,
                                                    &moved[i], NULL, &news),
                                 0);
        }
        bytes = malloc(moved[0].frames[0].len + moved[1].frames[0].len);
        for (size_t i = 0; i < 2; i++) {
                memcpy(bytes + len, moved[i].frames[0].bytes, moved[i].frames[0].len);
                len += moved[i].frames[0].len;
                fleet_change_done(&moved[i]);
        }
        assert_int_equal(fleet_apply_bytes(f->member.fleet, f->member.store->writer, "all", bytes,
                                           len, &news),
                         0);
        free(bytes);
        assert_int_equal(fleet_find_group(f->member.fleet, "all")->group.number,
                         fleet_find_group(f->issuer.fleet, "all")->group.number);
}

static void test_moved_out_and_in_at_once(void **state_) {
        struct fixture *f = *state_;

        moved_twice(f, "all mail", "all mail web");
        assert_true(fleet_has_group(f->member.fleet, "web"));
}

static void test_moved_in_and_out_at_once(void **state_) {
        struct fixture *f = *state_;
        struct fleet_change group = {};

        add_group(f, "db", &group);
        moved_twice(f, "all mail web db", "all mail web");
        fleet_change_done(&group);
        assert_false(fleet_has_group(f->member.fleet, "db"));
}

/* --- Keys of groups --- */

static bool has_file(const struct unit_host *h, const char *name) {
        return faccessat(h->dir, name, F_OK, 0) == 0;
}

/* The host was in web. A stolen disk has the keys of its groups, and no others. */
static void test_no_key_stays(void **state_) {
        struct fleet_move move = { .host = "web1", .groups = "all mail" };
        struct fleet_change moved = {};
        struct fixture *f = *state_;
        struct fleet_news news;

        resync(&f->member, &f->issuer, "all");
        assert_int_equal(fleet_hosts_move(f->issuer.fleet, f->issuer.store->writer, &move, &moved),
                         0);
        assert_int_equal(
                fleet_change_apply(f->issuer.fleet, f->issuer.store->writer, &moved, NULL, &news),
                0);
        assert_true(has_file(&f->member, "fleet-web.key"));
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&moved, "all")), 0);
        assert_false(has_file(&f->member, "fleet-web.key"));
        assert_true(has_file(&f->member, "fleet-mail.key"));
        assert_true(has_file(&f->issuer, "fleet-web.key"));
        assert_int_equal(
                fleet_join_leave(f->member.fleet, f->member.store->writer, &unit_fleet_record), 0);
        assert_false(has_file(&f->member, "fleet-all.key"));
        assert_false(has_file(&f->member, "fleet-mail.key"));
        fleet_change_done(&moved);
}

/* The host was killed after the commit that took it out of the group, or before the one that would
 * have brought it in. */
static void test_no_key_stays_over_a_kill(void **state_) {
        struct fixture *f = *state_;
        int fd = openat(f->member.dir, "fleet-db.key", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
        assert_int_equal(close(fd), 0);
        unit_host_again(&f->member);
        assert_false(has_file(&f->member, "fleet-db.key"));
        assert_true(has_file(&f->member, "fleet-web.key"));
        assert_true(fleet_has_group(f->member.fleet, "web"));
}

/* A page does not wait for the disk, and the end of a key does. Otherwise the host could be in the
 * group after a power cut, without a key. */
static void test_a_key_goes_when_that_is_on_disk(void **state_) {
        struct fixture *f = *state_;
        struct key_record key = fleet_key(f, other, "all");
        struct pages out;

        change(f, insert_many, &key, NULL, NULL);
        move_to(f, "all mail");
        snapshot(&f->issuer, "all", false, &out);
        assert_true(out.n > 1);
        assert_int_equal(unit_host_take(&f->member, &out.pages[0]), 0);
        assert_false(has_file(&f->member, "fleet-web.key"));
        assert_true(store_fleet_is_on_disk(f->member.store->writer));
        end(&out);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_an_old_snapshot_of_a_group_that_is_joined,
                                                make, drop),
                cmocka_unit_test_setup_teardown(test_an_old_snapshot_and_a_restart, make, drop),
                cmocka_unit_test_setup_teardown(
                        test_a_removed_key_outlasts_the_group_that_brought_it, make, drop),
                cmocka_unit_test_setup_teardown(test_moved_out_by_a_page_and_in_again, make, drop),
                cmocka_unit_test_setup_teardown(test_moved_out_by_a_page_and_the_log_goes_on, make,
                                                drop),
                cmocka_unit_test_setup_teardown(test_moved_out_and_in_at_once, make, drop),
                cmocka_unit_test_setup_teardown(test_moved_in_and_out_at_once, make, drop),
                cmocka_unit_test_setup_teardown(test_no_key_stays, make, drop),
                cmocka_unit_test_setup_teardown(test_no_key_stays_over_a_kill, make, drop),
                cmocka_unit_test_setup_teardown(test_a_key_goes_when_that_is_on_disk, make, drop),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

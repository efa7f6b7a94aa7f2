/* SPDX-License-Identifier: BSD-2-Clause */
/* Hosts that have been away hear of an issuing host's end late, and of the groups in any order.
 * What others issued meanwhile is good there, too. What the one that has ended says of changes to
 * come is not believed all the same. */
#include "unit_snapshot.h"

#include "store/store_key.h"
#include "store/store_stmt.h"

static char k[] = "aaaaaaaaaa", other[] = "cccccccccc";

struct late {
        struct unit_host second;
        struct fleet_change invite, dropped, removed;
};

/* Another issuing host. */
static void begin(struct fixture *f, struct late *l) {
        unit_host_make(&l->second, 5);
        unit_host_invite(&f->issuer, &l->second, "second", "all mail web", true, &l->invite);
        resync(&f->member, &f->issuer, "all");
        resync(&l->second, &f->issuer, "all");
}

static void done(struct late *l) {
        fleet_change_done(&l->invite);
        fleet_change_done(&l->dropped);
        fleet_change_done(&l->removed);
        unit_host_drop(&l->second);
}

static void drop_second(struct fixture *f, struct late *l) {
        struct fleet_news news;

        assert_int_equal(
                fleet_hosts_drop(f->issuer.fleet, f->issuer.store->writer, "second", &l->dropped),
                0);
        assert_int_equal(fleet_change_apply(f->issuer.fleet, f->issuer.store->writer, &l->dropped,
                                            NULL, &news),
                         0);
}

static void set_epoch(struct store *writer, void *userdata) {
        store_delta_widen(writer->delta);
        assert_int_equal(store_policy_set(writer, "fleet-epoch", *(int64_t *) userdata, 1000), 0);
}

/* As remove-all --fleet does it. */
static void remove_all(struct fixture *f, struct late *l) {
        int64_t epoch = RECORD_FLEET_EPOCH;

        assert_int_equal(store_fleet_epoch(f->issuer.store->writer, &epoch), 0);
        epoch++;
        unit_host_change(&f->issuer, set_epoch, &epoch, &l->removed);
}

static bool is_live(const struct unit_host *h, const char *id) {
        char sql[192];

        (void) snprintf(sql, sizeof(sql),
                        "SELECT count(*) FROM key WHERE id = '%s' AND epoch >= (SELECT value FROM "
                        "policy WHERE name = 'fleet-epoch')",
                        id);
        return unit_sql_number(h->store->path, sql) == 1;
}

/* As an issuing host makes it now. */
static struct key_record new_key(struct fixture *f, const char *id, const char *hosts) {
        struct key_record key = fleet_key(f, id, hosts);

        assert_int_equal(store_fleet_epoch(f->issuer.store->writer, &key.epoch), 0);
        return key;
}

/* --- Keys that were made behind the end of all --- */

/* "second" is dropped, all keys are removed, and a new one is issued. */
static void incident(struct fixture *f, struct late *l, struct fleet_change *ret) {
        struct key_record key;

        begin(f, l);
        drop_second(f, l);
        remove_all(f, l);
        key = new_key(f, k, "web");
        unit_host_change(&f->issuer, insert, &key, ret);
        assert_true(is_live(&f->issuer, k));
}

static void hear_all(struct fixture *f, struct late *l) {
        assert_int_equal(unit_host_take(&f->member, &l->dropped.frames[0]), 0);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&l->removed, "all")), 0);
}

static void test_a_new_key_waits_for_the_end(void **state_) {
        struct fixture *f = *state_;
        struct fleet_change made = {};
        struct late l = {};

        incident(f, &l, &made);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&made, "web")), -EAGAIN);
        hear_all(f, &l);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&made, "web")), 0);
        assert_true(is_live(&f->member, k));
        fleet_change_done(&made);
        done(&l);
}

static void test_a_new_key_in_a_snapshot_waits(void **state_) {
        struct fixture *f = *state_;
        struct fleet_change made = {};
        struct late l = {};
        struct pages p;

        incident(f, &l, &made);
        snapshot(&f->issuer, "web", false, &p);
        assert_int_equal(unit_host_take(&f->member, &p.pages[0]), -EAGAIN);
        assert_int_equal(status_of(&f->member, k), -ENOENT);
        hear_all(f, &l);
        take_all(&f->member, &p);
        assert_true(is_live(&f->member, k));
        fleet_change_done(&made);
        done(&l);
}

/* The end comes by a snapshot. */
static void test_a_new_key_behind_a_snapshot(void **state_) {
        struct fixture *f = *state_;
        struct fleet_change made = {};
        struct late l = {};

        incident(f, &l, &made);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&made, "web")), -EAGAIN);
        resync(&f->member, &f->issuer, "all");
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&made, "web")), 0);
        assert_true(is_live(&f->member, k));
        fleet_change_done(&made);
        done(&l);
}

/* --- Keys that only say so --- */

/* "second" gives it to all, if they take it. Then it is dropped, and all keys are removed. */
static void give(struct fixture *f, struct late *l, const char *group, int64_t beyond, int r) {
        struct fleet_change made = {};
        struct fleet_member *all;
        struct key_record key;

        begin(f, l);
        key = new_key(f, k, group);
        key.epoch = beyond == INT64_MAX ? beyond : key.epoch + beyond;
        all = fleet_find_group(l->second.fleet, "all");
        all->group.number += strcmp(group, "all") == 0 ? 0 : beyond;
        unit_host_change(&l->second, insert, &key, &made);
        assert_int_equal(unit_host_take(&f->issuer, &made.frames[0]), r);
        assert_int_equal(unit_host_take(&f->member, &made.frames[0]), r);
        fleet_change_done(&made);
        drop_second(f, l);
        remove_all(f, l);
        assert_false(is_live(&f->issuer, k));
}

static void test_a_later_epoch(void **state_) {
        struct fixture *f = *state_;

        for (int64_t beyond = 0; beyond < 3; beyond++) {
                struct late l = {};

                if (beyond > 0) {
                        assert_int_equal(drop(state_), 0);
                        assert_int_equal(make(state_), 0);
                        f = *state_;
                }
                give(f, &l, "web", beyond, beyond < 2 ? 0 : -EAGAIN);
                hear_all(f, &l);
                assert_false(is_live(&f->member, k));
                done(&l);
        }
}

/* In the group of all hosts, and the member hears of the end by a snapshot. */
static void test_the_last_epoch_and_a_snapshot(void **state_) {
        struct fixture *f = *state_;
        struct late l = {};

        give(f, &l, "all", INT64_MAX, 0);
        resync(&f->member, &f->issuer, "all");
        assert_false(is_live(&f->member, k));
        done(&l);
}

/* --- Keys of two groups --- */

/* The member is up to date in web, and gets snapshots of the other groups: that of mail is of
 * before the key. */
static void two_groups(struct fixture *f, bool ends) {
        struct fleet_change made = {};
        struct key_record key;
        struct late l = {};
        struct pages all, mail;

        begin(f, &l);
        key = new_key(f, k, "mail web");
        if (ends)
                drop_second(f, &l);
        snapshot(&f->issuer, "all", false, &all);
        issue(f, other, "mail");
        snapshot(&f->issuer, "mail", false, &mail);
        unit_host_change(&f->issuer, insert, &key, &made);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&made, "web")), 0);
        if (ends)
                take_all(&f->member, &all);
        take_all(&f->member, &mail);
        assert_int_equal(status_of(&f->member, k), KEY_ACTIVE);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&made, "mail")), 0);
        assert_int_equal(status_of(&f->member, k), KEY_ACTIVE);
        end(&all);
        fleet_change_done(&made);
        done(&l);
}

static void test_a_key_of_two_groups(void **state_) {
        two_groups(*state_, false);
}

static void test_a_key_of_two_groups_and_the_end(void **state_) {
        two_groups(*state_, true);
}

static void insert_born_last(struct store *writer, void *userdata) {
        insert(writer, userdata);
        /* It comes with the first change of web. */
        assert_int_equal(
                store_stmt_exec(writer->db, "UPDATE key SET born = '9223372036854775807 1'"), 0);
}

static int64_t birth(const struct unit_host *h) {
        return unit_sql_number(h->store->path, "SELECT substr(born, 1, instr(born, ' ')) FROM key");
}

/* Of the group that brought it all is right, and the other host does not know the key. */
static void test_a_key_that_is_born_elsewhere(void **state_) {
        struct fixture *f = *state_;
        struct key_record key;
        struct fleet_change made = {};
        struct late l = {};

        begin(f, &l);
        key = new_key(f, k, "mail web");
        unit_host_change(&l.second, insert_born_last, &key, &made);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&made, "web")), 0);
        assert_int_equal(birth(&f->member), INT64_MAX);
        drop_second(f, &l);
        assert_int_equal(unit_host_take(&f->member, &l.dropped.frames[0]), 0);
        assert_int_equal(birth(&f->member), STORE_BEHIND_MAX);
        issue(f, other, "web");
        issue(f, "eeeeeeeeee", "web");
        resync(&f->member, &f->issuer, "web");
        assert_int_equal(status_of(&f->member, k), -ENOENT);
        assert_int_equal(status_of(&f->member, other), KEY_ACTIVE);
        fleet_change_done(&made);
        done(&l);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_a_new_key_waits_for_the_end, make, drop),
                cmocka_unit_test_setup_teardown(test_a_new_key_in_a_snapshot_waits, make, drop),
                cmocka_unit_test_setup_teardown(test_a_new_key_behind_a_snapshot, make, drop),
                cmocka_unit_test_setup_teardown(test_a_later_epoch, make, drop),
                cmocka_unit_test_setup_teardown(test_the_last_epoch_and_a_snapshot, make, drop),
                cmocka_unit_test_setup_teardown(test_a_key_of_two_groups, make, drop),
                cmocka_unit_test_setup_teardown(test_a_key_of_two_groups_and_the_end, make, drop),
                cmocka_unit_test_setup_teardown(test_a_key_that_is_born_elsewhere, make, drop),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

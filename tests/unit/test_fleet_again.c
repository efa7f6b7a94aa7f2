/* SPDX-License-Identifier: BSD-2-Clause */
/* Hosts that are invited again under their name, dropped, and come again: whose signature counts
 * afterwards, and what a host that begins anew makes of a log that speaks of its former times. */
#include "unit_snapshot.h"

#include "fleet/fleet_report.h"
#include "fleet/fleet_report_body.h"
#include "store/store_key.h"

static char k[] = "aaaaaaaaaa";

static size_t issuers(const struct unit_host *h) {
        size_t n = 0;

        while (fleet_issuer(h->fleet, n))
                n++;
        return n;
}

static void drop_host(struct fixture *f, const char *host, struct fleet_change *ret) {
        struct store *writer = f->issuer.store->writer;
        struct fleet_news news;

        assert_int_equal(fleet_hosts_drop(f->issuer.fleet, writer, host, ret), 0);
        assert_int_equal(fleet_change_apply(f->issuer.fleet, writer, ret, NULL, &news), 0);
}

static void move_host(struct fixture *f, const struct fleet_move *move, struct fleet_change *ret) {
        struct store *writer = f->issuer.store->writer;
        struct fleet_news news;

        assert_int_equal(fleet_hosts_move(f->issuer.fleet, writer, move, ret), 0);
        assert_int_equal(fleet_change_apply(f->issuer.fleet, writer, ret, NULL, &news), 0);
}

/* --- Another key under a name --- */

/* A key for root on all hosts, which ${by} makes, whatever it is. */
static void forge(struct unit_host *by, struct fleet_change *ret) {
        struct key_record key = unit_key(k, "root");
        struct store_fleet_issuer own = { .host = "second" };
        struct fleet_invite self = {};
        char text[FLEET_KEY_LEN + 1];

        /* Its root does as it likes. */
        assert_int_equal(fleet_join_key(by->fleet, text), 0);
        assert_int_equal(fleet_join_take_key(&self, text), 0);
        memcpy(own.public, self.host.issuer, sizeof(own.public));
        assert_int_equal(store_begin(by->store->writer), 0);
        assert_int_equal(store_fleet_put_issuer(by->store->writer, &own), 0);
        assert_int_equal(store_commit(by->store->writer), 0);
        assert_int_equal(fleet_load(by->fleet, by->store->writer), 0);
        key.pepper_id = fleet_self(by->fleet)->pepper_id;
        key.epoch = RECORD_FLEET_EPOCH;
        key.revision = 1;
        (void) snprintf(key.hosts, sizeof(key.hosts), "all");
        by->fleet->self.issuing = true;
        unit_host_change(by, insert, &key, ret);
}

/* The issuing host "second" is lost, with its disk. A new machine is invited under its name, and
 * dropped later. */
static void again(struct fixture *f, bool issuing) {
        struct unit_host old = {}, anew = {};
        struct fleet_change c[3] = {}, forged = {};
        int r;

        unit_host_make(&old, 5);
        unit_host_make(&anew, 6);
        unit_host_invite(&f->issuer, &old, "second", "all mail web", true, &c[0]);
        resync(&f->member, &f->issuer, "all");
        resync(&old, &f->issuer, "all");
        unit_host_invite(&f->issuer, &anew, "second", issuing ? "all mail web" : "all", issuing,
                         &c[1]);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&c[1], "all")), 0);
        assert_int_equal(issuers(&f->member), issuing ? 2 : 1);
        assert_int_equal(unit_host_take(&old, unit_frame_of(&c[1], "all")), 0);
        forge(&old, &forged);
        r = unit_host_take(&f->member, unit_frame_of(&forged, "all"));
        assert_int_equal(r, -EKEYREJECTED);
        assert_int_equal(status_of(&f->member, k), -ENOENT);
        drop_host(f, "second", &c[2]);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&c[2], "all")), 0);
        assert_int_equal(issuers(&f->member), 1);
        assert_int_equal(issuers(&f->issuer), 1);
        fleet_change_done(&forged);
        for (size_t i = 0; i < ARRAY_LEN(c); i++)
                fleet_change_done(&c[i]);
        unit_host_drop(&old);
        unit_host_drop(&anew);
}

static void test_a_new_key_ends_the_former_one(void **state) {
        again(*state, false);
}

static void test_a_new_issuing_key_ends_the_former_one(void **state) {
        again(*state, true);
}

/* As a former version has left it: the key is trusted, and no host has it. */
static void trust_dead(struct unit_host *h, const char *host) {
        struct store_fleet_issuer dead = {};

        memset(dead.public, 9, sizeof(dead.public));
        (void) snprintf(dead.host, sizeof(dead.host), "%s", host);
        assert_int_equal(store_begin(h->store->writer), 0);
        assert_int_equal(store_fleet_put_issuer(h->store->writer, &dead), 0);
        assert_int_equal(store_commit(h->store->writer), 0);
        assert_int_equal(fleet_load(h->fleet, h->store->writer), 0);
}

static void test_a_dead_key_is_dropped_by_its_name(void **state) {
        struct fixture *f = *state;
        struct fleet_change change = {};

        resync(&f->member, &f->issuer, "all");
        trust_dead(&f->issuer, "second");
        trust_dead(&f->member, "second");
        assert_int_equal(issuers(&f->member), 2);
        drop_host(f, "second", &change);
        assert_int_equal(issuers(&f->issuer), 1);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&change, "all")), 0);
        assert_int_equal(issuers(&f->member), 1);
        fleet_change_done(&change);
        assert_int_equal(
                fleet_hosts_drop(f->issuer.fleet, f->issuer.store->writer, "second", &change),
                -ENOENT);
}

/* The host that goes on issuing hears of the end of its former key. */
static void test_a_move_ends_a_dead_key(void **state) {
        struct fixture *f = *state;
        struct fleet_move move = { .host = "second", .groups = "all mail web", .issuing = true };
        struct unit_host second = {};
        struct fleet_change c[2] = {};

        unit_host_make(&second, 5);
        unit_host_invite(&f->issuer, &second, "second", "all mail web", true, &c[0]);
        resync(&second, &f->issuer, "all");
        trust_dead(&f->issuer, "second");
        trust_dead(&second, "second");
        move_host(f, &move, &c[1]);
        assert_int_equal(issuers(&f->issuer), 2);
        assert_int_equal(unit_host_take(&second, unit_frame_of(&c[1], "all")), 0);
        assert_int_equal(issuers(&second), 2);
        assert_true(fleet_self(second.fleet)->issuing);
        fleet_change_done(&c[0]);
        fleet_change_done(&c[1]);
        unit_host_drop(&second);
}

/* A key that nobody has does not issue. */
static void test_a_dead_key_is_no_issuing_host(void **state) {
        struct fixture *f = *state;
        struct fleet_move move = { .host = "hub", .groups = "all" };
        struct fleet_change change = {};
        struct unit_host second = {};

        trust_dead(&f->issuer, "second");
        assert_int_equal(fleet_hosts_move(f->issuer.fleet, f->issuer.store->writer, &move, &change),
                         -EBUSY);
        assert_int_equal(fleet_hosts_drop(f->issuer.fleet, f->issuer.store->writer, "hub", &change),
                         -EBUSY);
        unit_host_make(&second, 5);
        unit_host_invite(&f->issuer, &second, "third", "all mail web", true, &change);
        fleet_change_done(&change);
        move_host(f, &move, &change);
        assert_false(fleet_self(f->issuer.fleet)->issuing);
        fleet_change_done(&change);
        unit_host_drop(&second);
}

static void test_no_host_is_invited_under_the_name_of_this_one(void **state) {
        struct fixture *f = *state;
        struct fleet_invite invite = { .host = { .name = "hub", .groups = "all" } };
        struct fleet_change change = {};

        memset(invite.host.issuer, 9, sizeof(invite.host.issuer));
        memset(invite.host.recipient, 8, sizeof(invite.host.recipient));
        assert_int_equal(
                fleet_join_invite(f->issuer.fleet, f->issuer.store->writer, &invite, &change),
                -ENOTUNIQ);
}

/* The same key again, but to be a member. */
static void test_an_issuing_host_is_invited_as_a_member(void **state) {
        struct fixture *f = *state;
        struct unit_host second = {};
        struct fleet_change c[2] = {};

        unit_host_make(&second, 5);
        unit_host_invite(&f->issuer, &second, "second", "all mail web", true, &c[0]);
        assert_int_equal(fleet_join_leave(second.fleet, second.store->writer, &unit_fleet_record),
                         0);
        unit_host_invite(&f->issuer, &second, "second", "all web", false, &c[1]);
        assert_int_equal(issuers(&f->issuer), 1);
        assert_int_equal(issuers(&second), 1);
        fleet_change_done(&c[0]);
        fleet_change_done(&c[1]);
        unit_host_drop(&second);
}

static void test_reports_are_not_sealed_for_a_former_key(void **state) {
        struct fixture *f = *state;
        struct unit_host old = {}, anew = {};
        struct fleet_change c[3] = {};
        struct fleet_report report = {};
        uint8_t secret[SEAL_SECRET_LEN], *out;
        size_t len;

        unit_host_make(&old, 5);
        unit_host_make(&anew, 6);
        unit_host_invite(&f->issuer, &old, "second", "all mail web", true, &c[0]);
        unit_host_invite(&f->issuer, &anew, "second", "all", false, &c[1]);
        drop_host(f, "second", &c[2]);
        resync(&f->member, &f->issuer, "all");
        fleet_report_ask(f->member.fleet);
        assert_int_equal(fleet_report_next(f->member.fleet, f->member.store->writer, &report), 0);
        assert_non_null(report.frame);
        assert_int_equal(mirror_key_source(old.dir, secret), 0);
        out = malloc(report.len);
        assert_non_null(out);
        assert_int_equal(frame_report_open(report.frame, report.len, secret, out, &len), -ENOKEY);
        free(out);
        fleet_report_done(&report);
        for (size_t i = 0; i < ARRAY_LEN(c); i++)
                fleet_change_done(&c[i]);
        unit_host_drop(&old);
        unit_host_drop(&anew);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_a_new_key_ends_the_former_one, make, drop),
                cmocka_unit_test_setup_teardown(test_a_new_issuing_key_ends_the_former_one, make,
                                                drop),
                cmocka_unit_test_setup_teardown(test_a_dead_key_is_dropped_by_its_name, make, drop),
                cmocka_unit_test_setup_teardown(test_a_move_ends_a_dead_key, make, drop),
                cmocka_unit_test_setup_teardown(test_a_dead_key_is_no_issuing_host, make, drop),
                cmocka_unit_test_setup_teardown(test_no_host_is_invited_under_the_name_of_this_one,
                                                make, drop),
                cmocka_unit_test_setup_teardown(test_an_issuing_host_is_invited_as_a_member, make,
                                                drop),
                cmocka_unit_test_setup_teardown(test_reports_are_not_sealed_for_a_former_key, make,
                                                drop),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

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

/* --- The past --- */

static int state_of_all(struct unit_host *by, uint8_t head[static FRAME_STATE_LEN]) {
        return state(by, "all", head);
}

#define LOG_MAX 8

/* What the database keeps of the group of all hosts. */
struct log {
        struct fleet_change c[LOG_MAX];
        size_t n;
};

static void log_begin(struct log *l, struct fixture *f) {
        l->c[l->n++] = f->groups[0];
        l->c[l->n++] = f->groups[1];
        l->c[l->n++] = f->invite;
        memset(f->groups, 0, sizeof(f->groups));
        memset(&f->invite, 0, sizeof(f->invite));
}

static void log_take(const struct log *l, struct unit_host *h) {
        for (size_t i = 0; i < l->n; i++)
                assert_int_equal(unit_host_take(h, unit_frame_of(&l->c[i], "all")), 0);
        assert_int_equal(fleet_find_group(h->fleet, "all")->group.number, l->n);
}

static void log_end(struct log *l) {
        for (size_t i = 0; i < l->n; i++)
                fleet_change_done(&l->c[i]);
}

static size_t groups(const struct unit_host *h) {
        size_t n = 0;

        while (fleet_group(h->fleet, n))
                n++;
        return n;
}

/* The machine web2 was in web, also in mail later, and is installed anew for others. */
static void invited_again(struct fixture *f, const char *then, bool dropped, const char *now) {
        struct unit_host old = {}, anew = {};
        struct fleet_move move = { .host = "web2" };
        struct log l = {};

        log_begin(&l, f);
        unit_host_make(&old, 5);
        unit_host_make(&anew, 6);
        unit_host_invite(&f->issuer, &old, "web2", "all web", false, &l.c[l.n++]);
        (void) snprintf(move.groups, sizeof(move.groups), "%s", then);
        move_host(f, &move, &l.c[l.n++]);
        if (dropped)
                drop_host(f, "web2", &l.c[l.n++]);
        unit_host_invite(&f->issuer, &anew, "web2", now, false, &l.c[l.n++]);
        log_take(&l, &anew);
        assert_int_equal(groups(&anew), 2);
        assert_true(fleet_hosts_check(anew.fleet, now) >= 0);
        log_end(&l);
        unit_host_drop(&old);
        unit_host_drop(&anew);
}

static void test_a_host_is_invited_into_other_groups(void **state) {
        invited_again(*state, "all web", true, "all mail");
}

static void test_a_host_is_invited_after_a_move(void **state) {
        invited_again(*state, "all web mail", true, "all web");
}

static void test_an_invitation_is_corrected(void **state) {
        invited_again(*state, "all mail", false, "all web");
}

/* It issued, was made a member, left, and is invited to issue again, with its keys. */
static void test_a_former_issuing_host_comes_again(void **state) {
        struct fixture *f = *state;
        struct fleet_move move = { .host = "second", .groups = "all" };
        struct fleet_change change = {};
        struct unit_host host = {};
        struct log l = {};

        log_begin(&l, f);
        unit_host_make(&host, 6);
        unit_host_invite(&f->issuer, &host, "second", "all mail web", true, &l.c[l.n++]);
        log_take(&l, &host);
        move_host(f, &move, &l.c[l.n++]);
        assert_int_equal(unit_host_take(&host, unit_frame_of(&l.c[l.n - 1], "all")), 0);
        assert_false(fleet_self(host.fleet)->issuing);
        assert_int_equal(groups(&host), 1);
        assert_int_equal(fleet_join_leave(host.fleet, host.store->writer, &unit_fleet_record), 0);
        unit_host_invite(&f->issuer, &host, "second", "all mail web", true, &l.c[l.n++]);
        log_take(&l, &host);
        assert_true(fleet_self(host.fleet)->issuing);
        assert_int_equal(issuers(&host), 2);
        assert_int_equal(groups(&host), 3);
        assert_int_equal(fleet_hosts_group(host.fleet, host.store->writer, "web", &change),
                         -EEXIST);
        /* What comes afterwards counts. */
        move_host(f, &move, &l.c[l.n++]);
        assert_int_equal(unit_host_take(&host, unit_frame_of(&l.c[l.n - 1], "all")), 0);
        assert_false(fleet_self(host.fleet)->issuing);
        assert_int_equal(groups(&host), 1);
        log_end(&l);
        unit_host_drop(&host);
}

/* The database shows a new host the log up to the invitation of "second", which was dropped since,
 * and goes on with what "second" signs. */
static void test_a_dropped_issuing_host_and_a_later_one(void **state) {
        struct fixture *f = *state;
        struct unit_host second = {}, later = {};
        struct fleet_change c[2] = {}, forged = {};
        struct log l = {};

        log_begin(&l, f);
        unit_host_make(&second, 5);
        unit_host_make(&later, 6);
        unit_host_invite(&f->issuer, &second, "second", "all mail web", true, &l.c[l.n++]);
        log_take(&l, &second);
        drop_host(f, "second", &c[0]);
        unit_host_invite(&f->issuer, &later, "later", "all", false, &c[1]);
        forge(&second, &forged);
        log_take(&l, &later);
        assert_int_equal(issuers(&later), 1);
        assert_int_equal(unit_host_take(&later, unit_frame_of(&forged, "all")), -EKEYREJECTED);
        assert_int_equal(status_of(&later, k), -ENOENT);
        fleet_change_done(&c[0]);
        fleet_change_done(&c[1]);
        fleet_change_done(&forged);
        log_end(&l);
        unit_host_drop(&second);
        unit_host_drop(&later);
}

/* What a host has read of the past is known to it when a fleet goes on from an older state. */
static void test_who_was_dropped_in_the_past_stays_dropped(void **state) {
        struct fixture *f = *state;
        struct unit_host second = {}, third = {}, later = {};
        struct log l = {};
        struct pages p;

        log_begin(&l, f);
        unit_host_make(&second, 5);
        unit_host_make(&third, 6);
        unit_host_make(&later, 7);
        unit_host_invite(&f->issuer, &second, "second", "all mail web", true, &l.c[l.n++]);
        unit_host_invite(&f->issuer, &third, "third", "all mail web", true, &l.c[l.n++]);
        log_take(&l, &third);
        drop_host(f, "second", &l.c[l.n++]);
        unit_host_invite(&f->issuer, &later, "later", "all", false, &l.c[l.n++]);
        log_take(&l, &later);
        assert_int_equal(issuers(&later), 2);
        assert_int_equal(issuers(&third), 3);
        snapshot(&third, "all", true, &p);
        take_all(&later, &p);
        assert_int_equal(issuers(&later), 2);
        log_end(&l);
        unit_host_drop(&second);
        unit_host_drop(&third);
        unit_host_drop(&later);
}

/* Signs that were kept from then do not say that there is nothing newer. */
static void test_the_age_of_the_past_is_not_known(void **state) {
        struct fixture *f = *state;
        struct unit_host later = {};
        struct log l = {};
        uint8_t head[FRAME_STATE_LEN];

        log_begin(&l, f);
        assert_int_equal(state_of_all(&f->issuer, head), 0);
        unit_host_make(&later, 6);
        unit_host_invite(&f->issuer, &later, "later", "all", false, &l.c[l.n++]);
        for (size_t i = 0; i + 1 < l.n; i++)
                assert_int_equal(unit_host_take(&later, unit_frame_of(&l.c[i], "all")), 0);
        assert_int_equal(fleet_age_take(later.fleet, head, sizeof(head)), 0);
        assert_int_equal(fleet_age_current(later.fleet), FLEET_UNKNOWN);
        unit_host_again(&later);
        assert_int_equal(fleet_age_take(later.fleet, head, sizeof(head)), 0);
        assert_int_equal(fleet_age_current(later.fleet), FLEET_UNKNOWN);
        assert_int_equal(unit_host_take(&later, unit_frame_of(&l.c[l.n - 1], "all")), 0);
        assert_int_not_equal(fleet_age_current(later.fleet), FLEET_UNKNOWN);
        log_end(&l);
        unit_host_drop(&later);
}

/* The snapshot is from before "second" issued, and before the host was invited. */
static void test_a_snapshot_of_the_past(void **state) {
        struct fixture *f = *state;
        struct unit_host second = {};
        struct fleet_change c = {};
        struct pages p;

        snapshot(&f->issuer, "all", false, &p);
        unit_host_make(&second, 5);
        unit_host_invite(&f->issuer, &second, "second", "all mail web", true, &c);
        take_all(&second, &p);
        assert_true(fleet_self(second.fleet)->issuing);
        assert_int_equal(issuers(&second), 2);
        assert_int_equal(groups(&second), 3);
        assert_int_equal(unit_host_take(&second, unit_frame_of(&c, "all")), 0);
        unit_host_again(&second);
        assert_true(fleet_self(second.fleet)->issuing);
        assert_int_equal(issuers(&second), 2);
        assert_int_equal(groups(&second), 3);
        fleet_change_done(&c);
        unit_host_drop(&second);
}

/* An invitation that the hub made for the host, as a former version made it: without the number. */
static size_t make_old(struct unit_host *hub, struct unit_host *guest, uint8_t *in, size_t len) {
        uint8_t secret[SEAL_SECRET_LEN], *body = malloc(SEAL_CHUNK_MAX);
        size_t chunk = len - SEAL_HEAD_LEN - 4, body_len = chunk - SEAL_CHUNK_EXTRA;
        struct seal_head head;
        struct seal *seal = NULL;
        bool last;

        assert_non_null(body);
        assert_int_equal(seal_read_head(in, &head), 0);
        assert_int_equal(mirror_key_read(guest->dir, secret), 0);
        assert_int_equal(seal_open(&seal, in, secret), 0);
        assert_int_equal(seal_pull(seal, in + SEAL_HEAD_LEN + 4, chunk, body, &last), 0);
        seal_free(seal);
        assert_int_equal(mirror_key_source(hub->dir, secret), 0);
        assert_int_equal(seal_begin(&seal, &head, secret, in), 0);
        bytes_put(in + SEAL_HEAD_LEN, 4, chunk - 8);
        seal_push(seal, body, body_len - 8, true, in + SEAL_HEAD_LEN + 4);
        seal_free(seal);
        free(body);
        return len - 8;
}

static void test_an_invitation_of_a_former_version(void **state) {
        struct fixture *f = *state;
        struct unit_host guest = {};
        struct fleet_invite invite = { .host = { .name = "later", .groups = "all web" } };
        struct fleet_change c = {};
        struct fleet_news news;
        struct store *writer = f->issuer.store->writer;
        uint8_t invitation[FLEET_INVITATION_MAX];
        char key[FLEET_KEY_LEN + 1];
        size_t len;

        unit_host_make(&guest, 6);
        assert_int_equal(fleet_join_key(guest.fleet, key), 0);
        assert_int_equal(fleet_join_take_key(&invite, key), 0);
        assert_int_equal(fleet_join_invite(f->issuer.fleet, writer, &invite, &c), 0);
        assert_int_equal(fleet_change_apply(f->issuer.fleet, writer, &c, NULL, &news), 0);
        assert_int_equal(fleet_join_seal(f->issuer.fleet, writer, &invite, invitation, &len), 0);
        len = make_old(&f->issuer, &guest, invitation, len);
        assert_int_equal(fleet_join_accept(guest.fleet, guest.store->writer, invitation, len,
                                           &unit_fleet_record),
                         0);
        assert_int_equal(fleet_self(guest.fleet)->invited, 0);
        resync(&guest, &f->issuer, "all");
        assert_int_equal(groups(&guest), 2);
        fleet_change_done(&c);
        unit_host_drop(&guest);
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
                cmocka_unit_test_setup_teardown(test_a_host_is_invited_into_other_groups, make,
                                                drop),
                cmocka_unit_test_setup_teardown(test_a_host_is_invited_after_a_move, make, drop),
                cmocka_unit_test_setup_teardown(test_an_invitation_is_corrected, make, drop),
                cmocka_unit_test_setup_teardown(test_a_former_issuing_host_comes_again, make, drop),
                cmocka_unit_test_setup_teardown(test_a_dropped_issuing_host_and_a_later_one, make,
                                                drop),
                cmocka_unit_test_setup_teardown(test_who_was_dropped_in_the_past_stays_dropped,
                                                make, drop),
                cmocka_unit_test_setup_teardown(test_the_age_of_the_past_is_not_known, make, drop),
                cmocka_unit_test_setup_teardown(test_a_snapshot_of_the_past, make, drop),
                cmocka_unit_test_setup_teardown(test_an_invitation_of_a_former_version, make, drop),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

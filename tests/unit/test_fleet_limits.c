/* SPDX-License-Identifier: BSD-2-Clause */
/* What one host or administrator may not do to the whole fleet: too many groups or issuing hosts,
 * and keys that nothing can be sealed for. */
#include "unit_snapshot.h"

#include "fleet/fleet_report.h"
#include "store/store_key.h"

static char k[] = "aaaaaaaaaa";

/* --- Numbers --- */

static int add_group_named(struct unit_host *h, const char *name, struct fleet_change *ret) {
        struct fleet_news news;
        int r;

        r = fleet_hosts_group(h->fleet, h->store->writer, name, ret);
        return r < 0 ? r : fleet_change_apply(h->fleet, h->store->writer, ret, NULL, &news);
}

static void test_groups(void **state) {
        struct fixture *f = *state;
        struct fleet_change change = {};
        unsigned n = 3; /* all, web, mail */
        char name[16];
        int r = 0;

        while (r >= 0 && n <= FLEET_GROUPS_MAX) {
                (void) snprintf(name, sizeof(name), "g%u", n);
                r = add_group_named(&f->issuer, name, &change);
                fleet_change_done(&change);
                n += r >= 0;
        }
        assert_int_equal(r, -EDQUOT);
        assert_int_equal(n, FLEET_GROUPS_MAX);
        assert_false(fleet_is_unread(f->issuer.fleet));
        assert_non_null(fleet_refusal(r));
        unit_host_again(&f->issuer);
        assert_non_null(fleet_self(f->issuer.fleet));
}

/* The names of all groups are as long as they can be. An issuing host is in all of them. */
static void test_long_names(void **state) {
        struct fixture *f = *state;
        struct fleet_move move = { .host = "web1", .groups = "all mail web", .issuing = true };
        struct fleet_change change = {};
        struct unit_host second = {};
        struct fleet_news news;
        size_t len = strlen(move.groups);

        for (unsigned n = 3; n < FLEET_GROUPS_MAX; n++) {
                char name[FRAME_GROUP_MAX + 1];

                (void) snprintf(name, sizeof(name), "g%030u", n);
                assert_int_equal(add_group_named(&f->issuer, name, &change), 0);
                fleet_change_done(&change);
                (void) snprintf(move.groups + len, sizeof(move.groups) - len, " %s", name);
                len += strlen(name) + 1;
        }
        resync(&f->member, &f->issuer, "all");
        assert_int_equal(fleet_hosts_move(f->issuer.fleet, f->issuer.store->writer, &move, &change),
                         0);
        assert_int_equal(
                fleet_change_apply(f->issuer.fleet, f->issuer.store->writer, &change, NULL, &news),
                0);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&change, "all")), 0);
        fleet_change_done(&change);
        assert_true(fleet_self(f->member.fleet)->issuing);
        assert_non_null(fleet_group(f->member.fleet, FLEET_GROUPS_MAX - 1));
        /* and by an invitation, and a snapshot of the new issuing host */
        unit_host_make(&second, 5);
        unit_host_invite(&f->issuer, &second, "second", move.groups, true, &change);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&change, "all")), 0);
        fleet_change_done(&change);
        resync(&second, &f->member, "all");
        assert_non_null(fleet_group(second.fleet, FLEET_GROUPS_MAX - 1));
        unit_host_drop(&second);
}

static int invite_one(struct fixture *f, unsigned n, bool issuing, struct fleet_change *ret) {
        struct fleet_invite invite = { .issuing = issuing, .host = { .groups = "all mail web" } };
        struct store *writer = f->issuer.store->writer;
        struct fleet_news news;
        int r;

        (void) snprintf(invite.host.name, sizeof(invite.host.name), "h%u", n);
        memset(invite.host.issuer, (int) n + 1, sizeof(invite.host.issuer));
        memset(invite.host.recipient, (int) n + 101, sizeof(invite.host.recipient));
        r = fleet_join_invite(f->issuer.fleet, writer, &invite, ret);
        return r < 0 ? r : fleet_change_apply(f->issuer.fleet, writer, ret, NULL, &news);
}

static void test_issuing_hosts(void **state) {
        struct fixture *f = *state;
        struct fleet_move move = { .host = "web1", .groups = "all mail web", .issuing = true };
        struct fleet_change change = {};
        unsigned n = 1; /* hub */
        int r = 0;

        resync(&f->member, &f->issuer, "all");
        while (r >= 0 && n <= FLEET_ISSUERS_MAX) {
                r = invite_one(f, n, true, &change);
                if (r >= 0)
                        assert_int_equal(unit_host_take(&f->member, &change.frames[0]), 0);
                fleet_change_done(&change);
                n += r >= 0;
        }
        assert_int_equal(r, -EUSERS);
        assert_int_equal(n, FLEET_ISSUERS_MAX);
        assert_non_null(fleet_refusal(r));
        assert_int_equal(fleet_hosts_move(f->issuer.fleet, f->issuer.store->writer, &move, &change),
                         -EUSERS);
        /* One of them again takes no more room, and a member takes none. */
        assert_int_equal(invite_one(f, 1, true, &change), 0);
        fleet_change_done(&change);
        assert_int_equal(invite_one(f, 90, false, &change), 0);
        fleet_change_done(&change);
        assert_false(fleet_is_unread(f->member.fleet));
        assert_non_null(fleet_issuer(f->member.fleet, FLEET_ISSUERS_MAX - 1));
}

/* Another version could make such a change. The host takes no more changes, and goes on. */
static void test_a_change_with_too_many(void **state) {
        struct fixture *f = *state;
        uint8_t body[8192];
        struct bytes_writer w = { .out = body, .size = sizeof(body) };
        struct fleet_change change = {};

        resync(&f->member, &f->issuer, "all");
        for (unsigned i = 0; i < FLEET_ISSUERS_MAX; i++) {
                struct store_fleet_issuer issuer = {};

                (void) snprintf(issuer.host, sizeof(issuer.host), "many%u", i);
                memset(issuer.public, (int) i + 1, sizeof(issuer.public));
                fleet_body_put_issuer(&w, &issuer, true);
        }
        assert_false(w.full);
        assert_int_equal(fleet_change_say(f->issuer.fleet, body, w.len, &change), 0);
        assert_int_equal(unit_host_take(&f->member, &change.frames[0]), -EUSERS);
        assert_false(fleet_is_unread(f->member.fleet));
        assert_non_null(fleet_self(f->member.fleet));
        fleet_change_done(&change);
}

/* --- Keys that nothing can be sealed for --- */

static void test_a_bad_key_is_not_taken(void **state) {
        struct fixture *f = *state;
        static const uint8_t zero[SEAL_PUBLIC_LEN];
        struct fleet_invite invite = {};
        char good[FLEET_KEY_LEN + 1], bad[FLEET_KEY_LEN + 1];

        assert_int_equal(fleet_join_key(f->member.fleet, good), 0);
        assert_int_equal(fleet_join_take_key(&invite, good), 0);
        memcpy(bad, good, sizeof(bad));
        seal_text_format(zero, bad);
        bad[SEAL_TEXT_LEN] = ':';
        assert_int_equal(fleet_join_take_key(&invite, bad), -EINVAL);
        memcpy(bad, good, sizeof(bad));
        seal_text_format(zero, bad + SEAL_TEXT_LEN + 1);
        assert_int_equal(fleet_join_take_key(&invite, bad), -EINVAL);
}

/* As a former version has let it in. */
static void let_in(struct fixture *f, struct fleet_change *ret) {
        uint8_t body[4096];
        struct bytes_writer w = { .out = body, .size = sizeof(body) };
        struct store_fleet_host host = { .name = "evil", .groups = "all mail web" };
        struct store_fleet_issuer issuer = { .host = "evil" };
        struct fleet_news news;

        fleet_body_put_issuer(&w, &issuer, true);
        fleet_body_put_host(&w, &host);
        assert_int_equal(fleet_change_say(f->issuer.fleet, body, w.len, ret), 0);
        assert_int_equal(
                fleet_change_apply(f->issuer.fleet, f->issuer.store->writer, ret, NULL, &news), 0);
}

static void test_a_bad_key_is_left_out(void **state) {
        struct fixture *f = *state;
        struct fleet_change change = {};
        struct fleet_report report = {};
        struct pages p;
        uint8_t secret[SEAL_SECRET_LEN], *out;
        size_t len;

        let_in(f, &change);
        fleet_change_done(&change);
        resync(&f->member, &f->issuer, "all");
        snapshot(&f->issuer, "all", true, &p);
        end(&p);
        fleet_report_ask(f->member.fleet);
        assert_int_equal(fleet_report_next(f->member.fleet, f->member.store->writer, &report), 0);
        assert_non_null(report.frame);
        assert_int_equal(mirror_key_source(f->issuer.dir, secret), 0);
        out = malloc(report.len);
        assert_non_null(out);
        assert_int_equal(frame_report_open(report.frame, report.len, secret, out, &len), 0);
        free(out);
        fleet_report_done(&report);
        assert_int_equal(add_group_named(&f->issuer, "db", &change), 0);
        assert_true(fleet_has_group(f->issuer.fleet, "db"));
        fleet_change_done(&change);
}

/* All that can fail does so before the change is made. */
static void test_what_cannot_be_sealed_is_not_invited(void **state) {
        struct fixture *f = *state;
        struct fleet_invite invite = { .host = { .name = "evil", .groups = "all web" } };
        struct fleet_change change = {};

        assert_int_equal(
                fleet_join_invite(f->issuer.fleet, f->issuer.store->writer, &invite, &change),
                -EINVAL);
        assert_int_equal(change.n, 0);
        assert_non_null(fleet_refusal(-EINVAL));
}

/* --- A host that has lost its key --- */

static void replace_key(const struct unit_host *h) {
        char key[SEAL_TEXT_LEN + 1];

        assert_int_equal(mirror_key_make(h->dir, true, key), 0);
}

static void test_an_issuing_host_without_its_key(void **state) {
        struct fixture *f = *state;
        struct fleet_change change = {};

        replace_key(&f->issuer);
        assert_int_equal(add_group_named(&f->issuer, "db", &change), 0);
        assert_false(fleet_has_group(f->issuer.fleet, "db"));
        resync(&f->member, &f->issuer, "all");
        fleet_change_done(&change);
}

static void test_a_member_without_its_key(void **state) {
        struct fixture *f = *state;
        struct fleet_move move = { .host = "web1", .groups = "all mail web db" };
        struct fleet_change change = {};
        struct fleet_news news;
        struct store *writer = f->issuer.store->writer;

        assert_int_equal(add_group_named(&f->issuer, "db", &change), 0);
        fleet_change_done(&change);
        resync(&f->member, &f->issuer, "all");
        replace_key(&f->member);
        assert_int_equal(fleet_hosts_move(f->issuer.fleet, writer, &move, &change), 0);
        assert_int_equal(fleet_change_apply(f->issuer.fleet, writer, &change, NULL, &news), 0);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&change, "all")), 0);
        assert_true(fleet_has_group(f->member.fleet, "web"));
        assert_false(fleet_has_group(f->member.fleet, "db"));
        fleet_change_done(&change);
        issue(f, k, "all");
        resync(&f->member, &f->issuer, "all");
        assert_int_equal(status_of(&f->member, k), KEY_ACTIVE);
        assert_true(fleet_has_group(f->member.fleet, "web"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_groups, make, drop),
                cmocka_unit_test_setup_teardown(test_long_names, make, drop),
                cmocka_unit_test_setup_teardown(test_issuing_hosts, make, drop),
                cmocka_unit_test_setup_teardown(test_a_change_with_too_many, make, drop),
                cmocka_unit_test_setup_teardown(test_a_bad_key_is_not_taken, make, drop),
                cmocka_unit_test_setup_teardown(test_a_bad_key_is_left_out, make, drop),
                cmocka_unit_test_setup_teardown(test_what_cannot_be_sealed_is_not_invited, make,
                                                drop),
                cmocka_unit_test_setup_teardown(test_an_issuing_host_without_its_key, make, drop),
                cmocka_unit_test_setup_teardown(test_a_member_without_its_key, make, drop),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* What one host or administrator may not do to the whole fleet: too many groups or issuing hosts,
 * and keys that nothing can be sealed for. */
#include "unit_snapshot.h"

#include "fleet/fleet_report.h"
#include "store/store_key.h"

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
                struct store_fleet_issuer issuer = { .host = "many" };

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

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_groups, make, drop),
                cmocka_unit_test_setup_teardown(test_issuing_hosts, make, drop),
                cmocka_unit_test_setup_teardown(test_a_change_with_too_many, make, drop),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

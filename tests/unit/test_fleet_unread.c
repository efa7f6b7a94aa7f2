/* SPDX-License-Identifier: BSD-2-Clause */
/* A host that cannot read what it is in its fleet is not one without a fleet: the fleet's keys are
 * unavailable, nothing of the fleet is changed, and it tries again. */
#include "unit_fleet_pair.h"

#include "control/control_audit.h"
#include "control/control_state.h"
#include "fleet/fleet_state.h"

#define KEY_FILE "fleet-web.key"

/* A state directory that has lost a file for a moment. */
static void hide(const struct unit_host *h) {
        assert_int_equal(renameat(h->dir, KEY_FILE, h->dir, "hidden"), 0);
}

static void show(const struct unit_host *h) {
        assert_int_equal(renameat(h->dir, "hidden", h->dir, KEY_FILE), 0);
}

static void test_no_fleet_is_something_else(void **state) {
        struct fixture *f = *state;
        struct fleet *fleet = f->issuer.fleet;
        struct store *writer = f->issuer.store->writer;
        struct fleet_change change = {};
        uint8_t nothing[1] = {};

        hide(&f->issuer);
        assert_int_equal(fleet_load(fleet, writer), -ENOENT);
        assert_true(fleet_is_unread(fleet));
        assert_null(fleet_self(fleet));
        assert_true(fleet_age_current(fleet) == INT64_MIN);
        assert_int_equal(fleet_hosts_group(fleet, writer, "mail", &change), -EHOSTDOWN);
        assert_int_equal(fleet_join_init(fleet, writer, "hub", "dbname=x", &unit_fleet_record),
                         -EHOSTDOWN);
        assert_int_equal(fleet_join_accept(fleet, writer, nothing, 1, &unit_fleet_record),
                         -EHOSTDOWN);
        show(&f->issuer);
        assert_int_equal(fleet_load(fleet, writer), 0);
        assert_non_null(fleet_self(fleet));
        assert_false(fleet_is_unread(fleet));
}

/* What was heard before holds when it can be read again. */
static void test_remembers(void **state) {
        struct fixture *f = *state;
        struct fleet *fleet = f->member.fleet;
        struct store *writer = f->member.store->writer;
        struct key_record key = fleet_key(f, "web");
        struct fleet_change made = {};
        int64_t at;

        unit_host_change(&f->issuer, insert, &key, &made);
        assert_int_equal(unit_host_take(&f->member, &made.frames[0]), 0);
        fleet_change_done(&made);
        at = fleet_age_current(fleet);
        assert_true(at != INT64_MIN);
        hide(&f->member);
        for (unsigned i = 0; i < 2; i++)
                assert_int_equal(fleet_load(fleet, writer), -ENOENT);
        show(&f->member);
        assert_int_equal(fleet_load(fleet, writer), 0);
        assert_true(fleet_age_current(fleet) == at);
        assert_true(fleet->issuers[0].heard);
}

/* A host that has lost a file for good can leave. */
static void test_leaves(void **state) {
        struct fixture *f = *state;

        hide(&f->member);
        assert_null(fleet_free(f->member.fleet));
        assert_int_equal(fleet_new(&f->member.fleet, f->member.dir, f->member.keymint), 0);
        assert_int_equal(fleet_load(f->member.fleet, f->member.store->writer), -ENOENT);
        assert_int_equal(
                fleet_join_leave(f->member.fleet, f->member.store->writer, &unit_fleet_record), 0);
        assert_false(fleet_is_unread(f->member.fleet));
        assert_int_equal(fleet_absence(f->member.fleet), -ENOLINK);
        show(&f->member);
}

/* --- Calls --- */

static struct control_call call_of(struct control *control) {
        return (struct control_call){ .control = control,
                                      .method = control_methods_find("RevokeKeys"),
                                      .role = ROLE_ADMIN };
}

static int rename_it(struct control_call *call, struct store *writer) {
        struct key_record key;
        int r = store_key_get(writer, ID, &key);

        (void) call;
        memcpy(key.name, "another", 8);
        return r < 0 ? r : store_key_update(writer, &key);
}

static int revoke_it(struct control_call *call, struct store *writer) {
        struct key_record key;
        int r = store_key_get(writer, ID, &key);

        (void) call;
        key.status = KEY_REVOKED;
        return r < 0 ? r : store_key_update(writer, &key);
}

static int count(const struct store_fleet_revocation *revocation, void *userdata) {
        (void) revocation;
        ++*(unsigned *) userdata;
        return 0;
}

static unsigned waiting(struct store *writer) {
        unsigned n = 0;

        assert_int_equal(store_fleet_each_revocation(writer, count, &n), 0);
        return n;
}

/* Otherwise this host would change a key of all hosts as if it were its own. A revocation is done
 * here, and what an issuing host revokes is kept for the others. */
static void test_nothing_of_the_fleet_is_changed(void **state) {
        struct fixture *f = *state;
        struct key_record key = fleet_key(f, "web");
        struct control *control = calloc(1, sizeof(*control));
        struct store_shared shared = {};
        struct fleet_change made = {};

        unit_host_change(&f->issuer, insert, &key, &made);
        assert_int_equal(unit_host_take(&f->member, &made.frames[0]), 0);
        control->fixed.shared = &shared;
        for (unsigned issuing = 0; issuing < 2; issuing++) {
                struct unit_host *h = issuing ? &f->issuer : &f->member;
                struct store *writer = h->store->writer;
                struct control_call call = call_of(control), revoke = call_of(control),
                                    again = call_of(control);

                control->writer.fleet = h->fleet;
                hide(h);
                assert_int_equal(fleet_load(h->fleet, writer), -ENOENT);
                assert_false(control_transact(&call, writer, rename_it));
                assert_int_equal(call.error, CONTROL_FLEET);
                assert_string_equal(get(h, ID).name, key.name);
                assert_true(control_transact(&revoke, writer, revoke_it));
                assert_int_equal(get(h, ID).status, KEY_REVOKED);
                assert_int_equal(waiting(writer), issuing);
                control_fleet_reread(&again, writer);
                assert_false(again.reread);
                show(h);
                control_fleet_reread(&again, writer);
                assert_true(again.reread);
                assert_true(shared.fleet_at != INT64_MIN);
                assert_non_null(fleet_self(h->fleet));
                control_audit_release(&call);
                control_audit_release(&revoke);
        }
        fleet_change_done(&made);
        free(control);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_no_fleet_is_something_else, make, drop),
                cmocka_unit_test_setup_teardown(test_remembers, make, drop),
                cmocka_unit_test_setup_teardown(test_leaves, make, drop),
                cmocka_unit_test_setup_teardown(test_nothing_of_the_fleet_is_changed, make, drop),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

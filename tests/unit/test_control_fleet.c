/* SPDX-License-Identifier: BSD-2-Clause */
/* A change of an issuing host on its way over the database: it is sent once, and decided anew only
 * when it was not made. The test is fleetd and the writer thread. */
#include "unit_fleet_pair.h"

#include "control/control_audit.h"
#include "control/control_state.h"

struct hall {
        struct fixture *f;
        struct control *control;
        struct store_shared shared;
        struct control_call *call;
        unsigned runs, sends, answers;
};

static struct hall hall;

/* The writer thread does all at once. */
int __wrap_worker_submit(struct worker *worker, struct worker_job *job);
int __wrap_worker_submit(struct worker *worker, struct worker_job *job) {
        assert_null(worker);
        job->run(job, hall.f->issuer.store->writer);
        job->done(job);
        return 0;
}

int __wrap_worker_go_on(struct worker *worker, struct worker_job *job);
int __wrap_worker_go_on(struct worker *worker, struct worker_job *job) {
        return __wrap_worker_submit(worker, job);
}

int __wrap_control_fleet_link_send(struct control *control, const struct control_fleet_out *out);
int __wrap_control_fleet_link_send(struct control *control, const struct control_fleet_out *out) {
        assert_ptr_equal(control, hall.control);
        assert_ptr_equal(control->loop.fleet.current, out);
        hall.sends++;
        return 0;
}

void __wrap_control_answer(struct control_call *call);
void __wrap_control_answer(struct control_call *call) {
        assert_ptr_equal(call, hall.call);
        hall.answers++;
}

static int issue(struct control_call *call, struct store *writer) {
        struct key_record key = fleet_key(hall.f, "all web");

        (void) call;
        /* Each time another one. */
        key.id[0] = (char) ('a' + hall.runs);
        return store_key_insert(writer, &key);
}

static void run(struct worker_job *job, struct store *writer) {
        (void) control_transact((struct control_call *) job, writer, issue);
        hall.runs++;
}

static void done(struct worker_job *job) {
        struct control_call *call = (struct control_call *) job;

        if (!control_fleet_ran(call))
                control_answer(call);
}

/* A call that issues a key has been sent to fleetd. */
static int make_hall(void **state) {
        hall = (struct hall){ .control = calloc(1, sizeof(*hall.control)),
                              .call = calloc(1, sizeof(*hall.call)) };
        if (!hall.control || !hall.call || make(state) < 0)
                return -1;
        hall.f = *state;
        hall.control->fixed.shared = &hall.shared;
        hall.control->writer.fleet = hall.f->issuer.fleet;
        hall.control->loop.fleet.connected = hall.control->loop.fleet.told = true;
        *hall.call = (struct control_call){ .job = { .run = run, .done = done },
                                            .control = hall.control,
                                            .method = control_methods_find("RevokeKeys"),
                                            .role = ROLE_ADMIN };
        control_resume(hall.call);
        assert_int_equal(hall.runs, 1);
        assert_int_equal(hall.sends, 1);
        assert_int_equal(hall.answers, 0);
        return 0;
}

static int drop_hall(void **state) {
        control_fleet_release(hall.call);
        control_audit_release(hall.call);
        free(hall.call);
        free(hall.control);
        return drop(state);
}

static void expect_one_key(void) {
        uint64_t keys;

        assert_int_equal(hall.runs, 1);
        assert_int_equal(hall.answers, 1);
        assert_int_equal(hall.call->error, CONTROL_OK);
        assert_int_equal(store_fleet_keys(hall.f->issuer.store->writer, &keys), 0);
        assert_int_equal(keys, 1);
}

static void take_own_frames(size_t n) {
        const struct fleet_change *change = &hall.control->loop.fleet.current->change;

        assert_int_equal(change->n, 2);
        for (size_t i = 0; i < n; i++)
                assert_int_equal(unit_host_take(&hall.f->issuer, &change->frames[i]), 0);
}

static void test_committed(void **state) {
        (void) state;
        control_fleet_finish(hall.control, CONTROL_FLEET_COMMITTED, "");
        expect_one_key();
}

/* The groups of this host change while a change is on its way. fleetd hears of it, and says how the
 * database is, before it has heard what became of the change. It has the change already. */
static void test_groups_change_under_it(void **state) {
        (void) state;
        control_fleet_link_changed(hall.control);
        hall.control->loop.fleet.connected = true;
        control_fleet_told(hall.control);
        assert_int_equal(hall.sends, 1);
        control_fleet_finish(hall.control, CONTROL_FLEET_COMMITTED, "");
        expect_one_key();
}

/* A fleetd that attaches anew has forgotten it. */
static void test_fleetd_attaches_anew(void **state) {
        (void) state;
        control_fleet_link_changed(hall.control);
        control_fleet_attached(hall.control);
        hall.control->loop.fleet.connected = true;
        control_fleet_told(hall.control);
        assert_int_equal(hall.sends, 2);
        control_fleet_finish(hall.control, CONTROL_FLEET_COMMITTED, "");
        expect_one_key();
}

/* The log has brought the change, or a part of it. So the database has it, whatever is said. */
static void test_the_log_has_it(void **state) {
        static const enum control_fleet_outcome outcomes[] = { CONTROL_FLEET_CONFLICT,
                                                               CONTROL_FLEET_AWAY,
                                                               CONTROL_FLEET_FAILED };

        for (size_t i = 0; i < ARRAY_LEN(outcomes); i++)
                for (size_t n = 1; n <= 2; n++) {
                        assert_int_equal(drop_hall(state), 0);
                        assert_int_equal(make_hall(state), 0);
                        take_own_frames(n);
                        control_fleet_finish(hall.control, outcomes[i], "it says so");
                        expect_one_key();
                }
}

/* Another change was first. */
static void test_conflict(void **state) {
        struct fixture *f = *state;
        struct key_record key = fleet_key(f, "all web");
        struct fleet_change other = {};
        uint64_t keys;

        memcpy(key.id, "zzzzzzzzzz", sizeof(key.id));
        unit_host_change(&f->issuer, insert, &key, &other);
        control_fleet_finish(hall.control, CONTROL_FLEET_CONFLICT, "");
        assert_int_equal(hall.runs, 2);
        assert_int_equal(hall.sends, 2);
        control_fleet_finish(hall.control, CONTROL_FLEET_COMMITTED, "");
        assert_int_equal(hall.answers, 1);
        assert_int_equal(hall.call->error, CONTROL_OK);
        assert_int_equal(store_fleet_keys(f->issuer.store->writer, &keys), 0);
        assert_int_equal(keys, 2);
        fleet_change_done(&other);
}

static void revoke_here(struct store *writer) {
        struct key_record key = get(&hall.f->issuer, ID);
        struct store_fleet_revocation waiting = { .id = ID, .at = UNIT_BEGUN_AT };

        assert_int_equal(store_begin(writer), 0);
        key.status = KEY_REVOKED;
        assert_int_equal(store_key_update(writer, &key), 0);
        assert_int_equal(store_fleet_put_revocation(writer, &waiting), 0);
        assert_int_equal(store_commit(writer), 0);
}

/* fleetd asks every few seconds. */
static void sign_heads(struct store *writer) {
        const struct control_handlers *handlers = control_methods_find("FleetSignHeads")->handlers;
        struct control_call *first = hall.call, *call = calloc(1, handlers->size);

        assert_non_null(call);
        call->control = hall.control;
        hall.call = call;
        handlers->run(call, writer);
        handlers->settle(call);
        handlers->release(call);
        free(call);
        hall.call = first;
}

/* PostgreSQL refuses revocations that have waited, for a moment: its disk is full, or it is slow.
 * The state of the link does not change by that. */
static void test_a_refused_revocation_is_told_again(void **state) {
        struct store *writer = hall.f->issuer.store->writer;

        (void) state;
        control_fleet_finish(hall.control, CONTROL_FLEET_COMMITTED, "");
        expect_one_key();
        revoke_here(writer);
        control_fleet_flush(hall.control);
        assert_int_equal(hall.sends, 2);
        for (unsigned i = 0; i < 2; i++) {
                control_fleet_finish(hall.control, CONTROL_FLEET_FAILED, "no space left");
                /* Not over and over. */
                assert_null(hall.control->loop.fleet.current);
                control_fleet_flush(hall.control);
                assert_int_equal(hall.sends, 2 + i);
                sign_heads(writer);
                assert_int_equal(hall.sends, 3 + i);
                /* One at a time. */
                sign_heads(writer);
                assert_int_equal(hall.sends, 3 + i);
        }
        control_fleet_finish(hall.control, CONTROL_FLEET_COMMITTED, "");
        assert_int_equal(fleet_age_may_state(hall.control->writer.fleet, writer), 1);
        assert_int_equal(hall.sends, 4);
}

static int revoke_own(struct control_call *call, struct store *writer) {
        struct key_record key = get(&hall.f->issuer, ID);

        (void) call;
        key.status = KEY_REVOKED;
        return store_key_update(writer, &key);
}

/* A member revokes a key for itself alone, and issues one day. */
static void test_a_member_revokes_a_key(void **state) {
        struct unit_host *h = &hall.f->issuer;
        struct store *writer = h->store->writer;
        struct store_fleet self = *fleet_self(h->fleet);

        (void) state;
        control_fleet_finish(hall.control, CONTROL_FLEET_COMMITTED, "");
        expect_one_key();
        self.issuing = false;
        assert_int_equal(store_fleet_put(writer, &self), 0);
        unit_host_again(h);
        hall.control->writer.fleet = h->fleet;
        assert_true(control_transact(hall.call, writer, revoke_own));
        assert_int_equal(get(h, ID).status, KEY_REVOKED);
        assert_int_equal(unit_sql_number(h->store->path, "SELECT count(*) FROM fleet_outbox"), 0);
        self.issuing = true;
        assert_int_equal(store_fleet_put(writer, &self), 0);
        assert_int_equal(unit_sql_number(h->store->path, "SELECT count(*) FROM fleet_outbox"), 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_committed, make_hall, drop_hall),
                cmocka_unit_test_setup_teardown(test_groups_change_under_it, make_hall, drop_hall),
                cmocka_unit_test_setup_teardown(test_fleetd_attaches_anew, make_hall, drop_hall),
                cmocka_unit_test_setup_teardown(test_the_log_has_it, make_hall, drop_hall),
                cmocka_unit_test_setup_teardown(test_conflict, make_hall, drop_hall),
                cmocka_unit_test_setup_teardown(test_a_refused_revocation_is_told_again, make_hall,
                                                drop_hall),
                cmocka_unit_test_setup_teardown(test_a_member_revokes_a_key, make_hall, drop_hall),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

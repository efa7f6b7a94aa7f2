/* SPDX-License-Identifier: BSD-2-Clause */
/* What follows from a login that was accepted: its use reaches the store, and the first use of a
 * key that takes another's place retires that one. */
#include <semaphore.h>

#include "unit_verify.h"

#include "store/worker.h"

static sem_t begun, go_on;

struct hold {
        struct worker_job job;
        bool waits;
        unsigned *n_done;
};

static void hold_run(struct worker_job *job, struct store *writer) {
        (void) writer;
        if (!((struct hold *) job)->waits)
                return;
        (void) sem_post(&begun);
        while (sem_wait(&go_on) < 0)
                continue;
}

static void hold_done(struct worker_job *job) {
        ++*((struct hold *) job)->n_done;
        free(job);
}

static int submit_hold(struct worker *worker, bool waits, unsigned *n_done) {
        struct hold *hold = calloc(1, sizeof(*hold));
        int r;

        assert_non_null(hold);
        *hold = (struct hold){ .job = { .run = hold_run, .done = hold_done },
                               .waits = waits,
                               .n_done = n_done };
        r = worker_submit(worker, &hold->job);
        if (r < 0)
                free(hold);
        return r;
}

static void on_done(void *userdata) {
        store_release(userdata);
}

static struct worker *worker_of(struct unit_verify *f, sd_event **event) {
        struct worker *worker = NULL;

        unit_succeeds("sd_event_new", sd_event_new(event));
        assert_int_equal(worker_new(&worker, *event, f->store->writer, on_done, f->store->reader),
                         0);
        return worker;
}

/* Ends the worker, and with it what it was to do; the writer was its own and is opened again. */
static void end_worker(struct unit_verify *f, struct worker *worker, sd_event *event) {
        worker_free(worker);
        sd_event_unref(event);
        f->store->writer = NULL;
        assert_int_equal(
                store_open(&f->store->writer, f->store->path, STORE_WRITER, &f->store->shared), 0);
}

static struct key_record used_key(const struct unit_verify *f) {
        struct key_record key;

        assert_int_equal(store_key_get_used(f->store->writer, ID, &key), 0);
        return key;
}

static void test_uses_reach_the_store(void **state) {
        struct wire_request req = unit_verify_request(WIRE_VERIFY), confirm,
                            bad = unit_verify_request(WIRE_VERIFY);
        struct unit_verify *f = *state;
        struct worker *worker;
        sd_event *event = NULL;
        struct key_record key;

        keytext_format(bad.key.text, ID, unit_other_secret);
        confirm = unit_verify_login(f, &req, OTHER);
        (void) unit_verify_ask_as(f, &req, OTHER, NOW + 5);
        (void) unit_verify_ask_as(f, &confirm, OTHER, NOW + 6);
        (void) unit_verify_ask_as(f, &bad, OTHER, NOW + 7);
        worker = worker_of(f, &event);
        verify_flush(f->verify, worker);
        verify_flush(f->verify, worker); /* there is nothing left */
        end_worker(f, worker, event);
        key = used_key(f);
        assert_int_equal(key.uses, 2);
        assert_int_equal(key.last_used_at, NOW + 5);
        assert_string_equal(key.last_service, "imap");
        assert_string_equal(key.last_rhost, "192.0.2.7");
}

/* A peer may claim any bytes; a list of keys with such in it could not be sent, nor shown. */
static void test_what_a_peer_claimed_is_stored_printable(void **state) {
        struct wire_request req = unit_verify_request(WIRE_VERIFY);
        struct unit_verify *f = *state;
        struct worker *worker;
        sd_event *event = NULL;
        struct key_record key;

        unit_sql(f->store->path, "UPDATE key SET networks = ''");
        (void) snprintf(req.rhost, sizeof(req.rhost), "\xff\x1b[31m\n");
        (void) unit_verify_ask_as(f, &req, OTHER, NOW);
        /* more than there are places: they are counted in one */
        for (unsigned i = 0; i < 5000; i++)
                (void) unit_verify_ask_as(f, &req, OTHER, NOW);
        worker = worker_of(f, &event);
        verify_flush(f->verify, worker);
        end_worker(f, worker, event);
        key = used_key(f);
        assert_int_equal(key.uses, 5001);
        assert_string_equal(key.last_rhost, "\\xff\\x1b[31m\\x0a");
}

static void test_a_use_does_not_disturb_the_snapshot(void **state) {
        struct wire_request req = unit_verify_request(WIRE_VERIFY);
        struct unit_verify *f = *state;
        uint64_t generation = f->store->shared.generation;
        struct worker *worker;
        sd_event *event = NULL;

        (void) unit_verify_reason(f, &req);
        worker = worker_of(f, &event);
        verify_flush(f->verify, worker);
        end_worker(f, worker, event);
        assert_int_equal(used_key(f).uses, 1);
        assert_int_equal(f->store->shared.generation, generation);
}

static void test_no_use_is_lost_while_the_writer_is_busy(void **state) {
        struct wire_request req = unit_verify_request(WIRE_VERIFY);
        struct unit_verify *f = *state;
        struct worker *worker;
        sd_event *event = NULL;
        unsigned n_done = 0;

        assert_int_equal(sem_init(&begun, 0, 0), 0);
        assert_int_equal(sem_init(&go_on, 0, 0), 0);
        worker = worker_of(f, &event);
        assert_int_equal(submit_hold(worker, true, &n_done), 0);
        assert_int_equal(sem_wait(&begun), 0);
        while (submit_hold(worker, false, &n_done) == 0)
                continue;
        (void) unit_verify_reason(f, &req);
        verify_flush(f->verify, worker); /* no place: it keeps what it has */
        (void) unit_verify_reason(f, &req);
        assert_int_equal(sem_post(&go_on), 0);
        while (n_done <= WORKER_QUEUE_MAX)
                unit_succeeds("sd_event_run", sd_event_run(event, UINT64_MAX));
        verify_flush(f->verify, worker);
        end_worker(f, worker, event);
        assert_int_equal(used_key(f).uses, 2);
        assert_int_equal(sem_destroy(&begun), 0);
        assert_int_equal(sem_destroy(&go_on), 0);
}

/* Makes n keys of alice, and a request with each. */
static void use_many_keys(struct unit_verify *f, unsigned n) {
        struct wire_request req = unit_verify_request(WIRE_VERIFY);

        for (unsigned made = 0; made < 2; made++) {
                if (!made)
                        assert_int_equal(store_begin(f->store->writer), 0);
                for (unsigned i = 0; i < n; i++) {
                        struct key_record key;
                        char id[KEYTEXT_ID_LEN + 1];

                        (void) snprintf(id, sizeof(id), "%010u", i);
                        key = unit_verify_key(f, id, "alice");
                        keytext_format(req.key.text, id, unit_secret);
                        if (made)
                                assert_int_equal(unit_verify_reason(f, &req), REASON_NONE);
                        else
                                assert_int_equal(store_key_insert(f->store->writer, &key), 0);
                }
                if (!made)
                        assert_int_equal(store_commit(f->store->writer), 0);
        }
}

static void test_when_no_use_can_be_noted_logins_go_on(void **state) {
        struct unit_verify *f = *state;
        struct worker *worker;
        sd_event *event = NULL;

        use_many_keys(f, 4200);
        worker = worker_of(f, &event);
        verify_flush(f->verify, worker);
        end_worker(f, worker, event);
        assert_int_equal(unit_sql_number(f->store->path, "SELECT sum(uses) FROM key_use"), 4096);
        assert_int_equal(unit_sql_number(f->store->path, "SELECT max(uses) FROM key_use"), 1);
}

static void test_a_use_after_a_flush_is_a_new_one(void **state) {
        struct wire_request req = unit_verify_request(WIRE_VERIFY);
        struct unit_verify *f = *state;
        struct worker *worker;
        sd_event *event = NULL;

        worker = worker_of(f, &event);
        for (unsigned i = 0; i < 3; i++) {
                assert_int_equal(unit_verify_ask_as(f, &req, OTHER, NOW + i).event.reason,
                                 REASON_NONE);
                verify_flush(f->verify, worker);
        }
        end_worker(f, worker, event);
        assert_int_equal(used_key(f).uses, 3);
        assert_int_equal(used_key(f).last_used_at, NOW + 2);
}

/* Many keys in turn, and all of them once more: no use is lost, or counted for another. */
static void test_uses_of_several_keys_are_kept_apart(void **state) {
        struct unit_verify *f = *state;
        struct worker *worker;
        sd_event *event = NULL;

        use_many_keys(f, 1500);
        for (unsigned i = 0; i < 1500; i++) {
                struct wire_request req = unit_verify_request(WIRE_VERIFY);
                char id[KEYTEXT_ID_LEN + 1];

                (void) snprintf(id, sizeof(id), "%010u", i);
                keytext_format(req.key.text, id, unit_secret);
                assert_int_equal(unit_verify_reason(f, &req), REASON_NONE);
        }
        worker = worker_of(f, &event);
        verify_flush(f->verify, worker);
        end_worker(f, worker, event);
        assert_int_equal(
                unit_sql_number(f->store->path, "SELECT count(*) FROM key_use WHERE uses = 2"),
                1500);
}

static void test_a_use_of_a_key_that_is_gone_is_no_matter(void **state) {
        struct wire_request req = unit_verify_request(WIRE_VERIFY);
        struct unit_verify *f = *state;
        struct worker *worker;
        sd_event *event = NULL;

        (void) unit_verify_reason(f, &req);
        unit_sql(f->store->path, "DELETE FROM key");
        worker = worker_of(f, &event);
        verify_flush(f->verify, worker);
        end_worker(f, worker, event);
        assert_int_equal(unit_sql_number(f->store->path, "SELECT count(*) FROM key_use"), 0);
}

/* --- The first use of a key that takes another's place --- */

#define NEW "nnnnnnnnnn"

static struct wire_request new_request(void) {
        struct wire_request req = unit_verify_request(WIRE_VERIFY);

        keytext_format(req.key.text, NEW, unit_other_secret);
        return req;
}

/* The good key, and another that takes its place. */
static void rotate_key(const struct unit_verify *f, int64_t retires_at) {
        struct key_record key = unit_verify_key(f, ID, "alice"),
                          next = unit_verify_key(f, NEW, "alice");

        key.retires_at = retires_at;
        memcpy(key.successor, NEW, sizeof(NEW));
        unit_verify_update(f, &key);
        unit_verify_digest(f, &next, unit_other_secret);
        memcpy(next.predecessor, ID, sizeof(ID));
        assert_int_equal(store_begin(f->store->writer), 0);
        assert_int_equal(store_key_insert(f->store->writer, &next), 0);
        assert_int_equal(store_commit(f->store->writer), 0);
}

/* No worker is there: what counts at once counts before anything is written. */
static void test_the_first_use_of_a_successor_retires_the_key_at_once(void **state) {
        struct wire_request old = unit_verify_request(WIRE_VERIFY), new = new_request();
        struct unit_verify *f = *state;

        rotate_key(f, RECORD_RETIRES_ON_USE);
        assert_int_equal(unit_verify_reason(f, &old), REASON_NONE);
        assert_int_equal(unit_verify_reason(f, &old), REASON_NONE);
        assert_int_equal(unit_verify_reason(f, &new), REASON_NONE);
        assert_int_equal(unit_verify_reason(f, &old), REASON_RETIRED);
        assert_int_equal(unit_verify_ask_as(f, &old, OTHER, NOW).event.expires_at, NOW);
        assert_int_equal(unit_verify_reason(f, &new), REASON_NONE);
}

static void test_a_refused_use_of_a_successor_retires_nothing(void **state) {
        struct wire_request old = unit_verify_request(WIRE_VERIFY), new = new_request(),
                            confirm = unit_verify_request(WIRE_VERIFY);
        struct unit_verify *f = *state;

        rotate_key(f, RECORD_RETIRES_ON_USE);
        memcpy(new.service, "ftp", 4);
        assert_int_equal(unit_verify_reason(f, &new), REASON_SERVICE);
        new = new_request();
        keytext_format(new.key.text, NEW, unit_secret);
        assert_int_equal(unit_verify_reason(f, &new), REASON_WRONG_SECRET);
        confirm.kind = WIRE_CONFIRM;
        memcpy(confirm.id, NEW, sizeof(NEW));
        assert_int_equal(unit_verify_reason(f, &confirm), REASON_STALE);
        assert_int_equal(unit_verify_reason(f, &old), REASON_NONE);
}

static void test_an_overlap_is_not_ended_by_a_use(void **state) {
        struct wire_request old = unit_verify_request(WIRE_VERIFY), new = new_request();
        struct unit_verify *f = *state;

        rotate_key(f, NOW + 10);
        assert_int_equal(unit_verify_reason(f, &new), REASON_NONE);
        assert_int_equal(unit_verify_reason(f, &old), REASON_NONE);
        assert_int_equal(unit_verify_ask_as(f, &old, OTHER, NOW + 10).event.reason, REASON_RETIRED);
        assert_int_equal(unit_verify_ask_as(f, &new, OTHER, NOW + 10).event.reason, REASON_NONE);
}

static void test_a_successor_of_another_key_retires_nothing(void **state) {
        struct wire_request old = unit_verify_request(WIRE_VERIFY), new = new_request();
        struct unit_verify *f = *state;

        rotate_key(f, RECORD_RETIRES_ON_USE);
        unit_sql(f->store->path, "UPDATE key SET successor = 'cccccccccc' WHERE id = '" ID "'");
        assert_int_equal(unit_verify_reason(f, &new), REASON_NONE);
        assert_int_equal(unit_verify_reason(f, &old), REASON_NONE);
        unit_sql(f->store->path, "DELETE FROM key WHERE id = '" ID "'");
        assert_int_equal(unit_verify_reason(f, &new), REASON_NONE);
}

static void test_a_first_use_is_written(void **state) {
        struct wire_request old = unit_verify_request(WIRE_VERIFY), new = new_request();
        struct unit_verify *f = *state;
        sd_event *event = NULL;
        struct worker *worker;
        struct key_record key;

        rotate_key(f, RECORD_RETIRES_ON_USE);
        worker = worker_of(f, &event);
        verify_set_worker(f->verify, worker);
        assert_int_equal(unit_verify_ask_as(f, &new, OTHER, NOW + 3).event.reason, REASON_NONE);
        assert_int_equal(unit_verify_ask_as(f, &old, OTHER, NOW + 4).event.reason, REASON_RETIRED);
        end_worker(f, worker, event);
        assert_int_equal(store_key_get(f->store->writer, ID, &key), 0);
        assert_int_equal(key.retires_at, RECORD_RETIRED);
        assert_int_equal(key.dead_at, NOW + 3);
        assert_int_equal(unit_verify_ask_as(f, &old, OTHER, NOW + 5).event.reason, REASON_RETIRED);
        assert_int_equal(unit_verify_ask_as(f, &old, OTHER, NOW + 5).event.expires_at, NOW + 3);
        /* The clock was ahead, and is set right. */
        assert_int_equal(unit_verify_ask_as(f, &old, OTHER, NOW - 100).event.reason,
                         REASON_RETIRED);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_with_verify(test_uses_reach_the_store),
                unit_test_with_verify(test_what_a_peer_claimed_is_stored_printable),
                unit_test_with_verify(test_a_use_does_not_disturb_the_snapshot),
                unit_test_with_verify(test_no_use_is_lost_while_the_writer_is_busy),
                unit_test_with_verify(test_when_no_use_can_be_noted_logins_go_on),
                unit_test_with_verify(test_a_use_after_a_flush_is_a_new_one),
                unit_test_with_verify(test_uses_of_several_keys_are_kept_apart),
                unit_test_with_verify(test_a_use_of_a_key_that_is_gone_is_no_matter),
                unit_test_with_verify(test_the_first_use_of_a_successor_retires_the_key_at_once),
                unit_test_with_verify(test_a_refused_use_of_a_successor_retires_nothing),
                unit_test_with_verify(test_an_overlap_is_not_ended_by_a_use),
                unit_test_with_verify(test_a_successor_of_another_key_retires_nothing),
                unit_test_with_verify(test_a_first_use_is_written),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

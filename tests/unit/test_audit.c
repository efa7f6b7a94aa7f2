/* SPDX-License-Identifier: BSD-2-Clause */
/* The way of what the loop sees into the audit log: what a record says of a login, and that
 * nothing is lost when it cannot be written. */
#include "unit_store.h"

#include "login/verify_audit.h"

#define NOW INT64_C(1800000000)

struct fixture {
        struct unit_store *store;
        sd_event *event;
        struct worker *worker;
        struct audit *audit;
        unsigned batches;
};

static void on_done(void *userdata) {
        ((struct fixture *) userdata)->batches++;
}

static int make(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));
        void *store = NULL;

        if (!f || unit_store_make(&store) < 0 || sd_event_new(&f->event) < 0 ||
            audit_new(&f->audit) < 0)
                return -1;
        f->store = store;
        if (worker_new(&f->worker, f->event, f->store->writer, on_done, f) < 0)
                return -1;
        f->store->writer = NULL; /* the worker's */
        *state = f;
        return 0;
}

static int drop(void **state) {
        struct fixture *f = *state;
        void *store = f->store;

        worker_free(f->worker);
        audit_free(f->audit);
        sd_event_unref(f->event);
        free(f);
        return unit_store_remove(&store);
}

/* Flushes, and waits for the answer; there must be something to flush. */
static void flush(struct fixture *f, int64_t now) {
        unsigned before = f->batches;

        audit_flush(f->audit, f->worker, now);
        while (f->batches == before)
                assert_in_range(sd_event_run(f->event, UINT64_MAX), 0, 1);
}

static int64_t number(const struct fixture *f, const char *what) {
        char sql[300];

        (void) snprintf(sql, sizeof(sql), "SELECT %s FROM audit WHERE event <> 'begun'", what);
        return unit_sql_number(f->store->path, sql);
}

static struct verify_event event_of(enum reason reason) {
        return (struct verify_event){ .reason = reason,
                                      .known = reason != REASON_UNKNOWN_KEY,
                                      .kind = WIRE_VERIFY,
                                      .id = "aaaaaaaaaa",
                                      .user = "alice",
                                      .owner = "alice",
                                      .owner_uid = 1000,
                                      .service = "imap",
                                      .rhost = "192.0.2.7",
                                      .peer = { .uid = 110, .pid = 77 },
                                      .now = NOW };
}

static void test_a_login_is_a_record(void **state) {
        struct fixture *f = *state;
        struct verify_event event = event_of(REASON_NONE);

        verify_audit_note(f->audit, &event);
        event = event_of(REASON_REVOKED);
        verify_audit_note(f->audit, &event);
        event = event_of(REASON_OTHER_USER);
        memcpy(event.user, "bob", 4);
        verify_audit_note(f->audit, &event);
        event = event_of(REASON_UNKNOWN_KEY);
        memcpy(event.user, "bob", 4);
        verify_audit_note(f->audit, &event);
        flush(f, NOW);
        assert_int_equal(number(f, "count(*)"), 4);
        assert_int_equal(
                number(f, "sum(event = 'login' AND door = 'verify' AND uid = 110 AND pid = 77 AND "
                          "count = 1"
                          " AND key = 'aaaaaaaaaa' AND service = 'imap' AND rhost = '192.0.2.7' AND"
                          " at = 1800000000 AND until = at)"),
                4);
        assert_int_equal(number(f, "sum(verdict = 'accepted' AND reason = '' AND user = 'alice' "
                                   "AND owner_uid = 1000)"),
                         1);
        assert_int_equal(
                number(f, "sum(verdict = 'refused' AND reason = 'revoked' AND detail = '')"), 1);
        assert_int_equal(number(f, "sum(reason = 'other-user' AND user = 'alice' AND detail = 'for "
                                   "user ''bob''')"),
                         1);
        assert_int_equal(
                number(f,
                       "sum(reason = 'unknown-key' AND user = 'bob' AND owner_uid = 4294967295)"),
                1);
}

static void test_every_reason_has_a_record(void **state) {
        struct fixture *f = *state;

        for (int i = 0; i < _REASON_MAX; i++) {
                struct verify_event event = event_of((enum reason) i);

                verify_audit_note(f->audit, &event);
        }
        flush(f, NOW);
        assert_int_equal(number(f, "count(*)"), _REASON_MAX);
        assert_int_equal(number(f, "count(DISTINCT reason)"), _REASON_MAX);
}

static void test_a_confirmation_is_a_record_when_it_is_refused(void **state) {
        struct fixture *f = *state;
        struct verify_event event = event_of(REASON_NONE);

        event.kind = WIRE_CONFIRM;
        verify_audit_note(f->audit, &event);
        event.reason = REASON_REVOKED;
        verify_audit_note(f->audit, &event);
        flush(f, NOW);
        assert_int_equal(number(f, "count(*)"), 1);
        assert_int_equal(number(f, "sum(event = 'confirm' AND verdict = 'refused')"), 1);
}

static void test_a_peer_s_words_are_harmless_and_no_key(void **state) {
        static const char key[] =
                "wfk_0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq1bUyxg";
        struct verify_event event = event_of(REASON_UNKNOWN_KEY);
        struct fixture *f = *state;

        memcpy(event.user, key, sizeof(key));
        memcpy(event.service, key, WIRE_SERVICE_MAX);
        (void) snprintf(event.rhost, sizeof(event.rhost), "from %s", key);
        verify_audit_note(f->audit, &event);
        event = event_of(REASON_OTHER_USER);
        memset(event.user, '\n', WIRE_USER_MAX);
        memset(event.service, '\x1b', WIRE_SERVICE_MAX);
        memset(event.rhost, '\x7f', WIRE_RHOST_MAX);
        verify_audit_note(f->audit, &event);
        flush(f, NOW);
        assert_int_equal(number(f, "count(*)"), 2);
        assert_int_equal(
                number(f, "sum(user || service || rhost || detail LIKE '%wfk!_%' ESCAPE '!')"), 0);
        assert_int_equal(number(f, "sum(user || service || rhost || detail GLOB '*[' || char(1) || "
                                   "'-' || char(31) || char(127) || ']*')"),
                         0);
        assert_int_equal(
                number(f, "sum(service LIKE '\\x1b\\x1b%' AND detail LIKE 'for user ''\\x0a%''')"),
                1);
}

static void test_what_cannot_be_written_is_kept(void **state) {
        struct fixture *f = *state;
        struct verify_event event = event_of(REASON_NONE);

        unit_sql(f->store->path, "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT "
                                 "raise(ABORT, 'full'); END");
        verify_audit_note(f->audit, &event);
        flush(f, NOW);
        event = event_of(REASON_REVOKED);
        for (unsigned i = 0; i < 1000; i++)
                verify_audit_note(f->audit, &event);
        for (int64_t now = NOW; now < NOW + 20; now += 2)
                flush(f, now);
        assert_int_equal(number(f, "count(*)"), 0);
        unit_sql(f->store->path, "DROP TRIGGER full");
        flush(f, NOW + 20);
        assert_int_equal(number(f, "count(*)"), 1);
        flush(f, NOW + 20);
        assert_int_equal(number(f, "count(*)"), 2);
        assert_int_equal(number(f, "sum(count)"), 1001);
}

static void end(struct fixture *f) {
        audit_finish(f->audit, f->worker, NOW);
        f->worker = worker_free(f->worker);
}

static void test_at_the_end_all_is_written(void **state) {
        struct fixture *f = *state;
        struct verify_event event = event_of(REASON_REVOKED);

        for (unsigned i = 0; i < 1000; i++) {
                (void) snprintf(event.id, sizeof(event.id), "k%09u", i);
                event.peer.uid = 0;
                verify_audit_note(f->audit, &event);
        }
        flush(f, NOW); /* one batch of them */
        for (unsigned i = 0; i < 1000; i++)
                verify_audit_note(f->audit, &event);
        /* one that is on its way when the end comes */
        audit_flush(f->audit, f->worker, NOW);
        verify_audit_note(f->audit, &event);
        end(f);
        assert_int_equal(number(f, "sum(count)"), 2001);
        assert_int_equal(number(f, "count(*)"), 1000);
}

static void test_the_end_tries_once_more(void **state) {
        struct fixture *f = *state;
        struct verify_event event = event_of(REASON_REVOKED);

        unit_sql(f->store->path, "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT "
                                 "raise(ABORT, 'full'); END");
        verify_audit_note(f->audit, &event);
        flush(f, NOW);
        unit_sql(f->store->path, "DROP TRIGGER full");
        verify_audit_note(f->audit, &event);
        end(f);
        assert_int_equal(number(f, "sum(count)"), 2);
}

static void test_the_end_comes_even_when_nothing_can_be_written(void **state) {
        struct fixture *f = *state;
        struct verify_event event = event_of(REASON_REVOKED);

        unit_sql(f->store->path, "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT "
                                 "raise(ABORT, 'full'); END");
        verify_audit_note(f->audit, &event);
        flush(f, NOW);
        verify_audit_note(f->audit, &event);
        end(f);
        assert_int_equal(number(f, "count(*)"), 0);
}

static void test_nothing_can_be_freed(void **state) {
        (void) state;
        assert_null(audit_free(NULL));
}

#define test_audit(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void) {
        const struct CMUnitTest tests[] = {
                test_audit(test_a_login_is_a_record),
                test_audit(test_every_reason_has_a_record),
                test_audit(test_a_confirmation_is_a_record_when_it_is_refused),
                test_audit(test_a_peer_s_words_are_harmless_and_no_key),
                test_audit(test_what_cannot_be_written_is_kept),
                test_audit(test_at_the_end_all_is_written),
                test_audit(test_the_end_tries_once_more),
                test_audit(test_the_end_comes_even_when_nothing_can_be_written),
                cmocka_unit_test(test_nothing_can_be_freed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

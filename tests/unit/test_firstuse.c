/* SPDX-License-Identifier: BSD-2-Clause */
/* A key at a login: who may ask for one, what comes back, and that nothing is made for whoever
 * has gone. */
#include <sys/socket.h>

#include "unit_accounts.h"
#include "unit_keymint.h"
#include "unit_log.h"
#include "unit_worker.h"

#include "login/firstuse.h"
#include "store/store_key.h"

#define OTHER 12345

struct fixture {
        struct unit_worker w;
        struct keymint *keymint;
        struct audit *audit;
        struct firstuse *firstuse;
};

static int make(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));

        unit_accounts_error = 0;
        if (!f || unit_worker_make(&f->w) < 0 || unit_keymint_make(f->w.store, &f->keymint) < 0)
                return -1;
        unit_sql(
                f->w.store->path,
                "INSERT OR REPLACE INTO policy (name, value, changed_at) VALUES ('enabled', 1, 1)");
        if (unit_worker_start(&f->w) < 0 || audit_new(&f->audit) < 0 ||
            firstuse_new(&f->firstuse, f->w.worker, NULL, f->keymint, f->audit) < 0)
                return -1;
        *state = f;
        return 0;
}

static int drop(void **state) {
        struct fixture *f = *state;
        int r;

        unit_worker_stop(&f->w);
        (void) firstuse_free(f->firstuse);
        (void) audit_free(f->audit);
        (void) keymint_free(f->keymint);
        r = unit_worker_drop(&f->w);
        free(f);
        return r;
}

/* The service is one of a realm. */
static bool of_realm;

/* One connection: what the module has of it. Its other end is closed by then, as the listener
 * does. */
static int begin(struct fixture *f, uid_t uid, const char *user, const char *service, bool gone) {
        const struct peer_cred peer = { .pid = 77, .uid = uid, .gid = 78 };
        struct wire_request req = { .kind = WIRE_ISSUE, .seq = 4711 };
        int fds[2];

        (void) snprintf(req.user, sizeof(req.user), "%s", user);
        (void) snprintf(req.service, sizeof(req.service), "%s", service);
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
        if (gone)
                assert_int_equal(close(fds[0]), 0);
        firstuse_serve(f->firstuse, &req, &peer, of_realm, fds[1]);
        assert_int_equal(close(fds[1]), 0);
        return gone ? -1 : fds[0];
}

static struct wire_reply end(struct fixture *f, int fd) {
        uint8_t out[WIRE_REPLY_LEN + 1];
        struct wire_reply reply;
        ssize_t n;

        while ((n = recv(fd, out, sizeof(out), MSG_DONTWAIT)) < 0) {
                assert_int_equal(errno, EAGAIN);
                unit_succeeds("sd_event_run", sd_event_run(f->w.event, UINT64_MAX));
        }
        assert_int_equal(n, WIRE_REPLY_LEN);
        assert_int_equal(wire_reply_decode(out, (size_t) n, &reply), 0);
        assert_int_equal(reply.seq, 4711);
        assert_int_equal(recv(fd, out, sizeof(out), MSG_DONTWAIT), 0); /* and hung up */
        assert_int_equal(close(fd), 0);
        return reply;
}

static struct wire_reply ask(struct fixture *f, uid_t uid, const char *user, const char *service) {
        return end(f, begin(f, uid, user, service, false));
}

static int64_t count_keys(const struct fixture *f) {
        return unit_sql_number(f->w.store->path, "SELECT count(*) FROM key");
}

static void check_refusal(const char *row, const struct wire_reply *reply, enum reason reason) {
        unit_int(row, reply->verdict, verdict_of(reason));
        unit_int(row, reply->reason, reason);
        unit_str(row, reply->key.text, "");
}

static void test_root_gets_a_key_for_the_service_and_no_second_one(void **state) {
        struct fixture *f = *state;
        struct wire_reply reply = ask(f, 0, "alice", "sshd");
        struct key_record key;
        bool changed;

        assert_int_equal(reply.verdict, VERDICT_ALLOW);
        assert_true(keytext_is_key(reply.key.text, KEYTEXT_LEN));
        assert_string_equal(reply.name, "first use of sshd");
        assert_int_equal(store_refresh(f->w.store->reader, &changed), 0);
        assert_int_equal(store_key_get(f->w.store->reader, reply.id, &key), 0);
        assert_string_equal(key.owner, "alice");
        assert_string_equal(key.services, "sshd");
        assert_string_equal(key.origin, "session:sshd");
        reply = ask(f, 0, "alice", "sshd");
        check_refusal("a second one", &reply, REASON_HAS_KEY);
        assert_int_equal(count_keys(f), 1);
        assert_int_equal(ask(f, 0, "bob", "sshd").verdict, VERDICT_ALLOW);
        assert_int_equal(ask(f, 0, "alice", "login").verdict, VERDICT_ALLOW);
}

static void test_the_log_is_told(void **state) {
        struct fixture *f = *state;
        struct unit_capture log = {};
        struct wire_reply reply;
        char want[96];

        assert_int_equal(unit_capture_begin(&log), 0);
        reply = ask(f, 0, "alice", "sshd");
        (void) snprintf(want, sizeof(want),
                        "key %s of user 'alice' issued at a login to service 'sshd'", reply.id);
        unit_int("one line", unit_capture_lines(&log), 1);
        unit_int(want, strstr(unit_capture_text(&log), want) != NULL, true);
        unit_int("no key", strstr(unit_capture_text(&log), reply.key.text) == NULL, true);
        assert_int_equal(unit_capture_end(&log), 0);
}

/* The one that was made with its key, the refusal when it is flushed; that there is a key
 * already is none. */
static void test_the_audit_log_is_told(void **state) {
        struct fixture *f = *state;

        assert_int_equal(ask(f, 0, "alice", "sshd").verdict, VERDICT_ALLOW);
        assert_int_equal(
                unit_sql_number(f->w.store->path,
                                "SELECT count(*) FROM audit JOIN key ON audit.key = key.id WHERE"
                                " event = 'issued' AND verdict = 'done' AND door = 'session' AND"
                                " audit.uid = 0 AND pid = 77 AND audit.user = 'alice' AND"
                                " audit.owner_uid = key.owner_uid AND service = 'sshd'"),
                1);
        (void) ask(f, 0, "alice", "sshd");
        (void) ask(f, 0, "nobody-here", "sshd");
        audit_finish(f->audit, f->w.worker, 1800000000);
        unit_worker_stop(&f->w);
        assert_int_equal(unit_sql_number(f->w.store->path,
                                         "SELECT count(*) FROM audit WHERE event = 'issued'"),
                         2);
        assert_int_equal(
                unit_sql_number(f->w.store->path,
                                "SELECT count(*) FROM audit WHERE verdict = 'refused' AND"
                                " reason = 'not-issuable' AND user = 'nobody-here' AND key = ''"),
                1);
}

static void test_nobody_else_is_believed(void **state) {
        struct fixture *f = *state;
        struct wire_reply reply = ask(f, OTHER, "alice", "sshd");

        assert_int_equal(reply.verdict, VERDICT_DENY);
        assert_int_equal(reply.reason, REASON_NONE); /* nor told why */
        assert_string_equal(reply.key.text, "");
        assert_int_equal(count_keys(f), 0);
        if (geteuid() != 0)
                assert_int_equal(ask(f, geteuid(), "alice", "sshd").verdict, VERDICT_ALLOW);
}

static void test_refusals_have_their_reasons(void **state) {
        static const struct {
                const char *why, *sql, *user, *service;
                int error;
                enum reason reason;
        } rows[] = {
                { "no service", NULL, "alice", "", 0, REASON_NOT_ISSUABLE },
                { "no name of a service", NULL, "alice", "a b", 0, REASON_NOT_ISSUABLE },
                { "no user", NULL, "nobody-here", "sshd", 0, REASON_NOT_ISSUABLE },
                { "no answer", NULL, "alice", "sshd", -ETIMEDOUT, REASON_ACCOUNT_UNKNOWN },
                { "disabled", "UPDATE policy SET value = 0 WHERE name = 'enabled'", "alice", "sshd",
                  0, REASON_DISABLED },
                { "no store", "DROP TABLE policy", "alice", "sshd", 0, REASON_STORE },
        };

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                void *fixture = NULL;
                struct wire_reply reply;

                assert_int_equal(make(&fixture), 0);
                if (rows[i].sql)
                        unit_sql(((struct fixture *) fixture)->w.store->path, rows[i].sql);
                unit_accounts_error = rows[i].error;
                reply = ask(fixture, 0, rows[i].user, rows[i].service);
                check_refusal(rows[i].why, &reply, rows[i].reason);
                unit_int(rows[i].why, count_keys(fixture), 0);
                assert_int_equal(drop(&fixture), 0);
        }
        (void) state;
}

static void test_the_longest_service_has_a_key(void **state) {
        char service[WIRE_SERVICE_MAX + 1] = "";
        struct wire_reply reply;

        memset(service, 's', WIRE_SERVICE_MAX);
        reply = ask(*state, 0, "alice", service);
        assert_int_equal(reply.verdict, VERDICT_ALLOW);
        assert_int_equal(strlen(reply.name), WIRE_NAME_MAX);
        reply = ask(*state, 0, "alice", service);
        check_refusal("a second one", &reply, REASON_HAS_KEY);
}

static void test_nothing_is_made_for_who_has_gone(void **state) {
        struct fixture *f = *state;

        (void) begin(f, 0, "alice", "sshd", true);
        /* in the worker's order: what is done now has been after it */
        assert_int_equal(ask(f, 0, "bob", "sshd").verdict, VERDICT_ALLOW);
        assert_int_equal(count_keys(f), 1);
        assert_int_equal(ask(f, 0, "alice", "sshd").verdict, VERDICT_ALLOW);
}

/* --- While the worker is held --- */

static void test_of_many_at_one_time_one_gets_a_key_and_some_are_too_many(void **state) {
        int fds[FIRSTUSE_MAX], before = 0;
        struct fixture *f = *state;
        struct wire_reply reply;
        unsigned made = 0;

        /* opens what SQLite wants */
        assert_int_equal(ask(f, 0, "postgres", "sshd").verdict, VERDICT_ALLOW);
        unit_worker_hold(&f->w);
        before = unit_count_fds();
        for (unsigned i = 0; i < FIRSTUSE_MAX; i++)
                fds[i] = begin(f, 0, "alice", "sshd", false);
        reply = ask(f, 0, "bob", "sshd");
        check_refusal("one too many", &reply, REASON_BUSY);
        unit_worker_go_on(&f->w);
        for (unsigned i = 0; i < FIRSTUSE_MAX; i++) {
                reply = end(f, fds[i]);
                if (reply.verdict == VERDICT_ALLOW)
                        made++;
                else
                        check_refusal("the others", &reply, REASON_HAS_KEY);
        }
        assert_int_equal(made, 1);
        assert_int_equal(count_keys(f), 2);
        assert_int_equal(unit_count_fds(), before);
        assert_int_equal(ask(f, 0, "bob", "sshd").verdict, VERDICT_ALLOW); /* there is room again */
}

#define test_firstuse(f) cmocka_unit_test_setup_teardown(f, make, drop)

/* The login was that of a realm's user. The account alice is another person. */
static void test_a_service_of_a_realm_gives_no_account_a_key(void **state) {
        struct fixture *f = *state;
        struct wire_reply reply;

        of_realm = true;
        reply = ask(f, 0, "alice", "dovecot");
        of_realm = false;
        check_refusal("of a realm", &reply, REASON_REALM_SERVICE);
        assert_int_equal(count_keys(f), 0);
        /* The store knows a user of a realm, but not as one of this host. */
        unit_sql(f->w.store->path,
                 "INSERT INTO account (name, state, uid, local, admin, locked, password_ends_at, "
                 "closes_at, gone_since, checked_at) VALUES ('mail:alice', 1, 4294967295, 1, 0, 0, "
                 "0, 0, 0, 1800000000)");
        reply = ask(f, 0, "mail:alice", "sshd");
        check_refusal("an owner", &reply, REASON_NOT_ISSUABLE);
        assert_int_equal(count_keys(f), 0);
}

/* nsswitch.conf(5) can have another user before the one of passwd that the store knows. */
static void test_who_is_known_is_asked_for_all_the_same(void **state) {
        struct fixture *f = *state;
        struct wire_reply reply;

        unit_sql(f->w.store->path,
                 "INSERT INTO account (name, state, uid, local, admin, locked, password_ends_at, "
                 "closes_at, gone_since, checked_at) VALUES ('dora', 1, 1003, 1, 0, 0, 0, 0, 0, "
                 "1800000000)");
        reply = ask(f, 0, "dora", "sshd");
        check_refusal("another's name", &reply, REASON_NOT_ISSUABLE);
        assert_int_equal(ask(f, 0, "alice", "sshd").verdict, VERDICT_ALLOW);
        assert_int_equal(unit_sql_number(f->w.store->path,
                                         "SELECT count(*) FROM account WHERE name = 'alice'"),
                         1);
        unit_accounts_error = -ETIMEDOUT;
        reply = ask(f, 0, "alice", "login");
        check_refusal("no answer", &reply, REASON_ACCOUNT_UNKNOWN);
        /* whoever it is */
        reply = ask(f, 0, "alice", "sshd");
        check_refusal("a second one", &reply, REASON_HAS_KEY);
        assert_int_equal(count_keys(f), 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                test_firstuse(test_root_gets_a_key_for_the_service_and_no_second_one),
                test_firstuse(test_the_log_is_told),
                test_firstuse(test_the_audit_log_is_told),
                test_firstuse(test_nobody_else_is_believed),
                test_firstuse(test_a_service_of_a_realm_gives_no_account_a_key),
                test_firstuse(test_who_is_known_is_asked_for_all_the_same),
                cmocka_unit_test(test_refusals_have_their_reasons),
                test_firstuse(test_the_longest_service_has_a_key),
                test_firstuse(test_nothing_is_made_for_who_has_gone),
                test_firstuse(test_of_many_at_one_time_one_gets_a_key_and_some_are_too_many),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

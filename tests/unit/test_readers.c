/* SPDX-License-Identifier: BSD-2-Clause */
/* Logins that wait for their certificate to be read. The helper is not started: who asks for one
 * is noted, and it answers when a test says so. */
#include <sys/socket.h>

#include "unit_event.h"
#include "unit_verify.h"

#include "base/helper.h"
#include "cert/cert_bytes.h"
#include "cert/cert_work.h"
#include "login/readers.h"
#include "store/store_key.h"

/* --- Helpers, by the linker's --wrap --- */

struct helper {
        bool ended;
        void (*done)(int r, const uint8_t *out, size_t len, void *userdata);
        void *userdata;
        uint64_t timeout_usec;
        size_t in_len, out_max;
        char mode[32];
};

#define HELPERS 512

static struct helper helpers[HELPERS];
static size_t n_started, n_running, most_running;
static int start_error;
static uint64_t fake_now; /* of the loop; 0: the real one */
static char source[16];

int __wrap_helper_start(struct helper **ret, sd_event *event, const char *mode, const void *in,
                        size_t in_len, size_t out_max, uint64_t timeout_usec,
                        void (*done)(int r, const uint8_t *out, size_t len, void *userdata),
                        void *userdata);
struct helper *__wrap_helper_free(struct helper *h);
int64_t __wrap_clock_now(void);
int __wrap_sd_event_now(sd_event *event, clockid_t clock, uint64_t *ret);
int __real_sd_event_now(sd_event *event, clockid_t clock, uint64_t *ret);

int __wrap_helper_start(struct helper **ret, sd_event *event, const char *mode, const void *in,
                        size_t in_len, size_t out_max, uint64_t timeout_usec,
                        void (*done)(int r, const uint8_t *out, size_t len, void *userdata),
                        void *userdata) {
        struct helper *h;

        (void) event;
        (void) in;
        if (start_error < 0)
                return start_error;
        assert_in_range(n_started, 0, HELPERS - 1);
        h = &helpers[n_started++];
        *h = (struct helper){ .done = done,
                              .userdata = userdata,
                              .timeout_usec = timeout_usec,
                              .in_len = in_len,
                              .out_max = out_max };
        (void) snprintf(h->mode, sizeof(h->mode), "%s", mode);
        if (++n_running > most_running)
                most_running = n_running;
        *ret = h;
        return 0;
}

struct helper *__wrap_helper_free(struct helper *h) {
        if (h && !h->ended) {
                h->ended = true;
                n_running--;
        }
        return NULL;
}

/* --- What a login has done, counted --- */

static unsigned n_decoded, n_rows, n_checked;

int __wrap_wire_request_decode(const uint8_t *in, size_t len, struct wire_request *ret);
int __real_wire_request_decode(const uint8_t *in, size_t len, struct wire_request *ret);
int __wrap_store_key_get(struct store *s, const char *id, struct key_record *ret);
int __real_store_key_get(struct store *s, const char *id, struct key_record *ret);
bool __wrap_keymint_check(const struct keymint *k, const struct key_record *record,
                          const char *key);
bool __real_keymint_check(const struct keymint *k, const struct key_record *record,
                          const char *key);

int __wrap_wire_request_decode(const uint8_t *in, size_t len, struct wire_request *ret) {
        n_decoded++;
        return __real_wire_request_decode(in, len, ret);
}

int __wrap_store_key_get(struct store *s, const char *id, struct key_record *ret) {
        n_rows++;
        return __real_store_key_get(s, id, ret);
}

bool __wrap_keymint_check(const struct keymint *k, const struct key_record *record,
                          const char *key) {
        n_checked++;
        return __real_keymint_check(k, record, key);
}

int64_t __wrap_clock_now(void) {
        return NOW;
}

int __wrap_sd_event_now(sd_event *event, clockid_t clock, uint64_t *ret) {
        if (fake_now == 0)
                return __real_sd_event_now(event, clock, ret);
        *ret = fake_now;
        return 0;
}

/* --- The fixture --- */

struct fixture {
        struct unit_verify *verify;
        sd_event *event;
        struct audit *audit;
        struct readers *readers;
};

static int make(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));

        n_started = n_running = most_running = 0;
        n_decoded = n_rows = n_checked = 0;
        start_error = 0;
        fake_now = 0;
        memcpy(source, "192.0.2.7", 10);
        if (!f || unit_verify_make((void **) &f->verify) < 0 || sd_event_new(&f->event) < 0 ||
            audit_new(&f->audit) < 0 ||
            readers_new(&f->readers, f->event, f->verify->verify, f->audit) < 0)
                return -1;
        unit_verify_policy(f->verify, "require-certificate", CERTIFICATE_YES);
        *state = f;
        return 0;
}

static int drop(void **state) {
        struct fixture *f = *state;
        void *verify = f->verify;

        readers_free(f->readers);
        assert_int_equal(n_running, 0);
        audit_free(f->audit);
        sd_event_unref(f->event);
        free(f);
        return unit_verify_drop(&verify);
}

/* A login of a key of its own, and its connection. */
struct client {
        int fd;
        bool answered;
        struct wire_reply reply;
};

static struct client serve(const struct fixture *f, const char *id, const char *user,
                           const char *bytes, uid_t uid) {
        const struct peer_cred peer = { .pid = 77, .uid = uid, .gid = 78 };
        struct wire_request req = unit_verify_request(WIRE_VERIFY);
        uint8_t in[WIRE_REQUEST_MAX], out[WIRE_REPLY_LEN];
        struct verify_packet packet = { .in = in, .peer = &peer, .now = NOW };
        _cleanup_login_ struct verify_login login;
        struct verify_event event;
        int pair[2];

        keytext_format(req.key.text, id, unit_secret);
        (void) snprintf(req.user, sizeof(req.user), "%s", user);
        (void) snprintf(req.rhost, sizeof(req.rhost), "%s", source);
        req.evidence = WIRE_SHOWN;
        req.certificate = (const uint8_t *) bytes;
        req.certificate_len = strlen(bytes);
        packet.len = wire_request_len(&req);
        assert_int_equal(wire_request_encode(in, &req), 0);
        assert_int_equal(verify_packet(f->verify->verify, &packet, &login, out, &event),
                         VERIFY_READ);
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
        readers_serve(f->readers, &login, pair[0]);
        assert_int_equal(close(pair[0]), 0); /* it has one of its own */
        return (struct client){ .fd = pair[1] };
}

static struct client serve_alice(const struct fixture *f, const char *bytes) {
        return serve(f, ID, "alice", bytes, OTHER);
}

/* Whether the connection has been answered; and after that it is closed. */
static bool is_answered(struct client *client) {
        uint8_t in[WIRE_REPLY_LEN];
        ssize_t n = recv(client->fd, in, sizeof(in), MSG_DONTWAIT);

        if (n < 0)
                return false;
        assert_int_equal(n, WIRE_REPLY_LEN);
        assert_int_equal(wire_reply_decode(in, sizeof(in), &client->reply), 0);
        assert_int_equal(recv(client->fd, in, sizeof(in), MSG_DONTWAIT), 0);
        return true;
}

static void check_answer(const char *row, struct client *client, enum verdict verdict,
                         enum reason reason) {
        unit_int(row, is_answered(client), true);
        unit_int(row, client->reply.verdict, verdict);
        unit_int(row, client->reply.reason, reason);
        assert_int_equal(close(client->fd), 0);
}

static size_t write_answer(const char *bytes, enum reason reason, uint8_t *out, size_t size) {
        struct bytes_writer w = { .out = out, .size = size };
        struct cert_record cert = unit_cert(1);
        bool good = reason == REASON_NONE;

        keymint_sha256(bytes, strlen(bytes), cert.thumbprint);
        bytes_write(&w, 1, CERT_BYTES_JUDGE);
        bytes_write(&w, 1, reason);
        bytes_write_text(&w, good ? "" : "detail");
        cert_bytes_put_record(&w, &cert);
        bytes_write(&w, BYTES_TIME, good ? UNIT_CERT_BEGINS : 0);
        bytes_write(&w, BYTES_TIME, good ? UNIT_CERT_ENDS : 0);
        bytes_write(&w, 1, good);
        if (good) {
                bytes_write_raw(&w, cert.serial.key, sizeof(cert.serial.key));
                bytes_write_raw(&w, cert.serial.issuer, sizeof(cert.serial.issuer));
                bytes_write_raw(&w, cert.serial.point, sizeof(cert.serial.point));
                cert_bytes_put_serial(&w, &cert.serial);
        }
        assert_true(bytes_written(&w) > 0);
        return w.len;
}

/* The ith helper ends, with this answer or this error. */
static void end(size_t i, int r, const char *bytes, enum reason reason) {
        uint8_t out[CERT_WORK_VERDICT_MAX];
        size_t len = r < 0 ? 0 : write_answer(bytes, reason, out, sizeof(out));
        struct helper *h = &helpers[i];

        assert_in_range(i, 0, n_started - 1);
        assert_false(h->ended);
        h->ended = true;
        n_running--;
        h->done(r, out, len, h->userdata);
}

/* --- Answers --- */

static void test_a_login_is_answered_when_the_helper_has(void **state) {
        struct client client = serve_alice(*state, "0 x"), next;
        struct fixture *f = *state;

        assert_int_equal(n_started, 1);
        assert_string_equal(helpers[0].mode, CERT_WORK_MODE);
        assert_in_range(helpers[0].timeout_usec, 1, READERS_USEC);
        assert_int_equal(helpers[0].out_max, CERT_WORK_VERDICT_MAX);
        assert_false(is_answered(&client));
        end(0, 0, "0 x", REASON_NONE);
        check_answer("good", &client, VERDICT_ALLOW, REASON_NONE);
        assert_string_equal(client.reply.id, ID);
        next = serve(f, ID, "alice", "0 y", 0);
        end(1, 0, "0 y", REASON_CERTIFICATE_UNTRUSTED);
        check_answer("bad", &next, VERDICT_DENY_CERTIFICATE, REASON_CERTIFICATE_UNTRUSTED);
        assert_int_equal(n_running, 0);
}

/* Decoded once, and the row read twice: at first, and at the end. */
static void test_a_login_is_decoded_once_and_looked_up_twice(void **state) {
        struct client client = serve_alice(*state, "0 x");

        assert_int_equal(n_decoded, 1);
        assert_int_equal(n_rows, 1);
        end(0, 0, "0 x", REASON_NONE);
        check_answer("good", &client, VERDICT_ALLOW, REASON_NONE);
        assert_int_equal(n_decoded, 1);
        assert_int_equal(n_rows, 2);
        assert_int_equal(n_checked, 1);
}

static void test_a_login_that_finds_no_place_is_looked_up_twice_at_most(void **state) {
        struct client client;

        start_error = -EMFILE;
        client = serve(*state, ID, "alice", "0 x", 0);
        check_answer("not started", &client, VERDICT_INTERNAL, REASON_CERTIFICATE_UNCHECKED);
        assert_int_equal(n_decoded, 1);
        assert_int_equal(n_rows, 2);
        assert_int_equal(n_checked, 1);
}

static void test_a_helper_without_an_answer_says_nothing_about_the_key(void **state) {
        static const int errors[] = { -ECHILD, -ETIMEDOUT, -EMSGSIZE };
        struct client client;

        for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
                client = serve(*state, ID, "alice", "0 x", 0);
                end(i, errors[i], NULL, REASON_NONE);
                check_answer("error", &client, VERDICT_INTERNAL, REASON_CERTIFICATE_UNCHECKED);
        }
        /* Nor does it count for the next one. */
        client = serve(*state, ID, "alice", "0 x", 0);
        end(ARRAY_LEN(errors), 0, "0 x", REASON_NONE);
        check_answer("good", &client, VERDICT_ALLOW, REASON_NONE);
}

static void test_nonsense_is_no_answer(void **state) {
        uint8_t out[CERT_WORK_VERDICT_MAX];
        struct client client = serve(*state, ID, "alice", "0 x", 0);
        size_t len = write_answer("0 x", REASON_NONE, out, sizeof(out));

        helpers[0].ended = true;
        n_running--;
        helpers[0].done(0, out, len - 1, helpers[0].userdata);
        check_answer("cut short", &client, VERDICT_INTERNAL, REASON_CERTIFICATE_UNCHECKED);
        client = serve(*state, ID, "alice", "0 x", 0);
        end(1, 0, "0 another", REASON_NONE);
        check_answer("of another", &client, VERDICT_INTERNAL, REASON_CERTIFICATE_UNCHECKED);
}

static void test_a_helper_that_cannot_be_started_is_no_answer(void **state) {
        struct client client;

        start_error = -EMFILE;
        client = serve(*state, ID, "alice", "0 x", 0);
        check_answer("not started", &client, VERDICT_INTERNAL, REASON_CERTIFICATE_UNCHECKED);
        start_error = 0;
        client = serve(*state, ID, "alice", "0 x", 0);
        end(0, 0, "0 x", REASON_NONE);
        check_answer("started", &client, VERDICT_ALLOW, REASON_NONE);
}

/* --- What has changed meanwhile --- */

static void test_an_answer_under_another_trust_is_none(void **state) {
        struct client client = serve(*state, ID, "alice", "0 x", 0);
        struct fixture *f = *state;

        unit_verify_policy(f->verify, "trust", 99);
        end(0, 0, "0 x", REASON_NONE);
        check_answer("changed", &client, VERDICT_INTERNAL, REASON_CERTIFICATE_UNCHECKED);
}

static void test_a_key_that_is_revoked_meanwhile_is_refused(void **state) {
        struct client client = serve(*state, ID, "alice", "0 x", 0);
        struct fixture *f = *state;
        struct key_record key = unit_verify_key(f->verify, ID, "alice");

        key.status = KEY_REVOKED;
        unit_verify_update(f->verify, &key);
        end(0, 0, "0 x", REASON_NONE);
        check_answer("revoked", &client, VERDICT_DENY, REASON_REVOKED);
}

static void test_a_key_that_is_reset_meanwhile_is_refused(void **state) {
        struct client client = serve(*state, ID, "alice", "0 x", 0);
        struct fixture *f = *state;
        struct key_record key = unit_verify_key(f->verify, ID, "alice");

        unit_verify_digest(f->verify, &key, unit_other_secret);
        unit_verify_update(f->verify, &key);
        end(0, 0, "0 x", REASON_NONE);
        check_answer("reset", &client, VERDICT_DENY, REASON_WRONG_SECRET);
}

static void test_whoever_has_hung_up_is_no_matter(void **state) {
        struct client gone = serve_alice(*state, "0 x"), there = serve_alice(*state, "0 x");
        int fds = unit_count_fds();

        assert_int_equal(close(gone.fd), 0);
        end(0, 0, "0 x", REASON_NONE);
        check_answer("the other", &there, VERDICT_ALLOW, REASON_NONE);
        assert_int_equal(unit_count_fds(), fds - 4); /* both ends of both */
}

/* --- What is told of a login that has waited --- */

static int64_t count_records(const struct fixture *f, const char *what) {
        char sql[300];

        (void) snprintf(sql, sizeof(sql), "SELECT count(*) FROM audit WHERE door = 'verify' AND %s",
                        what);
        return unit_sql_number(f->verify->store->path, sql);
}

static void on_done(void *userdata) {
        (void) userdata;
}

/* Has what was noted for the audit log written. The writer is gone with its thread. */
static void write_audit(const struct fixture *f) {
        struct worker *worker = NULL;

        assert_int_equal(worker_new(&worker, f->event, f->verify->store->writer, on_done, NULL), 0);
        audit_finish(f->audit, worker, NOW);
        assert_null(worker_free(worker));
        f->verify->store->writer = NULL;
}

static void test_a_login_that_has_waited_is_told_to_both_logs(void **state) {
        static struct unit_capture capture;
        struct client good, bad, gone;
        const char *text;

        assert_int_equal(unit_capture_begin(&capture), 0);
        good = serve_alice(*state, "0 x");
        end(0, 0, "0 x", REASON_NONE);
        bad = serve_alice(*state, "0 y");
        end(1, 0, "0 y", REASON_CERTIFICATE_UNTRUSTED);
        gone = serve_alice(*state, "0 z");
        assert_int_equal(close(gone.fd), 0);
        end(2, 0, "0 z", REASON_NONE);
        assert_int_equal(unit_capture_lines(&capture), 3);
        text = unit_capture_text(&capture);
        check_answer("good", &good, VERDICT_ALLOW, REASON_NONE);
        check_answer("bad", &bad, VERDICT_DENY_CERTIFICATE, REASON_NONE);
        text = strstr(text, "accepted key " ID ": user 'alice', service 'imap'");
        assert_non_null(text);
        text = strstr(text, verdict_reason_text(REASON_CERTIFICATE_UNTRUSTED));
        assert_non_null(text);
        /* the one that did not wait for the answer */
        assert_non_null(strstr(text, verdict_reason_text(REASON_CERTIFICATE_UNCHECKED)));
        assert_int_equal(unit_capture_end(&capture), 0);
        write_audit(*state);
        assert_int_equal(count_records(*state, "event = 'login' AND key = '" ID "'"), 3);
        assert_int_equal(count_records(*state, "verdict = 'accepted'"), 1);
        assert_int_equal(count_records(*state, "reason = 'certificate-untrusted'"), 1);
        assert_int_equal(count_records(*state, "reason = 'certificate-unchecked'"), 1);
        assert_int_equal(count_records(*state, "detail LIKE 'certificate %'"), 3);
}

/* --- How many --- */

static void test_logins_with_one_certificate_share_a_helper(void **state) {
        struct client clients[5];
        struct fixture *f = *state;

        unit_verify_insert(f->verify, "bbbbbbbbbb", "bob");
        unit_account_put(f->verify->store->writer, "bob", 1000);
        for (size_t i = 0; i < ARRAY_LEN(clients); i++)
                clients[i] = i == 4 ? serve(f, "bbbbbbbbbb", "bob", "0 x", OTHER)
                                    : serve_alice(f, "0 x");
        /* nobody waits in another owner's queue */
        assert_int_equal(n_started, 2);
        end(0, 0, "0 x", REASON_NONE);
        for (size_t i = 0; i < 4; i++)
                check_answer("shared", &clients[i], VERDICT_ALLOW, REASON_NONE);
        assert_false(is_answered(&clients[4]));
        end(1, 0, "0 x", REASON_NONE);
        check_answer("of another", &clients[4], VERDICT_ALLOW, REASON_NONE);
        assert_int_equal(n_started, 2);
}

/* But not over a change of trust: the newer login asks anew. */
static void test_logins_do_not_share_over_a_change_of_trust(void **state) {
        struct client before = serve(*state, ID, "alice", "0 x", 0), after;
        struct fixture *f = *state;

        unit_verify_policy(f->verify, "trust", 99);
        after = serve(f, ID, "alice", "0 x", 0);
        end(0, 0, "0 x", REASON_NONE);
        check_answer("before", &before, VERDICT_INTERNAL, REASON_CERTIFICATE_UNCHECKED);
        assert_int_equal(n_started, 2);
        end(1, 0, "0 x", REASON_NONE);
        check_answer("after", &after, VERDICT_ALLOW, REASON_NONE);
}

static void test_one_owner_has_one_helper_at_a_time(void **state) {
        static const char *const certs[] = { "0 a", "0 b", "0 c" };
        struct client clients[3];

        for (size_t i = 0; i < 3; i++)
                clients[i] = serve_alice(*state, certs[i]);
        for (size_t i = 0; i < 3; i++) {
                assert_int_equal(n_started, i + 1);
                end(i, 0, certs[i], REASON_NONE);
                check_answer(certs[i], &clients[i], VERDICT_ALLOW, REASON_NONE);
        }
        assert_int_equal(most_running, 1);
}

/* sshd asks as root. A user who has the key, and certificates that take long to read, comes
 * second. */
static void test_root_does_not_wait_behind_others_of_the_owner(void **state) {
        static const char *const certs[] = { "0 a", "0 b", "0 c", "0 of root" };
        static const size_t order[] = { 0, 3, 1, 2 };
        struct client clients[4];

        for (size_t i = 0; i < 4; i++)
                clients[i] = serve(*state, ID, "alice", certs[i], i == 3 ? 0 : OTHER);
        for (size_t i = 0; i < 4; i++) {
                assert_int_equal(n_started, i + 1);
                end(i, 0, certs[order[i]], REASON_NONE);
                check_answer(certs[order[i]], &clients[order[i]], VERDICT_ALLOW, REASON_NONE);
        }
        assert_int_equal(most_running, 1);
}

/* The ith owner of keys, and the key. */
static void add_owner(const struct fixture *f, unsigned i, char id[static KEYTEXT_ID_LEN + 1],
                      char user[static 16]) {
        (void) snprintf(id, KEYTEXT_ID_LEN + 1, "%010u", i);
        (void) snprintf(user, 16, "user%u", i);
        unit_verify_insert(f->verify, id, user);
        unit_account_put(f->verify->store->writer, user, 1000);
}

#define OWNERS 10

static void test_some_helpers_run_at_one_time(void **state) {
        struct client clients[OWNERS];
        struct fixture *f = *state;
        char ids[OWNERS][KEYTEXT_ID_LEN + 1], users[OWNERS][16], certs[OWNERS][16];

        for (unsigned i = 0; i < OWNERS; i++) {
                add_owner(f, i, ids[i], users[i]);
                (void) snprintf(certs[i], sizeof(certs[i]), "0 of %u", i);
        }
        for (size_t i = 0; i < OWNERS; i++)
                clients[i] = serve(f, ids[i], users[i], certs[i], OTHER);
        assert_int_equal(n_started, READERS_HELPERS_MAX);
        for (size_t i = 0; i < OWNERS; i++) {
                end(i, 0, certs[i], REASON_NONE);
                check_answer(users[i], &clients[i], VERDICT_ALLOW, REASON_NONE);
        }
        assert_int_equal(n_started, OWNERS);
        assert_int_equal(most_running, READERS_HELPERS_MAX);
}

/* At sshd all are uid 0. One client has the keys of several users, and certificates that take long
 * to read. Others have their turn as soon as a helper ends, and a place. */
static void test_a_source_with_many_keys_does_not_keep_out_others(void **state) {
        enum { OF_EACH = READERS_PER_SOURCE_MAX / READERS_HELPERS_MAX };
        static struct client clients[READERS_HELPERS_MAX][OF_EACH];
        char ids[READERS_HELPERS_MAX][KEYTEXT_ID_LEN + 1], users[READERS_HELPERS_MAX][16], cert[16];
        struct fixture *f = *state;
        struct client refused, other;

        for (unsigned i = 0; i < READERS_HELPERS_MAX; i++) {
                add_owner(f, i, ids[i], users[i]);
                for (unsigned j = 0; j < OF_EACH; j++) {
                        (void) snprintf(cert, sizeof(cert), "0 %u-%u", i, j);
                        clients[i][j] = serve(f, ids[i], users[i], cert, 0);
                }
        }
        refused = serve(f, ids[0], users[0], "0 more", 0);
        check_answer("source", &refused, VERDICT_INTERNAL, REASON_CERTIFICATE_UNCHECKED);
        memcpy(source, "192.0.2.8", 10);
        other = serve(f, ID, "alice", "0 x", 0);
        assert_int_equal(n_started, READERS_HELPERS_MAX);
        end(0, 0, "0 0-0", REASON_NONE);
        end(READERS_HELPERS_MAX, 0, "0 x", REASON_NONE);
        check_answer("other", &other, VERDICT_ALLOW, REASON_NONE);
        for (unsigned i = 0; i < READERS_HELPERS_MAX; i++)
                for (unsigned j = 0; j < OF_EACH; j++)
                        assert_int_equal(close(clients[i][j].fd), 0);
}

/* So many waiters of each owner, so many of each uid, half of the places for root; then it is the
 * turn of the next. */
static void test_as_many_wait_as_there_may_be(void **state) {
        enum {
                HALF = READERS_WAITING_MAX / 2,
                OWNERS_NEEDED = READERS_WAITING_MAX / READERS_PER_OWNER_MAX,
                HALF_OF_OWNER = READERS_PER_OWNER_MAX / 2
        };
        static struct client clients[READERS_WAITING_MAX];
        char ids[OWNERS_NEEDED + 1][KEYTEXT_ID_LEN + 1], users[OWNERS_NEEDED + 1][16];
        struct fixture *f = *state;
        struct client refused;

        for (unsigned i = 0; i <= OWNERS_NEEDED; i++)
                add_owner(f, i, ids[i], users[i]);
        for (size_t i = 0; i < READERS_WAITING_MAX; i++) {
                size_t owner = i / HALF_OF_OWNER % OWNERS_NEEDED;

                (void) snprintf(source, sizeof(source), "192.0.2.%zu", i % 100);
                clients[i] = serve(f, ids[owner], users[owner], "0 x",
                                   i < HALF ? (uid_t) (OTHER + i / READERS_PER_UID_MAX) : 0);
                if (i + 1 == HALF_OF_OWNER) {
                        refused = serve(f, ids[0], users[0], "0 x", OTHER + 1);
                        check_answer("owner", &refused, VERDICT_INTERNAL, REASON_NONE);
                } else if (i + 1 == HALF + HALF_OF_OWNER) {
                        refused = serve(f, ids[0], users[0], "0 x", 0);
                        check_answer("owner, root", &refused, VERDICT_INTERNAL,
                                     REASON_CERTIFICATE_UNCHECKED);
                } else if (i + 1 == READERS_PER_UID_MAX || i + 1 == HALF) {
                        refused = serve(f, ids[owner + 1], users[owner + 1], "0 x",
                                        i + 1 == HALF ? OTHER + HALF : OTHER);
                        check_answer("uid", &refused, VERDICT_INTERNAL, REASON_NONE);
                }
        }
        refused = serve(f, ids[OWNERS_NEEDED], users[OWNERS_NEEDED], "0 x", 0);
        check_answer("all", &refused, VERDICT_INTERNAL, REASON_CERTIFICATE_UNCHECKED);
        for (size_t i = 0; i < OWNERS_NEEDED; i++)
                end(i, 0, "0 x", REASON_NONE);
        for (size_t i = 0; i < READERS_WAITING_MAX; i++)
                check_answer("waited", &clients[i], VERDICT_ALLOW, REASON_NONE);
        refused = serve_alice(f, "0 y");
        assert_false(is_answered(&refused)); /* there is room again */
        end(OWNERS_NEEDED, 0, "0 y", REASON_NONE);
        check_answer("again", &refused, VERDICT_ALLOW, REASON_NONE);
}

/* --- Time --- */

static void test_who_does_not_get_a_turn_is_answered_in_time(void **state) {
        struct client first, second;
        struct fixture *f = *state;

        /* all that waits from now on has waited too long */
        fake_now = 1;
        first = serve(f, ID, "alice", "0 x", 0);
        second = serve(f, ID, "alice", "0 y", 0);
        assert_int_equal(n_started, 1);
        unit_succeeds("sd_event_run", sd_event_run(f->event, UINT64_MAX));
        check_answer("no turn", &second, VERDICT_INTERNAL, REASON_CERTIFICATE_UNCHECKED);
        assert_false(is_answered(&first)); /* its helper has a time of its own */
        end(0, -ETIMEDOUT, NULL, REASON_NONE);
        check_answer("helper", &first, VERDICT_INTERNAL, REASON_CERTIFICATE_UNCHECKED);
        assert_int_equal(n_started, 1);
}

static void test_a_late_turn_has_the_time_that_is_left(void **state) {
        struct client first, second;

        fake_now = UINT64_C(1000000);
        first = serve_alice(*state, "0 x");
        second = serve_alice(*state, "0 y");
        assert_int_equal(helpers[0].timeout_usec, READERS_USEC);
        fake_now += 1000000;
        end(0, 0, "0 x", REASON_NONE);
        check_answer("first", &first, VERDICT_ALLOW, REASON_NONE);
        assert_int_equal(n_started, 2);
        assert_int_equal(helpers[1].timeout_usec, READERS_USEC - 1000000);
        end(1, 0, "0 y", REASON_NONE);
        check_answer("second", &second, VERDICT_ALLOW, REASON_NONE);
}

static void test_at_the_end_nobody_is_answered_and_nothing_is_left(void **state) {
        struct client running = serve_alice(*state, "0 x"), waiting = serve_alice(*state, "0 y");
        struct fixture *f = *state;
        uint8_t in[WIRE_REPLY_LEN];

        f->readers = readers_free(f->readers);
        assert_null(f->readers);
        assert_int_equal(n_running, 0);
        assert_int_equal(recv(running.fd, in, sizeof(in), MSG_DONTWAIT), 0);
        assert_int_equal(recv(waiting.fd, in, sizeof(in), MSG_DONTWAIT), 0);
        assert_int_equal(close(running.fd), 0);
        assert_int_equal(close(waiting.fd), 0);
}

#define test_readers(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void) {
        const struct CMUnitTest tests[] = {
                test_readers(test_a_login_is_answered_when_the_helper_has),
                test_readers(test_a_login_is_decoded_once_and_looked_up_twice),
                test_readers(test_a_login_that_finds_no_place_is_looked_up_twice_at_most),
                test_readers(test_a_helper_without_an_answer_says_nothing_about_the_key),
                test_readers(test_nonsense_is_no_answer),
                test_readers(test_a_helper_that_cannot_be_started_is_no_answer),
                test_readers(test_an_answer_under_another_trust_is_none),
                test_readers(test_a_key_that_is_revoked_meanwhile_is_refused),
                test_readers(test_a_key_that_is_reset_meanwhile_is_refused),
                test_readers(test_whoever_has_hung_up_is_no_matter),
                test_readers(test_a_login_that_has_waited_is_told_to_both_logs),
                test_readers(test_logins_with_one_certificate_share_a_helper),
                test_readers(test_logins_do_not_share_over_a_change_of_trust),
                test_readers(test_one_owner_has_one_helper_at_a_time),
                test_readers(test_root_does_not_wait_behind_others_of_the_owner),
                test_readers(test_some_helpers_run_at_one_time),
                test_readers(test_a_source_with_many_keys_does_not_keep_out_others),
                test_readers(test_as_many_wait_as_there_may_be),
                test_readers(test_who_does_not_get_a_turn_is_answered_in_time),
                test_readers(test_a_late_turn_has_the_time_that_is_left),
                test_readers(test_at_the_end_nobody_is_answered_and_nothing_is_left),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

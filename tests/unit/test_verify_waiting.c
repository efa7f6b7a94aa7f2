/* SPDX-License-Identifier: BSD-2-Clause */
/* A login that waits for its certificate to be read: what the helper is asked, that the login
 * waits without its secret, and that it is decided anew at the end. The helper is the test. */
#include "store/store_key.h"
#include "unit_verify.h"

static const char registered[] = "0 a registered certificate",
                  stranger[] = "0 a certificate of nobody's";

static struct unit_answer ask(const struct unit_verify *f, const struct wire_request *req) {
        return unit_verify_ask(f, req, &(struct unit_asking){ .uid = OTHER });
}

static struct cert_verdict helper_says(const char *bytes, enum reason reason) {
        struct cert_verdict judged = { .reason = reason,
                                       .detail = "detail",
                                       .cert = unit_cert(1),
                                       .begins_at = 1,
                                       .ends_at = NOW + 1000 };

        keymint_sha256(bytes, strlen(bytes), judged.cert.thumbprint);
        return judged;
}

/* A login that has to wait: as it is at first, as it waits, and what the helper is asked. */
struct waiting {
        uint8_t in[WIRE_REQUEST_MAX], question_bytes[65536];
        struct verify_login first, kept;
        struct verify_question question;
        ssize_t question_len;
};

static struct waiting waiting;

static void begin(const struct unit_verify *f, const struct wire_request *req, uid_t uid,
                  struct verify_session *session, struct waiting *w) {
        const struct peer_cred peer = { .pid = 77, .uid = uid, .gid = 78 };
        const struct verify_packet packet = { .in = w->in,
                                              .len = wire_request_len(req),
                                              .peer = &peer,
                                              .now = NOW,
                                              .session = session };
        uint8_t out[WIRE_REPLY_LEN];
        struct verify_event event;

        assert_int_equal(wire_request_encode(w->in, req), 0);
        assert_int_equal(verify_packet(f->verify, &packet, &w->first, out, &event), VERIFY_READ);
        unit_poison(&w->question, sizeof(w->question));
        w->question_len = verify_ask(f->verify, &w->first, w->question_bytes,
                                     sizeof(w->question_bytes), &w->question);
        assert_true(w->question_len > 0);
        verify_keep(&w->first, &w->kept);
        unit_poison(w->in, sizeof(w->in)); /* as the listener, which wipes it */
}

/* The end: ${verdict} is what the helper says, NULL for nothing. */
static struct unit_answer resume_at(const struct unit_verify *f, struct waiting *w,
                                    const struct cert_verdict *verdict, bool gone, int64_t now) {
        const struct verify_reading reading = { .question = &w->question,
                                                .verdict = verdict,
                                                .gone = gone };
        uint8_t out[WIRE_REPLY_LEN];
        struct unit_answer a;

        unit_poison(&a, sizeof(a));
        a.outcome = verify_resume(f->verify, &w->kept, &reading, now, out, &a.event);
        assert_int_equal(a.outcome, VERIFY_ANSWERED);
        assert_int_equal(a.event.now, now);
        assert_int_equal(wire_reply_decode(out, sizeof(out), &a.reply), 0);
        return a;
}

static struct unit_answer resume(const struct unit_verify *f, struct waiting *w,
                                 const struct cert_verdict *verdict, bool gone) {
        return resume_at(f, w, verdict, gone, NOW);
}

static void test_the_question_has_the_challenge_and_is_one_of_its_owner(void **state) {
        struct wire_request req = unit_verify_showing(WIRE_SIGNED, registered),
                            offer = unit_verify_request(WIRE_OFFER);
        char text[CHALLENGE_TEXT_LEN], message[CHALLENGE_MESSAGE_LEN];
        struct cert_record cert = unit_verify_put(*state, 1, registered);
        struct verify_session session = {};
        struct unit_verify *f = *state;
        struct waiting *w = &waiting;
        size_t len;

        unit_verify_demand(f, CERTIFICATE_PROOF);
        assert_int_equal(unit_verify_ask(f, &offer,
                                         &(struct unit_asking){ .uid = OTHER, .session = &session })
                                 .outcome,
                         VERIFY_OFFERED);
        begin(f, &req, OTHER, &session, w);
        len = (size_t) w->question_len;
        assert_int_equal(w->question.is_signed, true);
        assert_string_equal(w->question.owner, "alice");
        assert_memory_equal(w->question.thumbprint, cert.thumbprint, RECORD_THUMBPRINT_LEN);
        challenge_format(text, session.nonce, "alice", "imap");
        assert_non_null(memmem(w->question_bytes, len, message, challenge_message(message, text)));
        assert_non_null(memmem(w->question_bytes, len, registered, strlen(registered)));
        assert_non_null(memmem(w->question_bytes, len, "signature", 9));
        assert_null(memmem(w->question_bytes, len, unit_secret, strlen(unit_secret)));
}

static void test_a_question_that_does_not_fit_is_not_asked(void **state) {
        struct wire_request req = unit_verify_showing(WIRE_SHOWN, stranger);
        struct unit_verify *f = *state;
        struct verify_question question;
        uint8_t bytes[16];

        unit_verify_demand(f, CERTIFICATE_YES);
        begin(f, &req, OTHER, NULL, &waiting);
        unit_poison(&question, sizeof(question));
        assert_int_equal(verify_ask(f->verify, &waiting.first, bytes, sizeof(bytes), &question),
                         -EMSGSIZE);
        unit_poisoned("question", &question, sizeof(question));
}

/* The secret is compared at first and does not wait for the end. */
static void test_a_login_waits_without_its_secret(void **state) {
        struct wire_request req = unit_verify_showing(WIRE_SHOWN, stranger);
        struct cert_verdict good = helper_says(stranger, REASON_NONE);
        struct waiting *w = &waiting;

        unit_verify_demand(*state, CERTIFICATE_YES);
        begin(*state, &req, OTHER, NULL, w);
        assert_null(memmem(&w->first, sizeof(w->first), unit_secret, strlen(unit_secret)));
        assert_null(memmem(&w->kept, sizeof(w->kept), unit_secret, strlen(unit_secret)));
        assert_null(w->kept.req.certificate);
        assert_null(w->kept.req.signature);
        assert_null(w->kept.session);
        assert_int_equal(resume(*state, w, &good, false).reply.verdict, VERDICT_ALLOW);
}

static void check_taken(const struct unit_verify *f, const struct wire_request *req,
                        enum reason said) {
        struct cert_verdict judged = helper_says(stranger, said);
        const char *row = verdict_reason_name(said);
        struct unit_answer a;

        begin(f, req, OTHER, NULL, &waiting);
        a = resume(f, &waiting, &judged, false);
        unit_int(row, a.event.reason, said);
        unit_int(row, a.reply.verdict, verdict_of(said));
        unit_int(row, a.reply.seq, req->seq);
        unit_str(row, a.event.id, ID);
        unit_str(row, a.event.user, "alice");
        unit_int(row, a.event.peer.uid, OTHER);
        unit_str(row, a.event.subject, judged.cert.subject);
        unit_str(row, a.event.detail, "detail");
        unit_int(row, strlen(a.event.thumbprint), 64);
        unit_str(row, a.event.owner, "alice");
}

static void test_every_answer_of_the_helper_is_the_verdict(void **state) {
        for (int reason = REASON_CERTIFICATE_UNREADABLE; reason <= REASON_CERTIFICATE_UNCHECKED;
             reason++) {
                struct wire_request req = unit_verify_showing(WIRE_SHOWN, stranger);

                assert_int_equal(unit_verify_drop(state), 0);
                assert_int_equal(unit_verify_make(state), 0);
                unit_verify_demand(*state, CERTIFICATE_YES);
                check_taken(*state, &req, (enum reason) reason);
        }
}

static void test_a_good_answer_counts_for_the_next_login_as_well(void **state) {
        struct wire_request req = unit_verify_showing(WIRE_SHOWN, stranger);
        struct unit_answer a;

        unit_verify_demand(*state, CERTIFICATE_YES);
        check_taken(*state, &req, REASON_NONE);
        a = ask(*state, &req);
        assert_int_equal(a.outcome, VERIFY_ANSWERED);
        assert_int_equal(a.event.reason, REASON_NONE);
        unit_verify_demand(*state, CERTIFICATE_PROOF);
        assert_int_equal(unit_verify_reason(*state, &req), REASON_CERTIFICATE_UNPROVED);
        unit_verify_policy(*state, "trust", 99);
        assert_int_equal(ask(*state, &req).outcome, VERIFY_READ);
}

/* A confirmation waits as a login does; its ticket is compared at the end as well. */
static void test_a_ticket_is_compared_again_at_the_end(void **state) {
        struct wire_request req = unit_verify_showing(WIRE_SHOWN, stranger), confirm;
        struct cert_verdict good = helper_says(stranger, REASON_NONE);
        struct unit_verify *f = *state;

        unit_verify_demand(f, CERTIFICATE_YES);
        check_taken(f, &req, REASON_NONE);
        confirm = unit_verify_login(f, &req, OTHER);
        unit_verify_show(&confirm, WIRE_SHOWN, stranger, strlen(stranger));
        unit_verify_policy(f, "trust", 99);
        begin(f, &confirm, OTHER, NULL, &waiting);
        assert_int_equal(resume(f, &waiting, &good, false).reply.verdict, VERDICT_ALLOW);
        unit_verify_policy(f, "trust", 100);
        begin(f, &confirm, OTHER, NULL, &waiting);
        waiting.kept.req.ticket[0] ^= 1;
        assert_int_equal(resume(f, &waiting, &good, false).event.reason, REASON_STALE);
}

/* --- What is no answer --- */

static void no_verdict(struct waiting *w, struct cert_verdict *verdict) {
        (void) w;
        verdict->reason = REASON_CERTIFICATE_UNCHECKED;
}

static void another_certificate(struct waiting *w, struct cert_verdict *verdict) {
        w->question.thumbprint[0] ^= 1;
        verdict->cert.thumbprint[0] ^= 1;
}

static void another_trust(struct waiting *w, struct cert_verdict *verdict) {
        (void) verdict;
        w->question.trust++;
}

static void another_answer(struct waiting *w, struct cert_verdict *verdict) {
        (void) w;
        verdict->cert.thumbprint[0] ^= 1;
}

static void test_what_is_no_answer_decides_nothing(void **state) {
        static void (*const spoil[])(struct waiting * w, struct cert_verdict * verdict) = {
                no_verdict, another_certificate, another_trust, another_answer
        };
        struct wire_request req = unit_verify_showing(WIRE_SHOWN, stranger);
        struct cert_verdict good = helper_says(stranger, REASON_NONE);

        unit_verify_demand(*state, CERTIFICATE_YES);
        for (size_t i = 0; i < ARRAY_LEN(spoil); i++) {
                struct cert_verdict verdict = good;

                begin(*state, &req, 0, NULL, &waiting);
                spoil[i](&waiting, &verdict);
                assert_int_equal(resume(*state, &waiting, &verdict, false).reply.reason,
                                 REASON_CERTIFICATE_UNCHECKED);
        }
        begin(*state, &req, 0, NULL, &waiting);
        assert_int_equal(resume(*state, &waiting, NULL, false).reply.reason,
                         REASON_CERTIFICATE_UNCHECKED);
        begin(*state, &req, 0, NULL, &waiting);
        assert_int_equal(resume(*state, &waiting, &good, true).reply.reason,
                         REASON_CERTIFICATE_UNCHECKED);
}

static void test_a_question_that_was_not_asked_has_no_answer(void **state) {
        struct wire_request req = unit_verify_showing(WIRE_SHOWN, stranger);
        struct cert_verdict good = helper_says(stranger, REASON_NONE);
        const struct verify_reading reading = { .verdict = &good };
        uint8_t out[WIRE_REPLY_LEN];
        struct unit_verify *f = *state;
        struct verify_event event;

        unit_verify_demand(f, CERTIFICATE_YES);
        begin(f, &req, OTHER, NULL, &waiting);
        assert_int_equal(verify_resume(f->verify, &waiting.kept, &reading, NOW, out, &event),
                         VERIFY_ANSWERED);
        assert_int_equal(event.reason, REASON_CERTIFICATE_UNCHECKED);
}

/* --- What changes while the certificate is being read counts at the end --- */

static const struct {
        const char *sql;
        enum reason reason;
} changes[] = {
        { "SELECT 1", REASON_NONE },
        { "UPDATE policy SET value = 0 WHERE name = 'enabled'", REASON_DISABLED },
        { "DELETE FROM key", REASON_UNKNOWN_KEY },
        { "UPDATE key SET digest = zeroblob(32)", REASON_WRONG_SECRET },
        { "UPDATE key SET digest = zeroblob(32), pepper = 0", REASON_WRONG_SECRET },
        { "UPDATE key SET pepper = pepper + 1", REASON_WRONG_SECRET },
        { "UPDATE key SET owner = 'bob'", REASON_OTHER_USER },
        { "INSERT INTO policy (name, value, changed_at) VALUES ('epoch', 1, 1)", REASON_REMOVED },
        { "UPDATE key SET status = 1", REASON_REVOKED },
        { "UPDATE key SET retires_at = 5", REASON_RETIRED },
        { "UPDATE key SET expires_at = 1800000000", REASON_EXPIRED },
        { "DELETE FROM account", REASON_ACCOUNT_UNKNOWN },
        { "UPDATE account SET state = 2", REASON_ACCOUNT_UNKNOWN },
        { "UPDATE account SET state = 2, checked_at = 1", REASON_ACCOUNT_GONE },
        { "UPDATE account SET closes_at = 5", REASON_ACCOUNT_EXPIRED },
        { "INSERT INTO policy (name, value, changed_at) VALUES ('remove-on-password-expiry', 1, 1);"
          "UPDATE account SET password_ends_at = 5",
          REASON_PASSWORD_EXPIRED },
        { "INSERT INTO policy (name, value, changed_at) VALUES ('admin-keys', 0, 1); UPDATE "
          "account SET admin = 1",
          REASON_ADMIN },
        { "UPDATE key SET services = 'sshd'", REASON_SERVICE },
        { "UPDATE key SET networks = '198.51.100.0/24'", REASON_SOURCE },
        { "UPDATE key SET certificate = zeroblob(32)", REASON_CERTIFICATE_OTHER },
        { "UPDATE policy SET value = 2 WHERE name = 'require-certificate'",
          REASON_CERTIFICATE_UNPROVED },
        { "UPDATE policy SET value = 0 WHERE name = 'require-certificate'", REASON_NONE },
        { "UPDATE key SET status = 7", REASON_STORE },
};

static void test_what_changes_meanwhile_counts_at_the_end(void **state) {
        struct wire_request req = unit_verify_showing(WIRE_SHOWN, stranger);
        struct cert_verdict good = helper_says(stranger, REASON_NONE);

        for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
                struct unit_verify *f;
                struct unit_answer a;

                assert_int_equal(unit_verify_drop(state), 0);
                assert_int_equal(unit_verify_make(state), 0);
                f = *state;
                unit_verify_demand(f, CERTIFICATE_YES);
                begin(f, &req, OTHER, NULL, &waiting);
                unit_sql(f->store->path, changes[i].sql);
                f->store->shared.generation++;
                a = resume(f, &waiting, &good, false);
                unit_int(changes[i].sql, a.event.reason, changes[i].reason);
                unit_int(changes[i].sql, a.reply.verdict, verdict_of(changes[i].reason));
                unit_str(changes[i].sql, a.reply.id, changes[i].reason == REASON_NONE ? ID : "");
        }
}

/* A key that is gone by the end is nobody's: the row of the first look is not used for anything. */
static void test_a_key_that_is_removed_meanwhile_is_nobody_s(void **state) {
        struct wire_request req = unit_verify_showing(WIRE_SHOWN, stranger);
        struct cert_verdict good = helper_says(stranger, REASON_NONE);
        struct unit_verify *f = *state;
        struct unit_answer a;

        unit_verify_demand(f, CERTIFICATE_YES);
        begin(f, &req, OTHER, NULL, &waiting);
        assert_int_equal(store_begin(f->store->writer), 0);
        assert_int_equal(store_key_delete(f->store->writer, ID), 0);
        assert_int_equal(store_commit(f->store->writer), 0);
        a = resume(f, &waiting, &good, false);
        assert_int_equal(a.event.reason, REASON_UNKNOWN_KEY);
        assert_int_equal(a.event.known, false);
        assert_string_equal(a.event.owner, "");
        assert_int_equal(a.event.expires_at, 0);
}

static void test_a_key_that_expires_meanwhile_is_refused(void **state) {
        struct wire_request req = unit_verify_showing(WIRE_SHOWN, stranger);
        struct cert_verdict good = helper_says(stranger, REASON_NONE);

        unit_verify_demand(*state, CERTIFICATE_YES);
        begin(*state, &req, OTHER, NULL, &waiting);
        assert_int_equal(resume_at(*state, &waiting, &good, false, NOW + 1000).event.reason,
                         REASON_EXPIRED);
}

/* The configuration counts at the end as well: who may speak for a service, and whose word is
 * believed. */
static void test_a_new_configuration_counts_at_the_end(void **state) {
        struct wire_request req = unit_verify_showing(WIRE_VOUCHED, stranger);
        struct cert_verdict good = helper_says(stranger, REASON_NONE);
        const struct conf_peer postgresql = { .uid = 110, .services = "postgresql" },
                               imap = { .uid = 111, .services = "imap" };
        struct unit_verify *f = *state;

        unit_verify_demand(f, CERTIFICATE_PROOF);
        begin(f, &req, 110, NULL, &waiting);
        assert_int_equal(resume(f, &waiting, &good, false).event.reason, REASON_NONE);
        unit_verify_policy(f, "trust", 99);
        begin(f, &req, 110, NULL, &waiting);
        f->peer = postgresql;
        assert_int_equal(resume(f, &waiting, &good, false).event.reason,
                         REASON_CERTIFICATE_UNPROVED);
        unit_verify_policy(f, "trust", 100);
        begin(f, &req, 110, NULL, &waiting);
        f->peer = imap;
        assert_int_equal(resume(f, &waiting, &good, false).event.reason, REASON_PEER);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_with_verify(test_the_question_has_the_challenge_and_is_one_of_its_owner),
                unit_test_with_verify(test_a_question_that_does_not_fit_is_not_asked),
                unit_test_with_verify(test_a_login_waits_without_its_secret),
                unit_test_with_verify(test_every_answer_of_the_helper_is_the_verdict),
                unit_test_with_verify(test_a_good_answer_counts_for_the_next_login_as_well),
                unit_test_with_verify(test_a_ticket_is_compared_again_at_the_end),
                unit_test_with_verify(test_what_is_no_answer_decides_nothing),
                unit_test_with_verify(test_a_question_that_was_not_asked_has_no_answer),
                unit_test_with_verify(test_what_changes_meanwhile_counts_at_the_end),
                unit_test_with_verify(test_a_key_that_is_removed_meanwhile_is_nobody_s),
                unit_test_with_verify(test_a_key_that_expires_meanwhile_is_refused),
                unit_test_with_verify(test_a_new_configuration_counts_at_the_end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

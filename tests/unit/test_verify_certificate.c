/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificates at a login, through the handler of the verify socket: what is missing, shown,
 * proved, offered and confirmed; and that nobody without a good key has anything read, or is
 * told that a certificate would be asked for. */
#include "store/store_key.h"
#include "unit_verify.h"

static const char registered[] = "0 a registered certificate",
                  stranger[] = "0 a certificate of nobody's";

static struct unit_answer ask(const struct unit_verify *f, const struct wire_request *req) {
        return unit_verify_ask(f, req, &(struct unit_asking){ .uid = OTHER });
}

static void check(const struct unit_verify *f, const char *row, const struct wire_request *req,
                  uid_t uid, enum reason reason) {
        struct unit_answer a = unit_verify_ask(f, req, &(struct unit_asking){ .uid = uid });

        unit_int(row, a.outcome, VERIFY_ANSWERED);
        unit_int(row, a.event.reason, reason);
        unit_int(row, a.reply.verdict, verdict_of(reason));
        unit_int(row, a.reply.reason, uid == 0 ? reason : REASON_NONE);
}

static void show(struct wire_request *req, enum wire_evidence evidence, const void *bytes,
                 size_t len) {
        req->evidence = evidence;
        req->certificate = bytes;
        req->certificate_len = len;
        req->signature = (const uint8_t *) "signature";
        req->signature_len = evidence >= WIRE_SIGNED && req->kind == WIRE_VERIFY ? 9 : 0;
}

static struct wire_request showing(enum wire_evidence evidence, const char *bytes) {
        struct wire_request req = unit_verify_request(WIRE_VERIFY);

        show(&req, evidence, bytes, strlen(bytes));
        return req;
}

static struct cert_record put(const struct unit_verify *f, uint8_t n, const char *bytes) {
        struct cert_record cert = unit_cert(n);

        keymint_sha256(bytes, strlen(bytes), cert.thumbprint);
        unit_cert_put(f->store->writer, &cert, bytes, strlen(bytes));
        return cert;
}

static void bind_key(const struct unit_verify *f, const struct cert_record *cert) {
        struct key_record key = unit_verify_key(f, ID, "alice");

        key.bound = true;
        memcpy(key.certificate, cert->thumbprint, sizeof(key.certificate));
        unit_verify_update(f, &key);
}

static void demand(const struct unit_verify *f, enum certificate_need need) {
        unit_verify_policy(f, "require-certificate", need);
}

/* --- Verifying --- */

static void test_what_a_need_takes(void **state) {
        static const struct {
                const char *why;
                enum certificate_need need;
                enum wire_evidence evidence;
                uid_t uid;
                enum reason reason;
        } rows[] = {
                { "none is needed", CERTIFICATE_NO, WIRE_EVIDENCE_NONE, OTHER, REASON_NONE },
                { "one is shown for nothing", CERTIFICATE_NO, WIRE_SHOWN, OTHER, REASON_NONE },
                { "none is shown", CERTIFICATE_YES, WIRE_EVIDENCE_NONE, OTHER,
                  REASON_CERTIFICATE_MISSING },
                { "one is shown", CERTIFICATE_YES, WIRE_SHOWN, OTHER, REASON_NONE },
                { "shown is not proved", CERTIFICATE_PROOF, WIRE_SHOWN, OTHER,
                  REASON_CERTIFICATE_UNPROVED },
                { "nor by root", CERTIFICATE_PROOF, WIRE_SHOWN, 0, REASON_CERTIFICATE_UNPROVED },
                { "the word of anybody", CERTIFICATE_PROOF, WIRE_VOUCHED, OTHER,
                  REASON_CERTIFICATE_UNPROVED },
                { "the word of anybody shows", CERTIFICATE_YES, WIRE_VOUCHED, OTHER, REASON_NONE },
                { "the word of root", CERTIFICATE_PROOF, WIRE_VOUCHED, 0, REASON_NONE },
                { "the word of who is named", CERTIFICATE_PROOF, WIRE_VOUCHED, 110, REASON_NONE },
                { "a signature over nothing", CERTIFICATE_PROOF, WIRE_SIGNED, OTHER,
                  REASON_CERTIFICATE_SIGNATURE },
                { "a signature over nothing, by root", CERTIFICATE_YES, WIRE_SIGNED, 0,
                  REASON_CERTIFICATE_SIGNATURE },
        };
        struct unit_verify *f = *state;

        (void) put(f, 1, registered);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct wire_request req = unit_verify_request(WIRE_VERIFY);

                if (rows[i].evidence != WIRE_EVIDENCE_NONE)
                        show(&req, rows[i].evidence, registered, strlen(registered));
                demand(f, rows[i].need);
                check(f, rows[i].why, &req, rows[i].uid, rows[i].reason);
        }
}

static void test_a_public_key_without_a_challenge_proves_nothing(void **state) {
        struct cert_record cert = put(*state, 1, registered);
        struct wire_request req = unit_verify_request(WIRE_VERIFY);
        struct unit_verify *f = *state;

        demand(f, CERTIFICATE_YES);
        show(&req, WIRE_SIGNED_KEY, cert.spki, sizeof(cert.spki));
        check(f, "public key", &req, OTHER, REASON_CERTIFICATE_SIGNATURE);
}

static void test_a_bound_key_takes_its_certificate_alone(void **state) {
        struct wire_request none = unit_verify_request(WIRE_VERIFY),
                            right = showing(WIRE_SHOWN, registered),
                            wrong = showing(WIRE_SHOWN, "0 another");
        struct cert_record cert = put(*state, 1, registered);
        struct unit_verify *f = *state;

        (void) put(f, 2, "0 another");
        bind_key(f, &cert);
        check(f, "none", &none, OTHER, REASON_CERTIFICATE_MISSING);
        check(f, "right", &right, OTHER, REASON_NONE);
        check(f, "another", &wrong, OTHER, REASON_CERTIFICATE_OTHER);
        demand(f, CERTIFICATE_PROOF);
        check(f, "shown", &right, OTHER, REASON_CERTIFICATE_UNPROVED);
        right.evidence = WIRE_VOUCHED;
        check(f, "vouched", &right, 110, REASON_NONE);
}

static void test_a_service_asks_for_more(void **state) {
        struct wire_request none = unit_verify_request(WIRE_VERIFY);
        struct unit_verify *f = *state;

        unit_verify_policy(f, "require-certificate:sshd", CERTIFICATE_YES);
        check(f, "another service", &none, OTHER, REASON_NONE);
        unit_verify_policy(f, "require-certificate:imap", CERTIFICATE_YES);
        check(f, "this service", &none, OTHER, REASON_CERTIFICATE_MISSING);
}

/* What can be told of a registered certificate without reading it. */
static void test_reasons_of_a_registered_certificate(void **state) {
        static const struct {
                enum reason reason;
                const char *sql;
        } rows[] = {
                { REASON_CERTIFICATE_EXPIRED, "UPDATE cert SET not_after = 1799999999" },
                { REASON_CERTIFICATE_NOT_YET_VALID, "UPDATE cert SET not_before = 1800000001" },
                { REASON_CERTIFICATE_PURPOSE, "UPDATE cert SET kind = 1" },
                { REASON_CERTIFICATE_REVOKED,
                  "INSERT INTO crl (ca, issuer, this_update, next_update, revoked) SELECT "
                  "thumbprint, issuer, 1, 4000000000, 1 FROM cert;INSERT INTO crl_serial (ca, "
                  "issuer, serial) SELECT thumbprint, issuer, serial FROM cert" },
                { REASON_CERTIFICATE_CRL_EXPIRED,
                  "INSERT INTO crl (ca, issuer, this_update, next_update, revoked) SELECT "
                  "thumbprint, issuer, 1, 1799999999, 0 FROM cert" },
                { REASON_STORE, "UPDATE cert SET spki = x''" },
        };

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct wire_request req = showing(WIRE_SHOWN, registered);
                struct unit_verify *f;

                assert_int_equal(unit_verify_drop(state), 0);
                assert_int_equal(unit_verify_make(state), 0);
                f = *state;
                (void) put(f, 1, registered);
                demand(f, CERTIFICATE_YES);
                unit_sql(f->store->path, rows[i].sql);
                check(f, rows[i].sql, &req, 0, rows[i].reason);
        }
}

static void test_what_is_no_certificate_is_unreadable(void **state) {
        struct wire_request req = showing(WIRE_SHOWN, "");

        demand(*state, CERTIFICATE_YES);
        check(*state, "empty", &req, 0, REASON_CERTIFICATE_UNREADABLE);
}

/* --- Who has a certificate read, and who is offered a challenge: whoever has a good key, and
 * nobody else --- */

static void guess_id(struct unit_verify *f, struct wire_request *req) {
        (void) f;
        keytext_format(req->key.text, "bbbbbbbbbb", unit_secret);
}

static void guess_secret(struct unit_verify *f, struct wire_request *req) {
        (void) f;
        keytext_format(req->key.text, ID, unit_other_secret);
}

static void change_user(struct unit_verify *f, struct wire_request *req) {
        (void) f;
        memcpy(req->user, "bob", 4);
}

static void change_service(struct unit_verify *f, struct wire_request *req) {
        (void) f;
        memcpy(req->service, "ftp", 4);
}

static void claim_service(struct unit_verify *f, struct wire_request *req) {
        unit_sql(f->store->path, "UPDATE key SET services = ''");
        memcpy(req->service, "postgresql", 11);
}

static void change_source(struct unit_verify *f, struct wire_request *req) {
        (void) f;
        memcpy(req->rhost, "192.0.3.7", 10);
}

static const struct {
        const char *why;
        /* NULL: by the statement alone */
        void (*spoil)(struct unit_verify *f, struct wire_request *req);
        const char *sql;
        enum reason reason;
} no_good_keys[] = {
        { "disabled", NULL, "UPDATE policy SET value = 0 WHERE name = 'enabled'", REASON_DISABLED },
        { "unknown id", guess_id, "", REASON_UNKNOWN_KEY },
        { "wrong secret", guess_secret, "", REASON_WRONG_SECRET },
        { "other user", change_user, "", REASON_OTHER_USER },
        { "removed", NULL, "INSERT INTO policy VALUES ('epoch', 1, 1)", REASON_REMOVED },
        { "revoked", NULL, "UPDATE key SET status = 1", REASON_REVOKED },
        { "retired", NULL, "UPDATE key SET retires_at = 5", REASON_RETIRED },
        { "expired", NULL, "UPDATE key SET expires_at = 1800000000", REASON_EXPIRED },
        { "unknown account", NULL, "DELETE FROM account", REASON_ACCOUNT_UNKNOWN },
        { "account gone", NULL, "UPDATE account SET state = 2", REASON_ACCOUNT_GONE },
        { "account closed", NULL, "UPDATE account SET closes_at = 5", REASON_ACCOUNT_EXPIRED },
        { "password expired", NULL,
          "INSERT INTO policy VALUES ('remove-on-password-expiry', 1, 1);"
          "UPDATE account SET password_ends_at = 5",
          REASON_PASSWORD_EXPIRED },
        { "administrator", NULL,
          "INSERT INTO policy VALUES ('admin-keys', 0, 1); UPDATE account SET admin = 1",
          REASON_ADMIN },
        { "peer", claim_service, "", REASON_PEER },
        { "wrong service", change_service, "", REASON_SERVICE },
        { "wrong source", change_source, "", REASON_SOURCE },
        { "damaged store", NULL, "UPDATE key SET status = 7", REASON_STORE },
};

static void spoil(void **state, size_t i, struct wire_request *req) {
        struct unit_verify *f;

        assert_int_equal(unit_verify_drop(state), 0);
        assert_int_equal(unit_verify_make(state), 0);
        f = *state;
        demand(f, CERTIFICATE_YES);
        unit_sql(f->store->path, no_good_keys[i].sql);
        if (no_good_keys[i].spoil)
                no_good_keys[i].spoil(f, req);
}

static void test_without_a_good_key_nothing_is_read(void **state) {
        struct wire_request good = showing(WIRE_SHOWN, stranger);

        demand(*state, CERTIFICATE_YES);
        assert_int_equal(ask(*state, &good).outcome, VERIFY_READ);
        for (size_t i = 0; i < ARRAY_LEN(no_good_keys); i++)
                for (int evidence = WIRE_SHOWN; evidence <= WIRE_SIGNED; evidence++) {
                        struct wire_request req = showing((enum wire_evidence) evidence, stranger);

                        spoil(state, i, &req);
                        check(*state, no_good_keys[i].why, &req, OTHER, no_good_keys[i].reason);
                }
}

static void test_without_a_good_key_nothing_is_offered(void **state) {
        for (size_t i = 0; i < ARRAY_LEN(no_good_keys); i++) {
                struct wire_request req = unit_verify_request(WIRE_OFFER);
                struct verify_session session = {}, untouched = {};
                struct unit_answer a;

                spoil(state, i, &req);
                a = unit_verify_ask(*state, &req,
                                    &(struct unit_asking){ .uid = OTHER, .session = &session });
                unit_int(no_good_keys[i].why, a.outcome, VERIFY_ANSWERED);
                unit_int(no_good_keys[i].why, a.event.reason, no_good_keys[i].reason);
                unit_int(no_good_keys[i].why, a.reply.verdict, verdict_of(no_good_keys[i].reason));
                unit_int(no_good_keys[i].why, a.event.kind, WIRE_VERIFY);
                unit_mem(no_good_keys[i].why, &session, &untouched, sizeof(session));
        }
}

static void test_nothing_is_read_where_none_is_needed(void **state) {
        struct wire_request req = showing(WIRE_SHOWN, stranger);

        check(*state, "not needed", &req, OTHER, REASON_NONE);
        req.evidence = WIRE_SIGNED;
        req.signature_len = 9;
        check(*state, "not needed", &req, OTHER, REASON_NONE);
}

/* --- Offers --- */

static struct unit_answer offer(const struct unit_verify *f, struct verify_session *session) {
        struct wire_request req = unit_verify_request(WIRE_OFFER);

        return unit_verify_ask(f, &req, &(struct unit_asking){ .uid = OTHER, .session = session });
}

static void test_an_offer_that_needs_no_certificate_is_a_login(void **state) {
        struct verify_session session = {};
        struct unit_answer a = offer(*state, &session);

        assert_int_equal(a.outcome, VERIFY_ANSWERED);
        assert_int_equal(a.reply.verdict, VERDICT_ALLOW);
        assert_int_equal(a.event.kind, WIRE_VERIFY);
        assert_int_equal(session.offered, false);
}

static void test_a_good_key_that_lacks_a_certificate_is_offered_a_challenge(void **state) {
        struct verify_session sessions[2] = {};
        uint64_t accepted, refused;
        struct unit_verify *f = *state;

        demand(f, CERTIFICATE_YES);
        for (unsigned i = 0; i < 2; i++) {
                struct unit_answer a = offer(f, &sessions[i]);

                assert_int_equal(a.outcome, VERIFY_OFFERED);
                /* when nothing comes of it */
                assert_int_equal(a.event.reason, REASON_CERTIFICATE_MISSING);
                assert_int_equal(a.reply.verdict, VERDICT_CHALLENGE);
                assert_memory_equal(a.reply.challenge, sessions[i].nonce, WIRE_CHALLENGE_LEN);
                assert_int_equal(sessions[i].offered, true);
                assert_string_equal(sessions[i].id, ID);
        }
        assert_memory_not_equal(sessions[0].nonce, sessions[1].nonce, WIRE_CHALLENGE_LEN);
        /* Nothing has been decided. */
        accepted = tally_sum(verify_tally(f->verify), TALLY_ACCEPTED);
        refused = tally_sum(verify_tally(f->verify), TALLY_REFUSED) +
                  tally_sum(verify_tally(f->verify), TALLY_UNDECIDED);
        assert_int_equal(accepted, 0);
        assert_int_equal(refused, 0);
}

static void test_an_offer_without_a_connection_is_refused(void **state) {
        struct wire_request req = unit_verify_request(WIRE_OFFER);

        demand(*state, CERTIFICATE_YES);
        check(*state, "no session", &req, OTHER, REASON_CERTIFICATE_MISSING);
}

static void test_behind_an_offer_comes_the_login_alone(void **state) {
        static const enum wire_kind kinds[] = { WIRE_CONFIRM, WIRE_ISSUE, WIRE_OFFER };
        struct verify_session session = {};
        struct wire_request req = unit_verify_request(WIRE_VERIFY);
        struct unit_answer a;

        demand(*state, CERTIFICATE_YES);
        assert_int_equal(offer(*state, &session).outcome, VERIFY_OFFERED);
        for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
                struct wire_request other = unit_verify_request(kinds[i]);

                memcpy(other.id, ID, sizeof(ID));
                a = unit_verify_ask(*state, &other,
                                    &(struct unit_asking){ .uid = 0, .session = &session });
                unit_int("kind", a.outcome, -EBADMSG);
        }
        a = unit_verify_ask(*state, &req,
                            &(struct unit_asking){ .uid = OTHER, .session = &session });
        assert_int_equal(a.outcome, VERIFY_ANSWERED);
        assert_int_equal(a.event.reason, REASON_CERTIFICATE_MISSING);
}

static void test_a_signature_is_looked_at_behind_an_offer_for_this_key(void **state) {
        struct wire_request req = showing(WIRE_SIGNED, registered);
        struct verify_session session = {}, other = {};
        struct unit_verify *f = *state;
        struct unit_answer a;

        (void) put(f, 1, registered);
        demand(f, CERTIFICATE_PROOF);
        assert_int_equal(offer(f, &session).outcome, VERIFY_OFFERED);
        a = unit_verify_ask(f, &req, &(struct unit_asking){ .uid = OTHER, .session = &session });
        assert_int_equal(a.outcome, VERIFY_READ);
        /* A challenge for another key, and a connection without any. */
        other = session;
        memcpy(other.id, "cccccccccc", sizeof(other.id));
        a = unit_verify_ask(f, &req, &(struct unit_asking){ .uid = OTHER, .session = &other });
        assert_int_equal(a.outcome, VERIFY_ANSWERED);
        assert_int_equal(a.event.reason, REASON_CERTIFICATE_SIGNATURE);
        other = (struct verify_session){};
        a = unit_verify_ask(f, &req, &(struct unit_asking){ .uid = OTHER, .session = &other });
        assert_int_equal(a.event.reason, REASON_CERTIFICATE_SIGNATURE);
}

/* --- Having it read --- */

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
        const struct ucred peer = { .pid = 77, .uid = uid, .gid = 78 };
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
        struct wire_request req = showing(WIRE_SIGNED, registered);
        char text[CHALLENGE_TEXT_LEN], message[CHALLENGE_MESSAGE_LEN];
        struct cert_record cert = put(*state, 1, registered);
        struct verify_session session = {};
        struct unit_verify *f = *state;
        struct waiting *w = &waiting;
        size_t len;

        demand(f, CERTIFICATE_PROOF);
        assert_int_equal(offer(f, &session).outcome, VERIFY_OFFERED);
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
        struct wire_request req = showing(WIRE_SHOWN, stranger);
        struct unit_verify *f = *state;
        struct verify_question question;
        uint8_t bytes[16];

        demand(f, CERTIFICATE_YES);
        begin(f, &req, OTHER, NULL, &waiting);
        unit_poison(&question, sizeof(question));
        assert_int_equal(verify_ask(f->verify, &waiting.first, bytes, sizeof(bytes), &question),
                         -EMSGSIZE);
        unit_poisoned("question", &question, sizeof(question));
}

/* The secret is compared at first and does not wait for the end. */
static void test_a_login_waits_without_its_secret(void **state) {
        struct wire_request req = showing(WIRE_SHOWN, stranger);
        struct cert_verdict good = helper_says(stranger, REASON_NONE);
        struct waiting *w = &waiting;

        demand(*state, CERTIFICATE_YES);
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
        for (int reason = REASON_CERTIFICATE_UNREADABLE; reason < _REASON_MAX; reason++) {
                struct wire_request req = showing(WIRE_SHOWN, stranger);

                assert_int_equal(unit_verify_drop(state), 0);
                assert_int_equal(unit_verify_make(state), 0);
                demand(*state, CERTIFICATE_YES);
                check_taken(*state, &req, (enum reason) reason);
        }
}

static void test_a_good_answer_counts_for_the_next_login_as_well(void **state) {
        struct wire_request req = showing(WIRE_SHOWN, stranger);
        struct unit_answer a;

        demand(*state, CERTIFICATE_YES);
        check_taken(*state, &req, REASON_NONE);
        a = ask(*state, &req);
        assert_int_equal(a.outcome, VERIFY_ANSWERED);
        assert_int_equal(a.event.reason, REASON_NONE);
        demand(*state, CERTIFICATE_PROOF);
        check(*state, "not proved", &req, OTHER, REASON_CERTIFICATE_UNPROVED);
        unit_verify_policy(*state, "trust", 99);
        assert_int_equal(ask(*state, &req).outcome, VERIFY_READ);
}

/* A confirmation waits as a login does; its ticket is compared at the end as well. */
static void test_a_ticket_is_compared_again_at_the_end(void **state) {
        struct wire_request req = showing(WIRE_SHOWN, stranger), confirm;
        struct cert_verdict good = helper_says(stranger, REASON_NONE);
        struct unit_verify *f = *state;

        demand(f, CERTIFICATE_YES);
        check_taken(f, &req, REASON_NONE);
        confirm = unit_verify_login(f, &req, OTHER);
        show(&confirm, WIRE_SHOWN, stranger, strlen(stranger));
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
        struct wire_request req = showing(WIRE_SHOWN, stranger);
        struct cert_verdict good = helper_says(stranger, REASON_NONE);

        demand(*state, CERTIFICATE_YES);
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
        struct wire_request req = showing(WIRE_SHOWN, stranger);
        struct cert_verdict good = helper_says(stranger, REASON_NONE);
        const struct verify_reading reading = { .verdict = &good };
        uint8_t out[WIRE_REPLY_LEN];
        struct unit_verify *f = *state;
        struct verify_event event;

        demand(f, CERTIFICATE_YES);
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
        { "INSERT INTO policy VALUES ('epoch', 1, 1)", REASON_REMOVED },
        { "UPDATE key SET status = 1", REASON_REVOKED },
        { "UPDATE key SET retires_at = 5", REASON_RETIRED },
        { "UPDATE key SET expires_at = 1800000000", REASON_EXPIRED },
        { "DELETE FROM account", REASON_ACCOUNT_UNKNOWN },
        { "UPDATE account SET state = 2", REASON_ACCOUNT_GONE },
        { "UPDATE account SET closes_at = 5", REASON_ACCOUNT_EXPIRED },
        { "INSERT INTO policy VALUES ('remove-on-password-expiry', 1, 1);"
          "UPDATE account SET password_ends_at = 5",
          REASON_PASSWORD_EXPIRED },
        { "INSERT INTO policy VALUES ('admin-keys', 0, 1); UPDATE account SET admin = 1",
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
        struct wire_request req = showing(WIRE_SHOWN, stranger);
        struct cert_verdict good = helper_says(stranger, REASON_NONE);

        for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
                struct unit_verify *f;
                struct unit_answer a;

                assert_int_equal(unit_verify_drop(state), 0);
                assert_int_equal(unit_verify_make(state), 0);
                f = *state;
                demand(f, CERTIFICATE_YES);
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
        struct wire_request req = showing(WIRE_SHOWN, stranger);
        struct cert_verdict good = helper_says(stranger, REASON_NONE);
        struct unit_verify *f = *state;
        struct unit_answer a;

        demand(f, CERTIFICATE_YES);
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
        struct wire_request req = showing(WIRE_SHOWN, stranger);
        struct cert_verdict good = helper_says(stranger, REASON_NONE);

        demand(*state, CERTIFICATE_YES);
        begin(*state, &req, OTHER, NULL, &waiting);
        assert_int_equal(resume_at(*state, &waiting, &good, false, NOW + 1000).event.reason,
                         REASON_EXPIRED);
}

/* The configuration counts at the end as well: who may speak for a service, and whose word is
 * believed. */
static void test_a_new_configuration_counts_at_the_end(void **state) {
        struct wire_request req = showing(WIRE_VOUCHED, stranger);
        struct cert_verdict good = helper_says(stranger, REASON_NONE);
        const struct conf_peer postgresql = { .uid = 110, .services = "postgresql" },
                               imap = { .uid = 111, .services = "imap" };
        struct unit_verify *f = *state;

        demand(f, CERTIFICATE_PROOF);
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

/* --- Events --- */

static void test_events_name_the_certificate_that_counted(void **state) {
        struct wire_request req = showing(WIRE_SHOWN, registered),
                            none = unit_verify_request(WIRE_VERIFY);
        struct cert_record cert = put(*state, 1, registered);
        char thumbprint[2 * RECORD_THUMBPRINT_LEN + 1] = "";
        struct unit_verify *f = *state;
        struct unit_answer a = ask(f, &req);

        for (size_t i = 0; i < RECORD_THUMBPRINT_LEN; i++)
                (void) sprintf(thumbprint + 2 * i, "%02x", cert.thumbprint[i]);
        assert_string_equal(a.event.thumbprint, ""); /* it did not matter */
        demand(f, CERTIFICATE_YES);
        a = ask(f, &req);
        assert_string_equal(a.event.thumbprint, thumbprint);
        assert_string_equal(a.event.subject, cert.subject);
        a = ask(f, &none);
        assert_string_equal(a.event.thumbprint, "");
        assert_string_equal(a.event.subject, "");
        req.evidence = WIRE_SIGNED;
        req.signature = (const uint8_t *) "x";
        req.signature_len = 1;
        a = ask(f, &req);
        assert_int_equal(a.event.reason, REASON_CERTIFICATE_SIGNATURE);
        assert_string_equal(a.event.thumbprint, thumbprint);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_with_verify(test_what_a_need_takes),
                unit_test_with_verify(test_a_public_key_without_a_challenge_proves_nothing),
                unit_test_with_verify(test_a_bound_key_takes_its_certificate_alone),
                unit_test_with_verify(test_a_service_asks_for_more),
                unit_test_with_verify(test_reasons_of_a_registered_certificate),
                unit_test_with_verify(test_what_is_no_certificate_is_unreadable),
                unit_test_with_verify(test_without_a_good_key_nothing_is_read),
                unit_test_with_verify(test_without_a_good_key_nothing_is_offered),
                unit_test_with_verify(test_nothing_is_read_where_none_is_needed),
                unit_test_with_verify(test_an_offer_that_needs_no_certificate_is_a_login),
                unit_test_with_verify(
                        test_a_good_key_that_lacks_a_certificate_is_offered_a_challenge),
                unit_test_with_verify(test_an_offer_without_a_connection_is_refused),
                unit_test_with_verify(test_behind_an_offer_comes_the_login_alone),
                unit_test_with_verify(test_a_signature_is_looked_at_behind_an_offer_for_this_key),
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
                unit_test_with_verify(test_events_name_the_certificate_that_counted),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

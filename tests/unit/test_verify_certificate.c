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

static void bind_key(const struct unit_verify *f, const struct cert_record *cert) {
        struct key_record key = unit_verify_key(f, ID, "alice");

        key.bound = true;
        memcpy(key.certificate, cert->thumbprint, sizeof(key.certificate));
        unit_verify_update(f, &key);
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

        (void) unit_verify_put(f, 1, registered);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct wire_request req = unit_verify_request(WIRE_VERIFY);

                if (rows[i].evidence != WIRE_EVIDENCE_NONE)
                        unit_verify_show(&req, rows[i].evidence, registered, strlen(registered));
                unit_verify_demand(f, rows[i].need);
                check(f, rows[i].why, &req, rows[i].uid, rows[i].reason);
        }
}

static void test_a_public_key_without_a_challenge_proves_nothing(void **state) {
        struct cert_record cert = unit_verify_put(*state, 1, registered);
        struct wire_request req = unit_verify_request(WIRE_VERIFY);
        struct unit_verify *f = *state;

        unit_verify_demand(f, CERTIFICATE_YES);
        unit_verify_show(&req, WIRE_SIGNED_KEY, cert.spki, sizeof(cert.spki));
        check(f, "public key", &req, OTHER, REASON_CERTIFICATE_SIGNATURE);
}

static void test_a_bound_key_takes_its_certificate_alone(void **state) {
        struct wire_request none = unit_verify_request(WIRE_VERIFY),
                            right = unit_verify_showing(WIRE_SHOWN, registered),
                            wrong = unit_verify_showing(WIRE_SHOWN, "0 another");
        struct cert_record cert = unit_verify_put(*state, 1, registered);
        struct unit_verify *f = *state;

        (void) unit_verify_put(f, 2, "0 another");
        bind_key(f, &cert);
        check(f, "none", &none, OTHER, REASON_CERTIFICATE_MISSING);
        check(f, "right", &right, OTHER, REASON_NONE);
        check(f, "another", &wrong, OTHER, REASON_CERTIFICATE_OTHER);
        unit_verify_demand(f, CERTIFICATE_PROOF);
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
                  "INSERT INTO crl (ca, issuer_id, this_update, next_update, revoked) SELECT "
                  "thumbprint, issuer_id, 1, 4000000000, 1 FROM cert;INSERT INTO crl_serial (ca, "
                  "serial) SELECT thumbprint, serial FROM cert" },
                { REASON_CERTIFICATE_CRL_EXPIRED,
                  "INSERT INTO crl (ca, issuer_id, this_update, next_update, revoked) SELECT "
                  "thumbprint, issuer_id, 1, 1799999999, 0 FROM cert" },
                { REASON_STORE, "UPDATE cert SET spki = x''" },
        };

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct wire_request req = unit_verify_showing(WIRE_SHOWN, registered);
                struct unit_verify *f;

                assert_int_equal(unit_verify_drop(state), 0);
                assert_int_equal(unit_verify_make(state), 0);
                f = *state;
                (void) unit_verify_put(f, 1, registered);
                unit_verify_demand(f, CERTIFICATE_YES);
                unit_sql(f->store->path, rows[i].sql);
                check(f, rows[i].sql, &req, 0, rows[i].reason);
        }
}

static void test_what_is_no_certificate_is_unreadable(void **state) {
        struct wire_request req = unit_verify_showing(WIRE_SHOWN, "");

        unit_verify_demand(*state, CERTIFICATE_YES);
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
        { "removed", NULL, "INSERT INTO policy (name, value, changed_at) VALUES ('epoch', 1, 1)",
          REASON_REMOVED },
        { "revoked", NULL, "UPDATE key SET status = 1", REASON_REVOKED },
        { "retired", NULL, "UPDATE key SET retires_at = 5", REASON_RETIRED },
        { "expired", NULL, "UPDATE key SET expires_at = 1800000000", REASON_EXPIRED },
        { "unknown account", NULL, "DELETE FROM account", REASON_ACCOUNT_UNKNOWN },
        { "account gone", NULL, "UPDATE account SET state = 2, checked_at = 1",
          REASON_ACCOUNT_GONE },
        { "account closed", NULL, "UPDATE account SET closes_at = 5", REASON_ACCOUNT_EXPIRED },
        { "password expired", NULL,
          "INSERT INTO policy (name, value, changed_at) VALUES ('remove-on-password-expiry', 1, 1);"
          "UPDATE account SET password_ends_at = 5",
          REASON_PASSWORD_EXPIRED },
        { "administrator", NULL,
          "INSERT INTO policy (name, value, changed_at) VALUES ('admin-keys', 0, 1); UPDATE "
          "account SET admin = 1",
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
        unit_verify_demand(f, CERTIFICATE_YES);
        unit_sql(f->store->path, no_good_keys[i].sql);
        if (no_good_keys[i].spoil)
                no_good_keys[i].spoil(f, req);
}

static void test_without_a_good_key_nothing_is_read(void **state) {
        struct wire_request good = unit_verify_showing(WIRE_SHOWN, stranger);

        unit_verify_demand(*state, CERTIFICATE_YES);
        assert_int_equal(ask(*state, &good).outcome, VERIFY_READ);
        for (size_t i = 0; i < ARRAY_LEN(no_good_keys); i++)
                for (int evidence = WIRE_SHOWN; evidence <= WIRE_SIGNED; evidence++) {
                        struct wire_request req =
                                unit_verify_showing((enum wire_evidence) evidence, stranger);

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
        struct wire_request req = unit_verify_showing(WIRE_SHOWN, stranger);

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

        unit_verify_demand(f, CERTIFICATE_YES);
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

        unit_verify_demand(*state, CERTIFICATE_YES);
        check(*state, "no session", &req, OTHER, REASON_CERTIFICATE_MISSING);
}

static void test_behind_an_offer_comes_the_login_alone(void **state) {
        static const enum wire_kind kinds[] = { WIRE_CONFIRM, WIRE_ISSUE, WIRE_OFFER };
        struct verify_session session = {};
        struct wire_request req = unit_verify_request(WIRE_VERIFY);
        struct unit_answer a;

        unit_verify_demand(*state, CERTIFICATE_YES);
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
        struct wire_request req = unit_verify_showing(WIRE_SIGNED, registered);
        struct verify_session session = {}, other = {};
        struct unit_verify *f = *state;
        struct unit_answer a;

        (void) unit_verify_put(f, 1, registered);
        unit_verify_demand(f, CERTIFICATE_PROOF);
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

/* --- Events --- */

static void test_events_name_the_certificate_that_counted(void **state) {
        struct wire_request req = unit_verify_showing(WIRE_SHOWN, registered),
                            none = unit_verify_request(WIRE_VERIFY);
        struct cert_record cert = unit_verify_put(*state, 1, registered);
        char thumbprint[2 * RECORD_THUMBPRINT_LEN + 1] = "";
        struct unit_verify *f = *state;
        struct unit_answer a = ask(f, &req);

        for (size_t i = 0; i < RECORD_THUMBPRINT_LEN; i++)
                (void) sprintf(thumbprint + 2 * i, "%02x", cert.thumbprint[i]);
        assert_string_equal(a.event.thumbprint, ""); /* it did not matter */
        unit_verify_demand(f, CERTIFICATE_YES);
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
                unit_test_with_verify(test_events_name_the_certificate_that_counted),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

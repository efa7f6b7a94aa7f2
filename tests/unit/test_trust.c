/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificates at a login: which one is meant, what is remembered and for how long, and what
 * follows from revocation lists and the helper's answers. */
#include "unit_trust.h"

#include "base/helper.h"
#include "login/trust.h"
#include "store/store_cert.h"

#define NOW INT64_C(1800000000)

struct fixture {
        struct unit_store *store;
        struct trust *trust;
        struct policy policy;
};

static const char der[] = "0 no certificate, but bytes";

static int make(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));

        if (!f || unit_store_make((void **) &f->store) < 0 || trust_new(&f->trust) < 0)
                return -1;
        policy_init(&f->policy);
        f->policy.trust = 7;
        *state = f;
        return 0;
}

static int drop(void **state) {
        struct fixture *f = *state;
        void *store = f->store;

        trust_free(f->trust);
        free(f);
        return unit_store_remove(&store);
}

static struct store *reader_of(const struct fixture *f) {
        bool changed;

        assert_int_equal(store_refresh(f->store->reader, &changed), 0);
        return f->store->reader;
}

/* A registered certificate whose thumbprint is that of its bytes. */
static struct cert_record put(const struct fixture *f, uint8_t n, const char *bytes) {
        struct cert_record cert = unit_cert(n);

        keymint_sha256(bytes, strlen(bytes), cert.thumbprint);
        unit_cert_put(f->store->writer, &cert, bytes, strlen(bytes));
        return cert;
}

static struct wire_request request(enum wire_evidence evidence, const void *bytes, size_t len) {
        return (struct wire_request){ .kind = WIRE_VERIFY,
                                      .evidence = evidence,
                                      .certificate = bytes,
                                      .certificate_len = len,
                                      .signature = (const uint8_t *) "signature",
                                      .signature_len = evidence >= WIRE_SIGNED ? 9 : 0 };
}

static struct trust_evidence identify(const struct fixture *f, const struct key_record *key,
                                      const struct wire_request *req, bool may_vouch) {
        struct trust_evidence evidence;

        unit_poison(&evidence, sizeof(evidence));
        trust_hash(req, &evidence);
        assert_int_equal(trust_identify(reader_of(f), key, may_vouch, &evidence), 0);
        return evidence;
}

/* --- Which one --- */

static void test_a_certificate_is_known_by_its_hash(void **state) {
        static const struct {
                const char *why;
                enum wire_evidence evidence;
                bool may_vouch, proved;
        } rows[] = {
                { "shown", WIRE_SHOWN, false, false },
                { "shown by who is believed", WIRE_SHOWN, true, false },
                { "vouched by who is not believed", WIRE_VOUCHED, false, false },
                { "vouched", WIRE_VOUCHED, true, true },
                { "signed", WIRE_SIGNED, false, true },
        };
        struct key_record key = unit_key("aaaaaaaaaa", "alice");
        uint8_t thumbprint[RECORD_THUMBPRINT_LEN];

        keymint_sha256(der, sizeof(der), thumbprint);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct wire_request req = request(rows[i].evidence, der, sizeof(der));
                struct trust_evidence e = identify(*state, &key, &req, rows[i].may_vouch);

                unit_int(rows[i].why, e.there, true);
                unit_int(rows[i].why, e.readable, true);
                unit_int(rows[i].why, e.found, true);
                unit_int(rows[i].why, e.proved, rows[i].proved);
                unit_int(rows[i].why, e.by_public_key, false);
                unit_mem(rows[i].why, e.thumbprint, thumbprint, sizeof(thumbprint));
                unit_int(rows[i].why, e.is_signed, rows[i].evidence == WIRE_SIGNED);
        }
}

static void test_nothing_and_nothing_readable(void **state) {
        struct key_record key = unit_key("aaaaaaaaaa", "alice");
        struct wire_request none = request(WIRE_EVIDENCE_NONE, NULL, 0),
                            empty = request(WIRE_SHOWN, NULL, 0);
        struct trust_evidence e = identify(*state, &key, &none, true);
        struct trust_verdict verdict;
        struct fixture *f = *state;

        assert_int_equal(e.there, false);
        assert_int_equal(e.found, false);
        e = identify(f, &key, &empty, true);
        assert_int_equal(e.there, true);
        assert_int_equal(e.readable, false);
        assert_int_equal(e.found, false);
        assert_int_equal(trust_look(f->trust, f->store->reader, &f->policy, &e, NOW, &verdict), 0);
        assert_int_equal(verdict.certificate.reason, REASON_CERTIFICATE_UNREADABLE);
        assert_non_null(strstr(verdict.detail, "more than 8192 bytes"));
}

/* Three with one key: without a binding the last to end, with one that one, and never one with
 * another key. */
static void check_choice(const struct fixture *f, bool ssh, const struct cert_record *certs) {
        static const char blob[] = "a key as SSH writes it";
        struct wire_request req = ssh ? request(WIRE_VOUCHED_SSH, blob, sizeof(blob))
                                      : request(WIRE_SIGNED_KEY, certs[0].spki, RECORD_HASH_LEN);

        for (size_t bound = 0; bound <= 4; bound++) {
                struct key_record key = unit_key("aaaaaaaaaa", "alice");
                const uint8_t *want = certs[bound < 3 ? bound : 1].thumbprint;
                struct trust_evidence e;

                key.bound = bound < 4;
                memcpy(key.certificate, certs[bound < 4 ? bound : 0].thumbprint,
                       sizeof(key.certificate));
                e = identify(f, &key, &req, true);
                unit_int("found", e.found, true);
                unit_int("proved", e.proved, true);
                unit_int("by public key", e.by_public_key, true);
                unit_int("ssh", e.ssh, ssh);
                /* Bound to another key's: any of them, to be refused as another. */
                if (bound != 3)
                        unit_mem("chosen", e.thumbprint, want, RECORD_THUMBPRINT_LEN);
                else
                        unit_int("not the other",
                                 memcmp(e.thumbprint, certs[3].thumbprint, 32) != 0, true);
        }
}

static void test_a_public_key_stands_for_the_right_certificate(void **state) {
        static const char blob[] = "a key as SSH writes it";
        struct cert_record certs[4];
        struct fixture *f = *state;

        for (uint8_t i = 0; i < 4; i++) {
                certs[i] = unit_cert((uint8_t) (i + 1));
                certs[i].not_after = UNIT_CERT_ENDS + (i == 1 ? 5 : 0);
                if (i < 3) {
                        memset(certs[i].spki, 'k', RECORD_HASH_LEN);
                        keymint_sha256(blob, sizeof(blob), certs[i].ssh);
                }
                unit_cert_put(f->store->writer, &certs[i], der, sizeof(der));
        }
        check_choice(f, false, certs);
        check_choice(f, true, certs);
}

/* A login with an SSH certificate for a key is one with the key. */
static void test_an_ssh_certificate_is_its_key(void **state) {
        static const uint8_t cert[] = "\0\0\0\x20ssh-ed25519-cert-v01@openssh.com"
                                      "\0\0\0\5nonce\0\0\0\3key and more",
                             plain[] = "\0\0\0\x0bssh-ed25519\0\0\0\3key";
        struct wire_request req = request(WIRE_VOUCHED_SSH, cert, sizeof(cert) - 1);
        struct cert_record known = unit_cert(1);
        struct key_record key = unit_key("aaaaaaaaaa", "alice");
        struct fixture *f = *state;
        struct trust_evidence e;

        keymint_sha256(plain, sizeof(plain) - 1, known.ssh);
        unit_cert_put(f->store->writer, &known, der, sizeof(der));
        e = identify(f, &key, &req, true);
        assert_true(e.found && e.proved && e.ssh);
        assert_memory_equal(e.thumbprint, known.thumbprint, RECORD_THUMBPRINT_LEN);
}

/* Nothing of the first time counts the second time: neither word, nor binding, nor certificate. */
static void test_what_is_shown_is_identified_anew(void **state) {
        static const char blob[] = "a key as SSH writes it";
        static const uint8_t zeros[RECORD_THUMBPRINT_LEN];
        struct wire_request req = request(WIRE_VOUCHED_SSH, blob, sizeof(blob));
        struct key_record key = unit_key("aaaaaaaaaa", "alice");
        struct cert_record certs[2] = { unit_cert(1), unit_cert(2) };
        struct fixture *f = *state;
        struct trust_evidence e;

        for (size_t i = 0; i < 2; i++) {
                keymint_sha256(blob, sizeof(blob), certs[i].ssh);
                certs[i].not_after += (int64_t) i;
                unit_cert_put(f->store->writer, &certs[i], der, sizeof(der));
        }
        e = identify(f, &key, &req, true);
        assert_int_equal(e.proved, true);
        assert_memory_equal(e.thumbprint, certs[1].thumbprint, sizeof(e.thumbprint));
        key.bound = true;
        memcpy(key.certificate, certs[0].thumbprint, sizeof(key.certificate));
        assert_int_equal(trust_identify(reader_of(f), &key, false, &e), 0);
        assert_int_equal(e.proved, false);
        assert_memory_equal(e.thumbprint, certs[0].thumbprint, sizeof(e.thumbprint));
        unit_sql(f->store->path, "DELETE FROM cert");
        store_release(f->store->reader);
        assert_int_equal(trust_identify(reader_of(f), &key, true, &e), 0);
        assert_int_equal(e.found, false);
        assert_memory_equal(e.thumbprint, zeros, sizeof(e.thumbprint));
}

static void test_a_public_key_that_nobody_registered_is_not_trusted(void **state) {
        struct key_record key = unit_key("aaaaaaaaaa", "alice");
        struct wire_request ssh = request(WIRE_VOUCHED_SSH, "x", 1),
                            hash = request(WIRE_SIGNED_KEY, unit_cert(9).spki, RECORD_HASH_LEN);
        struct fixture *f = *state;
        struct trust_evidence e = identify(f, &key, &ssh, true);
        struct trust_verdict verdict;

        assert_int_equal(e.found, false);
        assert_int_equal(trust_look(f->trust, f->store->reader, &f->policy, &e, NOW, &verdict), 0);
        assert_int_equal(verdict.certificate.reason, REASON_CERTIFICATE_UNTRUSTED);
        e = identify(f, &key, &hash, true);
        assert_int_equal(trust_look(f->trust, f->store->reader, &f->policy, &e, NOW, &verdict), 0);
        assert_int_equal(verdict.certificate.reason, REASON_CERTIFICATE_UNTRUSTED);
}

/* A public key is public: without the word of a service that is believed it proves nothing and
 * shows nothing. */
static void test_a_key_of_ssh_counts_only_by_the_word_of_the_service(void **state) {
        struct key_record key = unit_key("aaaaaaaaaa", "alice");
        struct wire_request req = request(WIRE_VOUCHED_SSH, "x", 1);
        struct cert_record cert = unit_cert(1);
        struct fixture *f = *state;
        struct trust_evidence e;
        struct trust_verdict verdict;

        keymint_sha256("x", 1, cert.ssh);
        unit_cert_put(f->store->writer, &cert, der, sizeof(der));
        e = identify(f, &key, &req, false);
        assert_int_equal(trust_look(f->trust, f->store->reader, &f->policy, &e, NOW, &verdict), 0);
        assert_int_equal(verdict.certificate.reason, REASON_CERTIFICATE_UNPROVED);
        e = identify(f, &key, &req, true);
        assert_int_equal(trust_look(f->trust, f->store->reader, &f->policy, &e, NOW, &verdict), 0);
        assert_int_equal(verdict.certificate.reason, REASON_NONE);
        assert_int_equal(verdict.certificate.proved, true);
}

/* --- From the store --- */

static int look(struct fixture *f, const char *bytes, int64_t now, struct trust_verdict *ret) {
        struct key_record key = unit_key("aaaaaaaaaa", "alice");
        struct wire_request req = request(WIRE_SHOWN, bytes, strlen(bytes));
        struct trust_evidence e = identify(f, &key, &req, false);

        unit_poison(ret, sizeof(*ret));
        return trust_look(f->trust, f->store->reader, &f->policy, &e, now, ret);
}

static void check(struct fixture *f, const char *row, const char *bytes, int64_t now,
                  enum reason reason) {
        struct trust_verdict verdict;

        unit_int(row, look(f, bytes, now, &verdict), 0);
        unit_int(row, verdict.certificate.reason, reason);
        unit_int(row, verdict.trust, f->policy.trust);
}

static void test_a_registered_certificate_is_good_to_the_second(void **state) {
        struct cert_record cert = put(*state, 1, "one");
        struct trust_verdict verdict;
        struct fixture *f = *state;

        check(f, "before", "one", UNIT_CERT_BEGINS - 1, REASON_CERTIFICATE_NOT_YET_VALID);
        check(f, "first", "one", UNIT_CERT_BEGINS, REASON_NONE);
        check(f, "before, remembered", "one", UNIT_CERT_BEGINS - 1,
              REASON_CERTIFICATE_NOT_YET_VALID);
        check(f, "last", "one", UNIT_CERT_ENDS, REASON_NONE);
        check(f, "after", "one", UNIT_CERT_ENDS + 1, REASON_CERTIFICATE_EXPIRED);
        check(f, "the clock was put back", "one", NOW, REASON_NONE);
        assert_int_equal(look(f, "one", NOW, &verdict), 0);
        assert_memory_equal(verdict.certificate.thumbprint, cert.thumbprint,
                            sizeof(cert.thumbprint));
        assert_string_equal(verdict.subject, cert.subject);
        assert_string_equal(verdict.detail, "");
        assert_int_equal(verdict.certificate.proved, false);
}

static void test_what_is_not_registered_has_to_be_read(void **state) {
        struct trust_verdict verdict;
        struct fixture *f = *state;

        assert_int_equal(look(f, "unheard of", NOW, &verdict), -EINPROGRESS);
        unit_poisoned("verdict", &verdict, sizeof(verdict));
}

static void test_a_signature_has_to_be_looked_at_every_time(void **state) {
        struct key_record key = unit_key("aaaaaaaaaa", "alice");
        struct wire_request req = request(WIRE_SIGNED, "one", 3);
        struct fixture *f = *state;
        struct trust_verdict verdict;
        struct trust_evidence e;

        (void) put(f, 1, "one");
        check(f, "shown", "one", NOW, REASON_NONE);
        e = identify(f, &key, &req, true);
        assert_int_equal(trust_look(f->trust, f->store->reader, &f->policy, &e, NOW, &verdict),
                         -EINPROGRESS);
}

static void test_a_ca_is_no_client(void **state) {
        struct cert_record cert = unit_cert(1);
        struct fixture *f = *state;

        cert.kind = CERT_CA;
        keymint_sha256("one", 3, cert.thumbprint);
        unit_cert_put(f->store->writer, &cert, "one", 3);
        check(f, "CA", "one", NOW, REASON_CERTIFICATE_PURPOSE);
}

/* As many CAs as a host and its fleet can have, each as long as one can be. A certificate and the
 * longest revocation list fit beside them. */
static void test_all_cas_are_one_question(void **state) {
        struct wire_request req = request(WIRE_SHOWN, "unheard of", 10);
        struct key_record key = unit_key("aaaaaaaaaa", "alice");
        static uint8_t bytes[WIRE_CERTIFICATE_MAX], list[900000];
        const struct cert_blob crl = { list, sizeof(list) };
        uint8_t *out = malloc(HELPER_BYTES_MAX);
        struct fixture *f = *state;
        struct trust_evidence e;

        for (uint8_t n = 0; n < CERT_CAS_ALL; n++) {
                struct cert_record ca = unit_cert(n);

                ca.kind = CERT_CA;
                ca.fleet = n % 2;
                unit_cert_put(f->store->writer, &ca, bytes, sizeof(bytes));
        }
        e = identify(f, &key, &req, false);
        assert_in_range(trust_ask(f->store->reader, &req, &e, NULL, NOW, out, HELPER_BYTES_MAX),
                        sizeof(bytes) * CERT_CAS_ALL, HELPER_BYTES_MAX);
        assert_in_range(trust_ask_crl(f->store->reader, &crl, NOW, out, HELPER_BYTES_MAX),
                        sizeof(bytes) * CERT_CAS_ALL + crl.len, HELPER_BYTES_MAX);
        free(out);
}

/* --- Lists --- */

static struct cert_record put_ca(const struct fixture *f) {
        struct cert_record ca = unit_cert(99);

        ca.kind = CERT_CA;
        unit_cert_put(f->store->writer, &ca, "CA", 2);
        return ca;
}

/* As an administrator's change does. */
static void touch(struct fixture *f) {
        f->policy.trust++;
}

static void test_lists_count_for_registered_certificates(void **state) {
        struct cert_record one = put(*state, 1, "one"), ca = put_ca(*state);
        struct fixture *f = *state;

        check(f, "without a list", "one", NOW, REASON_NONE);
        unit_crl_put(f->store->writer, ca.thumbprint, NOW + 100, NULL, 0);
        touch(f);
        check(f, "not on it", "one", NOW, REASON_NONE);
        check(f, "its last second", "one", NOW + 100, REASON_NONE);
        check(f, "out of date", "one", NOW + 101, REASON_CERTIFICATE_CRL_EXPIRED);
        unit_crl_put(f->store->writer, ca.thumbprint, INT64_MAX, &one.serial, 1);
        touch(f);
        check(f, "on it", "one", NOW, REASON_CERTIFICATE_REVOKED);
        unit_crl_put(f->store->writer, ca.thumbprint, 5, &one.serial, 1);
        touch(f);
        check(f, "on one that is out of date", "one", NOW, REASON_CERTIFICATE_REVOKED);
        unit_crl_put(f->store->writer, ca.thumbprint, INT64_MAX, NULL, 0);
        touch(f);
        check(f, "on none any more", "one", NOW, REASON_NONE);
}

/* --- Memory --- */

/* A change that goes past the trust's number is not seen as long as something is remembered: so
 * it can be told whether it is. */
static void forget_row(const struct fixture *f) {
        assert_int_equal(store_begin(f->store->writer), 0);
        unit_sql(f->store->path, "SELECT 1");
        assert_int_equal(store_commit(f->store->writer), 0);
}

static void delete (const struct fixture *f, const struct cert_record *cert) {
        assert_int_equal(store_begin(f->store->writer), 0);
        assert_int_equal(store_cert_delete(f->store->writer, cert->thumbprint), 0);
        assert_int_equal(store_commit(f->store->writer), 0);
}

static void test_a_verdict_is_remembered_until_something_changes(void **state) {
        struct cert_record cert = put(*state, 1, "one");
        struct trust_verdict verdict;
        struct fixture *f = *state;

        forget_row(f);
        check(f, "looked up", "one", NOW, REASON_NONE);
        delete (f, &cert);
        check(f, "remembered", "one", NOW, REASON_NONE);
        check(f, "to its last second", "one", UNIT_CERT_ENDS, REASON_NONE);
        assert_int_equal(look(f, "one", NOW - 1, &verdict), -EINPROGRESS); /* the clock went back */
        assert_int_equal(look(f, "one", UNIT_CERT_ENDS + 1, &verdict), -EINPROGRESS);
        touch(f);
        assert_int_equal(look(f, "one", NOW, &verdict), -EINPROGRESS);
        f->policy.trust--;
        check(f, "the old number once more", "one", NOW, REASON_NONE);
}

static void test_what_is_remembered_of_one_proof_is_not_another_s(void **state) {
        struct key_record key = unit_key("aaaaaaaaaa", "alice");
        struct wire_request shown = request(WIRE_SHOWN, "one", 3),
                            vouched = request(WIRE_VOUCHED, "one", 3);
        struct fixture *f = *state;
        struct trust_verdict verdict;
        struct trust_evidence e;

        (void) put(f, 1, "one");
        for (unsigned i = 0; i < 4; i++) {
                e = identify(f, &key, i % 2 ? &shown : &vouched, true);
                assert_int_equal(
                        trust_look(f->trust, f->store->reader, &f->policy, &e, NOW, &verdict), 0);
                assert_int_equal(verdict.certificate.proved, i % 2 == 0);
        }
}

/* --- The helper's answers --- */

static struct cert_verdict helper_says(const char *bytes, enum reason reason) {
        struct cert_verdict judged = { .reason = reason,
                                       .detail = "detail",
                                       .cert = unit_cert(1),
                                       .begins_at = NOW - 10,
                                       .ends_at = NOW + 1000,
                                       .n_serials = 1 };

        keymint_sha256(bytes, strlen(bytes), judged.cert.thumbprint);
        judged.serials[0] = judged.cert.serial;
        return judged;
}

static int take(struct fixture *f, enum wire_evidence evidence, const char *bytes,
                const struct cert_verdict *judged, struct trust_verdict *ret) {
        struct key_record key = unit_key("aaaaaaaaaa", "alice");
        struct wire_request req = request(evidence, bytes, strlen(bytes));
        struct trust_evidence e = identify(f, &key, &req, false);

        return trust_take(f->trust, f->store->reader, &f->policy, &e, judged, NOW, ret);
}

static void test_a_good_answer_is_remembered_as_long_as_it_holds(void **state) {
        struct cert_verdict judged = helper_says("one", REASON_NONE);
        struct trust_verdict verdict;
        struct fixture *f = *state;

        assert_int_equal(take(f, WIRE_SHOWN, "one", &judged, &verdict), 0);
        assert_int_equal(verdict.certificate.reason, REASON_NONE);
        assert_int_equal(verdict.certificate.proved, false);
        assert_int_equal(verdict.trust, 7);
        assert_string_equal(verdict.subject, judged.cert.subject);
        assert_memory_equal(verdict.certificate.thumbprint, judged.cert.thumbprint,
                            RECORD_THUMBPRINT_LEN);
        check(f, "remembered", "one", NOW + 1000, REASON_NONE);
        assert_int_equal(look(f, "one", NOW + 1001, &verdict), -EINPROGRESS);
        assert_int_equal(look(f, "one", NOW - 1, &verdict), -EINPROGRESS);
        touch(f);
        assert_int_equal(look(f, "one", NOW, &verdict), -EINPROGRESS);
}

static void test_a_refusal_is_remembered_for_seconds(void **state) {
        static const struct {
                enum reason reason;
                bool remembered;
        } rows[] = {
                { REASON_CERTIFICATE_UNREADABLE, true },     { REASON_CERTIFICATE_UNTRUSTED, true },
                { REASON_CERTIFICATE_WEAK, true },           { REASON_CERTIFICATE_PURPOSE, true },
                { REASON_CERTIFICATE_CHAIN, true },          { REASON_CERTIFICATE_EXPIRED, true },
                { REASON_CERTIFICATE_NOT_YET_VALID, false }, { REASON_CERTIFICATE_UNCHECKED, false }
        };
        struct fixture *f = *state;

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                const char *row = verdict_reason_name(rows[i].reason);
                struct cert_verdict judged = helper_says("one", rows[i].reason);
                struct trust_verdict verdict;

                touch(f);
                unit_int(row, take(f, WIRE_SHOWN, "one", &judged, &verdict), 0);
                unit_int(row, verdict.certificate.reason, rows[i].reason);
                unit_str(row, verdict.detail, "detail");
                if (rows[i].remembered)
                        check(f, row, "one", NOW + 5, rows[i].reason);
                else
                        unit_int(row, look(f, "one", NOW, &verdict), -EINPROGRESS);
                unit_int(row, look(f, "one", NOW + 6, &verdict), -EINPROGRESS);
        }
}

/* A signature, right or wrong, says nothing for another login. */
static void test_nothing_is_remembered_of_a_signature(void **state) {
        struct cert_verdict good = helper_says("one", REASON_NONE),
                            bad = helper_says("one", REASON_CERTIFICATE_SIGNATURE);
        struct trust_verdict verdict;
        struct fixture *f = *state;

        assert_int_equal(take(f, WIRE_SIGNED, "one", &bad, &verdict), 0);
        assert_int_equal(verdict.certificate.reason, REASON_CERTIFICATE_SIGNATURE);
        assert_int_equal(look(f, "one", NOW, &verdict), -EINPROGRESS);
        assert_int_equal(take(f, WIRE_SIGNED, "one", &good, &verdict), 0);
        assert_int_equal(verdict.certificate.reason, REASON_NONE);
        assert_int_equal(verdict.certificate.proved, true);
        assert_int_equal(look(f, "one", NOW, &verdict), -EINPROGRESS);
}

static void test_an_answer_about_another_certificate_is_none(void **state) {
        struct cert_verdict judged = helper_says("two", REASON_NONE);
        struct trust_verdict verdict;
        struct fixture *f = *state;

        assert_int_equal(take(f, WIRE_SHOWN, "one", &judged, &verdict), 0);
        assert_int_equal(verdict.certificate.reason, REASON_CERTIFICATE_UNCHECKED);
        assert_int_equal(look(f, "one", NOW, &verdict), -EINPROGRESS);
        assert_int_equal(look(f, "two", NOW, &verdict), -EINPROGRESS);
}

static void test_lists_count_for_every_link_of_a_chain(void **state) {
        struct cert_record ca = put_ca(*state);
        struct fixture *f = *state;

        for (size_t i = 0; i < 3; i++) {
                struct cert_verdict judged = helper_says("one", REASON_NONE);
                struct trust_verdict verdict;

                judged.n_serials = 3;
                for (uint8_t n = 0; n < 3; n++)
                        judged.serials[n] = unit_cert((uint8_t) (20 + n)).serial;
                unit_crl_put(f->store->writer, ca.thumbprint, NOW + 50, &judged.serials[i], 1);
                touch(f);
                unit_int("revoked", take(f, WIRE_SHOWN, "one", &judged, &verdict), 0);
                unit_int("revoked", verdict.certificate.reason, REASON_CERTIFICATE_REVOKED);
                check(f, "remembered for a while", "one", NOW + 5, REASON_CERTIFICATE_REVOKED);
                /* The list's end is the verdict's. */
                unit_crl_put(f->store->writer, ca.thumbprint, NOW + 50, NULL, 0);
                touch(f);
                unit_int("good", take(f, WIRE_SHOWN, "one", &judged, &verdict), 0);
                unit_int("good", verdict.certificate.reason, REASON_NONE);
                check(f, "to the end of the list", "one", NOW + 50, REASON_NONE);
                unit_int("then", look(f, "one", NOW + 51, &verdict), -EINPROGRESS);
                unit_crl_put(f->store->writer, ca.thumbprint, NOW - 1, NULL, 0);
                touch(f);
                unit_int("out of date", take(f, WIRE_SHOWN, "one", &judged, &verdict), 0);
                unit_int("out of date", verdict.certificate.reason, REASON_CERTIFICATE_CRL_EXPIRED);
        }
}

/* The attacker has a certificate of A, a CA whose list has run out. B has the same name, another
 * key, and a fresh list. */
static void test_a_fresh_list_of_a_namesake_opens_no_door(void **state) {
        struct cert_verdict of_a = helper_says("one", REASON_NONE), of_b = of_a;
        struct cert_record a = put_ca(*state), b = a;
        struct trust_verdict verdict;
        struct fixture *f = *state;

        memset(b.thumbprint, 'b', sizeof(b.thumbprint));
        memset(b.ssh, 'b', sizeof(b.ssh));
        memset(b.spki, 'b', sizeof(b.spki));
        (void) snprintf(b.name, sizeof(b.name), "B");
        unit_cert_put(f->store->writer, &b, "B", 1);
        (void) put(f, 1, "registered");
        memcpy(of_a.serials[0].key, a.ssh, RECORD_HASH_LEN);
        memcpy(of_b.serials[0].key, b.ssh, RECORD_HASH_LEN);

        unit_crl_put(f->store->writer, a.thumbprint, NOW - 1, NULL, 0);
        unit_crl_put(f->store->writer, b.thumbprint, NOW + 50, NULL, 0);
        assert_int_equal(take(f, WIRE_SHOWN, "one", &of_a, &verdict), 0);
        assert_int_equal(verdict.certificate.reason, REASON_CERTIFICATE_CRL_EXPIRED);
        touch(f);
        assert_int_equal(take(f, WIRE_SHOWN, "one", &of_b, &verdict), 0);
        assert_int_equal(verdict.certificate.reason, REASON_NONE);
        /* Nobody knows whose key signed a registered certificate. */
        touch(f);
        check(f, "registered", "registered", NOW, REASON_CERTIFICATE_CRL_EXPIRED);
}

static void test_damage_is_an_error_of_the_store(void **state) {
        struct cert_verdict judged = helper_says("one", REASON_NONE);
        struct trust_verdict verdict;
        struct fixture *f = *state;

        (void) put(f, 1, "one");
        unit_sql(f->store->path, "UPDATE cert SET spki = x''");
        assert_int_equal(look(f, "one", NOW, &verdict), -EUCLEAN);
        unit_sql(f->store->path, "DROP TABLE crl_serial");
        unit_poison(&verdict, sizeof(verdict));
        store_release(f->store->reader);
        unit_fails("list", take(f, WIRE_SHOWN, "one", &judged, &verdict));
        unit_poisoned("verdict", &verdict, sizeof(verdict));
}

static void test_nothing_can_be_freed(void **state) {
        (void) state;
        assert_null(trust_free(NULL));
}

#define test_trust(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void) {
        const struct CMUnitTest tests[] = {
                test_trust(test_a_certificate_is_known_by_its_hash),
                test_trust(test_nothing_and_nothing_readable),
                test_trust(test_a_public_key_stands_for_the_right_certificate),
                test_trust(test_an_ssh_certificate_is_its_key),
                test_trust(test_what_is_shown_is_identified_anew),
                test_trust(test_a_public_key_that_nobody_registered_is_not_trusted),
                test_trust(test_a_key_of_ssh_counts_only_by_the_word_of_the_service),
                test_trust(test_a_registered_certificate_is_good_to_the_second),
                test_trust(test_what_is_not_registered_has_to_be_read),
                test_trust(test_a_signature_has_to_be_looked_at_every_time),
                test_trust(test_a_ca_is_no_client),
                test_trust(test_all_cas_are_one_question),
                test_trust(test_lists_count_for_registered_certificates),
                test_trust(test_a_verdict_is_remembered_until_something_changes),
                test_trust(test_what_is_remembered_of_one_proof_is_not_another_s),
                test_trust(test_a_good_answer_is_remembered_as_long_as_it_holds),
                test_trust(test_a_refusal_is_remembered_for_seconds),
                test_trust(test_nothing_is_remembered_of_a_signature),
                test_trust(test_an_answer_about_another_certificate_is_none),
                test_trust(test_lists_count_for_every_link_of_a_chain),
                test_trust(test_a_fresh_list_of_a_namesake_opens_no_door),
                test_trust(test_damage_is_an_error_of_the_store),
                cmocka_unit_test(test_nothing_can_be_freed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

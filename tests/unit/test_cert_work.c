/* SPDX-License-Identifier: BSD-2-Clause */
/* Questions to the helper that reads certificates, its answers, and answers that it would not
 * give. */
#include "unit_cert.h"

#include "base/helper.h"
#include "cert/cert_work.h"
#include "text.h"

#define NOW UNIT_CERT_NOW

static uint8_t *in, *out;

static const struct unit_cert *ca, *leaf;

static int make(void **state) {
        (void) state;
        in = malloc(HELPER_BYTES_MAX);
        out = malloc(HELPER_BYTES_MAX);
        ca = unit_cert(.cn = "CA", .key = "ED25519#ca", .extensions = UNIT_CERT_CA);
        leaf = unit_cert(.cn = "alice", .issuer = ca, .extensions = "extendedKeyUsage=clientAuth");
        return in && out ? 0 : -1;
}

static int drop(void **state) {
        free(in);
        free(out);
        return unit_cert_free(state);
}

/* Has the question of so many bytes in in answered; into room of exactly the answer's length. */
static const uint8_t *run(ssize_t asked, size_t *ret_len) {
        uint8_t *exact = unit_cert_bytes(in, (size_t) asked);
        ssize_t len;

        assert_true(asked > 0);
        len = cert_work_run(exact, (size_t) asked, out);
        assert_true(len > 0);
        *ret_len = (size_t) len;
        return unit_cert_bytes(out, (size_t) len);
}

static void same_record(const struct cert_record *got, const struct cert_record *want) {
        assert_memory_equal(got->thumbprint, want->thumbprint, sizeof(got->thumbprint));
        assert_string_equal(got->subject, want->subject);
        assert_string_equal(got->subject_cn, want->subject_cn);
        assert_string_equal(got->subject_o, want->subject_o);
        assert_string_equal(got->subject_ou, want->subject_ou);
        assert_string_equal(got->issuer_cn, want->issuer_cn);
        assert_string_equal(got->issuer_o, want->issuer_o);
        assert_string_equal(got->issuer_ou, want->issuer_ou);
        assert_memory_equal(&got->serial, &want->serial, sizeof(got->serial));
        assert_string_equal(got->key_type, want->key_type);
        assert_memory_equal(got->subject_id, want->subject_id, sizeof(got->subject_id));
        assert_memory_equal(got->spki, want->spki, sizeof(got->spki));
        assert_memory_equal(got->ssh, want->ssh, sizeof(got->ssh));
        assert_true(got->not_before == want->not_before && got->not_after == want->not_after);
        assert_true(got->kind == 0 && got->name[0] == '\0' && got->added_at == 0);
}

/* --- There and back --- */

static void test_read(void **state) {
        X509_NAME *name = X509_NAME_new();
        struct cert_blob ders[4] = { leaf->der, { (const uint8_t *) "x", 1 }, { NULL, 0 } };
        const uint8_t *answer;
        size_t len, at = 0;

        (void) state;
        unit_cert_add_name(name, NID_commonName, MBSTRING_UTF8, "Zo\xc3\xab", -1);
        unit_cert_add_name(name, NID_organizationName, MBSTRING_UTF8, "O", -1);
        unit_cert_add_name(name, NID_organizationalUnitName, MBSTRING_UTF8, "U", -1);
        ders[3] = unit_cert(.subject = name, .to = NOW - 1)->der;
        X509_NAME_free(name);
        answer = run(cert_work_ask_read(ders, 4, CERT_CLIENT, NOW, in, HELPER_BYTES_MAX), &len);
        for (size_t i = 0; i < 4; i++) {
                struct cert_work_read got;
                struct cert_record want = {};
                char detail[CERT_DETAIL_LEN];
                enum cert_fault fault = cert_read(&ders[i], CERT_CLIENT, NOW, &want, detail);

                unit_poison(&got, sizeof(got));
                assert_int_equal(cert_work_take_read(answer, len, &at, &got), 1);
                assert_int_equal(got.fault, fault);
                assert_string_equal(got.detail, detail);
                same_record(&got.cert, &want);
        }
        assert_int_equal(at, len);
        assert_int_equal(cert_work_take_read(answer, len, &at, &(struct cert_work_read){}), 0);
        answer = run(cert_work_ask_read(&ca->der, 1, CERT_CA, NOW, in, HELPER_BYTES_MAX), &len);
        at = 0;
        assert_int_equal(cert_work_take_read(answer, len, &at, &(struct cert_work_read){}), 1);
        assert_int_equal(answer[1], CERT_FINE);
}

static const uint8_t *ask_judge(const struct cert_question *question, size_t *len) {
        return run(cert_work_ask_judge(question, in, HELPER_BYTES_MAX), len);
}

static void test_judge(void **state) {
        struct cert_blob cas[] = { ca->der, leaf->der };
        const struct cert_question questions[] = {
                { .der = leaf->der, .cas = cas, .n_cas = 2, .now = NOW },
                { .der = leaf->der, .registered = true, .now = NOW },
                { .der = leaf->der, .now = NOW },
                { .der = leaf->der, .cas = cas, .n_cas = 1, .now = INT64_MAX },
                { .der = leaf->der, .cas = cas, .n_cas = 1, .now = INT64_MIN },
                { .der = ca->der, .registered = true, .now = NOW },
                { .der = { NULL, 0 }, .now = NOW },
                { .der = leaf->der,
                  .registered = true,
                  .now = NOW,
                  .signature = { (const uint8_t *) "", 0 } },
                { .der = leaf->der,
                  .registered = true,
                  .now = NOW,
                  .message = { (const uint8_t *) "m", 1 },
                  .signature = { (const uint8_t *) "s", 1 } },
        };
        static const enum reason reasons[] = {
                REASON_NONE,
                REASON_NONE,
                REASON_CERTIFICATE_UNTRUSTED,
                REASON_CERTIFICATE_EXPIRED,
                REASON_CERTIFICATE_NOT_YET_VALID,
                REASON_CERTIFICATE_PURPOSE,
                REASON_CERTIFICATE_UNREADABLE,
                REASON_CERTIFICATE_SIGNATURE,
                REASON_CERTIFICATE_SIGNATURE,
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(questions); i++) {
                struct cert_verdict want, got;
                const uint8_t *answer;
                size_t len;

                cert_judge(&questions[i], &want);
                answer = ask_judge(&questions[i], &len);
                unit_poison(&got, sizeof(got));
                assert_int_equal(cert_work_take_verdict(answer, len, &got), 0);
                assert_int_equal(want.reason, reasons[i]);
                assert_int_equal(got.reason, want.reason);
                assert_string_equal(got.detail, want.detail);
                same_record(&got.cert, &want.cert);
                assert_true(got.begins_at == want.begins_at && got.ends_at == want.ends_at);
                assert_int_equal(got.n_serials, want.n_serials);
                assert_memory_equal(got.serials, want.serials, sizeof(got.serials));
        }
}

/* A signature that is right stays right, and its message is part of it. */
static void test_proof(void **state) {
        static const uint8_t text[] = "prove it";
        const struct unit_cert *cert = unit_cert(.key = "ED25519");
        EVP_MD_CTX *ctx = unit_cert_signer(cert->key, NULL, false);
        uint8_t signature[64];
        size_t len = sizeof(signature);
        struct cert_question question = { .der = cert->der,
                                          .registered = true,
                                          .now = NOW,
                                          .message = { text, 8 },
                                          .signature = { signature, sizeof(signature) } };
        struct cert_verdict got;
        const uint8_t *answer;

        (void) state;
        assert_int_equal(EVP_DigestSign(ctx, signature, &len, text, 8), 1);
        EVP_MD_CTX_free(ctx);
        answer = ask_judge(&question, &len);
        assert_int_equal(cert_work_take_verdict(answer, len, &got), 0);
        assert_int_equal(got.reason, REASON_NONE);
        question.message.len--;
        answer = ask_judge(&question, &len);
        assert_int_equal(cert_work_take_verdict(answer, len, &got), 0);
        assert_int_equal(got.reason, REASON_CERTIFICATE_SIGNATURE);
}

static void test_crl(void **state) {
        struct cert_blob list =
                unit_crl(.issuer = ca,
                         .serials = "01 0203 0102030405060708090A0B0C0D0E0F1011121314");
        struct cert_serial serials[3], one;
        struct crl_record want;
        char detail[CERT_DETAIL_LEN];
        struct cert_work_crl got;
        const uint8_t *answer;
        size_t len;

        (void) state;
        assert_int_equal(cert_read_crl(&list, &ca->der, 1, NOW, &want, serials, 3, detail),
                         CERT_FINE);
        answer = run(cert_work_ask_crl(&list, &ca->der, 1, NOW, in, HELPER_BYTES_MAX), &len);
        assert_int_equal(cert_work_take_crl(answer, len, &got), 0);
        assert_int_equal(got.fault, CERT_FINE);
        assert_memory_equal(got.crl.ca, want.ca, 32);
        assert_memory_equal(got.crl.issuer, want.issuer, 32);
        assert_true(got.crl.this_update == want.this_update &&
                    got.crl.next_update == want.next_update);
        assert_true(got.crl.revoked == 3 && got.n_serials == 3);
        for (size_t i = 0; i < 3; i++) {
                unit_poison(&one, sizeof(one));
                cert_work_serial(&got, i, &one);
                assert_memory_equal(&one, &serials[i], sizeof(one));
        }
        list = unit_crl(.issuer = ca, .no_end = true);
        answer = run(cert_work_ask_crl(&list, &ca->der, 1, NOW, in, HELPER_BYTES_MAX), &len);
        assert_int_equal(cert_work_take_crl(answer, len, &got), 0);
        assert_true(got.crl.next_update == INT64_MAX && got.n_serials == 0);
        answer = run(cert_work_ask_crl(&list, NULL, 0, NOW, in, HELPER_BYTES_MAX), &len);
        assert_int_equal(cert_work_take_crl(answer, len, &got), 0);
        assert_int_equal(got.fault, CERT_REFUSED);
        assert_non_null(strstr(got.detail, "no registered CA"));
}

static void test_signed(void **state) {
        struct cert_blob list = unit_crl(.issuer = ca, .serials = "01");
        const uint8_t *answer;
        ssize_t asked;
        size_t len;

        (void) state;
        answer = run(cert_work_ask_signed(&list, &ca->der, in, HELPER_BYTES_MAX), &len);
        assert_int_equal(cert_work_take_signed(answer, len), 1);
        for (size_t cut = 0; cut < len; cut++)
                assert_int_equal(cert_work_take_signed(answer, cut), -EBADMSG);
        assert_int_equal(cert_work_take_signed((const uint8_t *) "S\1\0", 3), -EBADMSG);
        assert_int_equal(cert_work_take_signed((const uint8_t *) "S\2", 2), -EBADMSG);
        assert_int_equal(cert_work_take_signed((const uint8_t *) "C\1", 2), -EBADMSG);
        answer = run(cert_work_ask_signed(&list, &leaf->der, in, HELPER_BYTES_MAX), &len);
        assert_int_equal(cert_work_take_signed(answer, len), 0);
        asked = cert_work_ask_signed(&list, &ca->der, in, HELPER_BYTES_MAX);
        for (ssize_t cut = 0; cut < asked; cut++) {
                assert_true(cert_work_run(unit_cert_bytes(in, (size_t) cut), (size_t) cut, out) ==
                            -EBADMSG);
                assert_true(cert_work_ask_signed(&list, &ca->der, out, (size_t) cut) == -EMSGSIZE);
        }
}

/* As large a list as can be loaded; and one with more entries than an answer has room for. */
static void test_large_lists(void **state) {
        static const size_t sizes[] = { 40000, 50000 };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
                struct unit_crl_spec spec = { .issuer = ca };
                X509_CRL *crl = unit_crl_begin(&spec);
                struct cert_work_crl got;
                struct cert_blob list;
                const uint8_t *answer;
                size_t len;

                for (size_t n = 0; n < sizes[i]; n++)
                        unit_crl_add_entry(crl, "7F", NULL);
                list = unit_crl_finish(crl, &spec);
                answer =
                        run(cert_work_ask_crl(&list, &ca->der, 1, NOW, in, HELPER_BYTES_MAX), &len);
                assert_int_equal(cert_work_take_crl(answer, len, &got), 0);
                if (sizes[i] < 49000) {
                        assert_int_equal(got.fault, CERT_FINE);
                        assert_int_equal(got.n_serials, sizes[i]);
                } else {
                        assert_int_equal(got.fault, CERT_REFUSED);
                        assert_non_null(strstr(got.detail, "50000 entries"));
                }
        }
}

/* --- Questions that are none --- */

static void test_what_does_not_fit(void **state) {
        static struct cert_blob many[HELPER_BYTES_MAX / 4];
        const struct cert_question question = {
                .der = leaf->der, .cas = &ca->der, .n_cas = 1, .now = NOW
        };
        struct cert_question wide = {
                .der = leaf->der, .cas = many, .n_cas = CERT_CAS_ALL + 1, .now = NOW
        };
        const struct cert_blob huge = { in, HELPER_BYTES_MAX };
        ssize_t read = cert_work_ask_read(&leaf->der, 1, CERT_CLIENT, NOW, out, HELPER_BYTES_MAX);
        ssize_t judge = cert_work_ask_judge(&question, out, HELPER_BYTES_MAX);
        ssize_t crl = cert_work_ask_crl(&leaf->der, &ca->der, 1, NOW, out, HELPER_BYTES_MAX);

        (void) state;
        assert_true(read > 0 && judge > 0 && crl > 0);
        for (ssize_t size = 0; size < read; size++)
                assert_true(cert_work_ask_read(&leaf->der, 1, CERT_CLIENT, NOW, out,
                                               (size_t) size) == -EMSGSIZE);
        for (ssize_t size = 0; size < judge; size++)
                assert_true(cert_work_ask_judge(&question, out, (size_t) size) == -EMSGSIZE);
        for (ssize_t size = 0; size < crl; size++)
                assert_true(cert_work_ask_crl(&leaf->der, &ca->der, 1, NOW, out, (size_t) size) ==
                            -EMSGSIZE);
        assert_true(cert_work_ask_read(&huge, 1, CERT_CLIENT, NOW, out, HELPER_BYTES_MAX) ==
                    -EMSGSIZE);
        assert_true(cert_work_ask_judge(&wide, out, HELPER_BYTES_MAX) == -EMSGSIZE);
        assert_true(cert_work_ask_crl(&leaf->der, many, CERT_CAS_ALL + 1, NOW, out,
                                      HELPER_BYTES_MAX) == -EMSGSIZE);
        wide.n_cas = CERT_CAS_ALL;
        assert_true(cert_work_ask_judge(&wide, out, HELPER_BYTES_MAX) > 0);
        /* a question whose answer does not fit */
        read = cert_work_ask_read(many, 10000, CERT_CLIENT, NOW, in, HELPER_BYTES_MAX);
        assert_true(read > 0);
        assert_true(cert_work_run(in, (size_t) read, out) < 0);
}

static void test_questions_cut(void **state) {
        const struct cert_question question = {
                .der = leaf->der, .cas = &ca->der, .n_cas = 1, .now = NOW
        };

        (void) state;
        for (unsigned kind = 0; kind < 3; kind++) {
                ssize_t asked = kind == 0 ? cert_work_ask_read(&leaf->der, 1, CERT_CLIENT, NOW, in,
                                                               HELPER_BYTES_MAX)
                                : kind == 1 ? cert_work_ask_judge(&question, in, HELPER_BYTES_MAX)
                                            : cert_work_ask_crl(&leaf->der, &ca->der, 1, NOW, in,
                                                                HELPER_BYTES_MAX);

                assert_true(asked > 0);
                for (ssize_t len = 0; len < asked; len++)
                        assert_true(cert_work_run(unit_cert_bytes(in, (size_t) len), (size_t) len,
                                                  out) == -EBADMSG);
                in[asked] = 0;
                assert_true(cert_work_run(in, (size_t) asked + 1, out) == -EBADMSG);
                in[0] = 'x';
                assert_true(cert_work_run(in, (size_t) asked, out) == -EBADMSG);
        }
}

/* --- Answers that are none --- */

static bool is_safe(const char *text, size_t size) {
        return text[0] == '\0' || text_is_label(text, size - 1);
}

static void check_record(const struct cert_record *cert) {
        assert_true(is_safe(cert->subject, sizeof(cert->subject)));
        assert_true(is_safe(cert->subject_cn, sizeof(cert->subject_cn)));
        assert_true(is_safe(cert->subject_o, sizeof(cert->subject_o)));
        assert_true(is_safe(cert->subject_ou, sizeof(cert->subject_ou)));
        assert_true(is_safe(cert->issuer_cn, sizeof(cert->issuer_cn)));
        assert_true(is_safe(cert->issuer_o, sizeof(cert->issuer_o)));
        assert_true(is_safe(cert->issuer_ou, sizeof(cert->issuer_ou)));
        assert_true(is_safe(cert->key_type, sizeof(cert->key_type)));
        assert_in_range(cert->serial.len, 0, RECORD_SERIAL_MAX);
}

static void check_verdict(const struct cert_verdict *verdict) {
        check_record(&verdict->cert);
        assert_true(is_safe(verdict->detail, sizeof(verdict->detail)));
        if (verdict->reason == REASON_NONE)
                assert_in_range(verdict->n_serials, 1, CERT_CHAIN_MAX);
        else
                assert_in_range(verdict->reason, REASON_CERTIFICATE_UNREADABLE,
                                REASON_CERTIFICATE_UNCHECKED);
}

static int take_any(char kind, const uint8_t *answer, size_t len) {
        struct cert_work_read read;
        struct cert_verdict verdict;
        struct cert_work_crl crl;
        size_t at = 0;
        int r;

        unit_poison(&read, sizeof(read));
        unit_poison(&verdict, sizeof(verdict));
        unit_poison(&crl, sizeof(crl));
        r = kind == 'R'   ? cert_work_take_read(answer, len, &at, &read)
            : kind == 'J' ? cert_work_take_verdict(answer, len, &verdict)
                          : cert_work_take_crl(answer, len, &crl);
        if (r < 0) {
                assert_int_equal(r, -EBADMSG);
                assert_int_equal(at, 0);
                unit_poisoned("read", &read, sizeof(read));
                unit_poisoned("verdict", &verdict, sizeof(verdict));
                unit_poisoned("crl", &crl, sizeof(crl));
        } else if (kind == 'R') {
                check_record(&read.cert);
                assert_true(is_safe(read.detail, sizeof(read.detail)) &&
                            read.fault < _CERT_FAULT_MAX);
        } else if (kind == 'J') {
                check_verdict(&verdict);
        } else {
                assert_true(is_safe(crl.detail, sizeof(crl.detail)) && crl.fault < _CERT_FAULT_MAX);
                assert_true(crl.serials + crl.n_serials * 21 == answer + len);
        }
        return r;
}

/* Each of the answers cut everywhere, made longer, taken for another, and with every byte
 * changed. */
static void test_hostile_bytes(void **state) {
        const struct cert_question question = {
                .der = leaf->der, .cas = &ca->der, .n_cas = 1, .now = NOW
        };
        struct cert_blob list = unit_crl(.issuer = ca, .serials = "01 0203");
        static const char kinds[] = "RJC";

        (void) state;
        for (const char *kind = kinds; *kind; kind++) {
                size_t len;
                const uint8_t *answer =
                        run(*kind == 'R'   ? cert_work_ask_read(&leaf->der, 1, CERT_CLIENT, NOW, in,
                                                                HELPER_BYTES_MAX)
                            : *kind == 'J' ? cert_work_ask_judge(&question, in, HELPER_BYTES_MAX)
                                           : cert_work_ask_crl(&list, &ca->der, 1, NOW, in,
                                                               HELPER_BYTES_MAX),
                            &len);
                uint8_t bytes[4096];

                assert_true(len < sizeof(bytes));
                for (const char *other = kinds; *other; other++)
                        assert_int_equal(take_any(*other, answer, len) < 0, *other != *kind);
                /* no more certificates is an answer */
                for (size_t cut = *kind == 'R'; cut < len; cut++)
                        assert_int_equal(take_any(*kind, unit_cert_bytes(answer, cut), cut),
                                         -EBADMSG);
                memcpy(bytes, answer, len);
                bytes[len] = 0;
                if (*kind != 'R')
                        assert_int_equal(take_any(*kind, bytes, len + 1), -EBADMSG);
                for (size_t at = 0; at < len; at++)
                        for (unsigned mask = 1; mask < 256; mask++) {
                                bytes[at] = (uint8_t) (answer[at] ^ mask);
                                (void) take_any(*kind, bytes, len);
                                bytes[at] = answer[at];
                        }
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_read),          cmocka_unit_test(test_judge),
                cmocka_unit_test(test_proof),         cmocka_unit_test(test_crl),
                cmocka_unit_test(test_large_lists),   cmocka_unit_test(test_what_does_not_fit),
                cmocka_unit_test(test_questions_cut), cmocka_unit_test(test_hostile_bytes),
                cmocka_unit_test(test_signed),
        };

        return cmocka_run_group_tests(tests, make, drop);
}

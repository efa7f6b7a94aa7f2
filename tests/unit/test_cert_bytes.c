/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers about certificates that no helper of ours gives, and questions that the daemon never
 * asks. All of them are refused. What is true of a certificate is not known here. */
#include "unit.h"

#include "base/helper.h"
#include "cert/cert_bytes.h"
#include "cert/cert_work.h"

static uint8_t out[HELPER_BYTES_MAX], answer[HELPER_BYTES_MAX];

static struct cert_record good_record(void) {
        return (struct cert_record){
                .subject = "CN=alice",
                .subject_cn = "alice",
                .issuer_cn = "CA",
                .serial = { .len = 2, .bytes = { 1, 2 } },
                .key_type = "Ed25519",
                .not_before = 1000,
                .not_after = 2000,
        };
}

static int take_verdict(const struct cert_verdict *verdict) {
        struct bytes_writer w = { .out = out, .size = sizeof(out) };
        struct cert_verdict got;
        int r;

        bytes_write(&w, 1, CERT_BYTES_JUDGE);
        bytes_write(&w, 1, verdict->reason);
        bytes_write_text(&w, verdict->detail);
        cert_bytes_put_record(&w, &verdict->cert);
        bytes_write(&w, BYTES_TIME, (uint64_t) verdict->begins_at);
        bytes_write(&w, BYTES_TIME, (uint64_t) verdict->ends_at);
        bytes_write(&w, 1, verdict->n_serials);
        for (size_t i = 0; i < verdict->n_serials; i++) {
                bytes_write_raw(&w, verdict->serials[i % CERT_CHAIN_MAX].key, RECORD_HASH_LEN);
                bytes_write_raw(&w, verdict->serials[i % CERT_CHAIN_MAX].issuer, RECORD_HASH_LEN);
                bytes_write_raw(&w, verdict->serials[i % CERT_CHAIN_MAX].point, RECORD_HASH_LEN);
                cert_bytes_put_serial(&w, &verdict->serials[i % CERT_CHAIN_MAX]);
        }
        unit_poison(&got, sizeof(got));
        r = cert_work_take_verdict(out, w.len, &got);
        if (r < 0)
                unit_poisoned("verdict", &got, sizeof(got));
        return r;
}

static void test_verdicts_that_cannot_be(void **state) {
        struct cert_verdict good = { .cert = good_record(), .n_serials = 1 }, bad;

        (void) state;
        good.begins_at = good.cert.not_before;
        good.ends_at = good.cert.not_after;
        good.serials[0] = good.cert.serial;
        assert_int_equal(take_verdict(&good), 0);
#define bad_when(...)                                                                              \
        ({                                                                                         \
                bad = good;                                                                        \
                __VA_ARGS__;                                                                       \
                unit_int(#__VA_ARGS__, take_verdict(&bad), -EBADMSG);                              \
        })
        bad_when(bad.n_serials = 0);
        bad_when(bad.n_serials = CERT_CHAIN_MAX + 1);
        bad_when(bad.serials[0].len = 0);
        bad_when(bad.serials[0].len = 21);
        bad_when(bad.serials[0].bytes[0] ^= 1);
        bad_when(bad.serials[0].bytes[19] = 1);
        bad_when(bad.n_serials = 2);
        bad_when(bad.serials[0].bytes[19] = bad.cert.serial.bytes[19] = 1);
        bad_when(bad.serials[0].len = bad.cert.serial.len = 21);
        bad_when(bad.begins_at--);
        bad_when(bad.ends_at++);
        bad_when(bad.begins_at = bad.ends_at + 1);
        bad_when(bad.ends_at = bad.begins_at - 1);
        bad_when(bad.cert.not_before = INT64_MIN);
        bad_when(bad.cert.not_after = INT64_C(253402300800));
        bad_when(bad.cert.serial.len = 0);
        bad_when(bad.cert.key_type[0] = '\0');
        bad_when(bad.cert.subject[1] = '\n');
        bad_when(bad.cert.issuer_cn[0] = '\x80');
        bad_when(memcpy(bad.cert.subject_cn, "a\xe2\x80\xae", 5));
        bad_when(memcpy(bad.detail, "a\x1b[1m", 6));
        bad_when(bad.reason = REASON_CERTIFICATE_UNTRUSTED);
        bad_when(bad.reason = _REASON_MAX);
        for (enum reason reason = REASON_NONE; reason < 256; reason++) {
                bad = good;
                bad.reason = reason;
                bad.n_serials = 0;
                bad.begins_at = bad.ends_at = 0;
                unit_int(verdict_reason_name(reason), take_verdict(&bad),
                         reason == REASON_CERTIFICATE_UNREADABLE ||
                                         reason == REASON_CERTIFICATE_UNTRUSTED ||
                                         reason == REASON_CERTIFICATE_NOT_YET_VALID ||
                                         reason == REASON_CERTIFICATE_EXPIRED ||
                                         reason == REASON_CERTIFICATE_WEAK ||
                                         reason == REASON_CERTIFICATE_PURPOSE ||
                                         reason == REASON_CERTIFICATE_CHAIN ||
                                         reason == REASON_CERTIFICATE_SIGNATURE ||
                                         reason == REASON_CERTIFICATE_UNCHECKED
                                 ? 0
                                 : -EBADMSG);
        }
}

static int take_read(uint8_t fault, const char *detail, const struct cert_record *cert) {
        struct bytes_writer w = { .out = out, .size = sizeof(out) };
        struct cert_work_read got;
        size_t at = 0;
        int r;

        bytes_write(&w, 1, CERT_BYTES_READ);
        bytes_write(&w, 1, fault);
        bytes_write_text(&w, detail);
        cert_bytes_put_record(&w, cert);
        unit_poison(&got, sizeof(got));
        r = cert_work_take_read(out, w.len, &at, &got);
        if (r < 0)
                unit_poisoned("read", &got, sizeof(got));
        assert_int_equal(at, r < 0 ? 0 : w.len);
        return r;
}

static void test_reads_that_cannot_be(void **state) {
        const struct cert_record good = good_record(), nothing = {};
        struct cert_record bad = good;

        (void) state;
        assert_int_equal(take_read(CERT_FINE, "", &good), 1);
        assert_int_equal(take_read(CERT_REFUSED, "why", &good), 1);
        assert_int_equal(take_read(CERT_UNREADABLE, "why", &nothing), 1);
        assert_int_equal(take_read(CERT_FINE, "", &nothing), -EBADMSG);
        assert_int_equal(take_read(CERT_REFUSED, "why", &nothing), -EBADMSG);
        assert_int_equal(take_read(_CERT_FAULT_MAX, "why", &good), -EBADMSG);
        assert_int_equal(take_read(255, "why", &good), -EBADMSG);
        assert_int_equal(take_read(CERT_REFUSED, "why\n", &good), -EBADMSG);
        bad.not_before = bad.not_after + 1;
        assert_int_equal(take_read(CERT_FINE, "", &bad), -EBADMSG);
        assert_int_equal(take_read(CERT_REFUSED, "why", &bad), 1); /* that may be why */
        bad = good;
        bad.serial.len = 0;
        assert_int_equal(take_read(CERT_FINE, "", &bad), -EBADMSG);
        bad = good;
        bad.key_type[0] = '\0';
        assert_int_equal(take_read(CERT_FINE, "", &bad), -EBADMSG);
}

/* Each text of a record: as long as it may be, and longer by one byte. */
static void test_texts_that_do_not_fit(void **state) {
        static const size_t rooms[] = { 256, 192, 192, 192, 192, 192, 192, 32 };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rooms); i++)
                for (size_t more = 0; more < 2; more++) {
                        struct bytes_writer w = { .out = out, .size = sizeof(out) };
                        struct bytes_reader r = { .in = out };
                        struct cert_record got = {};
                        char text[512] = "";

                        memset(text, 'x', rooms[i] - 1 + more);
                        bytes_write_raw(&w, text, RECORD_THUMBPRINT_LEN);
                        for (size_t j = 0; j < 7; j++)
                                bytes_write_text(&w, i == j ? text : "");
                        bytes_write_raw(&w, text, RECORD_HASH_LEN);
                        bytes_write_raw(&w, text, RECORD_HASH_LEN);
                        cert_bytes_put_serial(&w, &got.serial);
                        bytes_write_text(&w, i == 7 ? text : "");
                        bytes_write_raw(&w, (const uint8_t[3 * RECORD_HASH_LEN]){},
                                        sizeof(uint8_t[3 * RECORD_HASH_LEN]));
                        bytes_write(&w, BYTES_TIME, 0);
                        bytes_write(&w, BYTES_TIME, 0);
                        r.len = w.len;
                        cert_bytes_take_record(&r, &got);
                        assert_int_equal(bytes_is_at_end(&r), more == 0);
                }
}

struct list {
        uint8_t fault, ends;
        int64_t this_update, next_update;
        uint32_t revoked;
        struct cert_serial serials[2];
};

static int take_crl(const struct list *list) {
        struct bytes_writer w = { .out = out, .size = sizeof(out) };
        struct cert_work_crl got;
        int r;

        bytes_write(&w, 1, CERT_BYTES_CRL);
        bytes_write(&w, 1, list->fault);
        bytes_write_text(&w, "");
        bytes_write_raw(&w, (const uint8_t[3 * RECORD_HASH_LEN]){},
                        sizeof(uint8_t[3 * RECORD_HASH_LEN]));
        bytes_write(&w, BYTES_TIME, (uint64_t) list->this_update);
        bytes_write(&w, 1, list->ends);
        bytes_write(&w, BYTES_TIME, (uint64_t) list->next_update);
        bytes_write(&w, BYTES_NUMBER, list->revoked);
        for (size_t i = 0; i < 2; i++)
                cert_bytes_put_serial(&w, &list->serials[i]);
        unit_poison(&got, sizeof(got));
        r = cert_work_take_crl(out, w.len, &got);
        if (r < 0)
                unit_poisoned("list", &got, sizeof(got));
        return r;
}

static void test_lists_that_cannot_be(void **state) {
        const struct list good = {
                .ends = 1,
                .this_update = 1,
                .next_update = 2,
                .revoked = 2,
                .serials = { { .len = 1, .bytes = { 7 } }, { .len = 20, .bytes = { [19] = 1 } } },
        };
        struct list bad;

        (void) state;
        assert_int_equal(take_crl(&good), 0);
#define bad_list_when(...)                                                                         \
        ({                                                                                         \
                bad = good;                                                                        \
                __VA_ARGS__;                                                                       \
                unit_int(#__VA_ARGS__, take_crl(&bad), -EBADMSG);                                  \
        })
        bad_list_when(bad.fault = CERT_REFUSED); /* with entries */
        bad_list_when(bad.fault = _CERT_FAULT_MAX);
        bad_list_when(bad.ends = 2);
        bad_list_when(bad.next_update = 0);
        bad_list_when(bad.next_update = INT64_MAX);
        bad_list_when(bad.this_update = INT64_MIN);
        bad_list_when(bad.revoked = 1);
        bad_list_when(bad.revoked = 3);
        bad_list_when(bad.revoked = UINT32_MAX);
        bad_list_when(bad.serials[1].len = 0);
        bad_list_when(bad.serials[0] = (struct cert_serial){});
        bad_list_when(bad.serials[1].len = 19);
        bad_list_when(bad.serials[1].len = 21);
        bad_list_when(bad.serials[0].bytes[1] = 1);
}

/* The helper has room for as many CAs as there may be, and not for one more. */
static void test_too_many_cas(void **state) {
        static const struct cert_blob cas[CERT_CAS_ALL + 1];

        (void) state;
        for (size_t n = CERT_CAS_ALL; n <= CERT_CAS_ALL + 1; n++)
                for (unsigned kind = 0; kind < 2; kind++) {
                        struct bytes_writer w = { .out = out, .size = sizeof(out) };

                        bytes_write(&w, 1, kind == 0 ? CERT_BYTES_JUDGE : CERT_BYTES_CRL);
                        if (kind == 0)
                                bytes_write(&w, 1, 0);
                        bytes_write(&w, BYTES_TIME, 0);
                        bytes_write_blob(&w, "x", 1);
                        if (kind == 0) {
                                bytes_write_blob(&w, "", 0);
                                bytes_write_blob(&w, "", 0);
                        }
                        cert_bytes_put_blobs(&w, cas, n);
                        assert_int_equal(cert_work_run(out, w.len, answer) > 0, n == CERT_CAS_ALL);
                }
}

static void test_unknown_flags(void **state) {
        const struct cert_question question = {};
        ssize_t len = cert_work_ask_judge(&question, out, sizeof(out));

        (void) state;
        assert_true(len > 0);
        for (unsigned flags = 0; flags < 256; flags++) {
                out[1] = (uint8_t) flags;
                assert_int_equal(cert_work_run(out, (size_t) len, answer) > 0,
                                 flags <= CERT_BYTES_FLAGS);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_verdicts_that_cannot_be),
                cmocka_unit_test(test_reads_that_cannot_be),
                cmocka_unit_test(test_texts_that_do_not_fit),
                cmocka_unit_test(test_lists_that_cannot_be),
                cmocka_unit_test(test_too_many_cas),
                cmocka_unit_test(test_unknown_flags),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificates in the verify protocol: evidence behind a request, offers, challenges. What is good
 * goes there and back unchanged, and what is spoiled is refused. */
#include "unit.h"

#include "wire.h"

enum {
        AT_EVIDENCE = WIRE_REQUEST_LEN,
        AT_CERTIFICATE = AT_EVIDENCE + WIRE_EVIDENCE_HEAD_LEN,
        AT_REPLY_REASON = 12,
        AT_REPLY_TICKET = 26,
        AT_REPLY_NAME = 58,
};

static uint8_t certificate[WIRE_CERTIFICATE_MAX + 2], signature[WIRE_SIGNATURE_MAX + 2];

static struct wire_request request(enum wire_kind kind, enum wire_evidence evidence,
                                   size_t certificate_len, size_t signature_len) {
        struct wire_request req = { .kind = kind,
                                    .seq = 5,
                                    .user = "alice",
                                    .service = "sshd",
                                    .rhost = "192.0.2.7",
                                    .evidence = evidence,
                                    .certificate = certificate,
                                    .certificate_len = certificate_len,
                                    .signature = signature,
                                    .signature_len = signature_len };

        if (kind == WIRE_CONFIRM)
                memcpy(req.id, "0123456789", sizeof(req.id));
        else if (kind != WIRE_ISSUE)
                memcpy(req.key.text,
                       "wfk_0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop3cYLBr",
                       KEYTEXT_LEN);
        for (size_t i = 0; i < sizeof(certificate); i++)
                certificate[i] = (uint8_t) (i * 7 + 1);
        for (size_t i = 0; i < sizeof(signature); i++)
                signature[i] = (uint8_t) (i * 5 + 2);
        return req;
}

/* The rules once more, as a table: how many bytes a certificate may have, and whether a
 * verification has a signature. */
static const struct {
        enum wire_evidence evidence;
        size_t least, most;
        bool is_signed;
} rules[] = {
        { WIRE_SHOWN, 0, WIRE_CERTIFICATE_MAX, false },
        { WIRE_VOUCHED, 0, WIRE_CERTIFICATE_MAX, false },
        { WIRE_VOUCHED_SSH, 1, WIRE_CERTIFICATE_MAX, false },
        { WIRE_SIGNED, 1, WIRE_CERTIFICATE_MAX, true },
        { WIRE_SIGNED_KEY, WIRE_KEY_HASH_LEN, WIRE_KEY_HASH_LEN, true },
};

static bool is_right(const struct wire_request *req) {
        if (req->evidence == WIRE_EVIDENCE_NONE)
                return req->certificate_len == 0 && req->signature_len == 0;
        if (req->kind != WIRE_VERIFY && req->kind != WIRE_CONFIRM)
                return false;
        for (size_t i = 0; i < ARRAY_LEN(rules); i++)
                if (rules[i].evidence == req->evidence)
                        return req->certificate_len >= rules[i].least &&
                               req->certificate_len <= rules[i].most &&
                               req->signature_len <= WIRE_SIGNATURE_MAX &&
                               (req->signature_len > 0) ==
                                       (rules[i].is_signed && req->kind == WIRE_VERIFY);
        return false;
}

static void check_round_trip(const char *row, const struct wire_request *req) {
        size_t len = wire_request_len(req);
        uint8_t *bytes = malloc(len), *again = malloc(len); /* to the byte, for the sanitizer */
        struct wire_request got;

        assert_non_null(bytes);
        assert_non_null(again);
        unit_poison(&got, sizeof(got));
        unit_int(row, wire_request_encode(bytes, req), 0);
        unit_int(row, wire_request_decode(bytes, len, &got), 0);
        unit_int(row, got.kind, req->kind);
        unit_int(row, got.evidence, req->evidence);
        unit_int(row, got.certificate_len, req->certificate_len);
        unit_int(row, got.signature_len, req->signature_len);
        if (req->certificate_len > 0)
                unit_mem(row, got.certificate, req->certificate, req->certificate_len);
        if (req->signature_len > 0)
                unit_mem(row, got.signature, req->signature, req->signature_len);
        unit_int(row, wire_request_len(&got), len);
        unit_int(row, wire_request_encode(again, &got), 0);
        unit_mem(row, again, bytes, len);
        free(again);
        free(bytes);
}

/* Nothing is written behind the fixed part, because the buffer has no room for more. The fixed part
 * is wiped. */
static void check_not_encoded(const char *row, const struct wire_request *req) {
        uint8_t zero[WIRE_REQUEST_LEN] = {}, *bytes = malloc(WIRE_REQUEST_LEN);

        assert_non_null(bytes);
        unit_poison(bytes, WIRE_REQUEST_LEN);
        unit_int(row, wire_request_encode(bytes, req), -EINVAL);
        unit_mem(row, bytes, zero, sizeof(zero));
        free(bytes);
}

static const size_t certificate_lens[] = { 0, 1, 31, 32, 33, 255, 256, 4096, 8191, 8192, 8193 };
static const size_t signature_lens[] = { 0, 1, 64, 255, 256, 1023, 1024, 1025 };

static void test_every_kind_with_every_evidence_of_every_length(void **state) {
        (void) state;
        for (int kind = WIRE_VERIFY; kind <= WIRE_OFFER; kind++)
                for (int evidence = 0; evidence <= WIRE_SIGNED_KEY + 1; evidence++)
                        for (size_t i = 0; i < ARRAY_LEN(certificate_lens); i++)
                                for (size_t j = 0; j < ARRAY_LEN(signature_lens); j++) {
                                        struct wire_request req =
                                                request((enum wire_kind) kind,
                                                        (enum wire_evidence) evidence,
                                                        certificate_lens[i], signature_lens[j]);
                                        char row[64];

                                        (void) snprintf(row, sizeof(row),
                                                        "kind %d, evidence %d, %zu, %zu", kind,
                                                        evidence, req.certificate_len,
                                                        req.signature_len);
                                        if (is_right(&req))
                                                check_round_trip(row, &req);
                                        else
                                                check_not_encoded(row, &req);
                                }
}

static void test_a_request_without_evidence_has_its_old_length(void **state) {
        struct wire_request req = request(WIRE_VERIFY, WIRE_EVIDENCE_NONE, 0, 0);

        (void) state;
        assert_int_equal(wire_request_len(&req), WIRE_REQUEST_LEN);
        req = request(WIRE_OFFER, WIRE_EVIDENCE_NONE, 0, 0);
        assert_int_equal(wire_request_len(&req), WIRE_REQUEST_LEN);
        req = request(WIRE_VERIFY, WIRE_SIGNED, WIRE_CERTIFICATE_MAX, WIRE_SIGNATURE_MAX);
        assert_int_equal(wire_request_len(&req), WIRE_REQUEST_MAX);
}

static void check_not_decoded(const char *row, const uint8_t *in, size_t len) {
        uint8_t *exact = malloc(len);
        struct wire_request got;

        assert_non_null(exact);
        memcpy(exact, in, len);
        unit_poison(&got, sizeof(got));
        unit_int(row, wire_request_decode(exact, len, &got), -EBADMSG);
        unit_poisoned(row, &got, sizeof(got));
        free(exact);
}

static void test_every_other_length_is_refused(void **state) {
        struct wire_request req = request(WIRE_VERIFY, WIRE_SIGNED, 40, 70);
        uint8_t bytes[WIRE_REQUEST_MAX + 2] = {};
        size_t right = wire_request_len(&req);

        (void) state;
        assert_int_equal(wire_request_encode(bytes, &req), 0);
        for (size_t len = WIRE_REQUEST_LEN + 1; len <= sizeof(bytes);
             len += len < right + 40 ? 1 : 997) {
                char row[32];

                (void) snprintf(row, sizeof(row), "%zu instead of %zu", len, right);
                if (len != right)
                        check_not_decoded(row, bytes, len);
        }
        /* A request that is cut where the evidence begins is a request without evidence. */
        assert_int_equal(wire_request_decode(bytes, WIRE_REQUEST_LEN, &req), 0);
        assert_int_equal(req.evidence, WIRE_EVIDENCE_NONE);
}

static void test_lengths_that_lie_are_refused(void **state) {
        static const size_t lies[] = { 0,   1,   39,  41,   69,   70,    71,   109,
                                       110, 111, 255, 8192, 8193, 32767, 65535 };
        struct wire_request req = request(WIRE_VERIFY, WIRE_SIGNED, 40, 70), got;
        uint8_t good[WIRE_REQUEST_MAX], bytes[WIRE_REQUEST_MAX];
        size_t len = wire_request_len(&req);

        (void) state;
        assert_int_equal(wire_request_encode(good, &req), 0);
        for (size_t i = 0; i < ARRAY_LEN(lies); i++)
                for (size_t j = 0; j < ARRAY_LEN(lies); j++) {
                        char row[48];

                        (void) snprintf(row, sizeof(row), "%zu and %zu", lies[i], lies[j]);
                        memcpy(bytes, good, len);
                        bytes[AT_EVIDENCE + 2] = (uint8_t) lies[i];
                        bytes[AT_EVIDENCE + 3] = (uint8_t) (lies[i] >> 8);
                        bytes[AT_EVIDENCE + 4] = (uint8_t) lies[j];
                        bytes[AT_EVIDENCE + 5] = (uint8_t) (lies[j] >> 8);
                        if (lies[i] > 0 && lies[j] > 0 && lies[i] + lies[j] == 110) {
                                unit_int(row, wire_request_decode(bytes, len, &got), 0);
                                unit_int(row, got.certificate_len, lies[i]);
                        } else
                                check_not_decoded(row, bytes, len);
                }
}

/* Every byte of the head, every value. What decodes is encoded the same way. */
static void check_spoiled(enum wire_kind kind, enum wire_evidence evidence, size_t certificate_len,
                          size_t signature_len) {
        struct wire_request req = request(kind, evidence, certificate_len, signature_len), got;
        uint8_t good[WIRE_REQUEST_MAX], bytes[WIRE_REQUEST_MAX], again[WIRE_REQUEST_MAX];
        size_t len = wire_request_len(&req);

        assert_int_equal(wire_request_encode(good, &req), 0);
        for (size_t at = 4; at < len; at = at == 4 ? AT_EVIDENCE : at + 1)
                for (unsigned with = 0; with < 256; with++) {
                        char row[48];

                        memcpy(bytes, good, len);
                        bytes[at] = (uint8_t) with;
                        (void) snprintf(row, sizeof(row), "byte %zu becomes %#x", at, with);
                        if (wire_request_decode(bytes, len, &got) < 0) {
                                unit_int(row, at < AT_CERTIFICATE, true);
                                check_not_decoded(row, bytes, len);
                                continue;
                        }
                        unit_int(row, is_right(&got), true);
                        unit_int(row, wire_request_encode(again, &got), 0);
                        unit_mem(row, again, bytes, len);
                }
}

static void test_spoiled_evidence_is_refused_or_means_what_it_says(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rules); i++)
                for (int kind = WIRE_VERIFY; kind <= WIRE_CONFIRM; kind++)
                        check_spoiled((enum wire_kind) kind, rules[i].evidence, 32,
                                      rules[i].is_signed && kind == WIRE_VERIFY ? 8 : 0);
        check_spoiled(WIRE_VERIFY, WIRE_SHOWN, 0, 0);
}

static void test_offers_and_wishes_for_a_key_carry_no_evidence(void **state) {
        struct wire_request req = request(WIRE_VERIFY, WIRE_SHOWN, 32, 0), offer, issue;
        uint8_t bytes[WIRE_REQUEST_MAX], other[WIRE_REQUEST_LEN];
        size_t len = wire_request_len(&req);

        (void) state;
        assert_int_equal(wire_request_encode(bytes, &req), 0);
        offer = request(WIRE_OFFER, WIRE_EVIDENCE_NONE, 0, 0);
        assert_int_equal(wire_request_encode(other, &offer), 0);
        memcpy(bytes, other, sizeof(other));
        check_not_decoded("offer", bytes, len);
        issue = request(WIRE_ISSUE, WIRE_EVIDENCE_NONE, 0, 0);
        assert_int_equal(wire_request_encode(other, &issue), 0);
        memcpy(bytes, other, sizeof(other));
        check_not_decoded("issue", bytes, len);
}

/* --- Challenges --- */

static struct wire_reply challenge_reply(void) {
        struct wire_reply reply = { .seq = 0xfffffffe, .verdict = VERDICT_CHALLENGE };

        for (unsigned i = 0; i < WIRE_CHALLENGE_LEN; i++)
                reply.challenge[i] = (uint8_t) (0xff - i);
        return reply;
}

static void test_a_challenge_goes_there_and_back(void **state) {
        struct wire_reply reply = challenge_reply(), got;
        uint8_t bytes[WIRE_REPLY_LEN], again[WIRE_REPLY_LEN];

        (void) state;
        unit_poison(&got, sizeof(got));
        wire_reply_encode(bytes, &reply);
        assert_int_equal(wire_reply_decode(bytes, sizeof(bytes), &got), 0);
        assert_int_equal(got.seq, reply.seq);
        assert_int_equal(got.verdict, VERDICT_CHALLENGE);
        assert_int_equal(got.reason, REASON_NONE);
        assert_memory_equal(got.challenge, reply.challenge, sizeof(got.challenge));
        assert_string_equal(got.id, "");
        assert_string_equal(got.name, "");
        wire_reply_encode(again, &got);
        assert_memory_equal(again, bytes, sizeof(bytes));
        memset(reply.challenge, 0, sizeof(reply.challenge));
        wire_reply_encode(bytes, &reply);
        assert_int_equal(wire_reply_decode(bytes, sizeof(bytes), &got), 0);
}

static void test_a_challenge_carries_nothing_else(void **state) {
        struct wire_reply reply = challenge_reply(), full = challenge_reply(), got;
        uint8_t want[WIRE_REPLY_LEN], bytes[WIRE_REPLY_LEN];

        (void) state;
        wire_reply_encode(want, &reply);
        memcpy(full.id, "0123456789", sizeof(full.id));
        memcpy(full.name, "backup", sizeof("backup"));
        memset(full.ticket, 0xcc, sizeof(full.ticket));
        memset(full.key.text, 'k', KEYTEXT_LEN);
        wire_reply_encode(bytes, &full);
        assert_memory_equal(bytes, want, sizeof(bytes));
        for (size_t at = AT_REPLY_REASON; at < WIRE_REPLY_LEN; at++) {
                bool free_byte = at >= AT_REPLY_TICKET && at < AT_REPLY_NAME;
                char row[32];

                (void) snprintf(row, sizeof(row), "byte %zu", at);
                memcpy(bytes, want, sizeof(bytes));
                bytes[at] ^= 1;
                unit_poison(&got, sizeof(got));
                unit_int(row, wire_reply_decode(bytes, sizeof(bytes), &got),
                         free_byte ? 0 : -EBADMSG);
                if (!free_byte)
                        unit_poisoned(row, &got, sizeof(got));
        }
}

static void test_only_a_challenge_carries_a_challenge(void **state) {
        static const int verdicts[] = { VERDICT_INTERNAL, VERDICT_DENY, VERDICT_DENY_CERTIFICATE,
                                        VERDICT_VERSION, 5 };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(verdicts); i++) {
                struct wire_reply reply = challenge_reply(), got;
                uint8_t bytes[WIRE_REPLY_LEN];

                reply.verdict = (enum verdict) verdicts[i];
                wire_reply_encode(bytes, &reply);
                unit_int("encoded", wire_reply_decode(bytes, sizeof(bytes), &got), 0);
                bytes[AT_REPLY_TICKET + 5] = 1;
                unit_int("decoded", wire_reply_decode(bytes, sizeof(bytes), &got), -EBADMSG);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_kind_with_every_evidence_of_every_length),
                cmocka_unit_test(test_a_request_without_evidence_has_its_old_length),
                cmocka_unit_test(test_every_other_length_is_refused),
                cmocka_unit_test(test_lengths_that_lie_are_refused),
                cmocka_unit_test(test_spoiled_evidence_is_refused_or_means_what_it_says),
                cmocka_unit_test(test_offers_and_wishes_for_a_key_carry_no_evidence),
                cmocka_unit_test(test_a_challenge_goes_there_and_back),
                cmocka_unit_test(test_a_challenge_carries_nothing_else),
                cmocka_unit_test(test_only_a_challenge_carries_a_challenge),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

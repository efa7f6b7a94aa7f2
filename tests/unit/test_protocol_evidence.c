/* SPDX-License-Identifier: BSD-2-Clause */
/* common/PROTOCOL and the code say the same about certificates: the evidence behind a request, and
 * the challenge. */
#include "unit_protocol.h"

#include "challenge.h"

static struct wire_request evidence_request(enum wire_evidence evidence, size_t certificate_len,
                                            size_t signature_len) {
        static uint8_t certificate[WIRE_CERTIFICATE_MAX], signature[WIRE_SIGNATURE_MAX];
        struct wire_request req = example_request();

        memset(certificate, 0xce, sizeof(certificate));
        memset(signature, 0x51, sizeof(signature));
        req.evidence = evidence;
        req.certificate = certificate;
        req.certificate_len = certificate_len;
        req.signature = signature;
        req.signature_len = signature_len;
        return req;
}

static void test_fields_of_evidence_are_where_the_table_says(void **state) {
        static const struct {
                const char *name;
                size_t len, value;
        } rows[] = { { "kind of evidence", 1, WIRE_SIGNED },
                     { "zero", 1, 0 },
                     { "length of certificate", 2, 0x1234 },
                     { "length of signature", 2, 0x0235 } };
        struct wire_request req = evidence_request(WIRE_SIGNED, 0x1234, 0x0235);
        uint8_t bytes[WIRE_REQUEST_MAX];
        size_t at, len, end = WIRE_REQUEST_LEN + WIRE_EVIDENCE_HEAD_LEN;

        assert_int_equal(wire_request_len(&req), end + 0x1234 + 0x0235);
        assert_int_equal(wire_request_encode(bytes, &req), 0);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                find_field(*state, EVIDENCE, rows[i].name, &at, &len);
                unit_int(rows[i].name, len, rows[i].len);
                unit_int(rows[i].name, bytes[at] | (len > 1 ? bytes[at + 1] << 8 : 0),
                         rows[i].value);
        }
        assert_memory_equal(bytes + end, req.certificate, 0x1234);
        assert_memory_equal(bytes + end + 0x1234, req.signature, 0x0235);
}

/* Reads "0", "32" or "1 to 1024". */
static void take_range(const char *text, size_t range[static 2]) {
        int n = sscanf(text, "%zu to %zu", &range[0], &range[1]);

        assert_in_range(n, 1, 2);
        if (n == 1)
                range[1] = range[0];
}

static void check_lengths(const char *name, unsigned evidence, const size_t *certificate,
                          const size_t *signature) {
        static const enum wire_kind kinds[] = { WIRE_VERIFY, WIRE_CONFIRM, WIRE_ISSUE, WIRE_OFFER };
        static const size_t lens[] = { 0, 1, 31, 32, 33, 1023, 1024, 1025, 8191, 8192, 8193 };
        uint8_t bytes[WIRE_REQUEST_MAX];

        for (size_t k = 0; k < ARRAY_LEN(kinds); k++)
                for (size_t i = 0; i < ARRAY_LEN(lens); i++)
                        for (size_t j = 0; j < ARRAY_LEN(lens); j++) {
                                struct wire_request req = evidence_request(
                                        (enum wire_evidence) evidence, lens[i], lens[j]);
                                size_t most = kinds[k] == WIRE_CONFIRM ? 0 : signature[1];
                                size_t least = kinds[k] == WIRE_CONFIRM ? 0 : signature[0];
                                bool right = lens[i] >= certificate[0] &&
                                             lens[i] <= certificate[1] && lens[j] >= least &&
                                             lens[j] <= most &&
                                             (kinds[k] == WIRE_VERIFY || kinds[k] == WIRE_CONFIRM);

                                req.kind = kinds[k];
                                if (kinds[k] == WIRE_CONFIRM)
                                        memcpy(req.id, "0123456789", sizeof(req.id));
                                unit_int(name, wire_request_encode(bytes, &req),
                                         right ? 0 : -EINVAL);
                        }
}

static void test_evidence_has_the_lengths_of_the_table(void **state) {
        static const char *const names[] = { "",       "SHOWN",     "VOUCHED", "VOUCHED_SSH",
                                             "SIGNED", "SIGNED_KEY" };
        const char *line = table_of(*state, "value   evidence     certificate  signature\n", 0);
        char row[160], name[32];
        size_t certificate[2], signature[2];
        unsigned value, n = 1;

        for (; take_line(&line, row); n++) {
                assert_int_equal(sscanf(row, "%u %31s", &value, name), 2);
                unit_int(name, value, n);
                assert_in_range(value, 1, WIRE_SIGNED_KEY);
                unit_str(name, name, names[value]);
                assert_true(strlen(row) > 42);
                take_range(row + 29, certificate);
                take_range(row + 42, signature);
                check_lengths(name, value, certificate, signature);
        }
        assert_int_equal(n, WIRE_SIGNED_KEY + 1);
}

static void test_longest_request_is_as_long_as_the_text_says(void **state) {
        char text[32];

        (void) snprintf(text, sizeof(text), "up to %d, ", (int) WIRE_REQUEST_MAX);
        assert_non_null(strstr(*state, text));
}

static void test_example_challenge_is_what_is_shown_and_signed(void **state) {
        struct wire_reply example = example_reply(), challenge = { .verdict = VERDICT_CHALLENGE },
                          got;
        char text[CHALLENGE_TEXT_LEN], message[CHALLENGE_MESSAGE_LEN];
        uint8_t bytes[WIRE_REPLY_LEN];
        size_t at, len;

        memcpy(challenge.challenge, example.ticket, sizeof(challenge.challenge));
        wire_reply_encode(bytes, &challenge);
        find_field(*state, REPLY, "ticket", &at, &len);
        assert_int_equal(len, WIRE_CHALLENGE_LEN);
        assert_memory_equal(bytes + at, challenge.challenge, len);
        assert_int_equal(wire_reply_decode(bytes, sizeof(bytes), &got), 0);
        assert_memory_equal(got.challenge, challenge.challenge, sizeof(got.challenge));
        challenge_format(text, got.challenge, "alice", "sshd");
        assert_non_null(strstr(*state, text));
        len = challenge_message(message, text);
        assert_int_equal(len, strlen(message));
        assert_non_null(strstr(*state, CHALLENGE_CONTEXT));
        assert_memory_equal(message, CHALLENGE_CONTEXT, strlen(CHALLENGE_CONTEXT));
        assert_string_equal(message + strlen(CHALLENGE_CONTEXT), text);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_fields_of_evidence_are_where_the_table_says),
                cmocka_unit_test(test_evidence_has_the_lengths_of_the_table),
                cmocka_unit_test(test_longest_request_is_as_long_as_the_text_says),
                cmocka_unit_test(test_example_challenge_is_what_is_shown_and_signed),
        };

        return cmocka_run_group_tests(tests, read_text, free_text);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Replies of the verify protocol: what is good goes there and back unchanged, and what is spoiled
 * is refused. That the text beside wire.h says the same is for test_protocol.c. */
#include "unit_wire.h"

static struct wire_reply allow_reply(void) {
        struct wire_reply reply = { .seq = 0xfffffffe,
                                    .verdict = VERDICT_ALLOW,
                                    .id = "0123456789",
                                    .name = "backup job" };

        memset(reply.ticket, 0xcc, sizeof(reply.ticket));
        return reply;
}

/* Looks like the check of requests in test_wire.c, but the fields are others. Naming each field is
 * the purpose of both. */
static void check_reply_round_trip(const char *row, const struct wire_reply *reply) {
        uint8_t bytes[WIRE_REPLY_LEN], again[WIRE_REPLY_LEN];
        struct wire_reply got;

        unit_poison(&got, sizeof(got));
        wire_reply_encode(bytes, reply);
        unit_int(row, wire_reply_decode(bytes, sizeof(bytes), &got), 0);
        unit_int(row, got.seq, reply->seq);
        unit_int(row, got.verdict, reply->verdict);
        unit_int(row, got.reason, reply->reason);
        unit_str(row, got.id, reply->id);
        unit_str(row, got.name, reply->name);
        unit_mem(row, got.ticket, reply->ticket, sizeof(got.ticket));
        unit_str(row, got.key.text, reply->key.text);
        wire_reply_encode(again, &got);
        unit_mem(row, again, bytes, sizeof(bytes));
}

static void test_replies_go_there_and_back(void **state) {
        struct wire_reply reply = allow_reply();

        (void) state;
        check_reply_round_trip("allow", &reply);
        reply.name[0] = '\0';
        check_reply_round_trip("no name", &reply);
        unit_wire_fill(reply.name, WIRE_NAME_MAX);
        check_reply_round_trip("longest name", &reply);
        memcpy(reply.key.text, unit_wire_good_key, sizeof(reply.key.text));
        check_reply_round_trip("with a key", &reply);
        for (int reason = 1; reason < _REASON_MAX; reason++) {
                reply = (struct wire_reply){ .seq = 1,
                                             .verdict = verdict_of((enum reason) reason),
                                             .reason = (enum reason) reason };
                check_reply_round_trip(verdict_reason_name((enum reason) reason), &reply);
        }
        reply = (struct wire_reply){ .verdict = VERDICT_VERSION };
        check_reply_round_trip("version", &reply);
}

static void test_no_refusal_carries_id_name_ticket_or_key(void **state) {
        static const uint8_t zero[WIRE_REPLY_LEN];
        static const int verdicts[] = {
                VERDICT_INTERNAL, VERDICT_DENY,      VERDICT_DENY_CERTIFICATE,
                VERDICT_VERSION,  VERDICT_CHALLENGE, 5,
                0x600c,           0x600d0000,        -1
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(verdicts); i++) {
                struct wire_reply reply = allow_reply();
                uint8_t bytes[WIRE_REPLY_LEN];

                unit_poison(bytes, sizeof(bytes));
                reply.verdict = (enum verdict) verdicts[i];
                memcpy(reply.key.text, unit_wire_good_key, sizeof(reply.key.text));
                wire_reply_encode(bytes, &reply);
                assert_memory_equal(bytes + AT_REPLY_ID, zero, sizeof(bytes) - AT_REPLY_ID);
        }
}

static void test_an_unknown_verdict_is_internal(void **state) {
        static const uint32_t verdicts[] = { 5,          0x600c, 0x600e,    0x100600d,
                                             0x600d0000, 0x0d60, 0xffffffff };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(verdicts); i++) {
                struct wire_reply reply = { .seq = 9, .verdict = (enum verdict) verdicts[i] }, got;
                uint8_t bytes[WIRE_REPLY_LEN];

                wire_reply_encode(bytes, &reply);
                assert_int_equal(wire_reply_decode(bytes, sizeof(bytes), &got), 0);
                assert_int_equal(got.verdict, VERDICT_INTERNAL);
        }
}

static void test_an_unknown_reason_of_a_refusal_is_none(void **state) {
        struct wire_reply reply = { .verdict = VERDICT_DENY, .reason = _REASON_MAX }, got;
        uint8_t bytes[WIRE_REPLY_LEN];

        (void) state;
        wire_reply_encode(bytes, &reply);
        assert_int_equal(bytes[AT_REPLY_REASON], _REASON_MAX);
        assert_int_equal(wire_reply_decode(bytes, sizeof(bytes), &got), 0);
        assert_int_equal(got.reason, REASON_NONE);
        assert_int_equal(got.verdict, VERDICT_DENY);
}

static void check_bad_reply(const char *row, const uint8_t *bytes, size_t len) {
        struct wire_reply got;

        unit_poison(&got, sizeof(got));
        unit_int(row, wire_reply_decode(bytes, len, &got), -EBADMSG);
        unit_poisoned(row, &got, sizeof(got));
}

static void test_a_refusal_with_what_only_an_allow_may_carry_is_refused(void **state) {
        (void) state;
        for (size_t at = AT_REPLY_ID; at < WIRE_REPLY_LEN; at++) {
                struct wire_reply reply = { .seq = 9, .verdict = VERDICT_DENY };
                uint8_t bytes[WIRE_REPLY_LEN];

                wire_reply_encode(bytes, &reply);
                bytes[at] = 1;
                check_bad_reply("deny", bytes, sizeof(bytes));
                bytes[AT_REPLY_VERDICT] = 77;
                check_bad_reply("unknown verdict", bytes, sizeof(bytes));
        }
}

static void test_an_allow_that_is_not_whole_is_refused(void **state) {
        static const struct {
                const char *why;
                size_t at;
                uint8_t with;
        } rows[] = {
                { "magic", 0, 0 },
                { "version", 3, 2 },
                { "reason", AT_REPLY_REASON, REASON_DISABLED },
                { "unknown reason", AT_REPLY_REASON + 3, 1 },
                { "id", AT_REPLY_ID, '_' },
                { "id with a NUL", AT_REPLY_ID + 9, 0 },
                { "name longer than its field", AT_REPLY_NAME, WIRE_NAME_MAX + 1 },
                { "name shorter than its text", AT_REPLY_NAME, 1 },
                { "NUL in the name", AT_REPLY_NAME + 1, 0 },
                { "filler behind the name", AT_REPLY_KEY - 1, 1 },
                { "first byte of a key", AT_REPLY_KEY, 'w' },
                { "last byte of a key", WIRE_REPLY_LEN - 1, 1 },
        };
        static const struct {
                const char *why;
                size_t at;
                uint8_t with;
        } key_rows[] = {
                { "key's prefix", AT_REPLY_KEY, 'W' },
                { "key's checksum", WIRE_REPLY_LEN - 1, 'A' },
                { "key cut short", WIRE_REPLY_LEN - 1, 0 },
                { "key of another id", AT_REPLY_ID, '1' },
        };
        struct wire_reply reply = allow_reply();

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                uint8_t bytes[WIRE_REPLY_LEN];

                wire_reply_encode(bytes, &reply);
                bytes[rows[i].at] = rows[i].with;
                check_bad_reply(rows[i].why, bytes, sizeof(bytes));
        }
        memcpy(reply.key.text, unit_wire_good_key, sizeof(reply.key.text));
        for (size_t i = 0; i < ARRAY_LEN(key_rows); i++) {
                uint8_t bytes[WIRE_REPLY_LEN];

                wire_reply_encode(bytes, &reply);
                bytes[key_rows[i].at] = key_rows[i].with;
                check_bad_reply(key_rows[i].why, bytes, sizeof(bytes));
        }
}

static void test_every_other_length_of_reply_is_refused(void **state) {
        struct wire_reply reply = allow_reply();

        (void) state;
        for (size_t len = 0; len <= 2 * WIRE_REPLY_LEN; len++) {
                uint8_t bytes[2 * WIRE_REPLY_LEN] = {}, *exact = malloc(len > 0 ? len : 1);

                assert_non_null(exact);
                wire_reply_encode(bytes, &reply);
                memcpy(exact, bytes, len);
                if (len != WIRE_REPLY_LEN)
                        check_bad_reply("length", exact, len);
                free(exact);
        }
}

/* A verdict that is not ALLOW in all of its bits never becomes ALLOW. What decodes is encoded the
 * same way. */
static void test_a_spoiled_reply_is_refused_or_means_what_it_says(void **state) {
        struct wire_reply reply = allow_reply(), got;
        uint8_t good[WIRE_REPLY_LEN], bytes[WIRE_REPLY_LEN], again[WIRE_REPLY_LEN];

        (void) state;
        wire_reply_encode(good, &reply);
        for (size_t at = 0; at < sizeof(good); at++)
                for (unsigned with = 0; with < 256; with++) {
                        memcpy(bytes, good, sizeof(bytes));
                        bytes[at] = (uint8_t) with;
                        if (wire_reply_decode(bytes, sizeof(bytes), &got) < 0)
                                continue;
                        assert_int_equal(got.verdict, VERDICT_ALLOW);
                        wire_reply_encode(again, &got);
                        assert_memory_equal(again, bytes, sizeof(bytes));
                        if (at >= AT_REPLY_VERDICT && at < AT_REPLY_ID)
                                assert_int_equal(with, good[at]);
                }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_replies_go_there_and_back),
                cmocka_unit_test(test_no_refusal_carries_id_name_ticket_or_key),
                cmocka_unit_test(test_an_unknown_verdict_is_internal),
                cmocka_unit_test(test_an_unknown_reason_of_a_refusal_is_none),
                cmocka_unit_test(test_a_refusal_with_what_only_an_allow_may_carry_is_refused),
                cmocka_unit_test(test_an_allow_that_is_not_whole_is_refused),
                cmocka_unit_test(test_every_other_length_of_reply_is_refused),
                cmocka_unit_test(test_a_spoiled_reply_is_refused_or_means_what_it_says),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests of the verify protocol: what is good goes there and back unchanged, and what is spoiled
 * is refused. That the text beside wire.h says the same is for test_protocol.c. */
#include "unit_wire.h"

static struct wire_request verify_request(void) {
        struct wire_request req = { .kind = WIRE_VERIFY,
                                    .seq = 0x80020304,
                                    .user = "alice",
                                    .service = "sshd",
                                    .rhost = "192.0.2.7" };

        memcpy(req.key.text, unit_wire_good_key, KEYTEXT_LEN);
        return req;
}

static struct wire_request confirm_request(void) {
        struct wire_request req = { .kind = WIRE_CONFIRM,
                                    .seq = 7,
                                    .id = "0123456789",
                                    .user = "alice",
                                    .service = "sshd",
                                    .rhost = "2001:db8::1" };

        memset(req.ticket, 0xee, sizeof(req.ticket));
        return req;
}

static struct wire_request issue_request(void) {
        return (struct wire_request){
                .kind = WIRE_ISSUE, .seq = 3, .user = "alice", .service = "sshd", .rhost = ""
        };
}

static void encode(const struct wire_request *req, uint8_t out[static WIRE_REQUEST_LEN]) {
        assert_int_equal(wire_request_encode(out, req), 0);
}

static void check_round_trip(const char *row, const struct wire_request *req) {
        uint8_t bytes[WIRE_REQUEST_LEN], again[WIRE_REQUEST_LEN];
        struct wire_request got;

        unit_poison(&got, sizeof(got));
        encode(req, bytes);
        unit_int(row, wire_request_decode(bytes, sizeof(bytes), &got), 0);
        unit_int(row, got.kind, req->kind);
        unit_int(row, got.seq, req->seq);
        unit_str(row, got.user, req->user);
        unit_str(row, got.service, req->service);
        unit_str(row, got.rhost, req->rhost);
        unit_mem(row, &got.key, &req->key, sizeof(got.key));
        unit_str(row, got.id, req->id);
        unit_mem(row, got.ticket, req->ticket, sizeof(got.ticket));
        encode(&got, again);
        unit_mem(row, again, bytes, sizeof(bytes));
}

static void test_requests_go_there_and_back(void **state) {
        struct wire_request req = verify_request();

        (void) state;
        check_round_trip("verify", &req);
        req.service[0] = req.rhost[0] = '\0';
        check_round_trip("no service, no rhost", &req);
        unit_wire_fill(req.user, WIRE_USER_MAX);
        unit_wire_fill(req.service, WIRE_SERVICE_MAX);
        unit_wire_fill(req.rhost, WIRE_RHOST_MAX);
        check_round_trip("longest texts", &req);
        memcpy(req.user, "\n\xff'\x1b", 5);
        check_round_trip("bytes that are no text", &req);
        req = confirm_request();
        check_round_trip("confirm", &req);
        memset(req.ticket, 0, sizeof(req.ticket));
        check_round_trip("confirm with a ticket of zeros", &req);
        req = issue_request();
        check_round_trip("issue", &req);
}

/* Every byte, every value. What is not refused must be a request that is encoded the same way. */
static void check_spoiled(const struct wire_request *req) {
        uint8_t good[WIRE_REQUEST_LEN], bytes[WIRE_REQUEST_LEN], again[WIRE_REQUEST_LEN];
        struct wire_request got;

        encode(req, good);
        for (size_t at = 0; at < sizeof(good); at++)
                for (unsigned with = 0; with < 256; with++) {
                        char row[48];
                        int r;

                        memcpy(bytes, good, sizeof(bytes));
                        bytes[at] = (uint8_t) with;
                        (void) snprintf(row, sizeof(row), "byte %zu becomes %#x", at, with);
                        unit_poison(&got, sizeof(got));
                        r = wire_request_decode(bytes, sizeof(bytes), &got);
                        if (r == 0) {
                                encode(&got, again);
                                unit_mem(row, again, bytes, sizeof(bytes));
                                continue;
                        }
                        unit_int(row, r,
                                 at == AT_VERSION && with != WIRE_VERSION ? -EPROTONOSUPPORT
                                                                          : -EBADMSG);
                        unit_poisoned(row, &got, sizeof(got));
                }
}

static void test_a_spoiled_verification_is_refused_or_means_what_it_says(void **state) {
        struct wire_request req = verify_request();

        (void) state;
        check_spoiled(&req);
}

static void test_a_spoiled_wish_for_a_key_is_refused_or_means_what_it_says(void **state) {
        struct wire_request req = issue_request();

        (void) state;
        check_spoiled(&req);
}

static void test_a_spoiled_confirmation_is_refused_or_means_what_it_says(void **state) {
        struct wire_request req = confirm_request();

        (void) state;
        check_spoiled(&req);
}

static void test_single_faults_are_refused(void **state) {
        static const struct {
                const char *why;
                size_t at;
                uint8_t with;
        } rows[] = {
                { "magic", 0, 'w' },
                { "kind 0", AT_KIND, 0 },
                { "kind 3 with a credential", AT_KIND, 3 },
                { "kind 5", AT_KIND, 5 },
                { "kind of the other credential", AT_KIND, WIRE_CONFIRM },
                { "filler behind the kind", AT_KIND + 1, 1 },
                { "filler before seq", AT_SEQ - 1, 0x80 },
                { "key's checksum", AT_KEY + KEYTEXT_LEN - 1, 'A' },
                { "key's prefix", AT_KEY, 'W' },
                { "no user", AT_USER, 0 },
                { "user longer than its field", AT_USER, WIRE_USER_MAX + 1 },
                { "user of 255", AT_USER, 255 },
                { "user shorter than its text", AT_USER, 4 },
                { "user longer than its text", AT_USER, 6 },
                { "NUL inside the user", AT_USER + 2, 0 },
                { "filler behind the user", AT_USER + WIRE_USER_MAX, 'x' },
                { "NUL inside the service", AT_SERVICE + 1, 0 },
                { "service longer than its field", AT_SERVICE, WIRE_SERVICE_MAX + 1 },
                { "filler behind the service", AT_SERVICE + WIRE_SERVICE_MAX, 1 },
                { "rhost longer than its text", AT_RHOST, 255 },
                { "last byte", WIRE_REQUEST_LEN - 1, 1 },
        };
        struct wire_request req = verify_request(), got;

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                uint8_t bytes[WIRE_REQUEST_LEN];

                encode(&req, bytes);
                bytes[rows[i].at] = rows[i].with;
                unit_poison(&got, sizeof(got));
                unit_int(rows[i].why, wire_request_decode(bytes, sizeof(bytes), &got), -EBADMSG);
                unit_poisoned(rows[i].why, &got, sizeof(got));
        }
}

static void check_bad_request(const char *row, const uint8_t *bytes) {
        struct wire_request got;

        unit_poison(&got, sizeof(got));
        unit_int(row, wire_request_decode(bytes, WIRE_REQUEST_LEN, &got), -EBADMSG);
        unit_poisoned(row, &got, sizeof(got));
}

static void test_a_request_without_a_user_is_refused(void **state) {
        struct wire_request req = verify_request();
        uint8_t bytes[WIRE_REQUEST_LEN];

        (void) state;
        encode(&req, bytes);
        memset(bytes + AT_USER, 0, 1 + WIRE_USER_MAX);
        check_bad_request("verify", bytes);
        req = confirm_request();
        encode(&req, bytes);
        memset(bytes + AT_USER, 0, 1 + WIRE_USER_MAX);
        check_bad_request("confirm", bytes);
}

/* There is no NUL before the end of the field, so the length alone says that the text does not
 * fit. */
static void test_a_text_longer_than_its_field_is_refused(void **state) {
        struct wire_request req = verify_request();
        uint8_t good[WIRE_REQUEST_LEN], bytes[WIRE_REQUEST_LEN];

        (void) state;
        unit_wire_fill(req.user, WIRE_USER_MAX);
        unit_wire_fill(req.service, WIRE_SERVICE_MAX);
        unit_wire_fill(req.rhost, WIRE_RHOST_MAX);
        encode(&req, good);
        for (unsigned len = 0; len < 256; len++) {
                memcpy(bytes, good, sizeof(bytes));
                bytes[AT_USER] = (uint8_t) len;
                if (len != WIRE_USER_MAX)
                        check_bad_request("user", bytes);
                memcpy(bytes, good, sizeof(bytes));
                bytes[AT_SERVICE] = (uint8_t) len;
                if (len != WIRE_SERVICE_MAX)
                        check_bad_request("service", bytes);
        }
}

static void test_filler_behind_the_ticket_is_refused(void **state) {
        struct wire_request req = confirm_request(), got;
        uint8_t bytes[WIRE_REQUEST_LEN];

        (void) state;
        for (size_t at = AT_KEY + KEYTEXT_ID_LEN + WIRE_TICKET_LEN; at < AT_USER; at++) {
                encode(&req, bytes);
                assert_int_equal(bytes[at], 0);
                bytes[at] = 1;
                assert_int_equal(wire_request_decode(bytes, sizeof(bytes), &got), -EBADMSG);
        }
}

static void test_every_other_length_of_request_is_refused(void **state) {
        struct wire_request req = verify_request(), got;

        (void) state;
        for (size_t len = 0; len <= 2 * WIRE_REQUEST_LEN; len++) {
                uint8_t *bytes = calloc(1, len > WIRE_REQUEST_LEN ? len : WIRE_REQUEST_LEN);
                uint8_t *exact = malloc(len > 0 ? len : 1);
                char row[32];

                assert_non_null(bytes);
                assert_non_null(exact);
                encode(&req, bytes);
                memcpy(exact, bytes, len);
                (void) snprintf(row, sizeof(row), "length %zu", len);
                unit_poison(&got, sizeof(got));
                unit_int(row, wire_request_decode(exact, len, &got),
                         len == WIRE_REQUEST_LEN ? 0 : -EBADMSG);
                if (len != WIRE_REQUEST_LEN)
                        unit_poisoned(row, &got, sizeof(got));
                free(bytes);
                free(exact);
        }
}

/* Of another version only the first four bytes and the seq are known. Nothing else may matter. */
static void test_another_version_is_told_apart_whatever_follows(void **state) {
        uint8_t bytes[2 * WIRE_REQUEST_LEN];
        struct wire_request got;

        (void) state;
        unit_poison(bytes, sizeof(bytes));
        memcpy(bytes, "WFK", 3);
        unit_poison(&got, sizeof(got));
        for (unsigned version = 0; version < 256; version++)
                for (size_t len = 12; len <= sizeof(bytes); len += 57) {
                        bytes[AT_VERSION] = (uint8_t) version;
                        assert_int_equal(wire_request_decode(bytes, len, &got),
                                         version == WIRE_VERSION ? -EBADMSG : -EPROTONOSUPPORT);
                        unit_poisoned("version", &got, sizeof(got));
                }
        bytes[AT_VERSION] = 2;
        assert_int_equal(wire_request_decode(bytes, 11, &got), -EBADMSG);
}

static void test_seq_is_read_from_any_version_that_has_one(void **state) {
        uint8_t bytes[16] = { 'W', 'F', 'K', 9, 1, 2, 3, 4, 0x78, 0x56, 0x34, 0xf2, 0xff };

        (void) state;
        assert_int_equal(wire_request_seq(bytes, sizeof(bytes)), 0xf2345678);
        assert_int_equal(wire_request_seq(bytes, 12), 0xf2345678);
        for (size_t len = 0; len < 12; len++)
                assert_int_equal(wire_request_seq(bytes, len), 0);
}

static void check_not_encoded(const char *row, const struct wire_request *req) {
        uint8_t bytes[WIRE_REQUEST_LEN], zero[WIRE_REQUEST_LEN] = {};

        unit_poison(bytes, sizeof(bytes));
        unit_int(row, wire_request_encode(bytes, req), -EINVAL);
        unit_mem(row, bytes, zero, sizeof(bytes));
}

static void test_bad_requests_are_not_written(void **state) {
        struct wire_request req = verify_request();

        (void) state;
        req.kind = (enum wire_kind) 0;
        check_not_encoded("kind 0", &req);
        req.kind = (enum wire_kind) 257;
        check_not_encoded("kind 257, which is 1 in a byte", &req);
        req = verify_request();
        req.user[0] = '\0';
        check_not_encoded("no user", &req);
        req = verify_request();
        req.key.text[KEYTEXT_LEN - 1] = 'A';
        check_not_encoded("key with a wrong checksum", &req);
        req = verify_request();
        req.key.text[KEYTEXT_LEN] = 'A';
        check_not_encoded("key without its NUL", &req);
        req = verify_request();
        req.key.text[KEYTEXT_LEN - 1] = '\0';
        check_not_encoded("short key", &req);
        req = confirm_request();
        req.id[9] = '\0';
        check_not_encoded("short id", &req);
        req = confirm_request();
        req.id[0] = '_';
        check_not_encoded("id of another alphabet", &req);
}

static void test_what_stands_behind_a_text_is_not_sent(void **state) {
        struct wire_request req = verify_request(), clean = verify_request();
        uint8_t bytes[WIRE_REQUEST_LEN], want[WIRE_REQUEST_LEN];

        (void) state;
        memset(req.user + 6, 's', sizeof(req.user) - 6);
        memset(req.service + 5, 's', sizeof(req.service) - 5);
        memset(req.id, 's', sizeof(req.id));
        memset(req.ticket, 's', sizeof(req.ticket));
        encode(&req, bytes);
        encode(&clean, want);
        assert_memory_equal(bytes, want, sizeof(want));
}

static void test_zeros_allow_nothing(void **state) {
        uint8_t bytes[WIRE_REPLY_LEN] = {};
        struct wire_reply got = {};

        (void) state;
        assert_int_equal(wire_reply_decode(bytes, sizeof(bytes), &got), -EBADMSG);
        assert_int_equal(got.verdict, VERDICT_INTERNAL);
        memcpy(bytes, "WFK\1", 4);
        assert_int_equal(wire_reply_decode(bytes, sizeof(bytes), &got), 0);
        assert_int_equal(got.verdict, VERDICT_INTERNAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_requests_go_there_and_back),
                cmocka_unit_test(test_a_spoiled_verification_is_refused_or_means_what_it_says),
                cmocka_unit_test(test_a_spoiled_wish_for_a_key_is_refused_or_means_what_it_says),
                cmocka_unit_test(test_a_spoiled_confirmation_is_refused_or_means_what_it_says),
                cmocka_unit_test(test_single_faults_are_refused),
                cmocka_unit_test(test_a_request_without_a_user_is_refused),
                cmocka_unit_test(test_a_text_longer_than_its_field_is_refused),
                cmocka_unit_test(test_filler_behind_the_ticket_is_refused),
                cmocka_unit_test(test_every_other_length_of_request_is_refused),
                cmocka_unit_test(test_another_version_is_told_apart_whatever_follows),
                cmocka_unit_test(test_seq_is_read_from_any_version_that_has_one),
                cmocka_unit_test(test_bad_requests_are_not_written),
                cmocka_unit_test(test_what_stands_behind_a_text_is_not_sent),
                cmocka_unit_test(test_zeros_allow_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* common/PROTOCOL and the code say the same. The tables are read and compared with what is encoded.
 * The example is decoded and encoded again. */
#include "unit_protocol.h"

static const struct {
        const char *name;
        enum verdict verdict;
} verdicts[] = {
        { "INTERNAL", VERDICT_INTERNAL },
        { "DENY", VERDICT_DENY },
        { "DENY_CERTIFICATE", VERDICT_DENY_CERTIFICATE },
        { "VERSION", VERDICT_VERSION },
        { "CHALLENGE", VERDICT_CHALLENGE },
        { "ALLOW", VERDICT_ALLOW },
};

static void check_table(const char *text, enum table table, size_t begin, size_t end) {
        const char *line = table_of(text, "offset  length  field\n", table);
        size_t at, len, next = begin;
        char name[64] = "";

        while (take_field(&line, &at, &len, name)) {
                unit_int(name, at, next);
                next = at + len;
        }
        assert_string_equal(name, "end");
        assert_int_equal(next, end);
}

static void test_tables_have_no_gap_and_end_where_the_messages_do(void **state) {
        check_table(*state, REQUEST, 0, WIRE_REQUEST_LEN);
        check_table(*state, VERIFY_CREDENTIAL, 12, 75);
        check_table(*state, CONFIRM_CREDENTIAL, 12, 75);
        check_table(*state, ISSUE_CREDENTIAL, 12, 75);
        check_table(*state, EVIDENCE, WIRE_REQUEST_LEN, WIRE_REQUEST_LEN + WIRE_EVIDENCE_HEAD_LEN);
        check_table(*state, REPLY, 0, WIRE_REPLY_LEN);
}

/* The two messages differ inside the field only, from its first byte to its last. */
static void check_difference(const char *row, const uint8_t *a, const uint8_t *b, size_t len,
                             size_t at, size_t field_len) {
        size_t first = 0, last = len;

        while (first < len && a[first] == b[first])
                first++;
        while (last > first && a[last - 1] == b[last - 1])
                last--;
        unit_int(row, first, at);
        unit_int(row, last, at + field_len);
}

static void check_request_field(const char *text, enum table table, const char *name,
                                const struct wire_request *a, const struct wire_request *b) {
        uint8_t one[WIRE_REQUEST_LEN], other[WIRE_REQUEST_LEN];
        size_t at, len;

        assert_int_equal(wire_request_encode(one, a), 0);
        assert_int_equal(wire_request_encode(other, b), 0);
        find_field(text, table, name, &at, &len);
        check_difference(name, one, other, sizeof(one), at, len);
}

static void fill(char *text, size_t len, char c) {
        memset(text, c, len);
        text[len] = '\0';
}

static void test_fields_of_a_request_are_where_the_table_says(void **state) {
        struct wire_request a = example_request(), b = a;

        b.seq = ~a.seq;
        check_request_field(*state, REQUEST, "seq", &a, &b);
        b = a;
        fill(a.user, WIRE_USER_MAX, 'a');
        fill(b.user, WIRE_USER_MAX, 'b');
        check_request_field(*state, REQUEST, "user", &a, &b);
        b = a;
        fill(a.service, WIRE_SERVICE_MAX, 'a');
        fill(b.service, WIRE_SERVICE_MAX, 'b');
        check_request_field(*state, REQUEST, "service", &a, &b);
        b = a;
        fill(a.rhost, WIRE_RHOST_MAX, 'a');
        fill(b.rhost, WIRE_RHOST_MAX, 'b');
        check_request_field(*state, REQUEST, "rhost", &a, &b);
}

static void test_fields_of_a_confirmation_are_where_the_table_says(void **state) {
        struct wire_request a = example_request(), b;

        a.kind = WIRE_CONFIRM;
        memcpy(a.id, "0123456789", sizeof(a.id));
        b = a;
        memset(b.ticket, 0xff, sizeof(b.ticket));
        check_request_field(*state, CONFIRM_CREDENTIAL, "ticket", &a, &b);
        b = a;
        memcpy(b.id, "abcdefghij", sizeof(b.id));
        check_request_field(*state, CONFIRM_CREDENTIAL, "id", &a, &b);
}

static void test_lengths_and_key_of_a_request_are_where_the_table_says(void **state) {
        static const char *const lengths[] = { "length of user", "length of service",
                                               "length of rhost" };
        struct wire_request req = example_request();
        uint8_t bytes[WIRE_REQUEST_LEN];
        size_t at, len;

        assert_int_equal(wire_request_encode(bytes, &req), 0);
        for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
                find_field(*state, REQUEST, lengths[i], &at, &len);
                unit_int(lengths[i], len, 1);
                unit_int(lengths[i], bytes[at], i == 0 ? 5 : i == 1 ? 4 : 9);
        }
        find_field(*state, VERIFY_CREDENTIAL, "key", &at, &len);
        assert_int_equal(len, KEYTEXT_LEN);
        assert_memory_equal(bytes + at, req.key.text, len);
        find_field(*state, REQUEST, "kind", &at, &len);
        assert_int_equal(len, 1);
        assert_int_equal(bytes[at], WIRE_VERIFY);
        find_field(*state, REQUEST, "version", &at, &len);
        assert_int_equal(len, 1);
        assert_int_equal(bytes[at], WIRE_VERSION);
}

static void check_reply_field(const char *text, const char *name, const struct wire_reply *a,
                              const struct wire_reply *b) {
        uint8_t one[WIRE_REPLY_LEN], other[WIRE_REPLY_LEN];
        size_t at, len;

        wire_reply_encode(one, a);
        wire_reply_encode(other, b);
        find_field(text, REPLY, name, &at, &len);
        check_difference(name, one, other, sizeof(one), at, len);
}

static void test_fields_of_a_reply_are_where_the_table_says(void **state) {
        struct wire_reply a = example_reply(), b = a;

        b.seq = ~a.seq;
        check_reply_field(*state, "seq", &a, &b);
        b = a;
        memcpy(b.id, "abcdefghij", sizeof(b.id));
        check_reply_field(*state, "id", &a, &b);
        b = a;
        memset(b.ticket, 0, sizeof(b.ticket));
        check_reply_field(*state, "ticket", &a, &b);
        fill(a.key.text, KEYTEXT_LEN, 'a');
        b = a;
        fill(b.key.text, KEYTEXT_LEN, 'b');
        check_reply_field(*state, "key", &a, &b);
        fill(a.name, WIRE_NAME_MAX, 'a');
        b = a;
        fill(b.name, WIRE_NAME_MAX, 'b');
        check_reply_field(*state, "name", &a, &b);
        a = (struct wire_reply){ .verdict = VERDICT_INTERNAL };
        b = (struct wire_reply){ .verdict = (enum verdict) - 1 };
        check_reply_field(*state, "verdict", &a, &b);
        b = (struct wire_reply){ .reason = (enum reason) - 1 };
        check_reply_field(*state, "reason", &a, &b);
}

static enum verdict verdict_named(const char *name) {
        for (size_t i = 0; i < ARRAY_LEN(verdicts); i++)
                if (strcmp(verdicts[i].name, name) == 0)
                        return verdicts[i].verdict;
        print_error("no verdict '%s'\n", name);
        fail();
        return VERDICT_INTERNAL;
}

static void test_verdicts_have_the_values_of_the_table(void **state) {
        const char *line = table_of(*state, "value   verdict\n", 0);
        char row[160], name[32];
        unsigned n = 0;
        int value;

        for (; take_line(&line, row); n++) {
                assert_int_equal(sscanf(row, "%i %31s", &value, name), 2);
                unit_int(name, value, verdict_named(name));
        }
        assert_int_equal(n, ARRAY_LEN(verdicts));
}

static void test_reasons_have_the_values_names_and_verdicts_of_the_table(void **state) {
        const char *line = table_of(*state, "value   reason                     verdict\n", 0);
        char row[160], name[32], verdict[32];
        int value, n = 0;

        for (; take_line(&line, row); n++) {
                assert_int_equal(sscanf(row, "%d %31s %31s", &value, name, verdict), 3);
                unit_int(name, value, n);
                unit_str(name, name, verdict_reason_name((enum reason) value));
                unit_int(name, verdict_of((enum reason) value), verdict_named(verdict));
        }
        assert_int_equal(n, _REASON_MAX);
}

/* --- The example --- */

static bool is_dump_line(const char *line, unsigned *ret_at) {
        int n = 0;

        return strncmp(line, "        ", 8) == 0 && sscanf(line + 8, "%4x%n", ret_at, &n) == 1 &&
               n == 4 && (line[12] == '\n' || strncmp(line + 12, "  ", 2) == 0);
}

static size_t take_bytes(const char *p, uint8_t *out) {
        size_t n = 0;
        unsigned byte;
        int used = 0;

        /* At most 16. Two blanks separate them from the characters. */
        while (n < 16 && p[0] == ' ' && p[1] != ' ' && sscanf(p + 1, "%2x%n", &byte, &used) == 1 &&
               used == 2) {
                out[n++] = (uint8_t) byte;
                p += 3;
        }
        return n;
}

/* Reads the nth dump, which must be whole: a gap where there is a *, and the length at the end. */
static size_t read_dump(const char *text, unsigned n, uint8_t *out, size_t max) {
        const char *line = text;
        unsigned at, i = 0;
        size_t have = 0, last = 0;

        for (; *line; line = next_line(line)) {
                if (!is_dump_line(line, &at))
                        continue;
                if (i == n) {
                        assert_in_range(at, have, max);
                        for (; have < at; have++)
                                out[have] = out[have - 16];
                        last = have;
                        if (line[12] == '\n')
                                return last;
                        assert_in_range(at + 16, 16, max + 15);
                        have += take_bytes(line + 13, out + have);
                } else if (line[12] == '\n')
                        i++;
        }
        fail();
        return 0;
}

static void test_example_request_is_what_is_sent(void **state) {
        struct wire_request want = example_request(), got;
        uint8_t dump[WIRE_REQUEST_LEN + 32], bytes[WIRE_REQUEST_LEN];

        assert_int_equal(read_dump(*state, 0, dump, sizeof(dump) - 16), WIRE_REQUEST_LEN);
        assert_int_equal(wire_request_encode(bytes, &want), 0);
        assert_memory_equal(bytes, dump, sizeof(bytes));
        assert_int_equal(wire_request_decode(dump, WIRE_REQUEST_LEN, &got), 0);
        assert_int_equal(got.kind, WIRE_VERIFY);
        assert_int_equal(got.seq, 0x01020304);
        assert_string_equal(got.user, "alice");
        assert_string_equal(got.service, "sshd");
        assert_string_equal(got.rhost, "192.0.2.7");
        assert_memory_equal(got.key.text, want.key.text, sizeof(got.key.text));
        assert_non_null(strstr(*state, got.key.text));
}

static void test_example_reply_is_what_is_answered(void **state) {
        struct wire_reply want = example_reply(), got;
        uint8_t dump[WIRE_REPLY_LEN + 32], bytes[WIRE_REPLY_LEN];

        assert_int_equal(read_dump(*state, 1, dump, sizeof(dump) - 16), WIRE_REPLY_LEN);
        wire_reply_encode(bytes, &want);
        assert_memory_equal(bytes, dump, sizeof(bytes));
        assert_int_equal(wire_reply_decode(dump, WIRE_REPLY_LEN, &got), 0);
        assert_int_equal(got.seq, 0x01020304);
        assert_int_equal(got.verdict, VERDICT_ALLOW);
        assert_int_equal(got.reason, REASON_NONE);
        assert_string_equal(got.id, "0123456789");
        assert_string_equal(got.name, "backup job");
        assert_memory_equal(got.ticket, want.ticket, sizeof(got.ticket));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_tables_have_no_gap_and_end_where_the_messages_do),
                cmocka_unit_test(test_fields_of_a_request_are_where_the_table_says),
                cmocka_unit_test(test_fields_of_a_confirmation_are_where_the_table_says),
                cmocka_unit_test(test_lengths_and_key_of_a_request_are_where_the_table_says),
                cmocka_unit_test(test_fields_of_a_reply_are_where_the_table_says),
                cmocka_unit_test(test_verdicts_have_the_values_of_the_table),
                cmocka_unit_test(test_reasons_have_the_values_names_and_verdicts_of_the_table),
                cmocka_unit_test(test_example_request_is_what_is_sent),
                cmocka_unit_test(test_example_reply_is_what_is_answered),
        };

        return cmocka_run_group_tests(tests, read_text, free_text);
}

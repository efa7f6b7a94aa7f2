/* SPDX-License-Identifier: BSD-2-Clause */
/* What is DER, rule by rule. What the bytes mean is not known here. */
#include "unit.h"

#include "cert/cert_der.h"

static const struct row {
        const char *name;
        bool strict;
        size_t len;
        uint8_t bytes[16];
} rows[] = {
        { "nothing", false, 0, {} },
        { "a tag alone", false, 1, { 0x30 } },
        { "an empty sequence", true, 2, { 0x30, 0 } },
        { "an empty set", true, 2, { 0x31, 0 } },
        { "something behind it", false, 3, { 0x30, 0, 0 } },
        { "two values", false, 4, { 0x30, 0, 0x30, 0 } },
        { "cut", false, 3, { 0x30, 2, 5 } },
        { "no length", false, 3, { 0x30, 1, 5 } },
        { "no end", false, 4, { 0x30, 0x80, 0, 0 } },
        { "the end of no end", false, 4, { 0x30, 2, 0, 0 } },
        { "a length in one byte too many", false, 3, { 0x30, 0x81, 0 } },
        { "likewise with a value", false, 5, { 0x30, 0x81, 2, 5, 0 } },
        { "a length with a zero before", false, 4, { 0x30, 0x82, 0, 0 } },
        { "a length of which some is missing", false, 2, { 0x30, 0x82 } },
        { "a length of five bytes", false, 7, { 0x30, 0x85, 0, 0, 0, 0, 0 } },
        { "more than there is", false, 6, { 0x30, 0x84, 0xff, 0xff, 0xff, 0xff } },
        { "a reserved length", false, 2, { 0x30, 0xff } },
        { "a sequence that is not constructed", false, 2, { 0x10, 0 } },
        { "a set that is not constructed", false, 2, { 0x11, 0 } },
        { "a string in segments", false, 5, { 0x24, 3, 4, 1, 0 } },
        { "bits in segments", false, 6, { 0x23, 4, 3, 2, 0, 0 } },
        { "a tag of several bytes", false, 4, { 0x1f, 0x81, 0x01, 0 } },
        { "no truth", false, 2, { 1, 0 } },
        { "true", true, 3, { 1, 1, 0xff } },
        { "false", true, 3, { 1, 1, 0 } },
        { "almost true", false, 3, { 1, 1, 1 } },
        { "twice true", false, 4, { 1, 2, 0xff, 0xff } },
        { "no number", false, 2, { 2, 0 } },
        { "0", true, 3, { 2, 1, 0 } },
        { "-1", true, 3, { 2, 1, 0xff } },
        { "128", true, 4, { 2, 2, 0, 0x80 } },
        { "127 with a zero before", false, 4, { 2, 2, 0, 0x7f } },
        { "-129", true, 4, { 2, 2, 0xff, 0x7f } },
        { "-128 with ones before", false, 4, { 2, 2, 0xff, 0x80 } },
        { "one of a list, with a zero before", false, 4, { 10, 2, 0, 1 } },
        { "no bits", true, 3, { 3, 1, 0 } },
        { "no bits, of which some are left over", false, 3, { 3, 1, 1 } },
        { "no bits, not even how many", false, 2, { 3, 0 } },
        { "one bit", true, 4, { 3, 2, 7, 0x80 } },
        { "bits left over", false, 4, { 3, 2, 7, 0x81 } },
        { "more than a byte left over", false, 4, { 3, 2, 8, 0 } },
        { "nothing at all", true, 2, { 5, 0 } },
        { "nothing with something", false, 3, { 5, 1, 0 } },
        { "an OID", true, 3, { 6, 1, 0x2a } },
        { "an OID without end", false, 3, { 6, 1, 0x80 } },
        { "no OID", false, 2, { 6, 0 } },
        { "a string of any bytes", true, 4, { 4, 2, 0x30, 0x80 } },
        { "a tag of the context, of any bytes", true, 4, { 0x80, 2, 0x30, 0x80 } },
        { "a tag of the context, constructed", true, 4, { 0xa0, 2, 5, 0 } },
        { "and wrong inside", false, 5, { 0xa0, 3, 1, 1, 1 } },
        { "wrong inside", false, 7, { 0x30, 5, 0x30, 3, 1, 1, 1 } },
        { "inside longer than outside", false, 6, { 0x30, 3, 4, 2, 0, 0 } },
};

static void test_rows(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                uint8_t *bytes =
                        malloc(rows[i].len ? rows[i].len : 1); /* no byte more than there is */

                assert_non_null(bytes);
                memcpy(bytes, rows[i].bytes, rows[i].len);
                unit_int(rows[i].name, cert_der_is_strict(bytes, rows[i].len), rows[i].strict);
                free(bytes);
        }
}

/* A depth of 32, which no certificate has, is read. Bytes that open a new level each are refused
 * soon. */
static void test_depth(void **state) {
        static uint8_t bytes[65536];

        (void) state;
        for (size_t depth = 1; depth <= 40; depth++) {
                for (size_t i = 0; i < depth; i++) {
                        bytes[2 * i] = 0x30;
                        bytes[2 * i + 1] = (uint8_t) (2 * (depth - i - 1));
                }
                unit_int("depth", cert_der_is_strict(bytes, 2 * depth), depth <= 32);
        }
        memset(bytes, 0x30, sizeof(bytes));
        assert_false(cert_der_is_strict(bytes, sizeof(bytes)));
}

/* The shortest and the longest number that each form of a length may have. */
static void test_lengths(void **state) {
        static const struct {
                size_t len;
                uint8_t head[5];
                size_t head_len;
        } forms[] = {
                { 127, { 4, 127 }, 2 },
                { 128, { 4, 0x81, 128 }, 3 },
                { 255, { 4, 0x81, 255 }, 3 },
                { 256, { 4, 0x82, 1, 0 }, 4 },
                { 65535, { 4, 0x82, 255, 255 }, 4 },
                { 65536, { 4, 0x83, 1, 0, 0 }, 5 },
        };
        static uint8_t bytes[65536 + 5];

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
                memcpy(bytes, forms[i].head, forms[i].head_len);
                unit_int("whole", cert_der_is_strict(bytes, forms[i].head_len + forms[i].len),
                         true);
                unit_int("cut", cert_der_is_strict(bytes, forms[i].head_len + forms[i].len - 1),
                         false);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rows),
                cmocka_unit_test(test_depth),
                cmocka_unit_test(test_lengths),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

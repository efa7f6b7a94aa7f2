/* SPDX-License-Identifier: BSD-2-Clause */
/* The text form of a key: what is made is accepted. A text that differs from it by one character is
 * not. */
#include "unit.h"

#include "keytext.h"

/* Computed with Python: zlib.crc32() of the first 57 characters, six base62 digits, most
 * significant first. */
static const struct {
        const char *id, *secret, *key;
} vectors[] = {
        { "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop",
          "wfk_0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop3cYLBr" },
        { "zzzzzzzzzz", "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
          "wfk_zzzzzzzzzz_zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz49VX1G" },
        { "0000000000", "000000000000000000000000000000000000000000",
          "wfk_0000000000_0000000000000000000000000000000000000000004ODCCb" },
        { "Qm7ZpX2cR9", "k3J8sLq0vT5yBn1WdG6hFa4eUoIiPzXxCcVvMm2Nn7",
          "wfk_Qm7ZpX2cR9_k3J8sLq0vT5yBn1WdG6hFa4eUoIiPzXxCcVvMm2Nn719Wj4P" },
        { "0123456789", "ZOt6jPTF4kkK8hc1ejOe3IMngtxv1idSKb0mYKwuko",
          "wfk_0123456789_ZOt6jPTF4kkK8hc1ejOe3IMngtxv1idSKb0mYKwuko1J9k3y" },
};
static const char *const good = "wfk_0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop3cYLBr";

static void test_format_writes_the_known_key(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
                char out[KEYTEXT_LEN + 2];

                unit_poison(out, sizeof(out));
                keytext_format(out, vectors[i].id, vectors[i].secret);
                unit_str(vectors[i].key, out, vectors[i].key);
                unit_poisoned(vectors[i].key, out + KEYTEXT_LEN + 1, 1);
        }
}

static void test_known_key_is_accepted_and_found_its_parts(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
                const char *key = vectors[i].key;

                unit_int(key, keytext_is_key(key, strlen(key)), true);
                unit_mem(key, keytext_id(key), vectors[i].id, KEYTEXT_ID_LEN);
                unit_mem(key, keytext_secret(key), vectors[i].secret, KEYTEXT_SECRET_LEN);
        }
}

static void test_lengths_add_up_to_63(void **state) {
        (void) state;
        assert_int_equal(KEYTEXT_LEN, 63);
        assert_int_equal(strlen(good), KEYTEXT_LEN);
}

static void test_alphabet_is_base62_in_order_of_value(void **state) {
        (void) state;
        assert_string_equal(keytext_alphabet(),
                            "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
}

static void test_every_other_byte_at_every_place_is_refused(void **state) {
        (void) state;
        for (size_t at = 0; at < KEYTEXT_LEN; at++)
                for (unsigned with = 0; with < 256; with++) {
                        char text[KEYTEXT_LEN], row[64];

                        memcpy(text, good, sizeof(text));
                        if ((char) with == text[at])
                                continue;
                        text[at] = (char) with;
                        (void) snprintf(row, sizeof(row), "byte %zu becomes %#x", at, with);
                        unit_int(row, keytext_is_key(text, sizeof(text)), false);
                }
}

static void test_two_neighbours_exchanged_are_refused(void **state) {
        (void) state;
        for (size_t at = 0; at + 1 < KEYTEXT_LEN; at++) {
                char text[KEYTEXT_LEN], c, row[64];

                memcpy(text, good, sizeof(text));
                c = text[at];
                text[at] = text[at + 1];
                text[at + 1] = c;
                (void) snprintf(row, sizeof(row), "bytes %zu and %zu", at, at + 1);
                unit_int(row, keytext_is_key(text, sizeof(text)), false);
        }
}

/* The copies are on the heap with their exact size, so that AddressSanitizer sees a byte read
 * behind the end. */
static void test_every_other_length_is_refused(void **state) {
        (void) state;
        for (size_t len = 0; len <= 4096; len++) {
                char *text = malloc(len > 0 ? len : 1), row[32];

                assert_non_null(text);
                for (size_t i = 0; i < len; i++)
                        text[i] = good[i % KEYTEXT_LEN];
                (void) snprintf(row, sizeof(row), "length %zu", len);
                unit_int(row, keytext_is_key(text, len), len == KEYTEXT_LEN);
                free(text);
        }
}

static void test_what_is_not_a_key_is_refused(void **state) {
        static const struct {
                const char *why, *text;
        } rows[] = {
                { "prefix in capitals",
                  "WFK_0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop3cYLBr" },
                { "other prefix",
                  "wfx_0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop3cYLBr" },
                { "all capitals",
                  "WFK_0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOP3CYLBR" },
                { "all small", "wfk_0123456789_abcdefghijklmnopqrstuvwxyzabcdefghijklmnop3cylbr" },
                { "blank in front",
                  " wfk_0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop3cYLB" },
                { "newline for the last",
                  "wfk_0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop3cYLB\n" },
                { "checksum is zero",
                  "wfk_0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop000000" },
                { "checksum past 2^32",
                  "wfk_0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopzzzzzz" },
                /* its checksum is 3318083875 + 2^32 */
                { "checksum plus 2^32",
                  "wfk_0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop8JDaNv" },
                /* with the right checksum, so nothing else is wrong */
                { "sound, but prefix",
                  "wfx_0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop4Mh25A" },
                { "sound, but case of prefix",
                  "WFK_0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop4ZCdef" },
                { "sound, but hyphen for prefix's end",
                  "wfk-0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop2MW9D5" },
                { "sound, but digit of id",
                  "wfk_012345678-_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop2ySPPs" },
                { "sound, but hyphen behind id",
                  "wfk_0123456789-ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop38VChJ" },
                { "sound, but digit of secret",
                  "wfk_0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmno_20zDpK" },
                { "sound, but blank in secret",
                  "wfk_0123456789_ BCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop0GDc1x" },
                { "a password", "correct horse battery staple" },
                { "nothing", "" },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                unit_int(rows[i].why, keytext_is_key(rows[i].text, strlen(rows[i].text)), false);
}

static void test_key_needs_no_final_nul_and_reads_none(void **state) {
        char text[KEYTEXT_LEN + 8];

        (void) state;
        memset(text, 'x', sizeof(text));
        memcpy(text, good, KEYTEXT_LEN);
        assert_int_equal(keytext_is_key(text, KEYTEXT_LEN), true);
}

static void test_blanks_and_line_ends_behind_are_no_part(void **state) {
        static const struct {
                const char *text;
                size_t len;
        } rows[] = {
                { "", 0 },      { "x", 1 },           { "x\n", 1 },
                { "x\r\n", 1 }, { "x \t\r\n \n", 1 }, { " x", 2 },
                { "x y ", 3 },  { " \r\n", 0 },       { "x\v", 2 },
                { "x\f", 2 },   { "x\b", 2 },         { "x\xc2\xa0", 3 },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                unit_int(rows[i].text, keytext_trim(rows[i].text, strlen(rows[i].text)),
                         rows[i].len);
        /* A NUL is no line end. */
        assert_int_equal(keytext_trim("x\n\0", 3), 3);
}

static void test_a_key_is_found_wherever_it_is(void **state) {
        static const char *const before[] = { "",
                                              "x",
                                              "\"",
                                              "\xc2\xa0",
                                              "wfk_",
                                              "wfk",
                                              "wfk_wfk_wfk",
                                              "wfk_0123456789_",
                                              "wfk_0123456wfk_" };
        static const char *const behind[] = { "", "x", "\"", "\n", "wfk_", "_" };
        char text[3 * KEYTEXT_LEN];

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(before); i++)
                for (size_t j = 0; j < ARRAY_LEN(behind); j++) {
                        (void) snprintf(text, sizeof(text), "%s%s%s", before[i], good, behind[j]);
                        assert_ptr_equal(keytext_find(text), text + strlen(before[i]));
                        text[strlen(before[i]) + KEYTEXT_LEN - 1]++;
                        assert_null(keytext_find(text));
                }
        assert_null(keytext_find(""));
        assert_null(keytext_find("wfk_"));
        (void) snprintf(text, sizeof(text), "%s%s", vectors[1].key, good);
        assert_ptr_equal(keytext_find(text), text);
}

static void test_nothing_is_read_behind_the_end(void **state) {
        (void) state;
        for (size_t len = 0; len < KEYTEXT_LEN; len++) {
                char *text = strndup(good, len);

                assert_non_null(text);
                assert_null(keytext_find(text));
                free(text);
        }
}

static void test_prefix_makes_a_text_look_like_a_key(void **state) {
        (void) state;
        assert_true(keytext_begins_like_key(good));
        assert_true(keytext_begins_like_key("wfk_"));
        assert_false(keytext_begins_like_key("wfk"));
        assert_false(keytext_begins_like_key(""));
        assert_false(keytext_begins_like_key(" wfk_"));
        assert_false(keytext_begins_like_key("WFK_0"));
}

static void test_id_is_ten_digits_of_base62(void **state) {
        static const struct {
                const char *text;
                bool good;
        } rows[] = {
                { "0123456789", true },     { "AZazAZazAZ", true },
                { "zzzzzzzzzz", true },     { "", false },
                { "012345678", false },     { "01234567890", false },
                { "012345678_", false },    { "012345678-", false },
                { " 123456789", false },    { "012345678\n", false },
                { "01234\0006789", false }, { "01234567\xc3\xa9", false },
                { "012345678/", false },    { "012345678:", false },
                { "012345678@", false },    { "012345678[", false },
                { "012345678`", false },    { "012345678{", false },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                unit_int(rows[i].text, keytext_is_id(rows[i].text), rows[i].good);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_format_writes_the_known_key),
                cmocka_unit_test(test_known_key_is_accepted_and_found_its_parts),
                cmocka_unit_test(test_lengths_add_up_to_63),
                cmocka_unit_test(test_alphabet_is_base62_in_order_of_value),
                cmocka_unit_test(test_every_other_byte_at_every_place_is_refused),
                cmocka_unit_test(test_two_neighbours_exchanged_are_refused),
                cmocka_unit_test(test_every_other_length_is_refused),
                cmocka_unit_test(test_what_is_not_a_key_is_refused),
                cmocka_unit_test(test_key_needs_no_final_nul_and_reads_none),
                cmocka_unit_test(test_blanks_and_line_ends_behind_are_no_part),
                cmocka_unit_test(test_a_key_is_found_wherever_it_is),
                cmocka_unit_test(test_nothing_is_read_behind_the_end),
                cmocka_unit_test(test_prefix_makes_a_text_look_like_a_key),
                cmocka_unit_test(test_id_is_ten_digits_of_base62),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

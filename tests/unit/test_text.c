/* SPDX-License-Identifier: BSD-2-Clause */
/* Which texts may be names, and that all others can be shown without harm. */
#include "unit.h"

#include "text.h"

#define X16 "xxxxxxxxxxxxxxxx"
#define X64 X16 X16 X16 X16

static const struct {
        const char *why, *text;
        bool label; /* of at most 64 bytes */
} labels[] = {
        { "one letter", "a", true },
        { "blanks", "backup job of db1", true },
        { "64 bytes", X64, true },
        { "65 bytes", X64 "x", false },
        { "empty", "", false },
        { "two bytes", "caf\xc3\xa9", true },
        { "three bytes", "\xe2\x82\xac 5", true },
        { "four bytes", "\xf0\x9f\x94\x91", true },
        { "64 bytes, the last letter of two", X16 X16 X16 "xxxxxxxxxxxxxx\xc3\xa9", true },
        { "65 bytes, the last letter of two", X16 X16 X16 "xxxxxxxxxxxxxxx\xc3\xa9", false },
        { "quotes and backslash", "it's a \\ \"name\"", true },
        { "no-break space", "\xc2\xa0", true },
        { "last code point", "\xf4\x8f\xbf\xbf", true },
        { "tilde, last of ASCII", "~", true },
        { "SOH", "\x01", false },
        { "tab", "a\tb", false },
        { "newline", "a\nb", false },
        { "carriage return", "a\rb", false },
        { "ESC", "a\x1b[31mb", false },
        { "unit separator, last of C0", "\x1f", false },
        { "DEL", "a\x7f", false },
        { "first of C1", "\xc2\x80", false },
        { "CSI of C1", "\xc2\x9b", false },
        { "last of C1", "\xc2\x9f", false },
        { "line separator", "\xe2\x80\xa8", false },
        { "paragraph separator", "\xe2\x80\xa9", false },
        { "left-to-right mark", "\xe2\x80\x8e", false },
        { "right-to-left mark", "\xe2\x80\x8f", false },
        { "left-to-right embedding", "\xe2\x80\xaa", false },
        { "right-to-left override", "user\xe2\x80\xaetxt", false },
        { "left-to-right isolate", "\xe2\x81\xa6", false },
        { "pop directional isolate", "\xe2\x81\xa9", false },
        { "Arabic letter mark", "\xd8\x9c", false },
        { "byte order mark",
          "\xef\xbb\xbf"
          "a",
          false },
        { "before the marks of direction", "\xe2\x80\x8d", true },
        { "continuation without a start", "\x80", false },
        { "last continuation without a start", "a\xbf", false },
        { "start of two at the end", "a\xc3", false },
        { "start of three at the end", "a\xe2\x82", false },
        { "start of four at the end", "a\xf0\x9f\x94", false },
        { "start and no continuation", "\xc3(", false },
        { "overlong NUL", "\xc0\x80", false },
        { "overlong slash", "\xc0\xaf", false },
        { "overlong DEL", "\xc1\xbf", false },
        { "overlong in three", "\xe0\x80\xaf", false },
        { "most overlong in three", "\xe0\x9f\xbf", false },
        { "overlong in four", "\xf0\x80\x80\xaf", false },
        { "most overlong in four", "\xf0\x8f\xbf\xbf", false },
        { "first surrogate", "\xed\xa0\x80", false },
        { "last surrogate", "\xed\xbf\xbf", false },
        { "before the surrogates", "\xed\x9f\xbf", true },
        { "behind the surrogates", "\xee\x80\x80", true },
        { "past the last code point", "\xf4\x90\x80\x80", false },
        { "start of five", "\xf8\x88\x80\x80\x80", false },
        { "FE", "\xfe", false },
        { "FF", "a\xff", false },
        { "Latin-1", "caf\xe9", false },
};

static void test_labels_are_utf8_without_controls(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(labels); i++)
                unit_int(labels[i].why, text_is_label(labels[i].text, 64), labels[i].label);
}

/* On the heap with its exact size, so that reading behind a broken end is seen. */
static void test_a_label_is_not_read_behind_its_end(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
                char *text = strdup(labels[i].text), out[512];

                assert_non_null(text);
                unit_int(labels[i].why, text_is_label(text, 64), labels[i].label);
                text_escape(out, sizeof(out), text);
                free(text);
        }
}

static void test_a_label_has_the_length_that_is_asked(void **state) {
        (void) state;
        assert_int_equal(text_is_label("ab", 2), true);
        assert_int_equal(text_is_label("ab", 1), false);
        assert_int_equal(text_is_label("a", 0), false);
}

static void test_services_have_the_names_of_files(void **state) {
        static const struct {
                const char *text;
                bool good;
        } rows[] = { { "sshd", true },     { "su-l", true },     { "systemd-user", true },
                     { "x.y_Z-9", true },  { X64, true },        { X64 "x", false },
                     { "", false },        { ".", false },       { "..", false },
                     { ".hidden", false }, { "a/b", false },     { "/sshd", false },
                     { "a b", false },     { "sshd\n", false },  { "caf\xc3\xa9", false },
                     { "a:b", false },     { "sshd\x01", false } };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                unit_int(rows[i].text, text_is_service(rows[i].text), rows[i].good);
}

/* As libpam does it: ASCII only, and nothing but letters. */
static void test_services_are_folded(void **state) {
        static const struct {
                const char *text, *folded;
        } rows[] = { { "", "" },
                     { "sshd", "sshd" },
                     { "SSHD", "sshd" },
                     { "Nginx Su-L x.y_Z-9", "nginx su-l x.y_z-9" },
                     { "@AZ[`az{", "@az[`az{" },
                     { "CAF\xc3\x89", "caf\xc3\x89" } };
        char text[64];

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                (void) snprintf(text, sizeof(text), "%s", rows[i].text);
                text_fold_service(text);
                unit_str(rows[i].text, text, rows[i].folded);
                unit_int(rows[i].text, text_is_same_service(rows[i].text, rows[i].folded), true);
                unit_int(rows[i].text, text_is_same_service(rows[i].folded, rows[i].text), true);
        }
        assert_int_equal(text_is_same_service("ssh", "SSHD"), false);
        assert_int_equal(text_is_same_service("SSHD", "ssh"), false);
        assert_int_equal(text_is_same_service("@", "`"), false);
        assert_int_equal(text_is_same_service("", "a"), false);
}

static void test_a_list_has_whole_words_only(void **state) {
        static const struct {
                const char *list, *word;
                bool there;
        } rows[] = {
                { "sshd", "sshd", true },
                { "sshd imap", "imap", true },
                { "sshd  imap", "imap", true },
                { " sshd imap ", "sshd", true },
                { "sshd imap", "ssh", false },
                { "sshd imap", "sshd2", false },
                { "sshd imap", "map", false },
                { "sshd imap", "SSHD", false },
                { "sshd imap", "sshd imap", false },
                { "sshd imap", "", false },
                { "sshd imap", " ", false },
                { "", "sshd", false },
                { "", "", false },
                { "  ", "sshd", false },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                unit_int(rows[i].list, text_has_word(rows[i].list, rows[i].word), rows[i].there);
}

static void test_a_copy_is_whole_or_none(void **state) {
        char out[5];

        (void) state;
        unit_poison(out, sizeof(out));
        assert_int_equal(text_copy(out, sizeof(out), "12345"), false);
        unit_poisoned("five bytes", out, sizeof(out));
        assert_int_equal(text_copy(out, 0, ""), false);
        unit_poisoned("no room", out, sizeof(out));
        assert_int_equal(text_copy(out, sizeof(out), "1234"), true);
        assert_string_equal(out, "1234");
        assert_int_equal(text_copy(out, 1, ""), true);
        assert_string_equal(out, "");
}

static void test_what_is_shown_cannot_harm(void **state) {
        static const struct {
                const char *text, *shown;
        } rows[] = {
                { "", "" },
                { "alice", "alice" },
                { "a b", "a b" },
                { "\\", "\\\\" },
                { "\\x0a", "\\\\x0a" },
                { "it's", "it\\x27s" },
                { "\"", "\"" },
                { "a\nwfapikeyd: accepted", "a\\x0awfapikeyd: accepted" },
                { "\x1b[2J", "\\x1b[2J" },
                { "\x7f", "\\x7f" },
                { "\x01\x1f", "\\x01\\x1f" },
                { "caf\xc3\xa9", "caf\xc3\xa9" },
                { "caf\xe9", "caf\\xe9" },
                { "\xc2\x9b", "\\xc2\\x9b" },
                { "\xe2\x80\xae", "\\xe2\\x80\\xae" },
                { "\xc0\x80", "\\xc0\\x80" },
                /* one bad byte, and no byte of the text is believed */
                { "\xc3\xa9\xff", "\\xc3\\xa9\\xff" },
                { "\xc3\xa9\n", "\\xc3\\xa9\\x0a" },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                char out[64];

                text_escape(out, sizeof(out), rows[i].text);
                unit_str(rows[i].text, out, rows[i].shown);
        }
}

static void test_small_buffers_are_not_left(void **state) {
        static const struct {
                const char *text;
                size_t size;
                const char *shown;
        } rows[] = {
                { "abcdef", 1, "" },
                { "abcdef", 4, "" },
                { "abcdef", 5, "a" },
                { "abcdef", 6, "ab" },
                { "\n\n", 5, "\\x0a" },
                { "\n\n", 8, "\\x0a" },
                { "\n\n", 9, "\\x0a\\x0a" },
                { "\\\\\\\\", 5, "\\\\" },
                { "\\\\\\\\", 6, "\\\\" },
                { "\\\\\\\\", 7, "\\\\\\\\" },
                { "", 1, "" },
                { "''", 4, "" },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                char out[16];

                unit_poison(out, sizeof(out));
                text_escape(out, rows[i].size, rows[i].text);
                unit_str(rows[i].text, out, rows[i].shown);
                unit_poisoned(rows[i].text, out + rows[i].size, sizeof(out) - rows[i].size);
        }
}

static void test_no_room_is_not_written_to(void **state) {
        char out[4];

        (void) state;
        unit_poison(out, sizeof(out));
        text_escape(out, 0, "abc");
        unit_poisoned("size 0", out, sizeof(out));
}

/* Every text of two bytes, in every small buffer. What comes out is printable, has no quote, and
 * has whole escapes. */
static void test_no_two_bytes_come_out_as_something_else(void **state) {
        (void) state;
        for (unsigned c = 0x0101; c <= 0xffff; c++) {
                char text[3] = { (char) (c >> 8), (char) c, '\0' }, row[16];

                (void) snprintf(row, sizeof(row), "%04x", c);
                for (size_t size = 1; size <= 10; size++) {
                        char out[10];

                        text_escape(out, size, text);
                        unit_int(row, strnlen(out, size) < size, true);
                        unit_int(row, strchr(out, '\'') != NULL, false);
                        /* nothing is cut; the test below looks at cuts */
                        if (size == sizeof(out))
                                unit_int(row, text_is_label(out, size), true);
                }
        }
}

/* A letter of two to four bytes is shown whole or not at all, because half a letter is no UTF-8. */
static void test_no_letter_is_cut_in_half(void **state) {
        static const char text[] = "'\xc3\xa9\xe2\x82\xac\xf0\x9f\x94\x91";

        (void) state;
        for (size_t size = 1; size <= 2 * sizeof(text); size++) {
                char out[2 * sizeof(text)], row[32];

                (void) snprintf(row, sizeof(row), "size %zu", size);
                text_escape(out, size, text);
                unit_int(row, out[0] == '\0' || text_is_label(out, size), true);
        }
}

static void test_bytes_become_digits(void **state) {
        uint8_t bytes[256];
        char out[2 * sizeof(bytes) + 2], want[3];

        (void) state;
        for (unsigned i = 0; i < 256; i++)
                bytes[i] = (uint8_t) i;
        unit_poison(out, sizeof(out));
        text_hex(out, bytes, sizeof(bytes));
        assert_int_equal(strlen(out), 2 * sizeof(bytes));
        unit_poisoned("behind", out + 2 * sizeof(bytes) + 1, 1);
        for (unsigned i = 0; i < 256; i++) {
                (void) snprintf(want, sizeof(want), "%02x", i);
                unit_mem(want, out + (size_t) 2 * i, want, 2);
        }
        text_hex(out, bytes, 0);
        assert_string_equal(out, "");
}

static void test_what_fits_ends_with_a_whole_letter(void **state) {
        static const struct {
                const char *text;
                size_t max, want;
        } rows[] = {
                { "", 0, 0 },
                { "", 5, 0 },
                { "abc", 5, 3 },
                { "abc", 3, 3 },
                { "abc", 2, 2 },
                { "abc", 0, 0 },
                { "a\xc3\xa9", 3, 3 },
                { "a\xc3\xa9", 2, 1 },
                { "a\xc3\xa9", 1, 1 },
                { "\xe2\x82\xac", 2, 0 },
                { "\xe2\x82\xac", 1, 0 },
                { "x\xf0\x9f\x94\x91y", 5, 5 },
                { "x\xf0\x9f\x94\x91y", 4, 1 },
                { "x\xf0\x9f\x94\x91y", 6, 6 },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                unit_int(rows[i].text, text_fitting(rows[i].text, rows[i].max), rows[i].want);
}

static void test_what_is_like_a_key_is_not_shown(void **state) {
        static const char *const like[] = { "wfk_", "wfk_0123456789_x", "my key is wfk_0",
                                            "wfk_wfk_" };
        static const char *const other[] = { "", "alice", "wfk", "wfk-0", "WFK_0", "wf k_" };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(like); i++)
                unit_str(like[i], text_without_key(like[i]), "(something like a key)");
        for (size_t i = 0; i < ARRAY_LEN(other); i++)
                unit_int(other[i], text_without_key(other[i]) == other[i], true);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_labels_are_utf8_without_controls),
                cmocka_unit_test(test_a_label_is_not_read_behind_its_end),
                cmocka_unit_test(test_a_label_has_the_length_that_is_asked),
                cmocka_unit_test(test_services_have_the_names_of_files),
                cmocka_unit_test(test_services_are_folded),
                cmocka_unit_test(test_a_list_has_whole_words_only),
                cmocka_unit_test(test_a_copy_is_whole_or_none),
                cmocka_unit_test(test_what_is_shown_cannot_harm),
                cmocka_unit_test(test_small_buffers_are_not_left),
                cmocka_unit_test(test_no_room_is_not_written_to),
                cmocka_unit_test(test_no_two_bytes_come_out_as_something_else),
                cmocka_unit_test(test_no_letter_is_cut_in_half),
                cmocka_unit_test(test_bytes_become_digits),
                cmocka_unit_test(test_what_fits_ends_with_a_whole_letter),
                cmocka_unit_test(test_what_is_like_a_key_is_not_shown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

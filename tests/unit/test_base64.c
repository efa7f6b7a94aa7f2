/* SPDX-License-Identifier: BSD-2-Clause */
/* Base64: every number of bytes goes there and back, in both alphabets. A text that is not that of
 * any bytes is refused. */
#include "unit.h"

#include "base64.h"

#define BYTES 70

/* The vectors of RFC 4648, 10, without padding, and the two digits in which the alphabets
 * differ. */
static const struct {
        const char *bytes, *text, *padded;
} vectors[] = {
        { "", "", "" },
        { "f", "Zg", "Zg==" },
        { "fo", "Zm8", "Zm8=" },
        { "foo", "Zm9v", "Zm9v" },
        { "foob", "Zm9vYg", "Zm9vYg==" },
        { "fooba", "Zm9vYmE", "Zm9vYmE=" },
        { "foobar", "Zm9vYmFy", "Zm9vYmFy" },
        { "\xfb\xff\xbe", "-_--", "+/++" },
};

static void check_decoded(const char *row, const char *text, const char *bytes) {
        char exact[64];
        uint8_t out[64];
        size_t len = strlen(text);

        memcpy(exact, text, len); /* no NUL behind it */
        unit_poison(out, sizeof(out));
        unit_int(row, base64_decode(exact, len, out, sizeof(out)), strlen(bytes));
        unit_mem(row, out, bytes, strlen(bytes));
        unit_poisoned(row, out + strlen(bytes), sizeof(out) - strlen(bytes));
}

static void test_known_texts(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
                char out[16];

                unit_poison(out, sizeof(out));
                base64_encode((const uint8_t *) vectors[i].bytes, strlen(vectors[i].bytes), out);
                unit_str(vectors[i].text, out, vectors[i].text);
                unit_int(vectors[i].text, BASE64_LEN(strlen(vectors[i].bytes)), strlen(out));
                unit_poisoned(vectors[i].text, out + strlen(out) + 1,
                              sizeof(out) - strlen(out) - 1);
                check_decoded(vectors[i].text, vectors[i].text, vectors[i].bytes);
                check_decoded(vectors[i].text, vectors[i].padded, vectors[i].bytes);
        }
}

/* Every byte at every place, for every length. */
static void test_all_bytes_go_there_and_back(void **state) {
        (void) state;
        for (size_t len = 0; len <= BYTES; len++)
                for (unsigned first = 0; first < 256; first++) {
                        uint8_t bytes[BYTES], got[BYTES];
                        char text[BASE64_LEN(BYTES) + 1], row[32];

                        (void) snprintf(row, sizeof(row), "%zu bytes from %u", len, first);
                        for (size_t i = 0; i < len; i++)
                                bytes[i] = (uint8_t) (first + i * 7);
                        base64_encode(bytes, len, text);
                        unit_int(row, strlen(text), BASE64_LEN(len));
                        unit_int(row, base64_decode(text, strlen(text), got, len), len);
                        unit_mem(row, got, bytes, len);
                }
}

/* Every character, behind two good ones: a digit is one, a blank does not count, all else is
 * refused. */
static void test_every_character(void **state) {
        static const char digits[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/";

        (void) state;
        for (unsigned c = 0; c < 256; c++) {
                char text[] = { 'Z', 'g', (char) c, 'A' }, row[32];
                uint8_t out[8];
                ssize_t want = -EINVAL;

                (void) snprintf(row, sizeof(row), "character %#x", c);
                if (c != 0 && strchr(digits, (int) c))
                        want = 3;
                else if (c != 0 && strchr(" \t\r\n", (int) c))
                        want = 2;
                unit_int(row, base64_decode(text, 4, out, sizeof(out)), want);
                text[3] = ' ';
                want = c != 0 && strchr(" \t\r\n", (int) c) ? 1 : -EINVAL;
                /* two digits and a third one make two bytes when the bits left over are zero */
                if (c != 0 && strchr("AEIMQUYcgkosw048", (int) c))
                        want = 2;
                unit_int(row, base64_decode(text, 4, out, sizeof(out)), want);
        }
}

static void test_blanks_do_not_count(void **state) {
        static const char *const texts[] = { " Zm9v", "Zm9v\n", "Z m\t9\r\nv", "Zm9v \n \n",
                                             "\r\nZm9v" };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(texts); i++)
                check_decoded(texts[i], texts[i], "foo");
        check_decoded("between padding", "Zg=\n=\n", "f");
        check_decoded("before padding", "Zg ==", "f");
}

static void test_what_is_no_base64_is_refused(void **state) {
        static const struct {
                const char *why, *text;
        } rows[] = {
                { "one digit", "Z" },
                { "five digits", "Zm9vZ" },
                { "bits left over after one byte", "Zh" },
                { "bits left over after two bytes", "Zm9" },
                { "half of the padding", "Zg=" },
                { "too much padding for one byte", "Zg===" },
                { "too much padding for two bytes", "Zm8==" },
                { "padding where none belongs", "Zm9v=" },
                { "two of it", "Zm9v==" },
                { "padding alone", "=" },
                { "padding alone, twice", "==" },
                { "a digit behind padding", "Zg==Zg==" },
                { "a digit within padding", "Zg=A=" },
                { "another character", "Zm9v*" },
                { "a letter that is none", "Zm\xc3\xa4v" },
                { "a point", "Zm.v" },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                uint8_t out[16];

                unit_int(rows[i].why,
                         base64_decode(rows[i].text, strlen(rows[i].text), out, sizeof(out)),
                         -EINVAL);
        }
        assert_int_equal(base64_decode("Zm\0v", 4, (uint8_t[8]){}, 8), -EINVAL);
}

static void test_what_does_not_fit_is_refused(void **state) {
        static const char text[] = "Zm9vYmFy";

        (void) state;
        for (size_t size = 0; size <= 6; size++) {
                uint8_t *out = malloc(size > 0 ? size : 1);

                assert_non_null(out);
                unit_int("size", base64_decode(text, strlen(text), out, size),
                         size < 6 ? -EMSGSIZE : 6);
                free(out);
        }
        assert_int_equal(base64_decode("", 0, NULL, 0), 0);
        assert_int_equal(base64_decode(" \n", 2, NULL, 0), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_known_texts),
                cmocka_unit_test(test_all_bytes_go_there_and_back),
                cmocka_unit_test(test_every_character),
                cmocka_unit_test(test_blanks_do_not_count),
                cmocka_unit_test(test_what_is_no_base64_is_refused),
                cmocka_unit_test(test_what_does_not_fit_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

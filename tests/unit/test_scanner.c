/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the scanner finds keys, and what is left of a key in text for people. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "keytext.h"
#include "scan/keyring.h"
#include "scan/redact.h"
#include "scan/scanner.h"

#define SECRET "0123456789abcdefghijABCDEFGHIJ0123456789ab"

/* What was found: "LINE:COLUMN:ID " for each. */
struct log {
        char text[4096];
        /* until the search is ended; 0: never */
        unsigned left;
};

static void make_key(char out[static KEYTEXT_LEN + 1], const char *id) {
        keytext_format(out, id, SECRET);
}

static int on_found(const char *key, uint64_t line, uint64_t column, void *userdata) {
        struct log *log = userdata;
        size_t len = strlen(log->text);

        assert_true(keytext_is_key(key, KEYTEXT_LEN));
        (void) snprintf(log->text + len, sizeof(log->text) - len, "%u:%u:%.10s ", (unsigned) line,
                        (unsigned) column, keytext_id(key));
        return log->left > 0 && --log->left == 0 ? -ECANCELED : 0;
}

/* Gives the text in pieces of ${piece} bytes. */
static void scan(const char *text, size_t len, size_t piece, struct log *log) {
        static struct scanner s;

        scanner_begin(&s);
        for (size_t at = 0; at < len;) {
                size_t n = len - at < piece ? len - at : piece;

                memcpy(scanner_room(&s), text + at, n);
                assert_int_equal(scanner_take(&s, n, on_found, log), 0);
                at += n;
        }
        scanner_wipe(&s);
}

/* Wherever one piece ends and the next begins, the same is found once. */
static void test_pieces(void **state) {
        char text[1024], a[KEYTEXT_LEN + 1], b[KEYTEXT_LEN + 1];
        int len;

        (void) state;
        make_key(a, "aaaaaaaaaa");
        make_key(b, "bbbbbbbwfk");
        len = snprintf(text, sizeof(text),
                       "%s\nx=%s;%s%s\n\n wfk_ wfk_wfk_%s\nwfk_aaaaaaaaaa_short %.62s\n%s", a, b, a,
                       b, b, a, a);
        assert_true(len > 0 && (size_t) len < sizeof(text));
        for (size_t piece = 1; piece <= (size_t) len; piece++) {
                struct log log = {};

                scan(text, (size_t) len, piece, &log);
                assert_string_equal(log.text, "1:1:aaaaaaaaaa 2:3:bbbbbbbwfk 2:67:aaaaaaaaaa "
                                              "2:130:bbbbbbbwfk 4:15:bbbbbbbwfk 6:1:aaaaaaaaaa ");
        }
}

/* A key around the end of the greatest piece, at each place. */
static void test_the_greatest_piece(void **state) {
        static char text[SCANNER_PIECE + 200];
        char key[KEYTEXT_LEN + 1], wanted[64];

        (void) state;
        make_key(key, "aaaaaaaaaa");
        for (size_t at = SCANNER_PIECE - 70; at <= SCANNER_PIECE + 7; at++) {
                struct log log = {};

                memset(text, '_', sizeof(text));
                memcpy(text + at, key, KEYTEXT_LEN);
                scan(text, sizeof(text), SCANNER_PIECE, &log);
                (void) snprintf(wanted, sizeof(wanted), "1:%zu:aaaaaaaaaa ", at + 1);
                assert_string_equal(log.text, wanted);
        }
}

static void test_near_misses(void **state) {
        char text[KEYTEXT_LEN + 1], key[KEYTEXT_LEN + 1];

        (void) state;
        make_key(key, "aaaaaaaaaa");
        for (size_t i = 0; i < KEYTEXT_LEN; i++) {
                struct log log = {};

                memcpy(text, key, sizeof(text));
                text[i] = text[i] == 'x' ? 'y' : 'x';
                scan(text, KEYTEXT_LEN, KEYTEXT_LEN, &log);
                assert_string_equal(log.text, "");
                scan(key, i, KEYTEXT_LEN, &log);
                assert_string_equal(log.text, "");
        }
}

static void test_utf16(void **state) {
        char text[2 * KEYTEXT_LEN + 4] = "\xff\xfe\n", key[KEYTEXT_LEN + 1];
        struct log log = {};

        (void) state;
        make_key(key, "aaaaaaaaaa");
        for (size_t i = 0; i < KEYTEXT_LEN; i++) {
                text[4 + 2 * i] = key[i];
                if (5 + 2 * i < sizeof(text))
                        text[5 + 2 * i] = 0;
        }
        scan(text, sizeof(text), 7, &log);
        assert_string_equal(log.text, "2:1:aaaaaaaaaa ");
}

static void test_the_search_ends_when_it_is_told_to(void **state) {
        struct log log = { .left = 2 };
        static struct scanner s;
        char key[KEYTEXT_LEN + 1];

        (void) state;
        make_key(key, "aaaaaaaaaa");
        scanner_begin(&s);
        for (size_t i = 0; i < 3; i++)
                memcpy(scanner_room(&s) + i * KEYTEXT_LEN, key, KEYTEXT_LEN);
        assert_int_equal(scanner_take(&s, 3L * KEYTEXT_LEN, on_found, &log), -ECANCELED);
        assert_string_equal(log.text, "1:1:aaaaaaaaaa 1:64:aaaaaaaaaa ");
}

static void test_redact(void **state) {
        static const struct {
                const char *in, *out;
        } rows[] = {
                { "", "" },
                { "a/b.txt", "a/b.txt" },
                { "wfk_aaaaaaaaaa_" SECRET "ABCDEF", "wfk_aaaaaaaaaa_..." },
                /* a part of a secret, or with a wrong end */
                { "x/wfk_aaaaaaaaaa_" SECRET ".key", "x/wfk_aaaaaaaaaa_....key" },
                { "wfk_aaaaaaaaaa_abc", "wfk_aaaaaaaaaa_..." },
                { "wfk_aaaaaaaaaa", "wfk_aaaaaaaaaa" },
                { "wfk_aaaaaaaaaa_", "wfk_aaaaaaaaaa_" },
                { "wfk_aaaaa-aaaa_" SECRET, "wfk_aaaaa-aaaa_" SECRET },
                { "wfk_wfk_aaaaaaaaaa_" SECRET " wfk_bbbbbbbbbb_" SECRET "!",
                  "wfk_wfk_aaaaaaaaaa_... wfk_bbbbbbbbbb_...!" },
                { "wfk_aaaaaaawfk_bbbbbbbbbb_" SECRET, "wfk_aaaaaaawfk_..._..." },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                char text[256];

                assert_true(strlen(rows[i].in) < sizeof(text));
                memcpy(text, rows[i].in, strlen(rows[i].in) + 1);
                redact(text);
                if (strcmp(text, rows[i].out) != 0)
                        print_error("row %zu\n", i);
                assert_string_equal(text, rows[i].out);
        }
}

/* More keys than fit into the first pages, each several times. */
static void test_keyring(void **state) {
        _cleanup_keyring_ struct keyring ring = {};
        char key[KEYTEXT_LEN + 1], id[KEYTEXT_ID_LEN + 1];
        size_t at;

        (void) state;
        for (unsigned i = 0; i < 3000; i++) {
                unsigned number = i * 7919 % 1000;

                (void) snprintf(id, sizeof(id), "%010u", number);
                make_key(key, id);
                assert_int_equal(keyring_put(&ring, key, &at), i < 1000);
                assert_memory_equal(ring.keys[at].secret.text, key, KEYTEXT_LEN + 1);
                if (i < 1000)
                        assert_int_equal(at, i);
        }
        assert_int_equal(ring.n, 1000);
        keyring_id(&ring.keys[1], id);
        assert_string_equal(id, "0000000919");
        /* another secret with the same id is another key */
        keytext_format(key, id, "9" SECRET);
        assert_int_equal(keyring_put(&ring, key, &at), 1);
        assert_int_equal(at, 1000);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_pieces),
                cmocka_unit_test(test_the_greatest_piece),
                cmocka_unit_test(test_near_misses),
                cmocka_unit_test(test_utf16),
                cmocka_unit_test(test_the_search_ends_when_it_is_told_to),
                cmocka_unit_test(test_redact),
                cmocka_unit_test(test_keyring),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

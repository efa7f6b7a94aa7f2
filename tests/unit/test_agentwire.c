/* SPDX-License-Identifier: BSD-2-Clause */
/* What an ssh-agent answers is read as a stranger's: every length, every prefix of an answer,
 * and numbers of every length. */
#include "unit.h"

#include "pki/agentwire.h"

/* Bytes that are built up: a message, or a string in one. */
struct build {
        uint8_t bytes[1024];
        size_t len;
};

static void put(struct build *b, const void *bytes, size_t len) {
        assert_true(b->len + len <= sizeof(b->bytes));
        memcpy(b->bytes + b->len, bytes, len);
        b->len += len;
}

static void put_u32(struct build *b, uint32_t n) {
        const uint8_t bytes[] = { (uint8_t) (n >> 24), (uint8_t) (n >> 16), (uint8_t) (n >> 8),
                                  (uint8_t) n };

        put(b, bytes, sizeof(bytes));
}

static void put_string(struct build *b, const void *bytes, size_t len) {
        put_u32(b, (uint32_t) len);
        put(b, bytes, len);
}

static void put_text(struct build *b, const char *text) {
        put_string(b, text, strlen(text));
}

static const uint8_t point[134] = { 4, 1, 2, 3 }; /* of P-521, and one byte more */

static struct build ed25519_blob(size_t len) {
        struct build b = {};

        put_text(&b, "ssh-ed25519");
        put_string(&b, point, len);
        return b;
}

static struct build ecdsa_blob(const char *type, const char *curve, const uint8_t *bytes,
                               size_t len) {
        struct build b = {};

        put_text(&b, type);
        put_text(&b, curve);
        put_string(&b, bytes, len);
        return b;
}

static struct build p256_blob(const char *curve, const uint8_t *bytes, size_t len) {
        return ecdsa_blob("ecdsa-sha2-nistp256", curve, bytes, len);
}

static struct build keys(const struct build *blob, const char *comment) {
        struct build b = { .bytes = { 12 }, .len = 1 };

        put_u32(&b, 1);
        put_string(&b, blob->bytes, blob->len);
        put_text(&b, comment);
        return b;
}

static void test_types_are_told_apart(_unused_ void **state) {
        struct build behind = ed25519_blob(32), word = {};
        struct {
                const char *why;
                struct build blob;
                enum agentwire_type type;
        } rows[] = {
                { "Ed25519", ed25519_blob(32), AGENTWIRE_ED25519 },
                { "Ed25519, too short", ed25519_blob(31), AGENTWIRE_OTHER },
                { "Ed25519, too long", ed25519_blob(33), AGENTWIRE_OTHER },
                { "P-256", p256_blob("nistp256", point, 65), AGENTWIRE_P256 },
                { "another curve", p256_blob("nistp384", point, 65), AGENTWIRE_OTHER },
                { "no curve", p256_blob("", point, 65), AGENTWIRE_OTHER },
                { "a compressed point", p256_blob("nistp256", point + 2, 33), AGENTWIRE_OTHER },
                { "another prefix", p256_blob("nistp256", point + 1, 65), AGENTWIRE_OTHER },
                { "too long a point", p256_blob("nistp256", point, 66), AGENTWIRE_OTHER },
                { "P-384", ecdsa_blob("ecdsa-sha2-nistp384", "nistp384", point, 97),
                  AGENTWIRE_P384 },
                { "P-521", ecdsa_blob("ecdsa-sha2-nistp521", "nistp521", point, 133),
                  AGENTWIRE_P521 },
                { "P-384 with a point of P-256",
                  ecdsa_blob("ecdsa-sha2-nistp384", "nistp384", point, 65), AGENTWIRE_OTHER },
                { "P-521, too long", ecdsa_blob("ecdsa-sha2-nistp521", "nistp521", point, 134),
                  AGENTWIRE_OTHER },
                { "nothing", {}, AGENTWIRE_OTHER },
                { "bytes behind it", {}, AGENTWIRE_OTHER },
                { "RSA", {}, AGENTWIRE_RSA },
        };

        put(&behind, "x", 1);
        put_text(&word, "ssh-rsa");
        rows[ARRAY_LEN(rows) - 2].blob = behind;
        rows[ARRAY_LEN(rows) - 1].blob = word;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct build b = keys(&rows[i].blob, "me");
                struct agentwire_key key;
                size_t at = 0;

                unit_int(rows[i].why, agentwire_take_key(b.bytes, b.len, &at, &key), 1);
                unit_int(rows[i].why, key.type, rows[i].type);
                unit_int(rows[i].why, key.comment_len, 2);
                unit_mem(rows[i].why, key.comment, "me", 2);
                unit_int(rows[i].why, key.blob_len, rows[i].blob.len);
                unit_int(rows[i].why, agentwire_take_key(b.bytes, b.len, &at, &key), 0);
        }
}

static void test_public_keys_are_those_of_openssl(_unused_ void **state) {
        static const uint8_t ed[] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                      0x2b, 0x65, 0x70, 0x03, 0x21, 0x00 };
        struct build blob = ed25519_blob(32), b = keys(&blob, "");
        struct agentwire_key key;
        size_t at = 0;

        assert_int_equal(agentwire_take_key(b.bytes, b.len, &at, &key), 1);
        assert_int_equal(key.spki_len, sizeof(ed) + 32);
        assert_memory_equal(key.spki, ed, sizeof(ed));
        assert_memory_equal(key.spki + sizeof(ed), point, 32);
        blob = p256_blob("nistp256", point, 65);
        b = keys(&blob, "");
        at = 0;
        assert_int_equal(agentwire_take_key(b.bytes, b.len, &at, &key), 1);
        assert_int_equal(key.spki_len, 91);
        assert_memory_equal(key.spki + 26, point, 65);
        blob = ecdsa_blob("ecdsa-sha2-nistp521", "nistp521", point, 133);
        b = keys(&blob, "");
        at = 0;
        assert_int_equal(agentwire_take_key(b.bytes, b.len, &at, &key), 1);
        assert_int_equal(key.spki_len, 158);
        assert_memory_equal(key.spki + 25, point, 133);
}

/* Read from a copy that ends where the answer does, so that a sanitizer sees what is read behind
 * it. */
static void test_no_part_of_a_list_is_one(_unused_ void **state) {
        struct build blob = p256_blob("nistp256", point, 65), b = keys(&blob, "comment");

        for (size_t len = 0; len < b.len; len++) {
                uint8_t *copy = malloc(len + 1);
                struct agentwire_key key;
                size_t at = 0;
                int r;

                assert_non_null(copy);
                memcpy(copy + 1, b.bytes, len);
                unit_poison(&key, sizeof(key));
                r = agentwire_take_key(copy + 1, len, &at, &key);
                assert_int_equal(r, len == 5 ? 0 : -EBADMSG); /* no keys at all are a list */
                unit_poisoned("cut off", &key, sizeof(key));
                free(copy);
        }
}

static void test_lengths_that_lie_are_refused(_unused_ void **state) {
        static const uint32_t lies[] = { 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffc, 1000 };
        struct agentwire_key key;
        uint8_t out[AGENTWIRE_SIGNATURE_MAX];

        for (size_t i = 0; i < ARRAY_LEN(lies); i++) {
                struct build list = { .bytes = { 12 }, .len = 1 },
                             signature = { .bytes = { 14 }, .len = 1 };
                size_t at = 0;

                put_u32(&list, 1);
                put_u32(&list, lies[i]);
                put(&list, point, 60);
                assert_int_equal(agentwire_take_key(list.bytes, list.len, &at, &key), -EBADMSG);
                put_u32(&signature, lies[i]);
                put(&signature, point, 60);
                assert_int_equal(agentwire_take_signature(signature.bytes, signature.len,
                                                          AGENTWIRE_P256, out),
                                 -EBADMSG);
        }
}

static struct build signature(const char *format, const void *bytes, size_t len) {
        struct build inner = {}, b = { .bytes = { 14 }, .len = 1 };

        put_text(&inner, format);
        put_string(&inner, bytes, len);
        put_string(&b, inner.bytes, inner.len);
        return b;
}

static struct build ecdsa(const void *r, size_t r_len, const void *s, size_t s_len) {
        struct build both = {};

        put_string(&both, r, r_len);
        put_string(&both, s, s_len);
        return signature("ecdsa-sha2-nistp256", both.bytes, both.len);
}

static void test_numbers_get_all_their_bytes(_unused_ void **state) {
        uint8_t high[33] = { 0, 0x80, 7 }, half[33] = { 0x7f, 1 }, zeroes[33] = { 0, 0x7f },
                out[AGENTWIRE_SIGNATURE_MAX], want[64] = {};
        const struct {
                const char *why;
                const uint8_t *bytes;
                size_t len, first; /* where its first byte belongs */
                size_t skip;
                int r;
        } rows[] = {
                { "32 bytes", half, 32, 0, 0, 64 },
                { "with a zero before it", high, 33, 0, 1, 64 },
                { "one byte", half, 1, 31, 0, 64 },
                { "31 bytes", half, 31, 1, 0, 64 },
                { "negative", high + 1, 32, 0, 0, -EBADMSG },
                { "too long", half, 33, 0, 0, -EBADMSG },
                { "empty", half, 0, 0, 0, -EBADMSG },
                { "zero", high, 1, 0, 0, -EBADMSG },
                { "zero in two bytes", zeroes + 2, 2, 0, 0, -EBADMSG },
                { "with a zero that it does not need", zeroes, 2, 0, 0, -EBADMSG },
        };

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct build b = ecdsa(rows[i].bytes, rows[i].len, "\x05", 1);

                unit_poison(out, sizeof(out));
                unit_int(rows[i].why, agentwire_take_signature(b.bytes, b.len, AGENTWIRE_P256, out),
                         rows[i].r);
                if (rows[i].r < 0) {
                        unit_poisoned(rows[i].why, out, sizeof(out));
                        continue;
                }
                explicit_bzero(want, sizeof(want));
                memcpy(want + rows[i].first, rows[i].bytes + rows[i].skip,
                       rows[i].len - rows[i].skip);
                want[63] = 5;
                unit_mem(rows[i].why, out, want, sizeof(want));
        }
}

/* The halves of each curve have their own length. */
static void test_longer_curves(_unused_ void **state) {
        static const struct {
                const char *format;
                enum agentwire_type type;
                size_t half;
        } rows[] = {
                { "ecdsa-sha2-nistp384", AGENTWIRE_P384, 48 },
                { "ecdsa-sha2-nistp521", AGENTWIRE_P521, 66 },
        };
        uint8_t out[AGENTWIRE_SIGNATURE_MAX];

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct build both = {}, b;

                put_string(&both, "\x07", 1);
                put_string(&both, "\x05", 1);
                b = signature(rows[i].format, both.bytes, both.len);
                unit_poison(out, sizeof(out));
                unit_int(rows[i].format,
                         agentwire_take_signature(b.bytes, b.len, rows[i].type, out),
                         2 * rows[i].half);
                unit_int(rows[i].format, out[0], 0);
                unit_int(rows[i].format, out[rows[i].half - 1], 7);
                unit_int(rows[i].format, out[2 * rows[i].half - 1], 5);
                unit_int(rows[i].format,
                         agentwire_take_signature(b.bytes, b.len, AGENTWIRE_P256, out), -EBADMSG);
                unit_int(rows[i].format,
                         agentwire_take_signature(b.bytes, b.len, rows[1 - i].type, out), -EBADMSG);
        }
}

static void test_signatures_are_of_the_key(_unused_ void **state) {
        static const uint8_t bytes[65] = { 9, 8, 7 };
        static const uint8_t failure[] = { 5 }, success[] = { 6 };
        struct build ed = signature("ssh-ed25519", bytes, 64),
                     longer = signature("ssh-ed25519", bytes, 65),
                     shorter = signature("ssh-ed25519", bytes, 63),
                     rsa = signature("ssh-rsa", bytes, 64), ec = ecdsa("\x05", 1, "\x05", 1);
        uint8_t out[AGENTWIRE_SIGNATURE_MAX];

        assert_int_equal(agentwire_take_signature(ed.bytes, ed.len, AGENTWIRE_ED25519, out), 64);
        assert_memory_equal(out, bytes, 64);
        assert_int_equal(agentwire_take_signature(ec.bytes, ec.len, AGENTWIRE_P256, out), 64);
        assert_int_equal(agentwire_take_signature(failure, 1, AGENTWIRE_P256, out), -EACCES);
        unit_poison(out, sizeof(out));
        assert_int_equal(agentwire_take_signature(ed.bytes, ed.len, AGENTWIRE_P256, out), -EBADMSG);
        assert_int_equal(agentwire_take_signature(ec.bytes, ec.len, AGENTWIRE_ED25519, out),
                         -EBADMSG);
        assert_int_equal(agentwire_take_signature(rsa.bytes, rsa.len, AGENTWIRE_ED25519, out),
                         -EBADMSG);
        assert_int_equal(agentwire_take_signature(longer.bytes, longer.len, AGENTWIRE_ED25519, out),
                         -EBADMSG);
        assert_int_equal(
                agentwire_take_signature(shorter.bytes, shorter.len, AGENTWIRE_ED25519, out),
                -EBADMSG);
        assert_int_equal(agentwire_take_signature(success, 1, AGENTWIRE_ED25519, out), -EBADMSG);
        for (size_t len = 0; len < ec.len; len++)
                assert_int_equal(agentwire_take_signature(ec.bytes, len, AGENTWIRE_P256, out),
                                 -EBADMSG);
        put(&ed, "x", 1);
        assert_int_equal(agentwire_take_signature(ed.bytes, ed.len, AGENTWIRE_ED25519, out),
                         -EBADMSG);
        unit_poisoned("refused", out, sizeof(out));
}

static void test_requests_are_as_agents_read_them(_unused_ void **state) {
        static const uint8_t want[] = { 13, 0, 0,   0,   2,   'k', 'k', 0, 0,
                                        0,  3, 'm', 's', 'g', 0,   0,   0, 0 };
        const struct agentwire_key key = { .blob = (const uint8_t *) "kk", .blob_len = 2 };
        uint8_t out[sizeof(want)];

        assert_int_equal(agentwire_ask_keys(out), 1);
        assert_int_equal(out[0], 11);
        assert_int_equal(agentwire_ask_sign(&key, "msg", 3, out, sizeof(out)), sizeof(want));
        assert_memory_equal(out, want, sizeof(want));
        for (size_t size = 0; size < sizeof(want); size++)
                assert_int_equal(agentwire_ask_sign(&key, "msg", 3, out, size), -EMSGSIZE);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_types_are_told_apart),
                cmocka_unit_test(test_public_keys_are_those_of_openssl),
                cmocka_unit_test(test_no_part_of_a_list_is_one),
                cmocka_unit_test(test_lengths_that_lie_are_refused),
                cmocka_unit_test(test_numbers_get_all_their_bytes),
                cmocka_unit_test(test_longer_curves),
                cmocka_unit_test(test_signatures_are_of_the_key),
                cmocka_unit_test(test_requests_are_as_agents_read_them),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* What is written is read again, and nothing else is: not a byte that is missing, not one that is
 * too many, not a length that points elsewhere. */
#include "unit.h"

#include "base/bytes.h"

static const uint8_t raw[3] = { 7, 8, 9 };

static ssize_t write_all(uint8_t *out, size_t size) {
        struct bytes_writer w = { .out = out, .size = size };

        bytes_write(&w, 1, 'K');
        bytes_write(&w, BYTES_NUMBER, 0x01020304);
        bytes_write(&w, BYTES_TIME, (uint64_t) INT64_MIN);
        bytes_write_raw(&w, raw, sizeof(raw));
        bytes_write_raw(&w, NULL, 0);
        bytes_write_blob(&w, raw, 2);
        bytes_write_text(&w, "");
        bytes_write_text(&w, "alice");
        bytes_write(&w, 1, 1);
        return bytes_written(&w);
}

/* Whether all of it was there. */
static bool read_all(const uint8_t *in, size_t len) {
        struct bytes_reader r = { .in = in, .len = len };
        char nothing[1] = "x", name[6] = "";
        uint8_t three[3] = {};
        const uint8_t *blob;
        size_t blob_len;
        bool same;

        same = bytes_read(&r, 1) == 'K';
        same &= bytes_read(&r, BYTES_NUMBER) == 0x01020304;
        same &= (int64_t) bytes_read(&r, BYTES_TIME) == INT64_MIN;
        bytes_read_raw(&r, three, sizeof(three));
        same &= memcmp(three, raw, sizeof(raw)) == 0;
        blob = bytes_read_blob(&r, &blob_len);
        same &= blob && blob_len == 2 && memcmp(blob, raw, 2) == 0;
        bytes_read_text(&r, nothing, sizeof(nothing));
        same &= nothing[0] == '\0';
        bytes_read_text(&r, name, sizeof(name));
        same &= strcmp(name, "alice") == 0;
        same &= bytes_read_flag(&r);
        return bytes_is_at_end(&r) && same;
}

static void test_what_is_written_is_read(void **state) {
        uint8_t bytes[64];
        ssize_t len = write_all(bytes, sizeof(bytes));

        (void) state;
        assert_int_equal(len, 1 + 4 + 8 + 3 + 4 + 2 + 4 + 4 + 5 + 1);
        assert_int_equal(bytes[1], 4); /* the least significant first */
        assert_true(read_all(bytes, (size_t) len));
}

static void test_what_does_not_fit_is_not_written(void **state) {
        uint8_t bytes[64];
        ssize_t len = write_all(bytes, sizeof(bytes));

        (void) state;
        for (ssize_t size = 0; size < len; size++) {
                unit_poison(bytes, sizeof(bytes));
                assert_true(write_all(bytes, (size_t) size) == -EMSGSIZE);
                unit_poisoned("behind its end", bytes + size, sizeof(bytes) - (size_t) size);
        }
        assert_true(write_all(bytes, (size_t) len) == len);
}

static void test_what_is_cut_or_longer_is_not_taken(void **state) {
        uint8_t bytes[64] = {}, *cut;
        ssize_t len = write_all(bytes, sizeof(bytes));

        (void) state;
        assert_false(read_all(bytes, (size_t) len + 1));
        for (ssize_t size = 0; size < len; size++) {
                cut = malloc((size_t) size + 1); /* nothing behind it can be read */
                assert_non_null(cut);
                memcpy(cut, bytes, (size_t) size);
                assert_false(read_all(cut, (size_t) size));
                free(cut);
        }
}

static void test_hostile_lengths(void **state) {
        static const uint32_t lengths[] = { 1, 5, 0x7fffffff, 0xfffffffb, 0xffffffff };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
                uint8_t bytes[BYTES_NUMBER];
                struct bytes_reader r = { .in = bytes, .len = sizeof(bytes) };
                size_t len = 99;

                bytes_put(bytes, sizeof(bytes), lengths[i]);
                assert_null(bytes_read_blob(&r, &len));
                assert_int_equal(len, 0);
                assert_true(r.bad);
                /* what is wrong once stays wrong */
                r.len = 0;
                assert_false(bytes_is_at_end(&r));
        }
}

static void read_text_of(const char *row, const void *bytes, size_t len, size_t size, bool good) {
        uint8_t in[32];
        struct bytes_writer w = { .out = in, .size = sizeof(in) };
        struct bytes_reader r = { .in = in };
        char out[16];

        bytes_write_blob(&w, bytes, len);
        r.len = w.len;
        unit_poison(out, sizeof(out));
        bytes_read_text(&r, out, size);
        unit_int(row, bytes_is_at_end(&r), good);
        if (good)
                unit_mem(row, out, bytes, len);
        else
                unit_poisoned(row, out, sizeof(out));
}

static void test_texts(void **state) {
        (void) state;
        read_text_of("fits", "alice", 5, 6, true);
        read_text_of("has no room for its NUL", "alice", 5, 5, false);
        read_text_of("is empty", "", 0, 1, true);
        read_text_of("has a NUL at its end", "alice", 6, 16, false);
        read_text_of("has a NUL in it", "al\0ce", 5, 16, false);
}

static void test_flags(void **state) {
        (void) state;
        for (unsigned byte = 0; byte < 256; byte++) {
                uint8_t in = (uint8_t) byte;
                struct bytes_reader r = { .in = &in, .len = 1 };

                assert_int_equal(bytes_read_flag(&r), byte == 1);
                assert_int_equal(r.bad, byte > 1);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_is_written_is_read),
                cmocka_unit_test(test_what_does_not_fit_is_not_written),
                cmocka_unit_test(test_what_is_cut_or_longer_is_not_taken),
                cmocka_unit_test(test_hostile_lengths),
                cmocka_unit_test(test_texts),
                cmocka_unit_test(test_flags),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

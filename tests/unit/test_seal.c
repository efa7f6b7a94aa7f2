/* SPDX-License-Identifier: BSD-2-Clause */
/* Sealed files: what was sealed comes out again, and nothing else ever does. What is in a file is
 * not known here. */
#include "unit.h"

#include "secret/seal.h"

#define CHUNKS   4
#define FILE_MAX (SEAL_HEAD_LEN + CHUNKS * (4 + 64 + SEAL_CHUNK_EXTRA))

static const char *const contents[CHUNKS] = { "first", "second", "", "the last one" };

struct fixture {
        uint8_t source[SEAL_SECRET_LEN], recipient[SEAL_SECRET_LEN];
        struct seal_head head;
        /* the head, then chunks with their length in front */
        uint8_t file[FILE_MAX];
        size_t len, at[CHUNKS + 1];
};

static void make_file(struct fixture *f) {
        struct seal *s = NULL;

        assert_int_equal(seal_begin(&s, &f->head, f->source, f->file), 0);
        f->len = SEAL_HEAD_LEN;
        for (size_t i = 0; i < CHUNKS; i++) {
                size_t len = strlen(contents[i]);

                f->at[i] = f->len;
                f->file[f->len++] = (uint8_t) (len + SEAL_CHUNK_EXTRA);
                seal_push(s, (const uint8_t *) contents[i], len, i == CHUNKS - 1, f->file + f->len);
                f->len += len + SEAL_CHUNK_EXTRA;
        }
        f->at[CHUNKS] = f->len;
        assert_null(seal_free(s));
}

static int make(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));

        if (!f || seal_make_secret(f->source) < 0 || seal_make_secret(f->recipient) < 0)
                return -1;
        f->head = (struct seal_head){ .kind = SEAL_MIRROR,
                                      .created_at = 1800000000,
                                      .sequence = UINT64_C(1) << 40 };
        seal_recipient_of(f->recipient, f->head.recipient);
        make_file(f);
        *state = f;
        return 0;
}

static int drop(void **state) {
        free(*state);
        return 0;
}

/* Reads a whole file. 0 when all of it was there to the end. Then the content is what was
 * sealed. */
static int read_all(const struct fixture *f, const uint8_t *file, size_t len) {
        uint8_t out[SEAL_CHUNK_MAX];
        struct seal_head head;
        struct seal *s = NULL;
        bool last = false;
        size_t at = SEAL_HEAD_LEN;
        int r;

        if (len < SEAL_HEAD_LEN)
                return -EBADMSG;
        r = seal_read_head(file, &head);
        if (r >= 0)
                r = seal_open(&s, file, f->recipient);
        for (size_t i = 0; r >= 0 && at < len; i++) {
                size_t sealed = file[at++];

                r = sealed > len - at ? -EBADMSG : seal_pull(s, file + at, sealed, out, &last);
                at += sealed;
                if (r >= 0)
                        assert_memory_equal(out, contents[i], sealed - SEAL_CHUNK_EXTRA);
        }
        seal_free(s);
        return r < 0 ? r : last ? 0 : -EBADMSG;
}

static void test_what_is_sealed_is_opened(void **state) {
        struct fixture *f = *state;
        uint8_t source[SEAL_PUBLIC_LEN];
        struct seal_head head = {};

        assert_int_equal(read_all(f, f->file, f->len), 0);
        assert_int_equal(seal_read_head(f->file, &head), 0);
        assert_int_equal(head.kind, SEAL_MIRROR);
        assert_int_equal(head.created_at, 1800000000);
        assert_int_equal(head.sequence, UINT64_C(1) << 40);
        seal_source_of(f->source, source);
        assert_memory_equal(head.source, source, SEAL_PUBLIC_LEN);
        assert_memory_equal(head.recipient, f->head.recipient, SEAL_PUBLIC_LEN);
}

static void test_every_flipped_bit_is_seen(void **state) {
        struct fixture *f = *state;

        for (size_t bit = 0; bit < 8 * f->len; bit++) {
                char row[32];

                (void) snprintf(row, sizeof(row), "bit %zu", bit);
                f->file[bit / 8] ^= (uint8_t) (1U << bit % 8);
                unit_fails(row, read_all(f, f->file, f->len));
                f->file[bit / 8] ^= (uint8_t) (1U << bit % 8);
        }
        assert_int_equal(read_all(f, f->file, f->len), 0);
}

static void test_a_file_that_ends_early_or_late_is_refused(void **state) {
        struct fixture *f = *state;

        for (size_t len = 0; len < f->len; len++)
                unit_fails("cut", read_all(f, f->file, len));
        memcpy(f->file + f->len, f->file + f->at[0], f->at[1] - f->at[0]);
        unit_fails("goes on", read_all(f, f->file, f->len + f->at[1] - f->at[0]));
}

static void test_chunks_do_not_move(void **state) {
        struct fixture *f = *state;

        for (size_t i = 0; i < CHUNKS; i++) {
                uint8_t file[FILE_MAX];
                size_t len = f->at[i + 1] - f->at[i], first = f->at[1] - f->at[0];

                /* left out */
                memcpy(file, f->file, f->len);
                memmove(file + f->at[i], file + f->at[i + 1], f->len - f->at[i + 1]);
                unit_fails("left out", read_all(f, file, f->len - len));
                /* the first chunk behind this one */
                if (i == 0)
                        continue;
                memcpy(file, f->file, f->len);
                memcpy(file + f->at[0], f->file + f->at[1], f->at[i + 1] - f->at[1]);
                memcpy(file + f->at[i + 1] - first, f->file + f->at[0], first);
                unit_fails("moved", read_all(f, file, f->len));
        }
}

/* The chunks of one file under the head of another, made with the same keys. */
static void test_chunks_belong_to_their_head(void **state) {
        struct fixture *f = *state;
        uint8_t head[SEAL_HEAD_LEN];

        memcpy(head, f->file, SEAL_HEAD_LEN);
        make_file(f);
        assert_int_equal(read_all(f, f->file, f->len), 0);
        memcpy(f->file, head, SEAL_HEAD_LEN);
        unit_fails("another head", read_all(f, f->file, f->len));
}

static void test_it_is_the_recipients_alone(void **state) {
        struct fixture *f = *state;

        f->recipient[5] ^= 1;
        assert_int_equal(read_all(f, f->file, f->len), -EKEYREJECTED);
        /* a point of low order: anyone would know the key */
        memset(f->head.recipient, 0, SEAL_PUBLIC_LEN);
        assert_int_equal(seal_begin(&(struct seal *){ NULL }, &f->head, f->source, f->file),
                         -EINVAL);
}

static void test_another_source_is_seen_as_such(void **state) {
        struct fixture *f = *state;
        struct seal_head head, other;

        assert_int_equal(seal_read_head(f->file, &head), 0);
        f->source[0] ^= 1;
        make_file(f);
        assert_int_equal(seal_read_head(f->file, &other), 0);
        assert_memory_not_equal(head.source, other.source, SEAL_PUBLIC_LEN);
        /* Writing the first source's name into the head does not make it the first one's file. */
        memcpy(f->file + 32, head.source, SEAL_PUBLIC_LEN);
        assert_int_equal(seal_read_head(f->file, &other), -EBADMSG);
}

static void test_what_it_is_not_is_said(void **state) {
        struct fixture *f = *state;
        struct seal_head head;

        f->file[7]++;
        assert_int_equal(seal_read_head(f->file, &head), -EPROTONOSUPPORT);
        f->file[0]++;
        assert_int_equal(seal_read_head(f->file, &head), -EMEDIUMTYPE);
}

static void test_nothing_follows_what_was_wrong(void **state) {
        struct fixture *f = *state;
        uint8_t out[SEAL_CHUNK_MAX];
        struct seal *s;
        bool last;

        assert_int_equal(seal_open(&s, f->file, f->recipient), 0);
        assert_int_equal(seal_pull(s, f->file + f->at[0] + 1, SEAL_CHUNK_EXTRA - 1, out, &last),
                         -EBADMSG);
        assert_int_equal(seal_pull(s, f->file + f->at[0] + 1, f->at[1] - f->at[0] - 1, out, &last),
                         -EBADMSG);
        seal_free(s);
}

static void test_a_chunk_of_the_largest_size(void **state) {
        static uint8_t in[SEAL_CHUNK_MAX], out[SEAL_CHUNK_MAX], sealed[SEAL_SEALED_MAX];
        struct fixture *f = *state;
        struct seal *s;
        bool last = false;

        memset(in, 'x', sizeof(in));
        assert_int_equal(seal_begin(&s, &f->head, f->source, f->file), 0);
        seal_push(s, in, sizeof(in), true, sealed);
        seal_free(s);
        assert_int_equal(seal_open(&s, f->file, f->recipient), 0);
        assert_int_equal(seal_pull(s, sealed, sizeof(sealed), out, &last), 0);
        assert_int_equal(last, true);
        assert_memory_equal(in, out, sizeof(in));
        seal_free(s);
}

/* --- Public keys as text --- */

static void test_the_text_is_the_known_one(void **state) {
        uint8_t public[SEAL_PUBLIC_LEN], back[SEAL_PUBLIC_LEN];
        char text[SEAL_TEXT_LEN + 2];

        (void) state;
        for (unsigned i = 0; i < SEAL_PUBLIC_LEN; i++)
        public[i] = (uint8_t) i;
        unit_poison(text, sizeof(text));
        seal_text_format(public, text);
        unit_poisoned("behind", text + SEAL_TEXT_LEN + 1, 1);
        assert_string_equal(text, "wfm_000Gp5uvDxgLTOpvmZxMbHDMkmqwsB6acXk71hwVCsCfbBKLY");
        assert_int_equal(seal_text_parse(text, back), 0);
        assert_memory_equal(public, back, SEAL_PUBLIC_LEN);
        for (unsigned byte = 0; byte < 256; byte += 255) {
                memset(public, (int) byte, sizeof(public));
                seal_text_format(public, text);
                assert_int_equal(strlen(text), SEAL_TEXT_LEN);
                assert_int_equal(seal_text_parse(text, back), 0);
                assert_memory_equal(public, back, SEAL_PUBLIC_LEN);
        }
}

static void test_a_typing_error_is_found(void **state) {
        const struct fixture *f = *state;
        char text[SEAL_TEXT_LEN + 2] = {}, wrong[SEAL_TEXT_LEN + 2];
        uint8_t out[SEAL_PUBLIC_LEN];

        seal_text_format(f->head.recipient, text);
        for (size_t at = 0; at < SEAL_TEXT_LEN; at++) {
                for (const char *c = "0Zz_ -"; *c; c++) {
                        memcpy(wrong, text, sizeof(text));
                        wrong[at] = *c;
                        unit_int(wrong, seal_text_parse(wrong, out), *c == text[at] ? 0 : -EINVAL);
                }
                memcpy(wrong, text, sizeof(text));
                wrong[at] = text[at + 1];
                wrong[at + 1] = text[at];
                if (wrong[at] != text[at])
                        unit_int(wrong, seal_text_parse(wrong, out), -EINVAL);
                memcpy(wrong, text, sizeof(text));
                wrong[at] = '\0';
                unit_int(wrong, seal_text_parse(wrong, out), -EINVAL);
        }
        text[SEAL_TEXT_LEN] = '0';
        unit_int(text, seal_text_parse(text, out), -EINVAL);
        unit_int("nothing", seal_text_parse("", out), -EINVAL);
        unit_int("too large",
                 seal_text_parse("wfm_zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz", out),
                 -EINVAL);
}

#define test_sealed(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void) {
        const struct CMUnitTest tests[] = {
                test_sealed(test_what_is_sealed_is_opened),
                test_sealed(test_every_flipped_bit_is_seen),
                test_sealed(test_a_file_that_ends_early_or_late_is_refused),
                test_sealed(test_chunks_do_not_move),
                test_sealed(test_chunks_belong_to_their_head),
                test_sealed(test_it_is_the_recipients_alone),
                test_sealed(test_another_source_is_seen_as_such),
                test_sealed(test_what_it_is_not_is_said),
                test_sealed(test_nothing_follows_what_was_wrong),
                test_sealed(test_a_chunk_of_the_largest_size),
                cmocka_unit_test(test_the_text_is_the_known_one),
                test_sealed(test_a_typing_error_is_found),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

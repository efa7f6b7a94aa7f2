/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames of a fleet: what was sealed comes out again for the holder of the group's key, and no
 * byte can be changed. */
#include "unit.h"

#include "secret/frame.h"

#define BODY "what all hosts of the group are told"

struct fixture {
        uint8_t source[SEAL_SECRET_LEN], key[FRAME_KEY_LEN];
        struct frame_head head;
        uint8_t frame[sizeof(BODY) + FRAME_EXTRA];
};

static int make(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));

        if (!f || seal_make_secret(f->source) < 0 || seal_make_secret(f->key) < 0)
                return -1;
        f->head = (struct frame_head){ .kind = FRAME_CHANGE,
                                       .number = UINT64_C(1) << 40,
                                       .signed_at_ms = INT64_C(1800000000123),
                                       .group = "web" };
        memset(f->head.fleet, 'f', sizeof(f->head.fleet));
        memset(f->head.before, 'b', sizeof(f->head.before));
        assert_int_equal(frame_make(&f->head, f->source, f->key, (const uint8_t *) BODY,
                                    sizeof(BODY), f->frame),
                         0);
        *state = f;
        return 0;
}

static int drop(void **state) {
        free(*state);
        return 0;
}

static int open_frame(const uint8_t *frame, size_t len, const uint8_t *key) {
        uint8_t body[sizeof(BODY) + FRAME_EXTRA];
        struct frame_head head;
        size_t body_len;
        ssize_t n = frame_read(frame, len, &head);

        if (n != (ssize_t) len)
                return -EBADMSG;
        if (frame_check(frame, len) < 0 || frame_open(frame, len, key, body, &body_len) < 0)
                return -EBADMSG;
        assert_int_equal(body_len, sizeof(BODY));
        assert_string_equal((const char *) body, BODY);
        return 0;
}

static void test_round(void **state) {
        const struct fixture *f = *state;
        uint8_t public[SEAL_PUBLIC_LEN];
        struct frame_head head;

        assert_int_equal(open_frame(f->frame, sizeof(f->frame), f->key), 0);
        assert_int_equal(frame_read(f->frame, sizeof(f->frame), &head), sizeof(f->frame));
        assert_int_equal(head.kind, FRAME_CHANGE);
        assert_int_equal(head.number, f->head.number);
        assert_int_equal(head.signed_at_ms, f->head.signed_at_ms);
        assert_string_equal(head.group, "web");
        assert_memory_equal(head.fleet, f->head.fleet, sizeof(head.fleet));
        assert_memory_equal(head.before, f->head.before, sizeof(head.before));
        seal_source_of(f->source, public);
        assert_memory_equal(head.issuer, public, sizeof(public));
}

static void test_other_key(void **state) {
        const struct fixture *f = *state;
        uint8_t key[FRAME_KEY_LEN];

        memcpy(key, f->key, sizeof(key));
        key[0] ^= 1;
        assert_int_equal(open_frame(f->frame, sizeof(f->frame), key), -EBADMSG);
}

/* Each bit of the frame counts. */
static void test_every_bit(void **state) {
        struct fixture *f = *state;

        for (size_t bit = 0; bit < 8 * sizeof(f->frame); bit++) {
                f->frame[bit / 8] ^= (uint8_t) (1U << (bit % 8));
                assert_int_equal(open_frame(f->frame, sizeof(f->frame), f->key), -EBADMSG);
                f->frame[bit / 8] ^= (uint8_t) (1U << (bit % 8));
        }
}

static void test_other_issuer(void **state) {
        struct fixture *f = *state;
        uint8_t other[SEAL_SECRET_LEN], hash[2][FRAME_HASH_LEN];

        assert_int_equal(seal_make_secret(other), 0);
        frame_hash(f->frame, sizeof(f->frame), hash[0]);
        assert_int_equal(
                frame_make(&f->head, other, f->key, (const uint8_t *) BODY, sizeof(BODY), f->frame),
                0);
        frame_hash(f->frame, sizeof(f->frame), hash[1]);
        assert_memory_not_equal(hash[0], hash[1], FRAME_HASH_LEN);
        /* It is a frame, but another host's. */
        assert_int_equal(open_frame(f->frame, sizeof(f->frame), f->key), 0);
}

static void test_state(void **state) {
        struct fixture *f = *state;
        uint8_t frame[FRAME_STATE_LEN];
        struct frame_head head;

        f->head.kind = FRAME_STATE;
        assert_int_equal(frame_make(&f->head, f->source, f->key, NULL, 0, frame), 0);
        assert_int_equal(frame_read(frame, sizeof(frame), &head), sizeof(frame));
        assert_int_equal(frame_check(frame, sizeof(frame)), 0);
        assert_int_equal(frame_read(frame, FRAME_HEAD_LEN - 1, &head), 0);
        frame[8] = 3; /* no such kind */
        assert_int_equal(frame_read(frame, sizeof(frame), &head), -EBADMSG);
        frame[7] = 2;
        assert_int_equal(frame_read(frame, sizeof(frame), &head), -EPROTONOSUPPORT);
        frame[0] = 'X';
        assert_int_equal(frame_read(frame, sizeof(frame), &head), -EMEDIUMTYPE);
}

static void test_too_long(void **state) {
        const struct fixture *f = *state;
        uint8_t *body = calloc(1, FRAME_BODY_MAX + FRAME_EXTRA);

        assert_non_null(body);
        assert_int_equal(frame_make(&f->head, f->source, f->key, body, FRAME_BODY_MAX, body),
                         -EMSGSIZE);
        free(body);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_round, make, drop),
                cmocka_unit_test_setup_teardown(test_other_key, make, drop),
                cmocka_unit_test_setup_teardown(test_every_bit, make, drop),
                cmocka_unit_test_setup_teardown(test_other_issuer, make, drop),
                cmocka_unit_test_setup_teardown(test_state, make, drop),
                cmocka_unit_test_setup_teardown(test_too_long, make, drop),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

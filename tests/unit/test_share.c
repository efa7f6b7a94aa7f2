/* SPDX-License-Identifier: BSD-2-Clause */
/* Who gets a place, and whose place that was. Attackers have all uids of a subordinate range. */
#include "unit.h"

#include "rules/share.h"

#define PLACES 64

static const struct share_limits limits = {
        .all = PLACES, .root = 8, .per_uid = 8, .per_range = 20
};

/* A table, the oldest first. */
struct table {
        uid_t uids[PLACES];
        size_t n;
};

/* Returns whether the connection got a place. */
static bool come(struct table *t, uid_t uid) {
        ssize_t at = share_find(t->uids, t->n, uid, &limits);

        if (at == SHARE_NONE)
                return false;
        if (at != SHARE_FREE) {
                assert_in_range(at, 0, t->n - 1);
                t->n--;
                memmove(t->uids + at, t->uids + at + 1, (t->n - (size_t) at) * sizeof(uid_t));
        }
        assert_in_range(t->n, 0, PLACES - 1);
        t->uids[t->n++] = uid;
        return true;
}

static size_t count(const struct table *t, uid_t from, uid_t to) {
        size_t n = 0;

        for (size_t i = 0; i < t->n; i++)
                n += t->uids[i] >= from && t->uids[i] <= to;
        return n;
}

static void test_ranges(void **state) {
        static const struct {
                uid_t uid, range;
        } rows[] = {
                { 0, 0 },         { 1, 1 },          { 65534, 65534 },   { 65535, 65535 },
                { 65536, 65536 }, { 131071, 65536 }, { 131072, 131072 }, { 4294967294, 4294901760 },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                assert_int_equal(share_range(rows[i].uid), rows[i].range);
}

static void test_a_uid_at_its_bound_gives_its_own_oldest(void **state) {
        struct table t = {};

        (void) state;
        assert_true(come(&t, 33));
        for (unsigned i = 0; i < 3 * 8; i++) {
                assert_true(come(&t, 1000));
                assert_int_equal(t.uids[t.n - 1], 1000);
        }
        assert_int_equal(count(&t, 1000, 1000), 8);
        assert_int_equal(count(&t, 33, 33), 1);
}

/* 65536 subordinate uids, in the two blocks in which useradd's first range lies. */
static void test_a_subordinate_range_is_bounded(void **state) {
        struct table t = {};

        (void) state;
        for (uid_t uid = 100000; uid < 100000 + 65536; uid += 16) {
                assert_true(come(&t, uid));
                assert_in_range(count(&t, 65536, 131071), 0, 20);
                assert_in_range(count(&t, 131072, 196607), 0, 20);
        }
        assert_int_equal(t.n, 40);
        for (uid_t uid = 1000; uid < 1000 + PLACES - 8 - 40; uid++)
                assert_true(come(&t, uid));
        assert_int_equal(count(&t, 100000, 165535), 40);
}

static void test_a_full_table_takes_from_the_user_who_has_most(void **state) {
        struct table t = {};

        (void) state;
        for (uid_t block = 1; t.n < PLACES - 8; block++)
                for (uid_t uid = 0; uid < 20 && t.n < PLACES - 8; uid++)
                        assert_true(come(&t, block * 65536 + uid));
        for (uid_t uid = 1000; uid < 1010; uid++)
                assert_true(come(&t, uid));
        assert_int_equal(count(&t, 1000, 1009), 10);
        assert_int_equal(t.n, PLACES - 8);
        /* and goes on taking from that user only */
        for (unsigned i = 0; i < 1000; i++)
                assert_true(come(&t, 2 * 65536 + i));
        assert_int_equal(count(&t, 1000, 1009), 10);
}

static void test_a_user_with_as_many_as_any_other_gives_an_own_place(void **state) {
        struct table t = {};

        (void) state;
        for (uid_t uid = 1000; t.n < PLACES - 8; uid++)
                assert_true(come(&t, uid));
        assert_true(come(&t, 1007));
        assert_int_equal(count(&t, 1007, 1007), 1);
        assert_int_equal(t.uids[0], 1000);
        assert_true(come(&t, 5000)); /* has none, so the oldest goes */
        assert_int_equal(t.uids[0], 1001);
        assert_int_equal(count(&t, 5000, 5000), 1);
}

static void test_root_has_its_places_and_gives_none(void **state) {
        struct table t = {};

        (void) state;
        for (uid_t uid = 1000; t.n < PLACES - 8; uid++)
                assert_true(come(&t, uid));
        for (unsigned i = 0; i < 8; i++)
                assert_true(come(&t, 0));
        assert_int_equal(t.n, PLACES);
        assert_int_equal(count(&t, 1000, 2000), PLACES - 8);
        assert_true(come(&t, 3000));
        assert_int_equal(count(&t, 0, 0), 8);
        /* one more of root takes a place of the others, and at last its own oldest */
        for (unsigned i = 0; i < PLACES; i++)
                assert_true(come(&t, 0));
        assert_int_equal(count(&t, 0, 0), PLACES);
        assert_false(come(&t, 1000));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_ranges),
                cmocka_unit_test(test_a_uid_at_its_bound_gives_its_own_oldest),
                cmocka_unit_test(test_a_subordinate_range_is_bounded),
                cmocka_unit_test(test_a_full_table_takes_from_the_user_who_has_most),
                cmocka_unit_test(test_a_user_with_as_many_as_any_other_gives_an_own_place),
                cmocka_unit_test(test_root_has_its_places_and_gives_none),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* How often a client may guess passwords. The time is the test's own. */
#include "unit.h"

#include "rules/tries.h"

#define NOW  INT64_C(1000000)
#define PEER 1000

static struct tries table(uint64_t seed) {
        return (struct tries){ .seed = seed };
}

static void fail_often(struct tries *t, uid_t peer, const char *user, unsigned n, int64_t now) {
        for (unsigned i = 0; i < n; i++)
                tries_failed(t, peer, user, now);
}

static void test_a_peer_has_a_few(void **state) {
        struct tries t = table(7);

        (void) state;
        for (unsigned i = 0; i < TRIES_PER_PEER; i++) {
                assert_int_equal(tries_may(&t, PEER, "alice", NOW + i), 0);
                tries_failed(&t, PEER, "alice", NOW + i);
        }
        /* from the first failure on, for every user, and for this peer only */
        assert_int_equal(tries_may(&t, PEER, "alice", NOW + 10), TRIES_WINDOW_S - 10);
        assert_int_equal(tries_may(&t, PEER, "bob", NOW + 10), TRIES_WINDOW_S - 10);
        assert_int_equal(tries_may(&t, PEER + 1, "alice", NOW + 10), 0);
        assert_int_equal(tries_may(&t, PEER, "alice", NOW + TRIES_WINDOW_S - 1), 1);
        assert_int_equal(tries_may(&t, PEER, "alice", NOW + TRIES_WINDOW_S), 0);
        /* then as many again */
        fail_often(&t, PEER, "alice", TRIES_PER_PEER - 1, NOW + TRIES_WINDOW_S);
        assert_int_equal(tries_may(&t, PEER, "alice", NOW + TRIES_WINDOW_S), 0);
        fail_often(&t, PEER, "alice", 1, NOW + TRIES_WINDOW_S);
        assert_int_equal(tries_may(&t, PEER, "alice", NOW + TRIES_WINDOW_S), TRIES_WINDOW_S);
}

static void test_a_success_forgives_the_peer_and_not_the_user(void **state) {
        struct tries t = table(7);

        (void) state;
        for (unsigned i = 0; i < TRIES_PER_USER; i++) {
                assert_int_equal(tries_may(&t, PEER, "alice", NOW), 0);
                tries_failed(&t, PEER, "alice", NOW);
                tries_succeeded(&t, PEER);
        }
        assert_int_equal(tries_may(&t, PEER, "bob", NOW), 0);
        assert_int_equal(tries_may(&t, PEER, "alice", NOW), TRIES_WINDOW_S);
        assert_int_equal(tries_may(&t, PEER + 1, "alice", NOW), TRIES_WINDOW_S);
}

static void test_many_peers_share_a_user(void **state) {
        struct tries t = table(7);

        (void) state;
        for (uid_t peer = 1; peer <= TRIES_PER_USER; peer++) {
                assert_int_equal(tries_may(&t, 500, "alice", NOW), 0);
                tries_failed(&t, peer, "alice", NOW);
        }
        assert_int_equal(tries_may(&t, 500, "alice", NOW + 1), TRIES_WINDOW_S - 1);
        assert_int_equal(tries_may(&t, 0, "alice", NOW + 1), TRIES_WINDOW_S - 1);
        assert_int_equal(tries_may(&t, 500, "bob", NOW + 1), 0);
}

static void test_no_peer_alone_shuts_a_user_out(void **state) {
        struct tries t = table(7);

        (void) state;
        while (tries_may(&t, PEER, "alice", NOW) == 0)
                tries_failed(&t, PEER, "alice", NOW);
        assert_int_equal(tries_may(&t, PEER + 1, "alice", NOW), 0);
}

static void test_letter_case_is_no_other_user(void **state) {
        struct tries t = table(7);

        (void) state;
        fail_often(&t, 0, "alice", TRIES_PER_USER / 2, NOW);
        fail_often(&t, 0, "ALiCE", TRIES_PER_USER / 2, NOW);
        assert_int_equal(tries_may(&t, 0, "Alice", NOW), TRIES_WINDOW_S);
        assert_int_equal(tries_may(&t, 0, "alic", NOW), 0);
        assert_int_equal(tries_may(&t, 0, "alice ", NOW), 0);
}

static void test_root_is_counted_for_the_user_only(void **state) {
        struct tries t = table(7);

        (void) state;
        fail_often(&t, 0, "alice", TRIES_PER_USER - 1, NOW);
        assert_int_equal(tries_may(&t, 0, "alice", NOW), 0);
        fail_often(&t, 0, "alice", 1, NOW);
        assert_int_equal(tries_may(&t, 0, "alice", NOW), TRIES_WINDOW_S);
        assert_int_equal(tries_may(&t, 0, "bob", NOW), 0);
}

/* An attacker who does not know the seed cannot find out which users share a place, nor use that
 * later. */
static void test_the_seed_decides_who_shares_a_place(void **state) {
        struct tries a = table(1), b = table(2);
        unsigned shared_a = 0, both = 0;

        (void) state;
        fail_often(&a, PEER, "alice", TRIES_PER_PEER, NOW);
        fail_often(&b, PEER, "alice", TRIES_PER_PEER, NOW);
        for (uid_t peer = PEER + 1; peer < PEER + 10000; peer++) {
                bool in_a = tries_may(&a, peer, "bob", NOW) > 0,
                     in_b = tries_may(&b, peer, "bob", NOW) > 0;

                shared_a += in_a;
                both += in_a && in_b;
        }
        assert_in_range(shared_a, 1, 200); /* 39 are to be expected */
        assert_in_range(both, 0, shared_a - 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_peer_has_a_few),
                cmocka_unit_test(test_a_success_forgives_the_peer_and_not_the_user),
                cmocka_unit_test(test_many_peers_share_a_user),
                cmocka_unit_test(test_no_peer_alone_shuts_a_user_out),
                cmocka_unit_test(test_letter_case_is_no_other_user),
                cmocka_unit_test(test_root_is_counted_for_the_user_only),
                cmocka_unit_test(test_the_seed_decides_who_shares_a_place),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* How often a client may guess passwords. The time is the test's own. */
#include "unit.h"

#include "rules/tries.h"

#define NOW  INT64_C(1000000)
#define PEER 1000

static int make(void **state) {
        struct tries *t = calloc(1, sizeof(*t));

        if (!t)
                return -1;
        t->seed = 7;
        *state = t;
        return 0;
}

static int drop(void **state) {
        free(*state);
        return 0;
}

static struct tries_asker by(uid_t uid) {
        return (struct tries_asker){ .uid = uid, .source = "" };
}

static struct tries_asker root_for(const char *source) {
        return (struct tries_asker){ .uid = 0, .source = source };
}

static int64_t may(const struct tries *t, struct tries_asker asker, const char *user, int64_t now) {
        return tries_may(t, &asker, user, now);
}

static void fail_once(struct tries *t, struct tries_asker asker, const char *user, int64_t now) {
        tries_failed(t, &asker, user, now);
}

static void succeed(struct tries *t, struct tries_asker asker, const char *user) {
        tries_succeeded(t, &asker, user);
}

/* Tries as often as the table lets it, at most ${most} times. Returns how often. */
static unsigned guess(struct tries *t, struct tries_asker asker, const char *user, unsigned most) {
        unsigned n = 0;

        while (n < most && may(t, asker, user, NOW) == 0) {
                fail_once(t, asker, user, NOW);
                n++;
        }
        return n;
}

static void test_an_asker_has_a_few_for_a_name(void **state) {
        struct tries *t = *state;

        for (unsigned i = 0; i < TRIES_PER_NAME; i++) {
                assert_int_equal(may(t, by(PEER), "alice", NOW + i), 0);
                fail_once(t, by(PEER), "alice", NOW + i);
        }
        assert_int_equal(may(t, by(PEER), "alice", NOW + 10), TRIES_WINDOW_S - 10);
        assert_int_equal(may(t, by(PEER), "bob", NOW + 10), 0);
        assert_int_equal(may(t, by(PEER + 1), "alice", NOW + 10), 0);
        assert_int_equal(may(t, by(PEER), "alice", NOW + TRIES_WINDOW_S - 1), 1);
        assert_int_equal(may(t, by(PEER), "alice", NOW + TRIES_WINDOW_S), 0);
        /* then as many again */
        for (unsigned i = 0; i < TRIES_PER_NAME; i++) {
                assert_int_equal(may(t, by(PEER), "alice", NOW + TRIES_WINDOW_S), 0);
                fail_once(t, by(PEER), "alice", NOW + TRIES_WINDOW_S);
        }
        assert_int_equal(may(t, by(PEER), "alice", NOW + TRIES_WINDOW_S), TRIES_WINDOW_S);
}

static void test_a_success_forgives_nothing_at_other_names(void **state) {
        struct tries *t = *state;
        unsigned guesses = 0;

        while (guesses < 100 && guess(t, by(PEER), "alice", 1) == 1) {
                guesses++;
                succeed(t, by(PEER), "mallory");
        }
        assert_int_equal(guesses, TRIES_PER_NAME);
        assert_int_equal(may(t, by(PEER), "mallory", NOW), 0);
}

static void test_a_success_forgives_the_name(void **state) {
        struct tries *t = *state;

        for (unsigned i = 0; i < 100; i++) {
                assert_int_equal(guess(t, by(PEER), "mallory", TRIES_PER_NAME - 1),
                                 TRIES_PER_NAME - 1);
                succeed(t, by(PEER), "mallory");
        }
        fail_once(t, by(PEER + 1), "alice", NOW);
        succeed(t, by(PEER), "alice"); /* not those of another */
        assert_int_equal(guess(t, by(PEER + 1), "alice", 100), TRIES_PER_NAME - 1);
}

static void test_many_names_share_a_bound(void **state) {
        struct tries *t = *state;
        unsigned guesses = 0;
        char name[16];

        for (unsigned i = 0; i < 1000; i++) {
                (void) snprintf(name, sizeof(name), "user%u", i);
                guesses += guess(t, by(PEER), name, 1);
                succeed(t, by(PEER), "mallory");
        }
        assert_int_equal(guesses, TRIES_PER_ASKER);
        assert_int_equal(may(t, by(PEER), "mallory", NOW), TRIES_WINDOW_S);
        assert_int_equal(may(t, by(PEER + 1), "user0", NOW), 0);
}

/* Neither the user nor anybody else who has the password, however many guess at it. */
static void test_nobody_shuts_another_out(void **state) {
        struct tries *t = *state;

        for (uid_t peer = PEER; peer < PEER + 40; peer++) {
                (void) guess(t, by(peer), "alice", 100);
                (void) guess(t, by(peer), "other", 100);
        }
        (void) guess(t, root_for("192.0.2.1"), "alice", 100);
        (void) guess(t, root_for(""), "alice", 100);
        assert_int_equal(may(t, by(PEER + 40), "alice", NOW), 0);
        assert_int_equal(may(t, root_for("192.0.2.2"), "alice", NOW), 0);
}

/* A service of root asks for people from afar: each source is one of them. */
static void test_each_source_of_root_is_an_asker(void **state) {
        struct tries *t = *state;
        unsigned guesses = 0;
        char name[16];

        assert_int_equal(guess(t, root_for("192.0.2.1"), "alice", 100), TRIES_PER_NAME);
        assert_int_equal(may(t, root_for("192.0.2.1"), "bob", NOW), 0);
        assert_int_equal(guess(t, root_for("192.0.2.2"), "alice", 100), TRIES_PER_NAME);
        for (unsigned i = 0; i < 1000; i++) {
                (void) snprintf(name, sizeof(name), "user%u", i);
                guesses += guess(t, root_for("192.0.2.3"), name, 1);
        }
        assert_int_equal(guesses, TRIES_PER_ASKER);
        assert_int_equal(may(t, root_for(""), "alice", NOW), 0);
        assert_int_equal(guess(t, root_for(""), "alice", 100), TRIES_PER_NAME);
        /* the sources of root share no bound of a block */
        for (unsigned i = 0; i < TRIES_PER_RANGE; i++) {
                (void) snprintf(name, sizeof(name), "source%u", i);
                assert_int_equal(guess(t, root_for(name), "alice", 1), 1);
        }
        assert_int_equal(may(t, root_for("192.0.2.4"), "alice", NOW), 0);
}

static void test_a_uid_names_no_source(void **state) {
        struct tries *t = *state;
        struct tries_asker other = { .uid = PEER, .source = "192.0.2.1" };

        assert_int_equal(guess(t, by(PEER), "alice", 100), TRIES_PER_NAME);
        assert_int_equal(may(t, other, "alice", NOW), TRIES_WINDOW_S);
}

/* Thousands of uids of one user, as after newuidmap(1). */
static void test_subordinate_uids_share_a_bound(void **state) {
        struct tries *t = *state;
        unsigned guesses = 0;

        for (uid_t uid = 131072; uid < 131072 + 65536; uid += 64)
                guesses += guess(t, by(uid), "alice", 100);
        assert_int_equal(guesses, TRIES_PER_RANGE);
        assert_int_equal(may(t, by(131072 + 65536), "alice", NOW), 0);
        assert_int_equal(may(t, by(PEER), "alice", NOW), 0);
}

/* The users of a directory have such uids, too. One of them alone leaves the others theirs. */
static void test_no_uid_uses_up_its_block(void **state) {
        struct tries *t = *state;
        char name[16];

        for (unsigned i = 0; i < 1000; i++) {
                (void) snprintf(name, sizeof(name), "user%u", i);
                (void) guess(t, by(200001), name, 100);
        }
        assert_int_equal(may(t, by(200002), "user0", NOW), 0);
}

static void test_letter_case_is_no_other_user(void **state) {
        struct tries *t = *state;

        assert_int_equal(guess(t, by(PEER), "alice", 3), 3);
        assert_int_equal(guess(t, by(PEER), "ALiCE", 100), TRIES_PER_NAME - 3);
        assert_int_equal(may(t, by(PEER), "Alice", NOW), TRIES_WINDOW_S);
        assert_int_equal(may(t, by(PEER), "alic", NOW), 0);
        assert_int_equal(may(t, by(PEER), "alice ", NOW), 0);
}

/* Places that count nothing any more come first, then the oldest. */
static void test_a_full_table_forgets_the_oldest(void **state) {
        struct tries *t = *state;

        for (uid_t uid = 1; uid <= TRIES_MAX; uid++)
                for (unsigned i = 0; i < TRIES_PER_NAME; i++)
                        fail_once(t, by(uid), "alice", NOW + uid / 2);
        assert_int_equal(may(t, by(1), "alice", NOW + 2000), 0);
        assert_in_range(may(t, by(1), "alice", NOW + 1), 1, TRIES_WINDOW_S);
        fail_once(t, by(5000), "alice", NOW + 3);
        assert_int_equal(may(t, by(1), "alice", NOW + 3), 0);
        assert_in_range(may(t, by(2), "alice", NOW + 3), 1, TRIES_WINDOW_S);
        succeed(t, by(700), "alice");
        fail_once(t, by(5001), "alice", NOW + 3);
        assert_in_range(may(t, by(2), "alice", NOW + 3), 1, TRIES_WINDOW_S);
}

/* Whether a password of ${mine} may be checked beside those of ${askers}. */
static bool has_place(const struct tries_asker *askers, size_t n, struct tries_asker mine,
                      bool checked) {
        struct tries_beside beside = {};

        for (size_t i = 0; i < n; i++)
                tries_add_beside(&beside, &mine, &askers[i], checked);
        return tries_has_place(&beside, &mine);
}

/* As many as there are places for, of an own uid, and of two blocks with all of their uids. */
static void test_a_subordinate_range_leaves_a_place(void **state) {
        struct tries_asker askers[16] = { by(PEER) };
        size_t n = 1;

        (void) state;
        assert_false(has_place(askers, n, by(PEER), true));
        for (uid_t uid = 100000; uid < 100000 + 65536; uid += 64)
                if (has_place(askers, n, by(uid), true)) {
                        assert_in_range(n, 0, ARRAY_LEN(askers) - 1);
                        askers[n++] = by(uid);
                }
        assert_int_equal(n, 1 + 2 * TRIES_AT_ONCE_PER_RANGE);
        assert_true(has_place(askers, n, by(PEER + 1), true));
        assert_true(has_place(askers, n, root_for(""), true));
}

/* Root's do not keep out the others, nor the others root's. */
static void test_root_and_others_have_places_of_their_own(void **state) {
        static const char *const sources[] = { "a", "b", "c", "d", "e" };
        struct tries_asker askers[16];
        size_t n = 0, roots;

        (void) state;
        for (uid_t uid = PEER; has_place(askers, n, by(uid), true); uid++)
                askers[n++] = by(uid);
        assert_int_equal(n, TRIES_AT_ONCE_OTHERS);
        for (roots = 0;
             roots < ARRAY_LEN(sources) && has_place(askers, n, root_for(sources[roots]), true);
             roots++)
                askers[n++] = root_for(sources[roots]);
        assert_int_equal(roots, TRIES_AT_ONCE_ROOT);
        assert_true(has_place(askers + TRIES_AT_ONCE_OTHERS, roots, by(PEER), true));
}

/* A refusal that is delayed takes the place of its asker and its block, and nobody else's. */
static void test_a_delay_is_a_call(void **state) {
        const struct tries_asker askers[] = { by(PEER),  by(PEER + 1), by(PEER + 2), by(PEER + 3),
                                              by(70000), by(70001),    root_for("a") };
        size_t n = ARRAY_LEN(askers);

        (void) state;
        assert_false(has_place(askers, n, by(PEER), false));
        assert_false(has_place(askers, n, by(70002), false));
        assert_false(has_place(askers, n, root_for("a"), false));
        assert_true(has_place(askers, n, by(PEER + 4), false));
        assert_true(has_place(askers, n, root_for("b"), false));
}

#define test_tries(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void) {
        const struct CMUnitTest tests[] = {
                test_tries(test_an_asker_has_a_few_for_a_name),
                test_tries(test_a_success_forgives_nothing_at_other_names),
                test_tries(test_a_success_forgives_the_name),
                test_tries(test_many_names_share_a_bound),
                test_tries(test_nobody_shuts_another_out),
                test_tries(test_each_source_of_root_is_an_asker),
                test_tries(test_a_uid_names_no_source),
                test_tries(test_subordinate_uids_share_a_bound),
                test_tries(test_no_uid_uses_up_its_block),
                test_tries(test_letter_case_is_no_other_user),
                test_tries(test_a_full_table_forgets_the_oldest),
                test_tries(test_a_subordinate_range_leaves_a_place),
                test_tries(test_root_and_others_have_places_of_their_own),
                test_tries(test_a_delay_is_a_call),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

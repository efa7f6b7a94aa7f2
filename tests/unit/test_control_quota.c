/* SPDX-License-Identifier: BSD-2-Clause */
/* How many calls of one uid, and of all, are on their way; and how many changes a day has. */
#include "unit.h"

#include "control/control_state.h"

#define UID 1000

static int make(void **state) {
        *state = calloc(1, sizeof(struct control));
        return *state ? 0 : -1;
}

static int clear(void **state) {
        free(*state);
        return 0;
}

static struct control_call add(struct control *control, const char *member, uid_t uid,
                               enum role role) {
        struct control_call call = {
                .control = control, .method = control_methods_find(member), .uid = uid, .role = role
        };

        control_quota_add(&call);
        return call;
}

static void test_one_uid_has_a_few_calls_at_a_time(void **state) {
        struct control_call calls[CONTROL_CALLS_PER_UID], more;

        for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
                calls[i] = add(*state, "GetStatus", UID, ROLE_USER);
                assert_int_equal(calls[i].error, CONTROL_OK);
        }
        more = add(*state, "GetStatus", UID, ROLE_USER);
        assert_int_equal(more.error, CONTROL_BUSY);
        control_quota_remove(&more);
        more = add(*state, "GetStatus", UID + 1, ROLE_USER);
        assert_int_equal(more.error, CONTROL_OK);
        control_quota_remove(&more);
        more = add(*state, "GetStatus", 0, ROLE_ADMIN);
        assert_int_equal(more.error, CONTROL_OK);
        control_quota_remove(&more);
        control_quota_remove(&calls[0]);
        calls[0] = add(*state, "GetStatus", UID, ROLE_USER);
        assert_int_equal(calls[0].error, CONTROL_OK);
        for (size_t i = 0; i < ARRAY_LEN(calls); i++)
                control_quota_remove(&calls[i]);
        assert_int_equal(((struct control *) *state)->loop.quota.n_calls, 0);
}

static void test_all_uids_leave_room_for_root(void **state) {
        static struct control_call calls[CONTROL_CALLS_MAX];
        struct control_call more;

        for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
                calls[i] = add(*state, "GetStatus", UID + (uid_t) i, ROLE_USER);
                assert_int_equal(calls[i].error, CONTROL_OK);
        }
        more = add(*state, "GetStatus", UID + CONTROL_CALLS_MAX, ROLE_ADMIN);
        assert_int_equal(more.error, CONTROL_BUSY);
        control_quota_remove(&more);
        more = add(*state, "GetStatus", 0, ROLE_ADMIN);
        assert_int_equal(more.error, CONTROL_OK);
        for (size_t i = 0; i < ARRAY_LEN(calls); i++)
                control_quota_remove(&calls[i]);
        more = add(*state, "GetStatus", UID, ROLE_USER);
        assert_int_equal(more.error, CONTROL_OK);
        control_quota_remove(&more);
}

/* A user with its own uid and all uids of the two blocks in which its subordinate range lies leaves
 * room for other users. */
static void test_a_subordinate_range_leaves_room(void **state) {
        static struct control_call calls[CONTROL_CALLS_PER_UID + 2 * CONTROL_CALLS_PER_RANGE], more;
        const struct control_quota *quota = &((struct control *) *state)->loop.quota;
        size_t n = 0;

        for (; n < CONTROL_CALLS_PER_UID; n++) {
                calls[n] = add(*state, "IssueKey", UID + 1, ROLE_USER);
                (void) !control_quota_ask(&calls[n]);
        }
        for (uid_t uid = 100000; uid < 100000 + 65536; uid += 64) {
                struct control_call call = add(*state, "IssueKey", uid, ROLE_USER);

                (void) !control_quota_ask(&call);
                if (call.error != CONTROL_OK) {
                        control_quota_remove(&call);
                        continue;
                }
                assert_in_range(n, 0, ARRAY_LEN(calls) - 1);
                calls[n++] = call;
        }
        assert_int_equal(n, ARRAY_LEN(calls));
        assert_int_equal(quota->n_asks, CONTROL_ASKS_PER_UID + 2 * CONTROL_ASKS_PER_RANGE);
        more = add(*state, "IssueKey", UID, ROLE_USER);
        assert_int_equal(more.error, CONTROL_OK);
        assert_true(control_quota_ask(&more));
        control_quota_remove(&more);
        while (n > 0)
                control_quota_remove(&calls[--n]);
        assert_int_equal(quota->n_calls, 0);
        assert_int_equal(quota->n_asks, 0);
}

static void test_few_ask_who_a_user_is(void **state) {
        struct control_call calls[CONTROL_ASKS_PER_UID + 1], others[CONTROL_ASKS_MAX];
        struct control_call admin = add(*state, "IssueKey", UID, ROLE_ADMIN);

        for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
                calls[i] = add(*state, "IssueKey", UID, ROLE_USER);
                assert_int_equal(control_quota_ask(&calls[i]), i < CONTROL_ASKS_PER_UID);
        }
        /* one that was counted is not counted twice */
        assert_true(control_quota_ask(&calls[0]));
        assert_true(control_quota_ask(&admin));
        for (size_t i = 0; i < ARRAY_LEN(others); i++) {
                others[i] = add(*state, "IssueKey", UID + 1 + (uid_t) i, ROLE_USER);
                assert_int_equal(control_quota_ask(&others[i]),
                                 i + CONTROL_ASKS_PER_UID < CONTROL_ASKS_MAX);
        }
        for (size_t i = 0; i < ARRAY_LEN(others); i++)
                control_quota_remove(&others[i]);
        for (size_t i = 0; i < ARRAY_LEN(calls); i++)
                control_quota_remove(&calls[i]);
        control_quota_remove(&admin);
        assert_int_equal(((struct control *) *state)->loop.quota.n_asks, 0);
        assert_int_equal(((struct control *) *state)->loop.quota.n_calls, 0);
}

/* Only what succeeded counts, only of methods that can be called without end, and nobody's but an
 * administrator's goes on for ever. */
static void test_a_day_has_so_many_changes(void **state) {
        static const struct {
                const char *name, *member;
                enum role role;
                uid_t uid;
                enum control_error error;
        } rows[] = {
                { "another change", "RenameKey", ROLE_USER, UID, CONTROL_LIMIT_EXCEEDED },
                { "another kind", "ResetKey", ROLE_DEVELOPER, UID, CONTROL_LIMIT_EXCEEDED },
                { "it can still revoke", "RevokeKeys", ROLE_USER, UID, CONTROL_OK },
                { "and see", "ListKeys", ROLE_USER, UID, CONTROL_OK },
                { "an administrator", "RenameKey", ROLE_ADMIN, UID, CONTROL_OK },
                { "another user", "RenameKey", ROLE_USER, UID + 1, CONTROL_OK },
        };
        struct control_call call;

        for (int i = 0; i < 10; i++) {
                call = add(*state, "RenameKey", UID, ROLE_USER);
                call.error = CONTROL_NO_SUCH_KEY;
                control_quota_remove(&call);
        }
        for (int i = 0; i < CONTROL_CHANGES_MAX; i++) {
                call = add(*state, "RenameKey", UID, ROLE_USER);
                assert_int_equal(call.error, CONTROL_OK);
                control_quota_remove(&call);
        }
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                call = add(*state, rows[i].member, rows[i].uid, rows[i].role);
                unit_int(rows[i].name, call.error, rows[i].error);
                control_quota_remove(&call);
        }
}

static struct control_call change(struct control *control, const char *member, uid_t uid,
                                  uid_t owner) {
        struct control_call call = add(control, member, uid, uid == 0 ? ROLE_ADMIN : ROLE_USER);

        if (owner != 0 && call.error == CONTROL_OK)
                control_quota_add_owner(&call, owner);
        control_quota_remove(&call);
        return call;
}

/* Neither refused nor successful calls of a whole subordinate range, whatever place they have. */
static void test_no_other_uid_lifts_the_bound(void **state) {
        struct control_call call;

        unit_succeeds("init", control_quota_init(&((struct control *) *state)->loop.quota));
        for (int i = 0; i < CONTROL_CHANGES_MAX; i++)
                (void) change(*state, "RenameKey", UID, 0);
        for (uid_t uid = 100000; uid < 100000 + 65536; uid++) {
                (void) change(*state, "RenameKey", uid, 0);
                call = add(*state, "RenameKey", uid, ROLE_USER);
                control_fail(&call, CONTROL_NO_SUCH_KEY, "none");
                control_quota_remove(&call);
        }
        call = change(*state, "RenameKey", UID, 0);
        assert_int_equal(call.error, CONTROL_LIMIT_EXCEEDED);
}

/* Whatever uid asks with the password, the keys are the owner's changes. */
static void test_an_owner_counts_through_other_uids(void **state) {
        struct control_call call;

        for (uid_t i = 0; i < CONTROL_CHANGES_MAX; i++) {
                call = change(*state, "IssueKeyWithPassword", i % 4 == 0 ? 0 : 100000 + i, UID);
                assert_int_equal(call.error, CONTROL_OK);
        }
        call = change(*state, "IssueKeyWithPassword", 300000, UID);
        assert_int_equal(call.error, CONTROL_LIMIT_EXCEEDED);
        call = change(*state, "IssueKeyWithPassword", 0, UID);
        assert_int_equal(call.error, CONTROL_LIMIT_EXCEEDED);
        call = change(*state, "RenameKey", UID, 0);
        assert_int_equal(call.error, CONTROL_LIMIT_EXCEEDED);
        call = change(*state, "IssueKeyWithPassword", 0, UID + 1);
        assert_int_equal(call.error, CONTROL_OK);
}

/* With its own uid it counts once. */
static void test_an_owner_who_asks_counts_once(void **state) {
        for (int i = 0; i < CONTROL_CHANGES_MAX; i++) {
                struct control_call call = change(*state, "IssueKeyWithPassword", UID, UID);

                assert_int_equal(call.error, CONTROL_OK);
        }
        assert_int_equal(change(*state, "IssueKeyWithPassword", UID, UID).error,
                         CONTROL_LIMIT_EXCEEDED);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_one_uid_has_a_few_calls_at_a_time, make,
                                                clear),
                cmocka_unit_test_setup_teardown(test_all_uids_leave_room_for_root, make, clear),
                cmocka_unit_test_setup_teardown(test_few_ask_who_a_user_is, make, clear),
                cmocka_unit_test_setup_teardown(test_a_subordinate_range_leaves_room, make, clear),
                cmocka_unit_test_setup_teardown(test_a_day_has_so_many_changes, make, clear),
                cmocka_unit_test_setup_teardown(test_no_other_uid_lifts_the_bound, make, clear),
                cmocka_unit_test_setup_teardown(test_an_owner_counts_through_other_uids, make,
                                                clear),
                cmocka_unit_test_setup_teardown(test_an_owner_who_asks_counts_once, make, clear),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

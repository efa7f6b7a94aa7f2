/* SPDX-License-Identifier: BSD-2-Clause */
/* Which role may do what on the control socket: the whole matrix. */
#include "unit.h"

#include "base/role.h"

enum { NO, YES };

/* One row for each verb. Where a column depends on the role alone, it stands for hosts with and
 * without a developer group. */
static const struct {
        const char *name;
        enum role_verb verb;
        bool developer_own, developer_other;
        bool user_own_with_group, user_own_without_group, user_other;
} rows[] = {
        { "policy", ROLE_VERB_POLICY, NO, NO, NO, NO, NO },
        { "issue", ROLE_VERB_ISSUE, YES, NO, NO, YES, NO },
        { "issue with a password", ROLE_VERB_ISSUE_PASSWORD, YES, YES, YES, YES, YES },
        { "rename", ROLE_VERB_RENAME, YES, NO, NO, YES, NO },
        { "reset", ROLE_VERB_RESET, YES, NO, NO, YES, NO },
        { "list", ROLE_VERB_LIST, YES, NO, YES, YES, NO },
        { "revoke", ROLE_VERB_REVOKE, YES, NO, YES, YES, NO },
        { "revive", ROLE_VERB_REVIVE, NO, NO, NO, NO, NO },
        { "remove", ROLE_VERB_REMOVE, YES, NO, YES, YES, NO },
        { "remove-all", ROLE_VERB_REMOVE_ALL, NO, NO, NO, NO, NO },
        { "status", ROLE_VERB_STATUS, YES, YES, YES, YES, YES },
        { "statistics", ROLE_VERB_STATISTICS, NO, NO, NO, NO, NO },
        { "audit", ROLE_VERB_AUDIT, YES, NO, YES, YES, NO },
        { "audit-check", ROLE_VERB_AUDIT_CHECK, NO, NO, NO, NO, NO },
        { "diagnose", ROLE_VERB_DIAGNOSE, NO, NO, NO, NO, NO },
        { "reload", ROLE_VERB_RELOAD, NO, NO, NO, NO, NO },
        { "account", ROLE_VERB_ACCOUNT, NO, NO, NO, NO, NO },
        { "bind", ROLE_VERB_BIND, YES, NO, NO, YES, NO },
        { "certificate", ROLE_VERB_CERTIFICATE, NO, NO, NO, NO, NO },
        { "mirror", ROLE_VERB_MIRROR, NO, NO, NO, NO, NO },
        { "fleet", ROLE_VERB_FLEET, NO, NO, NO, NO, NO },
        { "carry", ROLE_VERB_CARRY, NO, NO, NO, NO, NO },
        { "burn", ROLE_VERB_BURN, YES, YES, YES, YES, YES },
};

static void test_every_verb_is_in_the_matrix(void **state) {
        (void) state;
        assert_int_equal(ARRAY_LEN(rows), _ROLE_VERB_MAX);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                unit_int(rows[i].name, rows[i].verb, i);
        assert_int_equal(_ROLE_MAX, 5);
}

static void test_administrators_may_do_everything(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                for (unsigned bits = 0; bits < 4; bits++)
                        unit_int(rows[i].name,
                                 role_may(ROLE_ADMIN, rows[i].verb, bits & 1, bits & 2), true);
}

static void test_developers_may_do_what_the_matrix_says(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                for (unsigned group = 0; group < 2; group++) {
                        unit_int(rows[i].name, role_may(ROLE_DEVELOPER, rows[i].verb, true, group),
                                 rows[i].developer_own);
                        unit_int(rows[i].name, role_may(ROLE_DEVELOPER, rows[i].verb, false, group),
                                 rows[i].developer_other);
                }
}

static void test_users_may_do_what_the_matrix_says(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                unit_int(rows[i].name, role_may(ROLE_USER, rows[i].verb, true, true),
                         rows[i].user_own_with_group);
                unit_int(rows[i].name, role_may(ROLE_USER, rows[i].verb, true, false),
                         rows[i].user_own_without_group);
                for (unsigned group = 0; group < 2; group++)
                        unit_int(rows[i].name, role_may(ROLE_USER, rows[i].verb, false, group),
                                 rows[i].user_other);
        }
}

static void test_fleetd_carries_and_nothing_else(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                for (unsigned bits = 0; bits < 4; bits++) {
                        bool may = role_may(ROLE_FLEET, rows[i].verb, bits & 1, bits & 2);

                        /* beyond what everybody may */
                        unit_int(rows[i].name,
                                 may && !role_may(ROLE_USER, rows[i].verb, bits & 1, bits & 2),
                                 rows[i].verb == ROLE_VERB_CARRY);
                }
}

static void test_issuers_do_three_things(void **state) {
        (void) state;
        for (int verb = -1; verb <= _ROLE_VERB_MAX; verb++)
                unit_int("verb", role_issues((enum role_verb) verb),
                         verb == ROLE_VERB_ISSUE || verb == ROLE_VERB_LIST ||
                                 verb == ROLE_VERB_REVOKE);
}

static void test_who_makes_keys_for_other_hosts(void **state) {
        (void) state;
        for (int role = -1; role <= _ROLE_MAX; role++)
                unit_int("role", role_shares((enum role) role),
                         role == ROLE_ADMIN || role == ROLE_DEVELOPER);
}

static void test_a_reader_sees_all_keys_and_nothing_else(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                for (unsigned bits = 0; bits < 4; bits++) {
                        bool may = role_may(ROLE_READER, rows[i].verb, bits & 1, bits & 2);

                        /* beyond what everybody may */
                        unit_int(rows[i].name,
                                 may && !role_may(ROLE_USER, rows[i].verb, bits & 1, bits & 2),
                                 rows[i].verb == ROLE_VERB_LIST && !(bits & 1));
                }
}

static void test_what_is_not_known_may_not_be_done(void **state) {
        static const int others[] = { _ROLE_VERB_MAX, _ROLE_VERB_MAX + 1, 255, INT32_MAX, -1,
                                      INT32_MIN };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(others); i++) {
                for (int role = 0; role < _ROLE_MAX; role++)
                        assert_int_equal(
                                role_may((enum role) role, (enum role_verb) others[i], true, false),
                                false);
                if (others[i] < 0 || others[i] >= _ROLE_MAX)
                        for (int verb = 0; verb < _ROLE_VERB_MAX; verb++)
                                assert_int_equal(role_may((enum role) others[i],
                                                          (enum role_verb) verb, true, false),
                                                 false);
        }
        assert_int_equal(role_may(_ROLE_MAX, ROLE_VERB_STATUS, true, false), false);
}

static void test_a_zeroed_role_is_the_least(void **state) {
        (void) state;
        assert_int_equal(ROLE_USER, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_verb_is_in_the_matrix),
                cmocka_unit_test(test_administrators_may_do_everything),
                cmocka_unit_test(test_developers_may_do_what_the_matrix_says),
                cmocka_unit_test(test_users_may_do_what_the_matrix_says),
                cmocka_unit_test(test_fleetd_carries_and_nothing_else),
                cmocka_unit_test(test_issuers_do_three_things),
                cmocka_unit_test(test_who_makes_keys_for_other_hosts),
                cmocka_unit_test(test_a_reader_sees_all_keys_and_nothing_else),
                cmocka_unit_test(test_what_is_not_known_may_not_be_done),
                cmocka_unit_test(test_a_zeroed_role_is_the_least),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

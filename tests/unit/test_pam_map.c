/* SPDX-License-Identifier: BSD-2-Clause */
/* Which PAM code stands for which outcome of a question. Success and PAM_IGNORE stand in one place
 * each. */
#include <security/_pam_types.h>

#include "unit.h"

#include "pam_map.h"

static const struct {
        const char *name;
        enum outcome outcome;
        int auth, auth_key, account;
} rows[] = {
        { "unavailable", OUTCOME_UNAVAILABLE, PAM_AUTHINFO_UNAVAIL, PAM_AUTHINFO_UNAVAIL,
          PAM_AUTHINFO_UNAVAIL },
        { "allow", OUTCOME_ALLOW, PAM_AUTHINFO_UNAVAIL, PAM_SUCCESS, PAM_SUCCESS },
        { "deny", OUTCOME_DENY, PAM_AUTH_ERR, PAM_AUTH_ERR, PAM_PERM_DENIED },
        { "deny certificate", OUTCOME_DENY_CERTIFICATE, PAM_AUTH_ERR, PAM_AUTH_ERR,
          PAM_PERM_DENIED },
        { "not a key", OUTCOME_NOT_A_KEY, PAM_CRED_UNAVAIL, PAM_AUTHINFO_UNAVAIL, PAM_IGNORE },
        { "bad option", OUTCOME_BAD_OPTION, PAM_SERVICE_ERR, PAM_AUTHINFO_UNAVAIL,
          PAM_SERVICE_ERR },
        { "no memory", OUTCOME_NO_MEMORY, PAM_BUF_ERR, PAM_AUTHINFO_UNAVAIL, PAM_BUF_ERR },
        { "conversation", OUTCOME_CONVERSATION, PAM_CONV_ERR, PAM_AUTHINFO_UNAVAIL, PAM_CONV_ERR },
        { "again", OUTCOME_AGAIN, PAM_INCOMPLETE, PAM_INCOMPLETE, PAM_INCOMPLETE },
        { "no user", OUTCOME_NO_USER, PAM_USER_UNKNOWN, PAM_AUTH_ERR, PAM_USER_UNKNOWN },
};

static const int outside[] = {
        _OUTCOME_MAX, _OUTCOME_MAX + 1, 255, 0x600d, INT32_MAX, -1, INT32_MIN
};

static void test_every_outcome_has_the_codes_of_the_design(void **state) {
        (void) state;
        assert_int_equal(ARRAY_LEN(rows), _OUTCOME_MAX);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                unit_int(rows[i].name, rows[i].outcome, i);
                unit_int(rows[i].name, pam_map_auth(rows[i].outcome, false), rows[i].auth);
                unit_int(rows[i].name, pam_map_auth(rows[i].outcome, true), rows[i].auth_key);
                unit_int(rows[i].name, pam_map_account(rows[i].outcome), rows[i].account);
        }
}

static void test_success_stands_for_allow_alone(void **state) {
        (void) state;
        for (int i = -70000; i < 70000; i++) {
                unit_int("no key", pam_map_auth((enum outcome) i, false) == PAM_SUCCESS, false);
                unit_int("a key", pam_map_auth((enum outcome) i, true) == PAM_SUCCESS,
                         i == OUTCOME_ALLOW);
                unit_int("account", pam_map_account((enum outcome) i) == PAM_SUCCESS,
                         i == OUTCOME_ALLOW);
        }
}

static void test_ignore_stands_for_an_account_without_a_key_alone(void **state) {
        (void) state;
        for (int i = -70000; i < 70000; i++) {
                unit_int("no key", pam_map_auth((enum outcome) i, false) == PAM_IGNORE, false);
                unit_int("a key", pam_map_auth((enum outcome) i, true) == PAM_IGNORE, false);
                unit_int("account", pam_map_account((enum outcome) i) == PAM_IGNORE,
                         i == OUTCOME_NOT_A_KEY);
        }
}

/* The documented stacks send every code on but success, auth_err and authinfo_unavail.
 * PAM_INCOMPLETE ends the stack by itself. */
static void test_no_key_goes_on_and_no_password_is_stopped(void **state) {
        (void) state;
        for (int i = -70000; i < 70000; i++) {
                int rv = pam_map_auth((enum outcome) i, true);

                if (rv != PAM_SUCCESS && rv != PAM_AUTH_ERR && rv != PAM_INCOMPLETE)
                        unit_int("a key", rv, PAM_AUTHINFO_UNAVAIL);
        }
        assert_int_equal(pam_map_auth(OUTCOME_NOT_A_KEY, false), PAM_CRED_UNAVAIL);
        for (int i = 0; i < _OUTCOME_MAX; i++)
                if (i != OUTCOME_NOT_A_KEY)
                        assert_int_not_equal(pam_map_auth((enum outcome) i, false),
                                             PAM_CRED_UNAVAIL);
}

static void test_no_outcome_asks_for_a_new_token(void **state) {
        (void) state;
        for (int i = 0; i < _OUTCOME_MAX; i++) {
                assert_int_not_equal(pam_map_auth((enum outcome) i, false), PAM_NEW_AUTHTOK_REQD);
                assert_int_not_equal(pam_map_auth((enum outcome) i, true), PAM_NEW_AUTHTOK_REQD);
                assert_int_not_equal(pam_map_account((enum outcome) i), PAM_NEW_AUTHTOK_REQD);
        }
}

static void test_what_is_outside_is_unavailable(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(outside); i++) {
                assert_int_equal(pam_map_auth((enum outcome) outside[i], false),
                                 PAM_AUTHINFO_UNAVAIL);
                assert_int_equal(pam_map_auth((enum outcome) outside[i], true),
                                 PAM_AUTHINFO_UNAVAIL);
                assert_int_equal(pam_map_account((enum outcome) outside[i]), PAM_AUTHINFO_UNAVAIL);
                assert_string_equal(pam_map_name((enum outcome) outside[i]), "unknown outcome");
        }
}

static void test_zero_is_unavailable(void **state) {
        enum outcome zeroed = { 0 };

        (void) state;
        assert_int_equal(zeroed, OUTCOME_UNAVAILABLE);
}

static void test_verdicts_have_their_outcomes(void **state) {
        static const struct {
                const char *name;
                int verdict;
                enum outcome outcome;
        } verdicts[] = {
                { "allow", VERDICT_ALLOW, OUTCOME_ALLOW },
                { "deny", VERDICT_DENY, OUTCOME_DENY },
                { "deny certificate", VERDICT_DENY_CERTIFICATE, OUTCOME_DENY_CERTIFICATE },
                { "internal", VERDICT_INTERNAL, OUTCOME_UNAVAILABLE },
                { "version", VERDICT_VERSION, OUTCOME_UNAVAILABLE },
                { "unknown", 4, OUTCOME_UNAVAILABLE },
                { "nearly allow", 0x600c, OUTCOME_UNAVAILABLE },
                { "less than all", -1, OUTCOME_UNAVAILABLE },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(verdicts); i++)
                unit_int(verdicts[i].name, pam_map_verdict((enum verdict) verdicts[i].verdict),
                         verdicts[i].outcome);
        for (int i = -70000; i < 70000; i++)
                if (pam_map_verdict((enum verdict) i) == OUTCOME_ALLOW)
                        assert_int_equal(i, VERDICT_ALLOW);
}

static void test_hooks_that_decide_nothing_fail_no_login(void **state) {
        (void) state;
        assert_int_equal(pam_map_session(), PAM_SUCCESS);
        assert_int_equal(pam_map_password(), PAM_IGNORE);
}

static void test_setcred_ends_a_stack_after_a_key_alone(void **state) {
        (void) state;
        assert_int_equal(pam_map_setcred(true), PAM_SUCCESS);
        assert_int_equal(pam_map_setcred(false), PAM_IGNORE);
}

static void test_every_outcome_has_a_name_of_its_own(void **state) {
        (void) state;
        for (int i = 0; i < _OUTCOME_MAX; i++)
                for (int j = 0; j < i; j++)
                        assert_string_not_equal(pam_map_name((enum outcome) i),
                                                pam_map_name((enum outcome) j));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_outcome_has_the_codes_of_the_design),
                cmocka_unit_test(test_success_stands_for_allow_alone),
                cmocka_unit_test(test_ignore_stands_for_an_account_without_a_key_alone),
                cmocka_unit_test(test_no_key_goes_on_and_no_password_is_stopped),
                cmocka_unit_test(test_no_outcome_asks_for_a_new_token),
                cmocka_unit_test(test_what_is_outside_is_unavailable),
                cmocka_unit_test(test_zero_is_unavailable),
                cmocka_unit_test(test_verdicts_have_their_outcomes),
                cmocka_unit_test(test_hooks_that_decide_nothing_fail_no_login),
                cmocka_unit_test(test_setcred_ends_a_stack_after_a_key_alone),
                cmocka_unit_test(test_every_outcome_has_a_name_of_its_own),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

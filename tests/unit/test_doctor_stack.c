/* SPDX-License-Identifier: BSD-2-Clause */
/* What doctor says of PAM stacks: README's lines in front of Debian's own are fine, and each way
 * to get them wrong is found. */
#include "unit.h"

#include "doctor/doctor_stack.h"

#define KEY     "auth [success=done auth_err=die authinfo_unavail=die default=ignore] pam_wfapikey.so\n"
#define CONFIRM "account required pam_wfapikey.so\n"
#define COMMON  "@include common-auth\n@include common-account\n"

/* Debian 12's. */
static const struct {
        const char *name, *text;
} files[] = {
        { "common-auth",
          "auth [success=1 default=ignore] pam_unix.so nullok\nauth requisite pam_deny.so\n"
          "auth required pam_permit.so\n" },
        { "common-account",
          "account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so\naccount requisite "
          "pam_deny.so\naccount required pam_permit.so\n" },
        { "sshd", "@include common-auth\naccount required pam_nologin.so\n@include common-account\n"
                  "session required pam_loginuid.so\n" },
        { "su", "auth sufficient pam_rootok.so\nsession required pam_env.so readenv=1\n" COMMON },
        { "sudo", "session required pam_limits.so\n" COMMON },
        { "login",
          "auth optional pam_faildelay.so delay=3000000\nauth requisite pam_nologin.so\n@include "
          "common-auth\nauth optional pam_group.so\n@include common-account\n" },
        { "faillock",
          "auth required pam_env.so\nauth requisite pam_faillock.so preauth\nauth [success=1 "
          "default=bad] pam_unix.so\nauth [default=die] pam_faillock.so authfail\nauth sufficient "
          "pam_faillock.so authsucc\nauth required pam_deny.so\n@include common-account\n" },
        { "redhat", "auth required pam_env.so\nauth required pam_faildelay.so delay=2000000\n"
                    "auth [default=1 ignore=ignore success=ok] pam_usertype.so isregular\n"
                    "auth [default=1 ignore=ignore success=ok] pam_localuser.so\nauth sufficient "
                    "pam_unix.so\n"
                    "auth [default=1 ignore=ignore success=ok] pam_usertype.so isregular\n"
                    "auth sufficient pam_sss.so forward_pass\nauth required pam_deny.so\n@include "
                    "common-account\n" },
};

static const struct {
        const char *stack;
        unsigned problems;
} rows[] = {
        { COMMON, 0 }, /* not ours to judge */
        { KEY CONFIRM "@include sshd\n", 0 },
        { KEY CONFIRM "@include su\n", 0 },
        { KEY CONFIRM "@include sudo\n", 0 },
        { KEY CONFIRM "@include login\n", 0 },
        { KEY CONFIRM "@include faillock\n", 0 },
        { KEY CONFIRM "@include redhat\n", 0 },
        { "auth substack sshd\n" KEY "@include common-account\n" CONFIRM, DOCTOR_STACK_KEYS_FAIL },
        { "auth required pam_wfapikey.so timeout=1\n" CONFIRM, 0 },
        { "auth required pam_wfapikey.so\nauth required pam_permit.so\n" CONFIRM, 0 },
        { "auth sufficient pam_wfapikey.so\n" CONFIRM COMMON, DOCTOR_STACK_KEYS_GO_ON },
        { "auth sufficient pam_wfapikey.so\nauth required pam_deny.so\n" CONFIRM, 0 },
        { "auth [success=3 default=ignore] pam_wfapikey.so\n@include common-auth\nauth required "
          "pam_permit.so\n" CONFIRM "@include common-account\n",
          DOCTOR_STACK_KEYS_GO_ON },
        { CONFIRM "@include common-account\n", 0 },
        { CONFIRM COMMON, DOCTOR_STACK_AUTH_MISSING },
        { "auth sufficient /usr/lib/security/pam_wfapikey.so\n" CONFIRM COMMON,
          DOCTOR_STACK_KEYS_GO_ON },

        /* open */
        { "auth optional pam_wfapikey.so\nauth required pam_permit.so\n" CONFIRM,
          DOCTOR_STACK_AUTH_OPEN },
        { "auth sufficient pam_wfapikey.so\nauth required pam_permit.so\n" CONFIRM,
          DOCTOR_STACK_AUTH_OPEN },
        { "auth required pam_env.so\nauth optional pam_wfapikey.so\n" CONFIRM,
          DOCTOR_STACK_AUTH_OPEN },
        { "auth optional pam_faildelay.so\n" KEY CONFIRM, DOCTOR_STACK_AUTH_OPEN },
        { "auth [success=ok auth_err=bad default=ignore] pam_wfapikey.so\nauth required "
          "pam_permit.so\n" CONFIRM,
          DOCTOR_STACK_AUTH_OPEN },
        { "auth [success=done auth_err=1 default=ignore] pam_wfapikey.so\nauth required "
          "pam_deny.so\nauth "
          "required pam_permit.so\n" CONFIRM,
          DOCTOR_STACK_AUTH_OPEN },
        { "auth [default=1] pam_wfapikey.so\nauth required pam_unix.so\nauth required "
          "pam_permit.so\n" CONFIRM "@include common-account\n",
          DOCTOR_STACK_AUTH_OPEN },
        { KEY "auth optional pam_unix.so\nauth required pam_permit.so\n" CONFIRM
              "@include common-account\n",
          DOCTOR_STACK_AUTH_OPEN },

        /* closed to keys, or to passwords */
        { "auth required pam_wfapikey.so\n" CONFIRM COMMON,
          DOCTOR_STACK_KEYS_FAIL | DOCTOR_STACK_PASSWORDS_FAIL | DOCTOR_STACK_KEYS_GO_ON },
        { "auth requisite pam_wfapikey.so\n" CONFIRM COMMON,
          DOCTOR_STACK_KEYS_FAIL | DOCTOR_STACK_PASSWORDS_FAIL },
        { "auth [success=done default=die] pam_wfapikey.so\n" CONFIRM COMMON,
          DOCTOR_STACK_PASSWORDS_FAIL },
        { "auth [success=done cred_unavail=ignore default=die] pam_wfapikey.so\n" CONFIRM COMMON,
          0 },
        { "auth [success=done auth_err=ignore default=die] pam_wfapikey.so\n" CONFIRM COMMON,
          DOCTOR_STACK_PASSWORDS_FAIL | DOCTOR_STACK_KEYS_GO_ON },
        { "auth [success=9 auth_err=die authinfo_unavail=die default=ignore] "
          "pam_wfapikey.so\n" CONFIRM COMMON,
          DOCTOR_STACK_KEYS_FAIL },
        { COMMON KEY CONFIRM, DOCTOR_STACK_KEYS_FAIL },
        { "auth [sucess=done default=ignore] pam_wfapikey.so\n" CONFIRM COMMON,
          DOCTOR_STACK_KEYS_FAIL | DOCTOR_STACK_PASSWORDS_FAIL | DOCTOR_STACK_KEYS_GO_ON },

        /* a key goes on */
        { "auth [success=done default=ignore] pam_wfapikey.so\n" CONFIRM COMMON,
          DOCTOR_STACK_KEYS_GO_ON },
        { "auth [success=done default=ignore] pam_wfapikey.so\n" CONFIRM "@include faillock\n",
          DOCTOR_STACK_KEYS_GO_ON },
        { "auth [success=done auth_err=die default=ignore] pam_wfapikey.so\n" CONFIRM COMMON,
          DOCTOR_STACK_KEYS_GO_ON },
        { "auth [success=done authinfo_unavail=die default=ignore] pam_wfapikey.so\n" CONFIRM
                  COMMON,
          DOCTOR_STACK_KEYS_GO_ON },
        { "auth [success=done default=ignore] pam_wfapikey.so\nauth requisite "
          "pam_deny.so\n" CONFIRM,
          0 },
        { "auth requisite pam_faillock.so preauth\n" KEY CONFIRM "@include faillock\n", 0 },

        /* account */
        { KEY COMMON, DOCTOR_STACK_ACCOUNT_MISSING },
        { KEY "account [default=ignore] pam_wfapikey.so\n" COMMON, DOCTOR_STACK_ACCOUNT_OPEN },
        { KEY "account optional pam_wfapikey.so\n" COMMON, DOCTOR_STACK_ACCOUNT_OPEN },
        { KEY "account sufficient pam_wfapikey.so\n" COMMON,
          DOCTOR_STACK_ACCOUNT_OPEN | DOCTOR_STACK_ACCOUNT_SKIPS },
        { KEY "@include common-auth\naccount sufficient pam_unix.so\n" CONFIRM,
          DOCTOR_STACK_ACCOUNT_OPEN | DOCTOR_STACK_ACCOUNT_SKIPS },
        { KEY "account [success=2 ignore=ignore default=bad] pam_wfapikey.so\n" COMMON,
          DOCTOR_STACK_ACCOUNT_SKIPS },
        { KEY "account [success=ok ignore=ignore authinfo_unavail=ignore default=bad] "
              "pam_wfapikey.so\n" COMMON,
          DOCTOR_STACK_ACCOUNT_UNSURE },
        { KEY "@include common-auth\n" CONFIRM, DOCTOR_STACK_ACCOUNT_LOCKS },
        { KEY "account [default=bad] pam_wfapikey.so\n" COMMON,
          DOCTOR_STACK_ACCOUNT_LOCKS | DOCTOR_STACK_ACCOUNT_KEYS },
        { KEY CONFIRM COMMON "@include gone\n", DOCTOR_STACK_DEAD },
};

static char *load(const char *name, void *userdata) {
        if (strcmp(name, "test") == 0)
                return strdup(*(const char *const *) userdata);
        for (size_t i = 0; i < ARRAY_LEN(files); i++)
                if (strcmp(files[i].name, name) == 0)
                        return strdup(files[i].text);
        return NULL;
}

static void test_each_stack_has_the_problems_that_it_has(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                __attribute__((cleanup(pamstack_done))) struct pamstack stack = {}, other = {};
                const char *text = rows[i].stack;

                unit_int(text, pamstack_read("test", load, &text, &stack), 0);
                unit_int(rows[i].stack, doctor_stack_judge(&stack, &other), rows[i].problems);
        }
}

static void test_what_a_service_does_not_have_is_taken_from_other(void **state) {
        static const struct {
                const char *stack, *other;
                unsigned problems;
        } those[] = {
                { KEY "@include common-auth\n", CONFIRM "@include common-account\n", 0 },
                { KEY "@include common-auth\n", "account required pam_permit.so\n",
                  DOCTOR_STACK_ACCOUNT_MISSING },
                { CONFIRM, "auth required pam_unix.so\n", DOCTOR_STACK_ACCOUNT_LOCKS },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(those); i++) {
                __attribute__((cleanup(pamstack_done))) struct pamstack stack = {}, other = {};
                const char *text = those[i].stack;

                unit_int(text, pamstack_read("test", load, &text, &stack), 0);
                text = those[i].other;
                unit_int(text, pamstack_read("test", load, &text, &other), 0);
                unit_int(those[i].stack, doctor_stack_judge(&stack, &other), those[i].problems);
        }
}

/* Every problem is in some row: one that nothing shows could not be there at all. */
static void test_every_problem_has_a_row(void **state) {
        unsigned all = 0;

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                all |= rows[i].problems;
        assert_int_equal(all, _DOCTOR_STACK_END - 1);
}

static void test_our_line_is_found(void **state) {
        __attribute__((cleanup(pamstack_done))) struct pamstack stack = {};
        const char *text = "@include common-auth\n\n" KEY CONFIRM;
        const struct pamstack_line *line;

        (void) state;
        assert_int_equal(pamstack_read("test", load, &text, &stack), 0);
        line = doctor_stack_line(&stack, PAMSTACK_ACCOUNT);
        assert_non_null(line);
        assert_int_equal(line->number, 4);
        assert_string_equal(line->file, "test");
        assert_null(doctor_stack_line(&stack, PAMSTACK_SESSION));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_each_stack_has_the_problems_that_it_has),
                cmocka_unit_test(test_what_a_service_does_not_have_is_taken_from_other),
                cmocka_unit_test(test_every_problem_has_a_row),
                cmocka_unit_test(test_our_line_is_found),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Account confirms a login with a key and has no opinion of any other login. It asks the daemon
 * again unless this process got its verdict a moment ago. Real module, real libpam, real daemon,
 * with a stand-in between them that counts. */
#include <stdio.h>
#include <unistd.h>

#include "check.h"
#include "suite.h"

static void test_fresh(void **state) {
        (void) state;
        for (;;) {
                int64_t begin = world_now_ms();
                struct login l;
                bool in_time;
                unsigned asked;
                int rv;

                check_login(&l, "svc", &key);
                rv = pam_acct_mgmt(l.pamh, 0);
                in_time = world_now_ms() - begin < 1000;
                asked = standin_asked(&standin);
                assert_pam(rv, PAM_SUCCESS);
                assert_int_equal(l.calls, 0);
                login_close(&l);
                /* On a busy machine it need not be in time. */
                if (in_time) {
                        assert_int_equal(asked, 0);
                        return;
                }
        }
}

static void test_later(void **state) {
        struct login l;

        (void) state;
        check_login(&l, "svc", &key);
        login_age();
        check_account(&l, PAM_SUCCESS, 1);
        check_account(&l, PAM_SUCCESS, 1);
        login_close(&l);
}

/* sshd: the account check runs in another process than authenticate. */
static void test_in_child(void **state) {
        struct login l;
        pid_t pid;

        (void) state;
        check_login(&l, "svc", &key);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
                _exit(pam_acct_mgmt(l.pamh, 0));
        assert_int_equal(world_wait(pid), PAM_SUCCESS);
        assert_int_equal(standin_asked(&standin), 1);
        login_close(&l);
}

static void test_after_restart(void **state) {
        struct login l;

        (void) state;
        check_login(&l, "svc", &key);
        world_stop(&world);
        login_age();
        check_account(&l, PAM_AUTHINFO_UNAVAIL, 2);
        world_start(&world);
        check_account(&l, PAM_SUCCESS, 1);
        login_close(&l);
}

static void check_account_denied(const char *noun, const char *verb, const char *word,
                                 const char *back) {
        struct world_key doomed;
        struct login l;

        world_issue(&world, &doomed, NULL);
        check_login(&l, "svc", &doomed);
        world_do(&world, noun, verb, word ? word : doomed.id, NULL);
        login_age();
        check_account(&l, PAM_PERM_DENIED, 1);
        if (back)
                world_do(&world, noun, verb, back, NULL);
        login_close(&l);
}

static void test_revoked(void **state) {
        (void) state;
        check_account_denied("key", "revoke", NULL, NULL);
}

static void test_removed(void **state) {
        (void) state;
        check_account_denied("key", "remove", NULL, NULL);
}

static void test_reset(void **state) {
        (void) state;
        check_account_denied("key", "reset", NULL, NULL);
}

static void test_disabled(void **state) {
        (void) state;
        check_account_denied("policy", "set", "enabled=no", "enabled=yes");
}

static void test_certificate(void **state) {
        (void) state;
        check_account_denied("policy", "set", "require-certificate=yes", "require-certificate=no");
}

static void test_expired(void **state) {
        struct world_key doomed;
        struct login l;

        (void) state;
        world_issue(&world, &doomed, NULL);
        check_login(&l, "svc", &doomed);
        world_do(&world, "policy", "set", "lifetime=1s", NULL);
        world_await_status(&world, doomed.id, "expired");
        login_age();
        check_account(&l, PAM_PERM_DENIED, 1);
        login_close(&l);
        world_do(&world, "policy", "set", "lifetime=1month", NULL);
}

static void test_other_user(void **state) {
        struct login l;

        (void) state;
        check_login(&l, "svc", &key);
        assert_pam(pam_set_item(l.pamh, PAM_USER, "somebody-else"), PAM_SUCCESS);
        check_account(&l, PAM_PERM_DENIED, 0);
        login_age();
        check_account(&l, PAM_PERM_DENIED, 0);
        assert_pam(pam_set_item(l.pamh, PAM_USER, world.user), PAM_SUCCESS);
        check_account(&l, PAM_SUCCESS, 1);
        login_close(&l);
}

static void check_other_service(void (*wait)(void)) {
        struct world_key narrow;
        struct login l;

        world_issue(&world, &narrow, "--service=svc", NULL);
        check_login(&l, "svc", &narrow);
        assert_pam(pam_set_item(l.pamh, PAM_SERVICE, "alone"), PAM_SUCCESS);
        if (wait)
                wait();
        check_account(&l, PAM_PERM_DENIED, 1);
        login_close(&l);
}

static void test_other_service(void **state) {
        (void) state;
        check_other_service(login_age);
}

/* Within the second for which the answer of the login counts. */
static void test_other_service_at_once(void **state) {
        (void) state;
        check_other_service(NULL);
}

/* A service that says another source after authenticate. */
static void test_other_source_at_once(void **state) {
        struct world_key narrow;
        struct login l;

        (void) state;
        world_issue(&world, &narrow, "--from=192.0.2.0/24", NULL);
        login_open(&l, &world, "alone", world.user);
        assert_pam(pam_set_item(l.pamh, PAM_RHOST, "192.0.2.1"), PAM_SUCCESS);
        assert_pam(login_try(&l, narrow.text), PAM_SUCCESS);
        login_forget(&l);
        (void) standin_asked(&standin);
        assert_pam(pam_set_item(l.pamh, PAM_RHOST, "203.0.113.9"), PAM_SUCCESS);
        check_account(&l, PAM_PERM_DENIED, 1);
        login_close(&l);
}

/* What one daemon said is not what another says. */
static void test_other_daemon_at_once(void **state) {
        static const char *const services[] = { "down", "other-uid" };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(services); i++) {
                struct login l;

                check_login(&l, services[i], &key);
                assert_pam(pam_acct_mgmt(l.pamh, 0), PAM_AUTHINFO_UNAVAIL);
                (void) standin_asked(&standin);
                login_close(&l);
        }
}

/* libpam returns PAM_PERM_DENIED for a stack in which no module had an opinion. */
static void test_without_key(void **state) {
        static const char *const tokens[] = { NULL, "hunter2" };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(tokens); i++) {
                struct login l;

                login_open(&l, &world, "alone", world.user);
                if (tokens[i])
                        assert_pam(login_try(&l, tokens[i]), PAM_CRED_UNAVAIL);
                login_forget(&l);
                check_account(&l, PAM_PERM_DENIED, 0);
                login_close(&l);

                login_open(&l, &world, "with-others", world.user);
                if (tokens[i])
                        assert_pam(login_try(&l, tokens[i]), PAM_SUCCESS);
                login_forget(&l);
                check_account(&l, PAM_SUCCESS, 0);
                login_close(&l);
        }
}

static void test_denial_is_final(void **state) {
        struct world_key doomed;
        struct login l;

        (void) state;
        world_issue(&world, &doomed, NULL);
        check_login(&l, "with-others", &doomed);
        world_do(&world, "key", "revoke", doomed.id, NULL);
        login_age();
        check_account(&l, PAM_PERM_DENIED, 1);
        login_close(&l);
}

static void test_daemon_down(void **state) {
        struct login l;

        (void) state;
        check_login(&l, "down", &key);
        login_age();
        assert_pam(pam_acct_mgmt(l.pamh, 0), PAM_AUTHINFO_UNAVAIL);
        assert_int_equal(l.calls, 0);
        login_close(&l);
}

static void test_bad_option(void **state) {
        struct login l;

        (void) state;
        check_login(&l, "misspelt", &key);
        check_account(&l, PAM_SERVICE_ERR, 0);
        login_close(&l);
        login_open(&l, &world, "misspelt", world.user);
        check_account(&l, PAM_SERVICE_ERR, 0);
        login_close(&l);
}

static void test_silent(void **state) {
        struct login l;

        (void) state;
        check_login(&l, "svc", &key);
        assert_pam(pam_acct_mgmt(l.pamh, PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK), PAM_SUCCESS);
        assert_int_equal(l.calls, 0);
        login_close(&l);
        (void) standin_asked(&standin);
}

/* --- Set-up and table --- */

static void write_service(const char *name, const char *account_options) {
        world_service(&world, name,
                      "auth [success=done default=bad] %s\n"
                      "account required %s %s\n",
                      ours, ours, account_options);
}

static void set_up(void) {
        write_service("svc", "");
        write_service("alone", "");
        write_service("down", "socket=/nonexistent/verify");
        write_service("other-uid", "server_uid=12345");
        write_service("misspelt", "try_fist_pass");
        world_service(&world, "with-others",
                      "auth sufficient %s\n"
                      "auth required %s\n"
                      "account required %s\n"
                      "account required %s\n",
                      ours, world.peek, ours, world.peek);
}

static const struct suite_test tests[] = {
        CASE(test_fresh, "a key login of this moment is good without asking"),
        CASE(test_later, "a key login of a while ago is asked about, each time"),
        CASE(test_in_child, "another process asks, however fresh the login is"),
        CASE(test_after_restart, "a login outlives a restart of the daemon"),
        CASE(test_revoked, "denied when the key was revoked since"),
        CASE(test_removed, "denied when the key was removed since"),
        CASE(test_reset, "denied when the key was reset since"),
        CASE(test_disabled, "denied when keys were disabled since"),
        CASE(test_certificate, "denied, without a word, when a certificate is required since"),
        CASE(test_expired, "denied, and no new password asked for, when the key expired since"),
        CASE(test_other_user, "denied for another PAM_USER than logged in"),
        CASE(test_other_service, "denied for a service that the key is not good for"),
        CASE(test_other_service_at_once, "the same within a second of the login"),
        CASE(test_other_source_at_once, "denied for a source that the key is not good for"),
        CASE(test_other_daemon_at_once, "the answer of another daemon does not count"),
        CASE(test_without_key, "a login that was made without a key is none of ours"),
        CASE(test_denial_is_final, "a denial is not made good by modules that follow"),
        CASE(test_daemon_down, "a dead daemon is no denial"),
        CASE(test_bad_option, "a misspelt option is an error, with a key login and without"),
        CASE(test_silent, "says nothing"),
};

const struct suite suite = {
        .name = "account",
        .daemon = true,
        .standin = true,
        .set_up = set_up,
        .tests = tests,
        .n_tests = ARRAY_LEN(tests),
};

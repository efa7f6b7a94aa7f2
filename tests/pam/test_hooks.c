/* SPDX-License-Identifier: BSD-2-Clause */
/* What a transaction leaves in its environment and for the next one on the same handle, and the
 * hooks that decide nothing. Real module, real libpam, real daemon, with a stand-in between them
 * that counts. */
#include <stdio.h>
#include <unistd.h>

#include "check.h"
#include "suite.h"

static struct world_key other_key;

/* --- The environment, and handles that are used again --- */

static void check_env(const struct login *l, const struct world_key *with, const char *name) {
        assert_int_equal(login_env(l, "WFAPIKEY_ID") != NULL, with != NULL);
        assert_int_equal(login_env(l, "WFAPIKEY_NAME") != NULL, with != NULL);
        if (with) {
                assert_string_equal(login_env(l, "WFAPIKEY_ID"), with->id);
                assert_string_equal(login_env(l, "WFAPIKEY_NAME"), name);
        }
}

static void test_env(void **state) {
        struct login l;

        (void) state;
        login_open(&l, &world, "svc", world.user);
        check_env(&l, NULL, NULL);
        assert_pam(login_try(&l, other_key.text), PAM_SUCCESS);
        check_env(&l, &other_key, "for the backup = every night");
        assert_pam(pam_acct_mgmt(l.pamh, 0), PAM_SUCCESS);
        assert_pam(pam_setcred(l.pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
        assert_pam(pam_open_session(l.pamh, 0), PAM_SUCCESS);
        check_env(&l, &other_key, "for the backup = every night");
        assert_pam(login_try(&l, key.text), PAM_SUCCESS);
        check_env(&l, &key, "key");
        login_close(&l);
        (void) standin_asked(&standin);
}

static const struct second_try {
        const char *name;
        int rv;
        /* NULL: a key with another last digit */
        const char *token;
        enum login_manner manner;
        int returns;
} second_tries[] = {
        { "a wrong key", .rv = PAM_AUTH_ERR },
        { "a password", .rv = PAM_CRED_UNAVAIL, .token = "hunter2" },
        { "an empty token", .rv = PAM_CRED_UNAVAIL, .token = "" },
        { "no answer", .rv = PAM_CRED_UNAVAIL, .token = "", .manner = LOGIN_GIVES_NOTHING },
        { "a conversation that fails", .rv = PAM_CONV_ERR, .token = "", .manner = LOGIN_RETURNS,
          .returns = PAM_CONV_ERR },
        { "a conversation without memory", .rv = PAM_BUF_ERR, .token = "", .manner = LOGIN_RETURNS,
          .returns = PAM_BUF_ERR },
};

static void test_second_try(void **state) {
        const struct second_try *second = *state;
        char wrong[KEYTEXT_LEN + 1];
        struct login l;

        login_spoil(key.text, KEYTEXT_SECRET_LEN - 1, wrong);
        check_login(&l, "svc", &key);
        l.manner = second->manner;
        l.returns = second->returns;
        assert_pam(login_try(&l, second->token ? second->token : wrong), second->rv);
        (void) standin_asked(&standin);
        check_env(&l, NULL, NULL);
        login_forget(&l);
        /* No login is left to be judged. */
        check_account(&l, PAM_PERM_DENIED, 0);
        l.manner = LOGIN_ANSWERS;
        assert_pam(login_try(&l, key.text), PAM_SUCCESS);
        check_env(&l, &key, "key");
        login_close(&l);
        (void) standin_asked(&standin);
}

static void test_second_try_undecided(void **state) {
        struct login l;

        (void) state;
        check_login(&l, "svc", &key);
        standin_set(&standin, STANDIN_CLOSE);
        assert_pam(login_try(&l, key.text), PAM_AUTHINFO_UNAVAIL);
        standin_set(&standin, STANDIN_RELAY);
        (void) standin_asked(&standin);
        check_env(&l, NULL, NULL);
        login_forget(&l);
        check_account(&l, PAM_PERM_DENIED, 0);
        login_close(&l);
}

static void test_second_try_bad_option(void **state) {
        struct login l;

        (void) state;
        check_login(&l, "svc", &key);
        assert_pam(pam_set_item(l.pamh, PAM_SERVICE, "misspelt"), PAM_SUCCESS);
        assert_pam(login_try(&l, key.text), PAM_AUTHINFO_UNAVAIL);
        check_env(&l, NULL, NULL);
        assert_pam(pam_set_item(l.pamh, PAM_SERVICE, "svc"), PAM_SUCCESS);
        login_forget(&l);
        check_account(&l, PAM_PERM_DENIED, 0);
        login_close(&l);
}

/* squid uses one handle for many users. */
static void test_handle_for_others(void **state) {
        struct login l;

        (void) state;
        check_login(&l, "svc", &key);
        assert_pam(pam_set_item(l.pamh, PAM_USER, "somebody-else"), PAM_SUCCESS);
        assert_pam(login_try(&l, key.text), PAM_AUTH_ERR);
        check_env(&l, NULL, NULL);
        assert_pam(pam_acct_mgmt(l.pamh, 0), PAM_PERM_DENIED);
        assert_pam(pam_set_item(l.pamh, PAM_USER, world.user), PAM_SUCCESS);
        assert_pam(pam_acct_mgmt(l.pamh, 0), PAM_PERM_DENIED);
        assert_pam(login_try(&l, other_key.text), PAM_SUCCESS);
        check_env(&l, &other_key, "for the backup = every night");
        assert_pam(pam_acct_mgmt(l.pamh, 0), PAM_SUCCESS);
        login_close(&l);
        (void) standin_asked(&standin);
}

/* --- Credentials --- */

static void check_cred(struct login *l, bool below) {
        login_forget(l);
        assert_pam(pam_setcred(l->pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
        assert_int_equal(login_env(l, "BELOW") != NULL, below);
        assert_int_equal(l->calls, 0);
        assert_int_equal(standin_asked(&standin), 0);
        if (below)
                assert_pam(pam_putenv(l->pamh, "BELOW"), PAM_SUCCESS);
}

/* pam_group, pam_cap, pam_krb5 and pam_env stand below. success=done skips them after a login with
 * a key, which they did not authenticate. */
static void test_cred_in_one_process(void **state) {
        struct login l;

        (void) state;
        /* sshd with a public key: nobody has called authenticate. */
        login_open(&l, &world, "creds", world.user);
        check_cred(&l, true);
        assert_pam(login_try(&l, "hunter2"), PAM_SUCCESS);
        check_cred(&l, true);
        assert_pam(login_try(&l, key.text), PAM_SUCCESS);
        (void) standin_asked(&standin);
        check_cred(&l, false);
        assert_pam(login_try(&l, "hunter2"), PAM_SUCCESS);
        check_cred(&l, true);
        login_close(&l);
}

/* A child of sshd authenticates, and sends its PAM environment to its parent. */
static void in_child(struct login *l, const char *token, int rv) {
        char id[64] = "";
        const char *value;
        int fds[2];
        pid_t pid;
        ssize_t n;

        assert_int_equal(pipe(fds), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                int got = login_try(l, token);

                value = login_env(l, "WFAPIKEY_ID");
                if (value && write(fds[1], value, strlen(value)) < 0)
                        _exit(100);
                _exit(got);
        }
        (void) close(fds[1]);
        n = read(fds[0], id, sizeof(id) - 1);
        (void) close(fds[0]);
        assert_int_equal(world_wait(pid), rv);
        (void) standin_asked(&standin);
        if (n > 0) {
                char text[96];

                (void) snprintf(text, sizeof(text), "WFAPIKEY_ID=%s", id);
                assert_pam(pam_putenv(l->pamh, text), PAM_SUCCESS);
        }
}

static void test_cred_in_two_processes(void **state) {
        struct login l;

        (void) state;
        login_open(&l, &world, "creds", world.user);
        in_child(&l, "hunter2", PAM_SUCCESS);
        check_cred(&l, true);
        login_close(&l);
        login_open(&l, &world, "creds", world.user);
        in_child(&l, key.text, PAM_SUCCESS);
        assert_non_null(login_env(&l, "WFAPIKEY_ID"));
        check_cred(&l, false);
        /* The next try in this process has nothing of the child's. */
        assert_pam(login_try(&l, "hunter2"), PAM_SUCCESS);
        check_env(&l, NULL, NULL);
        check_cred(&l, true);
        login_close(&l);
}

/* --- The hooks that decide nothing --- */

/* The module is alone in the stack. libpam's answer to setcred is then PAM_PERM_DENIED, unless a
 * key has logged in. */
static void check_harmless(struct login *l, int cred_rv) {
        static const int creds[] = { PAM_ESTABLISH_CRED, PAM_REINITIALIZE_CRED, PAM_REFRESH_CRED,
                                     PAM_DELETE_CRED };

        login_forget(l);
        for (size_t i = 0; i < ARRAY_LEN(creds); i++)
                assert_pam(pam_setcred(l->pamh, creds[i] | (i % 2 ? PAM_SILENT : 0)), cred_rv);
        assert_pam(pam_open_session(l->pamh, 0), PAM_SUCCESS);
        assert_pam(pam_close_session(l->pamh, 0), PAM_SUCCESS);
        assert_pam(pam_close_session(l->pamh, PAM_SILENT), PAM_SUCCESS);
        assert_int_equal(l->calls, 0);
        assert_int_equal(standin_asked(&standin), 0);
}

static void test_harmless_before(void **state) {
        struct login l;

        (void) state;
        login_open(&l, &world, "alone", world.user);
        check_harmless(&l, PAM_PERM_DENIED);
        assert_pam(login_try(&l, key.text), PAM_SUCCESS);
        (void) standin_asked(&standin);
        login_close(&l);
        login_open(&l, &world, "alone", NULL);
        check_harmless(&l, PAM_PERM_DENIED);
        login_close(&l);
}

static void test_harmless_after_key(void **state) {
        struct login l;

        (void) state;
        check_login(&l, "alone", &key);
        check_harmless(&l, PAM_SUCCESS);
        check_env(&l, &key, "key");
        assert_pam(pam_acct_mgmt(l.pamh, 0), PAM_SUCCESS);
        check_harmless(&l, PAM_SUCCESS);
        login_close(&l);
}

static void test_harmless_after_refusal(void **state) {
        static const char *const tokens[] = { "hunter2", "" };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(tokens); i++) {
                struct login l;

                login_open(&l, &world, "alone", world.user);
                assert_pam(login_try(&l, tokens[i]), PAM_CRED_UNAVAIL);
                check_harmless(&l, PAM_PERM_DENIED);
                check_env(&l, NULL, NULL);
                login_forget(&l);
                check_account(&l, PAM_PERM_DENIED, 0);
                login_close(&l);
        }
}

static void test_harmless_without_daemon(void **state) {
        struct login l;

        (void) state;
        check_login(&l, "alone", &key);
        standin_set(&standin, STANDIN_SILENT);
        check_harmless(&l, PAM_SUCCESS);
        standin_set(&standin, STANDIN_RELAY);
        login_close(&l);
}

/* proftpd closes its sessions as the user. PAM_USER of sudo is another user by then. The options
 * are not read. */
static void test_harmless_in_child_and_for_others(void **state) {
        struct login l;
        pid_t pid;

        (void) state;
        check_login(&l, "alone", &key);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                if (getuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
                        _exit(100);
                _exit(pam_setcred(l.pamh, PAM_DELETE_CRED) || pam_close_session(l.pamh, 0));
        }
        assert_int_equal(world_wait(pid), 0);
        assert_pam(pam_set_item(l.pamh, PAM_USER, "somebody-else"), PAM_SUCCESS);
        check_harmless(&l, PAM_SUCCESS);
        assert_pam(pam_set_item(l.pamh, PAM_SERVICE, "misspelt"), PAM_SUCCESS);
        check_harmless(&l, PAM_SUCCESS);
        login_close(&l);
}

/* The module has changed no password and says so, before and after a login with a key. The
 * passwords of other modules are not touched. */
static void test_chauthtok(void **state) {
        struct login l;

        (void) state;
        for (int with_login = 0; with_login < 2; with_login++) {
                login_open(&l, &world, "alone", world.user);
                if (with_login)
                        assert_pam(login_try(&l, key.text), PAM_SUCCESS);
                login_forget(&l);
                (void) standin_asked(&standin);
                assert_pam(pam_chauthtok(l.pamh, 0), PAM_PERM_DENIED);
                assert_pam(pam_chauthtok(l.pamh, PAM_CHANGE_EXPIRED_AUTHTOK | PAM_SILENT),
                           PAM_PERM_DENIED);
                assert_int_equal(l.calls, 0);
                assert_int_equal(standin_asked(&standin), 0);
                check_env(&l, with_login ? &key : NULL, "key");
                login_close(&l);
        }
        login_open(&l, &world, "with-others", world.user);
        assert_pam(pam_chauthtok(l.pamh, 0), PAM_SUCCESS);
        login_close(&l);
}

/* --- Set-up and table --- */

static void write_service(const char *name, const char *options) {
        world_service(&world, name,
                      "auth [success=done default=bad] %s %s\n"
                      "account required %s %s\n"
                      "session required %s\n"
                      "password required %s\n",
                      ours, options, ours, options, world.module, world.module);
}

static void set_up(void) {
        world_issue(&world, &other_key, "--name=for the backup = every night", NULL);
        write_service("svc", "");
        write_service("alone", "");
        write_service("misspelt", "tiemout=1");
        world_service(&world, "creds",
                      "auth [success=done auth_err=die authinfo_unavail=die default=ignore] %s\n"
                      "auth required %s cred=BELOW\n",
                      ours, world.peek);
        world_service(&world, "with-others",
                      "auth sufficient %s\n"
                      "auth required %s\n"
                      "account required %s\n"
                      "account required %s\n"
                      "password required %s\n"
                      "password required %s\n",
                      ours, world.peek, ours, world.peek, world.module, world.peek);
}

static const struct suite_test tests[] = {
        CASE(test_env, "the key's id and name are in the PAM environment of a key login, "
                       "the last one's"),
        CASE(test_second_try_undecided, "a second try that cannot be decided forgets the first"),
        CASE(test_second_try_bad_option, "a second try with a misspelt option forgets the first"),
        CASE(test_handle_for_others, "a handle that is used for another user takes nothing along"),
        CASE(test_cred_in_one_process, "setcred leaves a login without a key to the modules below"),
        CASE(test_cred_in_two_processes,
             "setcred leaves a login without a key to the modules below, in another process"),
        CASE(test_harmless_before, "sessions succeed before any login, and setcred has no opinion"),
        CASE(test_harmless_after_key,
             "setcred and sessions succeed after a key login, and leave it as it is"),
        CASE(test_harmless_after_refusal, "setcred and sessions make no success of a refusal"),
        CASE(test_harmless_without_daemon,
             "setcred and sessions do not ask a daemon that does not answer"),
        CASE(test_harmless_in_child_and_for_others,
             "setcred and sessions succeed as another user, for another user, with bad "
             "options"),
        CASE(test_chauthtok, "chauthtok has no opinion and asks nobody"),
        ROWS(second_tries, test_second_try, "the first try is forgotten over "),
};

const struct suite suite = {
        .name = "hooks",
        .daemon = true,
        .standin = true,
        .set_up = set_up,
        .tests = tests,
        .n_tests = ARRAY_LEN(tests),
};

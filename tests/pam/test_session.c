/* SPDX-License-Identifier: BSD-2-Clause */
/* A session line with the option issue: which users are shown a key, that the key is good, and that
 * no failure here fails a login. Real module, real libpam, real daemon, with a stand-in between
 * them that counts. */
#include <grp.h>
#include <stdio.h>
#include <unistd.h>

#include "keytext.h"
#include "login.h"
#include "suite.h"

/* Opens the session of a login by another method. */
static void open_session(struct login *l, const char *service, int flags) {
        login_open(l, &world, service, world.user);
        assert_pam(pam_open_session(l->pamh, flags), PAM_SUCCESS);
}

static void check_nothing_shown(struct login *l, unsigned asked) {
        assert_int_equal(standin_asked(&standin), asked);
        assert_int_equal(l->calls, 0);
        assert_pam(pam_close_session(l->pamh, 0), PAM_SUCCESS);
        login_close(l);
}

/* The application is shown one text with one key, and nothing else. */
static void take_key(struct login *l, char ret[static KEYTEXT_LEN + 1]) {
        const char *at = strstr(l->info, "wfk_");

        assert_int_equal(l->calls, 1);
        assert_int_equal(l->infos, 1);
        assert_int_equal(l->most_messages, 1);
        assert_non_null(at);
        assert_true(keytext_is_key(at, KEYTEXT_LEN));
        assert_null(strstr(at + 4, "wfk_"));
        memcpy(ret, at, KEYTEXT_LEN);
        ret[KEYTEXT_LEN] = '\0';
}

static void issue(const char *service, char ret[static KEYTEXT_LEN + 1]) {
        struct login l;

        open_session(&l, service, 0);
        assert_int_equal(standin_asked(&standin), 1);
        take_key(&l, ret);
        assert_non_null(strstr(l.info, service));
        login_forget(&l);
        check_nothing_shown(&l, 0);
}

static void issue_nothing(const char *service) {
        struct login l;

        open_session(&l, service, 0);
        check_nothing_shown(&l, 1);
}

static void test_shown_once(void **state) {
        char shown[KEYTEXT_LEN + 1], id[KEYTEXT_ID_LEN + 1] = "", out[4096];

        (void) state;
        issue("first", shown);
        assert_pam(login_once(&world, "first", world.user, shown), PAM_SUCCESS);
        assert_pam(login_once(&world, "second", world.user, shown), PAM_AUTH_ERR);
        (void) standin_asked(&standin);
        for (int i = 0; i < 3; i++)
                issue_nothing("first");
        memcpy(id, keytext_id(shown), KEYTEXT_ID_LEN);
        assert_int_equal(world_ctl(&world, out, sizeof(out), "key", "show", id, NULL), 0);
        assert_non_null(strstr(out, "first use of first"));
}

static void test_another_service(void **state) {
        char shown[KEYTEXT_LEN + 1];

        (void) state;
        issue("second", shown);
        issue_nothing("second");
}

/* Logging in again does not undo a revocation. It does replace an expired key. */
static void test_after_its_end(void **state) {
        char shown[KEYTEXT_LEN + 1], next[KEYTEXT_LEN + 1], id[KEYTEXT_ID_LEN + 1] = "";

        (void) state;
        issue("ended", shown);
        memcpy(id, keytext_id(shown), KEYTEXT_ID_LEN);
        world_do(&world, "key", "revoke", id, NULL);
        issue_nothing("ended");
        world_do(&world, "key", "remove", id, NULL);
        issue("ended", next);
        world_do(&world, "policy", "set", "lifetime=1s", NULL);
        memcpy(id, keytext_id(next), KEYTEXT_ID_LEN);
        world_await_status(&world, id, "expired");
        world_do(&world, "policy", "set", "lifetime=30d", NULL);
        issue("ended", shown);
        assert_pam(login_once(&world, "ended", world.user, shown), PAM_SUCCESS);
        (void) standin_asked(&standin);
}

static void test_key_login(void **state) {
        struct login l;

        (void) state;
        login_open(&l, &world, "third", world.user);
        assert_pam(login_try(&l, key.text), PAM_SUCCESS);
        (void) standin_asked(&standin);
        login_forget(&l);
        assert_pam(pam_open_session(l.pamh, 0), PAM_SUCCESS);
        check_nothing_shown(&l, 0);

        /* sshd authenticates in another process. Only the environment comes back from there. */
        login_open(&l, &world, "fourth", world.user);
        assert_pam(pam_putenv(l.pamh, "WFAPIKEY_ID=0123456789"), PAM_SUCCESS);
        assert_pam(pam_open_session(l.pamh, 0), PAM_SUCCESS);
        check_nothing_shown(&l, 0);
}

static void test_silent(void **state) {
        struct login l;

        (void) state;
        open_session(&l, "fourth", PAM_SILENT);
        check_nothing_shown(&l, 0);
}

/* su and sudo name the user who asks for the session. That user would see the key of the session's
 * user. */
static void test_a_session_that_another_asked_for(void **state) {
        static const char *const others[] = { "mallory", "root-or-so" };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(others); i++) {
                struct login l;

                login_open(&l, &world, "fourth", world.user);
                assert_pam(pam_set_item(l.pamh, PAM_RUSER, others[i]), PAM_SUCCESS);
                assert_pam(pam_open_session(l.pamh, 0), PAM_SUCCESS);
                check_nothing_shown(&l, 0);
        }
}

static void test_nobody_and_strangers(void **state) {
        struct login l;

        (void) state;
        login_open(&l, &world, "fourth", NULL);
        assert_pam(pam_open_session(l.pamh, 0), PAM_SUCCESS);
        check_nothing_shown(&l, 0);
        login_open(&l, &world, "fourth", "no-such-user-here");
        assert_pam(pam_open_session(l.pamh, 0), PAM_SUCCESS);
        check_nothing_shown(&l, 1);
}

static void test_disabled(void **state) {
        (void) state;
        world_do(&world, "policy", "set", "enabled=no", NULL);
        issue_nothing("fourth");
        world_do(&world, "policy", "set", "enabled=yes", "max-keys-per-user=1", NULL);
        issue_nothing("fourth");
        world_do(&world, "policy", "set", "max-keys-per-user=1000", NULL);
}

/* Only root may ask for a key. */
static void test_not_root(void **state) {
        struct login l;
        pid_t pid;

        (void) state;
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                /* Loads the module, from a directory that others may not read. */
                login_open(&l, &world, "direct", world.user);
                if (setgroups(0, NULL) < 0 || setgid(65534) < 0 || setuid(65534) < 0)
                        _exit(100);
                _exit(pam_open_session(l.pamh, 0) != PAM_SUCCESS || l.calls != 0);
        }
        assert_int_equal(world_wait(pid), 0);
}

static void test_lies(void **state) {
        static const struct wire_reply replies[] = {
                { .verdict = VERDICT_ALLOW, .id = "0123456789" },
                { .verdict = VERDICT_DENY },
                { .verdict = VERDICT_INTERNAL },
                { .verdict = VERDICT_VERSION },
                { .verdict = VERDICT_DENY_CERTIFICATE },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
                standin_verdict(&standin, &replies[i]);
                issue_nothing("fourth");
        }
        standin_set(&standin, STANDIN_RELAY);
}

static void test_outage(void **state) {
        static const enum standin_mode modes[] = { STANDIN_SILENT, STANDIN_CLOSE, STANDIN_SLAM };
        int64_t before = world_now_ms();
        struct login l;

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
                standin_set(&standin, modes[i]);
                open_session(&l, "hasty", 0);
                (void) standin_asked(&standin);
                check_nothing_shown(&l, 0);
        }
        standin_set(&standin, STANDIN_RELAY);
        assert_in_range(world_now_ms() - before, 200, 20000); /* its timeout, once */
        open_session(&l, "nowhere", 0);
        check_nothing_shown(&l, 0);
}

static void test_conversation(void **state) {
        static const int returns[] = { PAM_CONV_ERR, PAM_BUF_ERR, PAM_ABORT, PAM_CONV_AGAIN };
        char service[] = "conversation-0";

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(returns); i++) {
                struct login l;

                service[sizeof(service) - 2] = (char) ('0' + i);
                login_open(&l, &world, service, world.user);
                l.returns_for_text = returns[i];
                assert_pam(pam_open_session(l.pamh, 0), PAM_SUCCESS);
                assert_int_equal(l.calls, 1);
                login_close(&l);
        }
        (void) standin_asked(&standin);
}

static void test_options(void **state) {
        struct login l;

        (void) state;
        open_session(&l, "misspelt", 0);
        check_nothing_shown(&l, 0);
        login_open(&l, &world, "in-auth", world.user);
        assert_pam(login_try(&l, key.text), PAM_AUTHINFO_UNAVAIL);
        login_forget(&l);
        check_nothing_shown(&l, 0);
        login_open(&l, &world, "in-account", world.user);
        assert_pam(pam_acct_mgmt(l.pamh, 0), PAM_SERVICE_ERR);
        check_nothing_shown(&l, 0);
}

/* --- Set-up and table --- */

static void write_service(const char *name, const char *options) {
        world_service(&world, name,
                      "auth required %s\n"
                      "session required %s %s\n",
                      ours, ours, options);
}

static void set_up(void) {
        static const char *const services[] = {
                "first",          "second",         "third",          "fourth",        "ended",
                "conversation-0", "conversation-1", "conversation-2", "conversation-3"
        };
        char direct[96];

        /* A user with a key for every service is shown none. */
        world_do(&world, "key", "remove", key.id, NULL);
        world_issue(&world, &key, "--service=third", "--expires=1y", NULL);
        for (size_t i = 0; i < ARRAY_LEN(services); i++)
                write_service(services[i], "issue");
        (void) snprintf(direct, sizeof(direct), "socket=%s issue", world.verify);
        write_service("direct", direct);
        write_service("hasty", "timeout=200ms issue");
        write_service("nowhere", "socket=/nonexistent issue");
        write_service("misspelt", "isue");
        world_service(&world, "in-auth", "auth required %s issue\nsession required %s\n", ours,
                      world.module);
        world_service(&world, "in-account", "account required %s issue\nsession required %s\n",
                      ours, world.module);
}

static const char *not_root(void) {
        return getuid() != 0 ? "needs root to be somebody else" : NULL;
}

static const struct suite_test tests[] = {
        CASE_UNLESS(not_root, test_not_root, "a process that is not root's gets none shown"),
        CASE(test_shown_once, "a key is shown once, and is good for this service only"),
        CASE(test_another_service, "another service gets another key"),
        CASE(test_after_its_end,
             "an expired key makes room for the next one, a revoked one does not"),
        CASE(test_key_login, "a login with a key gets none, in whatever process it was made"),
        CASE(test_silent, "where nothing may be said no key is made"),
        CASE(test_a_session_that_another_asked_for,
             "a session that somebody else asked for, by su or sudo, gets none"),
        CASE(test_nobody_and_strangers, "nobody is asked for a name, and a stranger gets none"),
        CASE(test_disabled, "the policies enabled and max-keys-per-user bound it"),
        CASE(test_lies, "an answer without a key shows nothing and fails no login"),
        CASE(test_outage, "a daemon that does not answer fails no login and holds none up"),
        CASE(test_conversation, "a conversation that fails fails no login"),
        CASE(test_options, "a misspelt option fails no session; in other lines issue is a bad one"),
};

const struct suite suite = {
        .name = "session",
        .daemon = true,
        .standin = true,
        .set_up = set_up,
        .tests = tests,
        .n_tests = ARRAY_LEN(tests),
};

/* SPDX-License-Identifier: BSD-2-Clause */
/* A session line with the option warn: who is told of keys that end soon, and that it neither fails
 * nor holds up a session. Real module, real libpam, real daemon, with a stand-in between them that
 * counts. */
#include <grp.h>
#include <stdio.h>
#include <unistd.h>

#include "login.h"
#include "suite.h"

static void open_session(struct login *l, const char *service, const char *user, int flags) {
        login_open(l, &world, service, user);
        assert_pam(pam_open_session(l->pamh, flags), PAM_SUCCESS);
}

static void check_silence(struct login *l, unsigned asked) {
        assert_int_equal(standin_asked(&standin), asked);
        assert_int_equal(l->calls, 0);
        assert_pam(pam_close_session(l->pamh, 0), PAM_SUCCESS);
        login_close(l);
}

/* One text, with these parts and without a secret. */
static void check_told(struct login *l, const char *count, const char *id) {
        assert_int_equal(standin_asked(&standin), 1);
        assert_int_equal(l->calls, 1);
        assert_int_equal(l->infos, 1);
        assert_non_null(strstr(l->info, count));
        assert_non_null(strstr(l->info, id));
        assert_null(strstr(l->info, "wfk_"));
        login_close(l);
}

static void test_own_keys(void **state) {
        struct world_key soon, later;
        struct login l;

        (void) state;
        open_session(&l, "warned", world.user, 0);
        check_silence(&l, 1);
        world_issue(&world, &later, "--expires=3d", NULL);
        open_session(&l, "warned", world.user, 0);
        check_told(&l, "1 of your API keys ends within 14 days", later.id);
        world_issue(&world, &soon, "--expires=1d", NULL);
        open_session(&l, "warned", world.user, 0);
        check_told(&l, "2 of your API keys end within 14 days, first ", soon.id);
        /* A rotated key ends because its owner wants that, and a revoked one has ended. */
        world_do(&world, "key", "rotate", soon.id, "--expires=90d", NULL);
        open_session(&l, "warned", world.user, 0);
        check_told(&l, "1 of your API keys ends", later.id);
        world_do(&world, "key", "revoke", later.id, NULL);
        open_session(&l, "warned", world.user, 0);
        check_silence(&l, 1);
        world_issue(&world, &later, "--expires=13d", NULL);
}

static void test_nobody_else(void **state) {
        struct login l;

        (void) state;
        open_session(&l, "warned", "no-such-user-here", 0);
        check_silence(&l, 1);
        open_session(&l, "warned", NULL, 0);
        check_silence(&l, 0);
        open_session(&l, "warned", world.user, PAM_SILENT);
        check_silence(&l, 0);
        /* su and sudo: the user who asked would read it */
        login_open(&l, &world, "warned", world.user);
        assert_pam(pam_set_item(l.pamh, PAM_RUSER, "mallory"), PAM_SUCCESS);
        assert_pam(pam_open_session(l.pamh, 0), PAM_SUCCESS);
        check_silence(&l, 0);
}

/* A process that is not root's is not believed, and gets no answer. */
static void test_not_root(void **state) {
        struct login l;
        pid_t pid;

        (void) state;
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
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
                { .verdict = VERDICT_ALLOW, .id = "0123456789", .name = "0" },
                { .verdict = VERDICT_ALLOW, .id = "0123456789", .name = "99999999999" },
                { .verdict = VERDICT_ALLOW, .id = "0123456789", .name = "3 keys\033[31m" },
                { .verdict = VERDICT_DENY },
                { .verdict = VERDICT_INTERNAL },
                { .verdict = VERDICT_VERSION },
        };
        struct login l;

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
                standin_verdict(&standin, &replies[i]);
                open_session(&l, "warned", world.user, 0);
                check_silence(&l, 1);
        }
        standin_set(&standin, STANDIN_RELAY);
}

/* Its own patience is shorter than the option timeout. */
static void test_outage(void **state) {
        static const enum standin_mode modes[] = { STANDIN_SILENT, STANDIN_CLOSE, STANDIN_SLAM };
        int64_t before = world_now_ms();
        struct login l;

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
                standin_set(&standin, modes[i]);
                open_session(&l, "patient", world.user, 0);
                (void) standin_asked(&standin);
                check_silence(&l, 0);
        }
        standin_set(&standin, STANDIN_RELAY);
        assert_in_range(world_now_ms() - before, 400, 50000);
        open_session(&l, "nowhere", world.user, 0);
        check_silence(&l, 0);
}

static void test_conversation(void **state) {
        static const int returns[] = { PAM_CONV_ERR, PAM_BUF_ERR, PAM_ABORT, PAM_CONV_AGAIN };
        struct login l;

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(returns); i++) {
                login_open(&l, &world, "warned", world.user);
                l.returns_for_text = returns[i];
                assert_pam(pam_open_session(l.pamh, 0), PAM_SUCCESS);
                assert_int_equal(l.calls, 1);
                login_close(&l);
        }
        (void) standin_asked(&standin);
}

/* --- Set-up and table --- */

static void write_service(const char *name, const char *options) {
        world_service(&world, name,
                      "auth required %s\n"
                      "session required %s %s\n",
                      ours, ours, options);
}

static void set_up(void) {
        char direct[96];

        world_do(&world, "key", "remove", key.id, NULL);
        write_service("warned", "warn");
        (void) snprintf(direct, sizeof(direct), "socket=%s warn", world.verify);
        write_service("direct", direct);
        write_service("patient", "timeout=60s warn");
        write_service("nowhere", "socket=/nonexistent warn");
}

static const char *not_root(void) {
        return getuid() != 0 ? "needs root to be somebody else" : NULL;
}

static const struct suite_test tests[] = {
        CASE(test_own_keys, "a user is told of own keys that end soon, and of no others"),
        CASE(test_nobody_else, "nobody else is told"),
        CASE_UNLESS(not_root, test_not_root, "a process that is not root's is told nothing"),
        CASE(test_lies, "an answer that is none shows nothing and fails no session"),
        CASE(test_outage, "a daemon that does not answer fails no session and holds none up"),
        CASE(test_conversation, "a conversation that fails fails no session"),
};

const struct suite suite = {
        .name = "warn",
        .daemon = true,
        .standin = true,
        .set_up = set_up,
        .tests = tests,
        .n_tests = ARRAY_LEN(tests),
};

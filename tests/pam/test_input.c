/* SPDX-License-Identifier: BSD-2-Clause */
/* Users, hosts and services of every shape, and options. Real module, real libpam, real daemon,
 * with a stand-in between them that counts and keeps the requests. */
#include <stdio.h>
#include <unistd.h>

#include "cleanup.h"
#include "login.h"
#include "suite.h"

/* --- Users --- */

static char *repeat(char c, size_t len) {
        char *text = malloc(len + 1);

        assert_non_null(text);
        memset(text, c, len);
        text[len] = '\0';
        return text;
}

static void check_user(size_t len, int rv, unsigned asked) {
        _cleanup_free_ char *user = repeat('u', len);
        struct login l;

        login_open(&l, &world, "svc", user);
        assert_pam(login_try(&l, key.text), rv);
        assert_int_equal(l.secrets_asked, 1);
        login_close(&l);
        assert_int_equal(standin_asked(&standin), asked);
        assert_pam(login_once(&world, "svc", user, "hunter2"),
                   len > WIRE_USER_MAX ? PAM_USER_UNKNOWN : PAM_CRED_UNAVAIL);
}

static void test_long_user(void **state) {
        (void) state;
        check_user(WIRE_USER_MAX, PAM_AUTH_ERR, 1);
        check_user(WIRE_USER_MAX + 1, PAM_AUTH_ERR, 0);
        check_user(1000, PAM_AUTH_ERR, 0);
        check_user(1 << 20, PAM_AUTH_ERR, 0);
}

/* Cut to its first 128 bytes it would be another user. It is not cut. */
static void test_odd_user(void **state) {
        static const char *const users[] = { " ",        "..",   "root:x:0:0", "a b", "\033[2J",
                                             "\xff\xfe", "%s%n", "$(id)",      "-x",  "ROOT" };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(users); i++) {
                standin_set(&standin, STANDIN_RELAY);
                assert_pam(login_once(&world, "svc", users[i], key.text), PAM_AUTH_ERR);
                assert_int_equal(standin_asked(&standin), 1);
                assert_string_equal(standin_decode(&standin).user, users[i]);
        }
}

/* --- Hosts and services --- */

static void check_rhost(const char *rhost, const char *sent, const struct world_key *with, int rv) {
        struct login l;
        int got;

        standin_set(&standin, STANDIN_RELAY);
        login_open(&l, &world, "svc", world.user);
        assert_pam(pam_set_item(l.pamh, PAM_RHOST, rhost), PAM_SUCCESS);
        got = login_try(&l, with->text);
        /* Where libpam reports logins to the kernel's audit, it fails by itself for a host of this
         * length. */
        if (got != PAM_SYSTEM_ERR || !rhost || strlen(rhost) < 4096)
                assert_pam(got, rv);
        assert_int_equal(login_env(&l, "WFAPIKEY_ID") != NULL, rv == PAM_SUCCESS);
        login_close(&l);
        assert_int_equal(standin_asked(&standin), 1);
        assert_string_equal(standin_decode(&standin).rhost, sent);
}

static void test_rhost(void **state) {
        _cleanup_free_ char *longest = repeat('h', WIRE_RHOST_MAX),
                            *longer = repeat('h', WIRE_RHOST_MAX + 1), *host300 = repeat('h', 300),
                            *huge = repeat('h', 1 << 20);
        const char *const known[] = { "192.0.2.1", "localhost", "2001:db8::1%eth0", "a\nb",
                                      longest };
        const char *const unknown[] = { NULL, "", longer, host300, huge };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(known); i++)
                check_rhost(known[i], known[i], &key, PAM_SUCCESS);
        for (size_t i = 0; i < ARRAY_LEN(unknown); i++)
                check_rhost(unknown[i], "", &key, PAM_SUCCESS);
}

/* A cut address could be another one that the key is valid for. */
static void test_rhost_of_narrow_key(void **state) {
        _cleanup_free_ char *address = repeat(' ', 300), *host300 = repeat('1', 300);
        struct world_key narrow;

        (void) state;
        memcpy(address, "192.0.2.1", 9);
        world_issue(&world, &narrow, "--from=192.0.2.0/24", NULL);
        check_rhost("192.0.2.1", "192.0.2.1", &narrow, PAM_SUCCESS);
        check_rhost(address, "", &narrow, PAM_AUTH_ERR);
        check_rhost(host300, "", &narrow, PAM_AUTH_ERR);
        check_rhost(NULL, "", &narrow, PAM_AUTH_ERR);
        check_rhost("192.0.2.1 ", "192.0.2.1 ", &narrow, PAM_AUTH_ERR);
        check_rhost("192.0.2.1,198.51.100.1", "192.0.2.1,198.51.100.1", &narrow, PAM_AUTH_ERR);
        check_rhost("::ffff:198.51.100.1", "::ffff:198.51.100.1", &narrow, PAM_AUTH_ERR);
}

static void check_service(const char *service, const struct world_key *with, int rv,
                          unsigned asked) {
        struct login l;

        world_service(&world, service,
                      "auth required %s\n"
                      "auth optional %s as=AFTER\n",
                      ours, world.peek);
        login_open(&l, &world, service, world.user);
        assert_pam(login_try(&l, with->text), rv);
        assert_int_equal(l.calls, 1);
        assert_string_equal(login_env(&l, "AFTER"), with->text);
        login_close(&l);
        assert_int_equal(standin_asked(&standin), asked);
}

static void test_service(void **state) {
        _cleanup_free_ char *longest = repeat('s', WIRE_SERVICE_MAX),
                            *longer = repeat('s', WIRE_SERVICE_MAX + 1),
                            *service200 = repeat('s', 200);
        struct world_key narrow;
        char option[80];

        (void) state;
        (void) snprintf(option, sizeof(option), "--service=%s", longest);
        world_issue(&world, &narrow, option, NULL);
        check_service("a service; $(id) %s", &key, PAM_SUCCESS, 1);
        check_service("-", &key, PAM_SUCCESS, 1);
        check_service("s\xc3\xa9", &key, PAM_SUCCESS, 1);
        check_service(longest, &key, PAM_SUCCESS, 1);
        check_service(longest, &narrow, PAM_SUCCESS, 1);
        check_service("svc", &narrow, PAM_AUTH_ERR, 1);
        check_service(longer, &narrow, PAM_AUTH_ERR, 0);
        check_service(longer, &key, PAM_AUTH_ERR, 0);
        check_service(service200, &key, PAM_AUTH_ERR, 0);
}

/* The store separates the services of a key by blanks. */
static void test_service_of_two_words(void **state) {
        struct world_key narrow;

        (void) state;
        world_issue(&world, &narrow, "--service=one", "--service=two", NULL);
        check_service("one", &narrow, PAM_SUCCESS, 1);
        check_service("one two", &narrow, PAM_AUTH_ERR, 1);
        check_service("one ", &narrow, PAM_AUTH_ERR, 1);
        check_service(" ", &narrow, PAM_AUTH_ERR, 1);
}

/* --- Options --- */

static const char *const wrong_options[] = {
        "sokcet=/tmp/x",
        "socket",
        "socket=",
        "socket=relative",
        "Socket=/tmp/x",
        "timeout",
        "timeout=",
        "timeout=0",
        "timeout=-1",
        "timeout=61",
        "timeout=9ms",
        "timeout=2x",
        "timeout=1e3",
        "timeout=99999999999999999999",
        "prompt",
        "prompt=",
        "prompt:x",
        "server_uid",
        "server_uid=",
        "server_uid=root",
        "server_uid=-1",
        "server_uid=+0",
        "server_uid=4294967295",
        "server_uid=4294967296",
        "server_uid=0x0",
        "server-uid=0",
        "use_first_pass=yes",
        "use_first_pas",
        "use_first_passs",
        "try_first_pass=",
        "debug=1",
        "debugg",
        "DEBUG",
        "nullok",
        "ignore_authinfo_unavail",
        "unknown_ok",
        "=",
        "==",
        "wfk_",
};

/* A password goes on to the modules below, and a key does not, wherever the word stands. Nobody is
 * asked about the key. */
static void test_wrong_option(void **state) {
        const char *option = *(const char *const *) *state;

        for (int last = 0; last < 2; last++) {
                struct login l;

                world_service(&world, "options",
                              "auth required %s %s socket=%s server_uid=%u %s\n"
                              "account required %s %s socket=%s server_uid=%u %s\n",
                              world.module, last ? "" : option, standin.path, getuid(),
                              last ? option : "", world.module, last ? "" : option, standin.path,
                              getuid(), last ? option : "");
                login_open(&l, &world, "options", world.user);
                assert_pam(login_try(&l, "hunter2"), PAM_SERVICE_ERR);
                assert_pam(login_try(&l, key.text), PAM_AUTHINFO_UNAVAIL);
                assert_int_equal(l.secrets_asked, 2);
                assert_pam(pam_acct_mgmt(l.pamh, 0), PAM_SERVICE_ERR);
                assert_int_equal(l.calls, 2);
                login_close(&l);
        }
        assert_int_equal(standin_asked(&standin), 0);
}

/* Of two contradicting options the last one counts. */
static void test_right_options(void **state) {
        static const struct {
                const char *before, *after; /* the socket */
        } options[] = {
                { "timeout=60", "" },
                { "", "timeout=60s" },
                { "timeout=10ms", "timeout=30000ms" },
                { "debug", "" },
                { "", "debug debug" },
                { "try_first_pass", "" },
                { "prompt=x", "debug" },
                { "socket=/nonexistent", "" },
                { "server_uid=4294967294", "" },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(options); i++) {
                world_service(&world, "options", "auth required %s %s socket=%s server_uid=%u %s\n",
                              world.module, options[i].before, standin.path, getuid(),
                              options[i].after);
                assert_pam(login_once(&world, "options", world.user, key.text), PAM_SUCCESS);
                assert_int_equal(standin_asked(&standin), 1);
        }
}

/* A stack does not get the options of another one, not even in one process that keeps the module
 * loaded. */
static void test_options_of_two_stacks(void **state) {
        struct login one, two;

        (void) state;
        world_service(&world, "strict", "auth required %s socket=/nonexistent/s prompt=Strict\n",
                      ours);
        login_open(&one, &world, "strict", world.user);
        login_open(&two, &world, "svc", world.user);
        for (int i = 0; i < 2; i++) {
                assert_pam(login_try(&one, key.text), PAM_AUTHINFO_UNAVAIL);
                assert_string_equal(one.prompt, "Strict");
                assert_pam(login_try(&two, key.text), PAM_SUCCESS);
                assert_string_equal(two.prompt, "Password: ");
        }
        assert_null(login_env(&one, "WFAPIKEY_ID"));
        login_close(&one);
        login_close(&two);
        (void) standin_asked(&standin);
}

/* --- Set-up and table --- */

static void set_up(void) {
        world_service(&world, "svc", "auth required %s\naccount required %s\n", ours, ours);
}

static const struct suite_test tests[] = {
        CASE(test_long_user, "a user name of more than 128 bytes is nobody's and is not cut"),
        CASE(test_odd_user, "a user name goes to the daemon as it is"),
        CASE(test_rhost, "a host that is longer than hosts are is an unknown one"),
        CASE(test_rhost_of_narrow_key,
             "no host that is not literally an address is good for a key with networks"),
        CASE(test_service, "a service name that is longer than services are is good for no key"),
        CASE(test_service_of_two_words, "a service name of two words is none of a key's services"),
        CASE(test_right_options, "right options are accepted, and the last one counts"),
        CASE(test_options_of_two_stacks, "one stack's options are not another's"),
        ROWS(wrong_options, test_wrong_option, "an error, and nobody is asked: option "),
};

const struct suite suite = {
        .name = "input",
        .daemon = true,
        .standin = true,
        .set_up = set_up,
        .tests = tests,
        .n_tests = ARRAY_LEN(tests),
};

/* Whatever an application hands to the module: conversations that fail, users, hosts and services of every shape, and options.
 * Real module, real libpam, real daemon, with a stand-in between them that counts and keeps what it was asked. */
#include <stdio.h>
#include <unistd.h>

#include "cleanup.h"
#include "login.h"
#include "standin.h"

static struct world w;
static struct standin s;
static struct world_key key;

/* --- Conversations -------------------------------------------------------------------------------------------------- */

static const struct {
        const char *name;
        enum login_manner manner;
        int returns;
        int rv;
} conversations[] = {
        { "a conversation that fails", LOGIN_RETURNS, PAM_CONV_ERR, PAM_CONV_ERR },
        { "a conversation that fails with an answer", LOGIN_RETURNS_BOTH, PAM_CONV_ERR, PAM_CONV_ERR },
        { "a conversation that wants to be called again", LOGIN_RETURNS, PAM_CONV_AGAIN, PAM_INCOMPLETE },
        { "a conversation without memory", LOGIN_RETURNS, PAM_BUF_ERR, PAM_BUF_ERR },
        { "a conversation that says it is aborted", LOGIN_RETURNS, PAM_ABORT, PAM_CONV_ERR },
        { "a conversation that says ignore", LOGIN_RETURNS, PAM_IGNORE, PAM_CONV_ERR },
        { "a conversation that says nonsense", LOGIN_RETURNS_BOTH, -7, PAM_CONV_ERR },
        { "a conversation that gives no answer", LOGIN_GIVES_NOTHING, 0, PAM_AUTH_ERR },
        { "a conversation that answers without a text", LOGIN_ANSWERS, 0, PAM_AUTH_ERR },
};

static void test_conversation(void **state) {
        size_t i = (size_t) (uintptr_t) *state;
        struct login l;

        login_open(&l, &w, "svc", w.user);
        l.manner = conversations[i].manner;
        l.returns = conversations[i].returns;
        assert_pam(login_try(&l, conversations[i].manner == LOGIN_RETURNS_BOTH ? key.text : NULL),
                   conversations[i].rv);
        assert_int_equal(l.calls, 1);
        assert_int_equal(l.secrets_asked, 1);
        assert_int_equal(standin_asked(&s), 0);
        assert_null(login_env(&l, "WFAPIKEY_ID"));
        /* It takes nothing along into the next try. */
        l.manner = LOGIN_ANSWERS;
        assert_pam(login_try(&l, key.text), PAM_SUCCESS);
        assert_int_equal(standin_asked(&s), 1);
        login_close(&l);
}

static void test_no_conversation(void **state) {
        const struct pam_conv none = { .conv = NULL };
        struct login l;

        (void) state;
        login_open(&l, &w, "svc", w.user);
        assert_pam(pam_set_item(l.pamh, PAM_CONV, &none), PAM_SUCCESS);
        assert_pam(login_try(&l, key.text), PAM_CONV_ERR);
        assert_int_equal(standin_asked(&s), 0);
        login_close(&l);
}

static void test_one_prompt_per_try(void **state) {
        struct login l;

        (void) state;
        login_open(&l, &w, "svc", w.user);
        for (unsigned i = 1; i <= 3; i++) {
                assert_pam(login_try(&l, i < 3 ? "hunter2" : key.text), i < 3 ? PAM_AUTH_ERR : PAM_SUCCESS);
                assert_int_equal(l.calls, i);
                assert_int_equal(l.secrets_asked, i);
                assert_int_equal(l.most_messages, 1);
        }
        assert_int_equal(standin_asked(&s), 1);
        login_close(&l);
}

static void check_prompt(const char *option, const char *shown) {
        struct login l;

        world_service(&w, "prompt", "auth required %s socket=%s server_uid=%u timeout=30 %s\n", w.module,
                      s.path, getuid(), option);
        login_open(&l, &w, "prompt", w.user);
        assert_pam(login_try(&l, key.text), PAM_SUCCESS);
        assert_int_equal(l.calls, 1);
        assert_string_equal(l.prompt, shown);
        login_close(&l);
        assert_int_equal(standin_asked(&s), 1);
}

static void test_prompt(void **state) {
        (void) state;
        check_prompt("", "Password: ");
        check_prompt("prompt=Key", "Key");
        check_prompt("[prompt=API key (not your password): ]", "API key (not your password): ");
        check_prompt("[prompt=%s %n 100%]", "%s %n 100%"); /* a text and no format */
}

/* What an earlier module left is the token, and nobody is asked for another. */
static void check_given(const char *option, const char *token, int rv, unsigned prompts, unsigned asked) {
        struct login l;

        world_service(&w, "given",
                      "auth optional %s %s%s\n"
                      "auth required %s socket=%s server_uid=%u timeout=30 %s\n"
                      "auth optional %s as=AFTER\n",
                      w.peek, token ? "set=" : "", token ? token : "", w.module, s.path, getuid(), option,
                      w.peek);
        login_open(&l, &w, "given", w.user);
        assert_pam(login_try(&l, key.text), rv);
        assert_int_equal(l.calls, prompts);
        assert_int_equal(l.secrets_asked, prompts);
        if (token || prompts)
                assert_string_equal(login_env(&l, "AFTER"), token ? token : key.text);
        else
                assert_null(login_env(&l, "AFTER"));
        login_close(&l);
        assert_int_equal(standin_asked(&s), asked);
}

static void test_first_pass(void **state) {
        static const char *const options[] = { "", "try_first_pass", "use_first_pass try_first_pass" };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(options); i++) {
                check_given(options[i], key.text, PAM_SUCCESS, 0, 1);
                check_given(options[i], "hunter2", PAM_AUTH_ERR, 0, 0);
                check_given(options[i], NULL, PAM_SUCCESS, 1, 1);
        }
}

static void test_use_first_pass(void **state) {
        (void) state;
        check_given("use_first_pass", key.text, PAM_SUCCESS, 0, 1);
        check_given("use_first_pass", "hunter2", PAM_AUTH_ERR, 0, 0);
        check_given("use_first_pass", NULL, PAM_AUTH_ERR, 0, 0);
        check_given("try_first_pass use_first_pass", NULL, PAM_AUTH_ERR, 0, 0);
}

/* --- Users ---------------------------------------------------------------------------------------------------------- */

static void test_user_is_asked_for(void **state) {
        struct login l;

        (void) state;
        login_open(&l, &w, "svc", NULL);
        l.user = w.user;
        assert_pam(login_try(&l, key.text), PAM_SUCCESS);
        assert_int_equal(l.calls, 2);
        assert_int_equal(l.users_asked, 1);
        assert_int_equal(l.secrets_asked, 1);
        assert_int_equal(l.most_messages, 1);
        assert_int_equal(standin_asked(&s), 1);
        login_forget(&l);
        assert_pam(pam_acct_mgmt(l.pamh, 0), PAM_SUCCESS);
        assert_int_equal(l.calls, 0);
        login_close(&l);
        (void) standin_asked(&s);
}

static const struct {
        const char *name;
        enum login_manner manner;
        const char *user;
        int returns;
        int rv;
} nobodies[] = {
        { "a user who is asked for and not given", LOGIN_ANSWERS, NULL, 0, PAM_CONV_ERR },
        { "a user who is asked for in vain", LOGIN_RETURNS, NULL, PAM_CONV_ERR, PAM_CONV_ERR },
        { "a user who is asked for later", LOGIN_RETURNS, NULL, PAM_CONV_AGAIN, PAM_INCOMPLETE },
        { "a user who is asked for without memory", LOGIN_RETURNS, NULL, PAM_BUF_ERR, PAM_BUF_ERR },
        { "a user without a name", LOGIN_ANSWERS, "", 0, PAM_USER_UNKNOWN },
};

static void test_nobody(void **state) {
        size_t i = (size_t) (uintptr_t) *state;
        struct login l;
        int rv;

        login_open(&l, &w, "svc", NULL);
        l.manner_for_user = nobodies[i].manner;
        l.user = nobodies[i].user;
        l.returns = nobodies[i].returns;
        rv = login_try(&l, key.text);
        /* libpam itself has one code for all that its own prompt did not get. */
        if (nobodies[i].rv == PAM_BUF_ERR && rv == PAM_CONV_ERR)
                rv = PAM_BUF_ERR;
        assert_pam(rv, nobodies[i].rv);
        assert_int_equal(l.users_asked, 1);
        assert_int_equal(l.secrets_asked, 0);
        assert_int_equal(standin_asked(&s), 0);
        login_close(&l);
}

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

        login_open(&l, &w, "svc", user);
        assert_pam(login_try(&l, key.text), rv);
        assert_int_equal(l.secrets_asked, asked);
        login_close(&l);
        assert_int_equal(standin_asked(&s), asked);
}

static void test_long_user(void **state) {
        (void) state;
        check_user(WIRE_USER_MAX, PAM_AUTH_ERR, 1);
        check_user(WIRE_USER_MAX + 1, PAM_USER_UNKNOWN, 0);
        check_user(1000, PAM_USER_UNKNOWN, 0);
        check_user(1 << 20, PAM_USER_UNKNOWN, 0);
}

/* Cut to its first 128 bytes it would be somebody: it is not cut. */
static void test_odd_user(void **state) {
        static const char *const users[] = { " ", "..", "root:x:0:0", "a b", "\033[2J", "\xff\xfe", "%s%n",
                                             "$(id)", "-x", "ROOT" };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(users); i++) {
                struct wire_request req;
                const uint8_t *seen;
                size_t len;

                standin_set(&s, STANDIN_RELAY);
                assert_pam(login_once(&w, "svc", users[i], key.text), PAM_AUTH_ERR);
                assert_int_equal(standin_asked(&s), 1);
                seen = standin_request(&s, &len);
                assert_int_equal(wire_request_decode(seen, len, &req), 0);
                assert_string_equal(req.user, users[i]);
        }
}

/* --- Hosts and services --------------------------------------------------------------------------------------------- */

static void check_rhost(const char *rhost, const char *sent, const struct world_key *with, int rv) {
        struct wire_request req;
        const uint8_t *seen;
        struct login l;
        size_t len;
        int got;

        standin_set(&s, STANDIN_RELAY);
        login_open(&l, &w, "svc", w.user);
        assert_pam(pam_set_item(l.pamh, PAM_RHOST, rhost), PAM_SUCCESS);
        got = login_try(&l, with->text);
        /* Where libpam tells the kernel's audit of logins, so long a host is too much for it, whatever the module says. */
        if (got != PAM_SYSTEM_ERR || !rhost || strlen(rhost) < 4096)
                assert_pam(got, rv);
        assert_int_equal(login_env(&l, "WFAPIKEY_ID") != NULL, rv == PAM_SUCCESS);
        login_close(&l);
        assert_int_equal(standin_asked(&s), 1);
        seen = standin_request(&s, &len);
        assert_int_equal(wire_request_decode(seen, len, &req), 0);
        assert_string_equal(req.rhost, sent);
}

static void test_rhost(void **state) {
        _cleanup_free_ char *longest = repeat('h', WIRE_RHOST_MAX), *longer = repeat('h', WIRE_RHOST_MAX + 1),
                            *host300 = repeat('h', 300), *huge = repeat('h', 1 << 20);
        const char *const known[] = { "192.0.2.1", "localhost", "2001:db8::1%eth0", "a\nb", longest };
        const char *const unknown[] = { NULL, "", longer, host300, huge };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(known); i++)
                check_rhost(known[i], known[i], &key, PAM_SUCCESS);
        for (size_t i = 0; i < ARRAY_LEN(unknown); i++)
                check_rhost(unknown[i], "", &key, PAM_SUCCESS);
}

/* An address that is cut could be another one, which the key is good for. */
static void test_rhost_of_narrow_key(void **state) {
        _cleanup_free_ char *address = repeat(' ', 300), *host300 = repeat('1', 300);
        struct world_key narrow;

        (void) state;
        memcpy(address, "192.0.2.1", 9);
        world_issue(&w, &narrow, "--from=192.0.2.0/24", NULL);
        check_rhost("192.0.2.1", "192.0.2.1", &narrow, PAM_SUCCESS);
        check_rhost(address, "", &narrow, PAM_AUTH_ERR);
        check_rhost(host300, "", &narrow, PAM_AUTH_ERR);
        check_rhost(NULL, "", &narrow, PAM_AUTH_ERR);
        check_rhost("192.0.2.1 ", "192.0.2.1 ", &narrow, PAM_AUTH_ERR);
        check_rhost("192.0.2.1,198.51.100.1", "192.0.2.1,198.51.100.1", &narrow, PAM_AUTH_ERR);
        check_rhost("::ffff:198.51.100.1", "::ffff:198.51.100.1", &narrow, PAM_AUTH_ERR);
}

static void check_service(const char *service, const struct world_key *with, int rv, unsigned asked) {
        struct login l;

        world_service(&w, service,
                      "auth required %s socket=%s server_uid=%u timeout=30\n"
                      "auth optional %s as=AFTER\n",
                      w.module, s.path, getuid(), w.peek);
        login_open(&l, &w, service, w.user);
        assert_pam(login_try(&l, with->text), rv);
        assert_int_equal(l.calls, 1);
        assert_string_equal(login_env(&l, "AFTER"), with->text);
        login_close(&l);
        assert_int_equal(standin_asked(&s), asked);
}

static void test_service(void **state) {
        _cleanup_free_ char *longest = repeat('s', WIRE_SERVICE_MAX), *longer = repeat('s', WIRE_SERVICE_MAX + 1),
                            *service200 = repeat('s', 200);
        struct world_key narrow;
        char option[80];

        (void) state;
        (void) snprintf(option, sizeof(option), "--service=%s", longest);
        world_issue(&w, &narrow, option, NULL);
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

/* Blanks separate the services of a key in the store. */
static void test_service_of_two_words(void **state) {
        struct world_key narrow;

        (void) state;
        world_issue(&w, &narrow, "--service=one", "--service=two", NULL);
        check_service("one", &narrow, PAM_SUCCESS, 1);
        check_service("one two", &narrow, PAM_AUTH_ERR, 1);
        check_service("one ", &narrow, PAM_AUTH_ERR, 1);
        check_service(" ", &narrow, PAM_AUTH_ERR, 1);
}

/* --- Options -------------------------------------------------------------------------------------------------------- */

static const char *const wrong_options[] = {
        "sokcet=/tmp/x", "socket", "socket=", "socket=relative", "Socket=/tmp/x", "timeout", "timeout=",
        "timeout=0", "timeout=-1", "timeout=61", "timeout=9ms", "timeout=2x", "timeout=1e3",
        "timeout=99999999999999999999", "prompt", "prompt=", "prompt:x", "server_uid", "server_uid=",
        "server_uid=root", "server_uid=-1", "server_uid=+0", "server_uid=4294967295", "server_uid=4294967296",
        "server_uid=0x0", "server-uid=0", "use_first_pass=yes", "use_first_pas", "use_first_passs", "try_first_pass=",
        "debug=1", "debugg", "DEBUG", "nullok", "ignore_authinfo_unavail", "unknown_ok", "=", "==", "wfk_",
};

/* Nobody is asked for anything, wherever the word stands. */
static void test_wrong_option(void **state) {
        const char *option = *state;

        for (int last = 0; last < 2; last++) {
                struct login l;

                world_service(&w, "options",
                              "auth required %s %s socket=%s server_uid=%u %s\n"
                              "account required %s %s socket=%s server_uid=%u %s\n",
                              w.module, last ? "" : option, s.path, getuid(), last ? option : "", w.module,
                              last ? "" : option, s.path, getuid(), last ? option : "");
                login_open(&l, &w, "options", w.user);
                assert_pam(login_try(&l, key.text), PAM_SERVICE_ERR);
                assert_pam(pam_acct_mgmt(l.pamh, 0), PAM_SERVICE_ERR);
                assert_int_equal(l.calls, 0);
                login_close(&l);
        }
        assert_int_equal(standin_asked(&s), 0);
}

/* Of two that contradict each other the last one counts. */
static void test_right_options(void **state) {
        static const struct {
                const char *before, *after; /* the socket */
        } options[] = {
                { "timeout=60", "" },  { "", "timeout=60s" },     { "timeout=10ms", "timeout=30000ms" },
                { "debug", "" },       { "", "debug debug" },     { "try_first_pass", "" },
                { "prompt=x", "debug" }, { "socket=/nonexistent", "" }, { "server_uid=4294967294", "" },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(options); i++) {
                world_service(&w, "options", "auth required %s %s socket=%s server_uid=%u %s\n", w.module,
                              options[i].before, s.path, getuid(), options[i].after);
                assert_pam(login_once(&w, "options", w.user, key.text), PAM_SUCCESS);
                assert_int_equal(standin_asked(&s), 1);
        }
}

/* One stack's options are not the next one's, not even in one process with the module loaded throughout. */
static void test_options_of_two_stacks(void **state) {
        struct login one, two;

        (void) state;
        world_service(&w, "strict", "auth required %s socket=/nonexistent/s server_uid=%u prompt=Strict\n",
                      w.module, getuid());
        login_open(&one, &w, "strict", w.user);
        login_open(&two, &w, "svc", w.user);
        for (int i = 0; i < 2; i++) {
                assert_pam(login_try(&one, key.text), PAM_AUTHINFO_UNAVAIL);
                assert_string_equal(one.prompt, "Strict");
                assert_pam(login_try(&two, key.text), PAM_SUCCESS);
                assert_string_equal(two.prompt, "Password: ");
        }
        assert_null(login_env(&one, "WFAPIKEY_ID"));
        login_close(&one);
        login_close(&two);
        (void) standin_asked(&s);
}

/* --- Around them ---------------------------------------------------------------------------------------------------- */

static int open_all(void **state) {
        (void) state;
        world_open(&w);
        world_start(&w);
        standin_start(&s, &w, "standin");
        world_do(&w, "policy", "set", "enabled=yes", "max-keys-per-user=1000", NULL);
        world_issue(&w, &key, NULL);
        world_service(&w, "svc",
                      "auth required %s socket=%s server_uid=%u timeout=30\n"
                      "account required %s socket=%s server_uid=%u timeout=30\n",
                      w.module, s.path, getuid(), w.module, s.path, getuid());
        return 0;
}

static int close_all(void **state) {
        (void) state;
        standin_stop(&s);
        world_close(&w);
        return 0;
}

#define CASE(function, text) { .name = text, .test_func = function }

static const struct CMUnitTest cases[] = {
        CASE(test_no_conversation, "an application without a conversation: an error, and nobody is asked"),
        CASE(test_one_prompt_per_try, "each try asks for one secret, in a call of its own"),
        CASE(test_prompt, "prompt= is what the user is asked with, letter by letter"),
        CASE(test_first_pass, "an earlier module's token is taken; without one the user is asked"),
        CASE(test_use_first_pass, "use_first_pass never asks the user"),
        CASE(test_user_is_asked_for, "a missing PAM_USER is asked for, in a call of its own"),
        CASE(test_long_user, "a user name of more than 128 bytes is nobody's and is not cut"),
        CASE(test_odd_user, "a user name goes to the daemon as it is"),
        CASE(test_rhost, "a host that is longer than hosts are is an unknown one"),
        CASE(test_rhost_of_narrow_key, "no host that is not literally an address is good for a key with networks"),
        CASE(test_service, "a service name that is longer than services are is good for no key"),
        CASE(test_service_of_two_words, "a service name of two words is none of a key's services"),
        CASE(test_right_options, "right options are accepted, and the last one counts"),
        CASE(test_options_of_two_stacks, "one stack's options are not another's"),
};

/* A row of a table as a test. */
static struct CMUnitTest row_test(const char *kind, const char *name, CMUnitTestFunction function,
                                  uintptr_t row) {
        static char names[80][112];
        static size_t n;
        struct CMUnitTest test = { .test_func = function, .initial_state = (void *) row };

        assert_in_range(n, 0, ARRAY_LEN(names) - 1);
        (void) snprintf(names[n], sizeof(names[n]), "%s%s", kind, name);
        test.name = names[n++];
        return test;
}

int main(void) {
        struct CMUnitTest tests[ARRAY_LEN(conversations) + ARRAY_LEN(nobodies) + ARRAY_LEN(wrong_options) +
                                ARRAY_LEN(cases)];
        size_t n = 0;

        if (!world_begin(300))
                return 0;
        for (size_t i = 0; i < ARRAY_LEN(conversations); i++)
                tests[n++] = row_test("no success, and nobody is asked: ", conversations[i].name, test_conversation, i);
        for (size_t i = 0; i < ARRAY_LEN(nobodies); i++)
                tests[n++] = row_test("no success, and no secret is asked for: ", nobodies[i].name, test_nobody, i);
        for (size_t i = 0; i < ARRAY_LEN(cases); i++)
                tests[n++] = cases[i];
        for (size_t i = 0; i < ARRAY_LEN(wrong_options); i++)
                tests[n++] = row_test("an error, and nobody is asked: option ", wrong_options[i],
                                      test_wrong_option, (uintptr_t) wrong_options[i]);
        return cmocka_run_group_tests_name("input", tests, open_all, close_all);
}

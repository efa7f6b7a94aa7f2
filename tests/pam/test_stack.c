/* SPDX-License-Identifier: BSD-2-Clause */
/* Stacks with other modules: no failure of this module may end as a login, whatever module stands
 * next to it. (CVE-2025-23013: a module returned PAM_IGNORE for errors. Behind a module that counts
 * failures, every login succeeded.) */
#include <stdio.h>
#include <unistd.h>

#include "login.h"
#include "suite.h"

/* As the manuals have it. */
#define DOCUMENTED "[success=done auth_err=die authinfo_unavail=die default=ignore]"

enum {
        /* The module itself, or else the code that another module returns. */
        US = -1,
        END = -2,
};

static const struct stack {
        const char *name;
        struct {
                const char *control;
                int answer;
        } lines[6];
} stacks[] = {
        { "count-then-required",
          { { "required", PAM_SUCCESS }, { "required", US }, { NULL, END } } },
        { "ignored-then-required",
          { { "[default=ignore]", PAM_SUCCESS }, { "required", US }, { NULL, END } } },
        { "required-then-permit",
          { { "required", US }, { "required", PAM_SUCCESS }, { NULL, END } } },
        { "requisite-then-permit",
          { { "requisite", US }, { "required", PAM_SUCCESS }, { NULL, END } } },
        { "sufficient-then-deny",
          { { "sufficient", US }, { "required", PAM_AUTH_ERR }, { NULL, END } } },
        { "count-sufficient-deny",
          { { "required", PAM_SUCCESS },
            { "sufficient", US },
            { "required", PAM_AUTH_ERR },
            { NULL, END } } },
        { "done-or-next",
          { { "[success=done authinfo_unavail=ignore default=ignore]", US },
            { "required", PAM_AUTH_ERR },
            { NULL, END } } },
        { "as-documented", { { DOCUMENTED, US }, { "required", PAM_AUTH_ERR }, { NULL, END } } },
        { "ok-or-die",
          { { "required", PAM_SUCCESS },
            { "[success=ok default=die]", US },
            { "required", PAM_SUCCESS },
            { NULL, END } } },
        { "faillock",
          { { "requisite", PAM_SUCCESS },
            { "[success=1 default=bad]", US },
            { "[default=die]", PAM_AUTH_ERR },
            { "sufficient", PAM_SUCCESS },
            { "required", PAM_AUTH_ERR } } },
};

/* What goes wrong. Unless the row says otherwise, the stand-in relays to the daemon. */
static const struct trouble {
        const char *name;
        const char *option, *user; /* NULL: none; the key's owner */
        const char *token;         /* NULL for the key */
        bool wrong_digit, quoted;
        int mode;    /* of the stand-in */
        int verdict; /* for STANDIN_REPLY; -1: nonsense */
        enum login_manner manner;
        int returns;
        /* Nobody gave a key, so the next module is asked. */
        bool no_key;
} troubles[] = {
        { "no daemon", .option = "socket=/nonexistent/s" },
        { "a daemon that does not answer", .option = "timeout=50ms", .mode = STANDIN_SILENT },
        { "a daemon that hangs up", .mode = STANDIN_CLOSE },
        { "a daemon that slams the door", .mode = STANDIN_SLAM },
        { "a daemon that answers nonsense", .mode = STANDIN_REPLY, .verdict = -1 },
        { "a daemon that cannot decide", .mode = STANDIN_REPLY, .verdict = VERDICT_INTERNAL },
        { "a daemon of another version", .mode = STANDIN_REPLY, .verdict = VERDICT_VERSION },
        { "a daemon that refuses", .mode = STANDIN_REPLY, .verdict = VERDICT_DENY },
        { "a daemon that wants a certificate", .mode = STANDIN_REPLY,
          .verdict = VERDICT_DENY_CERTIFICATE },
        { "a verdict that nobody knows", .mode = STANDIN_REPLY, .verdict = 7 },
        { "a server of another uid", .option = "server_uid=4294967294" },
        { "a misspelt option", .option = "timout=2" },
        { "a wrong secret", .wrong_digit = true },
        { "a key in quotes", .quoted = true },
        { "a password", .token = "hunter2", .no_key = true },
        { "an empty password", .token = "", .no_key = true },
        { "sshd's filler for barred users", .token = "\b\n\r\177INCORRECT\b\n\r\177I",
          .no_key = true },
        { "no answer", .manner = LOGIN_GIVES_NOTHING, .no_key = true },
        { "a conversation that fails", .manner = LOGIN_RETURNS, .returns = PAM_CONV_ERR,
          .no_key = true },
        { "a conversation without memory", .manner = LOGIN_RETURNS, .returns = PAM_BUF_ERR,
          .no_key = true },
        { "a conversation that goes on later", .manner = LOGIN_RETURNS, .returns = PAM_CONV_AGAIN },
        { "a conversation that says ignore", .manner = LOGIN_RETURNS, .returns = PAM_IGNORE,
          .no_key = true },
        { "another user's key", .user = "somebody-else" },
        { "a user name that is too long",
          .user = "uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu"
                  "u"
                  "uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu" },
        { "a user name that is empty", .user = "" },
};

static void write_stack(const struct stack *stack, const char *option) {
        char text[8192] = "";
        size_t used = 0;

        for (size_t i = 0; i < ARRAY_LEN(stack->lines) && stack->lines[i].control; i++) {
                const char *control = stack->lines[i].control;
                int answer = stack->lines[i].answer;

                used += (size_t) (answer == US ? snprintf(text + used, sizeof(text) - used,
                                                          "auth %s %s %s\n", control, ours, option)
                                               : snprintf(text + used, sizeof(text) - used,
                                                          "auth %s %s return=%d\n", control,
                                                          world.peek, answer));
                assert_in_range(used, 0, sizeof(text) - 1);
        }
        world_service(&world, stack->name, "%s", text);
}

static void make_trouble(const struct trouble *trouble) {
        if (trouble->mode == STANDIN_REPLY && trouble->verdict == -1)
                standin_reply(&standin, (const uint8_t *) "nonsense", 8, false);
        else if (trouble->mode == STANDIN_REPLY)
                standin_answer(&standin, (enum verdict) trouble->verdict);
        else
                standin_set(&standin, (enum standin_mode) trouble->mode);
}

/* ${text} is where it may be made. */
static const char *token_of(const struct trouble *trouble, char text[static KEYTEXT_LEN + 3]) {
        if (trouble->token)
                return trouble->token;
        if (trouble->wrong_digit)
                login_spoil(key.text, 20, text);
        else
                (void) snprintf(text, KEYTEXT_LEN + 3, trouble->quoted ? "\"%s\"" : "%s", key.text);
        return text;
}

static int run_into(const struct trouble *trouble, const char *service) {
        char text[KEYTEXT_LEN + 3];
        struct login l;
        int rv;

        login_open(&l, &world, service, trouble->user ? trouble->user : world.user);
        l.manner = trouble->manner;
        l.returns = trouble->returns;
        rv = login_try(&l, token_of(trouble, text));
        assert_null(login_env(&l, "WFAPIKEY_ID"));
        login_close(&l);
        return rv;
}

static void test_trouble(void **state) {
        const struct trouble *trouble = *state;

        make_trouble(trouble);
        for (size_t i = 0; i < ARRAY_LEN(stacks); i++) {
                int rv;

                write_stack(&stacks[i], trouble->option ? trouble->option : "");
                rv = run_into(trouble, stacks[i].name);
                if (rv == PAM_SUCCESS || rv == PAM_IGNORE)
                        fail_msg("the stack '%s' answered %d", stacks[i].name, rv);
        }
        standin_set(&standin, STANDIN_RELAY);
}

/* A stack that reacts differently to a module that says PAM_IGNORE. */
static void test_never_ignored(void **state) {
        static const struct stack telling = {
                "telling", { { "[ignore=ok default=bad]", US }, { NULL, END } }
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(troubles); i++) {
                int rv;

                make_trouble(&troubles[i]);
                write_stack(&telling, troubles[i].option ? troubles[i].option : "");
                rv = run_into(&troubles[i], telling.name);
                if (rv == PAM_SUCCESS || rv == PAM_IGNORE)
                        fail_msg("%s: ignored", troubles[i].name);
        }
        standin_set(&standin, STANDIN_RELAY);
}

/* The next module accepts whatever it is given, and notes that it was asked. It is pam_faillock,
 * pam_unix or a directory for a user who is attacked from afar: it must see no key, whatever is
 * wrong with the key or the daemon. What is no key is its business. */
static void test_no_key_goes_on(void **state) {
        const struct trouble *trouble = *state;
        char text[KEYTEXT_LEN + 3];
        struct login l;
        int rv;

        make_trouble(trouble);
        world_service(&world, "spied-on",
                      "auth " DOCUMENTED " %s %s\n"
                      "auth required %s as=AFTER set=seen\n",
                      ours, trouble->option ? trouble->option : "", world.peek);
        login_open(&l, &world, "spied-on", trouble->user ? trouble->user : world.user);
        l.manner = trouble->manner;
        l.returns = trouble->returns;
        rv = login_try(&l, token_of(trouble, text));
        if ((login_env(&l, "AFTER") != NULL) != trouble->no_key)
                fail_msg("the next module was %sasked; the stack answered %d",
                         trouble->no_key ? "not " : "", rv);
        if (!trouble->no_key && rv == PAM_SUCCESS)
                fail_msg("it logged in");
        login_close(&l);
        standin_set(&standin, STANDIN_RELAY);
}

static void test_key_logs_in(void **state) {
        const struct stack *stack = *state;

        write_stack(stack, "");
        assert_pam(login_once(&world, stack->name, world.user, key.text), PAM_SUCCESS);
}

/* Users with passwords log in by the next module, whether the daemon runs or not. */
static void test_password_logs_in(void **state) {
        static const char *const options[] = { "", "socket=/nonexistent/s" };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(options); i++) {
                world_service(&world, "beside-passwords",
                              "auth " DOCUMENTED " %s %s\n"
                              "auth required %s as=AFTER\n",
                              ours, options[i], world.peek);
                assert_pam(login_once(&world, "beside-passwords", world.user, "hunter2"),
                           PAM_SUCCESS);
        }
}

static const struct suite_test tests[] = {
        ROWS(troubles, test_trouble, "no stack logs in with "),
        ROWS(troubles, test_no_key_goes_on, "the next module sees no key: "),
        ROWS(stacks, test_key_logs_in, "for comparison: a key logs in: "),
        CASE(test_never_ignored, "no trouble is one that a stack may ignore"),
        CASE(test_password_logs_in, "a password is the next module's, with a daemon and without"),
};

const struct suite suite = {
        .name = "stack",
        .daemon = true,
        .standin = true,
        .tests = tests,
        .n_tests = ARRAY_LEN(tests),
};

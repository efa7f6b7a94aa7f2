/* SPDX-License-Identifier: BSD-2-Clause */
/* The conversation between module and application: one prompt in a call of its own, or none, and
 * conversations that fail. Real module, real libpam, real daemon, with a stand-in between them that
 * counts. */
#include <unistd.h>

#include "login.h"
#include "suite.h"

/* --- Conversations --- */

static const struct talk {
        const char *name;
        enum login_manner manner;
        int returns;
        int rv;
} conversations[] = {
        { "a conversation that fails", .manner = LOGIN_RETURNS, .returns = PAM_CONV_ERR,
          .rv = PAM_CONV_ERR },
        { "a conversation that fails with an answer", .manner = LOGIN_RETURNS_BOTH,
          .returns = PAM_CONV_ERR, .rv = PAM_CONV_ERR },
        { "a conversation that wants to be called again", .manner = LOGIN_RETURNS,
          .returns = PAM_CONV_AGAIN, .rv = PAM_INCOMPLETE },
        { "a conversation without memory", .manner = LOGIN_RETURNS, .returns = PAM_BUF_ERR,
          .rv = PAM_BUF_ERR },
        { "a conversation that says it is aborted", .manner = LOGIN_RETURNS, .returns = PAM_ABORT,
          .rv = PAM_CONV_ERR },
        { "a conversation that says ignore", .manner = LOGIN_RETURNS, .returns = PAM_IGNORE,
          .rv = PAM_CONV_ERR },
        { "a conversation that says nonsense", .manner = LOGIN_RETURNS_BOTH, .returns = -7,
          .rv = PAM_CONV_ERR },
        { "a conversation that gives no answer", .manner = LOGIN_GIVES_NOTHING,
          .rv = PAM_CRED_UNAVAIL },
        { "a conversation that answers without a text", .manner = LOGIN_ANSWERS,
          .rv = PAM_CRED_UNAVAIL },
};

static void test_conversation(void **state) {
        const struct talk *talk = *state;
        struct login l;

        login_open(&l, &world, "svc", world.user);
        l.manner = talk->manner;
        l.returns = talk->returns;
        assert_pam(login_try(&l, talk->manner == LOGIN_RETURNS_BOTH ? key.text : NULL), talk->rv);
        assert_int_equal(l.calls, 1);
        assert_int_equal(l.secrets_asked, 1);
        assert_int_equal(standin_asked(&standin), 0);
        assert_null(login_env(&l, "WFAPIKEY_ID"));
        /* The next try begins without anything of this one. */
        l.manner = LOGIN_ANSWERS;
        assert_pam(login_try(&l, key.text), PAM_SUCCESS);
        assert_int_equal(standin_asked(&standin), 1);
        login_close(&l);
}

static void test_no_conversation(void **state) {
        const struct pam_conv none = { .conv = NULL };
        struct login l;

        (void) state;
        login_open(&l, &world, "svc", world.user);
        assert_pam(pam_set_item(l.pamh, PAM_CONV, &none), PAM_SUCCESS);
        assert_pam(login_try(&l, key.text), PAM_CONV_ERR);
        assert_int_equal(standin_asked(&standin), 0);
        login_close(&l);
}

static void test_one_prompt_per_try(void **state) {
        struct login l;

        (void) state;
        login_open(&l, &world, "svc", world.user);
        for (unsigned i = 1; i <= 3; i++) {
                assert_pam(login_try(&l, i < 3 ? "hunter2" : key.text),
                           i < 3 ? PAM_CRED_UNAVAIL : PAM_SUCCESS);
                assert_int_equal(l.calls, i);
                assert_int_equal(l.secrets_asked, i);
                assert_int_equal(l.most_messages, 1);
        }
        assert_int_equal(standin_asked(&standin), 1);
        login_close(&l);
}

static void check_prompt(const char *option, const char *shown) {
        struct login l;

        world_service(&world, "prompt", "auth required %s %s\n", ours, option);
        login_open(&l, &world, "prompt", world.user);
        assert_pam(login_try(&l, key.text), PAM_SUCCESS);
        assert_int_equal(l.calls, 1);
        assert_string_equal(l.prompt, shown);
        login_close(&l);
        assert_int_equal(standin_asked(&standin), 1);
}

static void test_prompt(void **state) {
        (void) state;
        check_prompt("", "Password: ");
        check_prompt("prompt=Key", "Key");
        check_prompt("[prompt=API key (not your password): ]", "API key (not your password): ");
        check_prompt("[prompt=%s %n 100%]", "%s %n 100%"); /* it is a text, not a format */
}

/* The token of an earlier module counts, and the user is not asked for another. */
static void check_given(const char *option, const char *token, int rv, unsigned prompts,
                        unsigned asked) {
        struct login l;

        world_service(&world, "given",
                      "auth optional %s %s%s\n"
                      "auth required %s %s\n"
                      "auth optional %s as=AFTER\n",
                      world.peek, token ? "set=" : "", token ? token : "", ours, option,
                      world.peek);
        login_open(&l, &world, "given", world.user);
        assert_pam(login_try(&l, key.text), rv);
        assert_int_equal(l.calls, prompts);
        assert_int_equal(l.secrets_asked, prompts);
        if (token || prompts)
                assert_string_equal(login_env(&l, "AFTER"), token ? token : key.text);
        else
                assert_null(login_env(&l, "AFTER"));
        login_close(&l);
        assert_int_equal(standin_asked(&standin), asked);
}

static void test_first_pass(void **state) {
        static const char *const options[] = { "", "try_first_pass",
                                               "use_first_pass try_first_pass" };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(options); i++) {
                check_given(options[i], key.text, PAM_SUCCESS, 0, 1);
                check_given(options[i], "hunter2", PAM_CRED_UNAVAIL, 0, 0);
                check_given(options[i], NULL, PAM_SUCCESS, 1, 1);
        }
}

static void test_use_first_pass(void **state) {
        (void) state;
        check_given("use_first_pass", key.text, PAM_SUCCESS, 0, 1);
        check_given("use_first_pass", "hunter2", PAM_CRED_UNAVAIL, 0, 0);
        check_given("use_first_pass", NULL, PAM_CRED_UNAVAIL, 0, 0);
        check_given("try_first_pass use_first_pass", NULL, PAM_CRED_UNAVAIL, 0, 0);
}

/* --- Users that libpam asks for --- */

static void test_user_is_asked_for(void **state) {
        struct login l;

        (void) state;
        login_open(&l, &world, "svc", NULL);
        l.user = world.user;
        assert_pam(login_try(&l, key.text), PAM_SUCCESS);
        assert_int_equal(l.calls, 2);
        assert_int_equal(l.users_asked, 1);
        assert_int_equal(l.secrets_asked, 1);
        assert_int_equal(l.most_messages, 1);
        assert_int_equal(standin_asked(&standin), 1);
        login_forget(&l);
        assert_pam(pam_acct_mgmt(l.pamh, 0), PAM_SUCCESS);
        assert_int_equal(l.calls, 0);
        login_close(&l);
        (void) standin_asked(&standin);
}

static const struct nobody {
        const char *name;
        enum login_manner manner;
        const char *user;
        int returns;
        int rv;
        unsigned secrets; /* that are asked for */
} nobodies[] = {
        { "a user who is asked for and not given", .manner = LOGIN_ANSWERS, .rv = PAM_CONV_ERR },
        { "a user who is asked for in vain", .manner = LOGIN_RETURNS, .returns = PAM_CONV_ERR,
          .rv = PAM_CONV_ERR },
        { "a user who is asked for later", .manner = LOGIN_RETURNS, .returns = PAM_CONV_AGAIN,
          .rv = PAM_INCOMPLETE },
        { "a user who is asked for without memory", .manner = LOGIN_RETURNS, .returns = PAM_BUF_ERR,
          .rv = PAM_BUF_ERR },
        { "a user without a name", .manner = LOGIN_ANSWERS, .user = "", .rv = PAM_AUTH_ERR,
          .secrets = 1 },
};

static void test_nobody(void **state) {
        const struct nobody *nobody = *state;
        struct login l;
        int rv;

        login_open(&l, &world, "svc", NULL);
        l.manner_for_user = nobody->manner;
        l.user = nobody->user;
        l.returns = nobody->returns;
        rv = login_try(&l, key.text);
        /* libpam has one code for every failure of its own prompt. */
        if (nobody->rv == PAM_BUF_ERR && rv == PAM_CONV_ERR)
                rv = PAM_BUF_ERR;
        assert_pam(rv, nobody->rv);
        assert_int_equal(l.users_asked, 1);
        assert_int_equal(l.secrets_asked, nobody->secrets);
        assert_int_equal(standin_asked(&standin), 0);
        login_close(&l);
}

/* --- Set-up and table --- */

static void set_up(void) {
        world_service(&world, "svc", "auth required %s\naccount required %s\n", ours, ours);
}

static const struct suite_test tests[] = {
        ROWS(conversations, test_conversation, "no success, and nobody is asked: "),
        ROWS(nobodies, test_nobody, "no success, and nobody is asked about "),
        CASE(test_no_conversation,
             "an application without a conversation: an error, and nobody is asked"),
        CASE(test_one_prompt_per_try, "each try asks for one secret, in a call of its own"),
        CASE(test_prompt, "prompt= is what the user is asked with, letter by letter"),
        CASE(test_first_pass, "an earlier module's token is taken; without one the user is asked"),
        CASE(test_use_first_pass, "use_first_pass never asks the user"),
        CASE(test_user_is_asked_for, "a missing PAM_USER is asked for, in a call of its own"),
};

const struct suite suite = {
        .name = "converse",
        .daemon = true,
        .standin = true,
        .set_up = set_up,
        .tests = tests,
        .n_tests = ARRAY_LEN(tests),
};

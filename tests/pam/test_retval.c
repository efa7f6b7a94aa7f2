/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of answers, row by row: what authenticate returns, shows, asks and leaves. Real module,
 * real libpam, real daemon, with a stand-in between them that counts. */
#include <stdio.h>
#include <unistd.h>

#include "cleanup.h"
#include "login.h"
#include "suite.h"
#include "verdict.h"

enum spoil {
        WHOLE,
        /* Another digit in the secret, with the right checksum. */
        WRONG_FIRST,
        WRONG_LAST,
        OTHER_CASE,
        OTHER_ID, /* an id that no key has */
};

enum fate {
        ALIVE,
        REVOKED,
        REMOVED,
        RESET,
        OUTLIVED, /* by the policy's lifetime */
        EXPIRED,  /* by its own date */
};

static const struct row {
        const char *name;
        enum reason reason; /* REASON_NONE: accepted */
        enum spoil spoil;
        enum fate fate;
        const char *issue[4]; /* options of the key */
        const char *rhost;
        /* NULL for the owner; with a + in front: after the owner's name */
        const char *user;
        const char *during, *after; /* changes of policy */
} rows[] = {
        { "a key of its user is accepted", REASON_NONE },
        { "a key for this service is accepted", REASON_NONE,
          .issue = { "--service=table", "--service=table-given" } },
        { "a key for this network is accepted", REASON_NONE, .issue = { "--from=192.0.2.0/24" },
          .rhost = "192.0.2.77" },
        { "a key for an IPv6 network is accepted", REASON_NONE,
          .issue = { "--from=192.0.2.0/24", "--from=2001:db8::/32" }, .rhost = "2001:db8::1" },
        { "an id that nobody has is refused", REASON_UNKNOWN_KEY, .spoil = OTHER_ID },
        { "a removed key is refused", REASON_UNKNOWN_KEY, .fate = REMOVED },
        { "a secret with another first digit is refused", REASON_WRONG_SECRET,
          .spoil = WRONG_FIRST },
        { "a secret with another last digit is refused", REASON_WRONG_SECRET, .spoil = WRONG_LAST },
        { "a secret in other letter case is refused", REASON_WRONG_SECRET, .spoil = OTHER_CASE },
        { "the secret from before a reset is refused", REASON_WRONG_SECRET, .fate = RESET },
        { "another user's key is refused", REASON_OTHER_USER, .user = "somebody-else" },
        { "a user name that begins as the owner's is refused", REASON_OTHER_USER, .user = "+x" },
        { "a user name with a line break is refused and does not break the log", REASON_OTHER_USER,
          .user = "a\nwfapikeyd: accepted key" },
        { "a key that outlived the policy's lifetime is refused", REASON_EXPIRED, .fate = OUTLIVED,
          .after = "lifetime=1month" },
        { "a key behind its own date is refused", REASON_EXPIRED, .fate = EXPIRED,
          .issue = { "--expires=1s" } },
        { "a revoked key is refused", REASON_REVOKED, .fate = REVOKED },
        { "every key is refused while keys are disabled", REASON_DISABLED, .during = "enabled=no",
          .after = "enabled=yes" },
        { "a key for other services is refused", REASON_SERVICE, .issue = { "--service=sshd" } },
        { "a key for a service that begins alike is refused", REASON_SERVICE,
          .issue = { "--service=tabl" } },
        { "a key for other networks is refused", REASON_SOURCE, .issue = { "--from=192.0.2.0/24" },
          .rhost = "198.51.100.7" },
        { "a key for networks is refused without a source", REASON_SOURCE_UNKNOWN,
          .issue = { "--from=192.0.2.0/24" } },
        { "a key for networks is refused with an empty source", REASON_SOURCE_UNKNOWN,
          .issue = { "--from=0.0.0.0/0" }, .rhost = "" },
        { "a key for networks is refused with a host name for a source", REASON_SOURCE_UNKNOWN,
          .issue = { "--from=127.0.0.0/8" }, .rhost = "localhost" },
        { "a key is refused without the certificate that is required", REASON_CERTIFICATE_MISSING,
          .during = "require-certificate=yes", .after = "require-certificate=no" },
        { "a wrong secret is refused without a word of certificates", REASON_WRONG_SECRET,
          .spoil = WRONG_FIRST, .during = "require-certificate=yes",
          .after = "require-certificate=no" },
};

static void flip_case(const char *text, char ret[static KEYTEXT_LEN + 1]) {
        char secret[KEYTEXT_SECRET_LEN];

        memcpy(secret, keytext_secret(text), sizeof(secret));
        for (size_t i = 0; i < sizeof(secret); i++)
                if (secret[i] >= 'A') {
                        secret[i] ^= 0x20;
                        break;
                }
        keytext_format(ret, keytext_id(text), secret);
}

static void spoil(const struct row *row, const char *text, char ret[static KEYTEXT_LEN + 1]) {
        switch (row->spoil) {
        case WHOLE:
                memcpy(ret, text, KEYTEXT_LEN + 1);
                break;
        case WRONG_FIRST:
                login_spoil(text, 0, ret);
                break;
        case WRONG_LAST:
                login_spoil(text, KEYTEXT_SECRET_LEN - 1, ret);
                break;
        case OTHER_CASE:
                flip_case(text, ret);
                break;
        case OTHER_ID:
                keytext_format(ret, "nobodyHas1", keytext_secret(text));
                break;
        }
}

static void meet_fate(const struct row *row, const char *id) {
        switch (row->fate) {
        case ALIVE:
                break;
        case REVOKED:
                world_do(&world, "key", "revoke", id, "--reason=lost", NULL);
                break;
        case REMOVED:
                world_do(&world, "key", "remove", id, NULL);
                break;
        case RESET:
                world_do(&world, "key", "reset", id, NULL);
                break;
        case OUTLIVED:
                world_do(&world, "policy", "set", "lifetime=1s", NULL);
                world_await_status(&world, id, "expired");
                break;
        case EXPIRED:
                world_await_status(&world, id, "expired");
                break;
        }
}

/* What the application saw: the prompt, the sentence or nothing. And what the next module found. */
static void check_shown(const struct login *l, const struct row *row, unsigned prompts,
                        bool sentence, const char *token) {
        bool told = sentence && verdict_of(row->reason) == VERDICT_DENY_CERTIFICATE;

        assert_int_equal(l->secrets_asked, prompts);
        assert_int_equal(l->errors, told);
        assert_string_equal(l->error, told ? LOGIN_SENTENCE : "");
        assert_int_equal(l->calls, prompts + (unsigned) told);
        assert_in_range(l->most_messages, 0, 1);
        assert_int_equal(l->users_asked + l->infos + l->others, 0);
        assert_string_equal(l->prompt, prompts ? "Password: " : "");
        assert_non_null(login_env(l, "AFTER"));
        assert_string_equal(login_env(l, "AFTER"), token);
}

/* The number of verdicts in the daemon's log. Those of earlier tests are in it already: each test
 * waited for its own. */
static unsigned verdicts_logged(void) {
        _cleanup_free_ char *log = world_read(world.log, NULL);
        unsigned n = 0;

        for (const char *at = log; at && (at = strstr(at, "asked by uid ")); at++)
                n++;
        return n;
}

static void check_log(size_t from, const struct row *row, const char *token) {
        char id[KEYTEXT_ID_LEN + 1] = {}, secret[KEYTEXT_SECRET_LEN + 1] = {}, what[64];
        _cleanup_free_ char *line = NULL, *log = NULL;

        memcpy(id, keytext_id(token), KEYTEXT_ID_LEN);
        memcpy(secret, keytext_secret(token), KEYTEXT_SECRET_LEN);
        (void) snprintf(what, sizeof(what), "%s key %s: user '",
                        row->reason ? "refused" : "accepted", id);
        line = world_await_log(&world, from, what);
        assert_non_null(strstr(line, "service 'table"));
        if (row->reason)
                assert_non_null(strstr(line, verdict_reason_text(row->reason)));
        if (row->reason == REASON_EXPIRED)
                assert_non_null(strstr(line, " (at 20"));
        if (row->rhost && row->rhost[0])
                assert_non_null(strstr(line, row->rhost));
        else
                assert_non_null(strstr(line, "source 'unknown'"));
        log = world_read(world.log, NULL);
        assert_non_null(log);
        assert_null(strstr(log, secret));
        assert_null(strstr(log, "\nwfapikeyd: accepted key'"));
}

static void log_in(const struct row *row, const char *service, int flags, const char *token,
                   unsigned prompts) {
        bool longer = row->user && row->user[0] == '+', accepted = row->reason == REASON_NONE;
        char user[2 * WIRE_USER_MAX];
        size_t from = world_log_size(&world);
        struct login l;

        (void) snprintf(user, sizeof(user), "%s%s", row->user && !longer ? row->user : world.user,
                        longer ? row->user + 1 : "");
        login_open(&l, &world, service, user);
        assert_pam(pam_set_item(l.pamh, PAM_RHOST, row->rhost), PAM_SUCCESS);
        l.answer = token;
        assert_pam(pam_authenticate(l.pamh, flags), accepted ? PAM_SUCCESS : PAM_AUTH_ERR);
        assert_int_equal(standin_asked(&standin), 1);
        assert_int_equal(login_env(&l, "WFAPIKEY_ID") != NULL, accepted);
        assert_int_equal(login_env(&l, "WFAPIKEY_NAME") != NULL, accepted);
        check_shown(&l, row, prompts, !(flags & PAM_SILENT), token);
        check_log(from, row, token);
        login_close(&l);
}

static void test_row(void **state) {
        const struct row *row = *state;
        struct world_key issued;
        char token[KEYTEXT_LEN + 1];

        world_issue(&world, &issued, row->issue[0], row->issue[1], NULL);
        spoil(row, issued.text, token);
        if (row->during)
                world_do(&world, "policy", "set", row->during, NULL);
        meet_fate(row, issued.id);
        world_service(&world, "table-given",
                      "auth optional %s set=%s\n"
                      "auth required %s use_first_pass\n"
                      "auth optional %s as=AFTER\n",
                      world.peek, token, ours, world.peek);

        log_in(row, "table", 0, token, 1);
        log_in(row, "table-given", 0, token, 0);
        log_in(row, "table", PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK, token, 1);

        if (row->after)
                world_do(&world, "policy", "set", row->after, NULL);
}

/* --- Tokens that are not a key --- */

static void check_not_a_key(const char *service, const char *token, unsigned prompts) {
        struct login l;

        login_open(&l, &world, service, world.user);
        assert_pam(login_try(&l, token), PAM_CRED_UNAVAIL);
        assert_int_equal(l.calls, prompts);
        assert_int_equal(l.secrets_asked, prompts);
        assert_non_null(login_env(&l, "AFTER"));
        assert_int_equal(strlen(login_env(&l, "AFTER")), strlen(token));
        assert_string_equal(login_env(&l, "AFTER"), token);
        assert_null(login_env(&l, "WFAPIKEY_ID"));
        login_close(&l);
}

/* The daemon is not asked, nothing is logged, and the next module finds the token as it was. */
static void check_left_alone(const char *token) {
        unsigned before = verdicts_logged();

        check_not_a_key("table", token, 1);
        assert_int_equal(standin_asked(&standin), 0);
        assert_int_equal(verdicts_logged(), before);
}

#define NOT_A_KEY(what) what " is not a key and nobody is asked"
static const struct word {
        const char *name;
        const char *unit; /* the token repeats this */
        size_t len;
} words[] = {
        { NOT_A_KEY("an empty token"), .unit = "", .len = 0 },
        { NOT_A_KEY("a short password"), .unit = "hunter2", .len = 7 },
        { NOT_A_KEY("a password of a key's length"), .unit = "correct horse battery staple ",
          .len = 64 },
        { NOT_A_KEY("a key's length in its alphabet"), .unit = "wfk_0123456789_",
          .len = KEYTEXT_LEN },
        { NOT_A_KEY("sshd's filler for barred users"), .unit = "\b\n\r\177INCORRECT", .len = 26 },
        { NOT_A_KEY("sshd's filler of a key's length"), .unit = "\b\n\r\177INCORRECT",
          .len = KEYTEXT_LEN },
        { NOT_A_KEY("a token of 127 bytes"), .unit = "x", .len = 127 },
        { NOT_A_KEY("a token of 128 bytes"), .unit = "x", .len = 128 },
        { NOT_A_KEY("a token of 511 bytes"), .unit = "x", .len = 511 },
        { NOT_A_KEY("a token of 512 bytes"), .unit = "x", .len = 512 },
        { NOT_A_KEY("a token of 513 bytes"), .unit = "x", .len = 513 },
        { NOT_A_KEY("a token of 4 KiB"), .unit = "wfk_", .len = 4096 },
        { NOT_A_KEY("a token of 64 KiB"), .unit = "wfk_", .len = 65536 },
        { NOT_A_KEY("a token of 1 MiB"), .unit = "wfk_", .len = 1 << 20 },
        { NOT_A_KEY("a token of control characters"), .unit = "\001\033[31m\377", .len = 64 },
};

static void test_word(void **state) {
        const struct word *word = *state;
        _cleanup_free_ char *token = calloc(1, word->len + 1);
        size_t unit = strlen(word->unit);

        assert_non_null(token);
        for (size_t at = 0; at < word->len; at++)
                token[at] = word->unit[at % unit];
        check_left_alone(token);
}

static void test_changed_digit(void **state) {
        (void) state;
        for (size_t at = 0; at < KEYTEXT_LEN; at++) {
                char token[KEYTEXT_LEN + 1];

                memcpy(token, key.text, sizeof(token));
                token[at] = token[at] == 'x' ? 'y' : 'x';
                check_left_alone(token);
        }
}

static void test_cut_short(void **state) {
        (void) state;
        for (size_t len = 1; len < KEYTEXT_LEN; len++) {
                char token[KEYTEXT_LEN + 1] = {};

                memcpy(token, key.text, len);
                check_left_alone(token);
                check_left_alone(key.text + KEYTEXT_LEN - len);
        }
}

static void fill_form(const char *form, char token[static 3 * KEYTEXT_LEN]) {
        char *at = token;

        for (const char *f = form; *f; f++)
                if (*f == '%') {
                        memcpy(at, key.text, KEYTEXT_LEN);
                        at += KEYTEXT_LEN;
                        f++;
                } else
                        *at++ = *f;
        *at = '\0';
}

/* A password may look like a key. Only the checksum makes it one. */
static void test_around_what_is_no_key(void **state) {
        static const char *const forms[] = { "x%s", "\"%s\"", "%s%s", "wfk_%s wfk_" };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
                char token[3 * KEYTEXT_LEN];

                fill_form(forms[i], token);
                for (char *at = token; (at = strstr(at, key.text)); at++)
                        at[KEYTEXT_LEN - 1] = at[KEYTEXT_LEN - 1] == 'x' ? 'y' : 'x';
                check_left_alone(token);
        }
}

/* It is good for a login somewhere. No module below may be given it, or count it as a password. */
static void test_more_than_a_key(void **state) {
        static const char *const forms[] = { " %s",    "\n%s",        "%sx",
                                             "%s%s",   "%s:",         "%s\v",
                                             "%s\b",   "%s\n.x",      "%s.MII",
                                             "\v%s",   " \t%s\n",     "\"%s\"",
                                             "'%s'",   "<%s>",        "\xc2\xa0%s",
                                             "pw%s",   "Bearer %s",   "key=%s\n",
                                             "wfk_%s", "wfk%s",       "\xef\xbb\xbf%s",
                                             "%s%s\n", "hunter2\n%s", "wfk_0123456789_%s" };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
                char token[3 * KEYTEXT_LEN];

                fill_form(forms[i], token);
                assert_pam(login_once(&world, "table", world.user, token), PAM_AUTH_ERR);
                assert_int_equal(standin_asked(&standin), 0);
        }
}

/* Pasted, or read from a file, maybe one of Windows. The daemon gets the key alone. */
static void test_key_with_blanks_behind(void **state) {
        static const char *const forms[] = { "%s\n", "%s\r\n", "%s\r", "%s ", "%s  \t\r\n\n" };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
                char token[3 * KEYTEXT_LEN];
                size_t from = world_log_size(&world);

                fill_form(forms[i], token);
                assert_pam(login_once(&world, "table", world.user, token), PAM_SUCCESS);
                free(world_await_log(&world, from, "accepted key"));
                assert_string_equal(standin_decode(&standin).key.text, key.text);
                assert_int_equal(standin_asked(&standin), 1);
        }
}

static void test_key_and_a_megabyte(void **state) {
        _cleanup_free_ char *token = malloc((1 << 20) + 1);

        (void) state;
        assert_non_null(token);
        memset(token, 'x', 1 << 20);
        memcpy(token, key.text, KEYTEXT_LEN);
        token[1 << 20] = '\0';
        assert_pam(login_once(&world, "table", world.user, token), PAM_AUTH_ERR);
        assert_int_equal(standin_asked(&standin), 0);
}

static void test_given_password(void **state) {
        (void) state;
        world_service(&world, "given",
                      "auth optional %s set=hunter2\n"
                      "auth required %s\n"
                      "auth optional %s as=AFTER\n",
                      world.peek, ours, world.peek);
        check_not_a_key("given", "hunter2", 0);
        assert_int_equal(standin_asked(&standin), 0);
}

static void set_up(void) {
        world_service(&world, "table",
                      "auth required %s\n"
                      "auth optional %s as=AFTER\n",
                      ours, world.peek);
}

static const struct suite_test tests[] = {
        ROWS(rows, test_row, ""),
        ROWS(words, test_word, ""),
        CASE(test_changed_digit,
             "a key with any one digit changed is not a key and nobody is asked"),
        CASE(test_cut_short, "a part of a key is not a key and nobody is asked"),
        CASE(test_key_with_blanks_behind, "blanks and line ends behind a key are no part of it"),
        CASE(test_around_what_is_no_key, "what only looks like a key is one nowhere in a token"),
        CASE(test_more_than_a_key, "a key with anything before it or more behind it is refused"),
        CASE(test_key_and_a_megabyte,
             "a megabyte that begins with a key is refused and nobody is asked"),
        CASE(test_given_password,
             "a password from an earlier module is not a key and nobody is asked"),
};

const struct suite suite = {
        .name = "retval",
        .daemon = true,
        .standin = true,
        .set_up = set_up,
        .tests = tests,
        .n_tests = ARRAY_LEN(tests),
};

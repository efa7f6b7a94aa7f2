/* SPDX-License-Identifier: BSD-2-Clause */
/* Each call that the module makes fails, one after the other, in every possible way. A failure is a
 * success only if the daemon's whole allow arrived and is noted. It is never PAM_IGNORE. Nothing
 * stays open, allocated, unwiped or half noted, and no line of the log has a secret. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "faults.h"
#include "pam_login.h"
#include "suite.h"

static const struct scene {
        const char *name;
        enum verdict verdict;
        /* The account check fails, after a login that did not. */
        bool account;
        bool fresh;
        /* authenticate fails, after a login that did not. */
        bool second;
        bool backlog_full; /* the first connect finds no place */
        bool hangs_up;     /* on the first question */
        bool given;        /* the token is there already */
        /* The daemon answers an offer with a challenge. */
        bool offers;
        const char *token;  /* NULL for a key */
        const char *behind; /* what the user types after it */
        /* The answer to the second question. */
        const char *certificate;
        const char *option;
        int rv; /* when nothing fails */
} scenes[] = {
        { "accepted", VERDICT_ALLOW, .rv = PAM_SUCCESS },
        { "accepted, with a token that is there", VERDICT_ALLOW, .given = true, .rv = PAM_SUCCESS },
        { "accepted, with a full backlog", VERDICT_ALLOW, .backlog_full = true, .rv = PAM_SUCCESS },
        { "accepted at the second question", VERDICT_ALLOW, .hangs_up = true, .rv = PAM_SUCCESS },
        { "accepted, debugging", VERDICT_ALLOW, .option = "debug", .rv = PAM_SUCCESS },
        { "accepted again", VERDICT_ALLOW, .second = true, .rv = PAM_SUCCESS },
        { "refused", VERDICT_DENY, .rv = PAM_AUTH_ERR },
        { "refused, after an accepted one", VERDICT_DENY, .second = true, .rv = PAM_AUTH_ERR },
        { "refused for a certificate", VERDICT_DENY_CERTIFICATE, .rv = PAM_AUTH_ERR },
        { "undecided", VERDICT_INTERNAL, .rv = PAM_AUTHINFO_UNAVAIL },
        { "not a key", VERDICT_ALLOW, .token = "hunter2", .rv = PAM_CRED_UNAVAIL },
        { "a key and more", VERDICT_ALLOW, .behind = ".MAIBAA", .rv = PAM_AUTH_ERR },
        { "a bad option", VERDICT_ALLOW, .option = "tiemout=2", .rv = PAM_AUTHINFO_UNAVAIL },
        { "a bad option and no key", VERDICT_ALLOW, .token = "hunter2", .option = "tiemout=2",
          .rv = PAM_SERVICE_ERR },
        { "accepted with a certificate behind the key", VERDICT_ALLOW, .behind = ".MAIBAA",
          .option = "certificate=field", .rv = PAM_SUCCESS },
        { "accepted with a certificate of the environment", VERDICT_ALLOW,
          .option = "certificate=env:CERT", .rv = PAM_SUCCESS },
        { "accepted without being asked for one", VERDICT_ALLOW, .option = "certificate=prompt",
          .rv = PAM_SUCCESS },
        { "accepted with a certificate that was asked for", VERDICT_ALLOW, .offers = true,
          .certificate = "MAIBAA", .option = "certificate=prompt", .rv = PAM_SUCCESS },
        { "accepted with a proof", VERDICT_ALLOW, .offers = true, .certificate = "MAIBAA.Zm9v",
          .option = "certificate=proof", .rv = PAM_SUCCESS },
        { "refused with a certificate that was asked for", VERDICT_DENY_CERTIFICATE, .offers = true,
          .certificate = "MAIBAA", .option = "certificate=prompt", .rv = PAM_AUTH_ERR },
        { "refused with a proof", VERDICT_DENY_CERTIFICATE, .offers = true,
          .certificate = "MAIBAA.Zm9v", .option = "certificate=proof", .rv = PAM_AUTH_ERR },
        { "refused without one, which was asked for", VERDICT_DENY_CERTIFICATE, .offers = true,
          .certificate = "", .option = "certificate=prompt", .rv = PAM_AUTH_ERR },
        { "a challenge to what was no offer", VERDICT_CHALLENGE, .rv = PAM_AUTHINFO_UNAVAIL },
        { "a challenge to the second question", VERDICT_CHALLENGE, .offers = true,
          .certificate = "MAIBAA", .option = "certificate=prompt", .rv = PAM_AUTHINFO_UNAVAIL },
        { "account of this moment", VERDICT_ALLOW, .account = true, .fresh = true,
          .rv = PAM_SUCCESS },
        { "account confirmed", VERDICT_ALLOW, .account = true, .rv = PAM_SUCCESS },
        { "account confirmed at the second question", VERDICT_ALLOW, .account = true,
          .hangs_up = true, .rv = PAM_SUCCESS },
        { "account denied", VERDICT_DENY, .account = true, .rv = PAM_PERM_DENIED },
        { "account with a bad option", VERDICT_ALLOW, .account = true, .fresh = true, .option = "x",
          .rv = PAM_SERVICE_ERR },
};

/* --- One login --- */

/* Whether the module has been given the token. */
static bool presented;

/* The conversation of login.c needs libpam, and this test must watch the answers. */
static int converse(int n, const struct pam_message **messages, struct pam_response **ret,
                    void *data) {
        const struct scene *scene = data;
        char token[128];
        struct pam_response *response = calloc((size_t) n, sizeof(*response));

        if (!response)
                return PAM_BUF_ERR;
        if (strncmp(messages[0]->msg, "Certificate", 11) == 0 ||
            strncmp(messages[0]->msg, "Sign ", 5) == 0)
                (void) snprintf(token, sizeof(token), "%s",
                                scene->certificate ? scene->certificate : "");
        else
                (void) snprintf(token, sizeof(token), "%s%s",
                                scene->token ? scene->token : key.text,
                                scene->behind ? scene->behind : "");
        if (messages[0]->msg_style == PAM_PROMPT_ECHO_OFF) {
                response->resp = calloc(1, strlen(token) + 1);
                if (!response->resp) {
                        free(response);
                        return PAM_BUF_ERR;
                }
                memcpy(response->resp, token, strlen(token));
                faults_watch(response->resp, strlen(token));
                presented = true;
        }
        *ret = response;
        return PAM_SUCCESS;
}

static int call(struct pam_handle *pamh, const struct scene *scene, bool account) {
        char socket_option[96], uid_option[32], timeout_option[] = "timeout=2";
        const char *argv[] = { socket_option, uid_option, timeout_option, scene->option, NULL };
        int argc = scene->option ? 4 : 3;

        (void) snprintf(socket_option, sizeof(socket_option), "socket=%s", standin.path);
        (void) snprintf(uid_option, sizeof(uid_option), "server_uid=%u", geteuid());
        /* After failing waits it waits until the deadline. */
        if (faults.last == UINT_MAX)
                memcpy(timeout_option, "timeout=1", sizeof(timeout_option));
        return account ? pam_sm_acct_mgmt(pamh, 0, argc, argv)
                       : pam_sm_authenticate(pamh, 0, argc, argv);
}

/* Runs the calls before the one that fails. */
static void prepare(struct pam_handle *pamh, const struct scene *scene,
                    const struct pam_conv *conv) {
        static const struct scene before = { "before", VERDICT_ALLOW };
        const struct pam_conv before_conv = { .conv = converse,
                                              .appdata_ptr = (void *) (uintptr_t) &before };
        struct pam_login *login;

        *pamh = (struct pam_handle){
                .user = "alice", .service = "svc", .rhost = "192.0.2.1", .conv = &before_conv
        };
        standin_answer(&standin, VERDICT_ALLOW);
        faults_begin();
        if (scene->account || scene->second) {
                /* From here allocations are counted. The plan makes nothing fail yet. */
                faults.armed = true;
                assert_int_equal(call(pamh, &before, false), PAM_SUCCESS);
                faults.armed = false;
                login = pamh->data;
                faults_watch(login, sizeof(*login));
                if (!scene->fresh)
                        login->at_ms -= 2000;
        }
        pamh->conv = conv;
        pamh->authtok = NULL;
        (void) snprintf(pamh->env[3], sizeof(pamh->env[3]), "CERT=MAIBAA");
        if (scene->given) {
                memcpy(pamh->authtok_text, key.text, sizeof(key.text));
                pamh->authtok = pamh->authtok_text;
        }
        standin_answer(&standin, scene->verdict);
        standin_hang_up_first(&standin, scene->hangs_up);
        standin_offer(&standin, scene->offers ? STANDIN_OFFERS : STANDIN_OFFERS_NOT);
}

static void check_noted(const struct pam_handle *pamh, bool noted) {
        const char *id = faults_env(pamh, "WFAPIKEY_ID"), *name = faults_env(pamh, "WFAPIKEY_NAME");

        if ((pamh->data != NULL) != noted || (id != NULL) != noted || (name != NULL) != noted)
                fail_msg("noted: login %d, id %d, name %d; must be %d", pamh->data != NULL,
                         id != NULL, name != NULL, noted);
}

/* Whether the documented stacks stop at this code, so that the token does not go on. */
static bool stops(int rv) {
        return rv == PAM_SUCCESS || rv == PAM_AUTH_ERR || rv == PAM_AUTHINFO_UNAVAIL ||
               rv == PAM_INCOMPLETE;
}

static bool is_one_of_ours(const struct scene *scene, int rv) {
        switch (rv) {
        case PAM_SUCCESS: /* the caller judges */
        case PAM_AUTHINFO_UNAVAIL:
        case PAM_BUF_ERR:
        case PAM_SERVICE_ERR:
        case PAM_CONV_ERR:
        case PAM_INCOMPLETE:
        case PAM_USER_UNKNOWN:
                return true;
        /* Only where something was refused. */
        case PAM_AUTH_ERR:
                return !scene->account;
        /* Only where there was nothing to refuse. */
        case PAM_CRED_UNAVAIL:
                return !scene->account && (scene->token || !presented);
        case PAM_PERM_DENIED:
                return scene->account;
        case PAM_IGNORE:
                /* libpam's pam_get_data() fails for a module only if there is no data. Then the
                 * login was not by a key. */
                return scene->account && faults.hit && faults.function == FAULT_GET_DATA;
        }
        return false;
}

/* Runs the scene under the plan. Returns whether the planned call happened. */
static bool run(const struct scene *scene, bool comparing) {
        const struct pam_conv conv = { .conv = converse,
                                       .appdata_ptr = (void *) (uintptr_t) scene };
        enum fault_function function = faults.function;
        unsigned descriptors;
        struct pam_handle pamh;
        char secret[17] = {};
        bool stale;
        int rv;

        faults.function = _FAULT_MAX;
        prepare(&pamh, scene, &conv);
        faults.function = function;
        memset(faults.calls, 0, sizeof(faults.calls));
        faults.hit = faults.allowed = false;
        descriptors = faults_open_descriptors();
        faults.backlog_full = scene->backlog_full;
        faults.armed = true;
        presented = scene->given;
        rv = call(&pamh, scene, scene->account);
        faults.armed = false;

        if (!is_one_of_ours(scene, rv))
                fail_msg("answered %d", rv);
        if (!scene->account && !scene->token && presented && !stops(rv))
                fail_msg("a key goes on to the next module: answered %d", rv);
        if (rv == PAM_SUCCESS && !scene->fresh && !faults.allowed)
                fail_msg("accepted without an allow");
        if (rv == PAM_SUCCESS && scene->verdict != VERDICT_ALLOW)
                fail_msg("accepted what was refused");
        if (comparing)
                assert_int_equal(rv, scene->rv);
        /* If the data cannot be read, it cannot be forgotten. libpam always finds data that is
         * there. */
        stale = faults.hit && faults.function == FAULT_GET_DATA;
        if (!stale)
                check_noted(&pamh, scene->account || rv == PAM_SUCCESS);
        assert_int_equal(faults_open_descriptors(), descriptors);
        faults.armed = true;
        faults_end(&pamh);
        faults.armed = false;
        assert_int_equal(faults.allocations, 0);
        assert_false(faults.left_unwiped);
        memcpy(secret, keytext_secret(key.text), 16);
        assert_null(strstr(pamh.log, secret));
        return faults.hit;
}

/* --- Everything that can go wrong --- */

static const int errnos[] = { ENOMEM, EINTR,  EAGAIN,      EMFILE,     ECONNRESET,
                              EPIPE,  EACCES, FAULT_SHORT, FAULT_OTHER };
static const int codes[] = { PAM_SYSTEM_ERR, PAM_BUF_ERR, PAM_CONV_ERR,
                             PAM_IGNORE,     PAM_ABORT,   PAM_BAD_ITEM };

/* Only these calls may fail again and again: the module repeats them in a loop with a deadline. */
static bool is_endless(enum fault_function function, int how) {
        return how == EINTR && function == FAULT_SEND;
}

static struct trial {
        const char *name; /* points to ${text} */
        const struct scene *scene;
        enum fault_function function;
        char text[128];
} trials[ARRAY_LEN(scenes) * _FAULT_MAX], trials_for_good[_FAULT_MAX];

static void name_trial(struct trial *trial, size_t function, const char *how, size_t scene) {
        trial->scene = &scenes[scene];
        trial->function = (enum fault_function) function;
        (void) snprintf(trial->text, sizeof(trial->text), "%s %s: %s", faults_name(trial->function),
                        how, trial->scene->name);
        trial->name = trial->text;
}

static void name_trials(void) {
        for (size_t i = 0; i < ARRAY_LEN(trials); i++)
                name_trial(&trials[i], i % _FAULT_MAX, "fails", i / _FAULT_MAX);
        for (size_t i = 0; i < ARRAY_LEN(trials_for_good); i++)
                name_trial(&trials_for_good[i], i, "fails for good", 0);
}

static void test_trial(void **state) {
        const struct trial *trial = *state;
        bool libpam = trial->function >= FAULT_GET_ITEM;
        size_t n_how = libpam ? ARRAY_LEN(codes) : ARRAY_LEN(errnos);

        for (size_t i = 0; i < n_how; i++)
                for (unsigned first = 1;; first++) {
                        int how = libpam ? codes[i] : errnos[i];
                        bool hit;

                        faults = (struct faults){ .function = trial->function,
                                                  .how = how,
                                                  .first = first,
                                                  .last = first };
                        hit = run(trial->scene, false);
                        faults.last = first + 2;
                        (void) run(trial->scene, false);
                        if (!hit)
                                break;
                        assert_in_range(first, 1, 50);
                }
}

static void test_for_good(void **state) {
        const struct trial *trial = *state;
        bool libpam = trial->function >= FAULT_GET_ITEM;
        size_t n_how = libpam ? ARRAY_LEN(codes) : ARRAY_LEN(errnos);

        for (size_t i = 0; i < n_how; i++) {
                int how = libpam ? codes[i] : errnos[i];

                faults = (struct faults){
                        .function = trial->function, .how = how, .first = 1, .last = UINT_MAX
                };
                if (!is_endless(trial->function, how))
                        (void) run(trial->scene, false);
        }
}

/* Without failures each scene has its result. The module makes no more calls than the tests let
 * fail. */
static void test_without_failure(void **state) {
        const struct scene *scene = *state;

        faults = (struct faults){ .function = _FAULT_MAX };
        assert_false(run(scene, true));
        if (scene->token || scene->behind || scene->option || scene->fresh)
                return;
        for (int f = 0; f < _FAULT_MAX; f++) {
                bool only_full = f == FAULT_SETSOCKOPT || f == FAULT_FCNTL;
                bool only_noting = f == FAULT_PUTENV || f == FAULT_SET_DATA;
                bool only_asking = f == FAULT_SET_ITEM ||
                                   (f == FAULT_CALLOC && scene->verdict != VERDICT_ALLOW);

                if ((only_full && !scene->backlog_full) ||
                    (only_noting && scene->rv != PAM_SUCCESS) ||
                    (scene->account && (only_noting || only_asking || f == FAULT_CALLOC)) ||
                    (only_asking && scene->given))
                        continue;
                if (faults.calls[f] == 0)
                        fail_msg("%s was not called", faults_name((enum fault_function) f));
        }
}

static void test_bad_option_is_named(void **state) {
        const struct scene scene = { "option", VERDICT_ALLOW, .token = "hunter2",
                                     .option = "tiemout=2" };
        const struct pam_conv conv = { .conv = converse,
                                       .appdata_ptr = (void *) (uintptr_t) &scene };
        struct pam_handle pamh = { .user = "alice", .service = "svc", .conv = &conv };

        (void) state;
        faults = (struct faults){ .function = _FAULT_MAX };
        assert_int_equal(call(&pamh, &scene, false), PAM_SERVICE_ERR);
        assert_non_null(strstr(pamh.log, "'tiemout=2'"));
        assert_non_null(strstr(pamh.log, "timeout="));
        pamh.log[0] = '\0';
        assert_int_equal(call(&pamh, &scene, true), PAM_SERVICE_ERR);
        assert_non_null(strstr(pamh.log, "'tiemout=2'"));
}

/* A failed daemon is named in one line. The daemon logs a refusal. Nothing is logged of a token
 * that is not a key, but that it begins like one. The token is in no line. */
static void test_log_lines(void **state) {
        static const struct {
                struct scene scene;
                const char *text; /* NULL for nothing */
        } rows[] = {
                { { "accepted", VERDICT_ALLOW }, NULL },
                { { "refused", VERDICT_DENY }, NULL },
                { { "certificate", VERDICT_DENY_CERTIFICATE }, NULL },
                { { "password", VERDICT_ALLOW, .token = "hunter2" }, NULL },
                { { "a mistyped key", VERDICT_ALLOW, .token = "wfk_0123456789_x" },
                  "begins like an API key and is none" },
                { { "a key and more", VERDICT_ALLOW, .behind = "x" },
                  "something before or behind it" },
                { { "a key and a blank", VERDICT_ALLOW, .behind = "\r\n" }, NULL },
                { { "no more than the prefix of one", VERDICT_ALLOW, .token = "wfk" }, NULL },
                { { "internal", VERDICT_INTERNAL }, "could not decide" },
                { { "version", VERDICT_VERSION }, "another version" },
                { { "down", VERDICT_ALLOW, .option = "socket=/nonexistent/s" },
                  "'/nonexistent/s'" },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                const struct pam_conv conv = { converse, (void *) (uintptr_t) &rows[i].scene };
                struct pam_handle pamh = { .user = "alice", .service = "svc", .conv = &conv };
                char *end;

                faults = (struct faults){ .function = _FAULT_MAX };
                faults_begin();
                standin_answer(&standin, rows[i].scene.verdict);
                (void) call(&pamh, &rows[i].scene, false);
                faults_end(&pamh);
                end = strchr(pamh.log, '\n');
                assert_true(rows[i].text ? end && end[1] == '\0' : pamh.log[0] == '\0');
                if (rows[i].text)
                        assert_non_null(strstr(pamh.log, rows[i].text));
                assert_null(strstr(pamh.log, "wfk_"));
        }
}

static const struct suite_test tests[] = {
        ROWS(scenes, test_without_failure, "for comparison, nothing fails: "),
        ROWS(trials, test_trial, ""),
        ROWS(trials_for_good, test_for_good, ""),
        CASE(test_bad_option_is_named, "a bad option is named in the log, in both facilities"),
        CASE(test_log_lines, "the log has one line for a daemon that does not decide or a mistyped "
                             "key, and else none"),
};

const struct suite suite = {
        .name = "faults",
        .standin = true,
        .prepare = name_trials,
        .tests = tests,
        .n_tests = ARRAY_LEN(tests),
};

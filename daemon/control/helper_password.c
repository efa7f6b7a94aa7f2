/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks the PAM service wfapikey whether a password is right, in a helper process. Knows the one
 * question and its answer, and nothing of the daemon that asked. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <security/pam_appl.h>
#include <stdlib.h>
#include <string.h>

#include "base/helper.h"
#include "control/password_bytes.h"

#define SERVICE "wfapikey"
#define FLAGS   (PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK)

/* libpam owns and frees the answers. A prompt with echo does not ask for a password, so it is
 * not answered with one. */
static int answer_one(const struct pam_message *message, const char *password,
                      struct pam_response *response) {
        switch (message->msg_style) {
        case PAM_PROMPT_ECHO_OFF:
                response->resp = strdup(password);
                return response->resp ? PAM_SUCCESS : PAM_BUF_ERR;
        case PAM_TEXT_INFO:
        case PAM_ERROR_MSG:
                return PAM_SUCCESS;
        }
        return PAM_CONV_ERR;
}

static int converse(int n, const struct pam_message **messages, struct pam_response **ret,
                    void *data) {
        struct pam_response *responses;
        int rv = PAM_SUCCESS;

        if (n <= 0 || n > PAM_MAX_NUM_MSG)
                return PAM_CONV_ERR;
        responses = calloc((size_t) n, sizeof(*responses));
        if (!responses)
                return PAM_BUF_ERR;
        for (int i = 0; i < n && rv == PAM_SUCCESS; i++)
                rv = answer_one(messages[i], data, &responses[i]);
        if (rv == PAM_SUCCESS) {
                *ret = responses;
                return rv;
        }
        for (int i = 0; i < n; i++)
                if (responses[i].resp) {
                        explicit_bzero(responses[i].resp, strlen(responses[i].resp));
                        free(responses[i].resp);
                }
        free(responses);
        return rv;
}

/* The daemon delays its answer by itself, for every refusal alike. */
static void no_delay(int status, unsigned usec, void *data) {
        (void) status;
        (void) usec;
        (void) data;
}

/* Returns 0; -EIO when nobody can say who it is. */
static int find_user(pam_handle_t *pamh, struct helper_password_answer *answer) {
        const struct passwd *pw;
        const void *user = NULL;

        if (pam_get_item(pamh, PAM_USER, &user) != PAM_SUCCESS)
                return -EIO;
        errno = 0;
        pw = user ? getpwnam(user) : NULL;
        if (!pw)
                return errno == EIO || errno == ENOMEM || errno == EMFILE || errno == ENFILE ? -EIO
                                                                                             : 0;
        answer->uid = pw->pw_uid;
        answer->gid = pw->pw_gid;
        answer->n_groups = HELPER_PASSWORD_GROUPS;
        if (getgrouplist(pw->pw_name, pw->pw_gid, answer->groups, &answer->n_groups) < 0)
                answer->n_groups = HELPER_PASSWORD_GROUPS; /* there are more */
        answer->verdict = HELPER_PASSWORD_RIGHT;
        return 0;
}

/* Returns 0; -EIO when it says nothing about the password. Memory was lacking then. All else counts
 * as a wrong password, a system error as well: pam_exec answers with one when its command does not
 * like the password, and what did not count could be guessed for ever. */
static int check(pam_handle_t *pamh, enum helper_password_verdict *ret) {
        int rv;

        rv = pam_set_item(pamh, PAM_FAIL_DELAY, (const void *) no_delay);
        if (rv != PAM_SUCCESS)
                return -EIO;
        rv = pam_authenticate(pamh, FLAGS);
        if (rv == PAM_BUF_ERR)
                return -EIO;
        if (rv != PAM_SUCCESS) {
                *ret = HELPER_PASSWORD_WRONG;
                return 0;
        }
        rv = pam_acct_mgmt(pamh, FLAGS);
        if (rv == PAM_BUF_ERR)
                return -EIO;
        *ret = rv == PAM_SUCCESS            ? HELPER_PASSWORD_RIGHT
               : rv == PAM_NEW_AUTHTOK_REQD ? HELPER_PASSWORD_EXPIRED
                                            : HELPER_PASSWORD_CLOSED;
        return 0;
}

ssize_t helper_password_run(const uint8_t *in, size_t in_len, uint8_t *out) {
        struct helper_password_answer answer = {};
        struct helper_password_question question;
        struct pam_conv conv = { .conv = converse, .appdata_ptr = question.password };
        enum helper_password_verdict verdict = HELPER_PASSWORD_WRONG;
        pam_handle_t *pamh = NULL;
        int r;

        if (password_bytes_take_question(in, in_len, &question) < 0)
                return -EBADMSG;
        if (pam_start(SERVICE, question.user, &conv, &pamh) != PAM_SUCCESS) {
                explicit_bzero(&question, sizeof(question));
                return -EIO;
        }
        r = check(pamh, &verdict);
        if (verdict == HELPER_PASSWORD_RIGHT)
                r = find_user(pamh, &answer);
        else
                answer.verdict = verdict;
        (void) pam_end(pamh, PAM_SUCCESS);
        explicit_bzero(&question, sizeof(question));
        return r < 0 ? r : password_bytes_put_answer(&answer, out, HELPER_BYTES_MAX);
}

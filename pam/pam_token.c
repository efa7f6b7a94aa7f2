/* SPDX-License-Identifier: BSD-2-Clause */
/* Prompts, answers and texts between the module and the application. It must not ask the daemon,
 * must not choose a PAM code for libpam, and wipes every answer. */
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include <security/pam_ext.h>

#include "pam_token.h"

static const char certificate_text[] =
        "Untrusted request. Please contact your system administrator and attach certificate.";

/* The application allocated the answer. The secret must not stay in its heap. */
void pam_token_answer_free(struct pam_response **answer) {
        if (!*answer)
                return;
        if ((*answer)->resp) {
                explicit_bzero((*answer)->resp, strlen((*answer)->resp));
                free((*answer)->resp);
        }
        free(*answer);
        *answer = NULL;
}

static int converse(pam_handle_t *pamh, int style, const char *text, struct pam_response **ret) {
        const struct pam_message message = { .msg_style = style, .msg = text };
        const struct pam_message *messages = &message;
        const struct pam_conv *conv = NULL;
        const void *item = NULL;
        int rv;

        rv = pam_get_item(pamh, PAM_CONV, &item);
        conv = item;
        if (rv != PAM_SUCCESS || !conv || !conv->conv)
                return PAM_CONV_ERR;
        return conv->conv(1, &messages, ret, conv->appdata_ptr);
}

enum outcome pam_token_ask(pam_handle_t *pamh, const char *prompt, struct pam_response **ret) {
        int rv = converse(pamh, PAM_PROMPT_ECHO_OFF, prompt, ret);

        if (rv == PAM_CONV_AGAIN)
                return OUTCOME_AGAIN;
        if (rv == PAM_BUF_ERR)
                return OUTCOME_NO_MEMORY;
        return rv == PAM_SUCCESS ? OUTCOME_ALLOW : OUTCOME_CONVERSATION;
}

/* Returns false if nobody knows whether there is a token. NULL in ${ret} means that there is none.
 */
static bool find_token(pam_handle_t *pamh, const char **ret) {
        const void *token = NULL;

        if (pam_get_item(pamh, PAM_AUTHTOK, &token) != PAM_SUCCESS)
                return false;
        *ret = token;
        return true;
}

/* The length of the key at the start of ${token}: the part before the certificate, where there may
 * be one, or else all of it but the blanks and line ends behind it. */
static size_t key_len(const struct pam_args *args, const char *token) {
        size_t len = strnlen(token, KEYTEXT_LEN + 1);

        if (len <= KEYTEXT_LEN)
                return len;
        return args->certificate_field && token[KEYTEXT_LEN] == '.'
                       ? KEYTEXT_LEN
                       : keytext_trim(token, strlen(token));
}

static enum outcome take_key(pam_handle_t *pamh, const struct pam_args *args, const char *token,
                             struct secret *ret) {
        size_t len = key_len(args, token);
        const char *hidden;

        if (!keytext_is_key(token, len)) {
                hidden = keytext_find(token);
                if (hidden) {
                        pam_syslog(pamh, LOG_NOTICE,
                                   "the token is an API key with something before or behind it, "
                                   "and is refused");
                        memcpy(ret->text, hidden, KEYTEXT_LEN);
                        ret->text[KEYTEXT_LEN] = '\0';
                        return OUTCOME_DENY;
                }
                if (keytext_begins_like_key(token))
                        pam_syslog(pamh, LOG_NOTICE,
                                   "the token begins like an API key and is none: it was mistyped "
                                   "or cut off");
                return OUTCOME_NOT_A_KEY;
        }
        memcpy(ret->text, token, len);
        ret->text[len] = '\0';
        return OUTCOME_ALLOW;
}

/* Looks for the key before it stores the answer, which can fail: the caller must know that there
 * was a key. */
static enum outcome ask_for_token(pam_handle_t *pamh, const struct pam_args *args,
                                  struct secret *ret) {
        __attribute__((cleanup(pam_token_answer_free))) struct pam_response *answer = NULL;
        enum outcome outcome;

        outcome = pam_token_ask(pamh, args->prompt ? args->prompt : "Password: ", &answer);
        if (outcome != OUTCOME_ALLOW)
                return outcome;
        if (!answer || !answer->resp)
                return OUTCOME_NOT_A_KEY;
        outcome = take_key(pamh, args, answer->resp, ret);
        return pam_set_item(pamh, PAM_AUTHTOK, answer->resp) == PAM_SUCCESS ? outcome
                                                                            : OUTCOME_NO_MEMORY;
}

enum outcome pam_token_get(pam_handle_t *pamh, const struct pam_args *args, struct secret *ret,
                           const char **ret_behind) {
        enum outcome outcome = OUTCOME_NOT_A_KEY;
        const char *token;

        if (!find_token(pamh, &token))
                return OUTCOME_UNAVAILABLE;
        if (token)
                outcome = take_key(pamh, args, token, ret);
        else if (!args->use_first_pass)
                outcome = ask_for_token(pamh, args, ret);
        if (outcome != OUTCOME_ALLOW)
                return outcome;
        if (!find_token(pamh, &token) || !token)
                return OUTCOME_UNAVAILABLE;
        *ret_behind = token[KEYTEXT_LEN] == '.' ? token + KEYTEXT_LEN + 1 : NULL;
        return OUTCOME_ALLOW;
}

void pam_token_want_certificate(pam_handle_t *pamh, int flags) {
        __attribute__((cleanup(pam_token_answer_free))) struct pam_response *answer = NULL;

        if (!(flags & PAM_SILENT))
                (void) converse(pamh, PAM_ERROR_MSG, certificate_text, &answer);
}

/* Appends nothing if the text does not fit. The callers have seen to the size. */
static void append(char *text, size_t size, const char *more) {
        size_t used = strnlen(text, size), len = strlen(more);

        if (used + len < size)
                memcpy(text + used, more, len + 1);
}

void pam_token_warn(pam_handle_t *pamh, const char *n, const char *id) {
        __attribute__((cleanup(pam_token_answer_free))) struct pam_response *answer = NULL;
        char text[256] = "";

        append(text, sizeof(text), n);
        append(text, sizeof(text),
               strcmp(n, "1") == 0 ? " of your API keys ends within 14 days: "
                                   : " of your API keys end within 14 days, first ");
        append(text, sizeof(text), id);
        append(text, sizeof(text), ". \"wfapikeyctl key list\" shows them.");
        (void) converse(pamh, PAM_TEXT_INFO, text, &answer);
}

void pam_token_show(pam_handle_t *pamh, const struct secret *key, const char *service) {
        __attribute__((cleanup(pam_token_answer_free))) struct pam_response *answer = NULL;
        char text[512] = "";

        append(text, sizeof(text), "Your API key for ");
        append(text, sizeof(text), service);
        append(text, sizeof(text), ", shown this once:\n\n    ");
        append(text, sizeof(text), key->text);
        append(text, sizeof(text),
               "\n\nKeep it where only you can read it, such as a password manager, and give it to "
               "programs in place of your\npassword. \"wfapikeyctl key list\" shows your keys, "
               "\"wfapikeyctl key reset ID\" replaces one that is lost.");
        (void) converse(pamh, PAM_TEXT_INFO, text, &answer);
        explicit_bzero(text, sizeof(text));
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Transactions and the conversation of an application. It must not know the daemon: a test looks at
 * what the application saw. */
#include <stdio.h>

#include "login.h"

static void keep(char out[static LOGIN_TEXT_MAX], const char *text) {
        (void) snprintf(out, LOGIN_TEXT_MAX, "%s", text ? text : "");
}

/* Whether this is the module's second question. It is not echoed either. */
static bool is_for_certificate(const struct pam_message *message) {
        return message->msg_style == PAM_PROMPT_ECHO_OFF &&
               (strcmp(message->msg, "Certificate: ") == 0 ||
                strncmp(message->msg, "Sign ", 5) == 0);
}

static int answer_secret(const struct login *l, enum login_manner manner, const char *answer,
                         struct pam_response *response) {
        switch (manner) {
        case LOGIN_RETURNS_BOTH:
        case LOGIN_ANSWERS:
                response->resp = answer ? strdup(answer) : NULL;
                return manner == LOGIN_ANSWERS ? PAM_SUCCESS : l->returns;
        case LOGIN_GIVES_NOTHING:
                return PAM_SUCCESS;
        case LOGIN_RETURNS:
                return l->returns;
        }
        return PAM_CONV_ERR;
}

static int answer_one(struct login *l, const struct pam_message *message,
                      struct pam_response *response) {
        switch (message->msg_style) {
        case PAM_PROMPT_ECHO_OFF:
                if (is_for_certificate(message)) {
                        l->certificates_asked++;
                        keep(l->certificate_prompt, message->msg);
                        return answer_secret(l, l->manner_for_certificate, l->certificate,
                                             response);
                }
                l->secrets_asked++;
                keep(l->prompt, message->msg);
                return answer_secret(l, l->manner, l->answer, response);
        case PAM_PROMPT_ECHO_ON:
                l->users_asked++;
                response->resp =
                        l->manner_for_user == LOGIN_ANSWERS && l->user ? strdup(l->user) : NULL;
                return l->manner_for_user == LOGIN_RETURNS ? l->returns : PAM_SUCCESS;
        case PAM_ERROR_MSG:
                l->errors++;
                keep(l->error, message->msg);
                return l->returns_for_text;
        case PAM_TEXT_INFO:
                l->infos++;
                keep(l->info, message->msg);
                return l->returns_for_text;
        default:
                l->others++;
                return PAM_CONV_ERR;
        }
}

static int converse(int n, const struct pam_message **messages, struct pam_response **ret,
                    void *data) {
        struct login *l = data;
        struct pam_response *responses = calloc((size_t) n, sizeof(*responses));
        enum login_manner manner =
                is_for_certificate(messages[0]) ? l->manner_for_certificate : l->manner;
        bool nothing = manner == LOGIN_GIVES_NOTHING || manner == LOGIN_RETURNS;
        int rv = PAM_SUCCESS;

        if (!responses)
                return PAM_BUF_ERR;
        l->calls++;
        if (n > l->most_messages)
                l->most_messages = n;
        for (int i = 0; i < n && rv == PAM_SUCCESS; i++)
                rv = answer_one(l, messages[i], &responses[i]);
        if ((nothing && messages[0]->msg_style == PAM_PROMPT_ECHO_OFF) ||
            (rv != PAM_SUCCESS && manner != LOGIN_RETURNS_BOTH)) {
                for (int i = 0; i < n; i++)
                        free(responses[i].resp);
                free(responses);
                return rv;
        }
        *ret = responses;
        return rv;
}

int login_start(struct login *l, const char *services, const char *service, const char *user) {
        *l = (struct login){ .conv = { .conv = converse, .appdata_ptr = l } };
        return pam_start_confdir(service, user, &l->conv, services, &l->pamh);
}

void login_open(struct login *l, const struct world *w, const char *service, const char *user) {
        assert_pam(login_start(l, w->services, service, user), PAM_SUCCESS);
}

void login_close(struct login *l) {
        assert_int_equal(pam_end(l->pamh, PAM_SUCCESS), PAM_SUCCESS);
        l->pamh = NULL;
}

int login_try(struct login *l, const char *answer) {
        int rv;

        l->answer = answer;
        rv = pam_authenticate(l->pamh, 0);
        l->answer = NULL;
        return rv;
}

void login_forget(struct login *l) {
        l->calls = l->secrets_asked = l->certificates_asked = l->users_asked = l->errors =
                l->infos = l->others = 0;
        l->most_messages = 0;
        l->prompt[0] = l->certificate_prompt[0] = l->error[0] = l->info[0] = '\0';
}

void login_age(void) {
        int64_t until = world_now_ms() + 1000;

        while (world_now_ms() <= until)
                world_nap();
}

int login_once(const struct world *w, const char *service, const char *user, const char *answer) {
        struct login l;
        int rv;

        login_open(&l, w, service, user);
        rv = login_try(&l, answer);
        login_close(&l);
        return rv;
}

const char *login_env(const struct login *l, const char *name) {
        return pam_getenv(l->pamh, name);
}

void login_spoil(const char *key, size_t at, char ret[static KEYTEXT_LEN + 1]) {
        char secret[KEYTEXT_SECRET_LEN];

        memcpy(secret, keytext_secret(key), sizeof(secret));
        secret[at] = secret[at] == 'x' ? 'y' : 'x';
        keytext_format(ret, keytext_id(key), secret);
}

void login_assert_pam(int got, int want, const char *what, const char *file, int line) {
        if (got == want)
                return;
        print_error("%s is %d (%s), must be %d (%s)\n", what, got, pam_strerror(NULL, got), want,
                    pam_strerror(NULL, want));
        _fail(file, line);
}

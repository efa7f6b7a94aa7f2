/* SPDX-License-Identifier: BSD-2-Clause */
/* An application that logs users in: libpam with service files of the test, and a conversation
 * that keeps what it was shown. */
#pragma once

#include <security/pam_appl.h>

#include "world.h"

#define LOGIN_TEXT_MAX 1024

/* What a user is told for want of a certificate. */
#define LOGIN_SENTENCE                                                                             \
        "Untrusted request. Please contact your system administrator and attach certificate."

/* What the conversation does when it is asked for a secret; the other styles are answered as
 * applications do. */
enum login_manner {
        /* with login.answer; NULL is an answer without a text */
        LOGIN_ANSWERS,
        /* says PAM_SUCCESS and has no answer */
        LOGIN_GIVES_NOTHING,
        LOGIN_RETURNS, /* login.returns */
        /* login.returns, with an answer all the same */
        LOGIN_RETURNS_BOTH,
};

struct login {
        pam_handle_t *pamh;
        struct pam_conv conv;

        enum login_manner manner, manner_for_user;
        const char *answer;
        const char *user; /* answer to an echo-on prompt */
        enum login_manner manner_for_certificate;
        /* answer to the question for one, or for a signature */
        const char *certificate;
        int returns;
        /* to error and information messages; 0 is PAM_SUCCESS */
        int returns_for_text;

        unsigned calls, secrets_asked, certificates_asked, users_asked, errors, infos, others;
        int most_messages; /* in one call */
        char prompt[LOGIN_TEXT_MAX], certificate_prompt[LOGIN_TEXT_MAX], error[LOGIN_TEXT_MAX],
                info[LOGIN_TEXT_MAX];
};

/**
 * login_start(l, services, service, user):
 * Begins a transaction with the service file ${service} of the directory ${services}; ${user}
 * may be NULL. Returns the PAM code; asserts nothing, so that threads can use it.
 */
int login_start(struct login *l, const char *services, const char *service,
                const char *user) _must_check_;

/**
 * login_open(l, w, service, user), login_close(l):
 * The same with a service file of the world, and it must succeed. Ends it.
 */
void login_open(struct login *l, const struct world *w, const char *service, const char *user);
void login_close(struct login *l);

/**
 * login_try(l, answer): pam_authenticate() where ${answer} is what the user types.
 * login_forget(l): forgets what was shown.
 */
int login_try(struct login *l, const char *answer);
void login_forget(struct login *l);

/**
 * login_age(): waits until account takes no login that was made before as one of this moment.
 */
void login_age(void);

/**
 * login_once(w, service, user, answer): a transaction with one login_try().
 */
int login_once(const struct world *w, const char *service, const char *user, const char *answer);

/**
 * login_env(l, name): a variable of the PAM environment, or NULL.
 */
const char *login_env(const struct login *l, const char *name);

/**
 * login_spoil(key, at, ret): ${key} with another digit at ${at} of its secret and the checksum
 * that goes with it.
 */
void login_spoil(const char *key, size_t at, char ret[static KEYTEXT_LEN + 1]);

/* That a PAM code is what it must be, in words. */
#define assert_pam(got, want) login_assert_pam(got, want, #got, __FILE__, __LINE__)
void login_assert_pam(int got, int want, const char *what, const char *file, int line);

/* SPDX-License-Identifier: BSD-2-Clause */
/* An application that logs users in: libpam with the test's service files, and a conversation that
 * records what it was shown. */
#pragma once

#include <security/pam_appl.h>

#include "world.h"

#define LOGIN_TEXT_MAX 1024

/* The text that a user sees when a certificate is missing. */
#define LOGIN_SENTENCE                                                                             \
        "Untrusted request. Please contact your system administrator and attach certificate."

/* What the conversation does when it is asked for a secret. Messages of other styles get the usual
 * answer. */
enum login_manner {
        /* Answers login.answer; NULL is an answer without a text. */
        LOGIN_ANSWERS,
        /* Returns PAM_SUCCESS without an answer. */
        LOGIN_GIVES_NOTHING,
        LOGIN_RETURNS, /* returns login.returns */
        /* Returns login.returns, and an answer as well. */
        LOGIN_RETURNS_BOTH,
};

struct login {
        pam_handle_t *pamh;
        struct pam_conv conv;

        enum login_manner manner, manner_for_user;
        const char *answer;
        const char *user; /* the answer to an echo-on prompt */
        enum login_manner manner_for_certificate;
        /* The answer when a certificate or a signature is asked for. */
        const char *certificate;
        int returns;
        /* The result for error and information messages; 0 is PAM_SUCCESS. */
        int returns_for_text;

        unsigned calls, secrets_asked, certificates_asked, users_asked, errors, infos, others;
        int most_messages; /* in one call */
        char prompt[LOGIN_TEXT_MAX], certificate_prompt[LOGIN_TEXT_MAX], error[LOGIN_TEXT_MAX],
                info[LOGIN_TEXT_MAX];
};

/**
 * login_start(l, services, service, user):
 * Begins a transaction with the service file ${service} of the directory ${services}. ${user} may
 * be NULL. Returns the PAM code. It asserts nothing, so threads can use it.
 */
int login_start(struct login *l, const char *services, const char *service,
                const char *user) _must_check_;

/**
 * login_open(l, w, service, user), login_close(l):
 * Begins a transaction with a service file of the world, which must succeed. Ends it.
 */
void login_open(struct login *l, const struct world *w, const char *service, const char *user);
void login_close(struct login *l);

/**
 * login_try(l, answer):
 * Calls pam_authenticate() for a user who types ${answer}.
 * login_forget(l):
 * Forgets what the application was shown.
 */
int login_try(struct login *l, const char *answer);
void login_forget(struct login *l);

/**
 * login_age():
 * Waits until account treats every earlier login as an old one.
 */
void login_age(void);

/**
 * login_once(w, service, user, answer):
 * Runs a transaction with one login_try(). Returns the code of that.
 */
int login_once(const struct world *w, const char *service, const char *user, const char *answer);

/**
 * login_env(l, name):
 * The value of a variable of the PAM environment, or NULL.
 */
const char *login_env(const struct login *l, const char *name);

/**
 * login_spoil(key, at, ret):
 * Writes ${key} with another digit at ${at} of its secret, and the checksum that belongs to it.
 */
void login_spoil(const char *key, size_t at, char ret[static KEYTEXT_LEN + 1]);

/* Asserts that a PAM code is the right one, and names both codes if not. */
#define assert_pam(got, want) login_assert_pam(got, want, #got, __FILE__, __LINE__)
void login_assert_pam(int got, int want, const char *what, const char *file, int line);

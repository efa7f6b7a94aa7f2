/* SPDX-License-Identifier: BSD-2-Clause */
/* The only file that chooses a PAM code. Everything that can happen in the module is an outcome.
 * Each outcome has one code for authenticate without a key, one for authenticate with a key, and
 * one for account. PAM_SUCCESS stands in one row, and PAM_IGNORE in one cell of another.
 *
 * The documented stack is [success=done auth_err=die authinfo_unavail=die default=ignore]. So a
 * token goes on to the modules below unless the code is one of these three. With a key, the code
 * must be one of them: otherwise pam_faillock counts a refused key as a wrong password, and other
 * modules see a live key. (PAM_INCOMPLETE ends a stack without any action: libpam calls it again
 * later.) */
#pragma once

#include <stdbool.h>

#include "verdict.h"

enum outcome {
        /* The daemon does not answer, answers nonsense, or has another version. */
        OUTCOME_UNAVAILABLE = 0,
        OUTCOME_ALLOW,
        OUTCOME_DENY,
        OUTCOME_DENY_CERTIFICATE,
        OUTCOME_NOT_A_KEY, /* another module may know the token */
        OUTCOME_BAD_OPTION,
        OUTCOME_NO_MEMORY,
        /* The application could not be asked. */
        OUTCOME_CONVERSATION,
        /* The application wants to be called once more. */
        OUTCOME_AGAIN,
        OUTCOME_NO_USER,
        _OUTCOME_MAX,
};

/**
 * pam_map_auth(outcome, has_key):
 * The PAM code of pam_sm_authenticate(). ${has_key}: the client presented a key. A value outside
 * the enum counts as unavailable.
 */
int pam_map_auth(enum outcome outcome, bool has_key);

/**
 * pam_map_account(outcome):
 * The PAM code of pam_sm_acct_mgmt(). A value outside the enum counts as unavailable.
 */
int pam_map_account(enum outcome outcome);

/**
 * pam_map_setcred(by_key):
 * The PAM code of pam_sm_setcred(). ${by_key}: the login was made with a key. After any other login
 * the modules below set their credentials: with PAM_SUCCESS the control success=done would end the
 * stack before them.
 */
int pam_map_setcred(bool by_key);

/**
 * pam_map_session(), pam_map_password():
 * The constant answers of the hooks that decide nothing. The first one succeeds, because a stack
 * with this module alone would fail otherwise. The last one has changed no password and says so.
 */
int pam_map_session(void);
int pam_map_password(void);

/**
 * pam_map_verdict(verdict):
 * The outcome that belongs to the daemon's verdict.
 */
enum outcome pam_map_verdict(enum verdict verdict);

/**
 * pam_map_name(outcome):
 * A few words for a debug line. Static storage.
 */
const char *pam_map_name(enum outcome outcome);

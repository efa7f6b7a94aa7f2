/* SPDX-License-Identifier: BSD-2-Clause */
/* The only file that chooses a PAM result. What can happen in the module is an outcome; each has
 * one code in each of the two facilities that decide. PAM_SUCCESS stands in one row, PAM_IGNORE
 * in one cell of another. */
#pragma once

#include "verdict.h"

enum outcome {
        /* the daemon is down, slow, lying, or of another version */
        OUTCOME_UNAVAILABLE = 0,
        OUTCOME_ALLOW,
        OUTCOME_DENY,
        OUTCOME_DENY_CERTIFICATE,
        OUTCOME_NOT_A_KEY, /* another module's business */
        OUTCOME_BAD_OPTION,
        OUTCOME_NO_MEMORY,
        /* the application could not be asked */
        OUTCOME_CONVERSATION,
        /* the application wants to be called once more */
        OUTCOME_AGAIN,
        OUTCOME_NO_USER,
        _OUTCOME_MAX,
};

/**
 * pam_map_auth(outcome), pam_map_account(outcome):
 * The PAM code of pam_sm_authenticate() and pam_sm_acct_mgmt(). A value outside the enum is
 * unavailable.
 */
int pam_map_auth(enum outcome outcome);
int pam_map_account(enum outcome outcome);

/**
 * pam_map_setcred(), pam_map_session(), pam_map_password():
 * The constant answers of the hooks that decide nothing: the first two succeed, or a stack with
 * this module alone would fail; the last one has changed no password and says so.
 */
int pam_map_setcred(void);
int pam_map_session(void);
int pam_map_password(void);

/**
 * pam_map_verdict(verdict): the outcome that the daemon's verdict stands for.
 */
enum outcome pam_map_verdict(enum verdict verdict);

/**
 * pam_map_name(outcome): a few words for a debug line. Static storage.
 */
const char *pam_map_name(enum outcome outcome);

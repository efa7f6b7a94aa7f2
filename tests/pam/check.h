/* SPDX-License-Identifier: BSD-2-Clause */
/* What more than one program checks of the daemon and the stand-in that suite.c has started. */
#pragma once

#include "login.h"

/**
 * check_login(l, service, with):
 * Logs the world's user in with the key ${with}, for which the daemon is asked once. The
 * transaction is left open, and what it was shown is forgotten.
 */
void check_login(struct login *l, const char *service, const struct world_key *with);

/**
 * check_account(l, rv, asked):
 * pam_acct_mgmt() returns ${rv}, the daemon is asked ${asked} times, and the application is shown
 * nothing.
 */
void check_account(struct login *l, int rv, unsigned asked);

/**
 * check_undecided(service, asked):
 * A login with the world's key ends in time as one that the daemon did not decide, after
 * ${asked} questions to the stand-in. The user was asked for one secret, which is left for the next
 * module. The service file keeps it in AFTER.
 */
void check_undecided(const char *service, unsigned asked);

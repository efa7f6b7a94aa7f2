/* SPDX-License-Identifier: BSD-2-Clause */
/* What several programs check about the daemon and the stand-in that suite.c started. */
#pragma once

#include "login.h"

/**
 * check_login(l, service, with):
 * Logs the world's user in with the key ${with}. The module asks the daemon once. The transaction
 * stays open, and what the application was shown is forgotten.
 */
void check_login(struct login *l, const char *service, const struct world_key *with);

/**
 * check_account(l, rv, asked):
 * pam_acct_mgmt() returns ${rv}, the module asks the daemon ${asked} times, and the application is
 * shown nothing.
 */
void check_account(struct login *l, int rv, unsigned asked);

/**
 * check_undecided(service, asked):
 * A login with the world's key ends in time and counts as not decided, after ${asked} questions to
 * the stand-in. The user was asked for one secret, and the next module finds it. The service file
 * puts it into the variable AFTER.
 */
void check_undecided(const char *service, unsigned asked);

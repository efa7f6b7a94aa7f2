/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs wfapikey-fleetd, which makes the fleet's tables and roles in PostgreSQL. */
#pragma once

#include "attr.h"
#include "cli/exit_code.h"

struct dbsetup {
        const char *program; /* path of wfapikey-fleetd */
        const char *user;    /* who runs it; NULL: the caller */
        /* connection string of an administrator of the database */
        const char *admin;
        const char *host; /* the name of this host */
};

/**
 * dbsetup_run(s, password):
 * Makes the tables and roles, and the role of this host with ${password}. What the program prints
 * goes to stderr. Returns CTL_OK; CTL_FAILED or CTL_USAGE after a message on stderr.
 */
enum exit_code dbsetup_run(const struct dbsetup *s, const char *password) _must_check_;

/**
 * dbsetup_print_sql(s): prints the SQL that dbsetup_run() would run. Returns as that.
 */
enum exit_code dbsetup_print_sql(const struct dbsetup *s) _must_check_;

/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands about accounts that are gone, or whose passwords are. */
#pragma once

#include "cli/args.h"

/**
 * cmd_account_removed(args): tells the daemon that users were removed. It starts the daemon if
 * need be.
 */
enum exit_code cmd_account_removed(const struct args *args);

/**
 * cmd_account_vanished(args): lists the accounts that are gone and whose keys have not ended.
 */
enum exit_code cmd_account_vanished(const struct args *args);

/**
 * cmd_account_expired(args): tells the daemon that the passwords of users are meant not to be good.
 */
enum exit_code cmd_account_expired(const struct args *args);

/**
 * cmd_account_held(args): lists the accounts whose passwords became bad with many others.
 */
enum exit_code cmd_account_held(const struct args *args);

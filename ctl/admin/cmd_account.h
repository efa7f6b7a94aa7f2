/* SPDX-License-Identifier: BSD-2-Clause */
/* What other programs report of accounts. */
#pragma once

#include "cli/args.h"

/**
 * cmd_account_removed(args): tells the daemon that a user was removed. It starts the daemon if
 * need be.
 */
enum exit_code cmd_account_removed(const struct args *args);

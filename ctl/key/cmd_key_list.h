/* SPDX-License-Identifier: BSD-2-Clause */
/* `key list` and `key expiring`. Changes nothing. */
#pragma once

#include "cli/args.h"

/**
 * cmd_key_list(args):
 * Lists the keys that the options owner, linked, status and search select, sorted by the option
 * sort (default: id). The option after names the key before the first one, limit how many to
 * list. The daemon is asked page by page, so a change in between may be seen or not.
 */
enum exit_code cmd_key_list(const struct args *args);

/**
 * cmd_key_list_expiring(args):
 * Lists the active keys that end within the time of the option within. Returns CTL_REFUSED when
 * there is one.
 */
enum exit_code cmd_key_list_expiring(const struct args *args);

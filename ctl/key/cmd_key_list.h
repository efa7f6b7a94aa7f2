/* SPDX-License-Identifier: BSD-2-Clause */
/* The verbs that list keys. Changes nothing. */
#pragma once

#include "cli/args.h"

/**
 * cmd_key_list(args):
 * Lists the keys that the options owner, linked, status and search select, in the order of the
 * option sort (default: id), as many as the option limit says behind the key of the option
 * after. The daemon is asked page after page: what changes in between may be seen or not.
 */
enum exit_code cmd_key_list(const struct args *args);

/**
 * cmd_key_list_expiring(args): lists the active keys that end within the time of the option within.
 * CTL_REFUSED when there are any.
 */
enum exit_code cmd_key_list_expiring(const struct args *args);

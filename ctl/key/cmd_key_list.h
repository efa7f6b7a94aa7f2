/* SPDX-License-Identifier: BSD-2-Clause */
/* The verbs that list keys. Changes nothing. */
#pragma once

#include "cli/args.h"

/**
 * keylist_all(args):
 * Lists the keys that the options owner, linked, status and search select, in the order of the
 * option sort (default: id), as many as the option limit says behind the key of the option
 * after. The daemon is asked page after page: what changes in between may be seen or not.
 */
enum exit_code keylist_all(const struct args *args);

/**
 * keylist_expiring(args): lists the active keys that end within the time of the option within.
 * CTL_REFUSED when there are any.
 */
enum exit_code keylist_expiring(const struct args *args);

/* SPDX-License-Identifier: BSD-2-Clause */
/* `audit list`. The daemon knows what is in the log and who may see it. */
#pragma once

#include "cli/args.h"

/**
 * cmd_audit_list(args):
 * Prints the events that match the options, as lines or JSON objects. With the option follow
 * also prints new events, until the connection or the output ends.
 */
enum exit_code cmd_audit_list(const struct args *args);

/**
 * cmd_audit_list_fleet(args):
 * The same for the events that the hosts of the fleet have reported. There is no option follow.
 */
enum exit_code cmd_audit_list_fleet(const struct args *args);

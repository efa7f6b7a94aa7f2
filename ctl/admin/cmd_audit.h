/* SPDX-License-Identifier: BSD-2-Clause */
/* The verbs of the audit log. What is in it and who may see it is the daemon's knowledge. */
#pragma once

#include "cli/args.h"

/**
 * cmd_audit_list(args): the events that the options let pass, a line or a JSON object each; with
 * --follow those to come as well, until the connection or the output ends.
 */
enum exit_code cmd_audit_list(const struct args *args);

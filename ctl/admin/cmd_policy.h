/* SPDX-License-Identifier: BSD-2-Clause */
/* The verbs of the policy. What names and values there are is the daemon's knowledge. */
#pragma once

#include "cli/args.h"

/**
 * cmd_policy_show(args): the whole policy, by name.
 */
enum exit_code cmd_policy_show(const struct args *args);

/**
 * cmd_policy_set(args): makes all the changes NAME=VALUE in args->words, or none.
 */
enum exit_code cmd_policy_set(const struct args *args);

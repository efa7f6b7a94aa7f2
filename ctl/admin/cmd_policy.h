/* SPDX-License-Identifier: BSD-2-Clause */
/* The verbs of the policy. What names and values there are is the daemon's knowledge. */
#pragma once

#include "cli/args.h"

/**
 * policy_show(args): the whole policy, by name.
 */
enum exit_code policy_show(const struct args *args);

/**
 * policy_set(args): makes all the changes NAME=VALUE in args->words, or none.
 */
enum exit_code policy_set(const struct args *args);

/* SPDX-License-Identifier: BSD-2-Clause */
/* `policy show` and `policy set`. The daemon knows the names and values. */
#pragma once

#include "cli/args.h"

/**
 * cmd_policy_show(args): prints the whole policy, sorted by name.
 */
enum exit_code cmd_policy_show(const struct args *args);

/**
 * cmd_policy_set(args): makes all changes NAME=VALUE in args->words, or none.
 */
enum exit_code cmd_policy_set(const struct args *args);

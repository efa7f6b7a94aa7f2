/* SPDX-License-Identifier: BSD-2-Clause */
/* What --help prints. */
#pragma once

#include "cli/args.h"

/**
 * help_print(args, table, n):
 * Help on stdout for the command that ${args} names, for all commands of its noun, or for all of
 * the
 * ${n} commands of ${table}.
 */
void help_print(const struct args *args, const struct args_command *table, size_t n);

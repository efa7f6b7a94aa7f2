/* SPDX-License-Identifier: BSD-2-Clause */
/* What --help prints. */
#pragma once

#include "cli/args.h"

/**
 * help_print(args, table, n):
 * Prints help on stdout. It is about the command that ${args} names, or about all commands of
 * its noun, or about all ${n} commands of ${table}.
 */
void help_print(const struct args *args, const struct args_command *table, size_t n);

/* SPDX-License-Identifier: BSD-2-Clause */
/* `fleet join`: makes this host one of a fleet. */
#pragma once

#include "cli/args.h"

/**
 * cmd_fleet_join(args): joins by the invitation in the file args->words[0], or in standard input.
 */
enum exit_code cmd_fleet_join(const struct args *args);

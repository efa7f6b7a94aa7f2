/* SPDX-License-Identifier: BSD-2-Clause */
/* `key remove-all`. */
#pragma once

#include "cli/args.h"

/**
 * cmd_key_remove_all(args):
 * Removes all keys of all users. The user types their number on the terminal, or gives the
 * option yes. Without a terminal and without the option returns CTL_USAGE, after another number
 * CTL_REFUSED; nothing is changed then.
 */
enum exit_code cmd_key_remove_all(const struct args *args);

/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of all keys. */
#pragma once

#include "cli/args.h"

/**
 * cmd_key_remove_all(args):
 * Removes all keys of all users, after their number was typed on the terminal or with the option
 * yes. Without either it changes nothing and returns CTL_USAGE; with another number CTL_REFUSED.
 */
enum exit_code cmd_key_remove_all(const struct args *args);

/* SPDX-License-Identifier: BSD-2-Clause */
/* The command by which any user who has a key can end it. */
#pragma once

#include "cli/args.h"

/**
 * cmd_key_burn(args): reads a whole key from the terminal or standard input, and revokes it.
 */
enum exit_code cmd_key_burn(const struct args *args);

/* SPDX-License-Identifier: BSD-2-Clause */
/* The command that warns owners of keys that end soon. */
#pragma once

#include "cli/args.h"

/**
 * cmd_key_warn(args):
 * Mails the owners of active keys that end within the days of the option days, once for each of
 * these days. Options days, command, sender, domain, state, fleet, dry-run.
 */
enum exit_code cmd_key_warn(const struct args *args);

/* SPDX-License-Identifier: BSD-2-Clause */
/* The verb `key draw`: a key that is in no store. */
#pragma once

#include "cli/args.h"

/**
 * cmd_key_draw(args): draws one, of the form and the strength of those that the daemon makes, and
 * prints it. Asks no daemon.
 */
enum exit_code cmd_key_draw(const struct args *args);

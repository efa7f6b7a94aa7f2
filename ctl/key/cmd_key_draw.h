/* SPDX-License-Identifier: BSD-2-Clause */
/* `key draw`: a key that is in no store. */
#pragma once

#include "cli/args.h"

/**
 * cmd_key_draw(args):
 * Prints a random key with the form and the strength of the daemon's keys. Asks no daemon.
 */
enum exit_code cmd_key_draw(const struct args *args);

/* SPDX-License-Identifier: BSD-2-Clause */
/* The command about the clock. */
#pragma once

#include "cli/args.h"

/**
 * cmd_clock_trust(args): tells the daemon that the clock is right.
 */
enum exit_code cmd_clock_trust(const struct args *args);

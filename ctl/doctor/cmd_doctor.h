/* SPDX-License-Identifier: BSD-2-Clause */
/* `doctor`: looks for what is wrong, and says what to do. */
#pragma once

#include "cli/args.h"

/**
 * cmd_doctor(args):
 * Returns CTL_OK when nothing is worse than a hint, otherwise CTL_REFUSED. Returns
 * CTL_UNREACHABLE when the daemon does not answer; the other checks run all the same. Also
 * CTL_USAGE and CTL_FAILED.
 */
enum exit_code cmd_doctor(const struct args *args);

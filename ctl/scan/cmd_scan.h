/* SPDX-License-Identifier: BSD-2-Clause */
/* The command that looks for keys where they should not be. */
#pragma once

#include "cli/args.h"

/**
 * cmd_scan(args): finds keys in files, or in histories of git, and has them revoked if it is told
 * to. Returns CTL_OK when there were none; CTL_REFUSED when there were; CTL_FAILED when something
 * could not be read.
 */
enum exit_code cmd_scan(const struct args *args);

/* SPDX-License-Identifier: BSD-2-Clause */
/* `metrics`: the daemon's counters, for monitoring. */
#pragma once

#include "cli/args.h"

/**
 * cmd_metrics(args):
 * Prints all metrics as OpenMetrics text, to standard output or to the file of the option
 * output, or as JSON. The daemon tells administrators only.
 */
enum exit_code cmd_metrics(const struct args *args);

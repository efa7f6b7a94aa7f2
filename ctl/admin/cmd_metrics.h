/* SPDX-License-Identifier: BSD-2-Clause */
/* The verb `metrics`: what the daemon counts, for monitoring. */
#pragma once

#include "cli/args.h"

/**
 * cmd_metrics(args): all of it, as the text of OpenMetrics to standard output or into a file,
 * or as JSON; for administrators.
 */
enum exit_code cmd_metrics(const struct args *args);

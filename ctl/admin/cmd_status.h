/* SPDX-License-Identifier: BSD-2-Clause */
/* The verbs about the daemon itself. */
#pragma once

#include "cli/args.h"

/**
 * cmd_status(args): what the daemon tells of itself; more to administrators than to others.
 */
enum exit_code cmd_status(const struct args *args);

/**
 * cmd_status_reload(args): has the daemon read its configuration again. CTL_REFUSED where that is
 * wrong.
 */
enum exit_code cmd_status_reload(const struct args *args);

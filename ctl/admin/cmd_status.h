/* SPDX-License-Identifier: BSD-2-Clause */
/* `status` and `reload`. */
#pragma once

#include "cli/args.h"

/**
 * cmd_status(args): prints the daemon's state. The daemon tells administrators more than others.
 */
enum exit_code cmd_status(const struct args *args);

/**
 * cmd_status_reload(args): has the daemon read its configuration again. CTL_REFUSED when the
 * configuration is wrong.
 */
enum exit_code cmd_status_reload(const struct args *args);

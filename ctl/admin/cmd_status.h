/* SPDX-License-Identifier: BSD-2-Clause */
/* The verbs about the daemon itself. */
#pragma once

#include "cli/args.h"

/**
 * status_show(args): what the daemon tells of itself; more to administrators than to others.
 */
enum exit_code status_show(const struct args *args);

/**
 * status_reload(args): has the daemon read its configuration again. CTL_REFUSED where that is
 * wrong.
 */
enum exit_code status_reload(const struct args *args);

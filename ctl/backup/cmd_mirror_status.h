/* SPDX-License-Identifier: BSD-2-Clause */
/* What was copied to and from this host. */
#pragma once

#include "cli/args.h"

/**
 * cmd_mirror_status(args): shows the last mirrors and backups, and when the timer copies next.
 */
enum exit_code cmd_mirror_status(const struct args *args);

/* SPDX-License-Identifier: BSD-2-Clause */
/* The key that files for this host are sealed with. It never leaves the daemon; only its public
 * half does. */
#pragma once

#include "cli/args.h"

/**
 * cmd_mirror_keygen(args), cmd_mirror_show_key(args): the public key that files for this host are
 * sealed with; option force.
 */
enum exit_code cmd_mirror_keygen(const struct args *args);
enum exit_code cmd_mirror_show_key(const struct args *args);

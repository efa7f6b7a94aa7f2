/* SPDX-License-Identifier: BSD-2-Clause */
/* `mirror keygen` and `mirror show-key`. The private half of the key never leaves the daemon. */
#pragma once

#include "cli/args.h"

/**
 * cmd_mirror_keygen(args), cmd_mirror_show_key(args):
 * The first makes the key that files for this host are sealed with; option force. Both print its
 * public half.
 */
enum exit_code cmd_mirror_keygen(const struct args *args);
enum exit_code cmd_mirror_show_key(const struct args *args);

/* SPDX-License-Identifier: BSD-2-Clause */
/* One key in full. Changes nothing. */
#pragma once

#include "cli/args.h"

/**
 * cmd_key_show(args): everything that the daemon tells about the key args->words[0], which is
 * never its secret.
 */
enum exit_code cmd_key_show(const struct args *args);

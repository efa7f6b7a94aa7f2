/* SPDX-License-Identifier: BSD-2-Clause */
/* `key show`. Changes nothing. */
#pragma once

#include "cli/args.h"

/**
 * cmd_key_show(args): prints all that the daemon tells about the key args->words[0], never its
 * secret.
 */
enum exit_code cmd_key_show(const struct args *args);

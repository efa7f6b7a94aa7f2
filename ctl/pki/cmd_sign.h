/* SPDX-License-Identifier: BSD-2-Clause */
/* `sign`: answers the challenge of a login. The answer proves that the user has the private key
 * of a certificate. */
#pragma once

#include "cli/args.h"

/**
 * cmd_sign(args):
 * Prints the answer to the challenge args->words[0], or to the one on standard input; options
 * key, certificate, provider. Asks no daemon.
 */
enum exit_code cmd_sign(const struct args *args);

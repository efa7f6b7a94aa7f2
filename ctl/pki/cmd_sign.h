/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers the challenge of a login: proves that whoever runs this has the private key of a
 * certificate. Asks no daemon. */
#pragma once

#include "cli/args.h"

/**
 * cmd_sign(args):
 * Prints the answer to the challenge args->words[0], without that to the one on standard input;
 * options key, certificate, provider.
 */
enum exit_code cmd_sign(const struct args *args);

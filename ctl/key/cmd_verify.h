/* SPDX-License-Identifier: BSD-2-Clause */
/* `verify`: asks the daemon what a PAM service would ask, and prints the result. */
#pragma once

#include "cli/args.h"

/**
 * cmd_verify(args):
 * Reads a key from standard input and asks whether it logs the user args->words[0] in; options
 * service, rhost, verify-socket, timeout, server-uid, certificate. Returns CTL_OK only when the
 * daemon accepted the key. Otherwise CTL_REFUSED, CTL_UNREACHABLE, CTL_USAGE or CTL_FAILED.
 */
enum exit_code cmd_verify(const struct args *args);

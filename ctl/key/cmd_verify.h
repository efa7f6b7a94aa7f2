/* SPDX-License-Identifier: BSD-2-Clause */
/* The verb `verify`: asks the daemon what a PAM service would ask, and says what came of it. */
#pragma once

#include "cli/args.h"

/**
 * cmd_verify(args):
 * Reads a key from standard input and asks whether it logs args->words[0] in; options service,
 * rhost, verify-socket, timeout, server-uid. Returns CTL_OK only when the daemon accepted it;
 * CTL_REFUSED; CTL_UNREACHABLE; CTL_USAGE; CTL_FAILED.
 */
enum exit_code cmd_verify(const struct args *args);

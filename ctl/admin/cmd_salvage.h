/* SPDX-License-Identifier: BSD-2-Clause */
/* `salvage`. */
#pragma once

#include "cli/args.h"

/**
 * cmd_salvage(args): becomes wfapikeyd, which shows what can be saved of a damaged key store, or
 * saves it. Returns only after a message, CTL_FAILED.
 */
enum exit_code cmd_salvage(const struct args *args);

/* SPDX-License-Identifier: BSD-2-Clause */
/* `audit verify`. The daemon checks; here is only told what it found. */
#pragma once

#include "cli/args.h"

/**
 * cmd_audit_verify(args): checks the whole log, piece by piece. CTL_REFUSED when it is not as it
 * was written.
 */
enum exit_code cmd_audit_verify(const struct args *args);

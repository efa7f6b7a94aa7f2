/* SPDX-License-Identifier: BSD-2-Clause */
/* `audit verify`. The daemon checks; this reports the result. */
#pragma once

#include "cli/args.h"

/**
 * cmd_audit_verify(args):
 * Has the whole log checked. Returns CTL_REFUSED when an event was altered or removed.
 */
enum exit_code cmd_audit_verify(const struct args *args);

/* SPDX-License-Identifier: BSD-2-Clause */
/* `audit verify` and `audit mark`. The daemon checks; this reports the result. */
#pragma once

#include "cli/args.h"

/**
 * cmd_audit_verify(args):
 * Has the whole log checked. Returns CTL_REFUSED when an event was altered or removed, or is not
 * that of the option mark.
 */
enum exit_code cmd_audit_verify(const struct args *args);

/**
 * cmd_audit_verify_mark(args): prints the mark of the last event.
 */
enum exit_code cmd_audit_verify_mark(const struct args *args);

/* SPDX-License-Identifier: BSD-2-Clause */
/* Options that several commands have, and their defaults. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "cli/args.h"
#include "cli/moment.h"

#define OPTIONS_EXPIRES_LEN 40

/**
 * options_control(given):
 * The path of the control socket: ${given}, or $WFAPIKEY_CONTROL when ${given} is NULL or empty,
 * or /run/wfapikey/control. Borrowed.
 */
const char *options_control(const char *given);

/**
 * options_verify(args):
 * The path of the verify socket: the option verify-socket, or $WFAPIKEY_VERIFY, or
 * /run/wfapikey/verify. Borrowed.
 */
const char *options_verify(const struct args *args);

/**
 * options_server_uid(args, ret):
 * The uid that wfapikeyd must run as: the option server-uid, or 0. Returns CTL_OK, or CTL_USAGE
 * after a message on stderr.
 */
enum exit_code options_server_uid(const struct args *args, uid_t *ret) _must_check_;

/**
 * options_when(args, option, side, ret):
 * The time that ${option} names, in UNIX seconds, see moment_read(). ${ret} stays as it is when the
 * user did not give the option. Returns CTL_OK, or CTL_USAGE after a message on stderr.
 */
enum exit_code options_when(const struct args *args, const char *option, enum moment_side side,
                            int64_t *ret) _must_check_;

/**
 * options_expires(args, buffer, ret):
 * What the option expires says, in a form that the daemon takes: borrowed from ${args}, or in
 * ${buffer}. A length of time stays one, because the daemon's clock counts. NULL when the user did
 * not give the option. Returns CTL_OK, or CTL_USAGE after a message on stderr.
 */
enum exit_code options_expires(const struct args *args, char buffer[static OPTIONS_EXPIRES_LEN],
                               const char **ret) _must_check_;

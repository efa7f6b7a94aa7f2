/* SPDX-License-Identifier: BSD-2-Clause */
/* Options that more than one command has, and what stands for one that was not given. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "cli/args.h"

/* What a duration means where a time is asked for. */
enum options_side {
        OPTIONS_AGO,   /* so long ago */
        OPTIONS_AHEAD, /* so long from now */
};

/**
 * options_control(given): the control socket: ${given}, unless that is NULL or empty, else
 * $WFAPIKEY_CONTROL, else /run/wfapikey/control. Borrowed.
 */
const char *options_control(const char *given);

/**
 * options_verify(args): the verify socket, from the option verify-socket, $WFAPIKEY_VERIFY, or
 * /run/wfapikey/verify. Borrowed.
 */
const char *options_verify(const struct args *args);

/**
 * options_server_uid(args, ret): who wfapikeyd must run as, from the option server-uid; 0 without
 * it. CTL_OK, or CTL_USAGE after having said what is wrong.
 */
enum exit_code options_server_uid(const struct args *args, uid_t *ret) _must_check_;

/**
 * options_when(args, option, side, ret):
 * The time that the option ${option} names, in UNIX seconds; ${ret} is untouched when it was not
 * given. CTL_OK, or CTL_USAGE after having said what is wrong.
 */
enum exit_code options_when(const struct args *args, const char *option, enum options_side side,
                            int64_t *ret) _must_check_;

/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls on the daemon's control socket. Knows sd-bus and the daemon's errors; every function
 * that returns an exit code has said on stderr what went wrong when it is not CTL_OK. */
#pragma once

#include <systemd/sd-bus.h>

#include "cleanup.h"
#include "cli/args.h"

struct call {
        sd_bus *bus;
        const char *path;   /* of the socket, for messages */
        unsigned timeout_s; /* for an answer; 0: 30 */
};

#define _cleanup_call_    _cleanup_(call_close)
#define _cleanup_message_ _cleanup_(sd_bus_message_unrefp)

/**
 * call_open(ret, control):
 * Connects to the control socket ${control}; NULL: to $WFAPIKEY_CONTROL, else
 * /run/wfapikey/control. A server that is neither root nor the caller is refused. Returns
 * CTL_OK; CTL_UNREACHABLE; CTL_FAILED.
 */
enum exit_code call_open(struct call *ret, const char *control) _must_check_;

/**
 * call_close(call): ends the connection; safe on a zeroed one.
 */
void call_close(struct call *call);

/**
 * call_method(call, method, ret): an empty call of the daemon's ${method}, to be filled. CTL_OK
 * or CTL_FAILED.
 */
enum exit_code call_method(const struct call *call, const char *method,
                           sd_bus_message **ret) _must_check_;

/**
 * call_begin(ret, control, method, ret_m): call_open() and call_method().
 */
enum exit_code call_begin(struct call *ret, const char *control, const char *method,
                          sd_bus_message **ret_m) _must_check_;

/**
 * call_send(call, m, filled, ret):
 * Makes the call and waits for its answer. ${filled} is what filling ${m} came to: below 0 nothing
 * is sent. Any exit code.
 * Source: common/CONTROL, Errors.
 */
enum exit_code call_send(const struct call *call, sd_bus_message *m, int filled,
                         sd_bus_message **ret) _must_check_;

/**
 * call_plain(call, method, ret, types, ...):
 * call_method() and call_send() for plain arguments, given as for sd_bus_message_append(3).
 */
enum exit_code call_plain(const struct call *call, const char *method, sd_bus_message **ret,
                          const char *types, ...) _must_check_;

/**
 * call_once(control, method, ret, types, ...): the same on a connection of its own.
 */
enum exit_code call_once(const char *control, const char *method, sd_bus_message **ret,
                         const char *types, ...) _must_check_;

/**
 * call_read(m, types, ...): plain values of an answer, as sd_bus_message_read(3). CTL_OK or
 * CTL_FAILED.
 */
enum exit_code call_read(sd_bus_message *m, const char *types, ...) _must_check_;

/**
 * call_misread(r): says that an answer could not be read, for the errno ${r} < 0. CTL_FAILED.
 */
enum exit_code call_misread(int r);

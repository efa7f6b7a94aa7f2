/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls on the daemon's control socket. Where a function here returns an exit code other than
 * CTL_OK, it has said on stderr what went wrong. */
#pragma once

#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "cleanup.h"
#include "cli/args.h"

struct call {
        sd_bus *bus;
        const char *path;   /* of the socket; for messages */
        unsigned timeout_s; /* for an answer; 0 means 30 */
        /* Of a daemon that does not know the method nothing is said. */
        bool may_lack;
};

#define _cleanup_call_    _cleanup_(call_close)
#define _cleanup_message_ _cleanup_(sd_bus_message_unrefp)

/**
 * call_open(ret, control):
 * Connects to the control socket ${control}. NULL means $WFAPIKEY_CONTROL, or
 * /run/wfapikey/control where that is not set. Refuses a server that runs neither as root nor as
 * the calling user. Returns CTL_OK, CTL_UNREACHABLE or CTL_FAILED.
 */
enum exit_code call_open(struct call *ret, const char *control) _must_check_;

/**
 * call_close(call): closes the connection. Safe on a zeroed one.
 */
void call_close(struct call *call);

/**
 * call_method(call, method, ret):
 * Makes an empty call of the daemon's ${method}. The caller fills and unrefs it. CTL_OK or
 * CTL_FAILED.
 */
enum exit_code call_method(const struct call *call, const char *method,
                           sd_bus_message **ret) _must_check_;

/**
 * call_begin(ret, control, method, ret_m): call_open() followed by call_method().
 */
enum exit_code call_begin(struct call *ret, const char *control, const char *method,
                          sd_bus_message **ret_m) _must_check_;

/**
 * call_send(call, m, filled, ret):
 * Sends ${m} and waits for the answer, which the caller unrefs. ${filled} is the result of
 * filling ${m}: when it is a negative errno, nothing is sent. Returns any exit code.
 * Source: common/CONTROL, Errors.
 */
enum exit_code call_send(const struct call *call, sd_bus_message *m, int filled,
                         sd_bus_message **ret) _must_check_;

/* A call whose answer is waited for later. */
struct call_pending {
        sd_bus_slot *slot;
        sd_bus_message *reply;
};

#define _cleanup_pending_ _cleanup_(call_forget)

/**
 * call_start(call, m, filled, ret):
 * As call_send(), but does not wait. ${ret} must stay where it is until call_finish() or
 * call_forget(). CTL_OK or CTL_FAILED.
 */
enum exit_code call_start(const struct call *call, sd_bus_message *m, int filled,
                          struct call_pending *ret) _must_check_;

/**
 * call_finish(call, pending, ret):
 * Waits for the answer to what call_start() sent. The caller unrefs it. Answers to other calls
 * that come before are kept. Returns any exit code.
 */
enum exit_code call_finish(const struct call *call, struct call_pending *pending,
                           sd_bus_message **ret) _must_check_;

/**
 * call_forget(pending): the answer is not wanted any more. Safe on a zeroed one.
 */
void call_forget(struct call_pending *pending);

/**
 * call_plain(call, method, ret, types, ...):
 * call_method() and call_send() with the arguments of sd_bus_message_append(3).
 */
enum exit_code call_plain(const struct call *call, const char *method, sd_bus_message **ret,
                          const char *types, ...) _must_check_;

/**
 * call_once(control, method, ret, types, ...): call_plain() on a connection of its own.
 */
enum exit_code call_once(const char *control, const char *method, sd_bus_message **ret,
                         const char *types, ...) _must_check_;

/**
 * call_aside(control, method, ret):
 * As call_once() without arguments, for what is good to know beside the matter. A daemon of before
 * the method is no error to speak of: CTL_FAILED, and no message.
 */
enum exit_code call_aside(const char *control, const char *method,
                          sd_bus_message **ret) _must_check_;

/**
 * call_read(m, types, ...):
 * Reads values of an answer, with the arguments of sd_bus_message_read(3). CTL_OK or CTL_FAILED.
 */
enum exit_code call_read(sd_bus_message *m, const char *types, ...) _must_check_;

/**
 * call_misread(r): says that an answer could not be read. ${r} is the negative errno. Returns
 * CTL_FAILED.
 */
enum exit_code call_misread(int r);

/* SPDX-License-Identifier: BSD-2-Clause */
/* Which events of the audit log a caller sees, and how an event is shown. */
#pragma once

#include "control/control_options.h"
#include "store/store_audit.h"

/* Whose events a caller sees: all, or those of the keys of this user. Name and uid must both
 * match. */
struct control_sight {
        bool all;
        uid_t uid;
        char user[WIRE_USER_MAX + 1];
};

/**
 * control_events_sight(call, writer, ret): finds out what the caller sees. Returns whether that
 * worked. If not, the call has failed.
 */
bool control_events_sight(struct control_call *call, struct store *writer,
                          struct control_sight *ret) _must_check_;

/**
 * control_events_narrow(filter, sight): makes ${filter} pass only what ${sight} allows. ${filter}
 * borrows from ${sight}.
 */
void control_events_narrow(struct audit_filter *filter, const struct control_sight *sight);

/**
 * control_events_append(m, record): appends one event, as a dictionary. Returns 0, or a negative
 * errno.
 */
int control_events_append(sd_bus_message *m, const struct audit_record *record) _must_check_;

/**
 * control_events_append_of(m, record, host): the same, with the host of the fleet that has reported
 * it.
 */
int control_events_append_of(sd_bus_message *m, const struct audit_record *record,
                             const char *host) _must_check_;

/**
 * control_events_take_verdict: what a row of struct control_option can have as take: a verdict of
 * an event.
 */
void control_events_take_verdict(struct control_call *call, const struct control_option *option,
                                 const char *value, void *out);

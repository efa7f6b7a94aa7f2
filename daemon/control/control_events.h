/* SPDX-License-Identifier: BSD-2-Clause */
/* Which events of the audit log a caller sees, and how one is shown. */
#pragma once

#include "control/control.h"
#include "store/store_audit.h"

/* Whose events a caller sees: everybody's, or those of the keys of its name and number. */
struct control_sight {
        bool all;
        uid_t uid;
        char user[WIRE_USER_MAX + 1];
};

/**
 * control_events_sight(call, writer, ret): what the caller sees. Returns whether that could be
 * made out; if not the call has failed.
 */
bool control_events_sight(struct control_call *call, struct store *writer,
                          struct control_sight *ret) _must_check_;

/**
 * control_events_narrow(filter, sight): has ${filter} let pass only what is seen; borrows from
 * ${sight}.
 */
void control_events_narrow(struct audit_filter *filter, const struct control_sight *sight);

/**
 * control_events_append(m, record): one event, as a dictionary. 0, or a negative errno.
 */
int control_events_append(sd_bus_message *m, const struct audit_record *record) _must_check_;

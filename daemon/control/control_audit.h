/* SPDX-License-Identifier: BSD-2-Clause */
/* The audit records of calls. A change is recorded in its own transaction, a refusal after it. */
#pragma once

#include "control/control.h"

struct audit_record;

/**
 * control_audit_add(call, writer, what, key, detail):
 * Records, inside a transaction, that the caller did ${what} ("revoked") to ${key}. NULL means no
 * key in particular. ${detail} is what else there is to say: a label, or "". A log line about the
 * key follows after the commit. Every change must be recorded so. Returns 0, or an error of the
 * store.
 */
int control_audit_add(struct control_call *call, struct store *writer, const char *what,
                      const struct key_record *key, const char *detail) _must_check_;

/**
 * control_audit_committed(call): writes the log lines of what control_audit_add() recorded.
 */
void control_audit_committed(const struct control_call *call);

/**
 * control_audit_fill(call, what, ret), control_audit_say(call, what, key):
 * The same for work that has a transaction of its own: the record, without key and user, and the
 * log line.
 */
void control_audit_fill(const struct control_call *call, const char *what,
                        struct audit_record *ret);
void control_audit_say(const struct control_call *call, const char *what,
                       const struct key_record *key);

/**
 * control_audit_about(call, id, key): a refusal of the call will be recorded with the key ${id}
 * and the owner of ${key}. NULL: no such key exists.
 */
void control_audit_about(struct control_call *call, const char id[static KEYTEXT_ID_LEN + 1],
                         const struct key_record *key);

/**
 * control_audit_refused(call): records that the call was refused. Errors that are no refusals are
 * not recorded. On the loop.
 */
void control_audit_refused(struct control_call *call);

/**
 * control_audit_release(call): frees what the functions above have kept.
 */
void control_audit_release(struct control_call *call);

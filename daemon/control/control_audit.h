/* SPDX-License-Identifier: BSD-2-Clause */
/* The audit records of calls: of a change in the transaction of the change, of a refusal after it.
 */
#pragma once

#include "control/control.h"

struct audit_record;

/**
 * control_audit_add(call, writer, what, key, detail):
 * Inside a transaction: the record that the caller did ${what} ("revoked") to ${key} (NULL: to
 * none in particular), with what else there is to say (a label, or ""). A line for the log
 * follows the commit. Every change has one.
 * Returns 0, or an error of the store.
 */
int control_audit_add(struct control_call *call, struct store *writer, const char *what,
                      const struct key_record *key, const char *detail) _must_check_;

/**
 * control_audit_committed(call): writes the lines of all that control_audit_add() was told.
 */
void control_audit_committed(const struct control_call *call);

/**
 * control_audit_fill(call, what, ret), control_audit_say(call, what, key):
 * The record, without key and user, and the line, for work that has a transaction of its own.
 */
void control_audit_fill(const struct control_call *call, const char *what,
                        struct audit_record *ret);
void control_audit_say(const struct control_call *call, const char *what,
                       const struct key_record *key);

/**
 * control_audit_about(call, id, key): a refusal is recorded with the key ${id}, and with the owner
 * of
 * ${key}; NULL: there is no such key.
 */
void control_audit_about(struct control_call *call, const char id[static KEYTEXT_ID_LEN + 1],
                         const struct key_record *key);

/**
 * control_audit_refused(call): notes on the loop that the call has failed, where that is a refusal.
 */
void control_audit_refused(struct control_call *call);

/**
 * control_audit_release(call): frees what the above have left.
 */
void control_audit_release(struct control_call *call);

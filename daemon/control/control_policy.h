/* SPDX-License-Identifier: BSD-2-Clause */
/* A change of the policy: for the method that makes it, and for the one that only says what it
 * would do. */
#pragma once

#include "control/control.h"
#include "rules/policy.h"

#define CONTROL_POLICY_CHANGES_MAX 64

struct control_policy_call {
        struct control_call call;
        size_t n_changes;
        struct control_policy_change {
                char name[POLICY_NAME_LEN];
                int64_t value;
                /* as the caller wrote it; for the log */
                char text[POLICY_VALUE_LEN];
        } changes[CONTROL_POLICY_CHANGES_MAX];
};

/**
 * control_policy_parse(call, m): reads the changes, of a call that begins with a struct
 * control_policy_call. See struct control_handlers.
 */
int control_policy_parse(struct control_call *call, sd_bus_message *m) _must_check_;

/**
 * control_policy_write(set, writer, now, note):
 * Writes the changes, inside a transaction. ${note} is called after each one that changes anything;
 * it may be NULL. The call fails where the policy cannot be so. Returns 0 or more; an error of the
 * store, or of ${note}.
 */
int control_policy_write(struct control_policy_call *set, struct store *writer, int64_t now,
                         int (*note)(struct control_policy_call *set, struct store *writer,
                                     const struct control_policy_change *change)) _must_check_;

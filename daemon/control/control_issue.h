/* SPDX-License-Identifier: BSD-2-Clause */
/* What the methods share that make a key: IssueKey and IssueKeyWithPassword. */
#pragma once

#include "control/control.h"
#include "keys/issue.h"

struct control_issue_call {
        struct control_call call;
        char user[WIRE_USER_MAX + 1];
        /* whose password counts; empty: the user's */
        char linked[WIRE_USER_MAX + 1];
        struct issue issue;
};

/**
 * control_issue_ask(call): the detour of a call: asks who the user and the linked one are, and
 * goes on with control_resume().
 */
void control_issue_ask(struct control_call *call);

/**
 * control_issue_parse_user(ours, m), control_issue_parse_options(ours, m):
 * Read the user's name and the options of the key. What sd-bus says of the message; a call that
 * has failed says so itself.
 */
int control_issue_parse_user(struct control_issue_call *ours, sd_bus_message *m) _must_check_;
int control_issue_parse_options(struct control_issue_call *ours, sd_bus_message *m) _must_check_;

/**
 * control_issue_make(ours, writer, uid, not_yours):
 * Makes the key when the user's number is ${uid}, or whatever it is with -1; if it is another
 * the call fails with ${not_yours}, as it does with a user that there is not, or with another
 * linked user. On the writer thread.
 */
void control_issue_make(struct control_issue_call *ours, struct store *writer, uid_t uid,
                        const char *not_yours);

/**
 * control_issue_failed(call, issue): ends the call with what kept ${issue} from making a key.
 */
void control_issue_failed(struct control_call *call, const struct issue *issue);

/**
 * control_issue_reply(call, reply): id and key.
 */
int control_issue_reply(struct control_call *call, sd_bus_message *reply);

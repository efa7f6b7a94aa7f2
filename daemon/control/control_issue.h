/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two methods that make a key share: IssueKey and IssueKeyWithPassword. */
#pragma once

#include "accounts/accounts_update.h"
#include "control/control.h"
#include "keys/issue.h"

struct control_issue_call {
        struct control_call call;
        char user[WIRE_USER_MAX + 1];
        /* The user whose password counts. "": the owner. */
        char linked[WIRE_USER_MAX + 1];
        /* Of IssueKey, where the owner is REALM:NAME; "" and NULL: it is an account. */
        char realm[REALM_NAME_MAX + 1];
        const char *realm_user; /* in ${user} */
        struct accounts_source accounts;
        /* Of IssueKeyWithPassword, from uid 0: for whom it asks. "": it did not say so. */
        char source[WIRE_RHOST_MAX + 1];
        struct issue_request request;
        bool keep; /* a key of the same name will do */
        struct issue_result result;
};

/**
 * control_issue_ask(call): the detour of such a call. Asks who the owner and the linked user are,
 * and goes on with control_resume().
 */
void control_issue_ask(struct control_call *call);

/**
 * control_issue_go_on(call): as control_resume(), after users were asked for. The call fails when
 * the configuration was read again meanwhile.
 */
void control_issue_go_on(struct control_call *call);

/**
 * control_issue_parse_user(ours, m), control_issue_parse_options(ours, m, source):
 * Read the user's name and the options of the key, and with ${source} the option source. Return
 * what sd-bus says of the message. The call may have failed as well.
 */
int control_issue_parse_user(struct control_issue_call *ours, sd_bus_message *m) _must_check_;
int control_issue_parse_options(struct control_issue_call *ours, sd_bus_message *m,
                                bool source) _must_check_;

/**
 * control_issue_may_share(ours, role):
 * Whether a caller of ${role} may make this key. One for the hosts of a fleet is not for everybody.
 * If not, the call has failed.
 */
bool control_issue_may_share(struct control_issue_call *ours, enum role role);

/**
 * control_issue_make(ours, writer, uid, not_yours):
 * Makes the key if the owner's uid is ${uid}, or if ${uid} is -1. If it is another, or there is no
 * such owner, the call fails with ${not_yours}. A caller that is no administrator cannot link the
 * key to another user. On the writer thread.
 */
void control_issue_make(struct control_issue_call *ours, struct store *writer, uid_t uid,
                        const char *not_yours);

/**
 * control_issue_committed(call): logs that the key was made, when that counts.
 */
void control_issue_committed(struct control_call *call);

/**
 * control_issue_failed(call, result): the call fails with the reason for which there is no key.
 */
void control_issue_failed(struct control_call *call, const struct issue_result *result);

/**
 * control_issue_append(reply, result), control_issue_reply(call, reply): append the id and the key.
 */
int control_issue_append(sd_bus_message *reply, const struct issue_result *result) _must_check_;
int control_issue_reply(struct control_call *call, sd_bus_message *reply);

/* SPDX-License-Identifier: BSD-2-Clause */
/* What one caller may have of the control socket at one time and in a day, so that no caller keeps
 * an administrator from revoking and none fills the disk with events. */
#pragma once

#include "control/control.h"

/* of all others than uid 0, on their way at one time */
#define CONTROL_CALLS_MAX     (WORKER_QUEUE_MAX - 64)
#define CONTROL_CALLS_PER_UID 16 /* of one of them */
/* of these, calls of others than administrators that ask who a user is: less than
 * ACCOUNTS_ASKS_MAX */
#define CONTROL_ASKS_MAX     8
#define CONTROL_ASKS_PER_UID 2 /* of one of them */

/* of one who is no administrator, in a day: each is an event, which stays for the policy
 * retention */
#define CONTROL_CHANGES_MAX 2000
#define CONTROL_CHANGES_S   INT64_C(86400)
#define CONTROL_CHANGERS    1024

/* The calls of one uid that are on their way. */
struct control_quota_load {
        uid_t uid;
        unsigned n; /* 0: the place is free */
        unsigned asks;
};

/* What one uid has added to the audit log by calls that could go on without end. Two uids that
 * share a place may do more, never less. */
struct control_quota_changes {
        uid_t uid;
        int64_t since;
        unsigned n;
};

/* Invariants: n_calls is the sum of load[].n, n_asks that of load[].asks. */
struct control_quota {
        unsigned n_calls, n_asks; /* of others than uid 0 */
        struct control_quota_load load[CONTROL_CALLS_MAX];
        struct control_quota_changes changed[CONTROL_CHANGERS]; /* by uid */
};

/**
 * control_quota_add(call): counts one more call of this uid; where it is one too many the call
 * has failed.
 * control_quota_ask(call): whether it may ask who a user is, and is counted as one that does.
 * control_quota_remove(call): it is on its way no more, and not counted, as far as it was.
 */
void control_quota_add(struct control_call *call);
bool control_quota_ask(struct control_call *call) _must_check_;
void control_quota_remove(struct control_call *call);

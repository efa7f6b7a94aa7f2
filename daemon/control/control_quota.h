/* SPDX-License-Identifier: BSD-2-Clause */
/* What one caller may do at one time and in a day. No caller can keep an administrator from
 * revoking, or fill the disk with events. */
#pragma once

#include "control/control.h"

/* Calls on their way at one time, of all uids but 0. */
#define CONTROL_CALLS_MAX       (WORKER_QUEUE_MAX - 64)
#define CONTROL_CALLS_PER_UID   16 /* of one uid */
#define CONTROL_CALLS_PER_RANGE 48 /* of a block of uids (share.h) */
/* Of these, calls that ask who a user is, administrators' not counted. Less than
 * ACCOUNTS_ASKS_MAX. */
#define CONTROL_ASKS_MAX       10
#define CONTROL_ASKS_PER_UID   2 /* of one uid */
#define CONTROL_ASKS_PER_RANGE 3 /* of a block of uids */
/* A user has a uid and mostly a subordinate range, which lies in two blocks. */
_Static_assert(2 * CONTROL_CALLS_PER_UID + 2 * CONTROL_CALLS_PER_RANGE <= CONTROL_CALLS_MAX &&
                       2 * CONTROL_ASKS_PER_UID + 2 * CONTROL_ASKS_PER_RANGE <= CONTROL_ASKS_MAX,
               "a user with two blocks leaves another user its share");
_Static_assert(CONTROL_CALLS_PER_UID < CONTROL_CALLS_PER_RANGE &&
                       CONTROL_ASKS_PER_UID < CONTROL_ASKS_PER_RANGE,
               "a user in a block leaves places for the others there");

/* Changes by one uid in a day, administrators' not counted. Each is an event, which is kept as
 * long as the policy retention says. */
#define CONTROL_CHANGES_MAX 2000
#define CONTROL_CHANGES_S   INT64_C(86400)
#define CONTROL_CHANGERS    4096

/* The calls of one uid that are on their way. */
struct control_quota_load {
        uid_t uid;
        unsigned n; /* 0: the place is free */
        unsigned asks;
};

/* What the uids of one place have added to the audit log with endless methods. Uids that share a
 * place share its bound, so no uid lifts the bound of another. */
struct control_quota_changes {
        int64_t since;
        unsigned n;
};

/* Invariants: n_calls is the sum of load[].n, and n_asks that of load[].asks. */
struct control_quota {
        unsigned n_calls, n_asks; /* of all uids but 0 */
        struct control_quota_load load[CONTROL_CALLS_MAX];
        /* by a hash of the uid, with a seed that nobody can guess */
        uint64_t seed;
        struct control_quota_changes changed[CONTROL_CHANGERS];
};

/**
 * control_quota_init(quota): makes ${quota} empty and draws a seed for it. 0; -EIO.
 */
int control_quota_init(struct control_quota *quota) _must_check_;

/**
 * control_quota_add(call): counts one more call of its uid. If that is one too many, the call has
 * failed.
 * control_quota_add_owner(call, uid): the call is also a change by ${uid}, which has shown its
 * password and is no administrator. So nobody makes more of them by asking as many uids. If it is
 * one too many, the call has failed.
 * control_quota_ask(call): whether the call may ask who a user is. If so, that is counted.
 * control_quota_remove(call): the call has ended. Takes back what was counted.
 */
void control_quota_add(struct control_call *call);
void control_quota_add_owner(struct control_call *call, uid_t uid);
bool control_quota_ask(struct control_call *call) _must_check_;
void control_quota_remove(struct control_call *call);

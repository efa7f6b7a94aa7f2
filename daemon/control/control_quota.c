/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts the calls of each uid that are on their way, and the changes that each uid has made in
 * a day. Nobody can fill the queue so that an administrator cannot revoke, or fill the disk with
 * events. Knows no method but by its traits. */
#include "control/control_quota.h"
#include "accounts/accounts.h"
#include "attr.h"
#include "base/clock.h"
#include "control/control_state.h"
#include "rules/share.h"

_Static_assert(CONTROL_ASKS_MAX < ACCOUNTS_ASKS_MAX, "some are left for administrators and logins");

/* The place of a uid in the load, else a free one. There always is one, because no more calls
 * are counted than there are places. */
static struct control_quota_load *find_load(struct control_quota *quota, uid_t uid) {
        struct control_quota_load *unused = NULL;

        for (size_t i = 0; i < ARRAY_LEN(quota->load); i++) {
                if (quota->load[i].n > 0 && quota->load[i].uid == uid)
                        return &quota->load[i];
                if (quota->load[i].n == 0 && !unused)
                        unused = &quota->load[i];
        }
        return unused;
}

/* What all uids that are counted as one user's have on their way. */
static struct control_quota_load sum_range(const struct control_quota *quota, uid_t uid) {
        struct control_quota_load sum = {};

        for (size_t i = 0; i < ARRAY_LEN(quota->load); i++) {
                const struct control_quota_load *load = &quota->load[i];

                if (load->n == 0 || share_range(load->uid) != share_range(uid))
                        continue;
                sum.n += load->n;
                sum.asks += load->asks;
        }
        return sum;
}

static bool add(struct control_call *call) {
        struct control_quota *quota = &call->control->loop.quota;
        struct control_quota_load *load;

        if (call->uid == 0)
                return true;
        if (quota->n_calls >= CONTROL_CALLS_MAX)
                return false;
        load = find_load(quota, call->uid);
        if (!load || load->n >= CONTROL_CALLS_PER_UID ||
            sum_range(quota, call->uid).n >= CONTROL_CALLS_PER_RANGE)
                return false;
        load->uid = call->uid;
        load->n++;
        quota->n_calls++;
        call->counted = true;
        return true;
}

/* What the caller has changed today. */
static struct control_quota_changes *find_changes(const struct control_call *call) {
        struct control_quota *quota = &call->control->loop.quota;
        struct control_quota_changes *mine = &quota->changed[call->uid % CONTROL_CHANGERS];
        int64_t now = clock_now();

        if (mine->uid != call->uid || now < mine->since || now >= mine->since + CONTROL_CHANGES_S)
                *mine = (struct control_quota_changes){ .uid = call->uid, .since = now };
        return mine;
}

void control_quota_add(struct control_call *call) {
        if (!add(call))
                control_fail(call, CONTROL_BUSY, "Too much is waiting to be done; try again.");
        else if ((call->method->traits & CONTROL_ENDLESS) != 0 && call->role != ROLE_ADMIN &&
                 find_changes(call)->n >= CONTROL_CHANGES_MAX)
                control_fail(call, CONTROL_LIMIT_EXCEEDED,
                             "You have made %d changes within a day; try again tomorrow.",
                             CONTROL_CHANGES_MAX);
}

/* Each question starts a process, and only a few may run at one time. This leaves some for
 * administrators and logins. */
bool control_quota_ask(struct control_call *call) {
        struct control_quota *quota = &call->control->loop.quota;
        struct control_quota_load *load;

        if (!call->counted || call->role == ROLE_ADMIN || call->asks)
                return true;
        load = find_load(quota, call->uid);
        if (!load || load->asks >= CONTROL_ASKS_PER_UID || quota->n_asks >= CONTROL_ASKS_MAX ||
            sum_range(quota, call->uid).asks >= CONTROL_ASKS_PER_RANGE)
                return false;
        load->asks++;
        quota->n_asks++;
        call->asks = true;
        return true;
}

void control_quota_remove(struct control_call *call) {
        struct control_quota *quota = &call->control->loop.quota;
        struct control_quota_load *load;

        if (!call->counted)
                return;
        if ((call->method->traits & CONTROL_ENDLESS) != 0 && call->error == CONTROL_OK)
                find_changes(call)->n++;
        load = find_load(quota, call->uid);
        if (load && load->n > 0)
                load->n--;
        if (load && call->asks) {
                load->asks--;
                quota->n_asks--;
        }
        quota->n_calls--;
}

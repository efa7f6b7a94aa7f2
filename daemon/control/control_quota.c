/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts the calls of each uid that are on their way, and the changes that each uid has made in
 * a day. Nobody can fill the queue so that an administrator cannot revoke, or fill the disk with
 * events. Knows no method but by its traits. */
#include <errno.h>
#include <sys/random.h>

#include "accounts/accounts.h"
#include "attr.h"
#include "base/clock.h"
#include "control/control_quota.h"
#include "control/control_state.h"
#include "rules/loglimit.h"
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

/* What ${uid} has changed today. Another uid in its place never ends the day of this one. */
static struct control_quota_changes *find_changes(struct control_quota *quota, uid_t uid) {
        struct control_quota_changes *changes =
                &quota->changed[loglimit_mix(quota->seed, uid) % CONTROL_CHANGERS];
        int64_t now = clock_now();

        if (now < changes->since || now >= changes->since + CONTROL_CHANGES_S)
                *changes = (struct control_quota_changes){ .since = now };
        return changes;
}

static void check_changes(struct control_call *call, uid_t uid) {
        if (find_changes(&call->control->loop.quota, uid)->n >= CONTROL_CHANGES_MAX)
                control_fail(call, CONTROL_LIMIT_EXCEEDED,
                             "You have made %d changes within a day; try again tomorrow.",
                             CONTROL_CHANGES_MAX);
}

static void count_change(const struct control_call *call) {
        struct control_quota *quota = &call->control->loop.quota;

        if ((call->method->traits & CONTROL_ENDLESS) == 0 || call->error != CONTROL_OK)
                return;
        if (call->counted)
                find_changes(quota, call->uid)->n++;
        if (call->owner != 0 && call->owner != call->uid)
                find_changes(quota, call->owner)->n++;
}

int control_quota_init(struct control_quota *quota) {
        *quota = (struct control_quota){};
        return getrandom(&quota->seed, sizeof(quota->seed), 0) == sizeof(quota->seed) ? 0 : -EIO;
}

void control_quota_add(struct control_call *call) {
        if (!add(call))
                control_fail(call, CONTROL_BUSY, "Too much is waiting to be done; try again.");
        else if ((call->method->traits & CONTROL_ENDLESS) != 0 && call->role != ROLE_ADMIN)
                check_changes(call, call->uid);
}

void control_quota_add_owner(struct control_call *call, uid_t uid) {
        call->owner = uid;
        check_changes(call, uid);
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

        count_change(call);
        if (!call->counted)
                return;
        load = find_load(quota, call->uid);
        if (load && load->n > 0)
                load->n--;
        if (load && call->asks) {
                load->asks--;
                quota->n_asks--;
        }
        quota->n_calls--;
}

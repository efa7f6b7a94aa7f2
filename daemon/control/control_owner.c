/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks whose name the owner's is, before a key gets a new secret. The store knows the user of
 * passwd, and services may log in another one of that name: see accounts_directory.c. */
#include <errno.h>
#include <string.h>

#include "accounts/accounts.h"
#include "control/control_issue.h"
#include "control/control_owner.h"
#include "control/control_pieces.h"
#include "control/control_quota.h"
#include "control/control_state.h"
#include "keys/facts.h"

static void on_owner(int r, const struct account_record *account, void *userdata) {
        struct control_owner_call *ours = userdata;
        struct account_record owner = {};
        struct issue_result result = {};
        bool there = issue_take_user(ours->owner, r, account, &owner, &result);

        if (result.error == ISSUE_NO_ANSWER)
                control_issue_failed(&ours->call, &result);
        else if (!there || owner.uid != ours->uid)
                control_fail(&ours->call, CONTROL_NOT_ACTIVE, "Key %s gets no new secret: %s.",
                             ours->id, verdict_reason_text(REASON_ACCOUNT_GONE));
        control_issue_go_on(&ours->call);
}

/* Where the store does not take the user for the owner, only an administrator comes so far, and no
 * login gets in with the key: a fleet has owners who are not on this host. A user of a realm is in
 * no user database. */
static void look_run(struct worker_job *job, struct store *writer) {
        struct control_owner_call *ours = ((struct control_owner_look *) job)->ours;
        struct account_record owner = {}, linked = {};
        struct key_record key;
        int r;

        if (!control_open_key(&ours->call, writer, ours->id, &key))
                return;
        r = facts_accounts(writer, &key, &owner, &linked);
        if (r < 0)
                control_fail_store(&ours->call, r);
        else if (!key.realm[0] && owner.state == ACCOUNT_PRESENT && owner.uid == key.owner_uid) {
                memcpy(ours->owner, key.owner, sizeof(ours->owner));
                ours->uid = key.owner_uid;
        }
}

static void look_done(struct worker_job *job) {
        struct control_owner_call *ours = ((struct control_owner_look *) job)->ours;
        const char *name = ours->owner;

        if (!name[0])
                control_resume(&ours->call);
        else if (!control_quota_ask(&ours->call) ||
                 accounts_ask(ours->call.control->fixed.accounts, &name, 1, on_owner, ours) < 0)
                on_owner(-EBUSY, NULL, ours);
}

void control_owner_ask(struct control_call *call) {
        struct control_owner_call *ours = (struct control_owner_call *) call;

        ours->look = (struct control_owner_look){
                .job = { .run = look_run, .done = look_done, .urgent = call->job.urgent },
                .ours = ours
        };
        if (control_pieces_submit(call, &ours->look.job) >= 0)
                return;
        control_fail(call, CONTROL_BUSY, "Too much is waiting to be done; try again.");
        control_answer(call);
}

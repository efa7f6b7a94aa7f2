/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads from the store what a decision needs. Decides nothing and writes nothing. */
#include <errno.h>

#include "keys/facts.h"
#include "store/store_account.h"

/* A policy that this build does not know was set by a newer one. It may forbid anything. */
static int on_policy(const char *name, int64_t value, int64_t changed_at, void *userdata) {
        return policy_apply(userdata, name, value, changed_at) < 0 ? -EPROTONOSUPPORT : 0;
}

int facts_policy(struct store *s, struct policy *ret) {
        policy_init(ret);
        return store_policy_each(s, on_policy, ret);
}

/* What the store knows of a user. That it knows nothing is an answer too. */
static int get_account(struct store *s, const char *name, struct account_record *ret) {
        int r = store_account_get(s, name, ret);

        return r == -ENOENT ? 0 : r;
}

int facts_accounts(struct store *s, const struct key_record *key, struct account_record *ret_owner,
                   struct account_record *ret_linked) {
        int r;

        r = get_account(s, key->owner, ret_owner);
        if (r < 0)
                return r;
        if (!key->linked[0]) {
                *ret_linked = *ret_owner;
                return 0;
        }
        return get_account(s, key->linked, ret_linked);
}

struct account_record facts_answered(const struct account_record *known,
                                     const struct account_record *answer) {
        bool present = known->state == ACCOUNT_PRESENT, local = present && known->local;
        struct account_record account = local ? *known : *answer;

        if (answer->state == ACCOUNT_PRESENT)
                account.admin = answer->admin;
        if (answer->admin_unsure && present && (local || known->uid == answer->uid))
                account.admin = known->admin;
        account.admin_unsure = false;
        return account;
}

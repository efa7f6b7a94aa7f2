/* SPDX-License-Identifier: BSD-2-Clause */
/* The transactions that write accounts. Reads no file and asks no directory. */
#include <string.h>

#include "accounts/accounts_change.h"
#include "base/clock.h"
#include "keys/facts.h"
#include "keys/sweep.h"
#include "store/store_account.h"
#include "store/store_guard.h"

static int run(struct accounts_change *c, int (*body)(struct accounts_change *c, void *userdata),
               void *userdata) {
        int r;

        c->left = ACCOUNTS_CHANGE_MAX;
        c->changed = false;
        r = store_begin_end(c->writer);
        if (r >= 0)
                r = facts_policy(c->writer, &c->policy);
        if (r >= 0)
                r = body(c, userdata);
        if (r >= 0)
                r = c->changed ? store_commit(c->writer) : store_commit_quietly(c->writer);
        store_rollback(c->writer);
        return r;
}

int accounts_change_run(struct accounts_change *c,
                        int (*body)(struct accounts_change *c, void *userdata), void *userdata) {
        int r;

        /* It may have been set since the look began. */
        c->clock_trusted &= clock_is_trusted();
        r = run(c, body, userdata);
        return store_guard_make_room(c->writer, r) ? run(c, body, userdata) : r;
}

bool accounts_change_same(const struct account_record *a, const struct account_record *b) {
        return a->state == b->state && a->uid == b->uid && a->number_since == b->number_since &&
               a->local == b->local && a->admin == b->admin && a->locked == b->locked &&
               a->password_ends_at == b->password_ends_at && a->closes_at == b->closes_at &&
               a->gone_since == b->gone_since && a->held == b->held &&
               a->password_since == b->password_since && a->password_held == b->password_held &&
               (a->checked_at > 0) == (b->checked_at > 0);
}

static void spend(struct accounts_change *c, uint64_t n) {
        c->left = n < c->left ? c->left - n : 0;
}

/* Keys of a fleet that waited for the owner's number get it first. 1: there are more. */
static int bind_keys(struct accounts_change *c, const struct account_record *account) {
        uint64_t n = 0;
        int r;

        if (account->state != ACCOUNT_PRESENT)
                return 0;
        r = store_account_bind(c->writer, account, (int64_t) c->left, &n);
        spend(c, n);
        return r < 0 ? r : c->left == 0;
}

int accounts_change_put(struct accounts_change *c, const struct account_record *old,
                        struct account_record *account, bool answered) {
        struct account_record was = *old;
        bool quiet;
        int r;

        memcpy(account->name, old->name, sizeof(account->name)); /* as the keys have it */
        account->checked_at = answered ? c->now : 0;
        if (accounts_change_same(old, account))
                return 0;
        r = bind_keys(c, account);
        if (r != 0)
                return r;
        /* A verification reads the same number, whether or not this host is sure of it. */
        was.number_since = account->number_since;
        quiet = accounts_change_same(&was, account);
        if (quiet)
                account->checked_at = old->checked_at;
        spend(c, 1);
        r = store_account_put(c->writer, account);
        c->changed |= r >= 0 && !quiet;
        return r;
}

int accounts_change_end(struct accounts_change *c, const struct account_record *account,
                        bool over) {
        uint64_t ended = 0;
        int r;

        r = sweep_account(c->writer, &c->policy, account, over,
                          (struct sweep_when){ c->now, c->clock_trusted }, c->left, &ended);
        spend(c, ended);
        c->changed |= r >= 0 && ended > 0;
        return r;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* One transaction that writes what is new of accounts, and does to their keys what follows. It is
 * small, whatever there is to write: the next one goes on. Runs on the writer thread. */
#pragma once

#include "rules/policy.h"
#include "store/store.h"

/* accounts and keys that one transaction writes */
#define ACCOUNTS_CHANGE_MAX 50

struct accounts_change {
        struct store *writer;
        /* All that one look finds is found at one moment. */
        int64_t now;
        bool clock_trusted;
        struct policy policy; /* now, and not when the look began */
        uint64_t left;        /* may still be written */
        bool changed;         /* what a verification looks at */
};

/**
 * accounts_change_run(c, body, userdata):
 * Runs ${body} in a transaction, and commits unless that fails. ${c} has its first three fields.
 * ${body} ends when ${c}->left is 0. It is called once more when the reserve has made room on a
 * full disk, so it must not count on the first call. Returns 0, or a negative errno.
 */
int accounts_change_run(struct accounts_change *c,
                        int (*body)(struct accounts_change *c, void *userdata),
                        void *userdata) _must_check_;

/**
 * accounts_change_same(a, b): whether the two say the same of an account, whenever it was said.
 */
bool accounts_change_same(const struct account_record *a, const struct account_record *b);

/**
 * accounts_change_put(c, old, account, answered): writes what is new of ${account}, which gets the
 * name that ${old} has. ${answered}: files and directories have said so. 1: more keys must get the
 * account's number first, in another transaction; 0; an error of the store.
 */
int accounts_change_put(struct accounts_change *c, const struct account_record *old,
                        struct account_record *account, bool answered) _must_check_;

/**
 * accounts_change_end(c, account, over): ends the keys that must end with ${account}, see
 * sweep_account(). 1: there are more for another transaction; 0; an error of the store.
 */
int accounts_change_end(struct accounts_change *c, const struct account_record *account,
                        bool over) _must_check_;

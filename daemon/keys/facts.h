/* SPDX-License-Identifier: BSD-2-Clause */
/* What a decision needs from the store: the policy, and what is known of the accounts behind a key.
 * Reads only, on the thread that the store belongs to. */
#pragma once

#include "rules/policy.h"
#include "store/store.h"

/**
 * facts_policy(s, ret):
 * The policy that is in the store. Returns 0; -EPROTONOSUPPORT when there is one that this build
 * does not know; an error of the store. On failure do not use ${ret}.
 */
int facts_policy(struct store *s, struct policy *ret) _must_check_;

/**
 * facts_accounts(s, key, ret_owner, ret_linked):
 * What the store knows of the accounts behind ${key}. Where it knows nothing of an account, that
 * record stays as it was. 0, or an error of the store.
 */
int facts_accounts(struct store *s, const struct key_record *key, struct account_record *ret_owner,
                   struct account_record *ret_linked) _must_check_;

/**
 * facts_answered(known, answer): what is known of an account when a helper has answered for it.
 * Where the passwd file has the user, only a look at the files says what they say, because it knows
 * which of them can be believed. The answer adds whether the user administers, where that is sure.
 */
struct account_record facts_answered(const struct account_record *known,
                                     const struct account_record *answer);

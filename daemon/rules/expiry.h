/* SPDX-License-Identifier: BSD-2-Clause */
/* When a key's time is over, and a password's. Pure. */
#pragma once

#include "record.h"

/**
 * expiry_of(policy, key):
 * The second from which ${key} is no longer accepted, 0 when there is none: its own expiry, else
 * the policy's lifetime counted from the key's making or from the lifetime's last change,
 * whichever is later; never after the bound that max-lifetime set when the key was made, nor
 * after its retirement. A key that had outlived the lifetime before that was changed stays dead:
 * for it this is the moment of the change, which is later than its end.
 */
int64_t expiry_of(const struct policy *policy, const struct key_record *key);

/**
 * expiry_made_by(policy, now):
 * Up to when the keys without an expiry of their own must have been made that are over at
 * ${now}: what a change of lifetime then must not bring back. INT64_MIN: none.
 */
int64_t expiry_made_by(const struct policy *policy, int64_t now);

/**
 * expiry_status(policy, key, now): the status of ${key} at ${now} as people see it.
 */
enum key_status expiry_status(const struct policy *policy, const struct key_record *key,
                              int64_t now);

/**
 * expiry_is_retired(key, now): whether another key has taken the place of ${key}, by rotation.
 */
bool expiry_is_retired(const struct key_record *key, int64_t now);

/**
 * expiry_password_good(account, now):
 * Whether the password of ${account} keeps its keys alive: the account is there, the password
 * has not expired and was not locked.
 */
bool expiry_password_good(const struct account_record *account, int64_t now);

/* SPDX-License-Identifier: BSD-2-Clause */
/* When the time of a key or a password is over. Pure. */
#pragma once

#include "record.h"
#include "record_policy.h"

/* The last second of the year 9999, as the own expiry of a key that never ends though the policy
 * has a lifetime. */
#define EXPIRY_NEVER INT64_C(253402300799)

/* For how long a password must have been bad for its keys to end. An account-grace that is shorter
 * counts. */
#define EXPIRY_PASSWORD_GRACE_S 600

/**
 * expiry_retires_at(key):
 * retires_at of ${key} as people see it: of a key that has retired with the first use of its
 * successor, when that was noted.
 */
int64_t expiry_retires_at(const struct key_record *key);

/**
 * expiry_of(policy, key):
 * The second from which ${key} is no longer accepted, 0 when there is none. It is the key's own
 * expiry; without one, the policy's lifetime, counted from the making of the key or from the last
 * change of the lifetime, the later of the two. It is never after the bound that max-lifetime set
 * when the key was made, nor after the key's retirement. A key that had outlived the old lifetime
 * stays dead when the lifetime changes: for it this is the moment of the change, which is later
 * than its end.
 */
int64_t expiry_of(const struct policy *policy, const struct key_record *key);

/**
 * expiry_idle(policy, key):
 * The second from which ${key} is idle unless it is used before: the policy's idle after the last
 * use, the making or the last change of the key, or after the policy was set, whichever is last. 0:
 * there is none. There is none either where it is not known when the key was last used, nor for a
 * key of the fleet: other hosts use it as well.
 */
int64_t expiry_idle(const struct policy *policy, const struct key_record *key);

/**
 * expiry_made_by(policy, now):
 * Keys without an expiry of their own that were made up to this moment have ended by ${now}. A
 * change of the lifetime must not bring them back. INT64_MIN: there are none.
 */
int64_t expiry_made_by(const struct policy *policy, int64_t now);

/**
 * expiry_status(policy, key, now):
 * The status of ${key} at ${now} as people see it. A key of which it is not known when it was last
 * used is idle only where that was noted.
 */
enum key_status expiry_status(const struct policy *policy, const struct key_record *key,
                              int64_t now);

/**
 * expiry_is_retired(key, now): whether ${key} was rotated and another key has taken its place.
 */
bool expiry_is_retired(const struct key_record *key, int64_t now);

/**
 * expiry_account_known(account):
 * Whether it is known if ${account} exists. A user whom the passwd file has lost may have moved to
 * a directory, so that is not known before the directories have answered.
 */
bool expiry_account_known(const struct account_record *account);

/**
 * expiry_account_over(policy, account, now, clock_trusted):
 * Whether ${account} has been gone for so long that its keys end for good: files and directories
 * agree that it is gone, the policy's account-grace has passed, and it is not held. A clock that
 * is not trusted cannot say that the grace has passed.
 */
bool expiry_account_over(const struct policy *policy, const struct account_record *account,
                         int64_t now, bool clock_trusted);

/**
 * expiry_password_good(account, now):
 * Whether the password of ${account} keeps its keys alive: the account exists, and the password has
 * not expired and is not locked.
 */
bool expiry_password_good(const struct account_record *account, int64_t now);

/**
 * expiry_password_over(policy, account, now, clock_trusted):
 * Whether the password of ${account} is not good, and that is certain: what shadow says of it has
 * been the same for ${EXPIRY_PASSWORD_GRACE_S}, or for the policy's account-grace, the shorter of
 * the two, by a clock that is trusted, and it is not held. A password that expires by its date has
 * mostly had that date for long, and is over at once. Without a grace, a lock needs no clock.
 */
bool expiry_password_over(const struct policy *policy, const struct account_record *account,
                          int64_t now, bool clock_trusted);

/**
 * expiry_note_password(old, account, now, clock_trusted, many):
 * ${account} is what is known from ${now} on, and ${old} is what was known before. Fills in
 * password_since and password_held of ${account}. ${many}: many passwords have become bad at this
 * look.
 */
void expiry_note_password(const struct account_record *old, struct account_record *account,
                          int64_t now, bool clock_trusted, bool many);

/* so long an account has had its number before this host is sure of it */
#define EXPIRY_NUMBER_S 600

/**
 * expiry_note_number(old, account, now, clock_trusted): as above, fills in number_since. A clock
 * that is not trusted makes nothing sure.
 */
void expiry_note_number(const struct account_record *old, struct account_record *account,
                        int64_t now, bool clock_trusted);

/**
 * expiry_password_lost(old, account, now): whether the password of ${old} was good at ${now}, and
 * that of ${account}, which takes its place, is not. That the time has come is no such change.
 */
bool expiry_password_lost(const struct account_record *old, const struct account_record *account,
                          int64_t now);

/* SPDX-License-Identifier: BSD-2-Clause */
/* What this host knows of its accounts. Errors are those of store.h. */
#pragma once

#include "store/store.h"

/**
 * store_account_get(s, name, ret): what is known of a user. Returns 0; -ENOENT; an error of the
 * store.
 */
int store_account_get(struct store *s, const char *name, struct account_record *ret) _must_check_;

/**
 * store_account_of_uid(writer, uid, ret): the user with the number ${uid}; if there are several,
 * the first by name. As above.
 */
int store_account_of_uid(struct store *writer, uid_t uid, struct account_record *ret) _must_check_;

/**
 * store_account_put(writer, account): writes it, new or not, inside a transaction. Its state is not
 * ACCOUNT_UNKNOWN.
 */
int store_account_put(struct store *writer, const struct account_record *account) _must_check_;

/**
 * store_account_each(s, visit, userdata): all known accounts. Returns 0, or
 * what ${visit} returned, or an error of the store.
 */
int store_account_each(struct store *s,
                       int (*visit)(const struct account_record *account, void *userdata),
                       void *userdata) _must_check_;

/**
 * store_account_each_ended(s, after, until, visit, userdata): the accounts whose passwords expire
 * after ${after} and up to ${until}. As above.
 */
int store_account_each_ended(struct store *s, int64_t after, int64_t until,
                             int (*visit)(const struct account_record *account, void *userdata),
                             void *userdata) _must_check_;

/**
 * store_account_each_missing(writer, visit, userdata):
 * The users that own keys, or that keys are linked to, and that are not known. Reads every
 * key. As above.
 */
int store_account_each_missing(struct store *writer, int (*visit)(const char *name, void *userdata),
                               void *userdata) _must_check_;

/**
 * store_account_each_gone(writer, after, max, visit, userdata): the accounts that are gone and that
 * live keys belong to or are linked to, by name from behind ${after}, at most ${max}. As above.
 */
int store_account_each_gone(struct store *writer, const char *after, int64_t max,
                            int (*visit)(const struct account_record *account, void *userdata),
                            void *userdata) _must_check_;

/**
 * store_account_count_gone(writer, ret_gone, ret_held): how many these are, and how many of them
 * are held. 0, or an error of the store.
 */
int store_account_count_gone(struct store *writer, uint64_t *ret_gone,
                             uint64_t *ret_held) _must_check_;

/**
 * store_account_hold(writer, gone_since, many): holds the accounts that are gone since exactly
 * ${gone_since} if there are ${many} or more with live keys. Removals that were reported do not
 * count and are not held. Inside a transaction. Returns how many are held now that were not, or an
 * error of the store.
 */
int store_account_hold(struct store *writer, int64_t gone_since, int64_t many) _must_check_;

/**
 * store_account_forget(writer): drops what is known of users that have neither a key nor an event,
 * inside a transaction.
 */
int store_account_forget(struct store *writer) _must_check_;

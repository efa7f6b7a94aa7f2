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

/* keys that get the number of their owner in one transaction */
#define STORE_ACCOUNT_BIND_MAX 200

/**
 * store_account_put(writer, account): writes it, new or not, inside a transaction. Its state is not
 * ACCOUNT_UNKNOWN. Where it has had its number for long enough (number_since), the keys of the
 * fleet that waited for that get the number. Where they are ${STORE_ACCOUNT_BIND_MAX} or more, the
 * others wait on, and number_since is written as RECORD_UNCERTAIN. store_account_bind(writer,
 * account, max, ret_n): gives it to at most ${max} of them, and says to how many: before the
 * account is written, as often as there are more.
 */
int store_account_put(struct store *writer, const struct account_record *account) _must_check_;
int store_account_bind(struct store *writer, const struct account_record *account, int64_t max,
                       uint64_t *ret_n) _must_check_;

/**
 * store_account_each(s, after, max, visit, userdata): the known accounts by name from behind
 * ${after}, at most ${max}. Returns 0, or what ${visit} returned, or an error of the store.
 */
int store_account_each(struct store *s, const char *after, int64_t max,
                       int (*visit)(const struct account_record *account, void *userdata),
                       void *userdata) _must_check_;

/**
 * store_account_each_name(writer, linked, after, max, visit, userdata):
 * The users that own keys, or, with ${linked}, those that keys are linked to, and whether each is
 * known. By name from behind ${after}, at most ${max}: as fast with many keys as with few. As
 * above.
 */
int store_account_each_name(struct store *writer, bool linked, const char *after, int64_t max,
                            int (*visit)(const char *name, bool known, void *userdata),
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
 * store_account_each_held_password(writer, after, max, visit, userdata): the accounts with
 * password_held that live keys belong to or are linked to, by name from behind ${after}, at most
 * ${max}. As above.
 * store_account_count_held_passwords(writer, ret): how many these are. 0; an error of the store.
 */
int store_account_each_held_password(struct store *writer, const char *after, int64_t max,
                                     int (*visit)(const struct account_record *account,
                                                  void *userdata),
                                     void *userdata) _must_check_;
int store_account_count_held_passwords(struct store *writer, uint64_t *ret) _must_check_;

/**
 * store_account_has_held(writer, password): 1 when one of those that are gone is held; with
 * ${password}, when there is one of those with password_held; 0; an error of the store. By an
 * index.
 */
int store_account_has_held(struct store *writer, bool password) _must_check_;

/**
 * store_account_lives(writer, name): 1 when live keys belong to ${name} or are linked to it; 0; an
 * error of the store.
 */
int store_account_lives(struct store *writer, const char *name) _must_check_;

/**
 * store_account_forget(writer, after, last): drops what is known of users that have neither a key
 * nor an event, with names from behind ${after} up to ${last}, inside a transaction.
 */
int store_account_forget(struct store *writer, const char *after, const char *last) _must_check_;

/**
 * store_account_files_are(writer, identity, len), store_account_files_set(writer, identity, len):
 * Whether the files that the accounts were last compared with are noted as ${identity}: 1; 0; an
 * error of the store. The second one notes them, inside a transaction. 0, or an error of the store.
 *
 * store_account_files_get(writer, identity, len): what is noted, when it has this length: 1; 0; an
 * error of the store.
 */
int store_account_files_are(struct store *writer, const void *identity, size_t len) _must_check_;
int store_account_files_set(struct store *writer, const void *identity, size_t len) _must_check_;
int store_account_files_get(struct store *writer, void *identity, size_t len) _must_check_;

/**
 * store_account_has_admins(writer): whether an account is known that administers by a group. 1; 0;
 * an error of the store. It looks at each account.
 */
int store_account_has_admins(struct store *writer) _must_check_;

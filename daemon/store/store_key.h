/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys, and their uses, which are in a narrow table of their own. Errors are those of store.h. */
#pragma once

#include "store/store.h"

/**
 * store_key_get(s, id, ret):
 * The row of the key, without its uses. For a verification: it also finds a key that was removed
 * with all others, while its row is there. Code that shows or changes keys asks the functions
 * below, which do not find those. For a reader it takes as long whether there is such a key or not.
 * Returns 0; -ENOENT, and ${ret} may be all zero then; an error of the store.
 */
int store_key_get(struct store *s, const char *id, struct key_record *ret) _must_check_;

/**
 * store_key_get_used(writer, id, ret): the same with its uses.
 */
int store_key_get_used(struct store *writer, const char *id, struct key_record *ret) _must_check_;

/**
 * store_key_last_use(s, id, ret): when the key was last used; 0: never. 0, or an error of the
 * store.
 */
int store_key_last_use(struct store *s, const char *id, int64_t *ret) _must_check_;

/**
 * store_key_count(writer, ret): how many keys there are, dead ones among them, without those that
 * were removed.
 */
int store_key_count(struct store *writer, uint64_t *ret) _must_check_;

/* Counts keys as store_key_count() does, so many at a time. Zeroed at the beginning. */
struct store_key_count {
        char after[KEYTEXT_ID_LEN + 1];
        uint64_t keys, own; /* own: without those of a fleet */
};
#define STORE_KEY_COUNT_PIECE 20000 /* in about ten milliseconds */

/**
 * store_key_count_some(writer, count): 1 when there are more to count; 0; an error of the store.
 */
int store_key_count_some(struct store *writer, struct store_key_count *count) _must_check_;

/**
 * store_key_newest(writer, ret): when a key was last made or changed, as far as that is found
 * without looking at all keys: the newest that lives, the last that died, the last record of the
 * audit log. 0: never.
 */
int store_key_newest(struct store *writer, int64_t *ret) _must_check_;

/**
 * store_key_each(writer, owner, after, visit, userdata):
 * Visits the keys with their uses in order of id: those of ${owner} (NULL: everybody's) that
 * come after the id ${after} ("" for the start). Ends when ${visit} returns other than 0, and
 * returns that; else 0 or an error of the store.
 */
int store_key_each(struct store *writer, const char *owner, const char *after,
                   int (*visit)(const struct key_record *key, void *userdata),
                   void *userdata) _must_check_;

/**
 * store_key_each_named(writer, after, is_wanted, visit, userdata):
 * The same for the keys of everybody, for code that needs few of them: visits a key when
 * ${is_wanted} says 1 of its id, name and owner. 0 leaves it out unread, so damage in the rest of
 * its row is not met. Any other number ends this, and is returned. A quarter of the time.
 */
int store_key_each_named(struct store *writer, const char *after,
                         int (*is_wanted)(const char *id, const char *name, const char *owner,
                                          void *userdata),
                         int (*visit)(const struct key_record *key, void *userdata),
                         void *userdata) _must_check_;

/**
 * store_key_each_life(writer, used, after, max, visit, userdata):
 * At most ${max} keys in order of id from behind ${after}, for code that counts keys. A record has
 * what says whether it lives, and instead of its reason and its hosts whether there are any. Half a
 * microsecond for each. With ${used} it has last_used_at as well, which takes as long again.
 * Returns how many keys were visited, fewer than ${max} at the end; an error of the store.
 */
int store_key_each_life(struct store *writer, bool used, const char *after, int64_t max,
                        void (*visit)(const struct key_record *key, void *userdata),
                        void *userdata) _must_check_;

/**
 * store_key_each_own(writer, uid, after, visit, userdata):
 * The same for the keys of the accounts that have the number ${uid} now, and had it when the key
 * was made.
 */
int store_key_each_own(struct store *writer, uid_t uid, const char *after,
                       int (*visit)(const struct key_record *key, void *userdata),
                       void *userdata) _must_check_;

/**
 * store_key_each_realm(writer, realm, after, visit, userdata): the same for the keys of ${realm},
 * which is not "".
 */
int store_key_each_realm(struct store *writer, const char *realm, const char *after,
                         int (*visit)(const struct key_record *key, void *userdata),
                         void *userdata) _must_check_;

/**
 * store_key_insert(writer, key): inside a transaction. Returns 0; -EEXIST when the id is taken or
 * the schema refuses the row; an error of the store.
 */
int store_key_insert(struct store *writer, const struct key_record *key) _must_check_;

/**
 * store_key_update(writer, key):
 * Writes name, digest, pepper, status, reason, successor, retires_at, dead_at, certificate_need,
 * certificate and updated_at of an existing key, inside a transaction. A revoked key stays
 * revoked whatever ${key} says.
 * Returns 0; -ENOENT; an error of the store.
 */
int store_key_update(struct store *writer, const struct key_record *key) _must_check_;

/**
 * store_key_delete(writer, id): removes a key and its uses, inside a transaction. Returns 0;
 * -ENOENT; an error of the store.
 */
int store_key_delete(struct store *writer, const char *id) _must_check_;

/**
 * store_key_used(writer, use, count): notes that a key was used ${count} times. ${use} describes
 * the last use. Inside a transaction. A key that is gone is no error.
 */
int store_key_used(struct store *writer, const struct key_use *use, uint64_t count) _must_check_;

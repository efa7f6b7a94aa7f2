/* SPDX-License-Identifier: BSD-2-Clause */
/* What is due: keys that have ended, keys of accounts, dead keys to purge. Errors are those of
 * store.h. */
#pragma once

#include "store/store.h"

enum store_sweep {
        /* the first end that a live key has of its own */
        STORE_SWEEP_END,
        /* when the oldest live key that has no expiry of its own was made */
        STORE_SWEEP_MADE,
        /* when the end of the first dead key was noticed */
        STORE_SWEEP_DEAD,
        /* when the first password after a given time expires */
        STORE_SWEEP_PASSWORD,
        /* until when the oldest audit record lasted that is not later than a given time */
        STORE_SWEEP_AUDIT,
        /* when the newest live key was made; nothing is due then */
        STORE_SWEEP_NEWEST,
        _STORE_SWEEP_MAX,
};

/**
 * store_sweep_next(writer, which, after, ret):
 * One of the moments above. ${after} is for the two that have a given time. By an index: as fast
 * with a million keys as with ten. Returns 0; -ENOENT when there is none; an error of the store.
 */
int store_sweep_next(struct store *writer, enum store_sweep which, int64_t after,
                     int64_t *ret) _must_check_;

/**
 * store_sweep_has_removed(writer): 1 when rows of removed keys are still there; 0; an error of the
 * store.
 */
int store_sweep_has_removed(struct store *writer) _must_check_;

/**
 * store_sweep_each_ended(writer, end_by, made_by, max, visit, userdata):
 * Visits keys that are not marked dead and have an end of their own up to ${end_by}. Then visits
 * those without an expiry of their own that were made up to ${made_by}. At most ${max} of each.
 * ${visit} must not change the store. Returns 0, or what ${visit} returned other than 0, or an
 * error of the store.
 */
int store_sweep_each_ended(struct store *writer, int64_t end_by, int64_t made_by, int64_t max,
                           int (*visit)(const struct key_record *key, void *userdata),
                           void *userdata) _must_check_;

/**
 * store_sweep_each_undone(writer, after, max, visit, userdata): keys that are marked dead after
 * ${after} and that nobody revoked: the clock has gone back. As above.
 */
int store_sweep_each_undone(struct store *writer, int64_t after, int64_t max,
                            int (*visit)(const struct key_record *key, void *userdata),
                            void *userdata) _must_check_;

/**
 * store_sweep_each_made(writer, after, max, visit, userdata): live keys that were made after
 * ${after}. As above.
 */
int store_sweep_each_made(struct store *writer, int64_t after, int64_t max,
                          int (*visit)(const struct key_record *key, void *userdata),
                          void *userdata) _must_check_;

/**
 * store_sweep_redate(writer, key, now): ${key} is as if it had been made ${now}. What it says of
 * its end, and of the end of the key that it replaces, moves with that. A change of the key keeps
 * its date. Inside a transaction.
 */
int store_sweep_redate(struct store *writer, const struct key_record *key,
                       int64_t now) _must_check_;

/**
 * store_sweep_redate_use(writer, id, now): the key was last used ${now}. Inside a transaction.
 */
int store_sweep_redate_use(struct store *writer, const char *id, int64_t now) _must_check_;

/**
 * store_sweep_each_of(writer, account, linked, after, max, visit, userdata):
 * Keys of the owner ${account}, or, with ${linked}, keys that are linked to it. Only those that
 * nobody has revoked, expired or not, in order of id from behind ${after}. As above.
 */
int store_sweep_each_of(struct store *writer, const char *account, bool linked, const char *after,
                        int64_t max, int (*visit)(const struct key_record *key, void *userdata),
                        void *userdata) _must_check_;

/**
 * store_sweep_mark(writer, id, dead_at): marks when the end of a key was noticed; 0: it lives.
 * Inside a transaction.
 */
int store_sweep_mark(struct store *writer, const char *id, int64_t dead_at) _must_check_;

/**
 * store_sweep_trusted_at(writer, ret), store_sweep_set_trusted_at(writer, at):
 * The last time that was certain; 0: none was. The second one inside a transaction. 0, or an error
 * of the store.
 */
int store_sweep_trusted_at(struct store *writer, int64_t *ret) _must_check_;
int store_sweep_set_trusted_at(struct store *writer, int64_t at) _must_check_;

/**
 * store_sweep_purge_dead(writer, dead_by, max), store_sweep_purge_removed(writer, max):
 * Deletes keys whose end was noticed up to ${dead_by}; deletes keys that were removed all at once.
 * At most ${max}, inside a transaction.
 * Returns how many, or an error of the store.
 */
int store_sweep_purge_dead(struct store *writer, int64_t dead_by, int64_t max) _must_check_;
int store_sweep_purge_removed(struct store *writer, int64_t max) _must_check_;

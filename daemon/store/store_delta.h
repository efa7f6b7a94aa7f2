/* SPDX-License-Identifier: BSD-2-Clause */
/* What one transaction changes, noted while it is made, as records for the other hosts of a fleet;
 * and such records, taken in. Does not decide who may change what. Errors are those of store.h. */
#pragma once

#include "store/store.h"

/* Types of records beside those of store_mirror.h. FLEET has the byte tables. The values are in
 * frames: never renumber. */
enum store_delta_record {
        STORE_RECORD_REMOVED = 16,
        STORE_RECORD_CERTS_GONE = 20,
};

#define STORE_DELTA_KEYS_MAX 2000

/* What was changed. */
struct store_delta;

/**
 * store_delta_new(ret): nothing so far. 0; -ENOMEM.
 */
int store_delta_new(struct store_delta **ret) _must_check_;
struct store_delta *store_delta_free(struct store_delta *d);

/**
 * store_delta_watch(writer, d): from now on ${d} notes what is changed. NULL: nobody does. ${d} is
 * borrowed.
 */
void store_delta_watch(struct store *writer, struct store_delta *d);

/**
 * store_delta_widen(d): policies and certificates that are changed from now on are those of the
 * whole fleet, and not of this host.
 */
void store_delta_widen(struct store_delta *d);

/**
 * store_delta_is_wide(d), store_delta_has_fleet(d), store_delta_has_own(d): the above; whether
 * something of the fleet was changed; whether something of this host alone was.
 */
bool store_delta_is_wide(const struct store_delta *d);
bool store_delta_has_fleet(const struct store_delta *d);
bool store_delta_has_own(const struct store_delta *d);

/**
 * store_delta_only_revokes(d, writer): whether all that was changed of the fleet is that keys are
 * revoked. 1; 0; an error of the store.
 * store_delta_each_key(d, visit, userdata): the ids of the fleet's keys that were changed. 0, or
 * what ${visit} returned.
 * store_delta_touch(writer, id): notes the key as if it had been changed. 0; -ENOENT when there is
 * none; an error of the store. store_delta_touch_policy(writer, name): the same of a policy of the
 * fleet. Both while ${writer} is watched. 0; -EMSGSIZE.
 */
int store_delta_only_revokes(const struct store_delta *d, struct store *writer) _must_check_;
int store_delta_each_key(const struct store_delta *d, int (*visit)(const char *id, void *userdata),
                         void *userdata) _must_check_;
int store_delta_touch(struct store *writer, const char *id) _must_check_;
int store_delta_touch_policy(struct store *writer, const char *name) _must_check_;

/**
 * store_delta_concerns(d, group): whether hosts of ${group} must hear of it. ${all}: the group of
 * all hosts, which hears of policies and certificates.
 */
bool store_delta_concerns(const struct store_delta *d, const char *group, bool all);

/**
 * store_delta_count_up(d, writer, number, userdata):
 * Before store_delta_encode(), in the same transaction: counts up the revisions of the keys that
 * were changed, and notes of new ones with which change of each of their groups they come. That is
 * what ${number} says of a group. 0, or an error of the store.
 */
int store_delta_count_up(struct store_delta *d, struct store *writer,
                         int64_t (*number)(const char *group, void *userdata),
                         void *userdata) _must_check_;

/**
 * store_delta_encode(d, writer, group, all, out, size, ret_len):
 * What hosts of ${group} hear of it, as records: the rows as they are now. 0; -EMSGSIZE when they
 * do not fit; an error of the store.
 */
int store_delta_encode(const struct store_delta *d, struct store *writer, const char *group,
                       bool all, uint8_t *out, size_t size, size_t *ret_len) _must_check_;

/**
 * store_delta_each_audit(d, visit, userdata), store_delta_each_account(d, visit, userdata):
 * The records for the audit log, and what was learned of accounts. 0, or what ${visit} returned.
 */
int store_delta_each_audit(const struct store_delta *d,
                           int (*visit)(const struct audit_record *record, void *userdata),
                           void *userdata) _must_check_;
int store_delta_each_account(const struct store_delta *d,
                             int (*visit)(const struct account_record *account, void *userdata),
                             void *userdata) _must_check_;

/**
 * store_delta_take(writer, type, in, len): takes a record of the two types above, inside a
 * transaction. 0; -EBADMSG; an error of the store.
 */
int store_delta_take(struct store *writer, uint8_t type, const uint8_t *in,
                     size_t len) _must_check_;

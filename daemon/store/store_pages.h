/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows that a group of a fleet has, page by page in the order of the keys' ids; and what must
 * go from a host because a page lacks it. Errors are those of store.h. */
#pragma once

#include "store/store.h"

/* One page has at most these. A host takes it in one transaction, and a revocation waits for that:
 * 20 ms. They fit into one message to the daemon, so smaller pages would only cost more. */
#define STORE_PAGE_KEYS 200
/* rows of other tables, which have fewer indexes */
#define STORE_PAGE_ROWS 1000

/**
 * store_pages_open(ret, writer, group, all):
 * A snapshot of the database that ${writer} has open, on a connection of its own. Meanwhile the log
 * cannot be used anew. ${all}: it is the group of all hosts, which also has the fleet's policies
 * and certificates. 0; -ENOMEM; an error of the store.
 */
struct store_pages;
int store_pages_open(struct store_pages **ret, struct store *writer, const char *group,
                     bool all) _must_check_;
struct store_pages *store_pages_free(struct store_pages *p);

/**
 * store_pages_snapshot(p): a reader of the snapshot, borrowed.
 */
struct store *store_pages_snapshot(struct store_pages *p);

/**
 * store_pages_next(p, out, size, ret_len):
 * The next rows, as records with the tables that they belong to. 1 when there are more; 0 behind
 * the last; -EUCLEAN for a row that does not fit at all; an error of the store.
 */
int store_pages_next(struct store_pages *p, uint8_t *out, size_t size,
                     size_t *ret_len) _must_check_;

/**
 * store_pages_ids(p, ret_n): the ids of the keys that store_pages_next() has written last,
 * ${KEYTEXT_ID_LEN} bytes each. Borrowed until the next call.
 */
const uint8_t *store_pages_ids(const struct store_pages *p, size_t *ret_n);

/* What a page says of the keys of ${group} after the change ${number} of its log: between the id
 * ${after}, without it, and the last of its ${n} ids there are these and no others. The last page
 * speaks of all keys behind ${after}. A page that has no ids and is not the last says nothing. */
struct store_pages_range {
        const char *group, *after;
        int64_t number;
        const uint8_t *ids; /* ascending */
        size_t n;
        bool last;
};

/**
 * store_pages_drop_keys(writer, range, ret_gone):
 * Deletes the keys that are not in the page, for ever, inside a transaction: also of those that are
 * beside the store (store_bulk.h). One that has come into the group with a later change is not
 * meant. ${ret_gone}: how many. 0, or an error of the store.
 */
int store_pages_drop_keys(struct store *writer, const struct store_pages_range *range,
                          uint64_t *ret_gone) _must_check_;

/**
 * store_pages_born(writer, id, group, ret): the change of ${group} with which the key has come, 0
 * where it is not known; also of a key that is beside the store. 0, or an error of the store.
 * store_pages_is_beside(writer, id): whether it is there. 1; 0; an error of the store.
 */
int store_pages_born(struct store *writer, const char *id, const char *group,
                     int64_t *ret) _must_check_;
int store_pages_is_beside(struct store *writer, const char *id) _must_check_;

/**
 * store_pages_drop_ids(writer, ids, n): deletes keys of the fleet for ever, by their ids,
 * ${KEYTEXT_ID_LEN} bytes each. Where this host issues, and the revocation of a key of several
 * groups waits, the key stays until the fleet has been told. Inside a transaction. 0, or an error
 * of the store.
 * store_pages_take_removed(writer, in, len): the same with ids that an attacker may have made.
 * -EBADMSG: one is none.
 */
int store_pages_drop_ids(struct store *writer, const uint8_t *ids, size_t n) _must_check_;
int store_pages_take_removed(struct store *writer, const uint8_t *in, size_t len) _must_check_;

/* a number of 20 characters, or a sign and 19, for each group, and blanks */
#define STORE_BORN_LEN (RECORD_GROUPS_MAX * (size_t) 21 + 1)

/* A host that is further behind is one of before two times that the fleet went on from an older
 * state (FLEET_REBASE_STEP). */
#define STORE_BEHIND_MAX 2000000

/**
 * store_pages_number(group, hosts, born): the change of ${group} with which a key of ${hosts} has
 * come, as the list ${born} says. 0: not known.
 * store_pages_bound_born(writer, id): no key has come with a change that this host has not seen,
 * whatever was said of it, of the groups that this host is in; also of keys that are beside the
 * store. Where the host has seen the change in another group of the key, it can be behind in this
 * one: then no more than ${STORE_BEHIND_MAX} changes. ${id}: of this key alone; NULL: of all that
 * are here now. Inside a transaction. 0, or an error of the store.
 */
int64_t store_pages_number(const char *group, const char *hosts, const char *born);
int store_pages_bound_born(struct store *writer, const char *id) _must_check_;

/**
 * store_pages_bound_epochs(writer, number): no key of the fleet that is here now is newer than the
 * change ${number} of the log of all hosts, so that what removes all keys ends it, too. Inside a
 * transaction. 0, or an error of the store.
 */
int store_pages_bound_epochs(struct store *writer, int64_t number) _must_check_;

/**
 * store_pages_end_certs(writer, thumbprints, n), store_pages_drop_certs(writer, thumbprints, n):
 * these certificates, or all but these, are not the fleet's any more. What a host has itself stays.
 * Inside a transaction. store_pages_each_cert(p, visit, userdata): the thumbprints of the fleet's
 * certificates in the snapshot. 0, or an error of the store, or what ${visit} returned.
 */
int store_pages_end_certs(struct store *writer, const uint8_t *thumbprints, size_t n) _must_check_;
int store_pages_drop_certs(struct store *writer, const uint8_t *thumbprints, size_t n) _must_check_;
int store_pages_each_cert(struct store_pages *p,
                          int (*visit)(const uint8_t *thumbprint, void *userdata),
                          void *userdata) _must_check_;

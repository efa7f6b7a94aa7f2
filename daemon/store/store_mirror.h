/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole stores: one is exported record by record; another is put together beside the store in use
 * and takes its place. Errors are those of store.h. */
#pragma once

#include "store/store.h"

/* beside the database; a daemon that starts does not use it */
#define STORE_STAGING_NAME "import.db"
#define STORE_SOURCE_LEN   32

/* What was exported, and where the last whole store came from that was taken from another host. */
struct store_mirror {
        /* the sequence number of the last export; 0: none */
        uint64_t exported;
        bool has_source;
        uint8_t source[STORE_SOURCE_LEN];
        uint64_t imported; /* its sequence number */
        /* when that was, and when the last backup was given out whole; 0: never */
        int64_t imported_at, backed_up_at;
};

/**
 * store_mirror_get(s, ret), store_mirror_put(writer, mirror): the latter inside a transaction. 0,
 * or an error of the store.
 */
int store_mirror_get(struct store *s, struct store_mirror *ret) _must_check_;
int store_mirror_put(struct store *writer, const struct store_mirror *mirror) _must_check_;

/* The content of a whole store is a series of records. MIRROR has the byte tables. */
enum store_record {
        /* not the store's: it has no peppers */
        STORE_RECORD_PEPPER = 1,
        STORE_RECORD_TABLE = 2,
        STORE_RECORD_ROW = 3,
        STORE_RECORD_END = 4, /* not the store's */
};
#define STORE_RECORD_HEAD 5 /* type and length */

/**
 * store_export_open(ret, writer):
 * Takes a snapshot of the database that ${writer} has open, on a connection of its own. Meanwhile
 * the log cannot be used anew. One thread at a time may use it. 0, or an error of the store.
 */
struct store_export;
int store_export_open(struct store_export **ret, struct store *writer) _must_check_;
struct store_export *store_export_free(struct store_export *d);

/**
 * store_export_snapshot(d), store_export_keys(d), store_export_done(d), store_export_rows(d):
 * A reader of the snapshot, borrowed; how many keys are in it; how many keys and how many rows have
 * been dumped.
 */
struct store *store_export_snapshot(struct store_export *d);
uint64_t store_export_keys(const struct store_export *d);
uint64_t store_export_done(const struct store_export *d);
uint64_t store_export_rows(const struct store_export *d);

/**
 * store_export_next(d, out, size, ret_len):
 * As many whole records as fit into ${size} bytes at ${out}. Returns 1 when there are more; 0
 * behind the last; -EUCLEAN for a row that does not fit at all; an error of the store.
 */
int store_export_next(struct store_export *d, uint8_t *out, size_t size,
                      size_t *ret_len) _must_check_;

/**
 * store_import_open(ret, writer):
 * Begins to put a whole store together, in a file beside the database that ${writer} has open. One
 * at a time. Freeing it removes the file. 0, or an error of the store.
 */
struct store_import;
int store_import_open(struct store_import **ret, struct store *writer) _must_check_;
struct store_import *store_import_free(struct store_import *l);

/**
 * store_import_open_live(ret, writer, bulk):
 * The same for rows of a fleet that go into the store in use, inside the caller's transaction, by
 * store_import_record() alone. They replace older states of the same rows: see store_delta.h.
 * Keys that are new go into ${bulk} (store_bulk.h), unless that is NULL. ${writer} and ${bulk} are
 * borrowed. 0; -ENOMEM.
 */
struct store_bulk;
int store_import_open_live(struct store_import **ret, struct store *writer,
                           struct store_bulk *bulk) _must_check_;

/**
 * store_import_record(l, type, in, len, ret_key):
 * Takes a record of one of the two types that the store knows. Returns 1 when it was a key, which
 * is then in ${ret_key}; 0; -EBADMSG when the live store could not have had it; -EPROTONOSUPPORT
 * when a newer version must have made it, -ENOTSUP schema 7 or 6; an error of the store.
 */
int store_import_record(struct store_import *l, uint8_t type, const uint8_t *in, size_t len,
                        struct key_record *ret_key) _must_check_;

/**
 * store_import_staging(l), store_import_rows(l), store_import_keys(l), store_import_fresh(l):
 * What has been taken so far, borrowed until store_import_finish(); how many rows and how many
 * keys, and how many of the latter a live store did not have.
 * store_import_is_revoked(l): whether the row of a key that was taken last says that it is revoked.
 * store_import_has_keys(l): whether the rows of the last table are keys.
 */
bool store_import_has_keys(const struct store_import *l);
bool store_import_is_revoked(const struct store_import *l);
struct store *store_import_staging(struct store_import *l);
uint64_t store_import_rows(const struct store_import *l);
uint64_t store_import_keys(const struct store_import *l);
uint64_t store_import_fresh(const struct store_import *l);

/**
 * store_import_born(l): with which changes of its groups that key has come, as the row says:
 * see store_pages_number(). "": it does not say so.
 */
const char *store_import_born(const struct store_import *l);

/**
 * store_import_finish(l): the last record was taken. 0, or an error of the store.
 */
int store_import_finish(struct store_import *l) _must_check_;

/* What of the store stays when another one takes its place. */
struct store_keep {
        /* A key that both have stays as it is here. One that has ended here is not taken, nor is a
         * certificate that was removed here. */
        bool keys;
        /* Neither is what is not here: this store may have forgotten why. For ${keys}. */
        bool forgets;
        /* policies that stay as they are here */
        size_t n_policies;
        const struct store_policy {
                const char *name;
                int64_t value, changed_at;
        } * policies;
};

/**
 * store_import_apply(l, writer, pepper_id, mirror, keep, audit):
 * Replaces keys, uses, certificates, revocation lists, policy and pepper ids by those that were
 * taken, except for ${keep}. Each call does a piece (store_swap.h) in a transaction of its own, and
 * others may use and change the store between two calls. The last one replaces all at once, and
 * writes ${mirror} and the record ${audit} in the same transaction. When ${keep}
 * says something else of keys than before, it begins anew. A revocation list stays when the one
 * that was taken for the same CA is older, or there is none. ${pepper_id} is the host's own and
 * stays. What is known of accounts stays, and what belongs to the fleet of this host. What was
 * there before is left to store_swap_clean(). Returns 1 when there is more to do; 0 when all was
 * replaced; an error of the store: then nothing has changed.
 */
int store_import_apply(struct store_import *l, struct store *writer, uint32_t pepper_id,
                       const struct store_mirror *mirror, const struct store_keep *keep,
                       const struct audit_record *audit) _must_check_;

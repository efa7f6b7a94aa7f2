/* SPDX-License-Identifier: BSD-2-Clause */
/* The chain of the audit log: the form of a record in the database, its seal, and the one row that
 * seals both ends. For store_audit.c alone. */
#pragma once

#include <sqlite3.h>

#include "store/store.h"

#define STORE_CHAIN_HASH_LEN RECORD_DIGEST_LEN

/* The columns of a record that files other than store_chain.c know. */
enum store_chain_column {
        STORE_CHAIN_SEQ = 0,
        STORE_CHAIN_UNTIL = 2,
        STORE_CHAIN_COLUMNS = 18, /* how many there are */
};

/* Both ends of the log: the seal of the last record that was purged, and that of the last record
 * there is. */
struct store_chain {
        int64_t base_seq, head_seq;
        uint8_t base[STORE_CHAIN_HASH_LEN], head[STORE_CHAIN_HASH_LEN], mac[STORE_CHAIN_HASH_LEN];
        int64_t last_seq; /* in the table */
        /* the seal is not ours, and adding to it will not mend it */
        bool broken;
};

/* The records that a transaction adds. */
struct store_adding {
        bool open;
        struct store_chain chain; /* while it is open: with them */
        int64_t last;             /* the last one's seq; or 0 */
};

/**
 * store_chain_load(s, ret):
 * Both ends, and whether they are as we sealed them. A chain that somebody has altered must not
 * prevent the revocation of a key. So it is read as far as possible, and marked broken. With the
 * records of store_chain_add(), if there are any in this transaction. Returns 0; -ENOKEY; an error
 * of the store.
 */
int store_chain_load(struct store *s, struct store_chain *ret) _must_check_;

/**
 * store_chain_is_unborn(chain): whether it is as the schema made it, which has no key. Such a chain
 * is broken as well, until the log begins.
 */
bool store_chain_is_unborn(const struct store_chain *chain);

/**
 * store_chain_save(s, chain): seals both ends, unless they are broken, and writes them. 0, or an
 * error of the store.
 */
int store_chain_save(struct store *s, struct store_chain *chain) _must_check_;

/**
 * store_chain_append(s, chain, record): writes one more record and moves the head to it. 0, or
 * an error of the store.
 */
int store_chain_append(struct store *s, struct store_chain *chain,
                       const struct audit_record *record) _must_check_;

/**
 * store_chain_add(s, record), store_chain_close(s), store_chain_forget(s):
 * Writes one more record. The first one of a transaction loads the chain. Before the commit the
 * caller saves it by store_chain_close(), and does not commit when that fails. After the commit or
 * the rollback it is forgotten. 0; -ENOKEY; an error of the store.
 */
int store_chain_add(struct store *s, const struct audit_record *record) _must_check_;
int store_chain_close(struct store *s) _must_check_;
void store_chain_forget(struct store *s);

/**
 * store_chain_read(stmt, record): the record in the current row of ${stmt}. 0; -EUCLEAN: then do
 * not use ${record}.
 */
int store_chain_read(sqlite3_stmt *stmt, struct audit_record *record) _must_check_;

/**
 * store_chain_read_seal(stmt, out), store_chain_read_hash(stmt, column, out):
 * The seal of the record in the current row of ${stmt}, or the seal in another column. Returns
 * whether it has the length of a seal.
 */
bool store_chain_read_seal(sqlite3_stmt *stmt,
                           uint8_t out[static STORE_CHAIN_HASH_LEN]) _must_check_;
bool store_chain_read_hash(sqlite3_stmt *stmt, int column,
                           uint8_t out[static STORE_CHAIN_HASH_LEN]) _must_check_;

/**
 * store_chain_follows(s, stmt, hash):
 * Whether the record in the current row of ${stmt} is as it was written, behind the record with the
 * seal ${hash}. ${hash} becomes its own seal.
 */
bool store_chain_follows(const struct store *s, sqlite3_stmt *stmt,
                         uint8_t hash[static STORE_CHAIN_HASH_LEN]) _must_check_;

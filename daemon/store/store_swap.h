/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables beside those of the store in use. They are filled a few rows at a time, while the store is
 * used and changed. Then they take the place of those tables in one short transaction, however many
 * rows they have. What was there before is deleted a few rows at a time. Errors are those of
 * store.h. */
#pragma once

#include "store/store.h"

/* rows in one transaction: about ten milliseconds */
#define STORE_SWAP_PIECE 200

/* For the transaction that calls store_swap_take(). The CAs of main.crl whose list stays: it is
 * newer here than the one that comes, or the fleet's. A certificate that was revoked must not be
 * good again because of an old list. And the temporary table of the peppers that the keys need. */
#define STORE_SWAP_LISTS_STAY                                                                      \
        "(SELECT m.ca FROM main.crl m JOIN staging.cert c ON c.thumbprint = m.ca LEFT JOIN "       \
        "staging.crl s ON s.ca = m.ca WHERE s.ca IS NULL OR s.this_update < m.this_update "        \
        "UNION ALL SELECT thumbprint FROM main.cert WHERE fleet <> 0 AND EXISTS (SELECT 1 FROM "   \
        "main.fleet))"
#define STORE_SWAP_PEPPER "import_pepper"

/* What stays of the store in use, beside the keys of the fleet. */
struct store_swap_rules {
        /* A key that both have stays as it is here. One that has ended here is not taken. */
        bool keep_keys;
        /* Neither is one that is not here: this store may have forgotten why. For ${keep_keys}. */
        bool forgets;
};

/**
 * store_swap_new(ret, writer, path, rules):
 * Begins to put the tables together from the database ${path}, which is the whole store that comes.
 * One at a time, and only when store_swap_clean() has returned 0. It belongs to ${writer} too:
 * where that is closed first, ${*ret} becomes NULL, so ${ret} must stay where it is. Returns 0, or
 * an error of the store.
 */
struct store_swap;
int store_swap_new(struct store_swap **ret, struct store *writer, const char *path,
                   const struct store_swap_rules *rules) _must_check_;

/**
 * store_swap_free(s): what was put together, or was replaced, stays for store_swap_clean().
 */
struct store_swap *store_swap_free(struct store_swap *s);

/**
 * store_swap_fill(s):
 * Does the next piece, in a transaction of its own. What others change in the meantime comes along.
 * Returns 1 when there is more to do; 0 when all is there, until somebody changes something; an
 * error of the store.
 */
int store_swap_fill(struct store_swap *s) _must_check_;

/**
 * store_swap_fits(s, rules): 1; 0 when these are other rules, or when this host has joined or left
 * a fleet meanwhile, so that it has to be begun anew; an error of the store.
 */
int store_swap_fits(const struct store_swap *s, const struct store_swap_rules *rules) _must_check_;

/**
 * store_swap_take(s):
 * The tables of keys, of their uses and of revoked certificates take the place of those in use,
 * inside a transaction that begins after store_swap_fill() has returned 0, before anybody changes
 * something. Without foreign keys. After a rollback call store_swap_undo(). 0, or an error of the
 * store.
 */
int store_swap_take(struct store_swap *s) _must_check_;
void store_swap_undo(struct store_swap *s);

/**
 * store_swap_clean(writer):
 * Deletes the next few rows of what an import has left, in a transaction of its own. Returns 1 when
 * there is more; 0 when nothing is left, or an import needs it; an error of the store.
 */
int store_swap_clean(struct store *writer) _must_check_;

/**
 * store_swap_is_beside(table): whether a table of this name is none of the schema's.
 */
bool store_swap_is_beside(const char *table);

/**
 * store_swap_watch(writer, sql): makes the temporary triggers and tables that note what is changed,
 * whose names begin with import_. 0, or an error of the store.
 * store_swap_unwatch(writer): drops them all, outside a transaction. Where that fails, it is done
 * before the next transaction.
 */
int store_swap_watch(struct store *writer, const char *sql) _must_check_;
void store_swap_unwatch(struct store *writer);

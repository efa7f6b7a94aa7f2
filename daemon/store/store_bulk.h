/* SPDX-License-Identifier: BSD-2-Clause */
/* A great number of new keys, for a store that is used meanwhile. Each of them would change some
 * page of each index, and the log has whole pages. So the keys go into a table beside first, then
 * its indexes are made one after the other, each in its order, and at last the table takes the
 * place of the one in use (store_swap.h). All of that a few milliseconds at a time. Errors are
 * those of store.h. */
#pragma once

#include "store/store_stmt.h"

/**
 * store_bulk_new(ret, writer):
 * One at a time, outside a transaction. It belongs to ${writer} too: where that is closed first, or
 * an import begins, ${*ret} becomes NULL, so ${ret} must stay where it is. Returns 0; -EBUSY while
 * there is another one or an import, or something is left of one; an error of the store.
 */
struct store_bulk;
int store_bulk_new(struct store_bulk **ret, struct store *writer) _must_check_;

/**
 * store_bulk_free(b), store_bulk_break(writer): outside a transaction. Nothing has changed but by
 * store_bulk_take(). What was put together stays for store_swap_clean(). The latter frees the one
 * that ${writer} has.
 */
struct store_bulk *store_bulk_free(struct store_bulk *b);
void store_bulk_break(struct store *writer);

/**
 * store_bulk_prepare(b, columns, ret):
 * A statement with one parameter for each of the columns, by which a new key of the fleet goes
 * beside, inside the caller's transaction. The caller finalizes it, before it frees ${b}.
 */
int store_bulk_prepare(struct store_bulk *b, const struct store_columns *columns,
                       sqlite3_stmt **ret) _must_check_;

/**
 * store_bulk_get(b, id, ret): a key that is beside. 0; -ENOENT; -EUCLEAN: no store could have that
 * row; an error of the store.
 */
int store_bulk_get(struct store_bulk *b, const char *id, struct key_record *ret) _must_check_;

/**
 * store_bulk_table(b): the table that has the keys now.
 */
const char *store_bulk_table(const struct store_bulk *b);

/**
 * store_bulk_next(b):
 * No more keys come. Does the next piece, in a transaction of its own. What others change in the
 * meantime comes along. Returns 1 when there is more to do; 0 when all is there, until somebody
 * changes something; an error of the store.
 */
int store_bulk_next(struct store_bulk *b) _must_check_;

/**
 * store_bulk_take(b), store_bulk_undo(b):
 * Inside a transaction that begins after store_bulk_next() has returned 0, before anybody changes
 * something: the keys are there from the commit on. After a rollback call the second. 0, or an
 * error of the store.
 */
int store_bulk_take(struct store_bulk *b) _must_check_;
void store_bulk_undo(struct store_bulk *b);

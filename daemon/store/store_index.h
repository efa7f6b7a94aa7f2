/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes the indexes of a table beside the one in use, when all of its rows are there: what is in an
 * index is sorted first, so that each of its pages is written once. A few milliseconds at a time.
 * For store_*.c alone. Errors are those of store.h. */
#pragma once

#include "store/store_sorted.h"
#include "store/store_stmt.h"

/* Zeroes: none. */
struct store_index {
        sqlite3_stmt *end, *get, *put;
        int n_columns;
        char after[KEYTEXT_ID_LEN + 1]; /* the last key so far */
        bool all, sorting;
        struct store_sorted sorted;
        size_t at; /* the next one of the sorted */
};

/**
 * store_index_open(i, db, rows, n):
 * Begins the ${n}th index of the table key, for the rows of the table ${rows}, inside a
 * transaction. 0; -ENOENT: there are not so many; an error of the store.
 */
int store_index_open(struct store_index *i, sqlite3 *db, const char *rows, size_t n) _must_check_;
bool store_index_is_open(const struct store_index *i);
void store_index_done(struct store_index *i);

/**
 * store_index_next(i): a piece, inside a transaction. 1: there is more to do; 0: the index is
 * there; an error of the store.
 */
int store_index_next(struct store_index *i) _must_check_;

/**
 * store_index_join(db, table, rows):
 * The table ${table}, which is empty and was made by store_swap_make(), gets the rows of ${rows}
 * and all indexes that were made, inside a transaction. 0, or an error of the store. Then and after
 * a rollback the connection must read the schema anew.
 */
int store_index_join(sqlite3 *db, const char *table, const char *rows) _must_check_;

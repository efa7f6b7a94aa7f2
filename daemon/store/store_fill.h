/* SPDX-License-Identifier: BSD-2-Clause */
/* What store_swap.c puts into the tables beside those in use, a piece at a time. The store that
 * comes is attached as staging. For store_*.c alone. Errors are those of store.h. */
#pragma once

#include "store/store_cert.h"
#include "store/store_stmt.h"
#include "store/store_swap.h"

/* what the names of all tables beside begin with */
#define STORE_BESIDE "import_"

/**
 * store_swap_make(db, table, rows), store_swap_exchange(db, table), store_swap_two(db, a, b):
 * Inside a transaction, for store_bulk.c. The first makes an empty table and its indexes beside
 * ${table}, and another one without indexes, ${rows}. The second exchanges the table and its
 * indexes with those beside. The third exchanges two trees of the same form; when all are
 * exchanged, and after a rollback, the connection must read the schema anew. 0, or an error of the
 * store.
 */
int store_swap_make(sqlite3 *db, const char *table, const char *rows) _must_check_;
int store_swap_exchange(sqlite3 *db, const char *table) _must_check_;
int store_swap_two(sqlite3 *db, const char *a, const char *b) _must_check_;

/**
 * store_swap_is_clean(writer): 1: nothing is left of an import; 0; an error of the store.
 */
int store_swap_is_clean(struct store *writer) _must_check_;

enum store_piece {
        STORE_PIECE_LIVE, /* keys that stay as they are here */
        STORE_PIECE_FILE,
        /* of the file, what was changed here since */
        STORE_PIECE_AGAIN,
        STORE_PIECE_USE,
        STORE_PIECE_USE_LIVE,
        STORE_PIECE_PEPPERS,
        /* what was put together, and what is noted to be done again */
        STORE_PIECE_NO_USE,
        STORE_PIECE_NO_KEY,
        STORE_PIECE_DONE,
        _STORE_PIECE_MAX,
};

enum store_fill_phase {
        STORE_FILL_LISTS, /* of the file */
        STORE_FILL_LIVE_LISTS,
        STORE_FILL_KEYS,
        STORE_FILL_REST, /* what was changed in the meantime */
};

struct store_fill {
        struct store *writer;
        struct store_swap_rules rules;
        bool fleet; /* this host is in one */
        enum store_fill_phase phase;
        /* how far the lists and the keys are done */
        uint8_t ca[RECORD_THUMBPRINT_LEN], serial[RECORD_SERIAL_MAX];
        size_t ca_len, serial_len;
        char after[KEYTEXT_ID_LEN + 1];
        sqlite3_stmt *pieces[_STORE_PIECE_MAX];
};

/**
 * store_fill_watch(f): notes from now on what is changed, inside the transaction that makes the
 * tables. store_fill_prepare(f): to be called after it. 0, or an error of the store.
 */
int store_fill_watch(struct store_fill *f) _must_check_;
int store_fill_prepare(struct store_fill *f) _must_check_;

/**
 * store_fill_next(f): see store_swap_fill().
 */
int store_fill_next(struct store_fill *f) _must_check_;

/**
 * store_fill_done(f): ends it, outside a transaction.
 */
void store_fill_done(struct store_fill *f);

/* SPDX-License-Identifier: BSD-2-Clause */
/* A statement of one use, whose parameters and columns are counted as they are written and read.
 * For store_*.c alone. */
#pragma once

#include "store/store_once.h"

/* A key of a fleet that has no number yet belongs to the account of its owner's name. */
#define STORE_KEY_OWNER_UID                                                                        \
        "iif(k.owner_uid = 4294967295 AND k.hosts <> '', ifnull((SELECT a.uid FROM account a "     \
        "WHERE a.name = k.owner AND a.state = 1), 4294967295), k.owner_uid)"

/* The columns of a key k, for store_key_read(). */
#define STORE_KEY_COLUMNS                                                                          \
        "k.id, k.digest, k.pepper, k.owner, " STORE_KEY_OWNER_UID                                  \
        ", k.name, k.services, k.networks, "                                                       \
        "k.status, "                                                                               \
        "k.reason,"                                                                                \
        " k.created_at, k.updated_at, k.expires_at, k.bound_at, k.linked, k.origin, "              \
        "k.predecessor,"                                                                           \
        " k.successor, k.retires_at, k.epoch, k.dead_at, k.need, k.certificate, k.hosts, "         \
        "k.revision"

/* Zeroed, then prepared by store_once(). What did not work sets ${bad}. */
struct store_row {
        sqlite3_stmt *stmt;
        int at;
        bool bad;
};

/**
 * store_row_done(row): ends the statement. As a cleanup: _cleanup_store_row_.
 */
void store_row_done(struct store_row *row);
#define _cleanup_store_row_ __attribute__((cleanup(store_row_done)))

/**
 * store_row_put_text(row, text), store_row_put_blob(row, bytes, len),
 * store_row_put_number(row, number): the next parameter, borrowed until the statement ends.
 * store_row_put_done(row): runs the statement. 1; 0; an error of the store.
 */
void store_row_put_text(struct store_row *row, const char *text);
void store_row_put_blob(struct store_row *row, const uint8_t *bytes, size_t len);
void store_row_put_number(struct store_row *row, int64_t number);
int store_row_put_done(struct store_row *row) _must_check_;

/**
 * store_row_get_next(row): the next row. 1; 0 at the end; an error of the store.
 * store_row_get_text(row, out, size), store_row_get_blob(row, out, len), store_row_get_number(row):
 * its next column.
 */
int store_row_get_next(struct store_row *row) _must_check_;
void store_row_get_text(struct store_row *row, char *out, size_t size);
void store_row_get_blob(struct store_row *row, uint8_t *out, size_t len);
int64_t store_row_get_number(struct store_row *row);

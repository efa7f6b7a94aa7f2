/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts the parameters and columns of a statement. Knows no table. */
#include <errno.h>

#include "store/store_row.h"

void store_row_done(struct store_row *row) {
        (void) sqlite3_finalize(row->stmt);
}

void store_row_put_text(struct store_row *row, const char *text) {
        row->bad |= sqlite3_bind_text(row->stmt, ++row->at, text, -1, SQLITE_STATIC) != SQLITE_OK;
}

void store_row_put_blob(struct store_row *row, const uint8_t *bytes, size_t len) {
        row->bad |= sqlite3_bind_blob(row->stmt, ++row->at, bytes, (int) len, SQLITE_STATIC) !=
                    SQLITE_OK;
}

void store_row_put_number(struct store_row *row, int64_t number) {
        row->bad |= sqlite3_bind_int64(row->stmt, ++row->at, number) != SQLITE_OK;
}

int store_row_put_done(struct store_row *row) {
        return row->bad ? -ENOMEM : store_stmt_step(row->stmt);
}

void store_row_get_text(struct store_row *row, char *out, size_t size) {
        row->bad |= store_stmt_text(row->stmt, row->at++, out, size) < 0;
}

void store_row_get_blob(struct store_row *row, uint8_t *out, size_t len) {
        row->bad |= store_stmt_blob(row->stmt, row->at++, out, len) < 0;
}

int64_t store_row_get_number(struct store_row *row) {
        return sqlite3_column_int64(row->stmt, row->at++);
}

int store_row_get_next(struct store_row *row) {
        row->at = 0;
        return store_stmt_step(row->stmt);
}

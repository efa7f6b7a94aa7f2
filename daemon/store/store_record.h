/* SPDX-License-Identifier: BSD-2-Clause */
/* How the store writes records: MIRROR has the byte tables. For store_*.c alone. */
#pragma once

#include "store/store_stmt.h"

/* Where records go. */
struct store_out {
        uint8_t *bytes;
        size_t size, len;
        bool full; /* something did not fit */
};

/**
 * store_record_put(out, bytes, len), store_record_put_number(out, len, v): parts of a record. What
 * does not fit is not written, and the record ends as one that does not fit.
 */
void store_record_put(struct store_out *out, const void *bytes, size_t len);
void store_record_put_number(struct store_out *out, size_t len, uint64_t v);

/**
 * store_record_begin(out, type), store_record_end(out, begin): a record of ${type} begins; it is
 * complete. The latter says whether all of it has fitted. If not, it is taken back.
 */
size_t store_record_begin(struct store_out *out, uint8_t type);
bool store_record_end(struct store_out *out, size_t begin);

/**
 * store_record_table(out, table, columns), store_record_row(out, stmt): the record of a table, and
 * of the row on which ${stmt} stands. Say whether it has fitted.
 */
bool store_record_table(struct store_out *out, const char *table,
                        const struct store_columns *columns);
bool store_record_row(struct store_out *out, sqlite3_stmt *stmt);

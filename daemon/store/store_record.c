/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows as records. Does not choose which rows, and reads nothing back. */
#include <string.h>

#include "base/bytes.h"
#include "store/store_mirror.h"
#include "store/store_record.h"

void store_record_put(struct store_out *out, const void *bytes, size_t len) {
        if (out->full || len > out->size - out->len) {
                out->full = true;
                return;
        }
        if (len > 0)
                memcpy(out->bytes + out->len, bytes, len);
        out->len += len;
}

void store_record_put_number(struct store_out *out, size_t len, uint64_t v) {
        uint8_t bytes[8];

        bytes_put(bytes, len, v);
        store_record_put(out, bytes, len);
}

static void put_value(struct store_out *out, sqlite3_stmt *stmt, int column) {
        int type = sqlite3_column_type(stmt, column);
        const void *bytes;
        size_t len;

        store_record_put_number(out, 1, (uint64_t) type);
        if (type == SQLITE_INTEGER)
                store_record_put_number(out, 8, (uint64_t) sqlite3_column_int64(stmt, column));
        if (type != SQLITE_TEXT && type != SQLITE_BLOB)
                return;
        bytes = sqlite3_column_blob(stmt, column); /* of a text its bytes, too */
        len = (size_t) sqlite3_column_bytes(stmt, column);
        store_record_put_number(out, 4, len);
        store_record_put(out, bytes, len);
}

size_t store_record_begin(struct store_out *out, uint8_t type) {
        size_t begin = out->len;

        store_record_put_number(out, 1, type);
        store_record_put_number(out, 4, 0);
        return begin;
}

bool store_record_end(struct store_out *out, size_t begin) {
        if (out->full) {
                out->len = begin;
                return false;
        }
        bytes_put(out->bytes + begin + 1, 4, out->len - begin - STORE_RECORD_HEAD);
        return true;
}

bool store_record_table(struct store_out *out, const char *table,
                        const struct store_columns *columns) {
        size_t begin = store_record_begin(out, STORE_RECORD_TABLE);

        store_record_put_number(out, 1, strlen(table));
        store_record_put(out, table, strlen(table));
        store_record_put_number(out, 1, columns->n);
        for (size_t i = 0; i < columns->n; i++) {
                store_record_put_number(out, 1, strlen(columns->names[i]));
                store_record_put(out, columns->names[i], strlen(columns->names[i]));
        }
        return store_record_end(out, begin);
}

bool store_record_row(struct store_out *out, sqlite3_stmt *stmt) {
        size_t begin = store_record_begin(out, STORE_RECORD_ROW);

        for (int i = 0; i < sqlite3_column_count(stmt); i++)
                put_value(out, stmt, i);
        return store_record_end(out, begin);
}

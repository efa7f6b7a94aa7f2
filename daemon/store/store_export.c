/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes a whole store as records. Does not encrypt or sign them, and leaves accounts and the audit
 * log out. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "store/store_mirror.h"
#include "store/store_stmt.h"

/* Invariant: when waiting is set, stmt stands on a row that is not dumped yet. */
struct store_export {
        struct store_shared shared; /* the snapshot is never renewed */
        struct store *reader;
        size_t table;
        /* of the table; NULL: the table has not begun */
        sqlite3_stmt *stmt;
        bool waiting;
        uint64_t keys, done, rows;
};

/* Where records go. */
struct out {
        uint8_t *bytes;
        size_t size, len;
        bool full; /* something did not fit */
};

static void put(struct out *out, const void *bytes, size_t len) {
        if (out->full || len > out->size - out->len) {
                out->full = true;
                return;
        }
        if (len > 0)
                memcpy(out->bytes + out->len, bytes, len);
        out->len += len;
}

static void put_number(struct out *out, size_t len, uint64_t v) {
        uint8_t bytes[8];

        bytes_put(bytes, len, v);
        put(out, bytes, len);
}

static void put_value(struct out *out, sqlite3_stmt *stmt, int column) {
        int type = sqlite3_column_type(stmt, column);
        const void *bytes;
        size_t len;

        put_number(out, 1, (uint64_t) type);
        if (type == SQLITE_INTEGER)
                put_number(out, 8, (uint64_t) sqlite3_column_int64(stmt, column));
        if (type != SQLITE_TEXT && type != SQLITE_BLOB)
                return;
        bytes = sqlite3_column_blob(stmt, column); /* of a text its bytes, too */
        len = (size_t) sqlite3_column_bytes(stmt, column);
        put_number(out, 4, len);
        put(out, bytes, len);
}

/* Whether the record that began at ${begin} has fitted. If not, it is taken back. */
static bool end_record(struct out *out, size_t begin) {
        if (out->full) {
                out->len = begin;
                return false;
        }
        bytes_put(out->bytes + begin + 1, 4, out->len - begin - STORE_RECORD_HEAD);
        return true;
}

static bool put_table(struct out *out, const char *table, const struct store_columns *columns) {
        size_t begin = out->len;

        put_number(out, 1, STORE_RECORD_TABLE);
        put_number(out, 4, 0);
        put_number(out, 1, strlen(table));
        put(out, table, strlen(table));
        put_number(out, 1, columns->n);
        for (size_t i = 0; i < columns->n; i++) {
                put_number(out, 1, strlen(columns->names[i]));
                put(out, columns->names[i], strlen(columns->names[i]));
        }
        return end_record(out, begin);
}

static bool put_row(struct out *out, sqlite3_stmt *stmt) {
        size_t begin = out->len;

        put_number(out, 1, STORE_RECORD_ROW);
        put_number(out, 4, 0);
        for (int i = 0; i < sqlite3_column_count(stmt); i++)
                put_value(out, stmt, i);
        return end_record(out, begin);
}

/* 1; 0 when the record of the table does not fit any more. */
static int begin_table(struct store_export *d, struct out *out) {
        const char *table = store_stmt_table(d->table);
        struct store_columns columns;
        char list[STORE_LIST_LEN], sql[STORE_LIST_LEN + 64];
        int r;

        r = store_stmt_columns(d->reader->db, table, &columns);
        if (r < 0)
                return r;
        if (!put_table(out, table, &columns))
                return 0;
        store_stmt_list(&columns, list);
        (void) snprintf(sql, sizeof(sql), "SELECT %s FROM %s ORDER BY %s", list, table,
                        columns.names[0]);
        r = store_stmt_error(sqlite3_prepare_v2(d->reader->db, sql, -1, &d->stmt, NULL));
        return r < 0 ? r : 1;
}

/* Dumps the rest of a table, as far as it fits. 1 at its end; 0 when it does not fit any more. */
static int dump_rows(struct store_export *d, struct out *out) {
        bool is_key = strcmp(store_stmt_table(d->table), "key") == 0;
        int r;

        for (;;) {
                if (!d->waiting) {
                        r = store_stmt_step(d->stmt);
                        if (r <= 0)
                                return r < 0 ? r : 1;
                        d->waiting = true;
                }
                if (!put_row(out, d->stmt))
                        return out->len > 0 ? 0 : -EUCLEAN;
                d->waiting = false;
                d->rows++;
                if (is_key)
                        d->done++;
        }
}

int store_export_next(struct store_export *d, uint8_t *bytes, size_t size, size_t *ret_len) {
        struct out out = { .bytes = bytes, .size = size };
        int r = 1;

        while (store_stmt_table(d->table)) {
                if (!d->stmt)
                        r = begin_table(d, &out);
                if (r > 0)
                        r = dump_rows(d, &out);
                if (r < 0)
                        return r;
                if (r == 0) {
                        *ret_len = out.len;
                        return 1;
                }
                (void) sqlite3_finalize(d->stmt);
                d->stmt = NULL;
                d->table++;
        }
        *ret_len = out.len;
        return 0;
}

static int open_snapshot(struct store_export *d, struct store *writer) {
        bool changed;
        int64_t keys = 0;
        int r;

        r = store_open(&d->reader, sqlite3_db_filename(writer->db, "main"), STORE_READER,
                       &d->shared);
        /* all of it passes by once */
        if (r >= 0)
                r = store_stmt_exec(d->reader->db, "PRAGMA mmap_size = 0");
        if (r >= 0)
                r = store_refresh(d->reader, &changed);
        if (r >= 0)
                r = store_stmt_pragma(d->reader->db, "SELECT count(*) FROM key", &keys);
        d->keys = (uint64_t) keys;
        return r;
}

int store_export_open(struct store_export **ret, struct store *writer) {
        struct store_export *d = calloc(1, sizeof(*d));
        int r;

        if (!d)
                return -ENOMEM;
        r = open_snapshot(d, writer);
        if (r < 0) {
                store_export_free(d);
                return r;
        }
        *ret = d;
        return 0;
}

struct store_export *store_export_free(struct store_export *d) {
        if (!d)
                return NULL;
        (void) sqlite3_finalize(d->stmt);
        store_free(d->reader);
        free(d);
        return NULL;
}

struct store *store_export_snapshot(struct store_export *d) {
        return d->reader;
}

uint64_t store_export_keys(const struct store_export *d) {
        return d->keys;
}

uint64_t store_export_done(const struct store_export *d) {
        return d->done;
}

uint64_t store_export_rows(const struct store_export *d) {
        return d->rows;
}

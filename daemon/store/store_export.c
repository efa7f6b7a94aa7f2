/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes a whole store as records. Does not encrypt or sign them, and leaves accounts and the audit
 * log out. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store_fleet.h"
#include "store/store_mirror.h"
#include "store/store_record.h"
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

/* What belongs to a fleet comes from its log, and is no part of a copy of this host. */
static const char *own_rows(const char *table) {
        static const char *const texts[][2] = {
                { "pepper", "id NOT IN (SELECT pepper FROM fleet)" },
                { "policy", "fleet = 0 AND name <> 'fleet-epoch'" },
                { "cert", "fleet <> 1" },
                { "crl", "ca NOT IN (SELECT thumbprint FROM cert WHERE fleet = 1)" },
                { "crl_serial", "ca NOT IN (SELECT thumbprint FROM cert WHERE fleet = 1)" },
                { "key", "hosts = ''" },
                { "key_use", "id NOT IN (SELECT id FROM key WHERE hosts <> '')" },
        };

        for (size_t i = 0; i < ARRAY_LEN(texts); i++)
                if (strcmp(texts[i][0], table) == 0)
                        return texts[i][1];
        return "true";
}

/* 1; 0 when the record of the table does not fit any more. */
static int begin_table(struct store_export *d, struct store_out *out) {
        const char *table = store_stmt_table(d->table);
        struct store_columns columns;
        char list[STORE_LIST_LEN], sql[STORE_LIST_LEN + 192];
        int r;

        r = store_stmt_columns(d->reader->db, table, &columns);
        if (r < 0)
                return r;
        if (!store_record_table(out, table, &columns))
                return 0;
        store_stmt_list(&columns, list);
        (void) snprintf(sql, sizeof(sql), "SELECT %s FROM %s WHERE %s ORDER BY %s", list, table,
                        own_rows(table), columns.names[0]);
        r = store_stmt_error(sqlite3_prepare_v2(d->reader->db, sql, -1, &d->stmt, NULL));
        return r < 0 ? r : 1;
}

/* Dumps the rest of a table, as far as it fits. 1 at its end; 0 when it does not fit any more. */
static int dump_rows(struct store_export *d, struct store_out *out) {
        bool is_key = strcmp(store_stmt_table(d->table), "key") == 0;
        int r;

        for (;;) {
                if (!d->waiting) {
                        r = store_stmt_step(d->stmt);
                        if (r <= 0)
                                return r < 0 ? r : 1;
                        d->waiting = true;
                }
                if (!store_record_row(out, d->stmt))
                        return out->len > 0 ? 0 : -EUCLEAN;
                d->waiting = false;
                d->rows++;
                if (is_key)
                        d->done++;
        }
}

int store_export_next(struct store_export *d, uint8_t *bytes, size_t size, size_t *ret_len) {
        struct store_out out = { .bytes = bytes, .size = size };
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
        uint64_t fleet = 0;
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
        if (r >= 0)
                r = store_fleet_keys(d->reader, &fleet);
        d->keys = (uint64_t) keys - fleet;
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

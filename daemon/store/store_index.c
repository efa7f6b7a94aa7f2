/* SPDX-License-Identifier: BSD-2-Clause */
/* An index is a tree of the same form as a table WITHOUT ROWID, whose rows are found by all their
 * columns. So the rows go into such a table, and then the two trees are exchanged. That they come
 * sorted is for speed alone: SQLite puts each where it belongs. */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store_fill.h"
#include "store/store_index.h"
#include "store/store_once.h"

/* what an index is while it is made; the number of the index follows */
#define RUN STORE_BESIDE "run_"

#define GATHER_PIECE 4000
#define PUT_PIECE    2000
#define ENTRY_MAX    1024
/* so that negative numbers come first */
#define SIGN (UINT64_C(1) << 63)

/* --- Definitions --- */

struct definition {
        char name[STORE_COLUMN_LEN];
        char columns[256]; /* of the table in use */
        char run[256];     /* of the table that it is meanwhile */
        char where[256];   /* which rows; "": all */
        int n_columns;
};

static int read_columns(sqlite3 *db, struct definition *d) {
        _cleanup_once_ sqlite3_stmt *stmt = NULL;
        int r;

        r = store_once(
                db, &stmt,
                "SELECT group_concat(name, ', '), group_concat('c' || seqno, ', '), count(*) "
                "FROM (SELECT * FROM pragma_index_xinfo('%s') ORDER BY seqno) HAVING "
                "sum(\"desc\" <> 0 OR coll <> 'BINARY' OR name IS NULL) = 0",
                d->name);
        if (r >= 0)
                r = store_stmt_step(stmt);
        if (r <= 0)
                return r < 0 ? r : -EUCLEAN;
        d->n_columns = sqlite3_column_int(stmt, 2);
        r = store_stmt_text(stmt, 0, d->columns, sizeof(d->columns));
        return r < 0 ? r : store_stmt_text(stmt, 1, d->run, sizeof(d->run));
}

static int read_definition(sqlite3 *db, size_t n, struct definition *ret) {
        _cleanup_once_ sqlite3_stmt *stmt = NULL;
        struct definition d = {};
        const char *where;
        char sql[1024];
        int r;

        r = store_once(db, &stmt,
                       "SELECT name, sql FROM main.sqlite_schema WHERE type = 'index' AND tbl_name "
                       "= 'key' AND sql IS NOT NULL ORDER BY name LIMIT 1 OFFSET %zu",
                       n);
        if (r >= 0)
                r = store_stmt_step(stmt);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        r = store_stmt_text(stmt, 0, d.name, sizeof(d.name));
        if (r >= 0)
                r = store_stmt_text(stmt, 1, sql, sizeof(sql));
        if (r < 0)
                return r;
        where = strstr(sql, " WHERE ");
        if (where && snprintf(d.where, sizeof(d.where), " AND (%s)", where + strlen(" WHERE ")) >=
                             (int) sizeof(d.where))
                return -EUCLEAN;
        store_once_again(stmt);
        r = read_columns(db, &d);
        if (r >= 0)
                *ret = d;
        return r;
}

/* --- Entries --- */

/* The order of numbers is that of their bytes; texts and bytes are ordered by their length first.
 */
static int put_value(uint8_t *out, size_t size, sqlite3_stmt *stmt, int column) {
        int type = sqlite3_column_type(stmt, column);
        const void *bytes = type == SQLITE_INTEGER ? NULL : sqlite3_column_blob(stmt, column);
        size_t len = (size_t) sqlite3_column_bytes(stmt, column);
        uint64_t number;

        if (type == SQLITE_INTEGER) {
                if (size < 9)
                        return -EUCLEAN;
                out[0] = SQLITE_INTEGER;
                number = htobe64((uint64_t) sqlite3_column_int64(stmt, column) ^ SIGN);
                memcpy(out + 1, &number, sizeof(number));
                return 9;
        }
        if ((type != SQLITE_TEXT && type != SQLITE_BLOB) || len > UINT16_MAX || size < 3 + len)
                return -EUCLEAN;
        if (len > 0 && !bytes)
                return -ENOMEM;
        out[0] = (uint8_t) type;
        out[1] = (uint8_t) (len >> 8);
        out[2] = (uint8_t) len;
        if (len > 0)
                memcpy(out + 3, bytes, len);
        return (int) (3 + len);
}

static int gather_one(struct store_index *i) {
        uint8_t entry[ENTRY_MAX];
        size_t len = 0;

        for (int column = 0; column < i->n_columns; column++) {
                int n = put_value(entry + len, sizeof(entry) - len, i->get, column);

                if (n < 0)
                        return n;
                len += (size_t) n;
        }
        return store_sorted_add(&i->sorted, entry, len);
}

/* The value at ${*at}, for the next column. */
static int bind_value(sqlite3_stmt *stmt, int column, const uint8_t **at) {
        int type = **at, rc;
        uint64_t number;
        size_t len;

        if (type == SQLITE_INTEGER) {
                memcpy(&number, *at + 1, sizeof(number));
                rc = sqlite3_bind_int64(stmt, column + 1, (int64_t) (be64toh(number) ^ SIGN));
                *at += 9;
                return store_stmt_error(rc);
        }
        len = (size_t) (*at)[1] << 8 | (*at)[2];
        rc = type == SQLITE_TEXT
                     ? sqlite3_bind_text(stmt, column + 1, (const char *) *at + 3, (int) len,
                                         SQLITE_STATIC)
                     : sqlite3_bind_blob(stmt, column + 1, *at + 3, (int) len, SQLITE_STATIC);
        *at += 3 + len;
        return store_stmt_error(rc);
}

/* --- Pieces --- */

int store_index_open(struct store_index *i, sqlite3 *db, const char *rows, size_t n) {
        struct store_index index = {};
        char sql[1024], places[64] = "?";
        struct definition d;
        int r;

        r = read_definition(db, n, &d);
        if (r < 0)
                return r;
        (void) snprintf(sql, sizeof(sql),
                        "CREATE TABLE main." RUN "%zu (%s, PRIMARY KEY (%s)) WITHOUT ROWID", n,
                        d.run, d.run);
        r = store_stmt_exec(db, sql);
        for (size_t column = 1; column < (size_t) d.n_columns && column < 16; column++)
                memcpy(places + 3 * column - 2, ", ?", sizeof(", ?"));
        index.n_columns = d.n_columns;
        if (r >= 0)
                r = store_once(db, &index.end,
                               "SELECT ifnull((SELECT id FROM main.%s WHERE id > ?1 ORDER BY id "
                               "LIMIT 1 OFFSET %d), '~')",
                               rows, GATHER_PIECE - 1);
        if (r >= 0)
                r = store_once(db, &index.get,
                               "SELECT %s FROM main.%s WHERE id > ?1 AND id <= ?2%s ORDER BY id",
                               d.columns, rows, d.where);
        if (r >= 0)
                r = store_once(db, &index.put, "INSERT INTO main." RUN "%zu VALUES (%s)", n,
                               places);
        if (r < 0)
                store_index_done(&index);
        else
                *i = index;
        return r;
}

bool store_index_is_open(const struct store_index *i) {
        return i->get;
}

void store_index_done(struct store_index *i) {
        (void) sqlite3_finalize(i->end);
        (void) sqlite3_finalize(i->get);
        (void) sqlite3_finalize(i->put);
        store_sorted_done(&i->sorted);
        *i = (struct store_index){};
}

static int gather(struct store_index *i) {
        char end[KEYTEXT_ID_LEN + 1];
        int r;

        store_once_again(i->end);
        store_once_again(i->get);
        r = store_stmt_error(sqlite3_bind_text(i->end, 1, i->after, -1, SQLITE_STATIC));
        if (r >= 0)
                r = store_stmt_step(i->end);
        if (r >= 0)
                r = store_stmt_text(i->end, 0, end, sizeof(end));
        store_once_again(i->end);
        if (r >= 0)
                r = store_stmt_error(sqlite3_bind_text(i->get, 1, i->after, -1, SQLITE_STATIC));
        if (r >= 0)
                r = store_stmt_error(sqlite3_bind_text(i->get, 2, end, -1, SQLITE_STATIC));
        while (r >= 0 && (r = store_stmt_step(i->get)) > 0)
                r = gather_one(i);
        store_once_again(i->get);
        if (r < 0)
                return r;
        memcpy(i->after, end, sizeof(i->after));
        i->all = strcmp(end, "~") == 0;
        i->sorting = i->all || i->sorted.len >= STORE_SORTED_BYTES;
        return 1;
}

static int put(struct store_index *i) {
        int r = 0;

        for (unsigned n = 0; r >= 0 && n < PUT_PIECE && i->at < i->sorted.n; n++) {
                size_t len;
                const uint8_t *at = store_sorted_get(&i->sorted, i->at++, &len);

                store_once_again(i->put);
                for (int column = 0; r >= 0 && column < i->n_columns; column++)
                        r = bind_value(i->put, column, &at);
                if (r >= 0)
                        r = store_stmt_step(i->put);
        }
        store_once_again(i->put);
        if (r < 0 || i->at < i->sorted.n)
                return r < 0 ? r : 1;
        store_sorted_done(&i->sorted);
        i->sorting = false;
        i->at = 0;
        return !i->all;
}

int store_index_next(struct store_index *i) {
        if (!i->sorting)
                return gather(i);
        return store_sorted_step(&i->sorted) > 0 ? 1 : put(i);
}

int store_index_join(sqlite3 *db, const char *table, const char *rows) {
        char index[2 * STORE_COLUMN_LEN], run[64];
        struct definition d;
        int r;

        r = store_swap_two(db, table, rows);
        for (size_t n = 0; r >= 0; n++) {
                r = read_definition(db, n, &d);
                if (r < 0)
                        return r == -ENOENT ? 0 : r;
                (void) snprintf(index, sizeof(index), STORE_BESIDE "%s", d.name);
                (void) snprintf(run, sizeof(run), RUN "%zu", n);
                r = store_swap_two(db, index, run);
        }
        return r;
}

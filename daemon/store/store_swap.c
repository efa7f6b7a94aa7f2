/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes tables beside those in use, and exchanges the two. Does not know which rows they have.
 *
 * A table and its indexes are trees of pages, and the schema says where the root of each one is. To
 * exchange two tables of the same form, their roots are exchanged in the schema. That is why it
 * takes no time, and why it is one change like any other: before the commit nothing has happened,
 * and other connections see it with their next snapshot.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store_fill.h"
#include "store/store_once.h"

/* indexes of all the tables, and the tables */
#define ROOTS_MAX 32
/* Deleting rows that have no index any more is cheap. Those that were an index are small. */
#define CLEAN_PIECE      500
#define CLEAN_GONE_PIECE 4000
/* what an index becomes: a table of the same rows */
#define GONE STORE_BESIDE "gone_"

static const char *const tables[] = { "key", "key_use", "crl_serial" };

struct store_swap {
        struct store_fill fill;
        struct store_swap **owner;
};

bool store_swap_is_beside(const char *table) {
        return strncmp(table, STORE_BESIDE, strlen(STORE_BESIDE)) == 0;
}

/* --- The tables --- */

/* Copies the rest of a definition without its references: nobody refers to rows that do not count
 * yet, and they were checked where they come from. */
static bool put_rest(char *at, const char *end, const char *sql) {
        static const char references[] = " REFERENCES ", cascade[] = " ON DELETE CASCADE";

        while (*sql) {
                if (strncmp(sql, references, strlen(references)) == 0) {
                        sql += strcspn(sql, ")");
                        sql += *sql != '\0';
                        if (strncmp(sql, cascade, strlen(cascade)) == 0)
                                sql += strlen(cascade);
                        continue;
                }
                if (at + 1 >= end)
                        return false;
                *at++ = *sql++;
        }
        *at = '\0';
        return true;
}

/* The same definition by another name. */
static int define_beside(const char *name, const char *table, const char *as, const char *sql,
                         char *out, size_t size) {
        bool index = strcmp(name, table) != 0;
        char begin[2 * STORE_COLUMN_LEN + 32];
        int n;

        (void) (index ? snprintf(begin, sizeof(begin), "CREATE INDEX %s ON %s ", name, table)
                      : snprintf(begin, sizeof(begin), "CREATE TABLE %s ", name));
        if (strncmp(sql, begin, strlen(begin)) != 0)
                return -EUCLEAN;
        n = index ? snprintf(out, size, "CREATE INDEX " STORE_BESIDE "%s ON " STORE_BESIDE "%s ",
                             name, table)
                  : snprintf(out, size, "CREATE TABLE main.%s ", as);
        return put_rest(out + n, out + size, sql + strlen(begin)) ? 0 : -EUCLEAN;
}

/* Makes the ${i}th thing of a table: the table itself or an index. 1; 0: there are no more. */
static int make_nth(sqlite3 *db, const char *table, const char *as, int i) {
        char name[STORE_COLUMN_LEN], sql[4096], ours[4096];
        _cleanup_once_ sqlite3_stmt *stmt = NULL;
        int r;

        r = store_once(db, &stmt,
                       "SELECT name, sql FROM main.sqlite_schema WHERE tbl_name = '%s' AND type IN "
                       "('table', 'index') AND sql IS NOT NULL ORDER BY type DESC LIMIT 1 OFFSET "
                       "%d",
                       table, i);
        if (r >= 0)
                r = store_stmt_step(stmt);
        if (r <= 0)
                return r;
        r = store_stmt_text(stmt, 0, name, sizeof(name));
        if (r >= 0)
                r = store_stmt_text(stmt, 1, sql, sizeof(sql));
        if (r >= 0)
                r = define_beside(name, table, as, sql, ours, sizeof(ours));
        store_once_again(stmt);
        if (r >= 0)
                r = store_stmt_exec(db, ours);
        return r < 0 ? r : 1;
}

static int make_table(sqlite3 *db, const char *table) {
        char as[2 * STORE_COLUMN_LEN];
        int r;

        (void) snprintf(as, sizeof(as), STORE_BESIDE "%s", table);
        for (int i = 0; (r = make_nth(db, table, as, i)) > 0; i++)
                continue;
        return r;
}

static int make_tables(sqlite3 *db) {
        int r = 0;

        for (size_t t = 0; r >= 0 && t < ARRAY_LEN(tables); t++)
                r = make_table(db, tables[t]);
        return r;
}

int store_swap_make(sqlite3 *db, const char *table, const char *rows) {
        int r;

        r = make_table(db, table);
        if (r >= 0)
                r = make_nth(db, table, rows, 0);
        return r < 0 ? r : 0;
}

int store_swap_fill(struct store_swap *s) {
        return store_fill_next(&s->fill);
}

/* --- The exchange --- */

int store_swap_fits(const struct store_swap *s, const struct store_swap_rules *rules) {
        int64_t fleet = 0;
        int r;

        r = store_stmt_pragma(s->fill.writer->db, "SELECT count(*) FROM main.fleet", &fleet);
        return r < 0 ? r
                     : (fleet > 0) == s->fill.fleet &&
                               rules->keep_keys == s->fill.rules.keep_keys &&
                               rules->forgets == s->fill.rules.forgets;
}

struct root {
        char name[2 * STORE_COLUMN_LEN];
        int64_t page, page_beside;
};

/* The roots of a table and of its indexes, and of their counterparts. */
static int find_roots(sqlite3 *db, const char *table, struct root *roots, size_t *n) {
        _cleanup_once_ sqlite3_stmt *stmt = NULL;
        int r;

        r = store_once(
                db, &stmt,
                "SELECT a.name, a.rootpage, b.rootpage FROM main.sqlite_schema a LEFT JOIN "
                "main.sqlite_schema b ON b.name = '" STORE_BESIDE "' || a.name AND b.type = a.type "
                "AND b.tbl_name = '" STORE_BESIDE "%s' WHERE a.tbl_name = '%s' AND a.type IN "
                "('table', 'index')",
                table, table);
        while (r >= 0 && (r = store_stmt_step(stmt)) > 0) {
                struct root *root = &roots[*n];

                if (*n == ROOTS_MAX)
                        return -EUCLEAN;
                r = store_stmt_text(stmt, 0, root->name, sizeof(root->name));
                root->page = sqlite3_column_int64(stmt, 1);
                root->page_beside = sqlite3_column_int64(stmt, 2);
                if (r < 0 || root->page <= 0 || root->page_beside <= 0)
                        return r < 0 ? r : -EUCLEAN;
                (*n)++;
        }
        return r;
}

static int set_root(sqlite3 *db, const char *prefix, const char *name, int64_t page) {
        _cleanup_once_ sqlite3_stmt *stmt = NULL;
        int r;

        r = store_once(db, &stmt,
                       "UPDATE main.sqlite_schema SET rootpage = ?2 WHERE name = '%s' || ?1 AND "
                       "rootpage > 0",
                       prefix);
        if (r >= 0)
                r = store_stmt_error(sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC));
        if (r >= 0)
                r = store_stmt_error(sqlite3_bind_int64(stmt, 2, page));
        if (r >= 0)
                r = store_stmt_step(stmt);
        return r < 0 ? r : sqlite3_changes(db) == 1 ? 0 : -EUCLEAN;
}

/* The number by which other connections notice that the schema has changed. */
static int count_up(sqlite3 *db) {
        int64_t version;
        char sql[64];
        int r;

        r = store_stmt_pragma(db, "PRAGMA main.schema_version", &version);
        if (r < 0)
                return r;
        (void) snprintf(sql, sizeof(sql), "PRAGMA main.schema_version = %u",
                        (unsigned) version + 1);
        return store_stmt_exec(db, sql);
}

static int exchange(sqlite3 *db, const char *const *names, size_t n_names) {
        struct root roots[ROOTS_MAX];
        size_t n = 0;
        int r = 0;

        for (size_t t = 0; r >= 0 && t < n_names; t++)
                r = find_roots(db, names[t], roots, &n);
        if (r >= 0)
                r = store_stmt_exec(db, "PRAGMA writable_schema = ON");
        for (size_t i = 0; r >= 0 && i < n; i++) {
                r = set_root(db, "", roots[i].name, roots[i].page_beside);
                if (r >= 0)
                        r = set_root(db, STORE_BESIDE, roots[i].name, roots[i].page);
        }
        if (r >= 0)
                r = count_up(db);
        return r;
}

static int take(sqlite3 *db, const char *const *names, size_t n) {
        int r, reset;

        (void) sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
        r = exchange(db, names, n);
        reset = store_stmt_exec(db, "PRAGMA writable_schema = RESET");
        (void) sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        return r < 0 ? r : reset;
}

int store_swap_take(struct store_swap *s) {
        return take(s->fill.writer->db, tables, ARRAY_LEN(tables));
}

int store_swap_exchange(sqlite3 *db, const char *table) {
        return take(db, &table, 1);
}

void store_swap_undo(struct store_swap *s) {
        /* This connection remembers where the roots were. */
        (void) !store_stmt_exec(s->fill.writer->db, "PRAGMA writable_schema = RESET");
}

/* --- The whole --- */

static int attach(sqlite3 *db, const char *path) {
        _cleanup_once_ sqlite3_stmt *stmt = NULL;
        int r;

        r = store_once(db, &stmt, "ATTACH ?1 AS staging");
        if (r >= 0)
                r = store_stmt_error(sqlite3_bind_text(stmt, 1, path, -1, SQLITE_STATIC));
        return r < 0 ? r : store_stmt_step(stmt);
}

static int begin(struct store_swap *s) {
        int64_t fleet = 0;
        int r;

        r = store_stmt_pragma(s->fill.writer->db, "SELECT count(*) FROM main.fleet", &fleet);
        s->fill.fleet = fleet > 0;
        if (r >= 0)
                r = store_begin_lazily(s->fill.writer);
        if (r >= 0)
                r = make_tables(s->fill.writer->db);
        if (r >= 0)
                r = store_fill_watch(&s->fill);
        if (r >= 0)
                r = store_commit_quietly(s->fill.writer);
        store_rollback(s->fill.writer);
        return r < 0 ? r : store_fill_prepare(&s->fill);
}

int store_swap_new(struct store_swap **ret, struct store *writer, const char *path,
                   const struct store_swap_rules *rules) {
        struct store_swap *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return -ENOMEM;
        if (writer->watched)
                store_swap_unwatch(writer);
        *s = (struct store_swap){ .fill = { .writer = writer, .rules = *rules }, .owner = ret };
        writer->swap = s;
        *ret = s;
        r = attach(writer->db, path);
        /* A piece changes more pages than SQLite keeps in memory otherwise. */
        if (r >= 0)
                r = store_stmt_exec(writer->db, "PRAGMA main.cache_size = -16384");
        if (r >= 0)
                r = begin(s);
        if (r < 0)
                *ret = store_swap_free(s);
        return r;
}

struct store_swap *store_swap_free(struct store_swap *s) {
        sqlite3 *db;

        if (!s)
                return NULL;
        db = s->fill.writer->db;
        store_fill_done(&s->fill);
        (void) !store_stmt_exec(db, "PRAGMA main.cache_size = -2000; PRAGMA shrink_memory");
        (void) !store_stmt_exec(db, "DETACH staging");
        s->fill.writer->swap = NULL;
        *s->owner = NULL;
        free(s);
        return NULL;
}

/* --- What notes changes --- */

/* A trigger goes before the table that it writes to. 1; 0: there is none. */
static int drop_temporary(sqlite3 *db) {
        _cleanup_once_ sqlite3_stmt *stmt = NULL;
        char type[16], name[2 * STORE_COLUMN_LEN], sql[128];
        int r;

        r = store_once(db, &stmt,
                       "SELECT type, name FROM temp.sqlite_schema WHERE type IN ('table', "
                       "'trigger') AND substr(name, 1, %zu) = '" STORE_BESIDE
                       "' ORDER BY type DESC LIMIT 1",
                       strlen(STORE_BESIDE));
        if (r >= 0)
                r = store_stmt_step(stmt);
        if (r <= 0)
                return r;
        r = store_stmt_text(stmt, 0, type, sizeof(type));
        if (r >= 0)
                r = store_stmt_text(stmt, 1, name, sizeof(name));
        store_once_again(stmt);
        if (r < 0)
                return r;
        (void) snprintf(sql, sizeof(sql), "DROP %s temp.%s", type, name);
        return store_stmt_exec(db, sql) ?: 1;
}

void store_swap_unwatch(struct store *writer) {
        int r;

        while ((r = drop_temporary(writer->db)) > 0)
                continue;
        writer->watched = r < 0;
}

int store_swap_watch(struct store *writer, const char *sql) {
        writer->watched = true;
        return store_stmt_exec(writer->db, sql);
}

/* --- What is left of one --- */

/* The next index or table of the kind. 1; 0: there is none. */
static int find_left(sqlite3 *db, const char *type, char name[static 2 * STORE_COLUMN_LEN]) {
        _cleanup_once_ sqlite3_stmt *stmt = NULL;
        int r;

        r = store_once(db, &stmt,
                       "SELECT name FROM main.sqlite_schema WHERE type = '%s' AND "
                       "substr(tbl_name, 1, %zu) = '" STORE_BESIDE "' AND sql IS NOT NULL LIMIT 1",
                       type, strlen(STORE_BESIDE));
        if (r >= 0)
                r = store_stmt_step(stmt);
        if (r > 0)
                r = store_stmt_text(stmt, 0, name, 2 * STORE_COLUMN_LEN) ?: 1;
        return r;
}

/* The names that ${sql} gives, in one text. -ENOENT: there is none, or too many. */
static int list_columns(sqlite3 *db, const char *sql, char *out, size_t size) {
        _cleanup_once_ sqlite3_stmt *stmt = NULL;
        int r;

        r = store_once(db, &stmt, "%s", sql);
        if (r >= 0)
                r = store_stmt_step(stmt);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        r = sqlite3_column_type(stmt, 0) == SQLITE_NULL ? -ENOENT
                                                        : store_stmt_text(stmt, 0, out, size);
        return r == -EUCLEAN ? -ENOENT : r;
}

static int clean_table(sqlite3 *db, const char *table) {
        bool gone = strncmp(table, GONE, strlen(GONE)) == 0;
        char key[256], sql[1024];
        int r;

        (void) snprintf(sql, sizeof(sql),
                        "SELECT group_concat(name, ', ') FROM (SELECT name FROM "
                        "pragma_table_info('%s') WHERE pk > 0 ORDER BY pk)",
                        table);
        r = list_columns(db, sql, key, sizeof(key));
        if (r < 0 && r != -ENOENT)
                return r;
        if (r >= 0) {
                (void) snprintf(sql, sizeof(sql),
                                "DELETE FROM main.%s WHERE (%s) IN (SELECT %s FROM main.%s LIMIT "
                                "%d)",
                                table, key, key, table, gone ? CLEAN_GONE_PIECE : CLEAN_PIECE);
                r = store_stmt_exec(db, sql);
                if (r < 0 || sqlite3_changes(db) > 0)
                        return r;
        }
        (void) snprintf(sql, sizeof(sql), "DROP TABLE main.%s", table);
        return store_stmt_exec(db, sql);
}

static int get_root(sqlite3 *db, const char *name, int64_t *ret) {
        char sql[256];

        (void) snprintf(sql, sizeof(sql),
                        "SELECT rootpage FROM main.sqlite_schema WHERE name = '%s' AND rootpage > "
                        "0",
                        name);
        return store_stmt_pragma(db, sql, ret);
}

static int exchange_two(sqlite3 *db, const char *a, const char *b) {
        int64_t page_a = 0, page_b = 0;
        int r;

        r = get_root(db, a, &page_a);
        if (r >= 0)
                r = get_root(db, b, &page_b);
        if (r >= 0)
                r = store_stmt_exec(db, "PRAGMA writable_schema = ON");
        if (r >= 0)
                r = set_root(db, "", a, page_b);
        if (r >= 0)
                r = set_root(db, "", b, page_a);
        return r < 0 ? r : count_up(db);
}

int store_swap_two(sqlite3 *db, const char *a, const char *b) {
        int r;

        (void) sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
        r = exchange_two(db, a, b);
        (void) sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        return r;
}

/* SQLite drops an index at a stretch, and reads all its pages. An index is a tree of the same form
 * as a table WITHOUT ROWID, whose rows are found by all their columns. So it becomes one, and its
 * rows are deleted a few at a time. */
static int make_gone(sqlite3 *db, const char *index, const char *columns) {
        char table[2 * STORE_COLUMN_LEN], sql[1024];
        int r, reset;

        r = snprintf(table, sizeof(table), GONE "%s", index + strlen(STORE_BESIDE));
        if (r < 0 || (size_t) r >= sizeof(table))
                return 0;
        (void) snprintf(sql, sizeof(sql),
                        "CREATE TABLE main.%s (%s, PRIMARY KEY (%s)) WITHOUT ROWID", table, columns,
                        columns);
        r = store_stmt_exec(db, sql);
        if (r >= 0)
                r = exchange_two(db, index, table);
        reset = store_stmt_exec(db, "PRAGMA writable_schema = RESET");
        return r < 0 ? r : reset;
}

static int clean_index(sqlite3 *db, const char *index) {
        char columns[256], sql[512];
        int r;

        (void) snprintf(sql, sizeof(sql),
                        "SELECT group_concat('c' || seqno, ', ') FROM (SELECT * FROM "
                        "pragma_index_xinfo('%s') ORDER BY seqno) HAVING sum(\"desc\" <> 0 OR "
                        "coll <> 'BINARY') = 0",
                        index);
        r = list_columns(db, sql, columns, sizeof(columns));
        if (r >= 0)
                r = make_gone(db, index, columns);
        if (r < 0 && r != -ENOENT)
                return r;
        (void) snprintf(sql, sizeof(sql), "DROP INDEX main.%s", index);
        return store_stmt_exec(db, sql);
}

static int clean(sqlite3 *db) {
        char name[2 * STORE_COLUMN_LEN];
        int r;

        r = find_left(db, "index", name);
        if (r > 0) {
                (void) sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
                r = clean_index(db, name);
                (void) sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
                return r;
        }
        if (r >= 0)
                r = find_left(db, "table", name);
        return r <= 0 ? r : clean_table(db, name);
}

int store_swap_is_clean(struct store *writer) {
        char name[2 * STORE_COLUMN_LEN];
        int r;

        r = find_left(writer->db, "table", name);
        return r < 0 ? r : r == 0;
}

int store_swap_clean(struct store *writer) {
        char name[2 * STORE_COLUMN_LEN];
        int r;

        if (writer->swap || writer->bulk)
                return 0;
        r = find_left(writer->db, "table", name);
        if (r <= 0)
                return r;
        r = store_begin_lazily(writer);
        if (r >= 0)
                r = clean(writer->db);
        if (r >= 0)
                r = store_commit_quietly(writer);
        store_rollback(writer);
        /* This connection remembers where the roots were. */
        if (r < 0)
                (void) !store_stmt_exec(writer->db, "PRAGMA writable_schema = RESET");
        return r < 0 ? r : 1;
}

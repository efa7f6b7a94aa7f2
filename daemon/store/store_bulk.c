/* SPDX-License-Identifier: BSD-2-Clause */
/* Puts new keys of a fleet together with those of the store, beside the table in use. Does not know
 * where they come from, or how tables are exchanged.
 *
 * Invariant: a key of the store in use is beside as it is here, will be copied, or is in touched.
 * Temporary triggers see to that. Only the fleet's keys come by a row that was not here before. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/store_bulk.h"
#include "store/store_fill.h"
#include "store/store_index.h"
#include "store/store_key.h"
#include "store/store_note.h"
#include "store/store_once.h"
#include "store/store_row.h"
#include "store/store_swap.h"

/* the table that gets the keys, and has no index but its primary key */
#define ROWS STORE_BESIDE "rows"
/* what it becomes, with indexes */
#define KEY STORE_BESIDE "key"

/* rows in one transaction */
#define COPY_PIECE  500
#define AGAIN_PIECE 100
#define BIND_PIECE  200
/* a piece of what is done again ends after so long in any case */
#define AGAIN_NS 10000000

enum phase {
        PHASE_COPY, /* of the keys that are here */
        PHASE_INDEX,
        PHASE_AGAIN, /* what was changed in the meantime */
};

enum statement {
        GET,  /* a key that is beside */
        COPY, /* keys of the store in use */
        OLD,  /* a key that is beside, whole */
        DROP, /* a key from beside */
        LIVE, /* a key as it is here */
        /* what came of it goes into that, where it is newer */
        MERGE,
        BIND, /* the keys of an owner */
        TOUCHED,
        UNTOUCH,
        OWNER,
        UNOWN,
        _STATEMENT_MAX,
};

struct store_bulk {
        struct store *writer;
        struct store_bulk **owner;
        enum phase phase;
        char after[KEYTEXT_ID_LEN + 1];
        struct store_columns columns;
        struct store_index index;
        size_t n_index;  /* of the one that is being made */
        bool has_pepper; /* that was found last */
        uint32_t pepper_id;
        sqlite3_stmt *statements[_STATEMENT_MAX];
};

/* --- What is changed --- */

#define NOTE(event, table, what)                                                                   \
        "CREATE TEMP TRIGGER " STORE_BESIDE table "_" event " AFTER " event " ON main." table      \
        " BEGIN INSERT INTO " STORE_BESIDE what "; END;"
/* Not INSERT OR IGNORE: what the statement itself says of conflicts would count instead. */
#define ONCE(table, column, what)                                                                  \
        table " (" column ") SELECT " what                                                         \
              " WHERE NOT EXISTS (SELECT 1 FROM temp." STORE_BESIDE table " WHERE " column         \
              " = " what ")"
#define NOTE_KEY(event, table, id) NOTE(event, table, ONCE("touched", "id", id))

/* That a key is gone is noted also where it was not here; beside them are issuing hosts, whose
 * names are longer than an id. A group that this host leaves takes its keys with it: no key has the
 * id
 * ''. */
static const char watch_sql[] =
        "CREATE TEMP TABLE " STORE_BESIDE "touched (id TEXT PRIMARY KEY) WITHOUT ROWID;"
        "CREATE TEMP TABLE " STORE_BESIDE
        "owner (name TEXT PRIMARY KEY) WITHOUT ROWID;" NOTE_KEY("insert", "key", "new.id")
                NOTE_KEY("update", "key", "new.id") NOTE_KEY("delete", "key", "old.id") NOTE_KEY(
                        "insert", "fleet_gone", "substr(new.id, 1, 10)")
                        NOTE_KEY("update", "fleet_gone", "substr(new.id, 1, 10)") NOTE_KEY(
                                "delete", "fleet_group", "''") NOTE_KEY("delete", "fleet", "''")
                                NOTE("insert", "account", ONCE("owner", "name", "new.name")) NOTE(
                                        "update", "account", ONCE("owner", "name", "new.name"));

/* --- Statements --- */

static int prepare_all(struct store_bulk *b) {
        char list[STORE_LIST_LEN];
        sqlite3 *db = b->writer->db;
        sqlite3_stmt **s = b->statements;
        int r;

        store_stmt_list(&b->columns, list);
        r = store_once(db, &s[GET],
                       "SELECT " STORE_KEY_COLUMNS " FROM main." ROWS " k WHERE k.id = ?1");
        if (r >= 0)
                r = store_once(db, &s[COPY],
                               "INSERT INTO main." ROWS " (%s) SELECT %s FROM main.key WHERE id > "
                               "?1 AND id <= ?2 ON CONFLICT (id) DO NOTHING",
                               list, list);
        if (r >= 0)
                r = store_once(db, &s[OLD], "SELECT %s FROM main." KEY " WHERE id = ?1", list);
        if (r >= 0)
                r = store_once(db, &s[DROP], "DELETE FROM main." KEY " WHERE id = ?1");
        if (r >= 0)
                r = store_once(db, &s[LIVE],
                               "INSERT INTO main." KEY " (%s) SELECT %s FROM main.key WHERE id = "
                               "?1",
                               list, list);
        if (r >= 0)
                r = store_once(db, &s[BIND],
                               "UPDATE main." KEY " SET owner_uid = (SELECT uid FROM main.account "
                               "WHERE name = ?1) WHERE id IN (SELECT id FROM main." KEY
                               " WHERE owner = ?1 AND hosts <> '' AND owner_uid = 4294967295 LIMIT "
                               "%d) AND EXISTS (SELECT 1 FROM main.account WHERE name = ?1 AND "
                               "state = 1 AND gone_since = 0 AND uid <> 4294967295)",
                               BIND_PIECE);
        if (r >= 0)
                r = store_once(db, &s[TOUCHED],
                               "SELECT id FROM temp." STORE_BESIDE "touched ORDER BY id LIMIT 1");
        if (r >= 0)
                r = store_once(db, &s[UNTOUCH],
                               "DELETE FROM temp." STORE_BESIDE "touched WHERE id = ?1");
        if (r >= 0)
                r = store_once(db, &s[OWNER],
                               "SELECT name FROM temp." STORE_BESIDE "owner ORDER BY name LIMIT 1");
        if (r >= 0)
                r = store_once(db, &s[UNOWN],
                               "DELETE FROM temp." STORE_BESIDE "owner WHERE name = ?1");
        return r;
}

static int prepare_merge(struct store_bulk *b, const char *table,
                         const struct store_columns *columns, sqlite3_stmt **ret) {
        char sql[2 * STORE_LIST_LEN];
        int r;

        r = store_delta_key_sql(table, columns, false, sql, sizeof(sql));
        return r < 0 ? r : store_stmt_error(sqlite3_prepare_v2(b->writer->db, sql, -1, ret, NULL));
}

int store_bulk_prepare(struct store_bulk *b, const struct store_columns *columns,
                       sqlite3_stmt **ret) {
        return prepare_merge(b, ROWS, columns, ret);
}

/* With a text, to its end. */
static int run(struct store_bulk *b, enum statement which, const char *text) {
        sqlite3_stmt *stmt = b->statements[which];
        int r;

        store_once_again(stmt);
        r = store_stmt_error(sqlite3_bind_text(stmt, 1, text, -1, SQLITE_STATIC));
        if (r >= 0)
                r = store_stmt_step(stmt);
        store_once_again(stmt);
        return r;
}

/* The first text that was noted. 0: there is none. */
static int first(struct store_bulk *b, enum statement which, char *out, size_t size) {
        sqlite3_stmt *stmt = b->statements[which];
        int r;

        store_once_again(stmt);
        r = store_stmt_step(stmt);
        if (r > 0)
                r = store_stmt_text(stmt, 0, out, size) ?: 1;
        store_once_again(stmt);
        return r;
}

const char *store_bulk_table(const struct store_bulk *b) {
        return b->phase == PHASE_AGAIN ? KEY : ROWS;
}

static int compare_pepper(uint32_t pepper_id, void *userdata) {
        const uint32_t *wanted = userdata;

        return pepper_id == *wanted ? -EEXIST : 0;
}

/* The table beside has no references, so they are checked here. */
static int check_pepper(struct store_bulk *b, uint32_t pepper_id) {
        int r;

        if (b->has_pepper && b->pepper_id == pepper_id)
                return 0;
        r = store_pepper_each(b->writer, compare_pepper, &pepper_id);
        if (r != -EEXIST)
                return r < 0 ? r : -EUCLEAN;
        b->has_pepper = true;
        b->pepper_id = pepper_id;
        return 0;
}

int store_bulk_get(struct store_bulk *b, const char *id, struct key_record *ret) {
        sqlite3_stmt *stmt = b->statements[GET];
        struct key_record key = {};
        int r;

        store_once_again(stmt);
        r = store_stmt_error(sqlite3_bind_text(stmt, 1, id, -1, SQLITE_STATIC));
        if (r >= 0)
                r = store_stmt_step(stmt);
        if (r > 0)
                r = store_key_read(stmt, &key);
        else if (r == 0)
                r = -ENOENT;
        store_once_again(stmt);
        if (r >= 0)
                r = check_pepper(b, key.pepper_id);
        if (r >= 0)
                *ret = key;
        return r;
}

void store_bulk_undo(struct store_bulk *b) {
        (void) !store_stmt_exec(b->writer->db, "PRAGMA writable_schema = RESET");
}

/* --- Pieces --- */

static int copy_keys(struct store_bulk *b) {
        _cleanup_once_ sqlite3_stmt *stmt = NULL;
        char end[KEYTEXT_ID_LEN + 1];
        int r;

        /* Ids are of letters and digits. */
        r = store_once(b->writer->db, &stmt,
                       "SELECT ifnull((SELECT id FROM main.key WHERE id > ?1 ORDER BY id LIMIT 1 "
                       "OFFSET %d), '~')",
                       COPY_PIECE - 1);
        if (r >= 0)
                r = store_stmt_error(sqlite3_bind_text(stmt, 1, b->after, -1, SQLITE_STATIC));
        if (r >= 0)
                r = store_stmt_step(stmt);
        if (r >= 0)
                r = store_stmt_text(stmt, 0, end, sizeof(end));
        store_once_again(b->statements[COPY]);
        if (r >= 0)
                r = store_stmt_error(
                        sqlite3_bind_text(b->statements[COPY], 2, end, -1, SQLITE_STATIC));
        if (r >= 0)
                r = store_stmt_error(
                        sqlite3_bind_text(b->statements[COPY], 1, b->after, -1, SQLITE_STATIC));
        if (r >= 0)
                r = store_stmt_step(b->statements[COPY]);
        store_once_again(b->statements[COPY]);
        if (r < 0)
                return r;
        memcpy(b->after, end, sizeof(b->after));
        if (strcmp(end, "~") == 0)
                b->phase = PHASE_INDEX;
        return 0;
}

/* The next piece of the index. Behind the last one they all belong to the table. */
static int make_indexes(struct store_bulk *b) {
        int r;

        if (!store_index_is_open(&b->index)) {
                r = store_index_open(&b->index, b->writer->db, ROWS, b->n_index);
                if (r == -ENOENT) {
                        r = store_index_join(b->writer->db, KEY, ROWS);
                        store_bulk_undo(b);
                        b->phase = PHASE_AGAIN;
                }
                return r;
        }
        r = store_index_next(&b->index);
        if (r == 0) {
                store_index_done(&b->index);
                b->n_index++;
        }
        return r < 0 ? r : 0;
}

/* What came of the key goes into what it is here now. A key that is not here has gone, or was never
 * here and must not come. */
static int again(struct store_bulk *b, const char *id) {
        sqlite3_stmt *old = b->statements[OLD], *merge = b->statements[MERGE];
        bool is_beside;
        int r;

        store_once_again(old);
        store_once_again(merge);
        r = store_stmt_error(sqlite3_bind_text(old, 1, id, -1, SQLITE_STATIC));
        if (r >= 0)
                r = store_stmt_step(old);
        is_beside = r > 0;
        for (int i = 0; r >= 0 && is_beside && i < (int) b->columns.n; i++)
                r = store_stmt_error(
                        sqlite3_bind_value(merge, i + 1, sqlite3_column_value(old, i)));
        store_once_again(old);
        if (r >= 0)
                r = run(b, DROP, id);
        if (r >= 0)
                r = run(b, LIVE, id);
        if (r >= 0 && is_beside && sqlite3_changes(b->writer->db) > 0)
                r = store_stmt_step(merge);
        store_once_again(merge);
        return r < 0 ? r : run(b, UNTOUCH, id);
}

/* An owner stays noted while there may be more keys. */
static int bind_some(struct store_bulk *b, const char *name) {
        int r;

        r = run(b, BIND, name);
        return r < 0 || sqlite3_changes(b->writer->db) == BIND_PIECE ? r : run(b, UNOWN, name);
}

static int catch_up(struct store_bulk *b) {
        char id[KEYTEXT_ID_LEN + 1], name[WIRE_USER_MAX + 1];
        uint64_t begun = clock_ticks();

        for (unsigned n = 0; n < AGAIN_PIECE && clock_ticks() - begun < AGAIN_NS; n++) {
                int r = first(b, TOUCHED, id, sizeof(id));

                if (r == 0) {
                        r = first(b, OWNER, name, sizeof(name));
                        return r <= 0 ? r : bind_some(b, name);
                }
                if (r > 0)
                        r = id[0] ? again(b, id) : -ESTALE;
                if (r < 0)
                        return r;
        }
        return 0;
}

static int is_behind(struct store_bulk *b) {
        char text[WIRE_USER_MAX + 1];
        int r;

        r = first(b, TOUCHED, text, sizeof(text));
        return r != 0 ? r : first(b, OWNER, text, sizeof(text));
}

static int next(struct store_bulk *b) {
        switch (b->phase) {
        case PHASE_COPY:
                return copy_keys(b);
        case PHASE_INDEX:
                return make_indexes(b);
        case PHASE_AGAIN:
                return catch_up(b);
        }
        return -EIO;
}

int store_bulk_next(struct store_bulk *b) {
        enum phase before = b->phase;
        int r;

        if (b->phase == PHASE_AGAIN) {
                r = is_behind(b);
                if (r <= 0)
                        return r;
        }
        r = store_begin_lazily(b->writer);
        if (r >= 0)
                r = next(b);
        if (r >= 0)
                r = store_commit_quietly(b->writer);
        store_rollback(b->writer);
        if (r < 0) {
                /* This connection remembers where the roots were. */
                if (before == PHASE_INDEX)
                        store_bulk_undo(b);
                return r;
        }
        if (before != PHASE_AGAIN && b->phase == PHASE_AGAIN)
                r = prepare_merge(b, KEY, &b->columns, &b->statements[MERGE]);
        if (r < 0)
                return r;
        return b->phase == PHASE_AGAIN ? is_behind(b) : 1;
}

int store_bulk_take(struct store_bulk *b) {
        int r;

        r = b->phase == PHASE_AGAIN ? is_behind(b) : -EIO;
        return r < 0 ? r : r > 0 ? -ESTALE : store_swap_exchange(b->writer->db, "key");
}

/* --- Its beginning and end --- */

static int begin(struct store_bulk *b) {
        sqlite3 *db = b->writer->db;
        int r;

        r = store_begin_lazily(b->writer);
        if (r >= 0)
                r = store_swap_make(db, "key", ROWS);
        if (r >= 0)
                r = store_swap_watch(b->writer, watch_sql);
        if (r >= 0)
                r = store_commit_quietly(b->writer);
        store_rollback(b->writer);
        if (r >= 0)
                r = store_stmt_columns(db, "key", &b->columns);
        return r < 0 ? r : prepare_all(b);
}

int store_bulk_new(struct store_bulk **ret, struct store *writer) {
        struct store_bulk *b;
        int r;

        if (writer->swap || writer->bulk)
                return -EBUSY;
        if (writer->watched)
                store_swap_unwatch(writer);
        r = store_swap_is_clean(writer);
        if (r <= 0)
                return r < 0 ? r : -EBUSY;
        b = calloc(1, sizeof(*b));
        if (!b)
                return -ENOMEM;
        *b = (struct store_bulk){ .writer = writer, .owner = ret };
        writer->bulk = b;
        *ret = b;
        r = begin(b);
        if (r < 0)
                *ret = store_bulk_free(b);
        return r;
}

struct store_bulk *store_bulk_free(struct store_bulk *b) {
        if (!b)
                return NULL;
        for (size_t i = 0; i < ARRAY_LEN(b->statements); i++)
                (void) sqlite3_finalize(b->statements[i]);
        store_index_done(&b->index);
        store_swap_unwatch(b->writer);
        b->writer->bulk = NULL;
        *b->owner = NULL;
        free(b);
        return NULL;
}

void store_bulk_break(struct store *writer) {
        store_bulk_free(writer->bulk);
}

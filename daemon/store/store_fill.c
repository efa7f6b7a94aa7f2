/* SPDX-License-Identifier: BSD-2-Clause */
/* Decides row by row what the tables beside those in use are to have: what comes, what stays as it
 * is here, and what was changed here since. Does not know how the tables take their place.
 *
 * Invariant: a key that was changed here since the beginning is in touched, or stands in the table
 * beside as it must be. Temporary triggers see to that. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "store/store_fill.h"
#include "store/store_once.h"

/* --- What is changed --- */

#define NOTE(table, event, what)                                                                   \
        "CREATE TEMP TRIGGER " STORE_BESIDE table "_" event " AFTER " event " ON main." table      \
        " BEGIN INSERT OR IGNORE INTO " STORE_BESIDE "touched (id) VALUES (" what "); END;"
#define NOTE_KEY(table)                                                                            \
        NOTE(table, "insert", "new.id")                                                            \
        NOTE(table, "update", "new.id") NOTE(table, "delete", "old.id")
/* Lists are few, so all of them are done again. */
#define NOTE_LIST(table)                                                                           \
        NOTE(table, "insert", "''") NOTE(table, "update", "''") NOTE(table, "delete", "''")

int store_fill_watch(struct store_fill *s) {
        int r;

        r = store_swap_watch(s->writer, "CREATE TEMP TABLE " STORE_BESIDE
                                        "touched (id TEXT PRIMARY KEY) WITHOUT ROWID;"
                                        "CREATE TEMP TABLE " STORE_BESIDE
                                        "pepper (id INTEGER PRIMARY KEY);" NOTE_LIST("crl")
                                                NOTE_LIST("crl_serial") NOTE_LIST("cert"));
        if (r < 0 || !(s->fleet || s->rules.keep_keys))
                return r;
        return store_stmt_exec(s->writer->db, NOTE_KEY("key") NOTE_KEY("key_use"));
}

/* --- Pieces --- */

/* What says whether a key and its secret are good. An end by the policy's lifetime is in dead_at
 * alone. */
#define LIFE(k)                                                                                    \
        "(" k ".digest, " k ".status, " k ".retires_at, " k ".need, " k ".certificate, " k         \
        ".name, " k ".updated_at, " k ".dead_at)"
#define RANGE(k) k ".id BETWEEN ?1 AND ?2"
#define IS_HERE  "EXISTS (SELECT 1 FROM main.key m WHERE m.id = s.id)"
/* The records that say so go with the keys themselves, and not before. */
#define HAS_ENDED                                                                                  \
        "EXISTS (SELECT 1 FROM main.audit a WHERE a.key = s.id AND a.key <> '' AND a.event IN "    \
        "('removed', 'revoked', 'expired', 'retired', 'idle') AND a.verdict = 'done')"

static int prepare_keys(struct store_fill *s) {
        bool keep = s->rules.keep_keys;
        struct store_columns columns;
        char list[STORE_LIST_LEN];
        sqlite3 *db = s->writer->db;
        int r;

        r = store_stmt_columns(db, "key", &columns);
        if (r < 0)
                return r;
        store_stmt_list(&columns, list);
        r = store_once(db, &s->pieces[STORE_PIECE_LIVE],
                       "INSERT INTO main." STORE_BESIDE
                       "key (%s) SELECT %s FROM main.key m WHERE " RANGE("m") " AND (%s OR %s)",
                       list, list, s->fleet ? "m.hosts <> ''" : "false",
                       keep ? "EXISTS (SELECT 1 FROM staging.key s WHERE s.id = m.id AND " LIFE(
                                      "s") " IS NOT " LIFE("m") ")"
                            : "false");
        for (unsigned again = 0; r >= 0 && again < 2; again++)
                r = store_once(db, &s->pieces[again ? STORE_PIECE_AGAIN : STORE_PIECE_FILE],
                               "INSERT OR IGNORE INTO main." STORE_BESIDE "key (%s) SELECT %s FROM "
                               "staging.key s WHERE " RANGE("s") "%s",
                               list, list,
                               !keep                       ? ""
                               : again || s->rules.forgets ? " AND " IS_HERE
                                                           : " AND (" IS_HERE " OR NOT " HAS_ENDED
                                                             ")");
        return r;
}

static int prepare_uses(struct store_fill *s) {
        struct store_columns columns;
        char list[STORE_LIST_LEN];
        sqlite3 *db = s->writer->db;
        int r;

        r = store_stmt_columns(db, "key_use", &columns);
        if (r < 0)
                return r;
        store_stmt_list(&columns, list);
        for (unsigned live = 0; r >= 0 && live < 2; live++)
                r = store_once(
                        db, &s->pieces[live ? STORE_PIECE_USE_LIVE : STORE_PIECE_USE],
                        "INSERT OR IGNORE INTO main." STORE_BESIDE
                        "key_use (%s) SELECT %s FROM %s.key_use "
                        "u WHERE " RANGE("u") " AND EXISTS (SELECT 1 FROM main." STORE_BESIDE
                                              "key i WHERE i.id = u.id AND (%s (i.hosts <> '') = "
                                              "%u))",
                        list, list, live ? "main" : "staging",
                        live && s->rules.keep_keys ? "true OR" : "", live);
        if (r >= 0)
                r = store_once(db, &s->pieces[STORE_PIECE_PEPPERS],
                               "INSERT OR IGNORE INTO temp." STORE_BESIDE
                               "pepper SELECT pepper FROM "
                               "main." STORE_BESIDE "key i WHERE " RANGE("i"));
        return r;
}

static int prepare_again(struct store_fill *s) {
        static const char *const names[] = { "main." STORE_BESIDE "key_use",
                                             "main." STORE_BESIDE "key",
                                             "temp." STORE_BESIDE "touched" };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ARRAY_LEN(names); i++)
                r = store_once(s->writer->db, &s->pieces[STORE_PIECE_NO_USE + i],
                               "DELETE FROM %s WHERE id BETWEEN ?1 AND ?2", names[i]);
        return r;
}

static int run_piece(struct store_fill *s, enum store_piece piece, const char *from,
                     const char *to) {
        sqlite3_stmt *stmt = s->pieces[piece];
        int r;

        store_once_again(stmt);
        r = store_stmt_error(sqlite3_bind_text(stmt, 1, from, -1, SQLITE_STATIC));
        if (r >= 0)
                r = store_stmt_error(sqlite3_bind_text(stmt, 2, to, -1, SQLITE_STATIC));
        if (r >= 0)
                r = store_stmt_step(stmt);
        store_once_again(stmt);
        return r;
}

/* What the keys from one id to another are to be. There is nothing of them in the tables beside.
 * ${again}: they were changed here, so one that is gone has ended. */
static int compose(struct store_fill *s, const char *from, const char *to, bool again) {
        int r = 0;

        if (s->fleet || s->rules.keep_keys)
                r = run_piece(s, STORE_PIECE_LIVE, from, to);
        if (r >= 0)
                r = run_piece(s, again ? STORE_PIECE_AGAIN : STORE_PIECE_FILE, from, to);
        /* Where a key was used last is known best here, unless all is to be as in the file. */
        if (r >= 0 && (s->fleet || s->rules.keep_keys))
                r = run_piece(s, STORE_PIECE_USE_LIVE, from, to);
        if (r >= 0)
                r = run_piece(s, STORE_PIECE_USE, from, to);
        return r < 0 ? r : run_piece(s, STORE_PIECE_PEPPERS, from, to);
}

/* The last id of the next piece: neither store has more keys up to there that have to be looked
 * at. */
static int find_end(struct store_fill *s, char end[static KEYTEXT_ID_LEN + 1]) {
        _cleanup_once_ sqlite3_stmt *stmt = NULL;
        int r;

        /* Ids are of letters and digits. */
        r = store_once(s->writer->db, &stmt,
                       "SELECT min(ifnull((SELECT id FROM staging.key WHERE id > ?1 ORDER BY id "
                       "LIMIT 1 OFFSET %d), '~'), ifnull((SELECT id FROM %s.key WHERE id > ?1 "
                       "ORDER BY id LIMIT 1 OFFSET %d), '~'))",
                       STORE_SWAP_PIECE - 1, s->fleet || s->rules.keep_keys ? "main" : "staging",
                       STORE_SWAP_PIECE - 1);
        if (r >= 0)
                r = store_stmt_error(sqlite3_bind_text(stmt, 1, s->after, -1, SQLITE_STATIC));
        if (r >= 0)
                r = store_stmt_step(stmt);
        return r < 0 ? r : store_stmt_text(stmt, 0, end, KEYTEXT_ID_LEN + 1);
}

static int fill_keys(struct store_fill *s) {
        char from[KEYTEXT_ID_LEN + 2], end[KEYTEXT_ID_LEN + 1];
        int r;

        /* behind that id, and before any other */
        (void) snprintf(from, sizeof(from), "%s%s", s->after, s->after[0] ? " " : "");
        r = find_end(s, end);
        if (r >= 0)
                r = compose(s, from, end, false);
        if (r < 0)
                return r;
        memcpy(s->after, end, sizeof(s->after));
        if (strcmp(end, "~") == 0)
                s->phase = STORE_FILL_REST;
        return 0;
}

/* --- Lists of revoked certificates --- */

static int put_serial(struct store_fill *s, sqlite3_stmt *get, sqlite3_stmt *put) {
        int r;

        if (sqlite3_column_bytes(get, 0) != sizeof(s->ca) ||
            (size_t) sqlite3_column_bytes(get, 1) > sizeof(s->serial))
                return -EUCLEAN;
        s->ca_len = sizeof(s->ca);
        s->serial_len = (size_t) sqlite3_column_bytes(get, 1);
        memcpy(s->ca, sqlite3_column_blob(get, 0), s->ca_len);
        memcpy(s->serial, sqlite3_column_blob(get, 1), s->serial_len);
        store_once_again(put);
        r = store_stmt_error(sqlite3_bind_blob(put, 1, s->ca, (int) s->ca_len, SQLITE_STATIC));
        if (r >= 0)
                r = store_stmt_error(
                        sqlite3_bind_blob(put, 2, s->serial, (int) s->serial_len, SQLITE_STATIC));
        return r < 0 ? r : store_stmt_step(put);
}

static int fill_lists(struct store_fill *s) {
        _cleanup_once_ sqlite3_stmt *get = NULL, *put = NULL;
        bool live = s->phase == STORE_FILL_LIVE_LISTS;
        int r, n = 0;

        r = store_once(s->writer->db, &get,
                       "SELECT ca, serial FROM %s.crl_serial WHERE (ca, serial) > (?1, ?2) AND ca "
                       "%s IN " STORE_SWAP_LISTS_STAY " ORDER BY ca, serial LIMIT %d",
                       live ? "main" : "staging", live ? "" : "NOT", STORE_SWAP_PIECE);
        if (r >= 0)
                r = store_once(s->writer->db, &put,
                               "INSERT OR IGNORE INTO main." STORE_BESIDE
                               "crl_serial (ca, serial) VALUES (?1, ?2)");
        if (r >= 0)
                r = store_stmt_error(
                        sqlite3_bind_blob(get, 1, s->ca, (int) s->ca_len, SQLITE_TRANSIENT));
        if (r >= 0)
                r = store_stmt_error(sqlite3_bind_blob(get, 2, s->serial, (int) s->serial_len,
                                                       SQLITE_TRANSIENT));
        while (r >= 0 && (r = store_stmt_step(get)) > 0) {
                r = put_serial(s, get, put);
                n++;
        }
        if (r >= 0 && n < STORE_SWAP_PIECE) {
                s->phase = live ? STORE_FILL_KEYS : STORE_FILL_LIVE_LISTS;
                s->ca_len = s->serial_len = 0;
        }
        return r;
}

/* --- What was changed in the meantime --- */

static int begin_lists_again(struct store_fill *s) {
        int r;

        r = store_stmt_exec(s->writer->db,
                            "DELETE FROM main." STORE_BESIDE "crl_serial;"
                            "DELETE FROM temp." STORE_BESIDE "touched WHERE id = ''");
        s->phase = STORE_FILL_LISTS;
        s->ca_len = s->serial_len = 0;
        return r;
}

static int again(struct store_fill *s, const char *id) {
        int r = 0;

        for (enum store_piece piece = STORE_PIECE_NO_USE; r >= 0 && piece <= STORE_PIECE_DONE;
             piece++)
                r = run_piece(s, piece, id, id);
        return r < 0 ? r : compose(s, id, id, true);
}

/* 0 when nothing was changed. */
static int next_touched(struct store_fill *s, char id[static KEYTEXT_ID_LEN + 1]) {
        _cleanup_once_ sqlite3_stmt *stmt = NULL;
        int r;

        r = store_once(s->writer->db, &stmt,
                       "SELECT id FROM temp." STORE_BESIDE "touched ORDER BY id LIMIT 1");
        if (r >= 0)
                r = store_stmt_step(stmt);
        if (r > 0)
                r = store_stmt_text(stmt, 0, id, KEYTEXT_ID_LEN + 1) ?: 1;
        return r;
}

static int fill_rest(struct store_fill *s) {
        char id[KEYTEXT_ID_LEN + 1];
        int r = 0;

        for (unsigned n = 0; n < STORE_SWAP_PIECE; n++) {
                r = next_touched(s, id);
                if (r <= 0)
                        return r;
                if (!id[0])
                        return begin_lists_again(s);
                r = again(s, id);
                if (r < 0)
                        return r;
        }
        return r;
}

static int next(struct store_fill *s) {
        switch (s->phase) {
        case STORE_FILL_LISTS:
        case STORE_FILL_LIVE_LISTS:
                return fill_lists(s);
        case STORE_FILL_KEYS:
                return fill_keys(s);
        case STORE_FILL_REST:
                return fill_rest(s);
        }
        return -EIO;
}

int store_fill_next(struct store_fill *s) {
        char id[KEYTEXT_ID_LEN + 1];
        struct store_fill before = *s;
        int r;

        if (s->phase == STORE_FILL_REST) {
                r = next_touched(s, id);
                if (r <= 0)
                        return r;
        }
        r = store_begin_lazily(s->writer);
        if (r >= 0)
                r = next(s);
        if (r >= 0)
                r = store_commit_quietly(s->writer);
        store_rollback(s->writer);
        if (r < 0) {
                *s = before;
                return r;
        }
        /* Nobody changes anything before this returns, so changes without end hold nothing up. */
        return s->phase == STORE_FILL_REST ? next_touched(s, id) : 1;
}

/* --- Its beginning and end --- */

int store_fill_prepare(struct store_fill *s) {
        int r;

        r = prepare_keys(s);
        if (r >= 0)
                r = prepare_uses(s);
        return r < 0 ? r : prepare_again(s);
}

void store_fill_done(struct store_fill *s) {
        for (size_t i = 0; i < ARRAY_LEN(s->pieces); i++) {
                (void) sqlite3_finalize(s->pieces[i]);
                s->pieces[i] = NULL;
        }
        store_swap_unwatch(s->writer);
}

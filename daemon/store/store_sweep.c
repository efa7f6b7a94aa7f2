/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds, marks and deletes keys that are due, each by an index. Decides nothing: the sweep says
 * what is due. */
#include <errno.h>
#include <inttypes.h>

#include "store/store_once.h"
#include "store/store_stmt.h"
#include "store/store_sweep.h"

int store_sweep_next(struct store *writer, enum store_sweep which, int64_t after, int64_t *ret) {
        static const enum stmt statements[] = {
                [STORE_SWEEP_END] = STMT_SWEEP_NEXT,
                [STORE_SWEEP_MADE] = STMT_SWEEP_OLDEST,
                [STORE_SWEEP_DEAD] = STMT_SWEEP_NEXT_DEAD,
                [STORE_SWEEP_PASSWORD] = STMT_SWEEP_NEXT_PASSWORD,
                [STORE_SWEEP_AUDIT] = STMT_SWEEP_NEXT_AUDIT,
                [STORE_SWEEP_NEWEST] = STMT_SWEEP_NEWEST,
        };
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, statements[which]);
        int r;

        if (which == STORE_SWEEP_PASSWORD || which == STORE_SWEEP_AUDIT) {
                r = store_stmt_error(sqlite3_bind_int64(stmt, 1, after));
                if (r < 0)
                        return r;
        }
        r = store_stmt_step(stmt);
        if (r <= 0)
                return r < 0 ? r : -EIO;
        if (sqlite3_column_type(stmt, 0) == SQLITE_NULL ||
            sqlite3_column_int64(stmt, 0) == INT64_MAX)
                return -ENOENT;
        *ret = sqlite3_column_int64(stmt, 0);
        return 0;
}

int store_sweep_has_removed(struct store *writer) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_SWEEP_REMOVED);
        int r = store_stmt_step(stmt);

        return r > 0 ? sqlite3_column_int(stmt, 0) != 0 : r < 0 ? r : -EIO;
}

static int each(sqlite3_stmt *stmt, int64_t max,
                int (*visit)(const struct key_record *key, void *userdata), void *userdata) {
        int r;

        r = store_stmt_error(sqlite3_bind_int64(stmt, 2, max));
        if (r < 0)
                return r;
        while ((r = store_stmt_step(stmt)) > 0) {
                struct key_record key = {};

                r = store_key_read(stmt, &key);
                if (r >= 0)
                        r = visit(&key, userdata);
                if (r != 0)
                        return r;
        }
        return r;
}

int store_sweep_each_ended(struct store *writer, int64_t end_by, int64_t made_by, int64_t max,
                           int (*visit)(const struct key_record *key, void *userdata),
                           void *userdata) {
        _cleanup_stmt_ sqlite3_stmt *ended = store_stmt(writer, STMT_SWEEP_ENDED);
        _cleanup_stmt_ sqlite3_stmt *made = store_stmt(writer, STMT_SWEEP_MADE);
        int r;

        if (sqlite3_bind_int64(ended, 1, end_by) != SQLITE_OK ||
            sqlite3_bind_int64(made, 1, made_by) != SQLITE_OK)
                return -ENOMEM;
        r = each(ended, max, visit, userdata);
        return r != 0 ? r : each(made, max, visit, userdata);
}

int store_sweep_each_undone(struct store *writer, int64_t after, int64_t max,
                            int (*visit)(const struct key_record *key, void *userdata),
                            void *userdata) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_SWEEP_UNDONE);

        if (sqlite3_bind_int64(stmt, 1, after) != SQLITE_OK)
                return -ENOMEM;
        return each(stmt, max, visit, userdata);
}

int store_sweep_each_made(struct store *writer, int64_t after, int64_t max,
                          int (*visit)(const struct key_record *key, void *userdata),
                          void *userdata) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_SWEEP_AHEAD);

        if (sqlite3_bind_int64(stmt, 1, after) != SQLITE_OK)
                return -ENOMEM;
        return each(stmt, max, visit, userdata);
}

int store_sweep_redate(struct store *writer, const struct key_record *key, int64_t now) {
        _cleanup_stmt_ sqlite3_stmt *own = store_stmt(writer, STMT_SWEEP_REDATE);
        _cleanup_stmt_ sqlite3_stmt *before = store_stmt(writer, STMT_SWEEP_REDATE_RETIRED);
        int r;

        if (sqlite3_bind_text(own, 1, key->id, -1, SQLITE_STATIC) != SQLITE_OK ||
            sqlite3_bind_int64(own, 2, now) != SQLITE_OK ||
            sqlite3_bind_text(before, 1, key->predecessor, -1, SQLITE_STATIC) != SQLITE_OK ||
            sqlite3_bind_int64(before, 2, now) != SQLITE_OK ||
            sqlite3_bind_int64(before, 3, key->created_at) != SQLITE_OK)
                return -ENOMEM;
        r = store_stmt_step(own);
        return r < 0 ? r : store_stmt_step(before);
}

int store_sweep_redate_use(struct store *writer, const char *id, int64_t now) {
        _cleanup_once_ sqlite3_stmt *stmt = NULL;
        int r;

        r = store_once(writer->db, &stmt, "UPDATE key_use SET last_at = %" PRId64 " WHERE id = ?1",
                       now);
        if (r < 0)
                return r;
        if (sqlite3_bind_text(stmt, 1, id, -1, SQLITE_STATIC) != SQLITE_OK)
                return -ENOMEM;
        return store_stmt_step(stmt);
}

int store_sweep_each_of(struct store *writer, const char *account, bool linked, const char *after,
                        int64_t max, int (*visit)(const struct key_record *key, void *userdata),
                        void *userdata) {
        _cleanup_stmt_ sqlite3_stmt *stmt =
                store_stmt(writer, linked ? STMT_SWEEP_LINKED : STMT_SWEEP_OF);

        if (sqlite3_bind_text(stmt, 1, account, -1, SQLITE_STATIC) != SQLITE_OK ||
            sqlite3_bind_text(stmt, 3, after, -1, SQLITE_STATIC) != SQLITE_OK)
                return -ENOMEM;
        return each(stmt, max, visit, userdata);
}

int store_sweep_mark(struct store *writer, const char *id, int64_t dead_at) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_SWEEP_MARK);

        if (sqlite3_bind_text(stmt, 1, id, -1, SQLITE_STATIC) != SQLITE_OK ||
            sqlite3_bind_int64(stmt, 2, dead_at) != SQLITE_OK)
                return -ENOMEM;
        return store_stmt_step(stmt);
}

int store_sweep_trusted_at(struct store *writer, int64_t *ret) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_SWEEP_TRUSTED_AT);
        int r = store_stmt_step(stmt);

        if (r <= 0)
                return r < 0 ? r : -EIO;
        *ret = sqlite3_column_int64(stmt, 0);
        return 0;
}

int store_sweep_set_trusted_at(struct store *writer, int64_t at) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_SWEEP_TRUST);

        if (sqlite3_bind_int64(stmt, 1, at) != SQLITE_OK)
                return -ENOMEM;
        return store_stmt_step(stmt);
}

static int purge(struct store *writer, sqlite3_stmt *stmt) {
        int r = store_stmt_step(stmt);

        return r != 0 ? (r < 0 ? r : -EIO) : sqlite3_changes(writer->db);
}

int store_sweep_purge_dead(struct store *writer, int64_t dead_by, int64_t max) {
        static const enum stmt statements[] = { STMT_SWEEP_KEEP_GONE, STMT_SWEEP_PURGE_DEAD };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ARRAY_LEN(statements); i++) {
                _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, statements[i]);

                if (sqlite3_bind_int64(stmt, 1, dead_by) != SQLITE_OK ||
                    sqlite3_bind_int64(stmt, 2, max) != SQLITE_OK)
                        return -ENOMEM;
                r = purge(writer, stmt);
        }
        return r;
}

int store_sweep_purge_removed(struct store *writer, int64_t max) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_SWEEP_PURGE_REMOVED);

        if (sqlite3_bind_int64(stmt, 1, max) != SQLITE_OK)
                return -ENOMEM;
        return purge(writer, stmt);
}

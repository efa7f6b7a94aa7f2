/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>

#include "store/store_stmt.h"

int store_policy_each(struct store *s,
                      int (*visit)(const char *name, int64_t value, int64_t changed_at,
                                   void *userdata),
                      void *userdata) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(s, STMT_POLICIES);
        char name[64];
        int r;

        while ((r = store_stmt_step(stmt)) > 0) {
                r = store_stmt_text(stmt, 0, name, sizeof(name));
                if (r >= 0)
                        r = visit(name, sqlite3_column_int64(stmt, 1),
                                  sqlite3_column_int64(stmt, 2), userdata);
                if (r != 0)
                        return r;
        }
        return r;
}

int store_policy_set(struct store *writer, const char *name, int64_t value, int64_t changed_at) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_POLICY_SET);

        if (sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC) != SQLITE_OK ||
            sqlite3_bind_int64(stmt, 2, value) != SQLITE_OK ||
            sqlite3_bind_int64(stmt, 3, changed_at) != SQLITE_OK)
                return -ENOMEM;
        return store_stmt_step(stmt);
}

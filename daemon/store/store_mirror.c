/* SPDX-License-Identifier: BSD-2-Clause */
/* The one row that says what was exported, and what was imported from where. Knows nothing of the
 * content. */
#include <errno.h>
#include <string.h>

#include "store/store_mirror.h"
#include "store/store_stmt.h"

int store_mirror_get(struct store *s, struct store_mirror *ret) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(s, STMT_MIRROR_GET);
        struct store_mirror mirror = {};
        int r;

        r = store_stmt_step(stmt);
        if (r < 0)
                return r;
        if (r > 0) {
                mirror.exported = (uint64_t) sqlite3_column_int64(stmt, 0);
                mirror.has_source = sqlite3_column_bytes(stmt, 1) == STORE_SOURCE_LEN;
                if (mirror.has_source)
                        r = store_stmt_blob(stmt, 1, mirror.source, STORE_SOURCE_LEN);
                if (r < 0)
                        return r;
                mirror.imported = (uint64_t) sqlite3_column_int64(stmt, 2);
                mirror.imported_at = sqlite3_column_int64(stmt, 3);
                mirror.backed_up_at = sqlite3_column_int64(stmt, 4);
        }
        *ret = mirror;
        return 0;
}

int store_mirror_put(struct store *writer, const struct store_mirror *mirror) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_MIRROR_PUT);

        if (sqlite3_bind_int64(stmt, 1, (int64_t) mirror->exported) != SQLITE_OK ||
            sqlite3_bind_blob(stmt, 2, mirror->source, mirror->has_source ? STORE_SOURCE_LEN : 0,
                              SQLITE_STATIC) != SQLITE_OK ||
            sqlite3_bind_int64(stmt, 3, (int64_t) mirror->imported) != SQLITE_OK ||
            sqlite3_bind_int64(stmt, 4, mirror->imported_at) != SQLITE_OK ||
            sqlite3_bind_int64(stmt, 5, mirror->backed_up_at) != SQLITE_OK)
                return -ENOMEM;
        return store_stmt_step(stmt);
}

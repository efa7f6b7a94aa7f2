/* SPDX-License-Identifier: BSD-2-Clause */
/* Prepares and ends statements of one use. Knows no table. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "store/store_once.h"

int store_once(sqlite3 *db, sqlite3_stmt **ret, const char *format, ...) {
        char sql[2 * STORE_LIST_LEN + 512];
        va_list ap;
        int n;

        va_start(ap, format);
        n = vsnprintf(sql, sizeof(sql), format, ap);
        va_end(ap);
        if (n < 0 || (size_t) n >= sizeof(sql))
                return -EIO;
        return store_stmt_error(sqlite3_prepare_v2(db, sql, -1, ret, NULL));
}

void store_once_again(sqlite3_stmt *stmt) {
        (void) sqlite3_reset(stmt);
        (void) sqlite3_clear_bindings(stmt);
}

void store_once_done(sqlite3_stmt **stmt) {
        (void) sqlite3_finalize(*stmt);
}

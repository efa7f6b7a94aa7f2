/* SPDX-License-Identifier: BSD-2-Clause */
/* Statements that are prepared for one use, where no login waits for them. For store_*.c alone. */
#pragma once

#include "store/store_stmt.h"

/**
 * store_once(db, ret, format, ...): prepares the statement that is printed by ${format}, which
 * has no text from outside. End it with _cleanup_once_. 0, or an error of the store.
 */
int store_once(sqlite3 *db, sqlite3_stmt **ret, const char *format, ...)
        __attribute__((format(printf, 3, 4))) _must_check_;

/**
 * store_once_again(stmt): another round, with new values.
 */
void store_once_again(sqlite3_stmt *stmt);

/**
 * store_once_done(stmt): ends it.
 */
void store_once_done(sqlite3_stmt **stmt);
#define _cleanup_once_ __attribute__((cleanup(store_once_done)))

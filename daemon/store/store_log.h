/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a log (-wal) belongs to the database beside it. SQLite does not ask: it puts the pages of
 * any log over any database. Over an older copy that makes a store in which changes are missing
 * that were in the database already, although its audit log ends with the newest record.
 *
 * So the one row of the table `log` gets a new random id with the first change of each log, and
 * says which one it had before. The database alone has the one or the other, unless it is another
 * one. For store.c, store_guard.c and bootstrap.c alone. */
#pragma once

#include "store/store.h"

/**
 * store_log_check(path): compares the two files as they are, so before SQLite opens the database in
 * this process: closing it takes away the locks that SQLite has on it. A log without an id, which
 * an older version wrote, fits. Returns 0; -ESTALE when the log was begun on another state of the
 * database; -EUCLEAN when that cannot be told, because the row in the database is damaged; another
 * negative errno.
 */
int store_log_check(const char *path) _must_check_;

/**
 * store_log_is_there(path): whether the database ${path} has a log that is not empty.
 */
bool store_log_is_there(const char *path);

/**
 * store_log_write_again(path, frames): after a sync of the log of the database ${path} that failed.
 * The kernel then takes its pages for written, and no later sync waits for them. So all that counts
 * in the log is written once more as it is, and synced. Nobody may write to it meanwhile. Returns
 * 0; -EIO when it has less than ${frames} frames, which were committed; another negative errno.
 */
int store_log_write_again(const char *path, int64_t frames) _must_check_;

/**
 * store_log_put_aside(path, now, aside, size): gives the log of the database ${path} the name
 * ${aside}: its own with STORE_LOG_ASIDE and a time behind it, which is ${now} or a little later.
 * No other file is overwritten. Returns 0; a negative errno.
 */
#define STORE_LOG_ASIDE ".replaced-"
int store_log_put_aside(const char *path, int64_t now, char *aside, size_t size) _must_check_;

/* SPDX-License-Identifier: BSD-2-Clause */
/* The versions of the schema. For store_*.c alone. */
#pragma once

#include "store/store_stmt.h"

#define STORE_SCHEMA_APPLICATION_ID 0x57464b31 /* "WFK1" */

/**
 * store_schema_newest(): the version that this build reads and writes.
 */
int64_t store_schema_newest(void);

/**
 * store_schema_fold_policies(db): folds the names of services in policies, in a database whose rows
 * come from another host. The migration to version 7 did the same to the rows of this host. 0, or
 * an error of the store.
 */
int store_schema_fold_policies(sqlite3 *db) _must_check_;

/**
 * store_schema_migrate(db, from, damaged): brings a database from version ${from} (0: empty) to the
 * newest in one transaction. Of a ${damaged} one rows are to be read, so nothing is done that
 * would read all rows: it gets no index, and its tables are not strict any more. 0, or an error of
 * the store: then nothing has changed.
 */
int store_schema_migrate(sqlite3 *db, int64_t from, bool damaged) _must_check_;

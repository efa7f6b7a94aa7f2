/* SPDX-License-Identifier: BSD-2-Clause */
/* The database of a reader stays mapped from one commit to the next. */
#pragma once

#include <sqlite3.h>

#include "attr.h"

/**
 * store_map(db):
 * Has ${db} read the database, which must be open, from memory. SQLite alone would map it anew
 * after each commit of somebody else, and find every page again by a fault. The mapping ends with
 * the connection. Where the database cannot be mapped, it is read as files are. Returns 0; -ENOMEM;
 * an error of the store.
 */
int store_map(sqlite3 *db) _must_check_;

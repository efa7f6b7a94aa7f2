/* SPDX-License-Identifier: BSD-2-Clause */
/* The copy of a store that is made before its schema changes, so that the older version can be
 * installed again. It is beside the database, and its name has the version of its schema. Only
 * people open it. */
#pragma once

#include "store/store.h"

/* The new version has served for so long when a copy is removed. */
#define STORE_COPY_DAYS 7

/**
 * store_copy_find(path, ret): whether there is a copy of the database ${path} that this build can
 * read. The name of the newest one is allocated, and the caller frees it.
 * Returns 0; -ENOENT; -ENOMEM.
 */
int store_copy_find(const char *path, char **ret) _must_check_;

/**
 * store_copy_served(writer, at): a login was accepted at ${at}, UNIX seconds by a clock that is
 * trusted. Removes the copies when this is late enough. A failure does no harm: the next login
 * tries again.
 */
void store_copy_served(struct store *writer, int64_t at);

/* --- For store.c --- */

/**
 * store_copy_make(s, version): copies the database of ${s}, whose schema is ${version}, with what
 * is in its log. On disk when this returns. Nobody may write meanwhile.
 * Returns 0; -ENOSR when there is no room; an error of the store. Then there is no new copy.
 */
int store_copy_make(struct store *s, int64_t version) _must_check_;

/**
 * store_copy_drop(path, version): removes the copy of that version of the database ${path}. A
 * failure does no harm.
 */
void store_copy_drop(const char *path, int64_t version);

/**
 * store_copy_made_at(path): when the newest copy of the database ${path} was made, UNIX seconds; 0
 * when there is none.
 */
int64_t store_copy_made_at(const char *path);

/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether the files that SQLite has open are still those of the state directory. A file that was
 * removed or replaced under the daemon takes every change, and the next start does not find it. For
 * store.c alone. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "attr.h"

enum store_files_which {
        STORE_FILES_DIR,
        STORE_FILES_DATABASE,
        STORE_FILES_LOG,
        _STORE_FILES_MAX,
};

/* What was there when the store was opened. A number of an open file is not used for another. */
struct store_files {
        struct {
                char *path; /* owned; NULL: not looked at */
                dev_t dev;
                ino_t ino;
        } of[_STORE_FILES_MAX];
        /* When the database was last written to, as far as is known. A copy that is written over
         * it with its old time is older. Another process with SQLite makes it newer, and does no
         * harm. */
        int64_t written_at;
};

/**
 * store_files_note(ret, path, log): notes the files of the database ${path}, which is open, with
 * its log where it has one. Returns 0; a negative errno. store_files_done(f) frees what it holds.
 */
int store_files_note(struct store_files *ret, const char *path, bool log) _must_check_;
void store_files_done(struct store_files *f);

/**
 * store_files_written(f): the writer itself has written to the database.
 */
void store_files_written(struct store_files *f);

/**
 * store_files_wrong(f): the first that is not what it was; _STORE_FILES_MAX when all are. A file
 * that cannot be looked at is wrong.
 */
enum store_files_which store_files_wrong(const struct store_files *f) _must_check_;

/**
 * store_files_has_log(f): whether the log that was noted is there.
 */
bool store_files_has_log(const struct store_files *f);

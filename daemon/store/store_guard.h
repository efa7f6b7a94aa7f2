/* SPDX-License-Identifier: BSD-2-Clause */
/* What a change needs beside SQLite: that the files which take it are those that the next start
 * will read, and room on the disk. Verifications ask for neither. */
#pragma once

#include "store/store.h"
#include "store/store_files.h"
#include "store/store_reserve.h"

/* The writer's. */
struct store_guard {
        bool on;
        struct store_files files;
        struct store_reserve reserve;
        /* as of the last look */
        enum store_files_which wrong;
        /* the disk is full: the reserve is not whole */
        bool low;
        uint64_t refused; /* transactions */
};

/* How a store is, for people and for monitoring. */
struct store_health {
        /* The path of the file that is not the one that is open, or NULL. Borrowed. */
        const char *lost;
        /* Why the files can only be read, an error of the store; 0: they can be written. */
        int read_only;
        /* the disk is full, and the reserve has so many bytes */
        bool low;
        int64_t reserve;
        /* transactions since the start, with those that were tried again */
        uint64_t refused;
};

/**
 * store_guard_start(writer): from now on a change is refused when the files are not those that
 * ${writer} has open, and the reserve is kept. Returns 0; a negative errno.
 */
int store_guard_start(struct store *writer) _must_check_;

/**
 * store_guard_health(writer, ret): looks at the files now.
 */
void store_guard_health(struct store *writer, struct store_health *ret);

/**
 * store_guard_make_room(writer, r):
 * A transaction that ends access, or a checkpoint, has failed with ${r}. Gives up a part of the
 * reserve if there was no room. Returns whether another attempt may succeed.
 */
bool store_guard_make_room(struct store *writer, int r);

/* For store.c. */

/**
 * store_guard_admit(writer, ends):
 * Whether a change may begin. Unless it ends access, the reserve must be whole. Returns 0;
 * -ENOMEDIUM; -ENOSPC; -EDQUOT.
 */
int store_guard_admit(struct store *writer, bool ends) _must_check_;

/**
 * store_guard_look(writer): 0, or -ENOMEDIUM when the files are not those that are open.
 */
int store_guard_look(struct store *writer) _must_check_;

/**
 * store_guard_unsynced(writer): a sync of the log has failed.
 * store_guard_sync(writer): after that, and before anything is put behind what the log has or is
 * moved from it: has it on the disk (store_log_write_again()). 0; a negative errno: it is not.
 */
void store_guard_unsynced(struct store *writer);
int store_guard_sync(struct store *writer) _must_check_;

/**
 * store_guard_reopened(writer): the files can be written again. 0; a negative errno.
 */
int store_guard_reopened(struct store *writer) _must_check_;

/**
 * store_guard_done(writer): looks at the files for the last time, and frees.
 */
void store_guard_done(struct store *writer);

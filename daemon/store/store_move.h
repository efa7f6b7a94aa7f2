/* SPDX-License-Identifier: BSD-2-Clause */
/* A thread that moves the log into the database. It waits for the disk, so the writer need not. It
 * has a connection of its own, which holds no lock that a change needs. SQLite uses the log anew
 * once all of it is moved: a change that comes meanwhile is left for the next time. Without this
 * thread store_checkpoint() and store_settle() do it themselves. */
#pragma once

#include <sqlite3.h>

#include "store/store.h"

/* What the writer knows of its log. */
struct store_log {
        /* at the last commit: pages in it, and those that are in the database as well */
        int pages, moved;
        /* so many times it was begun anew */
        unsigned round;
        /* commits that wrote something */
        uint64_t changes;
        struct store_mover *mover; /* NULL: the writer moves it */
        /* so many times in a row the mover did not catch up with the writer */
        unsigned behind;
};

/**
 * store_move_new(writer, on_moved, userdata):
 * Starts the thread. It calls ${on_moved} each time it has moved what it was asked to, whether that
 * succeeded or not. Returns 0, or a negative errno.
 */
int store_move_new(struct store *writer, void (*on_moved)(void *userdata),
                   void *userdata) _must_check_;

/**
 * store_move_free(writer): waits for what it does, and ends the thread if there is one.
 */
void store_move_free(struct store *writer);

/**
 * store_move_is_busy(writer): whether it moves something now, or nobody has taken note yet.
 */
bool store_move_is_busy(const struct store *writer);

/**
 * store_move_take(writer): takes note of what it has done, if anything.
 */
void store_move_take(struct store *writer);

/* For store_*.c. */

/**
 * store_move_ask(writer, settle):
 * Has all of the log moved, and what store_settle() keeps outside of the database written then if
 * ${settle}, unless the thread is busy. Returns whether it does that now or is busy; false: it
 * cannot, because there is no thread, the disk is full, or the files are not the right ones.
 */
bool store_move_ask(struct store *writer, bool settle) _must_check_;

/**
 * store_move_wait(writer): waits until the thread is not busy, and takes note.
 */
void store_move_wait(struct store *writer);

/**
 * store_move_note(writer, pages): a commit has written to the log, which has ${pages} pages now.
 */
void store_move_note(struct store *writer, int pages);

/**
 * store_move_due(writer, within_ms): the log is to be moved so soon, unless ${within_ms} is 0.
 */
void store_move_due(struct store *writer, unsigned within_ms);

/**
 * store_open_again(writer, ret):
 * Another connection to the database, for its log alone: it moves nothing when it is closed. 0; an
 * error of the store, e.g. when the files are not the writer's any more.
 */
int store_open_again(struct store *writer, sqlite3 **ret) _must_check_;

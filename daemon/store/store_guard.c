/* SPDX-License-Identifier: BSD-2-Clause */
/* Refuses changes that the next start would not find, and those for which there is no room. Says in
 * the log when that begins and ends. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/store_log.h"
#include "store/store_stmt.h"

int store_guard_start(struct store *writer) {
        struct store_guard *g = &writer->guard;
        int r;

        r = store_files_note(&g->files, writer->path, writer->read_only == 0);
        if (r < 0)
                return r;
        g->wrong = _STORE_FILES_MAX;
        r = store_reserve_init(&g->reserve, writer->path);
        if (r < 0)
                return r;
        g->on = true;
        if (writer->read_only != 0)
                log_message(MESSAGE_STORE_READ_ONLY, LOG_ERR,
                            "the key store can only be read, and no change is made: %s",
                            store_error_text(writer->read_only));
        /* A disk that is full stops no start. */
        (void) !store_guard_admit(writer, false);
        return 0;
}

static void say_files(const struct store_guard *g) {
        if (g->wrong == _STORE_FILES_MAX)
                log_message(
                        MESSAGE_STORE_BACK, LOG_NOTICE,
                        "the files of the key store are the right ones again: changes are made");
        else
                log_message(
                        MESSAGE_STORE_LOST, LOG_ALERT,
                        "'%s' was removed or replaced while wfapikeyd runs: changes are refused "
                        "until it is back, or wfapikeyd is restarted with the right files",
                        g->files.of[g->wrong].path);
}

int store_guard_look(struct store *writer) {
        struct store_guard *g = &writer->guard;
        enum store_files_which wrong;

        if (!g->on)
                return 0;
        wrong = store_files_wrong(&g->files);
        atomic_store_explicit(&writer->shared->foreign,
                              wrong == STORE_FILES_DIR || wrong == STORE_FILES_DATABASE,
                              memory_order_release);
        /* The log has no name any more, but the database is the right one: there the next start
         * finds what the log has. */
        if (wrong == STORE_FILES_LOG) {
                (void) sqlite3_wal_checkpoint_v2(writer->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL,
                                                 NULL);
                writer->log_moves = true;
                store_files_written(&g->files);
        }
        if (wrong != g->wrong) {
                g->wrong = wrong;
                say_files(g);
        }
        return wrong == _STORE_FILES_MAX ? 0 : -ENOMEDIUM;
}

static void set_low(struct store_guard *g, bool low) {
        if (low == g->low)
                return;
        g->low = low;
        if (low)
                log_message(MESSAGE_STORE_FULL, LOG_ALERT,
                            "the disk is full: only changes that end access are made, with the "
                            "reserve of the key store (%" PRId64 " KiB are left)",
                            g->reserve.size / 1024);
        else
                log_message(MESSAGE_STORE_BACK, LOG_NOTICE,
                            "the reserve of the key store is whole again: changes are made");
}

int store_guard_admit(struct store *writer, bool ends) {
        struct store_guard *g = &writer->guard;
        int r = store_guard_look(writer);

        if (r < 0 || !g->on || ends)
                return r;
        r = store_reserve_fill(&g->reserve);
        set_low(g, r < 0);
        return r;
}

bool store_guard_make_room(struct store *writer, int r) {
        struct store_guard *g = &writer->guard;
        int64_t before = g->reserve.size;
        bool room;

        if (!g->on || (r != -ENOSPC && r != -EDQUOT))
                return false;
        room = store_reserve_spend(&g->reserve);
        set_low(g, g->low || g->reserve.size < before);
        return room;
}

int store_guard_reopened(struct store *writer) {
        struct store_guard *g = &writer->guard;
        struct store_files files;
        int r;

        if (!g->on)
                return 0;
        r = store_files_note(&files, writer->path, true);
        if (r < 0)
                return r;
        store_files_done(&g->files);
        g->files = files;
        log_message(MESSAGE_STORE_BACK, LOG_NOTICE,
                    "the key store can be written again: changes are made");
        return 0;
}

void store_guard_unsynced(struct store *writer) {
        writer->unsynced = true;
        (void) sqlite3_db_config(writer->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

int store_guard_sync(struct store *writer) {
        int r;

        if (!writer->unsynced)
                return 0;
        r = store_log_write_again(writer->path, writer->frames);
        if (r < 0)
                return r;
        writer->unsynced = false;
        (void) sqlite3_db_config(writer->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
        return 0;
}

void store_guard_health(struct store *writer, struct store_health *ret) {
        const struct store_guard *g = &writer->guard;
        bool lost = store_guard_look(writer) < 0;

        *ret = (struct store_health){ .lost = lost ? g->files.of[g->wrong].path : NULL,
                                      .read_only = writer->read_only,
                                      .low = g->low,
                                      .reserve = g->reserve.size,
                                      .refused = g->refused };
}

/* The log of a database that was replaced would be taken for that of the one in its place. Pages of
 * both would make a store in which a key that was revoked is good. It is kept, because it may be
 * the one that somebody has restored. */
static void put_log_aside(const struct store_guard *g) {
        const char *log = g->files.of[STORE_FILES_LOG].path;
        char aside[PATH_MAX];

        if (!store_files_has_log(&g->files))
                return;
        if (store_log_put_aside(g->files.of[STORE_FILES_DATABASE].path, clock_now(), aside,
                                sizeof(aside)) >= 0)
                log_message(MESSAGE_STORE_LOST, LOG_ALERT,
                            "'%s' does not belong to the database that has taken the place of "
                            "ours: it is '%s' now",
                            log, aside);
        else
                log_message(MESSAGE_STORE_LOST, LOG_ALERT,
                            "'%s' does not belong to the database that has taken the place of "
                            "ours, and cannot be renamed: remove it",
                            log);
}

void store_guard_done(struct store *writer) {
        struct store_guard *g = &writer->guard;

        if (!g->on)
                return;
        if (store_guard_look(writer) < 0 && g->wrong == STORE_FILES_DATABASE)
                put_log_aside(g);
        g->on = false;
        store_files_done(&g->files);
        store_reserve_done(&g->reserve);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The thread, its connection, and what it gets from the writer and gives back. Must not know when
 * the log is long enough. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "store/store_audit.h"
#include "store/store_move.h"
#include "store/store_stmt.h"

enum state {
        STATE_REST,
        STATE_BUSY,
        STATE_DONE, /* the writer has not taken note yet */
        STATE_END,
};

/* Invariants: (1) the state changes under the mutex only; (2) what has no other comment is the
 * thread's in STATE_BUSY, and the writer's otherwise. */
struct store_mover {
        pthread_t thread;
        pthread_mutex_t mutex;
        pthread_cond_t changed;
        enum state state;
        sqlite3 *db; /* NULL until it is needed */
        int r, moved;
        bool all; /* of the log was moved */
        /* what to keep outside of the database; it is on disk already, or when all is moved */
        bool keep, on_disk;
        struct audit_mark mark;
        store_seen_fn *keep_seen;
        void *seen_userdata;
        /* the writer's: as it was when it asked */
        uint64_t changes;
        unsigned unsettled_ms, log_round;
        /* do not change */
        void (*on_moved)(void *userdata);
        void *userdata;
};

static enum state state_of(struct store_mover *m) {
        enum state state;

        (void) pthread_mutex_lock(&m->mutex);
        state = m->state;
        (void) pthread_mutex_unlock(&m->mutex);
        return state;
}

static void set_state(struct store_mover *m, enum state state) {
        (void) pthread_mutex_lock(&m->mutex);
        m->state = state;
        (void) pthread_cond_broadcast(&m->changed);
        (void) pthread_mutex_unlock(&m->mutex);
}

/* Returns what it is then. */
static enum state wait_while(struct store_mover *m, enum state a, enum state b) {
        enum state state;

        (void) pthread_mutex_lock(&m->mutex);
        while (m->state == a || m->state == b)
                (void) pthread_cond_wait(&m->changed, &m->mutex);
        state = m->state;
        (void) pthread_mutex_unlock(&m->mutex);
        return state;
}

/* --- The thread --- */

static void move(struct store_mover *m) {
        int rc, in_log = -1;

        m->moved = -1;
        errno = 0;
        rc = sqlite3_wal_checkpoint_v2(m->db, "main", SQLITE_CHECKPOINT_PASSIVE, &in_log,
                                       &m->moved);
        m->r = store_stmt_result(m->db, rc);
        m->all = m->r >= 0 && in_log >= 0 && in_log == m->moved;
        if (m->keep && (m->on_disk || m->all))
                m->keep_seen(m->mark.seq, m->mark.hash, m->seen_userdata);
}

static void *work(void *userdata) {
        struct store_mover *m = userdata;

        while (wait_while(m, STATE_REST, STATE_DONE) == STATE_BUSY) {
                move(m);
                set_state(m, STATE_DONE);
                m->on_moved(m->userdata);
        }
        return NULL;
}

int store_move_new(struct store *writer, void (*on_moved)(void *userdata), void *userdata) {
        struct store_mover *m = calloc(1, sizeof(*m));
        int r;

        if (!m)
                return -ENOMEM;
        m->mutex = (pthread_mutex_t) PTHREAD_MUTEX_INITIALIZER;
        m->changed = (pthread_cond_t) PTHREAD_COND_INITIALIZER;
        m->on_moved = on_moved;
        m->userdata = userdata;
        r = -pthread_create(&m->thread, NULL, work, m);
        if (r < 0) {
                free(m);
                return r;
        }
        writer->log.mover = m;
        return 0;
}

void store_move_free(struct store *writer) {
        struct store_mover *m = writer->log.mover;

        if (!m)
                return;
        store_move_wait(writer);
        set_state(m, STATE_END);
        (void) pthread_join(m->thread, NULL);
        (void) sqlite3_close(m->db);
        writer->log.mover = NULL;
        free(m);
}

/* --- The writer --- */

bool store_move_is_busy(const struct store *writer) {
        return writer->log.mover && state_of(writer->log.mover) != STATE_REST;
}

void store_move_take(struct store *writer) {
        struct store_mover *m = writer->log.mover;
        bool since;

        if (!m || state_of(m) != STATE_DONE)
                return;
        set_state(m, STATE_REST);
        store_files_written(&writer->guard.files);
        since = writer->log.changes != m->changes;
        if (!m->all)
                store_move_due(writer, m->unsettled_ms);
        else if (!since)
                writer->not_on_disk = false;
        if (m->r >= 0 && m->moved > 0 && m->log_round == writer->log.round) {
                writer->log.moved = m->moved;
                writer->wal_pages = writer->log.pages - m->moved;
        }
        /* Where that has failed or a snapshot holds the log, it is tried again after the next
         * change. */
        if (!since)
                writer->wal_pages = 0;
        writer->log.behind = m->r >= 0 && since ? writer->log.behind + 1 : 0;
}

void store_move_wait(struct store *writer) {
        if (!writer->log.mover)
                return;
        (void) wait_while(writer->log.mover, STATE_BUSY, STATE_BUSY);
        store_move_take(writer);
}

static bool can_move(struct store *writer) {
        struct store_mover *m = writer->log.mover;

        return writer->read_only == 0 && !writer->guard.low &&
               !atomic_load_explicit(&writer->shared->foreign, memory_order_acquire) &&
               (m->db || store_open_again(writer, &m->db) >= 0);
}

bool store_move_ask(struct store *writer, bool settle) {
        struct store_mover *m = writer->log.mover;

        if (!m)
                return false;
        store_move_take(writer);
        if (store_move_is_busy(writer))
                return true;
        if (!can_move(writer))
                return false;
        m->keep = settle && writer->keep_seen && store_audit_mark(writer, 0, &m->mark) >= 0;
        m->on_disk = !writer->not_on_disk;
        m->keep_seen = writer->keep_seen;
        m->seen_userdata = writer->seen_userdata;
        m->changes = writer->log.changes;
        m->log_round = writer->log.round;
        m->unsettled_ms = 0;
        if (settle) {
                m->unsettled_ms = writer->unsettled_ms;
                writer->unsettled_ms = 0;
        }
        set_state(m, STATE_BUSY);
        return true;
}

void store_move_note(struct store *writer, int pages) {
        /* it is used anew when all of it was moved */
        if (pages < writer->log.pages) {
                writer->log.moved = 0;
                writer->log.round++;
        }
        writer->log.pages = pages;
        writer->wal_pages = pages - writer->log.moved;
        writer->log.changes++;
}

void store_move_due(struct store *writer, unsigned within_ms) {
        if (within_ms > 0 && (writer->unsettled_ms == 0 || within_ms < writer->unsettled_ms))
                writer->unsettled_ms = within_ms;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens the database, and has its transactions, its snapshots, and the two small tables of peppers
 * and policies. Does not know what a policy means. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "notify.h"
#include "store/store_audit.h"
#include "store/store_bulk.h"
#include "store/store_check.h"
#include "store/store_copy.h"
#include "store/store_log.h"
#include "store/store_map.h"
#include "store/store_note.h"
#include "store/store_schema.h"
#include "store/store_stmt.h"
#include "store/store_swap.h"

/* A revocation that comes while the log is moved waits for that, and so it does for what others
 * have left in the log without waiting for the disk. So it is moved before it is long, although
 * each time costs two syncs. */
#define CHECKPOINT_PAGES 250

static void db_closep(sqlite3 **db) {
        (void) sqlite3_close(*db);
}

/* SQLite tells this file of the first damage that it meets. */
static atomic_flag heard = ATOMIC_FLAG_INIT;

static int db_open(const char *name, int flags, sqlite3 **ret) {
        __attribute__((cleanup(db_closep))) sqlite3 *db = NULL;
        int rc;

        /* Nobody reads SQLite's memory statistics, and they cost a lock shared by all connections
         * at every allocation. Only the first call has an effect. */
        (void) sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
        if (!atomic_flag_test_and_set(&heard))
                (void) sqlite3_config(SQLITE_CONFIG_LOG, store_check_hear, NULL);
        /* One thread at a time uses a connection, so SQLite need not lock. It may load and trust
         * nothing else. */
        errno = 0;
        rc = sqlite3_open_v2(name, &db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, NULL);
        if (rc != SQLITE_OK && db)
                return sqlite3_system_errno(db) == ENOENT ? -ENOENT : store_stmt_result(db, rc);
        if (rc != SQLITE_OK)
                return store_stmt_error(rc);
        (void) sqlite3_busy_timeout(db, 5000);
        (void) sqlite3_extended_result_codes(db, 1);
        (void) sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        (void) sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        *ret = take_ptr(db);
        return 0;
}

int store_create(const char *path, uint32_t pepper_id) {
        __attribute__((cleanup(db_closep))) sqlite3 *db = NULL;
        char sql[128];
        int64_t pages;
        int r;

        r = db_open(path, SQLITE_OPEN_READWRITE, &db);
        if (r >= 0)
                r = store_stmt_pragma(db, "PRAGMA page_count", &pages);
        if (r < 0)
                return r;
        if (pages > 0)
                return -EEXIST;
        (void) snprintf(sql, sizeof(sql), "PRAGMA synchronous = FULL; PRAGMA application_id = %d",
                        STORE_SCHEMA_APPLICATION_ID);
        r = store_stmt_exec(db, sql);
        if (r < 0)
                return r;
        r = store_schema_migrate(db, 0, false);
        if (r < 0)
                return r;
        (void) snprintf(sql, sizeof(sql), "INSERT INTO pepper (id) VALUES (%u)", pepper_id);
        return store_stmt_exec(db, sql);
}

/* Whether the database is ours, and its version. */
static int check_header(sqlite3 *db, int64_t *ret_version) {
        int64_t application_id, version;
        int r;

        r = store_stmt_pragma(db, "PRAGMA application_id", &application_id);
        if (r < 0)
                return r;
        if (application_id != STORE_SCHEMA_APPLICATION_ID)
                return -EMEDIUMTYPE;
        r = store_stmt_pragma(db, "PRAGMA user_version", &version);
        if (r < 0)
                return r;
        if (version > store_schema_newest())
                return -EPROTONOSUPPORT;
        if (version < 1)
                return -EUCLEAN;
        *ret_version = version;
        return 0;
}

static int on_wal(void *userdata, sqlite3 *db, const char *name, int pages) {
        struct store *s = userdata;

        (void) db;
        (void) name;
        s->wal_pages = s->frames = pages;
        s->not_on_disk = s->lazy;
        return SQLITE_OK;
}

static int configure(struct store *s) {
        /* The writer makes checkpoints when it has nothing better to do, never inside a commit. */
        static const char writer[] =
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
                "PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 16777216;"
                "PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY";
        static const char reader[] = "PRAGMA query_only = ON; PRAGMA wal_autocheckpoint = 0;"
                                     "PRAGMA temp_store = MEMORY";
        static const char staging[] = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
                                      "PRAGMA locking_mode = EXCLUSIVE; PRAGMA foreign_keys = ON;"
                                      "PRAGMA temp_store = MEMORY";

        int r;

        if (s->mode == STORE_READER)
                (void) sqlite3_busy_timeout(s->db, 20);
        if (s->mode == STORE_READER || s->read_only != 0) {
                r = store_stmt_exec(s->db, reader);
                /* A guest reads everything once. It is told of a page that cannot be read, and gets
                 * no signal. */
                return r < 0 || s->shared->foreign ? r : store_map(s->db);
        }
        if (s->mode == STORE_STAGING)
                return store_stmt_exec(s->db, staging);
        if (s->mode == STORE_JUDGED)
                return store_stmt_exec(s->db, "PRAGMA query_only = ON");
        r = store_stmt_exec(s->db, writer);
        /* replaces the hook of the automatic checkpoint, so it comes last */
        (void) sqlite3_wal_hook(s->db, on_wal, s);
        return r;
}

/* What the older version can use is kept, because it cannot read the newer schema. */
static int bring_up_to_date(struct store *s, int64_t version) {
        int r;

        if (s->read_only != 0)
                return s->read_only;
        notify_slow();
        r = store_copy_make(s, version);
        if (r < 0)
                return r;
        r = store_schema_migrate(s->db, version, s->shared->damaged);
        if (r < 0)
                store_copy_drop(s->path, version);
        return r;
}

/* Opens ${name}, which is the path or an URI of the database. */
static int connect_to(struct store *s, const char *name, int flags) {
        int64_t version;
        int r;

        r = db_open(name, flags, &s->db);
        if (r >= 0)
                r = check_header(s->db, &version);
        if (r >= 0)
                r = configure(s);
        if (r >= 0 && s->mode == STORE_WRITER && version < store_schema_newest())
                r = bring_up_to_date(s, version);
        return r < 0 ? r : store_stmt_prepare_all(s);
}

static void disconnect(struct store *s) {
        store_swap_free(s->swap);
        store_bulk_free(s->bulk);
        for (size_t i = 0; i < _STMT_MAX; i++) {
                (void) sqlite3_finalize(s->statements[i]);
                s->statements[i] = NULL;
        }
        /* The last connection to close moves the log into the database and removes it. It must not
         * do that to files of somebody else. What is empty may go. */
        if (s->db && (atomic_load_explicit(&s->shared->foreign, memory_order_acquire) ||
                      (s->mode == STORE_JUDGED && store_log_is_there(s->path))))
                (void) sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        (void) sqlite3_close(s->db);
        s->db = NULL;
}

/* Why no file can be made beside the database, or 0. SQLite's own error does not say it. */
static int cannot_make(const char *path) {
        char name[PATH_MAX];
        int fd;

        (void) snprintf(name, sizeof(name), "%s-try", path);
        fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return -errno;
        (void) close(fd);
        return unlink(name) < 0 ? -errno : 0;
}

static void write_uri(char *out, size_t size, const char *path) {
        size_t at = (size_t) snprintf(out, size, "file:");

        for (; *path && at + sizeof("%25?immutable=1") < size; path++)
                at += (size_t) snprintf(out + at, size - at, strchr("%?#", *path) ? "%%%02X" : "%c",
                                        (unsigned char) *path);
        (void) snprintf(out + at, size - at, "?immutable=1");
}

/* The database could not be opened: ${r}. After a clean end it is complete without a log. Where no
 * file can be made or written, it is read as it is. */
static int connect_read_only(struct store *s, int r) {
        char uri[3 * PATH_MAX];
        int why = r == -EACCES || r == -EIO ? cannot_make(s->path) : r;

        if ((why != -ENOSPC && why != -EDQUOT && why != -EROFS && why != -EACCES) ||
            s->mode == STORE_STAGING || store_log_is_there(s->path))
                return r;
        disconnect(s);
        write_uri(uri, sizeof(uri), s->path);
        s->read_only = why;
        return connect_to(s, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
}

int store_open(struct store **ret, const char *path, enum store_mode mode,
               struct store_shared *shared) {
        __attribute__((cleanup(store_freep))) struct store *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return -ENOMEM;
        s->mode = mode;
        s->shared = shared;
        s->path = strdup(path);
        if (!s->path)
                return -ENOMEM;
        s->log_moves = mode == STORE_WRITER;
        /* of a daemon that ended after a sync had failed, for all that is known */
        s->unsynced = mode == STORE_WRITER && store_log_is_there(path);
        r = connect_to(s, path, SQLITE_OPEN_READWRITE);
        if (r < 0)
                r = connect_read_only(s, r);
        if (r < 0)
                return r;
        /* SQLite reads what it cannot write. */
        if (s->read_only == 0 && sqlite3_db_readonly(s->db, NULL) == 1)
                s->read_only = -EROFS;
        if (mode == STORE_WRITER) {
                atomic_store_explicit(&shared->read_only, s->read_only != 0, memory_order_release);
                s->copied_at = store_copy_made_at(path);
        }
        *ret = take_ptr(s);
        return 0;
}

/* Tries to open for writing what could only be read. On failure all is as it was. */
static int reopen(struct store *s) {
        struct store fresh = { .mode = s->mode, .shared = s->shared, .path = s->path };
        int r;

        r = connect_to(&fresh, s->path, SQLITE_OPEN_READWRITE);
        if (r < 0 || sqlite3_db_readonly(fresh.db, NULL) == 1) {
                disconnect(&fresh);
                return s->read_only;
        }
        disconnect(s);
        s->db = fresh.db;
        s->lazy = false;
        s->frames = 0;
        memcpy(s->statements, fresh.statements, sizeof(s->statements));
        s->read_only = 0;
        if (s->mode != STORE_WRITER)
                return 0;
        (void) sqlite3_wal_hook(s->db, on_wal, s);
        r = store_guard_reopened(s);
        /* Readers do the same, because what they have open does not change. */
        atomic_store_explicit(&s->shared->read_only, false, memory_order_release);
        (void) atomic_fetch_add_explicit(&s->shared->generation, 1, memory_order_release);
        return r;
}

struct store *store_free(struct store *s) {
        if (!s)
                return NULL;
        store_guard_done(s);
        disconnect(s);
        free(s->path);
        free(s);
        return NULL;
}

void store_freep(struct store **s) {
        *s = store_free(*s);
}

void store_set_seal(struct store *writer, store_seal_fn *seal, void *userdata) {
        writer->seal = seal;
        writer->seal_userdata = userdata;
}

void store_set_seen(struct store *writer, store_seen_fn *seen, void *userdata) {
        writer->keep_seen = seen;
        writer->seen_userdata = userdata;
}

const char *store_error_text(int r) {
        switch (-r) {
        case ENOENT:
                return "it does not exist";
        case EMEDIUMTYPE:
                return "it is not a database of wfapikeyd";
        case EPROTONOSUPPORT:
                return "it was written by a newer version of wfapikeyd";
        case EUCLEAN:
                return "it is damaged; restart wfapikeyd, which mends what it can";
        case EBUSY:
                return "another process has locked it";
        case ENOSPC:
                return "the disk is full";
        case EDQUOT:
                return "the quota of the disk is used up";
        case ENOSR:
                return "an older version wrote it, and the disk has no room for the copy that is "
                       "made before it is brought up to date; the copy is as large as the store";
        case ENOMEDIUM:
                return "its files were removed or replaced while wfapikeyd runs";
        case EROFS:
                return "it cannot be written";
        case EACCES:
                return "it cannot be opened";
        case ENOMEM:
                return "out of memory";
        }
        return "input/output error";
}

const char *store_error_effect(int r) {
        return r == -ENOMEDIUM ? "no change is certain" : "nothing was changed";
}

/* SQLite takes this between two transactions only. */
static int set_lazy(struct store *writer, bool lazy) {
        int r;

        if (writer->lazy == lazy)
                return 0;
        r = store_stmt_exec(writer->db, lazy ? "PRAGMA main.synchronous = NORMAL"
                                             : "PRAGMA main.synchronous = FULL");
        /* Where that is not certain, no other transaction begins. */
        writer->lazy = lazy || r < 0;
        return r;
}

static int begin(struct store *writer, bool ends, bool lazy) {
        int r;

        if (writer->watched && !writer->swap && !writer->bulk)
                store_swap_unwatch(writer);
        r = store_guard_admit(writer, ends);
        if (r >= 0 && writer->read_only != 0)
                r = reopen(writer);
        if (r >= 0)
                r = store_guard_sync(writer);
        if (r >= 0)
                r = set_lazy(writer, lazy);
        if (r >= 0)
                r = store_stmt_run(writer, STMT_BEGIN_WRITE);
        if (r < 0)
                writer->guard.refused++;
        else
                writer->changes = sqlite3_total_changes64(writer->db);
        return r;
}

int store_begin(struct store *writer) {
        return begin(writer, false, false);
}

int store_begin_end(struct store *writer) {
        return begin(writer, true, false);
}

int store_begin_lazily(struct store *writer) {
        return begin(writer, false, true);
}

static void note_change(struct store *writer, unsigned within_ms) {
        if (writer->unsettled_ms == 0 || within_ms < writer->unsettled_ms)
                writer->unsettled_ms = within_ms;
}

/* What changes nothing writes nothing. */
static int commit(struct store *writer) {
        bool named = false;
        int r = store_chain_close(writer);

        if (r >= 0 && writer->log_moves && sqlite3_total_changes64(writer->db) != writer->changes) {
                r = store_stmt_run(writer, STMT_LOG_NEXT);
                named = true;
        }
        if (r >= 0)
                r = store_stmt_run(writer, STMT_COMMIT);
        if (r < 0 && sqlite3_extended_errcode(writer->db) == SQLITE_IOERR_FSYNC)
                store_guard_unsynced(writer);
        if (r >= 0 && named)
                writer->log_moves = false;
        return r;
}

int store_commit_quietly(struct store *writer) {
        int r = commit(writer);

        note_change(writer, STORE_SETTLE_QUIET_MS);

        if (r < 0)
                store_rollback(writer);
        else {
                if (writer->adding.last > 0)
                        atomic_store_explicit(&writer->shared->audit_seq, writer->adding.last,
                                              memory_order_release);
                r = store_guard_look(writer);
        }
        store_chain_forget(writer);
        if (r < 0)
                writer->guard.refused++;
        return r;
}

int store_commit(struct store *writer) {
        int r = store_commit_quietly(writer);

        /* What is in the wrong files counts until the end of this process. */
        if (r < 0 && r != -ENOMEDIUM)
                return r;
        (void) atomic_fetch_add_explicit(&writer->shared->generation, 1, memory_order_release);
        note_change(writer, STORE_SETTLE_MS);
        return r;
}

void store_rollback(struct store *writer) {
        store_chain_forget(writer);
        if (!sqlite3_get_autocommit(writer->db))
                (void) !store_stmt_run(writer, STMT_ROLLBACK);
}

static int try_to_move(struct store *writer, int *in_log, int *moved) {
        int rc;

        errno = 0;
        rc = sqlite3_wal_checkpoint_v2(writer->db, NULL, SQLITE_CHECKPOINT_PASSIVE, in_log, moved);
        writer->log_moves = true;
        /* The next change may begin a shorter log. */
        if (rc == SQLITE_OK && *in_log == *moved)
                writer->frames = 0;
        if (rc == SQLITE_IOERR_FSYNC)
                store_guard_unsynced(writer);
        store_files_written(&writer->guard.files);
        return store_stmt_result(writer->db, rc);
}

/* Moves the log into the database. Passive, so that it waits for nobody. On a full disk the reserve
 * makes room for it, because the log can be used anew then. */
static int move_log(struct store *writer, int *in_log, int *moved) {
        int r;

        /* Somebody may have restored an older copy in the place of the database. With these pages
         * in it, it would be neither. Where the log alone is gone, it is moved. */
        (void) !store_guard_look(writer);
        if (atomic_load_explicit(&writer->shared->foreign, memory_order_acquire))
                return -ENOMEDIUM;
        r = store_guard_sync(writer);
        if (r < 0)
                return r;
        r = try_to_move(writer, in_log, moved);
        if (writer->guard.low && store_guard_make_room(writer, r))
                r = try_to_move(writer, in_log, moved);
        return r;
}

void store_checkpoint(struct store *writer, bool idle) {
        int in_log, moved;

        /* By size, so that small changes do not cost a second sync each. */
        if (writer->wal_pages >= (idle ? 1 : 2) * CHECKPOINT_PAGES &&
            move_log(writer, &in_log, &moved) >= 0)
                writer->wal_pages = 0;
}

unsigned store_unsettled(const struct store *writer) {
        return writer->unsettled_ms;
}

void store_settle(struct store *writer) {
        int in_log = 0, moved = -1;
        struct audit_mark mark;

        if (move_log(writer, &in_log, &moved) >= 0 && in_log == moved) {
                writer->wal_pages = 0;
                writer->unsettled_ms = 0;
                writer->not_on_disk = false;
        } else if (writer->not_on_disk)
                return;
        if (writer->keep_seen && store_audit_mark(writer, 0, &mark) >= 0)
                writer->keep_seen(mark.seq, mark.hash, writer->seen_userdata);
}

void store_release(struct store *reader) {
        reader->last_id[0] = '\0';
        if (!reader->snapshot)
                return;
        /* A read transaction has nothing to lose by ending. */
        (void) !store_stmt_run(reader, STMT_COMMIT);
        reader->snapshot = !sqlite3_get_autocommit(reader->db);
}

int store_refresh(struct store *reader, bool *ret_changed) {
        /* First the counter, then the snapshot: a commit between the two is in this snapshot
         * already, and is reported again next time. */
        uint64_t generation =
                atomic_load_explicit(&reader->shared->generation, memory_order_acquire);
        bool changed = generation != reader->seen;
        int r;

        if (reader->snapshot && !changed) {
                *ret_changed = false;
                return 0;
        }
        store_release(reader);
        if (reader->snapshot)
                return -EIO;
        if (reader->read_only != 0 &&
            !atomic_load_explicit(&reader->shared->read_only, memory_order_acquire)) {
                r = reopen(reader);
                if (r < 0)
                        return r;
        }
        r = store_stmt_run(reader, STMT_BEGIN_READ);
        if (r < 0)
                return r;
        reader->snapshot = true;
        reader->seen = generation;
        *ret_changed = changed;
        return 0;
}

int store_pepper_each(struct store *s, int (*visit)(uint32_t pepper_id, void *userdata),
                      void *userdata) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(s, STMT_PEPPERS);
        int r;

        while ((r = store_stmt_step(stmt)) > 0) {
                r = visit((uint32_t) sqlite3_column_int64(stmt, 0), userdata);
                if (r < 0)
                        return r;
        }
        return r;
}

int store_policy_each(struct store *s,
                      int (*visit)(const char *name, int64_t value, int64_t changed_at,
                                   void *userdata),
                      void *userdata) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(s, STMT_POLICIES);
        char name[WIRE_SERVICE_MAX + 32]; /* "require-certificate:SERVICE" */
        int r;

        while ((r = store_stmt_step(stmt)) > 0) {
                r = store_stmt_text(stmt, 0, name, sizeof(name));
                if (r >= 0)
                        r = visit(name, sqlite3_column_int64(stmt, 1),
                                  sqlite3_column_int64(stmt, 2), userdata);
                if (r != 0)
                        return r;
        }
        return r;
}

int store_policy_set(struct store *writer, const char *name, int64_t value, int64_t changed_at) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_POLICY_SET);
        int r;

        r = store_delta_note_row(writer, "policy", name, strlen(name));
        if (r < 0)
                return r;
        if (sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC) != SQLITE_OK ||
            sqlite3_bind_int64(stmt, 2, value) != SQLITE_OK ||
            sqlite3_bind_int64(stmt, 3, changed_at) != SQLITE_OK)
                return -ENOMEM;
        return store_stmt_step(stmt);
}

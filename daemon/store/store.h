/* SPDX-License-Identifier: BSD-2-Clause */
/* The key store: one SQLite database, one writer connection on the writer thread, one reader
 * connection on the loop.
 *
 * Invariants: (1) when store_commit() has returned 0, the change is on disk; (2) the generation has
 * moved before store_commit() returns, and a reader that sees that renews its snapshot, so a lookup
 * that begins after a commit was acknowledged never sees the state before it; (3) a reader never
 * writes and never waits for a writer.
 *
 * Errors are the same everywhere: -ENOENT no such row; -EEXIST; -EBUSY; -ENOSPC; -EDQUOT a quota is
 * used up; -EROFS; -ENOMEDIUM the files were removed or replaced (store_guard.h); -EUCLEAN the
 * database is damaged; -ENOMEM; -EIO anything else that SQLite says. Other rooms see all headers
 * but store_stmt.h, store_chain.h, store_fill.h, store_files.h and store_reserve.h. */
#pragma once

#include "record_audit.h"

#define STORE_FILE_NAME "keys.db" /* in the state directory */

enum store_mode {
        STORE_READER,
        STORE_WRITER,
        /* for one import alone, and not durable: a whole store is put together in it */
        STORE_STAGING,
        /* for store_pepper_each() and store_audit_mark() alone: of any schema with an audit log,
         * and without a change to the files, not even that the log is moved at the end */
        STORE_JUDGED,
};

/* What readers and the writer of one database share. */
struct store_shared {
        _Atomic uint64_t generation;
        /* the last record committed to the audit log since the start; 0: none was */
        _Atomic int64_t audit_seq;
        /* The writer can only read the database as it is. */
        _Atomic bool read_only;
        /* Seconds of CLOCK_BOOTTIME: the keys of the fleet were last known to be current then.
         * INT64_MIN: that is not known. */
        _Atomic int64_t fleet_at;
        /* The database on the disk is not the one that is open. */
        _Atomic bool foreign;
        /* It is opened to be salvaged. */
        bool damaged;
};

struct store;

/**
 * store_create(path, pepper_id):
 * Makes a database without keys from the empty file at ${path}, whose mode it keeps. Its keys will
 * be digested with the pepper ${pepper_id}. On disk when this returns.
 * Returns 0; -ENOENT; -EEXIST when there is a database already; an error of the store.
 */
int store_create(const char *path, uint32_t pepper_id) _must_check_;

/**
 * store_open(ret, path, mode, shared):
 * Opens the database, which must be there, and prepares all its statements. A writer brings an
 * older schema up to date first, and keeps a copy of it (store_copy.h), so open the writer before
 * the readers. ${shared} must outlive the store. Where nothing can be written, a database that was
 * closed well is opened for reading. Then store_begin() gives the reason, until it finds that the
 * database can be written. Returns 0; -ENOENT; -EMEDIUMTYPE when it is no database of ours;
 * -EPROTONOSUPPORT when a newer version made it; -ENOSR when there is no room for the copy;
 * -EUCLEAN; an error of the store.
 */
int store_open(struct store **ret, const char *path, enum store_mode mode,
               struct store_shared *shared) _must_check_;
struct store *store_free(struct store *s);
void store_freep(struct store **s);

/* Makes 32 bytes from ${len} bytes. Nobody who lacks its key can make the same. */
typedef void store_seal_fn(const void *in, size_t len, uint8_t out[static RECORD_DIGEST_LEN],
                           void *userdata);

/**
 * store_set_seal(writer, seal, userdata): the function that seals the audit log. ${userdata} must
 * outlive the store. Without it no record can be added.
 */
void store_set_seal(struct store *writer, store_seal_fn *seal, void *userdata);

/* Keeps the number and the seal of the last record of the audit log outside of the database. */
typedef void store_seen_fn(int64_t seq, const uint8_t hash[static RECORD_DIGEST_LEN],
                           void *userdata);

/**
 * store_set_seen(writer, seen, userdata): what store_settle() calls. ${userdata} must outlive the
 * store.
 */
void store_set_seen(struct store *writer, store_seen_fn *seen, void *userdata);

/**
 * store_error_text(r), store_error_effect(r): a sentence for one of the errors above, and one for
 * what became of the change that failed. Static storage.
 */
const char *store_error_text(int r);
const char *store_error_effect(int r);

/**
 * store_begin(writer), store_commit(writer), store_rollback(writer):
 * One transaction of the writer. When the commit fails, nothing has changed. The exception is
 * -ENOMEDIUM: the change counts for this process, and the next start does not find it. A rollback
 * outside a transaction does no harm.
 */
int store_begin(struct store *writer) _must_check_;

/**
 * store_begin_end(writer): begins a transaction that ends somebody's access. When there is no room
 * for it, store_guard_make_room() makes some for another attempt.
 */
int store_begin_end(struct store *writer) _must_check_;
int store_commit(struct store *writer) _must_check_;
void store_rollback(struct store *writer);

/**
 * store_begin_lazily(writer): begins a transaction whose commit does not wait for the disk: for
 * what can be done again after a crash, and for nobody who is told that it is done. It is on disk
 * with the next other transaction at the latest, and never after that one.
 */
int store_begin_lazily(struct store *writer) _must_check_;

/**
 * store_commit_quietly(writer): commits what no verification reads, so readers need not renew their
 * snapshot.
 */
int store_commit_quietly(struct store *writer) _must_check_;

/**
 * store_checkpoint(writer, idle): moves what the log has gathered into the database, when there is
 * enough of it. ${idle} says that nobody waits: then less is enough. A failure does no harm, the
 * log just grows.
 */
void store_checkpoint(struct store *writer, bool idle);

/* People copy the file of the database alone, and the log beside it would be missing. So the log is
 * moved soon: milliseconds after a change that verifications see, and after another one. */
#define STORE_SETTLE_MS       1000
#define STORE_SETTLE_QUIET_MS 60000

/**
 * store_unsettled(writer): 0; or how long the database may wait for what is in the log alone.
 * store_settle(writer): moves all of the log into the database, and has the last audit record kept
 * outside of it (store_set_seen()). A failure does no harm: it stays unsettled.
 */
unsigned store_unsettled(const struct store *writer);
void store_settle(struct store *writer);

/**
 * store_refresh(reader, ret_changed):
 * Makes the next lookup see everything that was acknowledged before this call. Says whether
 * anything was committed since the last call. Returns 0, or an error of the store: then look
 * nothing up.
 */
int store_refresh(struct store *reader, bool *ret_changed) _must_check_;

/**
 * store_release(reader): lets go of the snapshot, so that the log can be used anew. The next
 * store_refresh() takes another.
 */
void store_release(struct store *reader);

/**
 * store_pepper_each(s, visit, userdata): the ids of the peppers that keys are digested with. Stops
 * when ${visit} returns negative, and returns that.
 */
int store_pepper_each(struct store *s, int (*visit)(uint32_t pepper_id, void *userdata),
                      void *userdata) _must_check_;

/**
 * store_policy_each(s, visit, userdata): the policies that were ever set: name, value, and when it
 * changed. Returns 0, or what ${visit} returned, or an error of the store.
 */
int store_policy_each(struct store *s,
                      int (*visit)(const char *name, int64_t value, int64_t changed_at,
                                   void *userdata),
                      void *userdata) _must_check_;

/**
 * store_policy_set(writer, name, value, changed_at): inside a transaction.
 */
int store_policy_set(struct store *writer, const char *name, int64_t value,
                     int64_t changed_at) _must_check_;

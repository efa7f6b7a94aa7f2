/* The key store: one SQLite database, one writer connection on the writer thread, one reader connection on the loop.
 *
 * Invariants: (1) what store_commit() has returned 0 for is on disk; (2) the generation has moved before store_commit() returns, and a
 * reader renews its snapshot when it sees that, so no lookup that begins after a commit's acknowledgement sees the state
 * before it; (3) a reader never writes and never waits for a writer.
 *
 * Errors are the same everywhere: -ENOENT no such row; -EEXIST; -EBUSY; -ENOSPC; -EROFS; -EUCLEAN the database is damaged;
 * -ENOMEM; -EIO anything else that SQLite says. store.h is all that the other layers see. */
#pragma once

#include "record.h"

enum store_mode {
        STORE_READER,
        STORE_WRITER,
};

/* What readers and the writer of one database share. */
struct store_shared {
        _Atomic uint64_t generation;
};

struct store;

/**
 * store_create(path, pepper_id):
 * Makes a database without keys of the empty file at ${path}, whose mode it keeps; its keys will be digested with the pepper
 * ${pepper_id}. On disk when this returns.
 * Returns 0; -ENOENT; -EEXIST when there is a database already; an error of the store.
 */
int store_create(const char *path, uint32_t pepper_id) _must_check_;

/**
 * store_open(ret, path, mode, shared):
 * Opens the database, which must be there, and prepares all that will be asked. A writer brings an older schema up to date first,
 * so the writer is opened before the readers. ${shared} must outlive the store.
 * Returns 0; -ENOENT; -EMEDIUMTYPE when it is no database of ours; -EPROTONOSUPPORT when it is of a newer version; -EUCLEAN; an
 * error of the store.
 */
int store_open(struct store **ret, const char *path, enum store_mode mode,
               struct store_shared *shared) _must_check_;
struct store *store_free(struct store *s);
void store_freep(struct store **s);

/**
 * store_error_text(r): a sentence for one of the errors above. Static storage.
 */
const char *store_error_text(int r);

/**
 * store_check(writer): looks through a database of up to 32 MiB for damage; a larger one takes too long at a start.
 * Returns 0; -EUCLEAN; an error of the store.
 */
int store_check(struct store *writer) _must_check_;

/**
 * store_begin(writer), store_commit(writer), store_rollback(writer):
 * One transaction of the writer. When the commit fails nothing has changed. The rollback is harmless outside a transaction.
 */
int store_begin(struct store *writer) _must_check_;
int store_commit(struct store *writer) _must_check_;
void store_rollback(struct store *writer);

/**
 * store_commit_quietly(writer): a commit of what no verification looks at, so that readers need not renew their snapshot.
 */
int store_commit_quietly(struct store *writer) _must_check_;

/**
 * store_checkpoint(writer, idle): moves what the log has gathered into the database, when there is enough of it; ${idle} says whether nobody
 * waits, so that less is enough. Failing does no harm: the log just grows.
 */
void store_checkpoint(struct store *writer, bool idle);

/**
 * store_refresh(reader, ret_changed):
 * Makes the next lookup see everything that was acknowledged before this call; says whether anything was committed since the last
 * one. Returns 0, or an error of the store: then nothing may be looked up.
 */
int store_refresh(struct store *reader, bool *ret_changed) _must_check_;

/**
 * store_release(reader): lets go of the snapshot, so that the log can be used anew. The next store_refresh() takes another.
 */
void store_release(struct store *reader);

/**
 * store_pepper_each(s, visit, userdata): the ids of the peppers that keys are digested with; stops when ${visit} returns
 * negative, and returns that.
 */
int store_pepper_each(struct store *s, int (*visit)(uint32_t pepper_id, void *userdata),
                      void *userdata) _must_check_;

/* --- Keys (store_key.c) -------------------------------------------------------------------------------------------- */

/**
 * store_key_get(s, id, ret): the key's row, without its uses. Returns 0; -ENOENT; an error of the store.
 */
int store_key_get(struct store *s, const char *id, struct key_record *ret) _must_check_;

/**
 * store_key_get_used(writer, id, ret): the same with its uses.
 */
int store_key_get_used(struct store *writer, const char *id, struct key_record *ret) _must_check_;

/**
 * store_key_each(writer, owner, after, visit, userdata):
 * Visits the keys with their uses in order of id: those of ${owner} (NULL: everybody's) that come after the id ${after} ("" for
 * the start). Ends when ${visit} returns other than 0, and returns that; else 0 or an error of the store.
 */
int store_key_each(struct store *writer, const char *owner, const char *after,
                   int (*visit)(const struct key_record *key, void *userdata), void *userdata) _must_check_;

/**
 * store_key_insert(writer, key): inside a transaction. Returns 0; -EEXIST when the id is taken or the schema
 * refuses the row; an error of the store.
 */
int store_key_insert(struct store *writer, const struct key_record *key) _must_check_;

/**
 * store_key_update(writer, key): writes name, digest, pepper, status, reason and updated_at of an existing key, inside a transaction. A
 * revoked key stays revoked whatever ${key} says.
 * Returns 0; -ENOENT; an error of the store.
 */
int store_key_update(struct store *writer, const struct key_record *key) _must_check_;

/**
 * store_key_delete(writer, id): removes a key and its uses, inside a transaction. Returns 0; -ENOENT; an error of the store.
 */
int store_key_delete(struct store *writer, const char *id) _must_check_;

/**
 * store_key_used(writer, use, count): notes that a key was used ${count} times, last as ${use} says; inside a transaction. A key
 * that is gone is no error.
 */
int store_key_used(struct store *writer, const struct key_use *use, uint64_t count) _must_check_;

/* --- Policy (store_policy.c) --------------------------------------------------------------------------------------- */

/**
 * store_policy_each(s, visit, userdata): the policies that were ever set: name, value, when it changed. Returns 0, or what ${visit}
 * returned, or an error of the store.
 */
int store_policy_each(struct store *s,
                      int (*visit)(const char *name, int64_t value, int64_t changed_at, void *userdata),
                      void *userdata) _must_check_;

/**
 * store_policy_set(writer, name, value, changed_at): inside a transaction.
 */
int store_policy_set(struct store *writer, const char *name, int64_t value, int64_t changed_at) _must_check_;

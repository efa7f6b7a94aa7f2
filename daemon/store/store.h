/* SPDX-License-Identifier: BSD-2-Clause */
/* The key store: one SQLite database, one writer connection on the writer thread, one reader
 * connection on the loop.
 *
 * Invariants: (1) what store_commit() has returned 0 for is on disk; (2) the generation has
 * moved before store_commit() returns, and a reader renews its snapshot when it sees that, so no
 * lookup that begins after a commit's acknowledgement sees the state before it; (3) a reader
 * never writes and never waits for a writer.
 *
 * Errors are the same everywhere: -ENOENT no such row; -EEXIST; -EBUSY; -ENOSPC; -EROFS;
 * -EUCLEAN the database is damaged;
 * -ENOMEM; -EIO anything else that SQLite says. store.h is all that the other layers see. */
#pragma once

#include "record.h"

#define STORE_FILE_NAME "keys.db" /* in the state directory */

enum store_mode {
        STORE_READER,
        STORE_WRITER,
        /* nobody else's and not durable: what a whole store is put together in */
        STORE_STAGING,
};

/* What readers and the writer of one database share. */
struct store_shared {
        _Atomic uint64_t generation;
        /* the last record that was committed to the audit log since the start; 0: none was */
        _Atomic int64_t audit_seq;
};

struct store;

/**
 * store_create(path, pepper_id):
 * Makes a database without keys of the empty file at ${path}, whose mode it keeps; its keys will
 * be digested with the pepper ${pepper_id}. On disk when this returns.
 * Returns 0; -ENOENT; -EEXIST when there is a database already; an error of the store.
 */
int store_create(const char *path, uint32_t pepper_id) _must_check_;

/**
 * store_open(ret, path, mode, shared):
 * Opens the database, which must be there, and prepares all that will be asked. A writer brings
 * an older schema up to date first, so the writer is opened before the readers. ${shared} must
 * outlive the store.
 * Returns 0; -ENOENT; -EMEDIUMTYPE when it is no database of ours; -EPROTONOSUPPORT when it is
 * of a newer version; -EUCLEAN; an error of the store.
 */
int store_open(struct store **ret, const char *path, enum store_mode mode,
               struct store_shared *shared) _must_check_;
struct store *store_free(struct store *s);
void store_freep(struct store **s);

/* Makes 32 bytes of ${len} others that nobody can make who has not its key. */
typedef void store_seal_fn(const void *in, size_t len, uint8_t out[static RECORD_DIGEST_LEN],
                           void *userdata);

/**
 * store_set_seal(writer, seal, userdata): what the audit log is sealed with; ${userdata} must
 * outlive the store. Without it no record can be added.
 */
void store_set_seal(struct store *writer, store_seal_fn *seal, void *userdata);

/**
 * store_error_text(r): a sentence for one of the errors above. Static storage.
 */
const char *store_error_text(int r);

/**
 * store_check(writer): looks through a database of up to 32 MiB for damage; a larger one takes
 * too long at a start.
 * Returns 0; 1 when it is larger than that; -EUCLEAN; an error of the store.
 */
int store_check(struct store *writer) _must_check_;

/**
 * store_begin(writer), store_commit(writer), store_rollback(writer):
 * One transaction of the writer. When the commit fails nothing has changed. The rollback is
 * harmless outside a transaction.
 */
int store_begin(struct store *writer) _must_check_;
int store_commit(struct store *writer) _must_check_;
void store_rollback(struct store *writer);

/**
 * store_commit_quietly(writer): a commit of what no verification looks at, so that readers need
 * not renew their snapshot.
 */
int store_commit_quietly(struct store *writer) _must_check_;

/**
 * store_checkpoint(writer, idle): moves what the log has gathered into the database, when there
 * is enough of it; ${idle} says whether nobody waits, so that less is enough. Failing does no
 * harm: the log just grows.
 */
void store_checkpoint(struct store *writer, bool idle);

/**
 * store_refresh(reader, ret_changed):
 * Makes the next lookup see everything that was acknowledged before this call; says whether
 * anything was committed since the last one. Returns 0, or an error of the store: then nothing
 * may be looked up.
 */
int store_refresh(struct store *reader, bool *ret_changed) _must_check_;

/**
 * store_release(reader): lets go of the snapshot, so that the log can be used anew. The next
 * store_refresh() takes another.
 */
void store_release(struct store *reader);

/**
 * store_pepper_each(s, visit, userdata): the ids of the peppers that keys are digested with;
 * stops when ${visit} returns negative, and returns that.
 */
int store_pepper_each(struct store *s, int (*visit)(uint32_t pepper_id, void *userdata),
                      void *userdata) _must_check_;

/* --- Keys (store_key.c) --- */

/**
 * store_key_get(s, id, ret):
 * The key's row, without its uses; for a verification: also one that was removed with all
 * others, as long as it is there. What shows and changes keys asks the functions below, which do
 * not know those.
 * Returns 0; -ENOENT; an error of the store.
 */
int store_key_get(struct store *s, const char *id, struct key_record *ret) _must_check_;

/**
 * store_key_get_used(writer, id, ret): the same with its uses.
 */
int store_key_get_used(struct store *writer, const char *id, struct key_record *ret) _must_check_;

/**
 * store_key_count(writer, ret): how many keys there are, dead ones among them, without those
 * that were removed.
 */
int store_key_count(struct store *writer, uint64_t *ret) _must_check_;

/**
 * store_key_newest(writer, ret): when a key was last made or changed; 0 where there is none.
 * Looks at every key.
 */
int store_key_newest(struct store *writer, int64_t *ret) _must_check_;

/**
 * store_key_each(writer, owner, after, visit, userdata):
 * Visits the keys with their uses in order of id: those of ${owner} (NULL: everybody's) that
 * come after the id ${after} ("" for the start). Ends when ${visit} returns other than 0, and
 * returns that; else 0 or an error of the store.
 */
int store_key_each(struct store *writer, const char *owner, const char *after,
                   int (*visit)(const struct key_record *key, void *userdata),
                   void *userdata) _must_check_;

/**
 * store_key_each_life(writer, after, max, visit, userdata):
 * At most ${max} keys in order of id from behind ${after}, for those who count: of a record only
 * id, status, created_at, expires_at, bound_at and retires_at are there. Half a microsecond for
 * each. Returns how many it has visited, fewer than ${max} at the end; an error of the store.
 */
int store_key_each_life(struct store *writer, const char *after, int64_t max,
                        void (*visit)(const struct key_record *key, void *userdata),
                        void *userdata) _must_check_;

/**
 * store_key_each_own(writer, uid, after, visit, userdata):
 * The same for the keys of the accounts that have the number ${uid} now, and had it when the key
 * was made.
 */
int store_key_each_own(struct store *writer, uid_t uid, const char *after,
                       int (*visit)(const struct key_record *key, void *userdata),
                       void *userdata) _must_check_;

/**
 * store_key_insert(writer, key): inside a transaction. Returns 0; -EEXIST when the id is taken
 * or the schema refuses the row; an error of the store.
 */
int store_key_insert(struct store *writer, const struct key_record *key) _must_check_;

/**
 * store_key_update(writer, key):
 * Writes name, digest, pepper, status, reason, successor, retires_at, dead_at, certificate_need,
 * certificate and updated_at of an existing key, inside a transaction. A revoked key stays
 * revoked whatever ${key} says.
 * Returns 0; -ENOENT; an error of the store.
 */
int store_key_update(struct store *writer, const struct key_record *key) _must_check_;

/**
 * store_key_delete(writer, id): removes a key and its uses, inside a transaction. Returns 0;
 * -ENOENT; an error of the store.
 */
int store_key_delete(struct store *writer, const char *id) _must_check_;

/**
 * store_key_used(writer, use, count): notes that a key was used ${count} times, last as ${use}
 * says; inside a transaction. A key that is gone is no error.
 */
int store_key_used(struct store *writer, const struct key_use *use, uint64_t count) _must_check_;

/* --- Policy (store_policy.c) --- */

/**
 * store_policy_each(s, visit, userdata): the policies that were ever set: name, value, when it
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

/* --- Certificates and revocation lists (store_cert.c) --- */

#define STORE_CERTS_MAX 256

/* What is called for a certificate; ${der} is borrowed for the call. */
typedef int store_cert_fn(const struct cert_record *cert, const uint8_t *der, size_t len,
                          void *userdata);

/**
 * store_cert_get(s, thumbprint, ret, ret_der):
 * A registered certificate, and its bytes, at most ${WIRE_CERTIFICATE_MAX}, unless ${ret_der} is
 * NULL. Returns how many these are; -ENOENT; an error of the store.
 */
ssize_t store_cert_get(struct store *s, const uint8_t thumbprint[static RECORD_THUMBPRINT_LEN],
                       struct cert_record *ret, uint8_t *ret_der) _must_check_;

/**
 * store_cert_each_of_key(s, hash, ssh, visit, userdata):
 * The client certificates with the public key that has this ${hash}, as SSH writes it (${ssh})
 * or as SubjectPublicKeyInfo, those that end last first. Ends when ${visit} returns other than
 * 0, and returns that; else 0 or an error of the store.
 */
int store_cert_each_of_key(struct store *s, const uint8_t hash[static RECORD_HASH_LEN], bool ssh,
                           store_cert_fn *visit, void *userdata) _must_check_;

/**
 * store_cert_each_ca(s, visit, userdata), store_cert_each(writer, visit, userdata): the
 * registered CAs; all certificates, by kind and name. As above.
 */
int store_cert_each_ca(struct store *s, store_cert_fn *visit, void *userdata) _must_check_;
int store_cert_each(struct store *writer, store_cert_fn *visit, void *userdata) _must_check_;

struct store_cert_sum {
        uint64_t clients, cas;
        /* of a certificate that has not ended yet; INT64_MAX: there is none */
        int64_t next_end;
        /* of a revocation list, also when it is past; INT64_MAX: there is none */
        int64_t next_crl_end;
};

/**
 * store_cert_sum(writer, now, ret): the certificates in numbers. 0, or an error of the store.
 */
int store_cert_sum(struct store *writer, int64_t now, struct store_cert_sum *ret) _must_check_;

/**
 * store_cert_insert(writer, cert, der, len): inside a transaction. 0; -EEXIST when it is there,
 * or another has its name; an error of the store.
 */
int store_cert_insert(struct store *writer, const struct cert_record *cert, const uint8_t *der,
                      size_t len) _must_check_;

/**
 * store_cert_delete(writer, thumbprint): with the list of a CA, inside a transaction. 0;
 * -ENOENT; an error of the store.
 */
int store_cert_delete(struct store *writer,
                      const uint8_t thumbprint[static RECORD_THUMBPRINT_LEN]) _must_check_;

/**
 * store_cert_keys(writer, thumbprint, ret): how many keys are bound to it, dead ones among them.
 */
int store_cert_keys(struct store *writer, const uint8_t thumbprint[static RECORD_THUMBPRINT_LEN],
                    uint64_t *ret) _must_check_;

/**
 * store_cert_revoked(s, serial, ret_until):
 * Whether a list has ${serial}; ${ret_until}: the last second for which a list of its issuer is
 * good, INT64_MAX without one. 1; 0; an error of the store.
 */
int store_cert_revoked(struct store *s, const struct cert_serial *serial,
                       int64_t *ret_until) _must_check_;

/**
 * store_crl_get(writer, ca, ret): the list of a CA. 0; -ENOENT; an error of the store.
 */
int store_crl_get(struct store *writer, const uint8_t ca[static RECORD_THUMBPRINT_LEN],
                  struct crl_record *ret) _must_check_;

/**
 * store_crl_replace(writer, crl): writes it in the place of the one that this CA has, without
 * any serial numbers, inside a transaction.
 * store_crl_add(writer, ca, serial): one of them.
 */
int store_crl_replace(struct store *writer, const struct crl_record *crl) _must_check_;
int store_crl_add(struct store *writer, const uint8_t ca[static RECORD_THUMBPRINT_LEN],
                  const struct cert_serial *serial) _must_check_;

/* --- Accounts (store_account.c) --- */

/**
 * store_account_get(s, name, ret): what is known of a user. Returns 0; -ENOENT; an error of the
 * store.
 */
int store_account_get(struct store *s, const char *name, struct account_record *ret) _must_check_;

/**
 * store_account_of_uid(writer, uid, ret): who has the number ${uid}; of several the first by
 * name. As above.
 */
int store_account_of_uid(struct store *writer, uid_t uid, struct account_record *ret) _must_check_;

/**
 * store_account_put(writer, account): writes it, new or not, inside a transaction; its state is
 * not ACCOUNT_UNKNOWN.
 */
int store_account_put(struct store *writer, const struct account_record *account) _must_check_;

/**
 * store_account_each(s, visit, userdata): everybody of whom something is known. Returns 0, or
 * what ${visit} returned, or an error of the store.
 */
int store_account_each(struct store *s,
                       int (*visit)(const struct account_record *account, void *userdata),
                       void *userdata) _must_check_;

/**
 * store_account_each_ended(s, after, until, visit, userdata): those whose passwords expire after
 * ${after} and up to ${until}. As above.
 */
int store_account_each_ended(struct store *s, int64_t after, int64_t until,
                             int (*visit)(const struct account_record *account, void *userdata),
                             void *userdata) _must_check_;

/**
 * store_account_each_missing(writer, visit, userdata):
 * The users that keys belong or are linked to and of whom nothing is known. Reads every key. As
 * above.
 */
int store_account_each_missing(struct store *writer, int (*visit)(const char *name, void *userdata),
                               void *userdata) _must_check_;

/**
 * store_account_forget(writer): drops what is known of users without any key or event, inside a
 * transaction.
 */
int store_account_forget(struct store *writer) _must_check_;

/* --- What is due (store_sweep.c) --- */

enum store_sweep {
        /* the first end that a live key has of its own */
        STORE_SWEEP_END,
        /* when the oldest live key without an expiry of its own was made */
        STORE_SWEEP_MADE,
        /* when the end of the first dead key was noticed */
        STORE_SWEEP_DEAD,
        /* when the first password after a given time expires */
        STORE_SWEEP_PASSWORD,
        /* how long the oldest audit record lasted */
        STORE_SWEEP_AUDIT,
        _STORE_SWEEP_MAX,
};

/**
 * store_sweep_next(writer, which, after, ret):
 * A moment of those above; ${after} is for STORE_SWEEP_PASSWORD. By an index: as fast with a
 * million keys as with ten.
 * Returns 0; -ENOENT when there is none; an error of the store.
 */
int store_sweep_next(struct store *writer, enum store_sweep which, int64_t after,
                     int64_t *ret) _must_check_;

/**
 * store_sweep_has_removed(writer): 1 when rows of removed keys are still there, else 0, or an
 * error of the store.
 */
int store_sweep_has_removed(struct store *writer) _must_check_;

/**
 * store_sweep_each_ended(writer, end_by, made_by, max, visit, userdata):
 * Visits keys that are not marked dead and have an end of their own up to ${end_by}, then those
 * without an expiry of their own that were made up to ${made_by}; ${max} of each at most.
 * ${visit} changes nothing in the store. Returns 0, or what ${visit} returned other than 0, or
 * an error of the store.
 */
int store_sweep_each_ended(struct store *writer, int64_t end_by, int64_t made_by, int64_t max,
                           int (*visit)(const struct key_record *key, void *userdata),
                           void *userdata) _must_check_;

/**
 * store_sweep_each_undone(writer, after, max, visit, userdata): keys marked dead after ${after}
 * that nobody revoked: the clock has gone back. As above.
 */
int store_sweep_each_undone(struct store *writer, int64_t after, int64_t max,
                            int (*visit)(const struct key_record *key, void *userdata),
                            void *userdata) _must_check_;

/**
 * store_sweep_each_of(writer, account, linked, after, max, visit, userdata):
 * Keys of the owner ${account}, or those that are linked to it, that are not marked dead, in
 * order of id from behind ${after}. As above.
 */
int store_sweep_each_of(struct store *writer, const char *account, bool linked, const char *after,
                        int64_t max, int (*visit)(const struct key_record *key, void *userdata),
                        void *userdata) _must_check_;

/**
 * store_sweep_mark(writer, id, dead_at): notes when the end of a key was noticed; 0: it lives.
 * Inside a transaction.
 */
int store_sweep_mark(struct store *writer, const char *id, int64_t dead_at) _must_check_;

/**
 * store_sweep_purge_dead(writer, dead_by, max), store_sweep_purge_removed(writer, max):
 * Deletes keys whose end was noticed up to ${dead_by}; keys that were removed with all others;
 * at most ${max}, inside a transaction.
 * Returns how many, or an error of the store.
 */
int store_sweep_purge_dead(struct store *writer, int64_t dead_by, int64_t max) _must_check_;
int store_sweep_purge_removed(struct store *writer, int64_t max) _must_check_;

/* --- The audit log (store_audit.c)
 * ---------------------------------------------------------------------------------
 *
 * Each record carries a seal over its content and the seal of the one before, and one row seals
 * both ends. So whoever writes to the database without the pepper can neither alter nor insert
 * nor remove a record without being found out; what cannot be found out is that the whole
 * database was replaced by an older copy of itself. */

/**
 * store_audit_add(writer, record):
 * Adds a record, inside a transaction: with the change that it tells of. Its seq is not looked
 * at. The first one of all is preceded by one that says that the log begins.
 * Returns 0; -ENOKEY without a seal; an error of the store: then the change must not be
 * committed either.
 */
int store_audit_add(struct store *writer, const struct audit_record *record) _must_check_;

/**
 * store_audit_each(writer, filter, most, visit, userdata, ret_next):
 * Visits what ${filter} lets pass, in order of seq. Ends when ${most} records were looked at,
 * whether they passed or not, and when ${visit} returns positive. ${ret_next} is where to go on
 * (filter.after), or 0 at the end of the log.
 * Returns 0; what ${visit} returned when that is negative; an error of the store.
 */
int store_audit_each(struct store *writer, const struct audit_filter *filter, size_t most,
                     int (*visit)(const struct audit_record *record, void *userdata),
                     void *userdata, int64_t *ret_next) _must_check_;

/**
 * store_audit_head(writer, ret): the seq of the last record, 0 when there is none. 0, or an
 * error of the store.
 */
int store_audit_head(struct store *writer, int64_t *ret) _must_check_;

/**
 * store_audit_purge(writer, until, most):
 * Removes the oldest records, up to the first that lasted longer than ${until}, at most ${most};
 * inside a transaction.
 * Returns how many; -ENOKEY; an error of the store.
 */
int store_audit_purge(struct store *writer, int64_t until, int64_t most) _must_check_;

/**
 * store_audit_verify(writer, after, most, ret):
 * Checks at most ${most} records behind the one with the seq ${after} (0: from the oldest);
 * begin with 0 and go on with ret.next, so that a long log holds nobody up. Returns 0: then
 * ${ret} has the verdict; -ENOKEY; an error of the store.
 */
int store_audit_verify(struct store *writer, int64_t after, size_t most,
                       struct audit_check *ret) _must_check_;

/* --- Whole stores (store_export.c, store_import.c, store_mirror.c) --- */

/* beside the database; of no use to a daemon that starts */
#define STORE_STAGING_NAME "import.db"
#define STORE_SOURCE_LEN   32

/* What has gone out, and where the last whole store that was taken from another host came from. */
struct store_mirror {
        /* the sequence number of the last one; 0: none */
        uint64_t exported;
        bool has_source;
        uint8_t source[STORE_SOURCE_LEN];
        uint64_t imported; /* its sequence number */
};

/**
 * store_mirror_get(s, ret), store_mirror_put(writer, mirror): the latter inside a transaction.
 * 0, or an error of the store.
 */
int store_mirror_get(struct store *s, struct store_mirror *ret) _must_check_;
int store_mirror_put(struct store *writer, const struct store_mirror *mirror) _must_check_;

/* The content of a whole store is a row of records; MIRROR has the byte tables. */
enum store_record {
        /* not the store's: it does not have them */
        STORE_RECORD_PEPPER = 1,
        STORE_RECORD_TABLE = 2,
        STORE_RECORD_ROW = 3,
        STORE_RECORD_END = 4, /* not the store's */
};
#define STORE_RECORD_HEAD 5 /* type and length */

/**
 * store_export_open(ret, writer):
 * Takes a snapshot of the database that ${writer} has open, on a connection of its own, which
 * keeps the log from being used anew. To be used by one thread. 0, or an error of the store.
 */
struct store_export;
int store_export_open(struct store_export **ret, struct store *writer) _must_check_;
struct store_export *store_export_free(struct store_export *d);

/**
 * store_export_snapshot(d), store_export_keys(d), store_export_done(d), store_export_rows(d):
 * A reader of the snapshot, borrowed; how many keys there are in it, and how many keys and rows
 * have been dumped.
 */
struct store *store_export_snapshot(struct store_export *d);
uint64_t store_export_keys(const struct store_export *d);
uint64_t store_export_done(const struct store_export *d);
uint64_t store_export_rows(const struct store_export *d);

/**
 * store_export_next(d, out, size, ret_len):
 * As many whole records as fit into ${size} bytes at ${out}. Returns 1 when there are more; 0
 * behind the last; -EUCLEAN for a row that does not fit at all; an error of the store.
 */
int store_export_next(struct store_export *d, uint8_t *out, size_t size,
                      size_t *ret_len) _must_check_;

/**
 * store_import_open(ret, writer):
 * Begins to put a whole store together, in a file beside the database that ${writer} has open;
 * one at a time. Freeing it removes the file. 0, or an error of the store.
 */
struct store_import;
int store_import_open(struct store_import **ret, struct store *writer) _must_check_;
struct store_import *store_import_free(struct store_import *l);

/**
 * store_import_record(l, type, in, len, ret_key):
 * Takes a record of one of the two types that the store knows. Returns 1 when it was a key,
 * which is in ${ret_key}; 0; -EBADMSG when the live store could not have had it;
 * -EPROTONOSUPPORT when a newer version must have made it; an error of the store.
 */
int store_import_record(struct store_import *l, uint8_t type, const uint8_t *in, size_t len,
                        struct key_record *ret_key) _must_check_;

/**
 * store_import_staging(l), store_import_rows(l), store_import_keys(l): what has been taken so far,
 * borrowed until store_import_finish(); how many rows and keys that is.
 */
struct store *store_import_staging(struct store_import *l);
uint64_t store_import_rows(const struct store_import *l);
uint64_t store_import_keys(const struct store_import *l);

/**
 * store_import_finish(l): there is no more to come. 0, or an error of the store.
 */
int store_import_finish(struct store_import *l) _must_check_;

/**
 * store_import_apply(l, writer, pepper_id, mirror, audit):
 * Puts keys, uses, policy and pepper ids in the place of those that are there, and ${mirror} and
 * the record ${audit} with them, in one transaction; ${pepper_id} is the host's own and stays.
 * What is known of accounts stays. Holds the writer for about 6 s with a million keys in the
 * place of a million, 4 s in an empty store. 0, or an error of the store: then nothing has
 * changed.
 */
int store_import_apply(struct store_import *l, struct store *writer, uint32_t pepper_id,
                       const struct store_mirror *mirror,
                       const struct audit_record *audit) _must_check_;

/* SPDX-License-Identifier: BSD-2-Clause */
/* The one place that knows SQLite's result codes is this file's .c. For store_*.c alone. */
#pragma once

#include <sqlite3.h>

#include "store/store.h"
#include "store/store_chain.h"
#include "store/store_guard.h"

enum stmt {
        STMT_BEGIN_READ,
        STMT_BEGIN_WRITE,
        STMT_COMMIT,
        STMT_ROLLBACK,
        STMT_PEPPERS,
        STMT_POLICIES,
        STMT_KEY_GET,
        STMT_KEY_NEAR,
        STMT_KEY_LAST_ID,
        STMT_ACCOUNT_GET,
        STMT_ACCOUNT_EACH,
        STMT_CERT_GET,
        STMT_CERT_OF_SPKI,
        STMT_CERT_OF_SSH,
        STMT_CERT_CAS,
        STMT_CRL_OF_KEY,
        STMT_CRL_OF_NAME,
        STMT_KEY_LAST_USE,
        /* only a writer has what follows */
        STMT_KEY_GET_USED,
        STMT_KEY_EACH,
        STMT_KEY_EACH_OF,
        STMT_KEY_EACH_OWN,
        STMT_KEY_EACH_REALM,
        STMT_KEY_EACH_NAMED,
        STMT_KEY_INSERT,
        STMT_KEY_UPDATE,
        STMT_KEY_DELETE,
        STMT_KEY_BIND_OWNER,
        STMT_KEY_USED,
        STMT_FLEET_USED,
        STMT_REPORTED_ADD,
        STMT_POLICY_SET,
        STMT_ACCOUNT_PUT,
        STMT_ACCOUNT_OWNERS,
        STMT_ACCOUNT_OF_UID,
        STMT_ACCOUNT_FORGET,
        STMT_ACCOUNT_LINKED,
        STMT_ACCOUNT_GONE,
        STMT_ACCOUNT_LIVES,
        STMT_ACCOUNT_VANISHED,
        STMT_ACCOUNT_HAS_HELD,
        STMT_ACCOUNT_HAS_HELD_PASSWORD,
        STMT_ACCOUNT_HELD_PASSWORDS,
        STMT_ACCOUNT_COUNT_HELD_PASSWORDS,
        STMT_ACCOUNT_FILES_ARE,
        STMT_ACCOUNT_FILES_SET,
        STMT_SWEEP_NEXT,
        STMT_SWEEP_OLDEST,
        STMT_SWEEP_NEXT_DEAD,
        STMT_SWEEP_NEXT_PASSWORD,
        STMT_SWEEP_NEXT_AUDIT,
        STMT_SWEEP_NEWEST,
        STMT_SWEEP_AHEAD,
        STMT_SWEEP_REDATE,
        STMT_SWEEP_REDATE_RETIRED,
        STMT_SWEEP_REMOVED,
        STMT_SWEEP_ENDED,
        STMT_SWEEP_MADE,
        STMT_SWEEP_UNDONE,
        STMT_SWEEP_OF,
        STMT_SWEEP_LINKED,
        STMT_SWEEP_KEEP_GONE,
        STMT_SWEEP_PURGE_DEAD,
        STMT_SWEEP_PURGE_REMOVED,
        STMT_SWEEP_MARK,
        STMT_SWEEP_TRUSTED_AT,
        STMT_SWEEP_TRUST,
        STMT_MIRROR_GET,
        STMT_MIRROR_PUT,
        STMT_KEY_COUNT,
        STMT_KEY_COUNT_SOME,
        STMT_KEY_LIVES,
        STMT_KEY_LIVES_USED,
        STMT_AUDIT_EACH,
        STMT_AUDIT_EACH_OF_KEY,
        STMT_AUDIT_EACH_OF_USER,
        STMT_AUDIT_BACK,
        STMT_AUDIT_BACK_OF_KEY,
        STMT_AUDIT_BACK_OF_USER,
        STMT_AUDIT_HASH,
        STMT_AUDIT_INSERT,
        STMT_AUDIT_DELETE,
        STMT_CHAIN_GET,
        STMT_CHAIN_SET,
        STMT_KEY_NEWEST,
        STMT_LOG_NEXT,
        STMT_CERT_EACH,
        STMT_CERT_INSERT,
        STMT_CERT_DELETE,
        STMT_CERT_KEYS,
        STMT_CERT_SUM,
        STMT_CRL_GET,
        STMT_CRL_DELETE,
        STMT_CRL_INSERT,
        STMT_CRL_ADD,
        _STMT_MAX,
        _STMT_READER_MAX = STMT_KEY_GET_USED,
};

struct store {
        sqlite3 *db;
        char *path; /* owned */
        enum store_mode mode;
        /* Why the files can only be read, a negative errno; 0: they can be written. */
        int read_only;
        struct store_shared *shared;
        int wal_pages;              /* writer: at the last commit */
        bool log_moves;             /* writer: the next may be another */
        int64_t changes;            /* writer: as of the last begin */
        bool unsynced;              /* writer: a sync of the log failed */
        int frames;                 /* writer: of the log */
        struct store_adding adding; /* writer: to the audit log */
        struct store_guard guard;   /* writer */
        struct store_delta *delta;  /* writer: notes changes; borrowed */
        /* writer: commits do not wait for the disk: see store_begin_lazily(); and the last of them
         * that wrote something did not */
        bool lazy, not_on_disk;
        struct store_swap *swap; /* writer: an import, if any */
        struct store_bulk *bulk; /* writer: new keys, if any */
        bool watched;            /* writer: by triggers of the two */
        int64_t copied_at;       /* writer: see store_copy_made_at() */
        store_seal_fn *seal;
        void *seal_userdata;
        store_seen_fn *keep_seen;
        void *seen_userdata;
        unsigned unsettled_ms;            /* writer: see store_unsettled() */
        bool snapshot;                    /* reader: one is open */
        uint64_t seen;                    /* reader: of its snapshot */
        char last_id[KEYTEXT_ID_LEN + 1]; /* reader: of all keys; or "" */
        sqlite3_stmt *statements[_STMT_MAX];
};

/**
 * store_stmt_error(rc): the negative errno that stands for a SQLite result; 0 for SQLITE_OK. A
 * result that is not known is -EIO.
 */
int store_stmt_error(int rc);

/**
 * store_stmt_result(db, rc): the same for what ${db} has just answered. Of an error of the system
 * it says whether the disk is full (-ENOSPC), a quota is used up (-EDQUOT) or nothing can be
 * written (-EROFS). Set errno to 0 before the call of SQLite.
 */
int store_stmt_result(sqlite3 *db, int rc);

/**
 * store_stmt_prepare_all(s): prepares every statement that a store of this mode uses. 0, or an
 * error of the store.
 */
int store_stmt_prepare_all(struct store *s) _must_check_;

/**
 * store_stmt(s, which): the statement, reset and without bindings. Borrowed.
 */
sqlite3_stmt *store_stmt(struct store *s, enum stmt which);

/**
 * store_stmt_step(stmt): 1 for a row, 0 for the end, else an error. Only this calls sqlite3_step().
 */
int store_stmt_step(sqlite3_stmt *stmt) _must_check_;

/**
 * store_stmt_run(s, which): steps a statement without rows or parameters to its end. 0, an error.
 */
int store_stmt_run(struct store *s, enum stmt which) _must_check_;

/**
 * store_stmt_done(stmt): resets a statement, so that it holds no lock and no row. As a cleanup:
 * _cleanup_stmt_.
 */
void store_stmt_done(sqlite3_stmt **stmt);
#define _cleanup_stmt_ __attribute__((cleanup(store_stmt_done)))

/**
 * store_stmt_text(stmt, column, out, size): copies a text column. -EUCLEAN when it does not fit
 * or has a NUL inside. -ENOMEM is no damage.
 */
int store_stmt_text(sqlite3_stmt *stmt, int column, char *out, size_t size) _must_check_;

/**
 * store_stmt_bind_hash(stmt, at, hash): binds ${RECORD_HASH_LEN} bytes, borrowed until the
 * statement is reset. 0, or an error of the store.
 */
int store_stmt_bind_hash(sqlite3_stmt *stmt, int at,
                         const uint8_t hash[static RECORD_HASH_LEN]) _must_check_;

/**
 * store_stmt_blob(stmt, column, out, len): copies a column of exactly ${len} bytes. -EUCLEAN
 * when it has another length.
 */
int store_stmt_blob(sqlite3_stmt *stmt, int column, uint8_t *out, size_t len) _must_check_;

/**
 * store_stmt_exec(db, sql): runs statements that are not worth preparing. 0, or an error.
 */
int store_stmt_exec(sqlite3 *db, const char *sql) _must_check_;

/**
 * store_stmt_pragma(db, sql, ret): the one integer that a query of one row and one column gives.
 * 0, or an error of the store.
 */
int store_stmt_pragma(sqlite3 *db, const char *sql, int64_t *ret) _must_check_;

/**
 * store_key_read(stmt, key): a row of ${stmt} begins with the columns of a key. 0, or -EUCLEAN:
 * then do not use ${key}.
 */
int store_key_read(sqlite3_stmt *stmt, struct key_record *key) _must_check_;

#define STORE_COLUMNS_MAX 40
#define STORE_COLUMN_LEN  32
#define STORE_LIST_LEN    (STORE_COLUMNS_MAX * (STORE_COLUMN_LEN + 2))

/* The columns of a table that belong to a whole store. */
struct store_columns {
        size_t n;
        char names[STORE_COLUMNS_MAX][STORE_COLUMN_LEN];
};

/**
 * store_stmt_table(i): the ${i}th table of a whole store, NULL behind the last. Static storage.
 */
const char *store_stmt_table(size_t i);

/**
 * store_stmt_columns(db, table, ret): the columns of a table but the computed ones. 0, or an error.
 */
int store_stmt_columns(sqlite3 *db, const char *table, struct store_columns *ret) _must_check_;

/**
 * store_stmt_list(columns, out): their names as SQL lists them.
 */
void store_stmt_list(const struct store_columns *columns, char out[static STORE_LIST_LEN]);

/**
 * store_stmt_nth_table(db, i, ret): the name of any table. 1; 0: there are fewer; an error.
 */
int store_stmt_nth_table(sqlite3 *db, int i, char ret[static STORE_COLUMN_LEN]) _must_check_;

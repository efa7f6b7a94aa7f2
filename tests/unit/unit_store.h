/* SPDX-License-Identifier: BSD-2-Clause */
/* A key store in a directory of its own, open for writing and reading, and a second connection to
 * do what the store itself would never do. For the tests of the rooms that have a store. */
#pragma once

#include <sqlite3.h>

#include "unit.h"

#include "store/store_account.h"
#include "store/store_audit.h"
#include "store/store_key.h"

#define UNIT_PEPPER_ID 4294967295U
#define UNIT_BEGUN_AT  INT64_C(1800000000) /* the audit log */

struct unit_store {
        char *dir;
        char path[UNIT_PATH_LEN];
        struct store_shared shared;
        struct store *writer, *reader;
};

/* Stands for the keyed hash: FNV-1a in four lanes, each with another start. */
static inline void unit_seal(const void *in, size_t len, uint8_t out[static RECORD_DIGEST_LEN],
                             void *userdata) {
        const uint8_t *bytes = in;

        for (uint64_t lane = 0; lane < RECORD_DIGEST_LEN / sizeof(lane); lane++) {
                uint64_t hash = UINT64_C(0xcbf29ce484222325) + lane +
                                (userdata ? *(const uint64_t *) userdata : 0);

                for (size_t i = 0; i < len; i++)
                        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
                memcpy(out + lane * sizeof(hash), &hash, sizeof(hash));
        }
}

static inline int unit_store_make_closed(void **state) {
        struct unit_store *s = calloc(1, sizeof(*s));
        void *dir = NULL;
        int fd;

        if (!s || unit_dir_make(&dir) < 0)
                return -1;
        s->dir = dir;
        (void) snprintf(s->path, sizeof(s->path), "%s/keys.db", s->dir);
        fd = open(s->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0 || close(fd) < 0 || store_create(s->path, UNIT_PEPPER_ID) < 0)
                return -1;
        *state = s;
        return 0;
}

static inline int unit_store_make(void **state) {
        struct unit_store *s;

        if (unit_store_make_closed(state) < 0)
                return -1;
        s = *state;
        if (store_open(&s->writer, s->path, STORE_WRITER, &s->shared) < 0 ||
            store_open(&s->reader, s->path, STORE_READER, &s->shared) < 0)
                return -1;
        store_set_seal(s->writer, unit_seal, NULL);
        return store_audit_begin(s->writer, UNIT_BEGUN_AT) < 0 ? -1 : 0;
}

static inline int unit_store_remove(void **state) {
        struct unit_store *s = *state;
        void *dir = s->dir;

        store_freep(&s->reader);
        store_freep(&s->writer);
        free(s);
        return unit_dir_remove(&dir);
}

#define unit_test_with_store(f)                                                                    \
        cmocka_unit_test_setup_teardown(f, unit_store_make, unit_store_remove)
#define unit_test_with_closed_store(f)                                                             \
        cmocka_unit_test_setup_teardown(f, unit_store_make_closed, unit_store_remove)

/* Runs SQL through a connection of its own, without the checks of the schema, to make damage. */
static inline void unit_sql(const char *path, const char *sql) {
        sqlite3 *db = NULL;
        char *error = NULL;

        assert_int_equal(
                sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL),
                SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, "PRAGMA ignore_check_constraints = ON", NULL, NULL, NULL),
                         SQLITE_OK);
        if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
                print_error("%s: %s\n", sql, error ? error : "?");
        assert_null(error);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* The one number that a query returns. */
static inline int64_t unit_sql_number(const char *path, const char *sql) {
        sqlite3_stmt *stmt = NULL;
        sqlite3 *db = NULL;
        int64_t value;

        assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
        value = sqlite3_column_int64(stmt, 0);
        assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
        return value;
}

static inline struct key_record unit_key(const char *id, const char *owner) {
        struct key_record key = { .pepper_id = UNIT_PEPPER_ID,
                                  .owner_uid = 1000,
                                  .name = "backup job",
                                  .services = "sshd imap",
                                  .networks = "192.0.2.0/24",
                                  .created_at = 1800000000,
                                  .updated_at = 1800000000 };

        (void) snprintf(key.id, sizeof(key.id), "%s", id);
        (void) snprintf(key.owner, sizeof(key.owner), "%s", owner);
        memset(key.digest, id[0], sizeof(key.digest));
        return key;
}

static inline void unit_key_insert(struct store *writer, const char *id, const char *owner) {
        struct key_record key = unit_key(id, owner);

        assert_int_equal(store_begin(writer), 0);
        assert_int_equal(store_key_insert(writer, &key), 0);
        assert_int_equal(store_commit(writer), 0);
}

static inline void unit_account_put(struct store *writer, const char *name, uid_t uid) {
        struct account_record account = { .state = ACCOUNT_PRESENT, .uid = uid };

        (void) snprintf(account.name, sizeof(account.name), "%s", name);
        assert_int_equal(store_begin(writer), 0);
        assert_int_equal(store_account_put(writer, &account), 0);
        assert_int_equal(store_commit(writer), 0);
}

static inline void unit_key_equal(const char *row, const struct key_record *got,
                                  const struct key_record *want) {
        unit_str(row, got->id, want->id);
        unit_mem(row, got->digest, want->digest, sizeof(got->digest));
        unit_int(row, got->pepper_id, want->pepper_id);
        unit_str(row, got->owner, want->owner);
        unit_int(row, got->owner_uid, want->owner_uid);
        unit_str(row, got->name, want->name);
        unit_str(row, got->services, want->services);
        unit_str(row, got->networks, want->networks);
        unit_int(row, got->status, want->status);
        unit_str(row, got->reason, want->reason);
        unit_int(row, got->created_at, want->created_at);
        unit_int(row, got->updated_at, want->updated_at);
        unit_int(row, got->expires_at, want->expires_at);
        unit_int(row, got->bound_at, want->bound_at);
        unit_str(row, got->linked, want->linked);
        unit_str(row, got->origin, want->origin);
        unit_str(row, got->predecessor, want->predecessor);
        unit_str(row, got->successor, want->successor);
        unit_int(row, got->retires_at, want->retires_at);
        unit_int(row, got->epoch, want->epoch);
        unit_int(row, got->dead_at, want->dead_at);
        unit_int(row, got->last_used_at, want->last_used_at);
        unit_str(row, got->last_service, want->last_service);
        unit_str(row, got->last_rhost, want->last_rhost);
        unit_int(row, got->uses, want->uses);
}

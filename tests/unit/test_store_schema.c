/* SPDX-License-Identifier: BSD-2-Clause */
/* The versions of the schema: an older database is brought up to date and loses nothing. */
#include "unit_store.h"

#include "store/store_check.h"

#include "store/store_key.h"
#include "store/store_stmt.h"

/* The database that version 1 made. This text never changes, because such databases exist. */
static const char version_1[] =
        "PRAGMA application_id = 0x57464b31;"
        "CREATE TABLE pepper ("
        "  id INTEGER PRIMARY KEY,"
        "  created_at INTEGER NOT NULL DEFAULT (unixepoch())"
        ") STRICT;"
        "CREATE TABLE policy ("
        "  name TEXT PRIMARY KEY,"
        "  value INTEGER NOT NULL,"
        "  changed_at INTEGER NOT NULL"
        ") STRICT, WITHOUT ROWID;"
        "CREATE TABLE key ("
        "  id TEXT PRIMARY KEY CHECK (length(id) = 10),"
        "  digest BLOB NOT NULL CHECK (length(digest) = 32),"
        "  pepper INTEGER NOT NULL REFERENCES pepper (id),"
        "  owner TEXT NOT NULL CHECK (owner <> ''),"
        "  owner_uid INTEGER NOT NULL,"
        "  name TEXT NOT NULL,"
        "  services TEXT NOT NULL,"
        "  networks TEXT NOT NULL,"
        "  status INTEGER NOT NULL CHECK (status IN (0, 1)),"
        "  reason TEXT NOT NULL,"
        "  created_at INTEGER NOT NULL,"
        "  updated_at INTEGER NOT NULL,"
        "  expires_at INTEGER NOT NULL,"
        "  bound_at INTEGER NOT NULL"
        ") STRICT, WITHOUT ROWID;"
        "CREATE INDEX key_owner ON key (owner);"
        "INSERT INTO pepper (id) VALUES (4294967295);"
        "INSERT INTO policy VALUES ('enabled', 1, 1800000000);"
        "INSERT INTO key VALUES ('aaaaaaaaaa',  "
        "x'6161616161616161616161616161616161616161616161616161616161616161', 4294967295, 'alice', "
        " 1000, 'backup job', 'sshd imap', '192.0.2.0/24', 0, '', 1800000000, 1800000000, 0, "
        "0);INSERT INTO key VALUES ('bbbbbbbbbb', zeroblob(32), 4294967295, 'bob', 1001, 'n', '', "
        "'', 1,  'stolen', 1, 2, 3, 4);PRAGMA user_version = 1";

/* The database of version 5, the last one without certificates. This text never changes either. */
static const char version_5[] =
        "PRAGMA application_id = 0x57464b31;"
        "CREATE TABLE pepper (  id INTEGER PRIMARY KEY,  created_at INTEGER NOT NULL DEFAULT "
        "(unixepoch())) STRICT;"
        "CREATE TABLE policy (  name TEXT PRIMARY KEY,  value INTEGER NOT NULL,  changed_at "
        "INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
        "CREATE TABLE key (  id TEXT PRIMARY KEY CHECK (length(id) = 10),  digest BLOB NOT "
        "NULL CHECK (length(digest) = 32),  pepper INTEGER NOT NULL REFERENCES pepper (id),  "
        "owner TEXT NOT NULL CHECK (owner <> ''),  owner_uid INTEGER NOT NULL,  name TEXT "
        "NOT NULL,  services TEXT NOT NULL,  networks TEXT NOT NULL,  status INTEGER NOT "
        "NULL CHECK (status IN (0, 1)),  reason TEXT NOT NULL,  created_at INTEGER NOT NULL, "
        " updated_at INTEGER NOT NULL,  expires_at INTEGER NOT NULL,  bound_at INTEGER NOT "
        "NULL, linked TEXT NOT NULL DEFAULT '', origin TEXT NOT NULL DEFAULT '', predecessor "
        "TEXT NOT NULL DEFAULT '', successor TEXT NOT NULL DEFAULT '', retires_at INTEGER "
        "NOT NULL DEFAULT 0, epoch INTEGER NOT NULL DEFAULT 0, dead_at INTEGER NOT NULL "
        "DEFAULT 0, ends_at INTEGER AS (min(  CASE WHEN expires_at > 0 THEN expires_at ELSE "
        "9223372036854775807 END,  CASE WHEN bound_at > 0 THEN bound_at ELSE "
        "9223372036854775807 END,  CASE WHEN retires_at > 0 THEN retires_at ELSE "
        "9223372036854775807 END)) VIRTUAL) STRICT, WITHOUT ROWID;"
        "CREATE INDEX key_owner ON key (owner);"
        "CREATE TABLE key_use (  id TEXT PRIMARY KEY REFERENCES key (id) ON DELETE CASCADE,  "
        "last_at INTEGER NOT NULL,  service TEXT NOT NULL,  rhost TEXT NOT NULL,  uses "
        "INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
        "CREATE INDEX key_ends ON key (ends_at) WHERE dead_at = 0;"
        "CREATE INDEX key_made ON key (created_at) WHERE dead_at = 0 AND expires_at = 0;"
        "CREATE INDEX key_dead ON key (dead_at) WHERE dead_at <> 0;"
        "CREATE INDEX key_epoch ON key (epoch);"
        "CREATE INDEX key_linked ON key (linked) WHERE linked <> '';"
        "CREATE TABLE account (  name TEXT PRIMARY KEY CHECK (name <> ''),  state INTEGER "
        "NOT NULL CHECK (state IN (1, 2)),  uid INTEGER NOT NULL,  local INTEGER NOT NULL,  "
        "admin INTEGER NOT NULL,  locked INTEGER NOT NULL,  password_ends_at INTEGER NOT "
        "NULL,  closes_at INTEGER NOT NULL,  gone_since INTEGER NOT NULL,  checked_at "
        "INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
        "CREATE INDEX account_uid ON account (uid);"
        "CREATE INDEX account_password ON account (password_ends_at) WHERE password_ends_at "
        "<> 0;"
        "CREATE TABLE audit (  seq INTEGER PRIMARY KEY,  at INTEGER NOT NULL,  until INTEGER "
        "NOT NULL,  count INTEGER NOT NULL,  uid INTEGER NOT NULL,  pid INTEGER NOT NULL,  "
        "owner_uid INTEGER NOT NULL,  event TEXT NOT NULL,  verdict TEXT NOT NULL,  door "
        "TEXT NOT NULL,  key TEXT NOT NULL,  user TEXT NOT NULL,  service TEXT NOT NULL,  "
        "rhost TEXT NOT NULL,  reason TEXT NOT NULL,  detail TEXT NOT NULL,  hash BLOB NOT "
        "NULL) STRICT;"
        "CREATE INDEX audit_key ON audit (key) WHERE key <> '';"
        "CREATE INDEX audit_user ON audit (user) WHERE user <> '';"
        "CREATE TABLE audit_chain (  id INTEGER PRIMARY KEY CHECK (id = 1),  base_seq "
        "INTEGER NOT NULL,  base_hash BLOB NOT NULL,  head_seq INTEGER NOT NULL,  head_hash "
        "BLOB NOT NULL,  mac BLOB NOT NULL) STRICT;"
        "CREATE TABLE mirror (  one INTEGER PRIMARY KEY CHECK (one = 1),  exported INTEGER "
        "NOT NULL,  source BLOB NOT NULL CHECK (length(source) IN (0, 32)),  imported "
        "INTEGER NOT NULL) STRICT;"
        "INSERT INTO audit_chain VALUES (1, 0, zeroblob(32), 0, zeroblob(32), zeroblob(32));"
        "INSERT INTO pepper (id) VALUES (4294967295);"
        "INSERT INTO policy VALUES ('enabled', 1, 1800000000);"
        "INSERT INTO key (id, digest, pepper, owner, owner_uid, name, services, networks, "
        "status, reason, created_at, updated_at, expires_at, bound_at, successor, "
        "retires_at) VALUES ('aaaaaaaaaa', "
        "x'6161616161616161616161616161616161616161616161616161616161616161', 4294967295, "
        "'alice', 1000, 'backup job', 'sshd imap', '192.0.2.0/24', 0, '', 1800000000, "
        "1800000000, 0, 0, 'bbbbbbbbbb', 1900000000);"
        "INSERT INTO key_use VALUES ('aaaaaaaaaa', 1800000005, 'sshd', '192.0.2.9', 3);"
        "PRAGMA user_version = 5";

static int make_version(void **state, const char *sql) {
        struct unit_store *s = calloc(1, sizeof(*s));
        void *dir = NULL;

        if (!s || unit_dir_make(&dir) < 0)
                return -1;
        s->dir = dir;
        (void) snprintf(s->path, sizeof(s->path), "%s/keys.db", s->dir);
        unit_sql(s->path, sql);
        *state = s;
        return 0;
}

static int make_version_1(void **state) {
        return make_version(state, version_1);
}

static int make_version_5(void **state) {
        return make_version(state, version_5);
}

static void test_the_newest_version_is_the_eleventh(void **state) {
        (void) state;
        assert_int_equal(store_schema_newest(), 11);
}

static void test_an_old_store_keeps_its_keys(void **state) {
        struct key_record want = unit_key("aaaaaaaaaa", "alice"), got;
        struct unit_store *s = *state;

        assert_int_equal(store_open(&s->writer, s->path, STORE_WRITER, &s->shared), 0);
        assert_int_equal(store_key_get_used(s->writer, "aaaaaaaaaa", &got), 0);
        unit_key_equal("alice's", &got, &want);
        assert_int_equal(store_key_get_used(s->writer, "bbbbbbbbbb", &got), 0);
        assert_int_equal(got.status, KEY_REVOKED);
        assert_string_equal(got.reason, "stolen");
        assert_int_equal(got.bound_at, 4);
        assert_int_equal(got.dead_at, 2);
        assert_int_equal(
                unit_sql_number(s->path, "SELECT value FROM policy WHERE name = 'enabled'"), 1);
        assert_int_equal(unit_sql_number(s->path, "PRAGMA user_version"), 11);
        assert_int_equal(store_check(s->writer, false), 0);
}

/* Before there were certificates, no key needed one or was bound to one. */
static void test_keys_without_certificates_need_none(void **state) {
        struct key_record want = unit_key("aaaaaaaaaa", "alice"), got;
        struct unit_store *s = *state;

        want.retires_at = 1900000000;
        memcpy(want.successor, "bbbbbbbbbb", 11);
        want.uses = 3;
        want.last_used_at = 1800000005;
        memcpy(want.last_service, "sshd", 5);
        memcpy(want.last_rhost, "192.0.2.9", 10);
        assert_int_equal(store_open(&s->writer, s->path, STORE_WRITER, &s->shared), 0);
        assert_int_equal(store_key_get_used(s->writer, "aaaaaaaaaa", &got), 0);
        unit_key_equal("alice's", &got, &want);
        assert_int_equal(got.certificate_need, CERTIFICATE_NO);
        assert_int_equal(got.bound, false);
        assert_int_equal(unit_sql_number(s->path, "SELECT length(certificate) FROM key"), 0);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM cert"), 0);
        assert_int_equal(unit_sql_number(s->path, "PRAGMA user_version"), 11);
        assert_int_equal(store_check(s->writer, false), 0);
}

/* What libpam folds was stored as it was typed. Of two policies for one service the stricter is
 * kept, whichever is newer. */
static void test_services_in_capitals_are_folded(void **state) {
        struct unit_store *s = *state;
        struct key_record got;

        unit_sql(s->path, "UPDATE key SET services = 'SSHD Imap', name = 'Backup';"
                          "UPDATE key_use SET service = 'SSHD', rhost = 'HOST';"
                          "INSERT INTO policy VALUES ('require-certificate:SSHD', 2, 5),"
                          "('require-certificate:sshd', 0, 9), ('require-certificate:Nginx', 1, 7),"
                          "('require-certificate:imap', 1, 8), ('Unknown', 1, 8)");
        assert_int_equal(store_open(&s->writer, s->path, STORE_WRITER, &s->shared), 0);
        assert_int_equal(store_key_get_used(s->writer, "aaaaaaaaaa", &got), 0);
        assert_string_equal(got.services, "sshd imap");
        assert_string_equal(got.last_service, "sshd");
        assert_string_equal(got.last_rhost, "HOST");
        assert_string_equal(got.name, "Backup");
        assert_int_equal(
                unit_sql_number(s->path, "SELECT count(*) FROM key WHERE services = 'sshd imap'"),
                1);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM policy"), 5);
        assert_int_equal(unit_sql_number(s->path,
                                         "SELECT count(*) FROM policy WHERE (name, value) IN "
                                         "(VALUES ('require-certificate:sshd', 2),"
                                         "('require-certificate:nginx', 1),"
                                         "('require-certificate:imap', 1), ('Unknown', 1))"),
                         4);
}

static void test_an_old_store_is_used_as_a_new_one(void **state) {
        struct key_use use = { .id = "aaaaaaaaaa", .at = 5, .service = "sshd" };
        struct unit_store *s = *state;
        struct key_record got;

        assert_int_equal(store_open(&s->writer, s->path, STORE_WRITER, &s->shared), 0);
        assert_int_equal(store_open(&s->reader, s->path, STORE_READER, &s->shared), 0);
        unit_key_insert(s->writer, "cccccccccc", "carol");
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_key_used(s->writer, &use, 3), 0);
        assert_int_equal(store_commit(s->writer), 0);
        assert_int_equal(store_key_get_used(s->writer, "aaaaaaaaaa", &got), 0);
        assert_in_range(got.uses, 3, 6);
}

/* A database made step by step and one made at once have the same tables. */
static void test_an_old_store_ends_up_like_a_new_one(void **state) {
        static const char compare[] =
                "SELECT count(*) FROM (SELECT type, name, sql FROM main.sqlite_schema"
                " EXCEPT SELECT type, name, sql FROM fresh.sqlite_schema)"
                " UNION ALL SELECT count(*) FROM (SELECT type, name, sql FROM fresh.sqlite_schema"
                " EXCEPT SELECT type, name, sql FROM main.sqlite_schema)";
        struct unit_store *s = *state;
        char fresh[UNIT_PATH_LEN], attach[UNIT_PATH_LEN + 32];
        sqlite3_stmt *stmt = NULL;

        unit_write(unit_join(fresh, s->dir, "fresh.db"), "", 0, 0600);
        assert_int_equal(store_create(fresh, 1), 0);
        assert_int_equal(store_open(&s->writer, s->path, STORE_WRITER, &s->shared), 0);
        (void) snprintf(attach, sizeof(attach), "ATTACH '%s' AS fresh", fresh);
        assert_int_equal(store_stmt_exec(s->writer->db, attach), 0);
        assert_int_equal(sqlite3_prepare_v2(s->writer->db, compare, -1, &stmt, NULL), SQLITE_OK);
        for (unsigned i = 0; i < 2; i++) {
                assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
                assert_int_equal(sqlite3_column_int(stmt, 0), 0);
        }
        assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
}

static void test_opening_again_changes_nothing(void **state) {
        struct unit_store *s = *state;
        int64_t cookie;

        assert_int_equal(store_open(&s->writer, s->path, STORE_WRITER, &s->shared), 0);
        store_freep(&s->writer);
        cookie = unit_sql_number(s->path, "PRAGMA schema_version");
        assert_int_equal(store_open(&s->writer, s->path, STORE_WRITER, &s->shared), 0);
        assert_int_equal(unit_sql_number(s->path, "PRAGMA schema_version"), cookie);
}

/* A step fails, here because its table is there already. The version before it stays, and the
 * writer is not opened. */
static void test_a_failed_step_changes_nothing(void **state) {
        struct unit_store *s = *state;
        sqlite3 *db = NULL;

        unit_sql(s->path, "CREATE TABLE key_use (x)");
        unit_fails("migrate", store_open(&s->writer, s->path, STORE_WRITER, &s->shared));
        assert_null(s->writer);
        assert_int_equal(unit_sql_number(s->path, "PRAGMA user_version"), 1);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM key"), 2);

        assert_int_equal(sqlite3_open_v2(s->path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
        unit_fails("from the start", store_schema_migrate(db, 0));
        unit_fails("from the first", store_schema_migrate(db, 1));
        assert_int_equal(sqlite3_get_autocommit(db), 1);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
        assert_int_equal(unit_sql_number(s->path, "PRAGMA user_version"), 1);
}

/* The second step fails after the first one. Neither of them stays. */
static void test_of_two_steps_both_or_none_are_made(void **state) {
        char path[UNIT_PATH_LEN];
        sqlite3 *db = NULL;

        unit_sql(unit_join(path, *state, "x.db"), "CREATE TABLE key_use (x)");
        assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
        unit_fails("migrate", store_schema_migrate(db, 0));
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
        assert_int_equal(unit_sql_number(path, "PRAGMA user_version"), 0);
        assert_int_equal(unit_sql_number(path, "SELECT count(*) FROM sqlite_schema"), 1);
}

static void test_a_step_does_not_begin_while_another_writes(void **state) {
        struct unit_store *s = *state;
        sqlite3 *db = NULL, *other = NULL;

        assert_int_equal(sqlite3_open_v2(s->path, &other, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE; DELETE FROM key", NULL, NULL, NULL),
                         SQLITE_OK);
        assert_int_equal(sqlite3_open_v2(s->path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
        assert_int_equal(store_schema_migrate(db, 1), -EBUSY);
        assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(store_schema_migrate(db, 1), 0);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
        assert_int_equal(sqlite3_close(other), SQLITE_OK);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM key"), 2);
}

#define test_with_version_5(f) cmocka_unit_test_setup_teardown(f, make_version_5, unit_store_remove)
#define test_with_version_1(f) cmocka_unit_test_setup_teardown(f, make_version_1, unit_store_remove)

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_newest_version_is_the_eleventh),
                test_with_version_1(test_an_old_store_keeps_its_keys),
                test_with_version_1(test_an_old_store_is_used_as_a_new_one),
                test_with_version_1(test_an_old_store_ends_up_like_a_new_one),
                test_with_version_5(test_keys_without_certificates_need_none),
                test_with_version_5(test_services_in_capitals_are_folded),
                test_with_version_5(test_an_old_store_ends_up_like_a_new_one),
                test_with_version_5(test_an_old_store_is_used_as_a_new_one),
                test_with_version_1(test_opening_again_changes_nothing),
                test_with_version_1(test_a_failed_step_changes_nothing),
                unit_test_in_dir(test_of_two_steps_both_or_none_are_made),
                test_with_version_1(test_a_step_does_not_begin_while_another_writes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

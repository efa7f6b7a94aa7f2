/* SPDX-License-Identifier: BSD-2-Clause */
/* The versions of the schema: an older database is brought up to date and loses nothing. */
#include "unit_schema.h"

#include "store/store_check.h"

#include "store/store_key.h"
#include "store/store_schema.h"
#include "store/store_stmt.h"

static void test_the_newest_version_is_the_seventeenth(void **state) {
        (void) state;
        assert_int_equal(store_schema_newest(), 17);
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
        assert_int_equal(unit_sql_number(s->path, "PRAGMA user_version"), 17);
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
        assert_int_equal(unit_sql_number(s->path, "PRAGMA user_version"), 17);
        assert_int_equal(store_check(s->writer, false), 0);
}

/* What libpam folds was stored as it was typed. Of two policies for one service the stricter is
 * kept, whichever is newer. */
static void test_services_in_capitals_are_folded(void **state) {
        struct unit_store *s = *state;
        struct key_record got;

        unit_sql(s->path, "UPDATE key SET services = 'SSHD Imap', name = 'Backup';"
                          "UPDATE key_use SET service = 'SSHD', rhost = 'HOST';"
                          "INSERT INTO policy (name, value, changed_at) VALUES "
                          "('require-certificate:SSHD', 2, 5),"
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
        unit_fails("from the start", store_schema_migrate(db, 0, false));
        unit_fails("from the first", store_schema_migrate(db, 1, false));
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
        unit_fails("migrate", store_schema_migrate(db, 0, false));
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
        assert_int_equal(store_schema_migrate(db, 1, false), -EBUSY);
        assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(store_schema_migrate(db, 1, false), 0);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
        assert_int_equal(sqlite3_close(other), SQLITE_OK);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM key"), 2);
}

#define test_with_version_5(f)                                                                     \
        cmocka_unit_test_setup_teardown(f, unit_schema_make_5, unit_store_remove)
#define test_with_version_1(f)                                                                     \
        cmocka_unit_test_setup_teardown(f, unit_schema_make_1, unit_store_remove)

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_newest_version_is_the_seventeenth),
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

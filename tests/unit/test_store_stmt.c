/* SPDX-License-Identifier: BSD-2-Clause */
/* SQLite's results, texts and numbers, as the rest of the store sees them. No table is known
 * here. */
#include "unit_store.h"

#include "store/store_check.h"
#include "store/store_key.h"
#include "store/store_stmt.h"

/* In the place of SQLite's: fails for want of memory while this is not 0, and counts down. */
static unsigned texts_until_none;

const unsigned char *sqlite3_column_text(sqlite3_stmt *stmt, int column) {
        if (texts_until_none > 0 && --texts_until_none == 0)
                return NULL;
        return sqlite3_value_text(sqlite3_column_value(stmt, column));
}

static void test_every_class_of_result_has_its_errno(void **state) {
        static const struct {
                const char *name;
                int rc, r;
        } rows[] = {
                { "ok", SQLITE_OK, 0 },
                { "busy", SQLITE_BUSY, -EBUSY },
                { "busy snapshot", SQLITE_BUSY_SNAPSHOT, -EBUSY },
                { "busy recovery", SQLITE_BUSY_RECOVERY, -EBUSY },
                { "locked", SQLITE_LOCKED, -EBUSY },
                { "locked shared cache", SQLITE_LOCKED_SHAREDCACHE, -EBUSY },
                { "full", SQLITE_FULL, -ENOSPC },
                { "read-only", SQLITE_READONLY, -EROFS },
                { "read-only directory", SQLITE_READONLY_DIRECTORY, -EROFS },
                { "read-only, moved", SQLITE_READONLY_DBMOVED, -EROFS },
                { "corrupt", SQLITE_CORRUPT, -EUCLEAN },
                { "corrupt index", SQLITE_CORRUPT_INDEX, -EUCLEAN },
                { "not a database", SQLITE_NOTADB, -EUCLEAN },
                { "constraint", SQLITE_CONSTRAINT, -EEXIST },
                { "primary key", SQLITE_CONSTRAINT_PRIMARYKEY, -EEXIST },
                { "unique", SQLITE_CONSTRAINT_UNIQUE, -EEXIST },
                { "no memory", SQLITE_NOMEM, -ENOMEM },
                { "cannot open", SQLITE_CANTOPEN, -EACCES },
                { "symbolic link", SQLITE_CANTOPEN_SYMLINK, -EACCES },
                { "error", SQLITE_ERROR, -EIO },
                { "internal", SQLITE_INTERNAL, -EIO },
                { "permission", SQLITE_PERM, -EIO },
                { "abort", SQLITE_ABORT, -EIO },
                { "abort rollback", SQLITE_ABORT_ROLLBACK, -EIO },
                { "interrupt", SQLITE_INTERRUPT, -EIO },
                { "read", SQLITE_IOERR_READ, -EUCLEAN },
                { "short read", SQLITE_IOERR_SHORT_READ, -EIO },
                { "sync", SQLITE_IOERR_FSYNC, -EIO },
                { "schema", SQLITE_SCHEMA, -EIO },
                { "protocol", SQLITE_PROTOCOL, -EIO },
                { "too big", SQLITE_TOOBIG, -EIO },
                { "mismatch", SQLITE_MISMATCH, -EIO },
                { "misuse", SQLITE_MISUSE, -EIO },
                { "range", SQLITE_RANGE, -EIO },
                { "a row is no success here", SQLITE_ROW, -EIO },
                { "nor is the end", SQLITE_DONE, -EIO },
                { "what no version knows", 250, -EIO },
                { "negative", -1, -EIO },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                unit_int(rows[i].name, store_stmt_error(rows[i].rc), rows[i].r);
}

static void test_only_ok_is_no_error(void **state) {
        (void) state;
        for (int rc = 1; rc < 256; rc++)
                unit_fails("rc", store_stmt_error(rc));
}

static sqlite3_stmt *prepare(struct unit_store *s, const char *sql) {
        sqlite3_stmt *stmt = NULL;

        assert_int_equal(sqlite3_prepare_v2(s->writer->db, sql, -1, &stmt, NULL), SQLITE_OK);
        return stmt;
}

static void test_a_step_is_a_row_the_end_or_an_error(void **state) {
        struct unit_store *s = *state;
        sqlite3_stmt *stmt = prepare(s, "VALUES (1), (2)");

        assert_int_equal(store_stmt_step(stmt), 1);
        assert_int_equal(store_stmt_step(stmt), 1);
        assert_int_equal(store_stmt_step(stmt), 0);
        (void) sqlite3_finalize(stmt);
        stmt = prepare(s, "SELECT abs(-9223372036854775808)");
        assert_int_equal(store_stmt_step(stmt), -EIO);
        (void) sqlite3_finalize(stmt);
        stmt = prepare(s, "INSERT INTO pepper (id) VALUES (4294967295)");
        assert_int_equal(store_stmt_step(stmt), -EEXIST);
        (void) sqlite3_finalize(stmt);
}

static void test_a_statement_that_is_done_holds_nothing(void **state) {
        struct unit_store *s = *state;
        sqlite3_stmt *stmt = prepare(s, "SELECT ?1 UNION ALL SELECT 2");

        assert_int_equal(sqlite3_bind_int(stmt, 1, 7), SQLITE_OK);
        assert_int_equal(store_stmt_step(stmt), 1);
        assert_int_equal(sqlite3_stmt_busy(stmt), 1);
        store_stmt_done(&stmt);
        assert_int_equal(sqlite3_stmt_busy(stmt), 0);
        assert_int_equal(store_stmt_step(stmt), 1);
        assert_int_equal(sqlite3_column_type(stmt, 0), SQLITE_NULL);
        (void) sqlite3_finalize(stmt);
}

static void test_a_text_fits_or_is_damage(void **state) {
        static const struct {
                const char *sql;
                int r;
                const char *text;
        } rows[] = {
                { "SELECT ''", 0, "" },
                { "SELECT 'abc'", 0, "abc" },
                { "SELECT 'abcdefg'", 0, "abcdefg" },
                { "SELECT 'abcdefgh'", -EUCLEAN, NULL },
                { "SELECT printf('%.1000c', 'x')", -EUCLEAN, NULL },
                { "SELECT 'a' || char(0)", -EUCLEAN, NULL },
                { "SELECT char(0)", -EUCLEAN, NULL },
                { "SELECT char(0) || 'abc'", -EUCLEAN, NULL },
                { "SELECT NULL", -EUCLEAN, NULL },
                { "SELECT x'610062'", -EUCLEAN, NULL },
                { "SELECT 42", 0, "42" },
        };
        struct unit_store *s = *state;

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                sqlite3_stmt *stmt = prepare(s, rows[i].sql);
                char out[9];

                unit_poison(out, sizeof(out));
                unit_int(rows[i].sql, store_stmt_step(stmt), 1);
                unit_int(rows[i].sql, store_stmt_text(stmt, 0, out, 8), rows[i].r);
                if (rows[i].text)
                        unit_str(rows[i].sql, out, rows[i].text);
                unit_poisoned(rows[i].sql, out + (rows[i].text ? 8 : 0),
                              rows[i].text ? 1 : sizeof(out));
                (void) sqlite3_finalize(stmt);
        }
}

static void test_a_pragma_gives_a_number_or_an_error(void **state) {
        static const struct {
                const char *sql;
                int r;
        } rows[] = {
                { "no SQL", -EIO },
                { "SELECT 1 WHERE 0", -EIO },
                { "SELECT * FROM absent", -EIO },
                { "SELECT abs(-9223372036854775808)", -EIO },
        };
        struct unit_store *s = *state;
        int64_t value;

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                unit_poison(&value, sizeof(value));
                unit_int(rows[i].sql, store_stmt_pragma(s->writer->db, rows[i].sql, &value),
                         rows[i].r);
                unit_poisoned(rows[i].sql, &value, sizeof(value));
        }
        assert_int_equal(store_stmt_pragma(s->writer->db, "SELECT -9223372036854775807", &value),
                         0);
        assert_int_equal(value, -INT64_MAX);
}

static void test_several_statements_are_run_up_to_the_first_error(void **state) {
        struct unit_store *s = *state;

        assert_int_equal(store_stmt_exec(s->writer->db, "INSERT INTO pepper (id) VALUES (1); no "
                                                        "SQL;INSERT INTO pepper (id) VALUES (2)"),
                         -EIO);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM pepper"), 2);
}

static void test_a_reader_has_the_statements_of_a_reader(void **state) {
        struct unit_store *s = *state;

        for (int i = 0; i < _STMT_MAX; i++) {
                assert_non_null(store_stmt(s->writer, (enum stmt) i));
                if (i < _STMT_READER_MAX)
                        assert_int_equal(
                                sqlite3_stmt_readonly(store_stmt(s->reader, (enum stmt) i)),
                                i != STMT_BEGIN_WRITE);
                else
                        assert_null(store_stmt(s->reader, (enum stmt) i));
        }
}

static void test_rows_where_none_belong_are_an_error(void **state) {
        struct unit_store *s = *state;

        assert_int_equal(store_stmt_run(s->writer, STMT_PEPPERS), -EIO);
        assert_int_equal(store_stmt_run(s->writer, STMT_POLICIES), 0);
        assert_int_equal(sqlite3_stmt_busy(store_stmt(s->writer, STMT_PEPPERS)), 0);
}

/* A start makes a damaged store anew, and a note about a damaged key is dropped. */
static void test_want_of_memory_is_no_damage(void **state) {
        struct unit_store *s = *state;
        struct key_record key = unit_key("aaaaaaaaaa", "alice");

        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_key_insert(s->writer, &key), 0);
        assert_int_equal(store_commit(s->writer), 0);
        for (unsigned n = 1; n <= 11; n++) {
                texts_until_none = n;
                assert_int_equal(store_key_get(s->writer, key.id, &key), -ENOMEM);
        }
        texts_until_none = 1;
        assert_int_equal(store_check_table(s->writer, "key", true), -ENOMEM);
        texts_until_none = 0;
        assert_int_equal(store_check_table(s->writer, "key", true), 0);
        assert_int_equal(store_key_get(s->writer, key.id, &key), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_class_of_result_has_its_errno),
                cmocka_unit_test(test_only_ok_is_no_error),
                unit_test_with_store(test_a_step_is_a_row_the_end_or_an_error),
                unit_test_with_store(test_a_statement_that_is_done_holds_nothing),
                unit_test_with_store(test_a_text_fits_or_is_damage),
                unit_test_with_store(test_a_pragma_gives_a_number_or_an_error),
                unit_test_with_store(test_several_statements_are_run_up_to_the_first_error),
                unit_test_with_store(test_a_reader_has_the_statements_of_a_reader),
                unit_test_with_store(test_rows_where_none_belong_are_an_error),
                unit_test_with_store(test_want_of_memory_is_no_damage),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The store as a whole: what it makes, what it opens, what it refuses to open, and its
 * transactions. Its tables have tests of their own. */
#include "unit_store.h"

#include "store/store_check.h"

#include "store/store_key.h"
#include "store/store_schema.h"
#include "store/store_stmt.h"

static int open_store(const char *path, enum store_mode mode) {
        struct store_shared shared = {};
        struct store *s = NULL;
        int r = store_open(&s, path, mode, &shared);

        assert_int_equal(s != NULL, r >= 0);
        store_free(s);
        return r;
}

/* Both modes refuse it in the same way, and so does a second try: refusing changes nothing. */
static void check_refused(const char *row, const char *path, int r) {
        unit_int(row, open_store(path, STORE_WRITER), r);
        unit_int(row, open_store(path, STORE_READER), r);
        unit_int(row, open_store(path, STORE_WRITER), r);
}

static void copy_file(const char *from, const char *to, size_t len) {
        uint8_t *bytes = calloc(1, len);
        int fd = open(from, O_RDONLY | O_CLOEXEC);
        ssize_t n;

        assert_non_null(bytes);
        assert_int_not_equal(fd, -1);
        n = read(fd, bytes, len);
        assert_in_range(n, 0, len);
        assert_int_equal(close(fd), 0);
        unit_write(to, bytes, (size_t) n, 0600);
        free(bytes);
}

/* --- Making --- */

static void test_a_new_store_is_ours_of_the_newest_version_and_empty(void **state) {
        struct unit_store *s = *state;

        assert_int_equal(unit_sql_number(s->path, "PRAGMA application_id"),
                         STORE_SCHEMA_APPLICATION_ID);
        assert_int_equal(unit_sql_number(s->path, "PRAGMA user_version"), store_schema_newest());
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM key"), 0);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM policy"), 0);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM pepper"), 1);
        assert_int_equal(unit_sql_number(s->path, "SELECT id FROM pepper"), UNIT_PEPPER_ID);
        assert_int_equal(open_store(s->path, STORE_WRITER), 0);
        assert_int_equal(open_store(s->path, STORE_READER), 0);
}

static void test_a_store_is_not_made_where_no_file_is(void **state) {
        char path[UNIT_PATH_LEN];

        unit_fails("store_create", store_create(unit_join(path, *state, "absent"), 1));
        assert_int_equal(access(path, F_OK), -1);
}

static void test_a_store_is_not_made_over_a_store(void **state) {
        struct unit_store *s = *state;

        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        assert_int_equal(store_create(s->path, 1), -EEXIST);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM key"), 1);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM pepper"), 1);
}

static void test_a_store_is_not_made_over_another_s_database(void **state) {
        char path[UNIT_PATH_LEN];

        unit_sql(unit_join(path, *state, "theirs.db"),
                 "PRAGMA application_id = 7; CREATE TABLE t (x); INSERT INTO t VALUES (1)");
        assert_int_equal(store_create(path, 1), -EEXIST);
        assert_int_equal(unit_sql_number(path, "PRAGMA application_id"), 7);
        assert_int_equal(unit_sql_number(path, "SELECT count(*) FROM sqlite_schema"), 1);
}

/* --- Opening --- */

static void test_what_is_not_there_is_not_made(void **state) {
        char path[UNIT_PATH_LEN];

        check_refused("absent", unit_join(path, *state, "absent"), -ENOENT);
        assert_int_equal(access(path, F_OK), -1);
}

static void test_what_is_no_file_is_refused(void **state) {
        struct unit_store *s = *state;
        char link[UNIT_PATH_LEN];

        unit_fails("open_store", open_store(s->dir, STORE_WRITER));
        assert_int_equal(symlink(s->path, unit_join(link, s->dir, "link")), 0);
        check_refused("symbolic link", link, -EACCES);
}

static void test_what_is_not_ours_is_refused(void **state) {
        char path[UNIT_PATH_LEN];

        unit_join(path, *state, "x.db");
        unit_write(path, "", 0, 0600);
        check_refused("empty", path, -EMEDIUMTYPE);
        unit_sql(path, "CREATE TABLE key (id)");
        check_refused("without an application id", path, -EMEDIUMTYPE);
        unit_sql(path, "PRAGMA application_id = 0x57464b32; PRAGMA user_version = 2");
        check_refused("with another application id", path, -EMEDIUMTYPE);
}

static void test_versions(void **state) {
        static const struct {
                const char *why, *sql;
                int r;
        } rows[] = {
                { "newer", "PRAGMA user_version = 18", -EPROTONOSUPPORT },
                { "much newer", "PRAGMA user_version = 2147483647", -EPROTONOSUPPORT },
                { "none", "PRAGMA user_version = 0", -EUCLEAN },
                { "negative", "PRAGMA user_version = -1", -EUCLEAN },
        };
        struct unit_store *s = *state;

        assert_int_equal(store_schema_newest(), 17);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                unit_sql(s->path, rows[i].sql);
                check_refused(rows[i].why, s->path, rows[i].r);
        }
        unit_sql(s->path, "PRAGMA user_version = 17");
        assert_int_equal(open_store(s->path, STORE_WRITER), 0);
}

static void test_garbage_is_damage(void **state) {
        char path[UNIT_PATH_LEN], bytes[8192];

        unit_join(path, *state, "x.db");
        unit_poison(bytes, sizeof(bytes));
        unit_write(path, bytes, sizeof(bytes), 0600);
        check_refused("garbage", path, -EUCLEAN);
        unit_write(path, "SQLite format 3", 15, 0600);
        check_refused("a part of the header", path, -EUCLEAN);
}

static void test_a_missing_table_is_damage(void **state) {
        static const char *const writer_only[] = { "DROP TABLE key_use" };
        static const char *const both[] = {
                "DROP TABLE key_use; DROP TABLE key",
                "DROP TABLE policy",
                "DROP TABLE key_use; DROP TABLE key; DROP TABLE pepper",
                "ALTER TABLE key RENAME COLUMN digest TO hash",
                "ALTER TABLE key RENAME COLUMN expires_at TO x",
                "ALTER TABLE policy RENAME COLUMN value TO val",
        };
        struct unit_store *s = *state;
        char path[UNIT_PATH_LEN];

        unit_join(path, s->dir, "x.db");
        for (size_t i = 0; i < ARRAY_LEN(both); i++) {
                copy_file(s->path, path, 1024 * 1024);
                unit_sql(path, both[i]);
                check_refused(both[i], path, -EUCLEAN);
        }
        copy_file(s->path, path, 1024 * 1024);
        unit_sql(path, writer_only[0]);
        assert_int_equal(open_store(path, STORE_WRITER), -EUCLEAN);
}

static void fill_store(struct unit_store *s) {
        struct store_shared shared = {};

        assert_int_equal(store_open(&s->writer, s->path, STORE_WRITER, &shared), 0);
        for (unsigned i = 0; i < 30; i++) {
                char id[KEYTEXT_ID_LEN + 1];

                (void) snprintf(id, sizeof(id), "%010u", i);
                unit_key_insert(s->writer, id, "alice");
        }
        /* the last connection moves the log into the file */
        store_freep(&s->writer);
}

/* As after cp(1) on a full disk. A page that is there in part counts as present, so at least one
 * page is missing. */
static void test_a_truncated_file_is_found_out(void **state) {
        struct unit_store *s = *state;
        char path[UNIT_PATH_LEN];
        struct stat st;

        fill_store(s);
        unit_join(path, s->dir, "x.db");
        assert_int_equal(stat(s->path, &st), 0);
        assert_in_range(st.st_size, 4 * 4096, 1024 * 1024);
        for (off_t len = 1; len <= st.st_size - 4096; len += 509) {
                struct store_shared shared = {};
                struct store *store = NULL;
                int r;

                copy_file(s->path, path, (size_t) len);
                r = store_open(&store, path, STORE_WRITER, &shared);
                if (r >= 0)
                        r = store_check(store, false);
                store_free(store);
                /* SQLite makes an empty file of one byte */
                if (r != -EUCLEAN)
                        assert_int_equal(r, len < 512 ? -EMEDIUMTYPE : -EUCLEAN);
        }
}

/* The page of each table and each index in turn. */
static void test_a_damaged_page_is_found_out(void **state) {
        static const uint8_t zero[4096];
        struct unit_store *s = *state;
        char path[UNIT_PATH_LEN];
        int64_t pages;

        /* A page that no table has any more can be damaged without harm. */
        unit_sql(s->path, "VACUUM; PRAGMA wal_checkpoint(TRUNCATE)");
        pages = unit_sql_number(s->path, "PRAGMA page_count");
        unit_join(path, s->dir, "x.db");
        assert_in_range(pages, 4, 100);
        for (int64_t page = 1; page < pages; page++) {
                struct store_shared shared = {};
                struct store *store = NULL;
                int fd, r;

                copy_file(s->path, path, 1024 * 1024);
                fd = open(path, O_WRONLY | O_CLOEXEC);
                assert_int_equal(pwrite(fd, zero, sizeof(zero), page * 4096), sizeof(zero));
                assert_int_equal(close(fd), 0);
                r = store_open(&store, path, STORE_WRITER, &shared);
                if (r >= 0)
                        r = store_check(store, false);
                store_free(store);
                assert_int_equal(r, -EUCLEAN);
        }
}

static void test_a_sound_store_passes_the_check(void **state) {
        struct unit_store *s = *state;

        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        assert_int_equal(store_check(s->writer, false), 0);
        /* So does a row of a table that no test above has filled. NULL stands for nobody there, and
         * must not be taken for it. */
        unit_sql(s->path, "INSERT INTO crl_serial (ca, serial) VALUES (zeroblob(32), x'01')");
        assert_int_equal(store_check(s->writer, false), 0);
}

static int64_t pragma(struct store *s, const char *sql) {
        int64_t value = -1;

        assert_int_equal(store_stmt_pragma(s->db, sql, &value), 0);
        return value;
}

static void test_the_writer_is_durable_and_the_reader_cannot_write(void **state) {
        struct unit_store *s = *state;
        char sql[] = "INSERT INTO policy (name, value, changed_at) VALUES ('x', 1, 1)";

        assert_int_equal(pragma(s->writer, "PRAGMA synchronous"), 2); /* FULL */
        assert_int_equal(pragma(s->writer, "PRAGMA foreign_keys"), 1);
        assert_int_equal(pragma(s->writer, "PRAGMA wal_autocheckpoint"), 0);
        assert_int_equal(pragma(s->reader, "PRAGMA wal_autocheckpoint"), 0);
        assert_int_equal(pragma(s->reader, "PRAGMA query_only"), 1);
        assert_int_equal(store_stmt_exec(s->reader->db, sql), -EROFS);
        assert_int_equal(
                unit_sql_number(
                        s->path,
                        "SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'"),
                1);
}

static void test_nothing_can_be_freed(void **state) {
        struct store *none = NULL;

        (void) state;
        assert_null(store_free(NULL));
        store_freep(&none);
        assert_null(none);
}

static void test_every_error_has_a_sentence(void **state) {
        static const int errors[] = { -ENOENT, -EMEDIUMTYPE, -EPROTONOSUPPORT, -EUCLEAN, -EBUSY,
                                      -ENOSPC, -EROFS,       -EACCES,          -ENOMEM,  -EIO };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(errors); i++)
                for (size_t j = 0; j < i; j++)
                        assert_string_not_equal(store_error_text(errors[i]),
                                                store_error_text(errors[j]));
        assert_string_equal(store_error_text(-4711), store_error_text(-EIO));
        assert_string_equal(store_error_text(0), store_error_text(-EIO));
}

/* --- Transactions --- */

static int64_t count_keys(const struct unit_store *s) {
        return unit_sql_number(s->path, "SELECT count(*) FROM key");
}

static void insert(struct unit_store *s, const char *id) {
        struct key_record key = unit_key(id, "alice");

        assert_int_equal(store_key_insert(s->writer, &key), 0);
}

static void test_a_rollback_leaves_nothing(void **state) {
        struct unit_store *s = *state;
        struct key_record key;

        assert_int_equal(store_begin(s->writer), 0);
        insert(s, "aaaaaaaaaa");
        assert_int_equal(store_policy_set(s->writer, "enabled", 1, 1), 0);
        store_rollback(s->writer);
        assert_int_equal(store_key_get(s->writer, "aaaaaaaaaa", &key), -ENOENT);
        assert_int_equal(count_keys(s), 0);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM policy"), 0);
        assert_int_equal(s->shared.generation, 0);
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_commit(s->writer), 0);
}

static void test_a_rollback_outside_of_a_transaction_is_harmless(void **state) {
        struct unit_store *s = *state;

        store_rollback(s->writer);
        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        store_rollback(s->writer);
        assert_int_equal(count_keys(s), 1);
}

static void test_the_generation_moves_with_a_commit_and_not_with_a_quiet_one(void **state) {
        struct unit_store *s = *state;

        assert_int_equal(s->shared.generation, 0);
        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        assert_int_equal(s->shared.generation, 1);
        assert_int_equal(store_begin(s->writer), 0);
        insert(s, "bbbbbbbbbb");
        assert_int_equal(store_commit_quietly(s->writer), 0);
        assert_int_equal(s->shared.generation, 1);
        assert_int_equal(count_keys(s), 2);
}

static int refuse(void *unused) {
        (void) unused;
        return 1;
}

static void test_a_commit_that_fails_changes_nothing(void **state) {
        struct unit_store *s = *state;

        assert_int_equal(store_begin(s->writer), 0);
        insert(s, "aaaaaaaaaa");
        (void) sqlite3_commit_hook(s->writer->db, refuse, NULL);
        unit_fails("store_commit", store_commit(s->writer));
        (void) sqlite3_commit_hook(s->writer->db, NULL, NULL);
        assert_int_equal(s->shared.generation, 0);
        assert_int_equal(count_keys(s), 0);
        unit_key_insert(s->writer, "bbbbbbbbbb", "alice");
        assert_int_equal(count_keys(s), 1);
}

/* A commit that SQLite refuses and leaves open, here because of a pepper that is not known. */
static void test_a_commit_that_is_refused_is_rolled_back(void **state) {
        struct unit_store *s = *state;
        struct key_record key = unit_key("aaaaaaaaaa", "alice");

        key.pepper_id = 7;
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_stmt_exec(s->writer->db, "PRAGMA defer_foreign_keys = ON"), 0);
        assert_int_equal(store_key_insert(s->writer, &key), 0);
        unit_fails("store_commit", store_commit(s->writer));
        assert_int_equal(sqlite3_get_autocommit(s->writer->db), 1);
        assert_int_equal(s->shared.generation, 0);
        assert_int_equal(count_keys(s), 0);
        unit_key_insert(s->writer, "bbbbbbbbbb", "alice");
}

static void test_a_transaction_is_begun_once_and_committed_once(void **state) {
        struct unit_store *s = *state;

        unit_fails("store_commit", store_commit(s->writer));
        assert_int_equal(s->shared.generation, 0);
        assert_int_equal(store_begin(s->writer), 0);
        unit_fails("store_begin", store_begin(s->writer));
        store_rollback(s->writer);
}

static void test_a_store_that_another_writes_is_busy(void **state) {
        struct unit_store *s = *state;
        sqlite3 *db = NULL;

        assert_int_equal(sqlite3_open_v2(s->path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
        (void) sqlite3_busy_timeout(s->writer->db, 1);
        assert_int_equal(store_begin(s->writer), -EBUSY);
        assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
        assert_int_equal(store_begin(s->writer), 0);
        store_rollback(s->writer);
}

/* --- Peppers --- */

static int sum(uint32_t pepper_id, void *userdata) {
        *(uint64_t *) userdata += pepper_id;
        return 0;
}

static int stop(uint32_t pepper_id, void *userdata) {
        (void) pepper_id;
        ++*(uint64_t *) userdata;
        return -EKEYREJECTED;
}

static void test_all_peppers_are_visited_until_one_is_refused(void **state) {
        struct unit_store *s = *state;
        uint64_t total = 0, visits = 0;

        unit_sql(s->path, "INSERT INTO pepper (id) VALUES (0), (7)");
        assert_int_equal(store_pepper_each(s->writer, sum, &total), 0);
        assert_int_equal(total, UINT64_C(4294967295) + 7);
        assert_int_equal(store_pepper_each(s->reader, stop, &visits), -EKEYREJECTED);
        assert_int_equal(visits, 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_with_closed_store(
                        test_a_new_store_is_ours_of_the_newest_version_and_empty),
                unit_test_in_dir(test_a_store_is_not_made_where_no_file_is),
                unit_test_with_store(test_a_store_is_not_made_over_a_store),
                unit_test_in_dir(test_a_store_is_not_made_over_another_s_database),
                unit_test_in_dir(test_what_is_not_there_is_not_made),
                unit_test_with_closed_store(test_what_is_no_file_is_refused),
                unit_test_in_dir(test_what_is_not_ours_is_refused),
                unit_test_with_closed_store(test_versions),
                unit_test_in_dir(test_garbage_is_damage),
                unit_test_with_closed_store(test_a_missing_table_is_damage),
                unit_test_with_closed_store(test_a_truncated_file_is_found_out),
                unit_test_with_closed_store(test_a_damaged_page_is_found_out),
                unit_test_with_store(test_a_sound_store_passes_the_check),
                unit_test_with_store(test_the_writer_is_durable_and_the_reader_cannot_write),
                cmocka_unit_test(test_nothing_can_be_freed),
                cmocka_unit_test(test_every_error_has_a_sentence),
                unit_test_with_store(test_a_rollback_leaves_nothing),
                unit_test_with_store(test_a_rollback_outside_of_a_transaction_is_harmless),
                unit_test_with_store(
                        test_the_generation_moves_with_a_commit_and_not_with_a_quiet_one),
                unit_test_with_store(test_a_commit_that_fails_changes_nothing),
                unit_test_with_store(test_a_commit_that_is_refused_is_rolled_back),
                unit_test_with_store(test_a_transaction_is_begun_once_and_committed_once),
                unit_test_with_store(test_a_store_that_another_writes_is_busy),
                unit_test_with_store(test_all_peppers_are_visited_until_one_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

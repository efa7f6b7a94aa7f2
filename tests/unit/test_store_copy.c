/* SPDX-License-Identifier: BSD-2-Clause */
/* The copy of a store from before an upgrade: when it is made, what is in it, and when it goes.
 * tests/scenario/250-upgrade.sh has the daemon, the way back, and a disk without room. */
#include "unit_schema.h"

#include "store/store_copy.h"
#include "store/store_schema.h"
#include "store/store_stmt.h"

#define DAY INT64_C(86400)

static const char *of(const struct unit_store *s, const char *name) {
        static char paths[4][UNIT_PATH_LEN];
        static size_t next;

        next = (next + 1) % ARRAY_LEN(paths);
        return unit_join(paths[next], s->dir, name);
}

static bool is_there(const struct unit_store *s, const char *name) {
        struct stat st;

        return lstat(of(s, name), &st) == 0;
}

static int64_t made_at(const struct unit_store *s, const char *name) {
        struct stat st;

        assert_int_equal(lstat(of(s, name), &st), 0);
        return st.st_mtime;
}

static int open_writer(struct unit_store *s) {
        store_freep(&s->writer);
        return store_open(&s->writer, s->path, STORE_WRITER, &s->shared);
}

static void check_copy(const struct unit_store *s) {
        struct stat st;

        assert_int_equal(lstat(of(s, "keys.db.schema-5"), &st), 0);
        assert_int_equal(st.st_mode, S_IFREG | 0600);
        assert_int_equal(is_there(s, "keys.db.schema-5.new"), false);
        assert_int_equal(unit_sql_number(of(s, "keys.db.schema-5"), "PRAGMA user_version"), 5);
        assert_int_equal(unit_sql_number(of(s, "keys.db.schema-5"),
                                         "SELECT count(*) FROM key WHERE id = 'aaaaaaaaaa'"),
                         1);
}

static void test_it_is_whole_and_ours_alone(void **state) {
        struct unit_store *s = *state;
        mode_t old = umask(0);

        assert_int_equal(open_writer(s), 0);
        (void) umask(old);
        check_copy(s);
        assert_int_equal(unit_sql_number(s->path, "PRAGMA user_version"), store_schema_newest());
}

/* The daemon before was killed, so the newest changes are in its log. */
static void test_it_has_what_is_in_the_log(void **state) {
        struct unit_store *s = *state;
        sqlite3 *db = NULL;

        assert_int_equal(sqlite3_open_v2(s->path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
        assert_int_equal(
                store_stmt_exec(db, "PRAGMA journal_mode = WAL; UPDATE key SET reason = 'new'"), 0);
        assert_int_equal(open_writer(s), 0);
        check_copy(s);
        assert_int_equal(unit_sql_number(of(s, "keys.db.schema-5"),
                                         "SELECT count(*) FROM key WHERE reason = 'new'"),
                         1);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* A kill has left a part of a copy, or a copy from before the upgrade that was not made. */
static void test_what_was_left_is_replaced(void **state) {
        static const char *const names[] = { "keys.db.schema-5.new", "keys.db.schema-5" };
        struct unit_store *s = *state;

        for (size_t i = 0; i < ARRAY_LEN(names); i++)
                unit_write(of(s, names[i]), "half", 4, 0644);
        assert_int_equal(open_writer(s), 0);
        check_copy(s);
}

static void test_without_an_upgrade_there_is_none(void **state) {
        struct unit_store *s = *state;
        char *copy = NULL;

        assert_int_equal(open_writer(s), 0);
        store_freep(&s->writer);
        assert_int_equal(unlink(of(s, "keys.db.schema-5")), 0);
        assert_int_equal(open_writer(s), 0);
        assert_int_equal(is_there(s, "keys.db.schema-5"), false);
        assert_int_equal(store_copy_find(s->path, &copy), -ENOENT);
        assert_null(copy);
}

static void test_a_failed_upgrade_leaves_none(void **state) {
        struct unit_store *s = *state;

        unit_sql(s->path, "CREATE TABLE cert (x)");
        unit_fails("open", open_writer(s));
        assert_int_equal(unit_sql_number(s->path, "PRAGMA user_version"), 5);
        assert_int_equal(is_there(s, "keys.db.schema-5"), false);
        assert_int_equal(is_there(s, "keys.db.schema-5.new"), false);
}

static void test_without_a_copy_nothing_is_upgraded(void **state) {
        struct unit_store *s = *state;

        assert_int_equal(mkdir(of(s, "keys.db.schema-5.new"), 0700), 0);
        unit_fails("open", open_writer(s));
        assert_int_equal(unit_sql_number(s->path, "PRAGMA user_version"), 5);
        assert_int_equal(rmdir(of(s, "keys.db.schema-5.new")), 0);
        assert_int_equal(open_writer(s), 0);
        check_copy(s);
}

static void test_it_goes_when_the_new_version_has_served(void **state) {
        struct unit_store *s = *state;
        int64_t at;

        unit_write(of(s, "keys.db.schema-3"), "older", 5, 0600);
        assert_int_equal(open_writer(s), 0);
        at = made_at(s, "keys.db.schema-5");
        store_copy_served(s->writer, at - 400 * DAY);
        store_copy_served(s->writer, at);
        store_copy_served(s->writer, at + STORE_COPY_DAYS * DAY - 1);
        check_copy(s);
        /* A daemon that did not make it removes it, too. */
        assert_int_equal(open_writer(s), 0);
        store_copy_served(s->writer, at + STORE_COPY_DAYS * DAY);
        assert_int_equal(is_there(s, "keys.db.schema-5"), false);
        assert_int_equal(is_there(s, "keys.db.schema-3"), false);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM key"), 1);
        store_copy_served(s->writer, at + STORE_COPY_DAYS * DAY);
}

static void test_a_version_is_told_of_what_it_can_read(void **state) {
        struct unit_store *s = *state;
        char *copy = NULL, name[64];

        (void) snprintf(name, sizeof(name), "keys.db.schema-%d", (int) store_schema_newest() + 1);
        unit_write(of(s, name), "", 0, 0600);
        assert_int_equal(store_copy_find(s->path, &copy), -ENOENT);
        unit_write(of(s, "keys.db.schema-4"), "", 0, 0600);
        unit_write(of(s, "keys.db.schema-3"), "", 0, 0600);
        assert_int_equal(store_copy_find(s->path, &copy), 0);
        assert_string_equal(copy, of(s, "keys.db.schema-4"));
        free(copy);
}

#define test_with_old_store(f)                                                                     \
        cmocka_unit_test_setup_teardown(f, unit_schema_make_5, unit_store_remove)

int main(void) {
        const struct CMUnitTest tests[] = {
                test_with_old_store(test_it_is_whole_and_ours_alone),
                test_with_old_store(test_it_has_what_is_in_the_log),
                test_with_old_store(test_what_was_left_is_replaced),
                test_with_old_store(test_without_an_upgrade_there_is_none),
                test_with_old_store(test_a_failed_upgrade_leaves_none),
                test_with_old_store(test_without_a_copy_nothing_is_upgraded),
                test_with_old_store(test_it_goes_when_the_new_version_has_served),
                test_with_old_store(test_a_version_is_told_of_what_it_can_read),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Logs and databases that belong together, and those that do not. Each log is one that the store
 * wrote, and was there when a kill came. */
#include <sys/stat.h>

#include "unit_store.h"

#include "store/store_log.h"
#include "store/store_stmt.h"

static const char *of(const struct unit_store *s, const char *name) {
        static char paths[4][UNIT_PATH_LEN];
        static size_t next;

        next = (next + 1) % ARRAY_LEN(paths);
        return unit_join(paths[next], s->dir, name);
}

static void copy(const struct unit_store *s, const char *from, const char *to) {
        char command[3 * UNIT_PATH_LEN];

        (void) snprintf(command, sizeof(command), "cp '%s' '%s'", of(s, from), of(s, to));
        assert_int_equal(system(command), 0);
}

static void change(const struct unit_store *s) {
        static int64_t value;

        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_policy_set(s->writer, "lifetime", ++value, 2), 0);
        assert_int_equal(store_commit(s->writer), 0);
}

/* Makes the files NAME and NAME-wal. The log is what the next kill would leave. */
static void keep(const struct unit_store *s, const char *name) {
        char log[64];

        (void) snprintf(log, sizeof(log), "%s-wal", name);
        copy(s, "keys.db", name);
        copy(s, "keys.db-wal", log);
}

static int check(const struct unit_store *s, const char *database, const char *log) {
        copy(s, database, "both");
        copy(s, log, "both-wal");
        return store_log_check(of(s, "both"));
}

static void test_a_log_fits_its_own_database(void **state) {
        const struct unit_store *s = *state;

        store_settle(s->writer);
        change(s);
        keep(s, "begun");
        assert_int_equal(store_log_check(s->path), 0);
        store_settle(s->writer);
        keep(s, "moved");
        assert_int_equal(check(s, "begun", "begun-wal"), 0);
        assert_int_equal(check(s, "moved", "moved-wal"), 0);
        /* a checkpoint that was interrupted */
        assert_int_equal(check(s, "moved", "begun-wal"), 0);
        change(s);
        keep(s, "next");
        assert_int_equal(check(s, "next", "next-wal"), 0);
        assert_int_equal(check(s, "moved", "next-wal"), 0);
}

static void test_a_log_fits_no_other(void **state) {
        const struct unit_store *s = *state;

        change(s);
        store_settle(s->writer);
        copy(s, "keys.db", "older");
        change(s);
        store_settle(s->writer);
        change(s);
        keep(s, "newer");
        assert_int_equal(check(s, "older", "newer-wal"), -ESTALE);
        store_settle(s->writer);
        change(s);
        store_settle(s->writer);
        copy(s, "keys.db", "newest");
        assert_int_equal(check(s, "newest", "newer-wal"), -ESTALE);
        /* It is cut at each place: what is left of it has an id, or SQLite reads nothing. */
        for (off_t len = 0; len < 9000; len += 500) {
                int r;

                copy(s, "newer-wal", "cut-wal");
                assert_int_equal(truncate(of(s, "cut-wal"), len), 0);
                r = check(s, "older", "cut-wal");
                assert_true(r == 0 || r == -ESTALE);
                assert_int_equal(check(s, "newer", "cut-wal"), 0);
        }
}

/* With as many changes, of one that was copied. */
static void test_a_log_of_the_other_branch(void **state) {
        struct unit_store *s = *state, *other;
        void *there = NULL;
        char command[3 * UNIT_PATH_LEN];

        assert_int_equal(unit_store_make_closed(&there), 0);
        other = there;
        if (!other)
                return; /* for the compiler */
        store_settle(s->writer);
        (void) snprintf(command, sizeof(command), "cp '%s' '%s'", s->path, other->path);
        assert_int_equal(system(command), 0);
        assert_int_equal(store_open(&other->writer, other->path, STORE_WRITER, &other->shared), 0);
        for (size_t i = 0; i < 2; i++) {
                change(s);
                change(other);
                store_settle(s->writer);
                store_settle(other->writer);
        }
        change(s);
        keep(s, "here");
        (void) snprintf(command, sizeof(command), "cp '%s' '%s/there'", other->path, s->dir);
        assert_int_equal(system(command), 0);
        assert_int_equal(check(s, "there", "here-wal"), -ESTALE);
        assert_int_equal(check(s, "here", "here-wal"), 0);
        assert_int_equal(unit_store_remove(&there), 0);
}

static void test_what_changes_nothing_writes_nothing(void **state) {
        const struct unit_store *s = *state;
        struct stat before, after;

        store_settle(s->writer);
        assert_int_equal(stat(of(s, "keys.db-wal"), &before), 0);
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_commit(s->writer), 0);
        assert_int_equal(stat(of(s, "keys.db-wal"), &after), 0);
        assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
        assert_int_equal(before.st_size, after.st_size);
}

static void zero_page(const char *path, int64_t page) {
        static const uint8_t zero[4096];
        int fd = open(path, O_WRONLY | O_CLOEXEC);

        assert_int_equal(pwrite(fd, zero, sizeof(zero), (page - 1) * (off_t) sizeof(zero)),
                         sizeof(zero));
        assert_int_equal(close(fd), 0);
}

/* The page with the row is damaged. What has no such row, or has it elsewhere, is another one. */
static void test_a_row_that_cannot_be_read(void **state) {
        const struct unit_store *s = *state;
        int64_t page =
                unit_sql_number(s->path, "SELECT rootpage FROM sqlite_schema WHERE name = 'log'");

        change(s);
        store_settle(s->writer);
        copy(s, "keys.db", "older");
        change(s);
        store_settle(s->writer);
        change(s);
        keep(s, "newer");
        zero_page(of(s, "newer"), page);
        assert_int_equal(check(s, "newer", "newer-wal"), -EUCLEAN);
        copy(s, "older", "vacuum");
        unit_sql(of(s, "vacuum"), "CREATE TABLE x AS SELECT zeroblob(99999); DROP TABLE pepper; "
                                  "VACUUM");
        assert_true(unit_sql_number(of(s, "vacuum"), "SELECT rootpage FROM sqlite_schema WHERE "
                                                     "name = 'log'") != page);
        assert_int_equal(check(s, "vacuum", "newer-wal"), -ESTALE);
        unit_sql(of(s, "older"), "DROP TABLE log; PRAGMA user_version = 16");
        assert_int_equal(check(s, "older", "newer-wal"), -ESTALE);
        unit_write(of(s, "empty"), "", 0, 0600);
        assert_int_equal(check(s, "empty", "newer-wal"), -ESTALE);
}

/* VACUUM gives the row another page, and may not have been moved. */
static void test_a_vacuum(void **state) {
        const struct unit_store *s = *state;

        store_settle(s->writer);
        assert_int_equal(store_stmt_exec(s->writer->db, "CREATE TABLE x AS SELECT zeroblob(99999); "
                                                        "DROP TABLE pepper; VACUUM"),
                         0);
        change(s);
        keep(s, "vacuum");
        assert_int_equal(check(s, "vacuum", "vacuum-wal"), 0);
        store_settle(s->writer);
        keep(s, "vacuum");
        assert_int_equal(check(s, "vacuum", "vacuum-wal"), 0);
        change(s);
        keep(s, "vacuum");
        assert_int_equal(check(s, "vacuum", "vacuum-wal"), 0);
}

static void test_no_log(void **state) {
        const struct unit_store *s = *state;
        static const uint8_t rubbish[70000];

        copy(s, "keys.db", "alone");
        assert_int_equal(store_log_check(of(s, "alone")), 0);
        unit_write(of(s, "alone-wal"), "", 0, 0600);
        assert_int_equal(store_log_check(of(s, "alone")), 0);
        unit_write(of(s, "alone-wal"), rubbish, sizeof(rubbish), 0600);
        assert_int_equal(store_log_check(of(s, "alone")), 0);
}

/* Nothing is overwritten. */
static void test_logs_that_were_put_aside_stay(void **state) {
        const struct unit_store *s = *state;
        char aside[UNIT_PATH_LEN], again[UNIT_PATH_LEN];

        unit_write(of(s, "a-wal"), "1", 1, 0600);
        assert_int_equal(store_log_put_aside(of(s, "a"), 7, aside, sizeof(aside)), 0);
        assert_string_equal(aside, of(s, "a-wal" STORE_LOG_ASIDE "7"));
        unit_write(of(s, "a-wal"), "22", 2, 0600);
        assert_int_equal(store_log_put_aside(of(s, "a"), 7, again, sizeof(again)), 0);
        assert_string_equal(again, of(s, "a-wal" STORE_LOG_ASIDE "8"));
        assert_int_equal(access(of(s, "a-wal"), F_OK), -1);
        assert_int_equal(store_log_put_aside(of(s, "a"), 9, again, sizeof(again)), -ENOENT);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_with_store(test_a_log_fits_its_own_database),
                unit_test_with_store(test_a_log_fits_no_other),
                unit_test_with_store(test_a_log_of_the_other_branch),
                unit_test_with_store(test_what_changes_nothing_writes_nothing),
                unit_test_with_store(test_a_row_that_cannot_be_read),
                unit_test_with_store(test_a_vacuum),
                unit_test_with_store(test_no_log),
                unit_test_with_store(test_logs_that_were_put_aside_stay),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

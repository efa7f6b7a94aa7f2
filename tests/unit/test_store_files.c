/* SPDX-License-Identifier: BSD-2-Clause */
/* Which of the files is not what it was: each change that people make to a directory that is in
 * use. */
#include <sys/time.h>

#include "unit.h"

#include "store/store_files.h"

struct files {
        char dir[UNIT_PATH_LEN], db[UNIT_PATH_LEN], log[UNIT_PATH_LEN], away[UNIT_PATH_LEN];
        struct store_files noted;
};

static void write_at(const char *path, time_t at) {
        const struct timeval times[2] = { { .tv_sec = at }, { .tv_sec = at } };

        unit_write(path, "0123456789", 10, 0600);
        assert_int_equal(utimes(path, times), 0);
}

static void begin(struct files *f, const char *top, bool log) {
        (void) unit_join(f->dir, top, "state");
        (void) unit_join(f->db, f->dir, "keys.db");
        (void) unit_join(f->log, f->dir, "keys.db-wal");
        (void) unit_join(f->away, top, "away");
        assert_int_equal(mkdir(f->dir, 0700), 0);
        write_at(f->db, 1000);
        write_at(f->log, 1000);
        assert_int_equal(store_files_note(&f->noted, f->db, log), 0);
        unit_int("begin", store_files_wrong(&f->noted), _STORE_FILES_MAX);
}

static void remove_log(const struct files *f) {
        assert_int_equal(unlink(f->log), 0);
}

static void replace_log(const struct files *f) {
        assert_int_equal(rename(f->log, f->away), 0);
        write_at(f->log, 1000);
}

static void remove_db(const struct files *f) {
        assert_int_equal(unlink(f->db), 0);
}

static void replace_db(const struct files *f) {
        assert_int_equal(rename(f->db, f->away), 0);
        write_at(f->db, 1000);
}

static void move_the_log(const struct files *f) {
        write_at(f->db, 100000);
}

static void restore_older_db(const struct files *f) {
        write_at(f->db, 500);
}

static void remove_dir(const struct files *f) {
        assert_int_equal(rename(f->dir, f->away), 0);
}

static void replace_dir(const struct files *f) {
        remove_dir(f);
        assert_int_equal(mkdir(f->dir, 0700), 0);
        write_at(f->db, 1000);
        write_at(f->log, 1000);
}

static void round_the_time(const struct files *f) {
        write_at(f->db, 998);
}

static void write_to_the_log(const struct files *f) {
        write_at(f->log, 5000);
}

static const struct {
        const char *what;
        void (*change)(const struct files *f);
        enum store_files_which wrong;
} rows[] = {
        { "the log is removed", remove_log, STORE_FILES_LOG },
        { "the log is replaced", replace_log, STORE_FILES_LOG },
        { "the database is removed", remove_db, STORE_FILES_DATABASE },
        { "the database is replaced", replace_db, STORE_FILES_DATABASE },
        { "an older database is written over it", restore_older_db, STORE_FILES_DATABASE },
        { "the directory is moved", remove_dir, STORE_FILES_DIR },
        { "the directory is replaced", replace_dir, STORE_FILES_DIR },
        { "another process moves the log into the database", move_the_log, _STORE_FILES_MAX },
        { "a file system that rounds times", round_the_time, _STORE_FILES_MAX },
        { "the daemon writes to the log", write_to_the_log, _STORE_FILES_MAX },
};

static void test_each_change_is_seen(void **state) {
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                char top[UNIT_PATH_LEN];
                struct files f = {};

                (void) snprintf(top, sizeof(top), "%s/%zu", (const char *) *state, i);
                assert_int_equal(mkdir(top, 0700), 0);
                begin(&f, top, true);
                rows[i].change(&f);
                unit_int(rows[i].what, store_files_wrong(&f.noted), rows[i].wrong);
                store_files_done(&f.noted);
        }
}

static void test_what_comes_back_is_right_again(void **state) {
        struct files f = {};

        begin(&f, *state, true);
        assert_int_equal(rename(f.dir, f.away), 0);
        assert_int_equal(store_files_wrong(&f.noted), STORE_FILES_DIR);
        assert_int_equal(rename(f.away, f.dir), 0);
        assert_int_equal(store_files_wrong(&f.noted), _STORE_FILES_MAX);
        store_files_done(&f.noted);
}

static void test_what_the_writer_writes_is_right(void **state) {
        struct files f = {};

        begin(&f, *state, true);
        restore_older_db(&f);
        assert_int_equal(store_files_wrong(&f.noted), STORE_FILES_DATABASE);
        store_files_written(&f.noted);
        assert_int_equal(store_files_wrong(&f.noted), _STORE_FILES_MAX);
        /* but not what stands in the place of the database */
        replace_db(&f);
        store_files_written(&f.noted);
        assert_int_equal(store_files_wrong(&f.noted), STORE_FILES_DATABASE);
        store_files_done(&f.noted);
}

static void test_without_a_log_none_is_missed(void **state) {
        struct files f = {};

        begin(&f, *state, false);
        remove_log(&f);
        assert_int_equal(store_files_wrong(&f.noted), _STORE_FILES_MAX);
        store_files_done(&f.noted);
        remove_db(&f);
        assert_int_equal(store_files_note(&f.noted, f.db, true), -ENOENT);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_in_dir(test_each_change_is_seen),
                unit_test_in_dir(test_what_comes_back_is_right_again),
                unit_test_in_dir(test_what_the_writer_writes_is_right),
                unit_test_in_dir(test_without_a_log_none_is_missed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

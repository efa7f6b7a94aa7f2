/* SPDX-License-Identifier: BSD-2-Clause */
/* Changes that the store refuses because of its files, and what it says of a disk that does not
 * write. The errors of the disk are injected below SQLite. */
#include <glob.h>

#include "unit_store.h"

#include "store/store_guard.h"
#include "store/store_log.h"
#include "store/store_stmt.h"

/* what a write to a file answers; 0: it writes */
static int unit_guard_error;

static ssize_t failing_pwrite(int fd, const void *bytes, size_t len, off_t at) {
        if (unit_guard_error == 0)
                return pwrite(fd, bytes, len, at);
        errno = unit_guard_error;
        return -1;
}

static void inject(bool on) {
        sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
        sqlite3_syscall_ptr f = on ? (sqlite3_syscall_ptr) failing_pwrite : NULL;

        /* Which of the two is used was decided when SQLite was built. */
        assert_int_equal(vfs->xSetSystemCall(vfs, "pwrite", f), SQLITE_OK);
        assert_int_equal(vfs->xSetSystemCall(vfs, "pwrite64", f), SQLITE_OK);
        unit_guard_error = 0;
}

static int change(struct store *writer) {
        /* SQLite does not write what is there already. */
        static int64_t value;
        int r = store_begin(writer);

        if (r >= 0)
                r = store_policy_set(writer, "lifetime", ++value, 2);
        if (r >= 0)
                r = store_commit(writer);
        store_rollback(writer);
        return r;
}

static void test_an_error_of_the_disk_has_its_name(void **state) {
        static const struct {
                int error, r;
                const char *text;
        } rows[] = {
                { ENOSPC, -ENOSPC, "the disk is full" },
                { EDQUOT, -EDQUOT, "the quota of the disk is used up" },
                { EROFS, -EROFS, "it cannot be written" },
                { EIO, -EIO, "input/output error" },
        };
        struct unit_store *s = *state;

        inject(true);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                unit_guard_error = rows[i].error;
                unit_int(rows[i].text, change(s->writer), rows[i].r);
                unit_str(rows[i].text, store_error_text(rows[i].r), rows[i].text);
                unit_guard_error = 0;
                unit_int(rows[i].text, change(s->writer), 0);
        }
        inject(false);
}

static void test_what_was_refused_is_counted(void **state) {
        struct unit_store *s = *state;
        struct store_health health;

        assert_int_equal(store_guard_start(s->writer), 0);
        assert_int_equal(change(s->writer), 0);
        store_guard_health(s->writer, &health);
        assert_null(health.lost);
        assert_int_equal(health.read_only, 0);
        assert_int_equal(health.low, false);
        assert_int_equal(health.reserve, STORE_RESERVE_BYTES);
        assert_int_equal(health.refused, 0);
        inject(true);
        unit_guard_error = EDQUOT;
        assert_int_equal(change(s->writer), -EDQUOT);
        inject(false);
        store_guard_health(s->writer, &health);
        assert_int_equal(health.refused, 1);
}

/* The change before the look is in the wrong file: it counts here, and is no success. */
static void test_a_commit_into_a_removed_file_is_no_success(void **state) {
        struct unit_store *s = *state;
        struct store_health health;
        char wal[UNIT_PATH_LEN];
        bool changed;

        (void) unit_join(wal, s->dir, "keys.db-wal");
        assert_int_equal(store_guard_start(s->writer), 0);
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_policy_set(s->writer, "lifetime", 1, 2), 0);
        assert_int_equal(store_refresh(s->reader, &changed), 0);
        assert_int_equal(unlink(wal), 0);
        assert_int_equal(store_commit(s->writer), -ENOMEDIUM);
        assert_int_equal(store_refresh(s->reader, &changed), 0);
        assert_int_equal(changed, true);
        store_release(s->reader);
        assert_int_equal(store_begin(s->writer), -ENOMEDIUM);
        assert_int_equal(store_begin_end(s->writer), -ENOMEDIUM);
        assert_int_equal(store_guard_make_room(s->writer, -ENOMEDIUM), false);
        store_guard_health(s->writer, &health);
        assert_string_equal(health.lost, wal);
        assert_int_equal(health.refused, 3);

        /* The next start finds it in the database. */
        store_freep(&s->reader);
        store_freep(&s->writer);
        assert_int_equal(unit_sql_number(s->path, "SELECT value FROM policy"), 1);
}

static void test_without_a_guard_nothing_is_looked_at(void **state) {
        struct unit_store *s = *state;
        char wal[UNIT_PATH_LEN];

        (void) unit_join(wal, s->dir, "keys.db-wal");
        assert_int_equal(unlink(wal), 0);
        assert_int_equal(change(s->writer), 0);
        assert_int_equal(store_guard_make_room(s->writer, -ENOSPC), false);
}

static void test_room_is_made_where_there_was_none(void **state) {
        static const int errors[] = { 0, -EIO, -EROFS, -EBUSY, -EUCLEAN, -ENOMEDIUM };
        struct unit_store *s = *state;

        assert_int_equal(store_guard_start(s->writer), 0);
        for (size_t i = 0; i < ARRAY_LEN(errors); i++)
                assert_int_equal(store_guard_make_room(s->writer, errors[i]), false);
        assert_int_equal(store_guard_make_room(s->writer, -ENOSPC), true);
        assert_int_equal(store_guard_make_room(s->writer, -EDQUOT), true);
}

/* --- An older copy is written over the database --- */

static void read_all(const char *path, uint8_t **ret, size_t *ret_len) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        struct stat st;

        assert_int_equal(fstat(fd, &st), 0);
        *ret_len = (size_t) st.st_size;
        *ret = malloc(*ret_len);
        assert_non_null(*ret);
        assert_int_equal(read(fd, *ret, *ret_len), *ret_len);
        assert_int_equal(close(fd), 0);
}

static bool has(const char *path, const uint8_t *bytes, size_t len) {
        uint8_t *got;
        size_t got_len;
        bool same;

        read_all(path, &got, &got_len);
        same = got_len == len && memcmp(got, bytes, len) == 0;
        free(got);
        return same;
}

/* As cp -p does it. */
static void restore(const char *path, const uint8_t *bytes, size_t len) {
        const struct timespec old[2] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000000 } };
        int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

        assert_int_equal(write(fd, bytes, len), len);
        assert_int_equal(futimens(fd, old), 0);
        assert_int_equal(close(fd), 0);
}

static void test_nothing_is_moved_into_a_restored_copy(void **state) {
        struct unit_store *s = *state;
        char wal[UNIT_PATH_LEN], aside[UNIT_PATH_LEN];
        glob_t found;
        uint8_t *copy;
        size_t len;

        (void) unit_join(wal, s->dir, "keys.db-wal");
        (void) unit_join(aside, s->dir, "keys.db-wal" STORE_LOG_ASIDE "*");
        assert_int_equal(store_guard_start(s->writer), 0);
        store_settle(s->writer);
        read_all(s->path, &copy, &len);
        assert_int_equal(change(s->writer), 0);
        restore(s->path, copy, len);
        /* it has not been looked at since */
        store_settle(s->writer);
        assert_true(has(s->path, copy, len));
        s->writer->wal_pages = 5000;
        store_checkpoint(s->writer, true);
        assert_true(has(s->path, copy, len));
        /* Neither does the next start. */
        store_freep(&s->reader);
        store_freep(&s->writer);
        assert_true(has(s->path, copy, len));
        assert_int_equal(access(wal, F_OK), -1);
        assert_int_equal(glob(aside, 0, NULL, &found), 0);
        assert_int_equal(found.gl_pathc, 1);
        globfree(&found);
        free(copy);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_with_store(test_an_error_of_the_disk_has_its_name),
                unit_test_with_store(test_what_was_refused_is_counted),
                unit_test_with_store(test_a_commit_into_a_removed_file_is_no_success),
                unit_test_with_store(test_without_a_guard_nothing_is_looked_at),
                unit_test_with_store(test_room_is_made_where_there_was_none),
                unit_test_with_store(test_nothing_is_moved_into_a_restored_copy),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

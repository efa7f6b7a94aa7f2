/* SPDX-License-Identifier: BSD-2-Clause */
/* Changes that the store refuses because of its files, and what it says of a disk that does not
 * write. The errors of the disk are injected below SQLite. */
#include "unit_store.h"

#include "store/store_guard.h"
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

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_with_store(test_an_error_of_the_disk_has_its_name),
                unit_test_with_store(test_what_was_refused_is_counted),
                unit_test_with_store(test_a_commit_into_a_removed_file_is_no_success),
                unit_test_with_store(test_without_a_guard_nothing_is_looked_at),
                unit_test_with_store(test_room_is_made_where_there_was_none),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

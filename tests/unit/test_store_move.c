/* SPDX-License-Identifier: BSD-2-Clause */
/* The thread that moves the log: what is settled by it and what is not, and files that it must not
 * touch. It is held, and fails, below SQLite. */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit_store.h"

#include "store/store_guard.h"
#include "store/store_move.h"
#include "store/store_stmt.h"

static struct {
        pthread_t writer;
        sem_t begun, go_on, moved;
        atomic_bool hold; /* the next write of the thread */
        /* what its writes answer; 0: they write */
        atomic_int error;
        unsigned seen;
} thread;

static ssize_t thread_pwrite(int fd, const void *bytes, size_t len, off_t at) {
        if (pthread_equal(pthread_self(), thread.writer))
                return pwrite(fd, bytes, len, at);
        if (atomic_exchange(&thread.hold, false)) {
                (void) sem_post(&thread.begun);
                while (sem_wait(&thread.go_on) < 0)
                        continue;
        }
        if (thread.error == 0)
                return pwrite(fd, bytes, len, at);
        errno = thread.error;
        return -1;
}

static void inject(sqlite3_syscall_ptr f) {
        sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

        /* Which of the two is used was decided when SQLite was built. */
        assert_int_equal(vfs->xSetSystemCall(vfs, "pwrite", f), SQLITE_OK);
        assert_int_equal(vfs->xSetSystemCall(vfs, "pwrite64", f), SQLITE_OK);
}

static void wait_for(sem_t *sem) {
        while (sem_wait(sem) < 0)
                continue;
}

static void on_moved(void *userdata) {
        (void) userdata;
        (void) sem_post(&thread.moved);
}

static void count_seen(int64_t seq, const uint8_t hash[static RECORD_DIGEST_LEN], void *userdata) {
        (void) seq;
        (void) hash;
        (void) userdata;
        thread.seen++;
}

static int make(void **state) {
        struct unit_store *s;

        if (unit_store_make(state) < 0)
                return -1;
        s = *state;
        thread.writer = pthread_self();
        thread.hold = false;
        thread.error = 0;
        thread.seen = 0;
        if (sem_init(&thread.begun, 0, 0) < 0 || sem_init(&thread.go_on, 0, 0) < 0 ||
            sem_init(&thread.moved, 0, 0) < 0)
                return -1;
        store_set_seen(s->writer, count_seen, NULL);
        inject((sqlite3_syscall_ptr) thread_pwrite);
        return store_move_new(s->writer, on_moved, NULL);
}

static int drop(void **state) {
        struct unit_store *s = *state;

        store_move_free(s->writer);
        inject(NULL);
        (void) sem_destroy(&thread.begun);
        (void) sem_destroy(&thread.go_on);
        (void) sem_destroy(&thread.moved);
        return unit_store_remove(state);
}

/* Waits until the thread has done what it was asked to, and hears of it. */
static void hear(struct unit_store *s) {
        wait_for(&thread.moved);
        store_move_take(s->writer);
        assert_int_equal(store_move_is_busy(s->writer), false);
}

/* Keys in the file of the database alone, as people copy it. */
static int64_t keys_in_copy(const struct unit_store *s) {
        char command[4 * UNIT_PATH_LEN], copy[UNIT_PATH_LEN];

        (void) unit_join(copy, s->dir, "copy");
        (void) snprintf(command, sizeof(command), "rm -f '%s'*; cp '%s' '%s'", copy, s->path, copy);
        assert_int_equal(system(command), 0);
        return unit_sql_number(copy, "SELECT count(*) FROM key");
}

static void test_all_is_moved_and_noted(void **state) {
        struct unit_store *s = *state;

        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        assert_int_equal(store_unsettled(s->writer), STORE_SETTLE_MS);
        store_settle_soon(s->writer);
        hear(s);
        assert_int_equal(store_unsettled(s->writer), 0);
        assert_int_equal(thread.seen, 1);
        assert_int_equal(keys_in_copy(s), 1);
}

/* A change that comes while the log is moved is not in the database, so it has to be moved as
 * well, as soon as any other. */
static void test_a_change_meanwhile_is_not_settled(void **state) {
        struct unit_store *s = *state;

        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        thread.hold = true;
        store_settle_soon(s->writer);
        wait_for(&thread.begun);
        assert_int_equal(store_move_is_busy(s->writer), true);
        /* and it does not wait */
        unit_key_insert(s->writer, "bbbbbbbbbb", "alice");
        assert_int_equal(store_unsettled(s->writer), STORE_SETTLE_MS);
        (void) sem_post(&thread.go_on);
        hear(s);
        assert_int_equal(store_unsettled(s->writer), STORE_SETTLE_MS);
        assert_int_equal(keys_in_copy(s), 1);
        store_settle_soon(s->writer);
        hear(s);
        assert_int_equal(store_unsettled(s->writer), 0);
        assert_int_equal(keys_in_copy(s), 2);
}

static void test_what_has_failed_stays_unsettled(void **state) {
        struct unit_store *s = *state;

        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        thread.error = ENOSPC;
        store_settle_soon(s->writer);
        hear(s);
        assert_int_equal(store_unsettled(s->writer), STORE_SETTLE_MS);
        assert_int_equal(keys_in_copy(s), 0);
        /* the change itself is on disk, in the log */
        assert_int_equal(thread.seen, 1);
        thread.error = 0;
        store_settle_soon(s->writer);
        hear(s);
        assert_int_equal(store_unsettled(s->writer), 0);
        assert_int_equal(keys_in_copy(s), 1);
}

/* The end, and a caller that goes on only when all is settled, wait for the thread. */
static void test_settling_at_once_waits_for_the_thread(void **state) {
        struct unit_store *s = *state;

        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        thread.hold = true;
        store_settle_soon(s->writer);
        wait_for(&thread.begun);
        unit_key_insert(s->writer, "bbbbbbbbbb", "alice");
        (void) sem_post(&thread.go_on);
        store_settle(s->writer);
        assert_int_equal(store_unsettled(s->writer), 0);
        assert_int_equal(keys_in_copy(s), 2);
}

/* A row that does not wait for the disk, and a reader that holds the log: nothing is known to be on
 * disk. */
static void test_nothing_is_seen_that_is_not_on_disk(void **state) {
        struct unit_store *s = *state;
        struct key_record key;
        bool changed;

        assert_int_equal(store_refresh(s->reader, &changed), 0);
        assert_int_equal(store_key_get(s->reader, "aaaaaaaaaa", &key), -ENOENT);
        assert_int_equal(store_begin_lazily(s->writer), 0);
        assert_int_equal(store_policy_set(s->writer, "lifetime", 1, 1), 0);
        assert_int_equal(store_commit(s->writer), 0);
        store_settle_soon(s->writer);
        hear(s);
        assert_int_equal(thread.seen, 0);
        assert_int_equal(store_unsettled(s->writer), STORE_SETTLE_MS);
        store_release(s->reader);
        store_settle_soon(s->writer);
        hear(s);
        assert_int_equal(thread.seen, 1);
        assert_int_equal(store_unsettled(s->writer), 0);
}

/* While others write without a pause, the log is never moved to its end. Then the writer does it,
 * because it would grow for ever. */
static void test_a_log_that_is_too_long_is_not_left_to_the_thread(void **state) {
        struct unit_store *s = *state;

        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        s->writer->wal_pages = 5000;
        for (unsigned i = 0; i < 2; i++) {
                thread.hold = true;
                store_checkpoint(s->writer, false);
                assert_int_equal(store_move_is_busy(s->writer), true);
                wait_for(&thread.begun);
                unit_key_insert(s->writer, i == 0 ? "bbbbbbbbbb" : "cccccccccc", "alice");
                (void) sem_post(&thread.go_on);
                hear(s);
                s->writer->wal_pages = 5000;
        }
        assert_int_equal(store_log_is_long(s->writer), true);
        s->writer->log.pages = 16384;
        store_checkpoint(s->writer, false);
        assert_int_equal(store_move_is_busy(s->writer), false);
        assert_int_equal(s->writer->wal_pages, 0);
        assert_int_equal(keys_in_copy(s), 3);
}

/* --- Files that are not the writer's --- */

static void test_another_database_is_not_touched(void **state) {
        struct unit_store *s = *state;
        char away[UNIT_PATH_LEN];
        struct stat st;

        assert_int_equal(store_guard_start(s->writer), 0);
        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        assert_int_equal(rename(s->path, unit_join(away, s->dir, "away")), 0);
        unit_write(s->path, "", 0, 0600);
        store_settle_soon(s->writer);
        assert_int_equal(store_move_is_busy(s->writer), false);
        assert_int_equal(store_unsettled(s->writer), STORE_SETTLE_MS);
        assert_int_equal(stat(s->path, &st), 0);
        assert_int_equal(st.st_size, 0);
}

/* Nor is a log made where there was one. What the open one has is moved at once. */
static void test_another_log_is_not_made(void **state) {
        struct unit_store *s = *state;
        char wal[UNIT_PATH_LEN];

        assert_int_equal(store_guard_start(s->writer), 0);
        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        assert_int_equal(unlink(unit_join(wal, s->dir, "keys.db-wal")), 0);
        store_settle_soon(s->writer);
        assert_int_equal(store_move_is_busy(s->writer), false);
        assert_int_equal(access(wal, F_OK), -1);
        assert_int_equal(keys_in_copy(s), 1);
}

#define test_move(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void) {
        const struct CMUnitTest tests[] = {
                test_move(test_all_is_moved_and_noted),
                test_move(test_a_change_meanwhile_is_not_settled),
                test_move(test_what_has_failed_stays_unsettled),
                test_move(test_settling_at_once_waits_for_the_thread),
                test_move(test_nothing_is_seen_that_is_not_on_disk),
                test_move(test_a_log_that_is_too_long_is_not_left_to_the_thread),
                test_move(test_another_database_is_not_touched),
                test_move(test_another_log_is_not_made),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

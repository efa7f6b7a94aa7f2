/* SPDX-License-Identifier: BSD-2-Clause */
/* What a reader sees and when, and what is left after the writer was killed. The other processes
 * are this program again, with a word that says what to do, because a connection of SQLite does not
 * survive a fork. */
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "unit_store.h"

#include "store/store_check.h"

#include "store/store_key.h"
#include "store/store_stmt.h"

#define ROUNDS 200

static bool refresh(struct unit_store *s) {
        bool changed = false;

        assert_int_equal(store_refresh(s->reader, &changed), 0);
        return changed;
}

static int get(struct store *s, const char *id) {
        struct key_record key;

        return store_key_get(s, id, &key);
}

static void test_a_commit_is_seen_after_a_refresh_and_not_before(void **state) {
        struct unit_store *s = *state;

        (void) refresh(s);
        assert_int_equal(get(s->reader, "aaaaaaaaaa"), -ENOENT);
        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        assert_int_equal(get(s->reader, "aaaaaaaaaa"), -ENOENT);
        assert_int_equal(refresh(s), true);
        assert_int_equal(get(s->reader, "aaaaaaaaaa"), 0);
}

static void test_a_change_is_told_once(void **state) {
        struct unit_store *s = *state;

        assert_int_equal(refresh(s), false);
        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        unit_key_insert(s->writer, "bbbbbbbbbb", "alice");
        assert_int_equal(refresh(s), true);
        assert_int_equal(refresh(s), false);
        store_release(s->reader);
        assert_int_equal(refresh(s), false);
}

/* Between reading the counter and the first lookup, a commit can happen. It is seen already, and
 * reported all the same. */
static void test_a_commit_before_the_first_look_is_still_told(void **state) {
        struct unit_store *s = *state;

        assert_int_equal(refresh(s), false);
        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        assert_int_equal(get(s->reader, "aaaaaaaaaa"), 0);
        assert_int_equal(refresh(s), true);
        assert_int_equal(get(s->reader, "aaaaaaaaaa"), 0);
}

static void test_a_quiet_commit_is_seen_with_the_next_snapshot(void **state) {
        struct key_record key = unit_key("aaaaaaaaaa", "alice");
        struct unit_store *s = *state;

        (void) refresh(s);
        assert_int_equal(get(s->reader, "aaaaaaaaaa"), -ENOENT);
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_key_insert(s->writer, &key), 0);
        assert_int_equal(store_commit_quietly(s->writer), 0);
        assert_int_equal(refresh(s), false);
        assert_int_equal(get(s->reader, "aaaaaaaaaa"), -ENOENT);
        store_release(s->reader);
        assert_int_equal(refresh(s), false);
        assert_int_equal(get(s->reader, "aaaaaaaaaa"), 0);
}

static void test_a_reader_does_not_wait_for_a_transaction_and_does_not_see_it(void **state) {
        struct key_record key = unit_key("bbbbbbbbbb", "alice");
        struct unit_store *s = *state;

        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_key_insert(s->writer, &key), 0);
        assert_int_equal(store_key_delete(s->writer, "aaaaaaaaaa"), 0);
        assert_int_equal(refresh(s), true);
        assert_int_equal(get(s->reader, "aaaaaaaaaa"), 0);
        assert_int_equal(get(s->reader, "bbbbbbbbbb"), -ENOENT);
        store_rollback(s->writer);
        assert_int_equal(refresh(s), false);
        assert_int_equal(get(s->reader, "aaaaaaaaaa"), 0);
}

static void test_a_writer_does_not_wait_for_a_snapshot(void **state) {
        struct unit_store *s = *state;

        (void) refresh(s);
        assert_int_equal(get(s->reader, "aaaaaaaaaa"), -ENOENT);
        (void) sqlite3_busy_timeout(s->writer->db, 0);
        for (unsigned i = 0; i < 20; i++) {
                char id[KEYTEXT_ID_LEN + 1];

                (void) snprintf(id, sizeof(id), "%010u", i);
                unit_key_insert(s->writer, id, "alice");
        }
        assert_int_equal(get(s->reader, "0000000007"), -ENOENT);
}

static void test_a_release_without_a_snapshot_is_harmless(void **state) {
        struct unit_store *s = *state;

        store_release(s->reader);
        store_release(s->reader);
        (void) refresh(s);
        store_release(s->reader);
        store_release(s->reader);
        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        assert_int_equal(refresh(s), true);
        assert_int_equal(get(s->reader, "aaaaaaaaaa"), 0);
}

/* One commit that fills more of the log than a checkpoint waits for. The ids begin with
 * ${first}. */
static void fill_log(struct unit_store *s, char first, unsigned n) {
        struct key_record key = unit_key("aaaaaaaaaa", "alice");

        memset(key.services, 's', sizeof(key.services) - 1);
        memset(key.networks, 'n', sizeof(key.networks) - 1);
        assert_int_equal(store_begin(s->writer), 0);
        for (unsigned i = 0; i < n; i++) {
                (void) snprintf(key.id, sizeof(key.id), "%010u", i);
                key.id[0] = first;
                assert_int_equal(store_key_insert(s->writer, &key), 0);
        }
        assert_int_equal(store_commit(s->writer), 0);
        assert_in_range(s->writer->wal_pages, 250, 100000);
}

/* How many pages of the log are not in the database yet, after a checkpoint has moved all that it
 * may. */
static int left_in_log(struct unit_store *s) {
        int in_log = -1, moved = -1;

        assert_int_equal(sqlite3_wal_checkpoint_v2(s->writer->db, NULL, SQLITE_CHECKPOINT_PASSIVE,
                                                   &in_log, &moved),
                         SQLITE_OK);
        return in_log - moved;
}

static void test_the_log_is_used_anew_after_a_release(void **state) {
        struct unit_store *s = *state;

        (void) refresh(s);
        assert_int_equal(get(s->reader, "aaaaaaaaaa"), -ENOENT);
        fill_log(s, '0', 3000);
        store_checkpoint(s->writer, true); /* moves nothing past the snapshot */
        assert_int_not_equal(left_in_log(s), 0);
        unit_key_insert(s->writer, "bbbbbbbbbb", "alice");
        assert_in_range(s->writer->wal_pages, 1000, 100000);

        store_release(s->reader);
        store_checkpoint(s->writer, true);
        assert_int_equal(s->writer->wal_pages, 0);
        assert_int_equal(left_in_log(s), 0);
        unit_key_insert(s->writer, "cccccccccc", "alice");
        assert_in_range(s->writer->wal_pages, 1, 50);
        (void) refresh(s);
        assert_int_equal(get(s->reader, "cccccccccc"), 0);
        assert_int_equal(get(s->reader, "0000002999"), 0);
}

static void test_a_small_log_is_left_alone(void **state) {
        struct unit_store *s = *state;
        int pages;

        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        pages = s->writer->wal_pages;
        assert_in_range(pages, 1, 50);
        store_checkpoint(s->writer, true);
        assert_int_equal(s->writer->wal_pages, pages);
}

/* While a job waits, more may gather in the log, but not without end. */
static void test_a_busy_writer_moves_a_large_log_alone(void **state) {
        struct unit_store *s = *state;

        fill_log(s, 'a', 370);
        assert_in_range(s->writer->wal_pages, 250, 499);
        store_checkpoint(s->writer, false);
        assert_in_range(s->writer->wal_pages, 250, 499);
        fill_log(s, 'b', 400);
        assert_in_range(s->writer->wal_pages, 500, 1000);
        store_checkpoint(s->writer, false);
        assert_int_equal(s->writer->wal_pages, 0);
        assert_int_equal(left_in_log(s), 0);
}

/* --- Threads --- */

static _Atomic unsigned acknowledged;

static void round_id(unsigned round, char id[static KEYTEXT_ID_LEN + 1]) {
        (void) snprintf(id, KEYTEXT_ID_LEN + 1, "%010u", round);
}

/* Revokes one key after the other and says how many. No assertions on this thread: when it fails it
 * says that it has revoked all, and the other thread sees that it has not. */
static void *revoke_all(void *userdata) {
        struct store *writer = userdata;

        for (unsigned i = 0; i < ROUNDS; i++) {
                struct key_record key;
                char id[KEYTEXT_ID_LEN + 1];

                round_id(i, id);
                if (store_begin(writer) < 0 || store_key_get(writer, id, &key) < 0)
                        break;
                key.status = KEY_REVOKED;
                if (store_key_update(writer, &key) < 0 || store_commit(writer) < 0)
                        break;
                atomic_store(&acknowledged, i + 1);
        }
        atomic_store(&acknowledged, ROUNDS);
        return NULL;
}

static void test_what_is_acknowledged_is_seen_by_the_next_look(void **state) {
        struct unit_store *s = *state;
        unsigned done, n_wrong = 0;
        char id[KEYTEXT_ID_LEN + 1];
        pthread_t thread;

        for (unsigned i = 0; i < ROUNDS; i++) {
                round_id(i, id);
                unit_key_insert(s->writer, id, "alice");
        }
        atomic_store(&acknowledged, 0);
        assert_int_equal(pthread_create(&thread, NULL, revoke_all, s->writer), 0);
        do {
                struct key_record key;

                done = atomic_load(&acknowledged);
                (void) refresh(s);
                if (done == 0)
                        continue;
                round_id(done - 1, id);
                if (store_key_get(s->reader, id, &key) < 0 || key.status != KEY_REVOKED)
                        n_wrong++;
        } while (done < ROUNDS);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(n_wrong, 0);
}

/* --- Other processes --- */

static int run(const char *word, const char *path, const char *id) {
        char *argv[] = { strdup("other"), strdup(word), strdup(path), strdup(id), NULL };
        int status = 0;
        pid_t pid;

        assert_int_equal(posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        for (size_t i = 0; argv[i]; i++)
                free(argv[i]);
        return status;
}

/* The other process. Returns only on an error, or with the answer to "has". */
static int be_other(const char *word, const char *path, const char *id) {
        struct key_record key = unit_key(id, "alice");
        struct store_shared shared = {};
        struct store *s = NULL;
        int r;

        if (store_open(&s, path, STORE_WRITER, &shared) < 0)
                return 2;
        if (strcmp(word, "has") == 0) {
                r = get(s, id) == 0 ? 0 : 1;
                store_free(s);
                return r;
        }
        if (store_begin(s) < 0 || store_key_insert(s, &key) < 0)
                return 3;
        if (strcmp(word, "commit-and-die") == 0 && store_commit(s) < 0)
                return 4;
        return raise(SIGKILL);
}

static void test_a_commit_is_there_for_another_process(void **state) {
        struct unit_store *s = *state;

        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        assert_int_equal(run("has", s->path, "aaaaaaaaaa"), 0);
        assert_int_not_equal(run("has", s->path, "bbbbbbbbbb"), 0);
}

static void check_after_death(struct unit_store *s, const char *word, const char *id, int found) {
        int status = run(word, s->path, id);

        assert_int_equal(WIFSIGNALED(status), true);
        assert_int_equal(store_open(&s->writer, s->path, STORE_WRITER, &s->shared), 0);
        assert_int_equal(store_check(s->writer, false), 0);
        assert_int_equal(get(s->writer, id), found);
        store_freep(&s->writer);
}

static void test_a_commit_outlives_its_process(void **state) {
        check_after_death(*state, "commit-and-die", "aaaaaaaaaa", 0);
        check_after_death(*state, "commit-and-die", "bbbbbbbbbb", 0);
}

static void test_what_was_not_committed_dies_with_its_process(void **state) {
        check_after_death(*state, "die", "aaaaaaaaaa", -ENOENT);
        check_after_death(*state, "commit-and-die", "bbbbbbbbbb", 0);
        check_after_death(*state, "die", "aaaaaaaaaa", -ENOENT);
}

int main(int argc, char *argv[]) {
        const struct CMUnitTest tests[] = {
                unit_test_with_store(test_a_commit_is_seen_after_a_refresh_and_not_before),
                unit_test_with_store(test_a_change_is_told_once),
                unit_test_with_store(test_a_commit_before_the_first_look_is_still_told),
                unit_test_with_store(test_a_quiet_commit_is_seen_with_the_next_snapshot),
                unit_test_with_store(
                        test_a_reader_does_not_wait_for_a_transaction_and_does_not_see_it),
                unit_test_with_store(test_a_writer_does_not_wait_for_a_snapshot),
                unit_test_with_store(test_a_release_without_a_snapshot_is_harmless),
                unit_test_with_store(test_the_log_is_used_anew_after_a_release),
                unit_test_with_store(test_a_small_log_is_left_alone),
                unit_test_with_store(test_a_busy_writer_moves_a_large_log_alone),
                unit_test_with_store(test_what_is_acknowledged_is_seen_by_the_next_look),
                unit_test_with_store(test_a_commit_is_there_for_another_process),
                unit_test_with_closed_store(test_a_commit_outlives_its_process),
                unit_test_with_closed_store(test_what_was_not_committed_dies_with_its_process),
        };

        if (argc == 4)
                return be_other(argv[1], argv[2], argv[3]);
        return cmocka_run_group_tests(tests, NULL, NULL);
}

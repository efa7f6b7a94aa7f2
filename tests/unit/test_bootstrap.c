/* SPDX-License-Identifier: BSD-2-Clause */
/* The state directory at a start that goes well: made where there is none, taken as it was left.
 * What is refused is in test_bootstrap_refusal.c. */
#include <signal.h>
#include <sys/resource.h>

#include "unit_boot.h"

#include "store/store_audit.h"

static mode_t mode_of(const char *path) {
        struct stat st;

        assert_int_equal(lstat(path, &st), 0);
        return st.st_mode;
}

/* --- The first start --- */

static void check_first_start(struct unit_boot *f) {
        static const char *const files[] = { "keys.db", "keys.db-wal", "keys.db-shm", "pepper" };
        struct bootstrap b;

        unit_boot_start_well(f, &b);
        assert_int_equal(
                unit_sql_number(unit_boot_path_of(f, "keys.db"), "SELECT count(*) FROM key"), 0);
        assert_int_equal(unit_sql_number(unit_boot_path_of(f, "keys.db"), "SELECT id FROM pepper"),
                         keymint_pepper_id(b.keymint));
        assert_int_equal(mode_of(f->dir), S_IFDIR | 0700);
        for (size_t i = 0; i < ARRAY_LEN(files); i++)
                unit_int(files[i], mode_of(unit_boot_path_of(f, files[i])), S_IFREG | 0600);
        assert_int_equal(unit_boot_is_there(unit_boot_path_of(f, "keys.db.new")), false);
        assert_int_equal(unit_boot_is_there(unit_boot_path_of(f, "keys.db.new-journal")), false);
        unit_boot_done(&b);
}

static void test_a_first_start_makes_what_is_ours_alone_whatever_the_umask(void **state) {
        static const mode_t masks[] = { 0000, 0022, 0077 };
        struct unit_boot *f = *state;

        for (size_t i = 0; i < ARRAY_LEN(masks); i++) {
                mode_t old = umask(masks[i]);

                (void) snprintf(f->dir, sizeof(f->dir), "%s/%zu", f->top, i);
                check_first_start(f);
                (void) umask(old);
        }
}

static void test_a_directory_that_is_there_is_used(void **state) {
        struct unit_boot *f = *state;

        assert_int_equal(mkdir(f->dir, 0700), 0);
        check_first_start(f);
}

static void test_two_hosts_do_not_have_the_same_pepper(void **state) {
        struct unit_boot *f = *state;
        uint32_t first = unit_boot_use_once(f);

        (void) snprintf(f->dir, sizeof(f->dir), "%s/other", f->top);
        assert_int_not_equal(unit_boot_use_once(f), first);
}

static void test_a_later_start_finds_everything(void **state) {
        struct unit_boot *f = *state;
        uint32_t pepper_id = unit_boot_use_once(f);
        struct key_record key;
        struct bootstrap b;
        bool changed;

        for (unsigned i = 0; i < 3; i++) {
                unit_boot_start_well(f, &b);
                assert_int_equal(keymint_pepper_id(b.keymint), pepper_id);
                assert_int_equal(store_refresh(b.reader, &changed), 0);
                assert_int_equal(store_key_get(b.reader, "aaaaaaaaaa", &key), 0);
                assert_string_equal(key.owner, "alice");
                unit_boot_done(&b);
        }
}

/* A second daemon would go on to accept what the first one has revoked. */
static void test_one_directory_is_one_daemon_s(void **state) {
        struct unit_boot *f = *state;
        struct bootstrap first, second;

        unit_boot_start_well(f, &first);
        assert_int_equal(unit_boot_start(f, &second), -EBUSY);
        unit_poisoned("second", &second, sizeof(second));
        assert_non_null(strstr(f->error, "another wfapikeyd uses"));
        assert_non_null(strstr(f->error, f->dir));
        unit_boot_done(&first);
        unit_boot_start_well(f, &first);
        unit_boot_done(&first);
}

/* A failed start must not keep the directory from the next one. */
static void test_a_refusal_locks_nobody_out(void **state) {
        struct unit_boot *f = *state;
        struct bootstrap b;

        (void) unit_boot_use_once(f);
        assert_int_equal(chmod(unit_boot_path_of(f, "keys.db"), 0640), 0);
        assert_int_equal(unit_boot_start(f, &b), -EPERM);
        assert_int_equal(chmod(unit_boot_path_of(f, "keys.db"), 0600), 0);
        unit_boot_start_well(f, &b);
        unit_boot_done(&b);
}

/* --- Killed on the way of the first start --- */

static void unborn(const struct unit_boot *f) {
        unit_write(unit_boot_path_of(f, "keys.db.new"), "", 0, 0600);
}

static void unborn_and_empty_pepper(const struct unit_boot *f) {
        unborn(f);
        unit_write(unit_boot_path_of(f, "pepper"), "", 0, 0600);
}

static void unborn_and_half_a_pepper(const struct unit_boot *f) {
        unborn(f);
        unit_write(unit_boot_path_of(f, "pepper"), unit_boot_pepper_bytes, 10, 0600);
}

static void unborn_and_pepper(const struct unit_boot *f) {
        unborn(f);
        unit_write(unit_boot_path_of(f, "pepper"), unit_boot_pepper_bytes, PEPPER_LEN, 0600);
}

static void half_a_database(const struct unit_boot *f) {
        char garbage[5000];

        unit_poison(garbage, sizeof(garbage));
        unborn_and_pepper(f);
        unit_write(unit_boot_path_of(f, "keys.db.new"), garbage, sizeof(garbage), 0600);
        unit_write(unit_boot_path_of(f, "keys.db.new-journal"), garbage, 512, 0600);
}

static void whole_database(const struct unit_boot *f) {
        unborn_and_pepper(f);
        assert_int_equal(store_create(unit_boot_path_of(f, "keys.db.new"), 7), 0);
}

static void nothing(const struct unit_boot *f) {
        (void) f;
}

static const struct {
        const char *why;
        void (*leave)(const struct unit_boot *f);
} killed[] = {
        { "the directory alone", nothing },
        { "the unborn database", unborn },
        { "and a pepper without bytes", unborn_and_empty_pepper },
        { "and half a pepper", unborn_and_half_a_pepper },
        { "and a pepper", unborn_and_pepper },
        { "and half of the database with its journal", half_a_database },
        { "and the whole database, not renamed", whole_database },
};

static void test_a_first_start_that_was_killed_is_begun_anew(void **state) {
        struct unit_boot *f = *state;

        for (size_t i = 0; i < ARRAY_LEN(killed); i++) {
                (void) snprintf(f->dir, sizeof(f->dir), "%s/%zu", f->top, i);
                assert_int_equal(mkdir(f->dir, 0700), 0);
                killed[i].leave(f);
                check_first_start(f);
        }
}

/* Whoever restores a store may use a name of ours, also where nothing says that there was one. */
static void test_no_pepper_is_deleted(void **state) {
        struct unit_boot *f = *state;
        char bytes[PEPPER_LEN];
        int fd;

        assert_int_equal(mkdir(f->dir, 0700), 0);
        unborn_and_pepper(f);
        check_first_start(f);
        fd = open(unit_boot_path_of(f, "pepper.unborn"), O_RDONLY | O_CLOEXEC);
        assert_int_equal(read(fd, bytes, sizeof(bytes)), PEPPER_LEN);
        assert_memory_equal(bytes, unit_boot_pepper_bytes, PEPPER_LEN);
        assert_int_equal(close(fd), 0);
}

/* A disk that fills up at any byte of the first start: that start fails, and the next one succeeds
 * once there is room. */
static void test_a_first_start_on_a_full_disk_can_be_made_again(void **state) {
        struct rlimit limit, little;
        struct unit_boot *f = *state;
        struct bootstrap b;
        unsigned failed = 0;

        assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
        for (rlim_t bytes = 0; bytes < 60000; bytes += bytes < 64 ? 8 : 2048) {
                int r;

                (void) snprintf(f->dir, sizeof(f->dir), "%s/%lu", f->top, (unsigned long) bytes);
                little = limit;
                little.rlim_cur = bytes;
                assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
                r = unit_boot_start(f, &b);
                assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
                if (r >= 0)
                        unit_boot_done(&b);
                else {
                        failed++;
                        unit_poisoned("full", &b, sizeof(b));
                        assert_int_not_equal(f->error[0], '\0');
                }
                (void) unit_boot_use_once(f);
        }
        assert_in_range(failed, 10, 100);
}

/* --- Older copies --- */

/* A start at which something is recorded, such as a revocation. */
static void record_something(struct unit_boot *f, unsigned n, int64_t at) {
        struct audit_record record = { .at = at, .count = 1, .event = "revoked" };
        struct bootstrap b;

        unit_boot_start_well(f, &b);
        for (unsigned i = 0; i < n; i++) {
                assert_int_equal(store_begin(b.writer), 0);
                assert_int_equal(store_audit_add(b.writer, &record), 0);
                assert_int_equal(store_commit(b.writer), 0);
        }
        store_settle(b.writer);
        assert_int_equal(store_unsettled(b.writer), 0);
        unit_boot_done(&b);
}

static void copy(const struct unit_boot *f, const char *from, const char *to) {
        char command[3 * UNIT_PATH_LEN];

        (void) snprintf(command, sizeof(command), "cp -p '%s' '%s'", unit_boot_path_of(f, from),
                        unit_boot_path_of(f, to));
        assert_int_equal(system(command), 0);
}

static void is_refused(struct unit_boot *f) {
        struct bootstrap b;

        assert_int_equal(unit_boot_start(f, &b), -ESTALE);
        unit_poisoned("older", &b, sizeof(b));
        assert_non_null(strstr(f->error, "is older than the one that this host had"));
        assert_non_null(strstr(f->error, unit_boot_path_of(f, "keys.seen")));
}

static void test_an_older_copy_is_noticed_and_can_be_accepted(void **state) {
        struct unit_boot *f = *state;

        (void) unit_boot_use_once(f);
        copy(f, "keys.db", "old");
        record_something(f, 1, 1800000000);
        copy(f, "keys.db", "new");
        copy(f, "old", "keys.db");
        is_refused(f);
        is_refused(f);
        copy(f, "new", "keys.db");
        record_something(f, 2, 1800000000);

        copy(f, "old", "keys.db");
        is_refused(f);
        assert_int_equal(unlink(unit_boot_path_of(f, "keys.seen")), 0);
        record_something(f, 1, 1800000001);
        /* Now the other one is not the newest. */
        copy(f, "new", "keys.db");
        is_refused(f);
}

/* It has as many records, but they are others. */
static void test_another_history_is_noticed(void **state) {
        struct unit_boot *f = *state;

        record_something(f, 1, 1800000000);
        copy(f, "keys.db", "old");
        record_something(f, 1, 1800000001);
        copy(f, "keys.seen", "then");
        copy(f, "old", "keys.db");
        assert_int_equal(unlink(unit_boot_path_of(f, "keys.seen")), 0);
        record_something(f, 5, 1800000002);
        copy(f, "then", "keys.seen");
        is_refused(f);
}

static void test_a_damaged_mark_is_not_taken_for_the_newest(void **state) {
        static const char *const contents[] = { "", "short", unit_boot_pepper_bytes };
        struct unit_boot *f = *state;

        record_something(f, 1, 1800000000);
        for (size_t i = 0; i < ARRAY_LEN(contents); i++) {
                unit_write(unit_boot_path_of(f, "keys.seen"), contents[i], strlen(contents[i]),
                           0600);
                is_refused(f);
        }
        assert_int_equal(unlink(unit_boot_path_of(f, "keys.seen")), 0);
        record_something(f, 1, 1800000000);
        assert_int_equal(mode_of(unit_boot_path_of(f, "keys.seen")), S_IFREG | 0600);
}

/* What the mark is about was purged since, and the log has gone on. */
static void test_a_purged_record_is_not_missed(void **state) {
        struct unit_boot *f = *state;
        struct bootstrap b;

        record_something(f, 3, 1800000000);
        copy(f, "keys.seen", "seen");
        record_something(f, 3, 1800000000);
        unit_boot_start_well(f, &b);
        assert_int_equal(store_begin(b.writer), 0);
        assert_int_equal(store_audit_purge(b.writer, INT64_MAX, INT64_MAX, 6), 6);
        assert_int_equal(store_commit(b.writer), 0);
        unit_boot_done(&b);
        copy(f, "seen", "keys.seen");
        record_something(f, 1, 1800000000);
}

/* The log of a store that was used is not unborn, whatever it looks like. */
static void test_a_wiped_log_is_not_born_again(void **state) {
        struct unit_boot *f = *state;

        record_something(f, 1, 1800000000);
        unit_sql(unit_boot_path_of(f, "keys.db"),
                 "DELETE FROM audit; UPDATE audit_chain SET base_seq = 0, base_hash = "
                 "zeroblob(32), head_seq = 0, head_hash = zeroblob(32), mac = zeroblob(32)");
        is_refused(f);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_with_boot(test_a_first_start_makes_what_is_ours_alone_whatever_the_umask),
                unit_test_with_boot(test_a_directory_that_is_there_is_used),
                unit_test_with_boot(test_two_hosts_do_not_have_the_same_pepper),
                unit_test_with_boot(test_a_later_start_finds_everything),
                unit_test_with_boot(test_one_directory_is_one_daemon_s),
                unit_test_with_boot(test_a_refusal_locks_nobody_out),
                unit_test_with_boot(test_an_older_copy_is_noticed_and_can_be_accepted),
                unit_test_with_boot(test_another_history_is_noticed),
                unit_test_with_boot(test_a_damaged_mark_is_not_taken_for_the_newest),
                unit_test_with_boot(test_a_purged_record_is_not_missed),
                unit_test_with_boot(test_a_wiped_log_is_not_born_again),
                unit_test_with_boot(test_a_first_start_that_was_killed_is_begun_anew),
                unit_test_with_boot(test_no_pepper_is_deleted),
                unit_test_with_boot(test_a_first_start_on_a_full_disk_can_be_made_again),
        };

        (void) signal(SIGXFSZ, SIG_IGN);
        return cmocka_run_group_tests(tests, NULL, NULL);
}

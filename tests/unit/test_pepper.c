/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the pepper comes from, and that nobody else can read it. What is made with it is in
 * test_keymint.c. */
#include <signal.h>
#include <sys/resource.h>

#include "unit.h"

#include "secret/pepper.h"

static const uint8_t good[PEPPER_LEN + 1] = "0123456789abcdef0123456789abcdef";

static int open_dir(const char *path) {
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        assert_int_not_equal(fd, -1);
        return fd;
}

static void check_file(const char *row, const char *path, int r) {
        uint8_t out[PEPPER_LEN + 1];
        int dir = open_dir(path);

        unit_poison(out, sizeof(out));
        unit_int(row, pepper_read_file(dir, out), r);
        if (r < 0)
                unit_poisoned(row, out, sizeof(out));
        else {
                unit_mem(row, out, good, PEPPER_LEN);
                unit_poisoned(row, out + PEPPER_LEN, 1);
        }
        assert_int_equal(close(dir), 0);
}

static void test_the_file_is_read_when_it_is_ours_alone(void **state) {
        static const struct {
                mode_t mode;
                int r;
        } rows[] = {
                { 0600, 0 },      { 0400, 0 },      { 0700, 0 },      { 0640, -EPERM },
                { 0620, -EPERM }, { 0610, -EPERM }, { 0604, -EPERM }, { 0602, -EPERM },
                { 0601, -EPERM }, { 0644, -EPERM }, { 0666, -EPERM },
        };
        char path[UNIT_PATH_LEN], row[16];

        unit_join(path, *state, PEPPER_FILE_NAME);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                (void) unlink(path);
                unit_write(path, good, PEPPER_LEN, rows[i].mode);
                (void) snprintf(row, sizeof(row), "mode %04o", rows[i].mode);
                check_file(row, *state, rows[i].r);
        }
}

static void test_the_file_has_32_bytes(void **state) {
        static const size_t lengths[] = { 0, 1, 31, 33, 64, 4096 };
        char path[UNIT_PATH_LEN], row[32];
        uint8_t bytes[4096] = {};

        unit_join(path, *state, PEPPER_FILE_NAME);
        for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
                unit_write(path, bytes, lengths[i], 0600);
                (void) snprintf(row, sizeof(row), "%zu bytes", lengths[i]);
                check_file(row, *state, -EUCLEAN);
        }
}

static void test_what_is_no_file_is_refused(void **state) {
        char path[UNIT_PATH_LEN], target[UNIT_PATH_LEN];

        check_file("nothing", *state, -ENOENT);
        unit_join(path, *state, PEPPER_FILE_NAME);
        unit_write(unit_join(target, *state, "target"), good, PEPPER_LEN, 0600);
        assert_int_equal(symlink(target, path), 0);
        check_file("symbolic link", *state, -ELOOP);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(mkdir(path, 0700), 0);
        check_file("directory", *state, -EPERM);
        assert_int_equal(rmdir(path), 0);
        assert_int_equal(mkfifo(path, 0600), 0);
        check_file("fifo, which must not be waited for", *state, -EPERM);
}

static void test_a_file_of_another_owner_is_refused(void **state) {
        char path[UNIT_PATH_LEN];

        unit_write(unit_join(path, *state, PEPPER_FILE_NAME), good, PEPPER_LEN, 0600);
        assert_int_equal(chown(path, 4242, 4242), 0);
        check_file("another owner", *state, -EPERM);
}

/* --- Making --- */

static void test_a_new_file_is_ours_alone_whatever_the_umask(void **state) {
        static const mode_t masks[] = { 0000, 0022, 0077, 0777 };
        uint8_t made[PEPPER_LEN + 1], last[PEPPER_LEN] = {}, read_back[PEPPER_LEN];
        char path[UNIT_PATH_LEN];
        int dir = open_dir(*state);

        unit_join(path, *state, PEPPER_FILE_NAME);
        for (size_t i = 0; i < ARRAY_LEN(masks); i++) {
                mode_t old = umask(masks[i]);
                struct stat st;
                int r;

                unit_poison(made, sizeof(made));
                r = pepper_create_file(dir, made);
                (void) umask(old);
                assert_int_equal(r, 0);
                unit_poisoned("behind", made + PEPPER_LEN, 1);
                assert_int_equal(lstat(path, &st), 0);
                assert_int_equal(st.st_mode, S_IFREG | 0600);
                assert_int_equal(st.st_size, PEPPER_LEN);
                assert_int_equal(pepper_read_file(dir, read_back), 0);
                assert_memory_equal(read_back, made, PEPPER_LEN);
                assert_memory_not_equal(made, last, PEPPER_LEN);
                memcpy(last, made, PEPPER_LEN);
                assert_int_equal(unlink(path), 0);
        }
        assert_int_equal(close(dir), 0);
}

static void test_nothing_is_written_over(void **state) {
        char path[UNIT_PATH_LEN], target[UNIT_PATH_LEN];
        uint8_t out[PEPPER_LEN];
        int dir = open_dir(*state);

        unit_join(path, *state, PEPPER_FILE_NAME);
        unit_write(path, good, PEPPER_LEN, 0600);
        unit_poison(out, sizeof(out));
        assert_int_equal(pepper_create_file(dir, out), -EEXIST);
        unit_poisoned("a file", out, sizeof(out));
        check_file("still the old one", *state, 0);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(symlink(unit_join(target, *state, "target"), path), 0);
        assert_int_equal(pepper_create_file(dir, out), -EEXIST);
        assert_int_equal(access(target, F_OK), -1);
        assert_int_equal(close(dir), 0);
}

/* A disk that has room for ten bytes. */
static void test_a_file_that_cannot_be_written_is_not_left_behind(void **state) {
        static const uint8_t zero[PEPPER_LEN];
        struct rlimit limit, little;
        char path[UNIT_PATH_LEN];
        int dir = open_dir(*state), r;
        uint8_t out[PEPPER_LEN];

        unit_join(path, *state, PEPPER_FILE_NAME);
        assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
        for (rlim_t bytes = 0; bytes <= 10; bytes += 10) {
                little = limit;
                little.rlim_cur = bytes;
                unit_poison(out, sizeof(out));
                assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
                errno = 0; /* a write of a part is no error */
                r = pepper_create_file(dir, out);
                assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
                unit_fails("full", r);
                assert_memory_equal(out, zero, sizeof(out));
                assert_int_equal(access(path, F_OK), -1);
        }
        assert_int_equal(close(dir), 0);
}

/* --- The credential --- */

static int forget_credentials(void **state) {
        return unsetenv("CREDENTIALS_DIRECTORY") < 0 ? -1 : unit_dir_remove(state);
}

static void check_credential(const char *row, int r) {
        uint8_t out[PEPPER_LEN + 1];

        unit_poison(out, sizeof(out));
        unit_int(row, pepper_read_credential(out), r);
        if (r < 0)
                unit_poisoned(row, out, sizeof(out));
        else
                unit_mem(row, out, good, PEPPER_LEN);
}

static void test_a_credential_is_read_from_where_systemd_says(void **state) {
        char path[UNIT_PATH_LEN];

        assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
        check_credential("no directory is named", -ENOENT);
        assert_int_equal(setenv("CREDENTIALS_DIRECTORY", unit_join(path, *state, "absent"), 1), 0);
        check_credential("the directory is not there", -ENOENT);
        assert_int_equal(setenv("CREDENTIALS_DIRECTORY", *state, 1), 0);
        check_credential("it has no such credential", -ENOENT);
        unit_write(unit_join(path, *state, PEPPER_CREDENTIAL_NAME), good, PEPPER_LEN, 0600);
        check_credential("it has one", 0);
        unit_write(path, good, PEPPER_LEN - 1, 0600);
        check_credential("short", -EUCLEAN);
        unit_write(path, good, PEPPER_LEN + 1, 0600);
        check_credential("long", -EUCLEAN);
        unit_write(path, "", 0, 0600);
        check_credential("empty", -EUCLEAN);
}

static void test_a_credential_is_a_file_in_a_directory(void **state) {
        char path[UNIT_PATH_LEN], target[UNIT_PATH_LEN];

        unit_write(unit_join(target, *state, "target"), good, PEPPER_LEN, 0600);
        assert_int_equal(setenv("CREDENTIALS_DIRECTORY", target, 1), 0);
        check_credential("a file for a directory", -ENOTDIR);
        assert_int_equal(setenv("CREDENTIALS_DIRECTORY", *state, 1), 0);
        assert_int_equal(symlink(target, unit_join(path, *state, PEPPER_CREDENTIAL_NAME)), 0);
        check_credential("a symbolic link", -ELOOP);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(mkdir(path, 0700), 0);
        check_credential("a directory for a file", -EISDIR);
}

static bool is_there(const char *dir, const char *name) {
        char path[UNIT_PATH_LEN];

        return access(unit_join(path, dir, name), F_OK) == 0;
}

static void test_foreign_peppers_have_files_of_their_own(void **state) {
        static const char *const others[] = { "pepper", "pepper-0000000", "pepper-000000003",
                                              "keys.db" };
        uint8_t out[PEPPER_LEN];
        char name[PEPPER_NAME_LEN], path[UNIT_PATH_LEN];
        int dir = open_dir(*state);
        uint32_t keep = 0xfffffffe;

        assert_string_equal(pepper_foreign_name(0x1f, name), "pepper-0000001f");
        assert_int_equal(pepper_read_foreign(dir, 0x1f, out), -ENOENT);
        assert_int_equal(pepper_write_foreign(dir, 0x1f, good), 0);
        assert_int_equal(pepper_write_foreign(dir, keep, good), 0);
        assert_int_equal(pepper_read_foreign(dir, 0x1f, out), 0);
        assert_memory_equal(out, good, PEPPER_LEN);
        for (size_t i = 0; i < ARRAY_LEN(others); i++)
                unit_write(unit_join(path, *state, others[i]), good, PEPPER_LEN, 0600);
        for (unsigned again = 0; again < 2; again++) {
                pepper_remove_foreign(dir, &keep, 1);
                assert_int_equal(pepper_read_foreign(dir, 0x1f, out), -ENOENT);
                assert_int_equal(pepper_read_foreign(dir, keep, out), 0);
                for (size_t i = 0; i < ARRAY_LEN(others); i++)
                        unit_int(others[i], is_there(*state, others[i]), true);
        }
        pepper_remove_foreign(dir, NULL, 0);
        assert_int_equal(pepper_read_foreign(dir, keep, out), -ENOENT);
        assert_int_equal(close(dir), 0);
}

#define test_credential(f) cmocka_unit_test_setup_teardown(f, unit_dir_make, forget_credentials)

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_in_dir(test_the_file_is_read_when_it_is_ours_alone),
                unit_test_in_dir(test_the_file_has_32_bytes),
                unit_test_in_dir(test_what_is_no_file_is_refused),
                unit_test_if(geteuid() == 0,
                             (struct CMUnitTest) unit_test_in_dir(
                                     test_a_file_of_another_owner_is_refused),
                             "needs root"),
                unit_test_in_dir(test_a_new_file_is_ours_alone_whatever_the_umask),
                unit_test_in_dir(test_nothing_is_written_over),
                unit_test_in_dir(test_a_file_that_cannot_be_written_is_not_left_behind),
                unit_test_in_dir(test_foreign_peppers_have_files_of_their_own),
                test_credential(test_a_credential_is_read_from_where_systemd_says),
                test_credential(test_a_credential_is_a_file_in_a_directory),
        };

        (void) signal(SIGXFSZ, SIG_IGN);
        return cmocka_run_group_tests(tests, NULL, NULL);
}

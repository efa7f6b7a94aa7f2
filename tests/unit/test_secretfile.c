/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of 32 secret bytes: whole, and readable to nobody else. What the bytes are for is not known
 * here. */
#include <signal.h>
#include <sys/resource.h>

#include "unit.h"

#include "secret/secretfile.h"

static const uint8_t one[SECRETFILE_LEN + 1] = "0123456789abcdef0123456789abcdef";
static const uint8_t other[SECRETFILE_LEN + 1] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef";

static int open_dir(const char *path) {
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        assert_int_not_equal(fd, -1);
        return fd;
}

static void check(const char *row, int dir, int r, const uint8_t *want) {
        uint8_t out[SECRETFILE_LEN];

        unit_poison(out, sizeof(out));
        unit_int(row, secretfile_read(dir, "secret", out), r);
        if (r < 0)
                unit_poisoned(row, out, sizeof(out));
        else
                unit_mem(row, out, want, sizeof(out));
}

static void test_what_is_written_is_read(void **state) {
        int dir = open_dir(*state);
        char path[UNIT_PATH_LEN];
        struct stat st;

        check("none", dir, -ENOENT, NULL);
        (void) umask(0);
        assert_int_equal(secretfile_write(dir, "secret", one), 0);
        (void) umask(0022);
        check("new", dir, 0, one);
        assert_int_equal(lstat(unit_join(path, *state, "secret"), &st), 0);
        assert_int_equal(st.st_mode, S_IFREG | 0600);
        assert_int_equal(secretfile_write(dir, "secret", other), 0);
        check("replaced", dir, 0, other);
        /* A file that a killed daemon has left does no harm. */
        unit_write(unit_join(path, *state, "secret.new"), "half", 4, 0644);
        assert_int_equal(secretfile_write(dir, "secret", one), 0);
        check("after a kill", dir, 0, one);
        assert_int_equal(lstat(path, &st), -1);
        assert_int_equal(close(dir), 0);
}

static void test_what_is_not_ours_alone_is_refused(void **state) {
        char path[UNIT_PATH_LEN], target[UNIT_PATH_LEN];
        int dir = open_dir(*state);

        unit_join(path, *state, "secret");
        unit_write(path, one, SECRETFILE_LEN, 0640);
        check("group", dir, -EPERM, NULL);
        unit_write(path, one, SECRETFILE_LEN - 1, 0600);
        check("short", dir, -EUCLEAN, NULL);
        unit_write(path, one, SECRETFILE_LEN + 1, 0600);
        check("long", dir, -EUCLEAN, NULL);
        assert_int_equal(unlink(path), 0);
        unit_write(unit_join(target, *state, "target"), one, SECRETFILE_LEN, 0600);
        assert_int_equal(symlink(target, path), 0);
        check("link", dir, -ELOOP, NULL);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(mkfifo(path, 0600), 0);
        check("pipe", dir, -EPERM, NULL);
        assert_int_equal(close(dir), 0);
}

static void test_a_write_that_fails_leaves_what_was_there(void **state) {
        struct rlimit limit, tiny;
        int dir = open_dir(*state);
        char path[UNIT_PATH_LEN];
        struct stat st;

        assert_int_equal(secretfile_write(dir, "secret", one), 0);
        assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
        tiny = (struct rlimit){ .rlim_cur = 16, .rlim_max = limit.rlim_max };
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &tiny), 0);
        unit_fails("no room", secretfile_write(dir, "secret", other));
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        check("as before", dir, 0, one);
        assert_int_equal(lstat(unit_join(path, *state, "secret.new"), &st), -1);
        assert_int_equal(close(dir), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_in_dir(test_what_is_written_is_read),
                unit_test_in_dir(test_what_is_not_ours_alone_is_refused),
                unit_test_in_dir(test_a_write_that_fails_leaves_what_was_there),
        };

        (void) signal(SIGXFSZ, SIG_IGN);
        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* A directory for a while, which goes with the process that made it, however that ends. */
#include <sys/prctl.h>
#include <sys/wait.h>

#include "unit.h"

#include "scratch.h"

static unsigned count(const char *dir) {
        DIR *d = opendir(dir);
        unsigned n = 0;

        assert_non_null(d);
        while (readdir(d))
                n++;
        (void) closedir(d);
        return n - 2; /* without "." and ".." */
}

/* Makes one with a file in it. */
static int make(struct scratch *s) {
        int r = scratch_make(s), fd;

        if (r < 0)
                return r;
        fd = openat(s->fd, "keys.db", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        return fd < 0 || close(fd) < 0 ? -errno : 0;
}

static void test_it_goes_at_its_end(void **state) {
        struct scratch s = { .fd = -1 };
        struct stat st;

        assert_int_equal(setenv("TMPDIR", *state, 1), 0);
        assert_int_equal(make(&s), 0);
        assert_int_equal(count(*state), 1);
        assert_int_equal(fstat(s.fd, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0700);
        scratch_done(&s);
        assert_int_equal(count(*state), 0);
        assert_true(waitpid(-1, NULL, 0) < 0 && errno == ECHILD);
        scratch_done(&s);
        assert_int_equal(unsetenv("TMPDIR"), 0);
}

/* The guard becomes a child of this process, so its end is an event. */
static void test_it_goes_with_a_process_that_is_killed(void **state) {
        static const int signals[] = { SIGINT, SIGHUP, SIGTERM, SIGKILL };

        assert_int_equal(setenv("TMPDIR", *state, 1), 0);
        assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
        for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
                pid_t pid = fork();
                int status;

                assert_int_not_equal(pid, -1);
                if (pid == 0) {
                        struct scratch s = { .fd = -1 };

                        /* as on a terminal, where all processes get it */
                        if (setpgid(0, 0) == 0 && make(&s) == 0)
                                (void) kill(signals[i] == SIGKILL ? getpid() : 0, signals[i]);
                        _exit(1);
                }
                assert_int_equal(waitpid(pid, &status, 0), pid);
                assert_true(WIFSIGNALED(status) && WTERMSIG(status) == signals[i]);
                assert_true(waitpid(-1, &status, 0) > 0);
                assert_int_equal(status, 0);
                assert_int_equal(count(*state), 0);
        }
        assert_int_equal(unsetenv("TMPDIR"), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_in_dir(test_it_goes_at_its_end),
                unit_test_in_dir(test_it_goes_with_a_process_that_is_killed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

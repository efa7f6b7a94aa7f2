/* SPDX-License-Identifier: BSD-2-Clause */
/* A process in the cage can work on memory and on what is open already, and on nothing else. It
 * ends when its time is over. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "unit.h"

#include "base/cage.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CAGED false
#else
#define CAGED true
#endif

static int pipe_fds[2];

static bool open_file(void) {
        return open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0;
}

static bool open_state(void) {
        return open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0;
}

static bool make_socket(void) {
        return socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
}

static bool fork_process(void) {
        return fork() >= 0;
}

static bool kill_parent(void) {
        return kill(getppid(), 0) == 0;
}

static bool run_program(void) {
        char name[] = "/bin/true";
        char *const argv[] = { name, NULL };

        return execv(name, argv) == 0;
}

static bool raise_limit(void) {
        return setrlimit(RLIMIT_NOFILE, &(const struct rlimit){ 1, 1 }) == 0;
}

static bool remove_file(void) {
        return unlink("/nonexistent/file") == 0 || errno == ENOENT;
}

static bool get_memory(void) {
        volatile char *bytes = malloc(64 * 1024 * 1024);

        if (!bytes)
                return false;
        bytes[12345] = 1;
        return bytes[12345] == 1;
}

static bool write_answer(void) {
        return write(pipe_fds[1], "x", 1) == 1;
}

static const struct {
        const char *what;
        bool (*try)(void);
        bool can;
} rows[] = {
        { "get memory", get_memory, true },
        { "write what is open", write_answer, true },
        { "open a file", open_file, false },
        { "open the user database", open_state, false },
        { "make a socket", make_socket, false },
        { "fork", fork_process, false },
        { "signal another", kill_parent, false },
        { "run a program", run_program, false },
        { "change its limits", raise_limit, false },
        { "remove a file", remove_file, false },
};

static int status_of(pid_t pid) {
        int status = -1;

        assert_int_equal(waitpid(pid, &status, 0), pid);
        return status;
}

static void test_what_can_be_done_in_it(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                pid_t pid = fork();
                int status;

                assert_int_not_equal(pid, -1);
                if (pid == 0)
                        _exit(cage_enter() < 0 ? 3 : rows[i].try() ? 1 : 2);
                status = status_of(pid);
                unit_int(rows[i].what, WIFEXITED(status), true);
                unit_int(rows[i].what, WEXITSTATUS(status), rows[i].can ? 1 : 2);
        }
}

static void test_all_of_it_can_be_done_outside(void **state) {
        (void) state;
        /* Without this the test above would say nothing. */
        assert_true(open_file() && open_state() && make_socket() && kill_parent() && remove_file());
}

static void test_a_spin_ends(void **state) {
        pid_t pid = fork();
        int status;

        (void) state;
        assert_int_not_equal(pid, -1);
        if (pid == 0) {
                volatile unsigned long turns = 0;

                if (cage_enter() < 0)
                        _exit(3);
                for (;;)
                        turns++;
        }
        status = status_of(pid);
        assert_true(WIFSIGNALED(status));
        assert_true(WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL);
}

int main(void) {
        const char *why = "a sanitizer needs what the cage takes";
        const struct CMUnitTest tests[] = {
                unit_test_if(CAGED,
                             (struct CMUnitTest) cmocka_unit_test(test_what_can_be_done_in_it),
                             why),
                cmocka_unit_test(test_all_of_it_can_be_done_outside),
                cmocka_unit_test(test_a_spin_ends),
        };

        (void) signal(SIGPIPE, SIG_IGN);
        if (pipe(pipe_fds) < 0)
                return EXIT_FAILURE;
        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Asking, against servers that do not answer: a question waits as long as it may and no longer,
 * whatever signals come. */
#include <sys/time.h>

#include "unit_ask.h"

/* --- send(2), which on demand waits until the other end is gone (the linker's --wrap) --- */

static bool send_too_late;

ssize_t __wrap_send(int fd, const void *bytes, size_t len, int flags);
ssize_t __real_send(int fd, const void *bytes, size_t len, int flags);

ssize_t __wrap_send(int fd, const void *bytes, size_t len, int flags) {
        struct pollfd pfd = { .fd = fd };

        while (send_too_late && !(pfd.revents & POLLHUP))
                (void) poll(&pfd, 1, -1);
        return __real_send(fd, bytes, len, flags);
}

/* --- The time that the first attempt takes, and the second wait (the linker's --wrap) --- */

#define FIRST_MS 40000

/* While this is on, the first attempt takes ${FIRST_MS}, and the second one's wait for an answer is
 * over at once. */
static struct attempts {
        bool on;
        unsigned n;
        int64_t later_ms;
        int waited_ms;
} two;

int __wrap_connect(int fd, const struct sockaddr *sa, socklen_t len);
int __real_connect(int fd, const struct sockaddr *sa, socklen_t len);

int __wrap_connect(int fd, const struct sockaddr *sa, socklen_t len) {
        if (two.on && ++two.n == 1)
                two.later_ms = FIRST_MS;
        return __real_connect(fd, sa, len);
}

int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);
int __real_poll(struct pollfd *fds, nfds_t n, int timeout);

int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout) {
        if (two.n < 2)
                return __real_poll(fds, n, timeout);
        two.waited_ms = timeout;
        two.later_ms += timeout;
        return 0;
}

int __wrap_clock_gettime(clockid_t id, struct timespec *ret);
int __real_clock_gettime(clockid_t id, struct timespec *ret);

int __wrap_clock_gettime(clockid_t id, struct timespec *ret) {
        int r = __real_clock_gettime(id, ret);

        ret->tv_sec += two.later_ms / 1000;
        return r;
}

/* --- The test's process --- */

static void check_timeout(const char *row, const char *path, int64_t timeout_ms) {
        const struct ask_server server = unit_ask_to(path, timeout_ms);
        int64_t begin = ask_now_ms();
        struct wire_reply reply;

        unit_int(row, unit_ask_put(row, &server, &reply), -ETIMEDOUT);
        unit_int(row, ask_now_ms() - begin >= timeout_ms, true);
}

static void test_a_silent_server_is_waited_for_and_not_asked_again(void **state) {
        static const enum unit_ask_act steps[STEPS_MAX] = { SILENT, SILENT, SILENT };
        struct unit_ask_server s = unit_ask_start(steps);

        (void) state;
        check_timeout("silent", "socket", 80);
        assert_int_equal(unit_ask_stop(&s).connections, 1);
}

static void test_both_attempts_share_the_time(void **state) {
        static const enum unit_ask_act steps[STEPS_MAX] = { CLOSE, SILENT, SILENT };
        const struct ask_server server = unit_ask_to("socket", 60000);
        struct unit_ask_server s = unit_ask_start(steps);
        struct wire_reply reply;
        struct attempts seen;
        int r;

        (void) state;
        two.on = true;
        r = unit_ask_put("closes, then silent", &server, &reply);
        seen = two;
        two = (struct attempts){};
        assert_int_equal(r, -ETIMEDOUT);
        assert_int_equal(seen.n, 2);
        assert_in_range(seen.waited_ms, 0, 60000 - FIRST_MS);
        assert_int_equal(unit_ask_stop(&s).connections, 2);
}

static void test_no_time_is_no_answer(void **state) {
        static const enum unit_ask_act steps[STEPS_MAX] = { ANSWER, ANSWER, ANSWER };
        struct unit_ask_server s = unit_ask_start(steps);

        (void) state;
        check_timeout("no time", "socket", 0);
        check_timeout("less", "socket", -1000);
        (void) unit_ask_stop(&s);
}

/* Connects until there is no room any more. Returns how many connected. */
static size_t fill_backlog(const char *path, int *fds, size_t max) {
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        size_t n = 0;

        (void) snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
        for (; n < max; n++) {
                fds[n] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
                assert_int_not_equal(fds[n], -1);
                if (connect(fds[n], (struct sockaddr *) &sa, sizeof(sa)) < 0) {
                        assert_int_equal(errno, EAGAIN);
                        (void) close(fds[n]);
                        return n;
                }
        }
        fail();
        return n;
}

static void test_a_full_backlog_is_waited_for(void **state) {
        int fd = unit_ask_listen_at("full", SOCK_SEQPACKET, 0), others[16];
        size_t n = fill_backlog("full", others, ARRAY_LEN(others));

        (void) state;
        check_timeout("full", "full", 80);
        while (n > 0)
                (void) close(others[--n]);
        (void) close(fd);
}

/* --- Signals --- */

static volatile sig_atomic_t alarms, pipes;
static int go_on = -1;

static void on_signal(int number) {
        if (number == SIGPIPE)
                pipes++;
        else if (++alarms == 5 && go_on >= 0)
                (void) !write(go_on, "g", 1);
}

static int timer_start(void **state) {
        struct sigaction sa = { .sa_handler = on_signal }; /* without SA_RESTART */
        struct itimerval every = { .it_interval.tv_usec = 3000, .it_value.tv_usec = 3000 };

        if (unit_ask_in_dir(state) < 0)
                return -1;
        alarms = 0;
        return sigaction(SIGALRM, &sa, NULL) < 0 ? -1 : setitimer(ITIMER_REAL, &every, NULL);
}

/* The rest of the test does not expect to be interrupted. */
static void timer_off(void) {
        struct itimerval never = {};

        go_on = -1;
        (void) setitimer(ITIMER_REAL, &never, NULL);
}

static int timer_stop(void **state) {
        timer_off();
        return unit_ask_out_of_dir(state);
}

static void test_signals_do_not_shorten_the_wait(void **state) {
        static const enum unit_ask_act steps[STEPS_MAX] = { SILENT, SILENT, SILENT };
        struct unit_ask_server s = unit_ask_start(steps);

        (void) state;
        check_timeout("silent", "socket", 80);
        timer_off();
        assert_in_range(alarms, 1, 100000);
        assert_int_equal(unit_ask_stop(&s).connections, 1);
}

static void test_signals_do_not_lose_the_answer(void **state) {
        static const enum unit_ask_act steps[STEPS_MAX] = { ANSWER_LATE, ANSWER, ANSWER };
        const struct ask_server server = unit_ask_to("socket", 60000);
        struct unit_ask_server s = unit_ask_start(steps);
        struct wire_reply reply;

        (void) state;
        go_on = s.control;
        /* the fifth from now on makes the server answer */
        alarms = 0;
        assert_int_equal(unit_ask_put("late", &server, &reply), 0);
        timer_off();
        assert_in_range(alarms, 5, 100000);
        assert_int_equal(unit_ask_stop(&s).connections, 1);
}

static void test_signals_do_not_shorten_the_wait_for_a_place(void **state) {
        int fd = unit_ask_listen_at("full", SOCK_SEQPACKET, 0), others[16];
        size_t n = fill_backlog("full", others, ARRAY_LEN(others));

        (void) state;
        check_timeout("full", "full", 80);
        timer_off();
        assert_in_range(alarms, 1, 100000);
        while (n > 0)
                (void) close(others[--n]);
        (void) close(fd);
}

static void test_a_place_that_becomes_free_is_taken(void **state) {
        const struct ask_server server = unit_ask_to("full", 60000);
        int fd = unit_ask_listen_at("full", SOCK_SEQPACKET, 0), others[16], control[2];
        size_t n = fill_backlog("full", others, ARRAY_LEN(others));
        struct wire_reply reply;
        pid_t pid;

        (void) state;
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control), 0);
        pid = fork();
        assert_int_not_equal(pid, -1);
        if (pid == 0) {
                struct unit_ask_serving serving = { .listener = fd };
                uint32_t seq;
                char word;

                (void) !read(control[1], &word, 1);
                for (size_t i = 0; i < n; i++)
                        (void) !accept(fd, NULL, NULL);
                fd = accept(fd, NULL, NULL);
                if (unit_ask_take_request(&serving, fd, 0, &seq))
                        unit_ask_answer(fd, ANSWER, seq);
                _exit(0);
        }
        go_on = control[0];
        alarms = 0;
        assert_int_equal(unit_ask_put("full at first", &server, &reply), 0);
        timer_off();
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        while (n > 0)
                (void) close(others[--n]);
        (void) close(fd);
        (void) close(control[0]);
        (void) close(control[1]);
}

static void test_no_signal_is_raised(void **state) {
        static const enum unit_ask_act closes[STEPS_MAX] = { CLOSE, CLOSE, CLOSE };
        struct sigaction sa = { .sa_handler = on_signal }, old;

        (void) state;
        pipes = 0;
        assert_int_equal(sigaction(SIGPIPE, &sa, &old), 0);
        send_too_late = true;
        unit_ask_check("gone before it can be asked", closes, -ECONNRESET, 2);
        send_too_late = false;
        assert_int_equal(sigaction(SIGPIPE, &old, NULL), 0);
        assert_int_equal(pipes, 0);
}

/* --- Descriptors --- */

static void test_the_clock_does_not_go_back(void **state) {
        int64_t last = ask_now_ms();

        (void) state;
        for (unsigned i = 0; i < 10000; i++) {
                int64_t now = ask_now_ms();

                assert_int_equal(now >= last, true);
                last = now;
        }
}

#define test_with_timer(f) cmocka_unit_test_setup_teardown(f, timer_start, timer_stop)

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_with_ask(test_a_silent_server_is_waited_for_and_not_asked_again),
                unit_test_with_ask(test_both_attempts_share_the_time),
                unit_test_with_ask(test_no_time_is_no_answer),
                unit_test_with_ask(test_a_full_backlog_is_waited_for),
                test_with_timer(test_signals_do_not_shorten_the_wait),
                test_with_timer(test_signals_do_not_lose_the_answer),
                test_with_timer(test_signals_do_not_shorten_the_wait_for_a_place),
                test_with_timer(test_a_place_that_becomes_free_is_taken),
                unit_test_with_ask(test_no_signal_is_raised),
                cmocka_unit_test(test_the_clock_does_not_go_back),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

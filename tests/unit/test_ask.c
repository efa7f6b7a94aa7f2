/* SPDX-License-Identifier: BSD-2-Clause */
/* Asking, against servers that do not do what they should. Each server is a process of its own
 * that follows a script, one step for each connection, and reports what came; the socket listens
 * before the first question is put. */
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "unit.h"

#include "ask.h"

#define SEQ       0x12345678U
#define STEPS_MAX 3
#define KEPT_MAX  8

enum act {
        ANSWER = 1,
        ANSWER_DENY_THEN_ALLOW,
        ANSWER_SHORT,
        ANSWER_LONG,
        ANSWER_HUGE,
        ANSWER_EMPTY,
        ANSWER_GARBAGE,
        ANSWER_OTHER_SEQ,
        ANSWER_OTHER_VERSION,
        ANSWER_LEAKY_REFUSAL,
        ANSWER_LATE, /* when it is told to go on */
        CLOSE,
        READ_AND_CLOSE,
        SILENT,
};

struct report {
        unsigned connections;
        unsigned requests; /* that could be read */
        size_t bytes;
};

struct server {
        pid_t pid;
        int control; /* 'g': go on; 's': stop and report */
};

/* --- The server's process: no assertions here, what goes wrong shows in the report --- */

struct serving {
        int control, listener;
        const enum act *steps; /* the last one for all that follow */
        size_t n_kept;
        int kept[KEPT_MAX];
        int late; /* waits for its answer, or -1 */
        uint32_t late_seq;
        bool go_on;
        struct report report;
};

static bool take_request(struct serving *s, int fd, int flags, uint32_t *ret_seq) {
        uint8_t in[WIRE_REQUEST_LEN + 1];
        struct wire_request req;
        ssize_t n = recv(fd, in, sizeof(in), flags);

        if (n <= 0)
                return false;
        s->report.bytes += (size_t) n;
        if (wire_request_decode(in, (size_t) n, &req) < 0)
                return false;
        s->report.requests++;
        *ret_seq = req.seq;
        return true;
}

static void answer(int fd, enum act act, uint32_t seq) {
        struct wire_reply reply = {
                .seq = seq, .verdict = VERDICT_ALLOW, .id = "0123456789", .name = "n"
        };
        uint8_t out[4096] = {};
        size_t len = WIRE_REPLY_LEN;

        if (act == ANSWER_OTHER_SEQ)
                reply.seq++;
        if (act == ANSWER_DENY_THEN_ALLOW) {
                struct wire_reply deny = { .seq = seq, .verdict = VERDICT_DENY };

                wire_reply_encode(out, &deny);
                (void) !send(fd, out, WIRE_REPLY_LEN, MSG_NOSIGNAL);
        }
        wire_reply_encode(out, &reply);
        if (act == ANSWER_SHORT)
                len--;
        else if (act == ANSWER_LONG)
                len++;
        else if (act == ANSWER_HUGE)
                len = sizeof(out);
        else if (act == ANSWER_EMPTY)
                len = 0;
        else if (act == ANSWER_GARBAGE)
                memset(out, 0x5a, len);
        else if (act == ANSWER_OTHER_VERSION)
                out[3] = 2;
        else if (act == ANSWER_LEAKY_REFUSAL)
                out[8] = VERDICT_DENY, out[9] = 0;
        (void) !send(fd, out, len, MSG_NOSIGNAL);
}

static void serve_one(struct serving *s, int fd) {
        enum act act =
                s->steps[s->report.connections < STEPS_MAX ? s->report.connections : STEPS_MAX - 1];
        uint32_t seq = 0;

        s->report.connections++;
        if (act == CLOSE) {
                (void) close(fd);
        } else if (act == SILENT) {
                if (s->n_kept < KEPT_MAX)
                        s->kept[s->n_kept++] = fd;
        } else if (act == ANSWER_LATE) {
                (void) take_request(s, fd, 0, &s->late_seq);
                s->late = fd;
        } else {
                if (take_request(s, fd, 0, &seq) && act != READ_AND_CLOSE)
                        answer(fd, act, seq);
                (void) close(fd);
        }
}

static void report_and_end(struct serving *s) {
        uint32_t seq;
        int fd;

        /* Whoever was not let in yet counts as well. */
        (void) fcntl(s->listener, F_SETFL, O_NONBLOCK);
        while ((fd = accept(s->listener, NULL, NULL)) >= 0) {
                s->report.connections++;
                (void) take_request(s, fd, MSG_DONTWAIT, &seq);
                (void) close(fd);
        }
        for (size_t i = 0; i < s->n_kept; i++)
                (void) take_request(s, s->kept[i], MSG_DONTWAIT, &seq);
        (void) !write(s->control, &s->report, sizeof(s->report));
        _exit(0);
}

static void serve(struct serving *s) {
        for (;;) {
                struct pollfd fds[] = { { .fd = s->control, .events = POLLIN },
                                        { .fd = s->listener, .events = POLLIN } };
                char word;

                if (poll(fds, 2, -1) < 0)
                        continue;
                if (fds[0].revents) {
                        if (read(s->control, &word, 1) != 1)
                                _exit(1);
                        if (word == 's')
                                report_and_end(s);
                        s->go_on = true;
                } else
                        serve_one(s, accept(s->listener, NULL, NULL));
                if (s->go_on && s->late >= 0) {
                        answer(s->late, ANSWER, s->late_seq);
                        s->late = -1;
                }
        }
}

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

/* While this is on, the first attempt takes ${FIRST_MS}, and the wait for an answer to the second
 * one is over at once. */
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

static int listen_at(const char *path, int type, int backlog) {
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

        assert_int_not_equal(fd, -1);
        (void) snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
        assert_int_equal(bind(fd, (struct sockaddr *) &sa, sizeof(sa)), 0);
        if (backlog >= 0)
                assert_int_equal(listen(fd, backlog), 0);
        return fd;
}

static struct server server_start(const enum act steps[static STEPS_MAX]) {
        int listener = listen_at("socket", SOCK_SEQPACKET, 16), control[2];
        struct server server = {};

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control), 0);
        server.pid = fork();
        assert_int_not_equal(server.pid, -1);
        if (server.pid == 0) {
                struct serving serving = {
                        .control = control[1], .listener = listener, .steps = steps, .late = -1
                };

                (void) close(control[0]);
                serve(&serving);
        }
        (void) close(listener);
        (void) close(control[1]);
        server.control = control[0];
        return server;
}

static struct report server_stop(struct server *server) {
        struct report report = {};
        int status;

        assert_int_equal(write(server->control, "s", 1), 1);
        assert_int_equal(read(server->control, &report, sizeof(report)), sizeof(report));
        assert_int_equal(waitpid(server->pid, &status, 0), server->pid);
        assert_int_equal(status, 0);
        (void) close(server->control);
        assert_int_equal(unlink("socket"), 0);
        return report;
}

static struct wire_request question(void) {
        struct wire_request req = {
                .kind = WIRE_VERIFY, .seq = SEQ, .user = "alice", .service = "sshd"
        };

        keytext_format(req.key.text, "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq");
        return req;
}

static struct ask_server to(const char *path, int64_t timeout_ms) {
        return (struct ask_server){ .path = path, .uid = geteuid(), .timeout_ms = timeout_ms };
}

/* Puts the question; whatever comes of it, no descriptor is left and a failure touches nothing. */
static int ask(const char *row, const struct ask_server *server, struct wire_reply *ret) {
        struct wire_request req = question();
        int fds = unit_count_fds(), r;

        unit_poison(ret, sizeof(*ret));
        r = ask_verdict(server, &req, ret);
        unit_int(row, unit_count_fds(), fds);
        if (r < 0)
                unit_poisoned(row, ret, sizeof(*ret));
        return r;
}

static void check(const char *row, const enum act steps[static STEPS_MAX], int r,
                  unsigned connections) {
        const struct ask_server server = to("socket", 60000);
        struct wire_reply reply;
        struct server s = server_start(steps);
        struct report report;
        int got = ask(row, &server, &reply);

        report = server_stop(&s);
        unit_int(row, got, r);
        unit_int(row, report.connections, connections);
        if (got >= 0)
                unit_int(row, reply.seq, SEQ);
}

static int in_dir(void **state) {
        return unit_dir_make(state) < 0 || chdir(*state) < 0 ? -1 : 0;
}

static int out_of_dir(void **state) {
        return chdir("/") < 0 ? -1 : unit_dir_remove(state);
}

static void test_nobody_there_is_said_at_once(void **state) {
        struct ask_server server = to("absent", 10000);
        struct wire_reply reply;

        (void) state;
        assert_int_equal(ask("absent", &server, &reply), -ENOENT);
        unit_write("file", "", 0, 0600);
        server.path = "file";
        assert_int_equal(ask("a file", &server, &reply), -ECONNREFUSED);
        (void) close(listen_at("dead", SOCK_SEQPACKET, 4));
        server.path = "dead";
        assert_int_equal(ask("a socket that nobody has any more", &server, &reply), -ECONNREFUSED);
}

static void test_a_socket_of_another_kind_is_refused(void **state) {
        struct ask_server server = to("deaf", 10000);
        struct wire_reply reply;
        int fd;

        (void) state;
        fd = listen_at("deaf", SOCK_SEQPACKET, -1);
        assert_int_equal(ask("not listening", &server, &reply), -ECONNREFUSED);
        (void) close(fd);
        fd = listen_at("stream", SOCK_STREAM, 4);
        server.path = "stream";
        assert_int_equal(ask("stream", &server, &reply), -EPROTOTYPE);
        (void) close(fd);
}

static void test_a_path_that_does_not_fit_is_refused(void **state) {
        char path[256];
        struct ask_server server = to(path, 10000);
        struct wire_reply reply;

        (void) state;
        /* the kernel would take it for an abstract name, which anybody may have */
        path[0] = '\0';
        assert_int_equal(ask("no path", &server, &reply), -EINVAL);
        for (size_t len = 100; len < sizeof(path); len++) {
                memset(path, 'p', len);
                path[len] = '\0';
                assert_int_equal(ask(path, &server, &reply), len <= 107 ? -ENOENT : -ENAMETOOLONG);
        }
}

static void test_an_answer_is_believed_only_when_it_is_whole_and_ours(void **state) {
        static const struct {
                const char *why;
                enum act steps[STEPS_MAX];
                int r;
                unsigned connections;
        } rows[] = {
                { "answers", { ANSWER, ANSWER, ANSWER }, 0, 1 },
                { "answers short", { ANSWER_SHORT, ANSWER, ANSWER }, -EBADMSG, 1 },
                { "answers long", { ANSWER_LONG, ANSWER, ANSWER }, -EBADMSG, 1 },
                { "answers a page", { ANSWER_HUGE, ANSWER, ANSWER }, -EBADMSG, 1 },
                { "answers garbage", { ANSWER_GARBAGE, ANSWER, ANSWER }, -EBADMSG, 1 },
                { "answers another question", { ANSWER_OTHER_SEQ, ANSWER, ANSWER }, -EBADMSG, 1 },
                { "another version", { ANSWER_OTHER_VERSION, ANSWER, ANSWER }, -EBADMSG, 1 },
                { "refuses with an id", { ANSWER_LEAKY_REFUSAL, ANSWER, ANSWER }, -EBADMSG, 1 },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                check(rows[i].why, rows[i].steps, rows[i].r, rows[i].connections);
}

static void test_a_connection_that_ends_is_tried_once_more(void **state) {
        static const struct {
                const char *why;
                enum act steps[STEPS_MAX];
                int r;
        } rows[] = {
                { "closes at once, always", { CLOSE, CLOSE, CLOSE }, -ECONNRESET },
                { "reads and closes, always",
                  { READ_AND_CLOSE, READ_AND_CLOSE, READ_AND_CLOSE },
                  -ECONNRESET },
                { "says nothing, in a message",
                  { ANSWER_EMPTY, ANSWER_EMPTY, ANSWER },
                  -ECONNRESET },
                { "closes once", { CLOSE, ANSWER, ANSWER }, 0 },
                { "reads and closes once", { READ_AND_CLOSE, ANSWER, ANSWER }, 0 },
                { "an empty answer, then one", { ANSWER_EMPTY, ANSWER, ANSWER }, 0 },
                { "closes twice, would then answer", { CLOSE, CLOSE, ANSWER }, -ECONNRESET },
                { "closes, then lies", { CLOSE, ANSWER_GARBAGE, ANSWER }, -EBADMSG },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                check(rows[i].why, rows[i].steps, rows[i].r, 2);
}

static void test_the_first_answer_counts(void **state) {
        static const enum act steps[STEPS_MAX] = { ANSWER_DENY_THEN_ALLOW };
        const struct ask_server server = to("socket", 60000);
        struct server s = server_start(steps);
        struct wire_reply reply;

        (void) state;
        assert_int_equal(ask("deny, then allow", &server, &reply), 0);
        assert_int_equal(reply.verdict, VERDICT_DENY);
        assert_int_equal(server_stop(&s).connections, 1);
}

static void test_the_request_arrives_whole(void **state) {
        static const enum act steps[STEPS_MAX] = { ANSWER };
        const struct ask_server server = to("socket", 60000);
        struct server s = server_start(steps);
        struct wire_reply reply;
        struct report report;

        (void) state;
        assert_int_equal(ask("answers", &server, &reply), 0);
        assert_int_equal(reply.verdict, VERDICT_ALLOW);
        assert_string_equal(reply.id, "0123456789");
        report = server_stop(&s);
        assert_int_equal(report.requests, 1);
        assert_int_equal(report.bytes, WIRE_REQUEST_LEN);
}

static void test_a_server_of_another_uid_gets_no_byte(void **state) {
        static const enum act steps[STEPS_MAX] = { SILENT, SILENT, SILENT };
        struct ask_server server = to("socket", 60000);
        struct server s = server_start(steps);
        struct wire_reply reply;
        struct report report;

        (void) state;
        server.uid = geteuid() + 1;
        assert_int_equal(ask("another uid", &server, &reply), -EPERM);
        report = server_stop(&s);
        assert_int_equal(report.connections, 1);
        assert_int_equal(report.bytes, 0);
}

static void test_a_bad_request_is_not_sent(void **state) {
        static const enum act steps[STEPS_MAX] = { SILENT, SILENT, SILENT };
        const struct ask_server server = to("socket", 60000);
        struct server s = server_start(steps);
        struct wire_request req = question();
        struct wire_reply reply;

        (void) state;
        req.user[0] = '\0';
        unit_poison(&reply, sizeof(reply));
        assert_int_equal(ask_verdict(&server, &req, &reply), -EINVAL);
        unit_poisoned("no user", &reply, sizeof(reply));
        assert_int_equal(server_stop(&s).bytes, 0);
}

static void check_timeout(const char *row, const char *path, int64_t timeout_ms) {
        const struct ask_server server = to(path, timeout_ms);
        int64_t begin = ask_now_ms();
        struct wire_reply reply;

        unit_int(row, ask(row, &server, &reply), -ETIMEDOUT);
        unit_int(row, ask_now_ms() - begin >= timeout_ms, true);
}

static void test_a_silent_server_is_waited_for_and_not_asked_again(void **state) {
        static const enum act steps[STEPS_MAX] = { SILENT, SILENT, SILENT };
        struct server s = server_start(steps);

        (void) state;
        check_timeout("silent", "socket", 80);
        assert_int_equal(server_stop(&s).connections, 1);
}

static void test_both_attempts_share_the_time(void **state) {
        static const enum act steps[STEPS_MAX] = { CLOSE, SILENT, SILENT };
        const struct ask_server server = to("socket", 60000);
        struct server s = server_start(steps);
        struct wire_reply reply;
        struct attempts seen;
        int r;

        (void) state;
        two.on = true;
        r = ask("closes, then silent", &server, &reply);
        seen = two;
        two = (struct attempts){};
        assert_int_equal(r, -ETIMEDOUT);
        assert_int_equal(seen.n, 2);
        assert_in_range(seen.waited_ms, 0, 60000 - FIRST_MS);
        assert_int_equal(server_stop(&s).connections, 2);
}

static void test_no_time_is_no_answer(void **state) {
        static const enum act steps[STEPS_MAX] = { ANSWER, ANSWER, ANSWER };
        struct server s = server_start(steps);

        (void) state;
        check_timeout("no time", "socket", 0);
        check_timeout("less", "socket", -1000);
        (void) server_stop(&s);
}

/* Connects until there is no place any more; returns how many did. */
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
        int fd = listen_at("full", SOCK_SEQPACKET, 0), others[16];
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

        if (in_dir(state) < 0)
                return -1;
        alarms = 0;
        return sigaction(SIGALRM, &sa, NULL) < 0 ? -1 : setitimer(ITIMER_REAL, &every, NULL);
}

/* What the test does besides asking does not expect to be interrupted. */
static void timer_off(void) {
        struct itimerval never = {};

        go_on = -1;
        (void) setitimer(ITIMER_REAL, &never, NULL);
}

static int timer_stop(void **state) {
        timer_off();
        return out_of_dir(state);
}

static void test_signals_do_not_shorten_the_wait(void **state) {
        static const enum act steps[STEPS_MAX] = { SILENT, SILENT, SILENT };
        struct server s = server_start(steps);

        (void) state;
        check_timeout("silent", "socket", 80);
        timer_off();
        assert_in_range(alarms, 1, 100000);
        assert_int_equal(server_stop(&s).connections, 1);
}

static void test_signals_do_not_lose_the_answer(void **state) {
        static const enum act steps[STEPS_MAX] = { ANSWER_LATE, ANSWER, ANSWER };
        const struct ask_server server = to("socket", 60000);
        struct server s = server_start(steps);
        struct wire_reply reply;

        (void) state;
        go_on = s.control;
        /* the fifth from now on makes the server answer */
        alarms = 0;
        assert_int_equal(ask("late", &server, &reply), 0);
        timer_off();
        assert_in_range(alarms, 5, 100000);
        assert_int_equal(server_stop(&s).connections, 1);
}

static void test_signals_do_not_shorten_the_wait_for_a_place(void **state) {
        int fd = listen_at("full", SOCK_SEQPACKET, 0), others[16];
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
        const struct ask_server server = to("full", 60000);
        int fd = listen_at("full", SOCK_SEQPACKET, 0), others[16], control[2];
        size_t n = fill_backlog("full", others, ARRAY_LEN(others));
        struct wire_reply reply;
        pid_t pid;

        (void) state;
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control), 0);
        pid = fork();
        assert_int_not_equal(pid, -1);
        if (pid == 0) {
                struct serving serving = { .listener = fd };
                uint32_t seq;
                char word;

                (void) !read(control[1], &word, 1);
                for (size_t i = 0; i < n; i++)
                        (void) !accept(fd, NULL, NULL);
                fd = accept(fd, NULL, NULL);
                if (take_request(&serving, fd, 0, &seq))
                        answer(fd, ANSWER, seq);
                _exit(0);
        }
        go_on = control[0];
        alarms = 0;
        assert_int_equal(ask("full at first", &server, &reply), 0);
        timer_off();
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        while (n > 0)
                (void) close(others[--n]);
        (void) close(fd);
        (void) close(control[0]);
        (void) close(control[1]);
}

static void test_no_signal_is_raised(void **state) {
        static const enum act closes[STEPS_MAX] = { CLOSE, CLOSE, CLOSE };
        struct sigaction sa = { .sa_handler = on_signal }, old;

        (void) state;
        pipes = 0;
        assert_int_equal(sigaction(SIGPIPE, &sa, &old), 0);
        send_too_late = true;
        check("gone before it can be asked", closes, -ECONNRESET, 2);
        send_too_late = false;
        assert_int_equal(sigaction(SIGPIPE, &old, NULL), 0);
        assert_int_equal(pipes, 0);
}

/* --- Descriptors --- */

/* Where select(2) would write past its set. */
static void test_descriptors_above_1024_are_served(void **state) {
        static const enum act steps[STEPS_MAX] = { ANSWER, ANSWER, ANSWER };
        const struct ask_server server = to("socket", 60000);
        struct server s = server_start(steps);
        struct wire_reply reply;
        int first = -1, last = -1;

        (void) state;
        while (last < 1100) {
                last = open("/dev/null", O_RDONLY | O_CLOEXEC);
                assert_int_not_equal(last, -1);
                if (first < 0)
                        first = last;
        }
        assert_int_equal(ask("high descriptors", &server, &reply), 0);
        for (int fd = first; fd <= last; fd++)
                if (fd != s.control)
                        (void) close(fd);
        assert_int_equal(server_stop(&s).connections, 1);
}

static void test_no_descriptor_left_is_an_error(void **state) {
        struct ask_server server = to("socket", 60000);
        struct rlimit limit, none;
        struct wire_request req = question();
        struct wire_reply reply;
        int r;

        (void) state;
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
        none = limit;
        none.rlim_cur = 3;
        unit_poison(&reply, sizeof(reply));
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
        r = ask_verdict(&server, &req, &reply);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        assert_int_equal(r, -EMFILE);
        unit_poisoned("none left", &reply, sizeof(reply));
}

static void test_the_clock_does_not_go_back(void **state) {
        int64_t last = ask_now_ms();

        (void) state;
        for (unsigned i = 0; i < 10000; i++) {
                int64_t now = ask_now_ms();

                assert_int_equal(now >= last, true);
                last = now;
        }
}

static bool can_have_descriptors(unsigned n) {
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return false;
        if (limit.rlim_cur < n && limit.rlim_max >= n) {
                limit.rlim_cur = n;
                (void) setrlimit(RLIMIT_NOFILE, &limit);
        }
        return limit.rlim_cur >= n;
}

#define test_in_dir(f)     cmocka_unit_test_setup_teardown(f, in_dir, out_of_dir)
#define test_with_timer(f) cmocka_unit_test_setup_teardown(f, timer_start, timer_stop)

int main(void) {
        const struct CMUnitTest tests[] = {
                test_in_dir(test_nobody_there_is_said_at_once),
                test_in_dir(test_a_socket_of_another_kind_is_refused),
                test_in_dir(test_a_path_that_does_not_fit_is_refused),
                test_in_dir(test_an_answer_is_believed_only_when_it_is_whole_and_ours),
                test_in_dir(test_a_connection_that_ends_is_tried_once_more),
                test_in_dir(test_the_first_answer_counts),
                test_in_dir(test_the_request_arrives_whole),
                test_in_dir(test_a_server_of_another_uid_gets_no_byte),
                test_in_dir(test_a_bad_request_is_not_sent),
                test_in_dir(test_a_silent_server_is_waited_for_and_not_asked_again),
                test_in_dir(test_both_attempts_share_the_time),
                test_in_dir(test_no_time_is_no_answer),
                test_in_dir(test_a_full_backlog_is_waited_for),
                test_with_timer(test_signals_do_not_shorten_the_wait),
                test_with_timer(test_signals_do_not_lose_the_answer),
                test_with_timer(test_signals_do_not_shorten_the_wait_for_a_place),
                test_with_timer(test_a_place_that_becomes_free_is_taken),
                test_in_dir(test_no_signal_is_raised),
                unit_test_if(
                        can_have_descriptors(1200),
                        (struct CMUnitTest) test_in_dir(test_descriptors_above_1024_are_served),
                        "fewer than 1200 descriptors"),
                test_in_dir(test_no_descriptor_left_is_an_error),
                cmocka_unit_test(test_the_clock_does_not_go_back),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Servers for the tests of ask.c. Each is a process of its own that follows a script, one step for
 * each connection, and reports what came. The socket listens before the first question is put. */
#pragma once

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "unit.h"

#include "ask.h"

#define SEQ       0x12345678U
#define STEPS_MAX 3
#define KEPT_MAX  8

enum unit_ask_act {
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

struct unit_ask_report {
        unsigned connections;
        unsigned requests; /* that could be read */
        size_t bytes;
};

struct unit_ask_server {
        pid_t pid;
        int control; /* 'g': go on; 's': stop and report */
};

/* --- The server's process: no assertions here, what goes wrong shows in the report --- */

struct unit_ask_serving {
        int control, listener;
        const enum unit_ask_act *steps; /* the last one for all that follow */
        size_t n_kept;
        int kept[KEPT_MAX];
        int late; /* waits for its answer, or -1 */
        uint32_t late_seq;
        bool go_on;
        struct unit_ask_report report;
};

static inline bool unit_ask_take_request(struct unit_ask_serving *s, int fd, int flags,
                                         uint32_t *ret_seq) {
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

static inline void unit_ask_answer(int fd, enum unit_ask_act act, uint32_t seq) {
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

static inline void unit_ask_serve_one(struct unit_ask_serving *s, int fd) {
        enum unit_ask_act act =
                s->steps[s->report.connections < STEPS_MAX ? s->report.connections : STEPS_MAX - 1];
        uint32_t seq = 0;

        s->report.connections++;
        if (act == CLOSE) {
                (void) close(fd);
        } else if (act == SILENT) {
                if (s->n_kept < KEPT_MAX)
                        s->kept[s->n_kept++] = fd;
        } else if (act == ANSWER_LATE) {
                (void) unit_ask_take_request(s, fd, 0, &s->late_seq);
                s->late = fd;
        } else {
                if (unit_ask_take_request(s, fd, 0, &seq) && act != READ_AND_CLOSE)
                        unit_ask_answer(fd, act, seq);
                (void) close(fd);
        }
}

static inline void unit_ask_report_and_end(struct unit_ask_serving *s) {
        uint32_t seq;
        int fd;

        /* A connection that was not accepted yet counts as well. */
        (void) fcntl(s->listener, F_SETFL, O_NONBLOCK);
        while ((fd = accept(s->listener, NULL, NULL)) >= 0) {
                s->report.connections++;
                (void) unit_ask_take_request(s, fd, MSG_DONTWAIT, &seq);
                (void) close(fd);
        }
        for (size_t i = 0; i < s->n_kept; i++)
                (void) unit_ask_take_request(s, s->kept[i], MSG_DONTWAIT, &seq);
        (void) !write(s->control, &s->report, sizeof(s->report));
        _exit(0);
}

static inline void unit_ask_serve(struct unit_ask_serving *s) {
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
                                unit_ask_report_and_end(s);
                        s->go_on = true;
                } else
                        unit_ask_serve_one(s, accept(s->listener, NULL, NULL));
                if (s->go_on && s->late >= 0) {
                        unit_ask_answer(s->late, ANSWER, s->late_seq);
                        s->late = -1;
                }
        }
}

/* --- The test's process --- */

static inline int unit_ask_listen_at(const char *path, int type, int backlog) {
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

        assert_int_not_equal(fd, -1);
        (void) snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
        assert_int_equal(bind(fd, (struct sockaddr *) &sa, sizeof(sa)), 0);
        if (backlog >= 0)
                assert_int_equal(listen(fd, backlog), 0);
        return fd;
}

static inline struct unit_ask_server unit_ask_start(
        const enum unit_ask_act steps[static STEPS_MAX]) {
        int listener = unit_ask_listen_at("socket", SOCK_SEQPACKET, 16), control[2];
        struct unit_ask_server server = {};

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control), 0);
        server.pid = fork();
        assert_int_not_equal(server.pid, -1);
        if (server.pid == 0) {
                struct unit_ask_serving serving = {
                        .control = control[1], .listener = listener, .steps = steps, .late = -1
                };

                (void) close(control[0]);
                unit_ask_serve(&serving);
        }
        (void) close(listener);
        (void) close(control[1]);
        server.control = control[0];
        return server;
}

static inline struct unit_ask_report unit_ask_stop(struct unit_ask_server *server) {
        struct unit_ask_report report = {};
        int status;

        assert_int_equal(write(server->control, "s", 1), 1);
        assert_int_equal(read(server->control, &report, sizeof(report)), sizeof(report));
        assert_int_equal(waitpid(server->pid, &status, 0), server->pid);
        assert_int_equal(status, 0);
        (void) close(server->control);
        assert_int_equal(unlink("socket"), 0);
        return report;
}

static inline struct wire_request unit_ask_question(void) {
        struct wire_request req = {
                .kind = WIRE_VERIFY, .seq = SEQ, .user = "alice", .service = "sshd"
        };

        keytext_format(req.key.text, "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop");
        return req;
}

static inline struct ask_server unit_ask_to(const char *path, int64_t timeout_ms) {
        return (struct ask_server){ .path = path, .uid = geteuid(), .timeout_ms = timeout_ms };
}

/* Puts the question. Whatever the result, no descriptor is left, and a failure touches nothing. */
static inline int unit_ask_put(const char *row, const struct ask_server *server,
                               struct wire_reply *ret) {
        struct wire_request req = unit_ask_question();
        int fds = unit_count_fds(), r;

        unit_poison(ret, sizeof(*ret));
        r = ask_verdict(server, &req, ret);
        unit_int(row, unit_count_fds(), fds);
        if (r < 0)
                unit_poisoned(row, ret, sizeof(*ret));
        return r;
}

static inline void unit_ask_check(const char *row, const enum unit_ask_act steps[static STEPS_MAX],
                                  int r, unsigned connections) {
        const struct ask_server server = unit_ask_to("socket", 60000);
        struct wire_reply reply;
        struct unit_ask_server s = unit_ask_start(steps);
        struct unit_ask_report report;
        int got = unit_ask_put(row, &server, &reply);

        report = unit_ask_stop(&s);
        unit_int(row, got, r);
        unit_int(row, report.connections, connections);
        if (got >= 0)
                unit_int(row, reply.seq, SEQ);
}

static inline int unit_ask_in_dir(void **state) {
        return unit_dir_make(state) < 0 || chdir(*state) < 0 ? -1 : 0;
}

static inline int unit_ask_out_of_dir(void **state) {
        return chdir("/") < 0 ? -1 : unit_dir_remove(state);
}

#define unit_test_with_ask(f)                                                                      \
        cmocka_unit_test_setup_teardown(f, unit_ask_in_dir, unit_ask_out_of_dir)

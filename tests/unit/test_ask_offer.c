/* SPDX-License-Identifier: BSD-2-Clause */
/* Offers: a connection stays open for a challenge and for nothing else. On it there is one more
 * question, without a second try. The servers are processes that follow a script. */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "unit.h"

#include "ask.h"

/* A server's script, a letter for each message: C a challenge, A an allow, D a deny, S another seq,
 * G garbage, L a message that is too long, x hang up, "." silence until the client has gone, "/"
 * the next connection. */

static void answer(int fd, char act, const uint8_t *in) {
        struct wire_reply reply = { .seq = wire_request_seq(in, 12), .verdict = VERDICT_ALLOW };
        uint8_t out[WIRE_REPLY_LEN + 1] = {};
        size_t len = WIRE_REPLY_LEN;

        if (act == 'C' || act == 'S')
                reply.verdict = VERDICT_CHALLENGE;
        else if (act == 'D')
                reply.verdict = VERDICT_DENY;
        else
                memcpy(reply.id, "0123456789", sizeof(reply.id));
        if (act == 'S')
                reply.seq++;
        memset(reply.challenge, 0xee, sizeof(reply.challenge));
        wire_reply_encode(out, &reply);
        if (act == 'G')
                memset(out, 0x5a, sizeof(out));
        if (act == 'L')
                len++;
        (void) !send(fd, out, len, MSG_NOSIGNAL);
}

static void serve_one(int fd, const char *script) {
        uint8_t in[WIRE_REQUEST_MAX + 1];

        for (; *script && *script != '/'; script++) {
                if (recv(fd, in, sizeof(in), 0) <= 0)
                        return;
                if (*script == 'x')
                        return;
                if (*script != '.')
                        answer(fd, *script, in);
        }
        while (recv(fd, in, sizeof(in), 0) > 0)
                continue;
}

/* Its exit status is the number of connections. */
static pid_t start(const char *path, const char *script) {
        int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), n = 0;
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        pid_t pid;

        (void) snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
        (void) unlink(path);
        assert_int_equal(bind(listener, (struct sockaddr *) &sa, sizeof(sa)), 0);
        assert_int_equal(listen(listener, 8), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid > 0) {
                assert_int_equal(close(listener), 0);
                return pid;
        }
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) {
                int fd = accept(listener, NULL, NULL);

                n++;
                serve_one(fd, script);
                (void) close(fd);
                script = strchr(script, '/');
                if (!script)
                        _exit(n);
                script++;
        }
}

static int stop(pid_t pid) {
        int status = 0;

        assert_int_equal(waitpid(pid, &status, 0), pid);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static struct wire_request question(enum wire_kind kind) {
        struct wire_request req = { .kind = kind, .seq = 0x12345678, .user = "alice" };

        keytext_format(req.key.text, "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop");
        return req;
}

static void test_how_an_offer_ends(void **state) {
        static const struct {
                const char *script;
                int r;
                enum verdict verdict;
                bool open;
                int connections;
        } rows[] = {
                { .script = "C", .verdict = VERDICT_CHALLENGE, .open = true, .connections = 1 },
                { .script = "A", .verdict = VERDICT_ALLOW, .connections = 1 },
                { .script = "D", .verdict = VERDICT_DENY, .connections = 1 },
                { .script = "x/C", .verdict = VERDICT_CHALLENGE, .open = true, .connections = 2 },
                { .script = "x/D", .verdict = VERDICT_DENY, .connections = 2 },
                { .script = "x/x", .r = -ECONNRESET, .connections = 2 },
                { .script = "S", .r = -EBADMSG, .connections = 1 },
                { .script = "G", .r = -EBADMSG, .connections = 1 },
                { .script = "L", .r = -EBADMSG, .connections = 1 },
        };
        char path[UNIT_PATH_LEN];

        unit_join(path, *state, "s");
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                pid_t pid = start(path, rows[i].script);
                const struct ask_server server = { path, geteuid(), 60000 };
                struct wire_request req = question(WIRE_OFFER);
                struct wire_reply reply;
                int fd, fds = unit_count_fds();

                unit_poison(&reply, sizeof(reply));
                unit_poison(&fd, sizeof(fd));
                unit_int(rows[i].script, ask_offer(&server, &req, &reply, &fd), rows[i].r);
                if (rows[i].r < 0) {
                        unit_poisoned(rows[i].script, &reply, sizeof(reply));
                        unit_poisoned(rows[i].script, &fd, sizeof(fd));
                } else {
                        unit_int(rows[i].script, reply.verdict, rows[i].verdict);
                        unit_int(rows[i].script, fd >= 0, rows[i].open);
                        if (fd < 0)
                                unit_int(rows[i].script, fd, -1);
                }
                unit_int(rows[i].script, unit_count_fds(), fds + rows[i].open);
                if (rows[i].open) {
                        unit_int(rows[i].script, fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
                        assert_int_equal(close(fd), 0);
                }
                unit_int(rows[i].script, stop(pid), rows[i].connections);
        }
}

/* A client that has not offered keeps no connection, whatever the answer. */
static void test_a_question_keeps_nothing(void **state) {
        char path[UNIT_PATH_LEN];
        pid_t pid = start(unit_join(path, *state, "s"), "C");
        const struct ask_server server = { path, geteuid(), 60000 };
        struct wire_request req = question(WIRE_VERIFY);
        int fds = unit_count_fds();
        struct wire_reply reply;

        assert_int_equal(ask_verdict(&server, &req, &reply), 0);
        assert_int_equal(reply.verdict, VERDICT_CHALLENGE);
        assert_int_equal(unit_count_fds(), fds);
        assert_int_equal(stop(pid), 1);
}

static void test_how_the_second_question_ends(void **state) {
        static const struct {
                const char *script;
                int r;
                enum verdict verdict;
        } rows[] = {
                { "CA", 0, VERDICT_ALLOW },     { "CD", 0, VERDICT_DENY },
                { "CC", 0, VERDICT_CHALLENGE }, /* nothing to the caller */
                { "Cx", -ECONNRESET, 0 },       { "CS", -EBADMSG, 0 },
                { "CG", -EBADMSG, 0 },          { "C.", -ETIMEDOUT, 0 },
        };
        char path[UNIT_PATH_LEN];

        unit_join(path, *state, "s");
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                pid_t pid = start(path, rows[i].script);
                struct ask_server server = { path, geteuid(), 60000 };
                struct wire_request req = question(WIRE_OFFER);
                struct wire_reply reply;
                int fd = -1, fds;

                unit_int(rows[i].script, ask_offer(&server, &req, &reply, &fd), 0);
                fds = unit_count_fds();
                req.kind = WIRE_VERIFY;
                if (rows[i].r == -ETIMEDOUT)
                        server.timeout_ms = 20;
                unit_poison(&reply, sizeof(reply));
                unit_int(rows[i].script, ask_again(&server, fd, &req, &reply), rows[i].r);
                if (rows[i].r < 0)
                        unit_poisoned(rows[i].script, &reply, sizeof(reply));
                else
                        unit_int(rows[i].script, reply.verdict, rows[i].verdict);
                unit_int(rows[i].script, unit_count_fds(), fds); /* still the caller's */
                assert_int_equal(close(fd), 0);
                unit_int(rows[i].script, stop(pid), 1); /* there was no second try */
        }
}

/* The longest request that there is arrives whole. */
static void test_the_longest_request_is_sent(void **state) {
        static uint8_t certificate[WIRE_CERTIFICATE_MAX], signature[WIRE_SIGNATURE_MAX];
        char path[UNIT_PATH_LEN];
        pid_t pid = start(unit_join(path, *state, "s"), "CA");
        const struct ask_server server = { path, geteuid(), 60000 };
        struct wire_request req = question(WIRE_OFFER);
        struct wire_reply reply;
        int fd = -1;

        assert_int_equal(ask_offer(&server, &req, &reply, &fd), 0);
        req.kind = WIRE_VERIFY;
        req.evidence = WIRE_SIGNED;
        req.certificate = certificate;
        req.certificate_len = sizeof(certificate);
        req.signature = signature;
        req.signature_len = sizeof(signature);
        assert_int_equal(ask_again(&server, fd, &req, &reply), 0);
        assert_int_equal(reply.verdict, VERDICT_ALLOW);
        /* Bytes that are no request are not sent. */
        req.signature_len = 0;
        assert_int_equal(ask_again(&server, fd, &req, &reply), -EINVAL);
        assert_int_equal(close(fd), 0);
        assert_int_equal(stop(pid), 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_in_dir(test_how_an_offer_ends),
                unit_test_in_dir(test_a_question_keeps_nothing),
                unit_test_in_dir(test_how_the_second_question_ends),
                unit_test_in_dir(test_the_longest_request_is_sent),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

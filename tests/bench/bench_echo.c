/* SPDX-License-Identifier: BSD-2-Clause */
/* The echo server: an epoll loop like the daemon's, with a fixed answer. It must not parse a
 * request. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench_echo.h"
#include "cleanup.h"
#include "wire.h"

static int listen_at(const char *path) {
        _cleanup_close_ int fd = -1;
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        size_t len = strlen(path);

        if (len >= sizeof(sa.sun_path))
                return -ENAMETOOLONG;
        memcpy(sa.sun_path, path, len + 1);
        (void) unlink(path);
        fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0 || bind(fd, (struct sockaddr *) &sa, sizeof(sa)) < 0 ||
            listen(fd, SOMAXCONN) < 0)
                return -errno;
        return take_fd(&fd);
}

/* Returns whether the connection can be closed. */
static bool answer(int fd) {
        struct wire_reply reply = { .verdict = VERDICT_ALLOW, .id = "0123456789", .name = "echo" };
        uint8_t in[WIRE_REQUEST_LEN + 1], out[WIRE_REPLY_LEN];
        ssize_t n;

        n = recv(fd, in, sizeof(in), MSG_DONTWAIT | MSG_TRUNC);
        if (n < 0 && errno == EAGAIN)
                return false;
        if (n > 0) {
                reply.seq = wire_request_seq(in, (size_t) n);
                wire_reply_encode(out, &reply);
                (void) !send(fd, out, sizeof(out), MSG_DONTWAIT | MSG_NOSIGNAL);
        }
        return true;
}

static void accept_all(int epoll, int listener, bool at_once) {
        for (;;) {
                struct epoll_event event = { .events = EPOLLIN };
                struct ucred peer;
                socklen_t len = sizeof(peer);
                int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

                if (fd < 0)
                        return;
                event.data.fd = fd;
                if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0 ||
                    (at_once && answer(fd)) || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
                        (void) close(fd);
        }
}

static void serve(int listener, bool at_once) {
        struct epoll_event events[64], event = { .events = EPOLLIN, .data.fd = listener };
        int epoll = epoll_create1(EPOLL_CLOEXEC);

        if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) < 0)
                return;
        for (;;) {
                int n = epoll_wait(epoll, events, ARRAY_LEN(events), -1);

                for (int i = 0; i < n; i++) {
                        int fd = events[i].data.fd;

                        if (fd == listener)
                                accept_all(epoll, listener, at_once);
                        else if (answer(fd))
                                (void) close(fd);
                }
        }
}

int bench_echo_start(const char *path, bool at_once, pid_t *ret) {
        _cleanup_close_ int listener = listen_at(path);
        pid_t parent = getpid(), pid;

        if (listener < 0)
                return listener;
        pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0) {
                if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent)
                        serve(listener, at_once);
                _exit(1);
        }
        *ret = pid;
        return 0;
}

void bench_echo_stop(pid_t pid) {
        if (pid <= 0)
                return;
        (void) kill(pid, SIGKILL);
        (void) waitpid(pid, NULL, 0);
}

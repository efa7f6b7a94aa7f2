/* SPDX-License-Identifier: BSD-2-Clause */
/* One question to the daemon over a SOCK_SEQPACKET socket, within one deadline. It must not know
 * PAM, must not log, and must not keep anything between two calls. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>

#include "ask.h"
#include "cleanup.h"

int64_t ask_now_ms(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts); /* cannot fail for this clock */
        return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* The daemon's backlog is full. This blocks under SO_SNDTIMEO until there is a place. A
 * non-blocking connect(2) would fail with EAGAIN at once, and a burst of logins would be
 * refused. */
static int connect_patiently(int fd, const struct sockaddr_un *sa, socklen_t len,
                             int64_t deadline) {
        if (fcntl(fd, F_SETFL, 0) < 0)
                return -errno;
        for (;;) {
                int64_t left = deadline - ask_now_ms();
                struct timeval tv = { .tv_sec = left / 1000, .tv_usec = left % 1000 * 1000 };

                if (left <= 0)
                        return -ETIMEDOUT;
                if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) < 0)
                        return -errno;
                if (connect(fd, (const struct sockaddr *) sa, len) == 0)
                        break;
                if (errno != EINTR)
                        return errno == EAGAIN ? -ETIMEDOUT : -errno;
        }
        return fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
}

static int ask_connect(const struct ask_server *server, int64_t deadline) {
        _cleanup_close_ int fd = -1;
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        struct ucred peer = {};
        socklen_t peer_len = sizeof(peer);
        size_t len = strlen(server->path);
        int r = 0;

        /* An empty path would be an abstract name, which any process may bind. */
        if (len == 0)
                return -EINVAL;
        if (len >= sizeof(sa.sun_path))
                return -ENAMETOOLONG;
        memcpy(sa.sun_path, server->path, len + 1);

        fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        if (connect(fd, (struct sockaddr *) &sa, sizeof(sa)) < 0)
                r = errno == EAGAIN || errno == EINTR
                            ? connect_patiently(fd, &sa, sizeof(sa), deadline)
                            : -errno;
        if (r < 0)
                return r;
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_len) < 0)
                return -errno;
        if (peer_len != sizeof(peer) || peer.uid != server->uid)
                return -EPERM;
        return take_fd(&fd);
}

static int wait_for(int fd, short events, int64_t deadline) {
        for (;;) {
                struct pollfd pfd = { .fd = fd, .events = events };
                int64_t left = deadline - ask_now_ms();
                int r;

                if (left <= 0)
                        return -ETIMEDOUT;
                r = poll(&pfd, 1, (int) left);
                if (r > 0)
                        return 0;
                if (r == 0)
                        return -ETIMEDOUT;
                if (errno != EINTR && errno != EAGAIN)
                        return -errno;
        }
}

static int ask_send(int fd, const uint8_t *out, size_t len, int64_t deadline) {
        for (;;) {
                ssize_t n = send(fd, out, len, MSG_NOSIGNAL | MSG_DONTWAIT);
                int r;

                if (n >= 0)
                        return (size_t) n == len ? 0 : -EBADMSG;
                if (errno == EINTR)
                        continue;
                if (errno != EAGAIN)
                        return errno == EPIPE ? -ECONNRESET : -errno;
                r = wait_for(fd, POLLOUT, deadline);
                if (r < 0)
                        return r;
        }
}

static int ask_receive(int fd, uint32_t seq, int64_t deadline, struct wire_reply *ret) {
        uint8_t in[WIRE_REPLY_LEN + 1];
        struct wire_reply reply;
        ssize_t n;
        int r;

        do {
                r = wait_for(fd, POLLIN, deadline);
                if (r < 0)
                        return r;
                /* With MSG_TRUNC recv() returns the true length, so a message that is too long is
                 * noticed. */
                n = recv(fd, in, sizeof(in), MSG_TRUNC | MSG_DONTWAIT);
        } while (n < 0 && (errno == EINTR || errno == EAGAIN));
        if (n < 0)
                return -errno;
        if (n == 0)
                return -ECONNRESET;

        r = wire_reply_decode(in, (size_t) n, &reply);
        explicit_bzero(in, sizeof(in));
        if (r < 0)
                return r;
        if (reply.seq != seq)
                return -EBADMSG;
        *ret = reply;
        return 0;
}

static int ask_on(int fd, const struct wire_request *req, int64_t deadline,
                  struct wire_reply *ret) {
        _uncleared_ uint8_t out[WIRE_REQUEST_MAX];
        size_t len = wire_request_len(req);
        int r;

        r = wire_request_encode(out, req);
        if (r >= 0)
                r = ask_send(fd, out, len, deadline);
        explicit_bzero(out, WIRE_REQUEST_LEN);
        return r < 0 ? r : ask_receive(fd, req->seq, deadline, ret);
}

/* ${ret_fd} is NULL, or gets the connection with a challenge, which stays open. */
static int ask_once(const struct ask_server *server, const struct wire_request *req,
                    int64_t deadline, struct wire_reply *ret, int *ret_fd) {
        _cleanup_close_ int fd = -1;
        int r;

        fd = ask_connect(server, deadline);
        if (fd < 0)
                return fd;
        r = ask_on(fd, req, deadline, ret);
        if (r >= 0 && ret_fd)
                *ret_fd = ret->verdict == VERDICT_CHALLENGE ? take_fd(&fd) : -1;
        return r;
}

static int ask(const struct ask_server *server, const struct wire_request *req,
               struct wire_reply *ret, int *ret_fd) {
        int64_t deadline = ask_now_ms() + server->timeout_ms;
        int r;

        r = ask_once(server, req, deadline, ret, ret_fd);
        if (r == -ECONNRESET)
                r = ask_once(server, req, deadline, ret, ret_fd);
        return r;
}

int ask_verdict(const struct ask_server *server, const struct wire_request *req,
                struct wire_reply *ret) {
        return ask(server, req, ret, NULL);
}

int ask_offer(const struct ask_server *server, const struct wire_request *req,
              struct wire_reply *ret, int *ret_fd) {
        return ask(server, req, ret, ret_fd);
}

int ask_again(const struct ask_server *server, int fd, const struct wire_request *req,
              struct wire_reply *ret) {
        return ask_on(fd, req, ask_now_ms() + server->timeout_ms, ret);
}

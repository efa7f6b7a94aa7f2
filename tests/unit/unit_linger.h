/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptors that an attacker passes: a TCP socket whose close takes an hour, and a witness of its
 * end. */
#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "unit.h"

#define UNIT_LINGER_S 3600

/* A TCP connection in this process that nobody reads. */
struct unit_linger {
        int writer, reader;
        int witness[2]; /* a pipe */
};

/* Returns false where there is no loopback interface. */
static inline bool unit_linger_make(struct unit_linger *ret) {
        struct sockaddr_in sa = { .sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        const struct linger linger = { .l_onoff = 1, .l_linger = UNIT_LINGER_S };
        socklen_t len = sizeof(sa);
        char bytes[65536] = {};
        int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        ret->writer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (listener < 0 || ret->writer < 0 || bind(listener, (struct sockaddr *) &sa, len) < 0 ||
            listen(listener, 1) < 0 || getsockname(listener, (struct sockaddr *) &sa, &len) < 0 ||
            connect(ret->writer, (struct sockaddr *) &sa, len) < 0) {
                (void) close(listener);
                (void) close(ret->writer);
                return false;
        }
        ret->reader = accept(listener, NULL, NULL);
        (void) close(listener);
        assert_int_not_equal(ret->reader, -1);
        while (send(ret->writer, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
                continue;
        assert_int_equal(setsockopt(ret->writer, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)),
                         0);
        assert_int_equal(pipe2(ret->witness, O_CLOEXEC), 0);
        return true;
}

/* Passes the connection and the witness with a message, and keeps no copy. */
static inline void unit_linger_pass(int fd, const void *bytes, size_t len, int flags,
                                    struct unit_linger *linger) {
        int passed[] = { linger->writer, linger->witness[1] };
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(sizeof(passed))];
        } control = { .header = { .cmsg_len = CMSG_LEN(sizeof(passed)),
                                  .cmsg_level = SOL_SOCKET,
                                  .cmsg_type = SCM_RIGHTS } };
        struct iovec iov = { .iov_base = (void *) (uintptr_t) bytes, .iov_len = len };
        const struct msghdr message = { .msg_iov = &iov,
                                        .msg_iovlen = 1,
                                        .msg_control = &control,
                                        .msg_controllen = sizeof(control) };

        memcpy(CMSG_DATA(&control.header), passed, sizeof(passed));
        assert_int_equal(sendmsg(fd, &message, MSG_NOSIGNAL | flags), len);
        (void) close(linger->writer);
        (void) close(linger->witness[1]);
}

static inline bool unit_linger_is_closed(const struct unit_linger *l) {
        struct pollfd end = { .fd = l->witness[0] };

        return poll(&end, 1, 0) == 1 && (end.revents & POLLHUP) != 0;
}

static inline void unit_linger_done(const struct unit_linger *l) {
        (void) close(l->reader);
        (void) close(l->witness[0]);
}

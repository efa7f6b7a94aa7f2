/* SPDX-License-Identifier: BSD-2-Clause */
/* What a hostile peer sends over a socket. */
#pragma once

#include <sys/socket.h>

#include "unit.h"

/* Sends bytes, and with them a descriptor. Returns how many bytes went, or a negative errno. */
static inline ssize_t unit_send_descriptor(int fd, const void *bytes, size_t len) {
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(sizeof(int))];
        } control = { .header = { .cmsg_len = CMSG_LEN(sizeof(int)),
                                  .cmsg_level = SOL_SOCKET,
                                  .cmsg_type = SCM_RIGHTS } };
        struct iovec iov = { .iov_base = (void *) (uintptr_t) bytes, .iov_len = len };
        const struct msghdr message = { .msg_iov = &iov,
                                        .msg_iovlen = 1,
                                        .msg_control = &control,
                                        .msg_controllen = sizeof(control) };
        ssize_t n;

        memcpy(CMSG_DATA(&control.header), &(int){ STDIN_FILENO }, sizeof(int));
        n = sendmsg(fd, &message, MSG_NOSIGNAL);
        return n < 0 ? -errno : n;
}

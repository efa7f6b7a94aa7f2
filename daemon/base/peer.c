/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks the kernel who is at the other end of a Unix socket. It reads no byte that the peer
 * sends. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "base/peer.h"
#include "cleanup.h"

/* SO_PASSRIGHTS of <asm-generic/socket.h>. The headers of Debian 12 do not have it. */
#define PASSRIGHTS 83

void peer_refuse_descriptors(int fd) {
        (void) setsockopt(fd, SOL_SOCKET, PASSRIGHTS, &(int){ 0 }, sizeof(int));
}

/* A control buffer is missing on purpose. With one the kernel would put descriptors into our table.
 * Without one it says MSG_CTRUNC where it has something for it. Out-of-band bytes can have
 * descriptors, too, and are dropped unseen unless they are inline. */
static ssize_t peek(int fd, void *out, size_t size, bool *ret_more) {
        struct iovec iov = { .iov_base = out, .iov_len = size };
        struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
        ssize_t n;

        (void) setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &(int){ 1 }, sizeof(int));
        n = recvmsg(fd, &message, MSG_DONTWAIT | MSG_PEEK | MSG_TRUNC);
        *ret_more = (message.msg_flags & MSG_CTRUNC) != 0;
        return n < 0 ? -errno : n;
}

bool peer_may_have_passed(int fd) {
        int value = 1;
        socklen_t len = sizeof(value);
        bool more;
        char byte;

        if (getsockopt(fd, SOL_SOCKET, PASSRIGHTS, &value, &len) == 0 && value == 0)
                return false;
        (void) shutdown(fd, SHUT_RD);
        /* An empty message looks like the end. With SO_PASSCRED a message has something for the
         * control buffer, and the end has not. A stream has no empty messages. */
        len = sizeof(value);
        if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &len) == 0 && value == SOCK_SEQPACKET)
                (void) setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &(int){ 1 }, sizeof(int));
        return peek(fd, &byte, 1, &more) != 0 || more;
}

ssize_t peer_peek(int fd, void *out, size_t size) {
        bool more;
        ssize_t n = peek(fd, out, size, &more);

        return n >= 0 && more ? -EBADMSG : n;
}

int peer_cred(int fd, struct ucred *ret) {
        struct ucred cred;
        socklen_t len = sizeof(cred);

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
                return -errno;
        if (len != sizeof(cred) || cred.uid == (uid_t) -1)
                return -EPROTO;
        *ret = cred;
        return 0;
}

int peer_read(int fd, struct peer *ret) {
        _cleanup_free_ gid_t *groups = NULL;
        struct peer peer = {};
        socklen_t len = 0;
        int r;

        r = peer_cred(fd, &peer.cred);
        if (r < 0)
                return r;
        /* The first call says how much room it needs. */
        if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &len) < 0 && errno != ERANGE)
                return -errno;
        if (len > 0) {
                groups = malloc(len);
                if (!groups)
                        return -ENOMEM;
                if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) < 0)
                        return -errno;
        }
        peer.n_groups = len / sizeof(gid_t);
        peer.groups = take_ptr(groups);
        *ret = peer;
        return 0;
}

void peer_done(struct peer *peer) {
        free(peer->groups);
        *peer = (struct peer){};
}

bool peer_has_group(const struct peer *peer, gid_t gid) {
        if (peer->cred.gid == gid)
                return true;
        for (size_t i = 0; i < peer->n_groups; i++)
                if (peer->groups[i] == gid)
                        return true;
        return false;
}

bool peer_is_gone(int fd) {
        struct pollfd poll_fd = { .fd = fd };

        return poll(&poll_fd, 1, 0) < 0 || (poll_fd.revents & (POLLHUP | POLLERR));
}

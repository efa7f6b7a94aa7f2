/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks the kernel who is at the other end of a Unix socket. It reads no byte that the peer
 * sends. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/peer.h"
#include "cleanup.h"
#include "parse.h"

/* SO_PASSRIGHTS of <asm-generic/socket.h>. The headers of Debian 12 do not have it. */
#define PASSRIGHTS 83
/* SO_PEERPIDFD, likewise */
#define PEERPIDFD 77

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

int peer_cred(int fd, struct peer_cred *ret) {
        struct ucred cred;
        socklen_t len = sizeof(cred);

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
                return -errno;
        if (len != sizeof(cred) || cred.uid == (uid_t) -1)
                return -EPROTO;
        *ret = (struct peer_cred){ .pid = cred.pid, .uid = cred.uid, .gid = cred.gid };
        return 0;
}

/* --- The login session of a process --- */

/* Whether the process with the peer's pid is the peer. The directory ${process} stands for one
 * process: when that is gone, nothing can be read in it. */
static bool is_peer(int fd, int process, const struct peer_cred *cred) {
        _cleanup_close_ int pidfd = -EBADF;
        struct pollfd poll_fd = { .events = POLLIN };
        socklen_t len = sizeof(pidfd);
        struct stat st;

        /* A process that has not ended keeps its pid, so the directory, which was opened before,
         * is its own. */
        if (getsockopt(fd, SOL_SOCKET, PEERPIDFD, &pidfd, &len) == 0) {
                poll_fd.fd = pidfd;
                return poll(&poll_fd, 1, 0) == 0;
        }
        return errno == ENOPROTOOPT && fstat(process, &st) == 0 && st.st_uid == cred->uid;
}

/* Opens the file of the peer's login uid. Read through this descriptor it is that of this process,
 * and of none once that has ended. -1: it cannot be had. */
static int open_login(int fd, const struct peer_cred *cred) {
        _cleanup_close_ int process = -EBADF;
        char path[32];

        /* A process of another pid namespace has the pid 0. */
        if (cred->pid <= 0)
                return -1;
        (void) snprintf(path, sizeof(path), "/proc/%d", cred->pid);
        process = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (process < 0 || !is_peer(fd, process, cred))
                return -1;
        return openat(process, "loginuid", O_RDONLY | O_CLOEXEC);
}

/* Returns false when the process has ended. */
static bool read_login(int file, struct peer_cred *cred) {
        char text[16];
        uint64_t uid;
        ssize_t n;

        n = pread(file, text, sizeof(text) - 1, 0);
        if (n <= 0)
                return false;
        text[n] = '\0';
        /* The largest number stands for none. */
        cred->has_login = parse_u64(text, 0, (uid_t) -2, &uid) >= 0;
        cred->login_uid = cred->has_login ? (uid_t) uid : 0;
        return true;
}

void peer_find_login(int fd, struct peer_cred *cred) {
        _cleanup_close_ int file = open_login(fd, cred);

        if (file >= 0)
                (void) read_login(file, cred);
}

void peer_find_login_again(struct peer_logins *known, int fd, struct peer_cred *cred) {
        struct peer_login *login = &known->logins[(unsigned) cred->pid % PEER_LOGINS];

        if (login->pid != 0 && login->pid == cred->pid && read_login(login->file, cred))
                return;
        if (login->pid != 0)
                (void) close(login->file);
        login->file = open_login(fd, cred);
        login->pid = login->file >= 0 ? cred->pid : 0;
        if (login->pid != 0)
                (void) read_login(login->file, cred);
}

void peer_logins_done(struct peer_logins *known) {
        for (size_t i = 0; i < PEER_LOGINS; i++)
                if (known->logins[i].pid != 0)
                        (void) close(known->logins[i].file);
        *known = (struct peer_logins){};
}

void peer_text(const struct peer_cred *cred, char out[static PEER_TEXT_LEN]) {
        if (cred->has_login)
                (void) snprintf(out, PEER_TEXT_LEN, "uid %u (login uid %u)", cred->uid,
                                cred->login_uid);
        else
                (void) snprintf(out, PEER_TEXT_LEN, "uid %u", cred->uid);
}

int peer_read(int fd, struct peer *ret) {
        _cleanup_free_ gid_t *groups = NULL;
        struct peer peer = {};
        socklen_t len = 0;
        int r;

        r = peer_cred(fd, &peer.cred);
        if (r < 0)
                return r;
        peer_find_login(fd, &peer.cred);
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

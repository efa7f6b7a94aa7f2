/* SPDX-License-Identifier: BSD-2-Clause */
/* Who is at the other end of a Unix socket, as the kernel noted it at connect(2). Nothing that a
 * peer says is believed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "attr.h"

/* A process, as the kernel noted it, and the login session that it is in. uid and gid are what
 * sudo(8) and su(1) change; the login uid stays that of the person who logged in. A process without
 * one can give itself any, so it is for the record, and decides nothing. */
struct peer_cred {
        pid_t pid;
        uid_t uid;
        gid_t gid;
        bool has_login;
        uid_t login_uid; /* 0 without a login */
};

/* "uid 4294967294 (login uid 4294967294)" and a final NUL */
#define PEER_TEXT_LEN 40

struct peer {
        struct peer_cred cred;
        size_t n_groups;
        gid_t *groups; /* supplementary; owned */
};

/**
 * peer_refuse_descriptors(fd):
 * Makes the kernel refuse descriptors that a peer passes (SO_PASSRIGHTS, Linux 6.16). On a
 * listening socket this holds for all connections that come from now on. On an older kernel nothing
 * happens. Then peer_peek() and closer_close() keep this process from closing such descriptors.
 */
void peer_refuse_descriptors(int fd);

/**
 * peer_may_have_passed(fd):
 * Ends the reading of the connection ${fd}. Returns whether descriptors that its peer passed may
 * wait in it: false is certain.
 */
bool peer_may_have_passed(int fd);

/**
 * peer_peek(fd, out, size):
 * Reads what waits in the connection ${fd}, of a message at most its first ${size} bytes, and
 * leaves it there. Returns its length, which can be more than ${size} for a message; 0 at the end;
 * -EBADMSG when descriptors come with it, which must not be received; a negative errno. The caller
 * may receive what it has seen.
 */
ssize_t peer_peek(int fd, void *out, size_t size) _must_check_;

/**
 * peer_cred(fd, ret): uid, gid and pid (SO_PEERCRED), and no login. 0, or a negative errno.
 */
int peer_cred(int fd, struct peer_cred *ret) _must_check_;

/**
 * peer_find_login(fd, cred): adds the login uid (/proc/PID/loginuid), if the process of ${cred}
 * has one and is still there. It is never that of another process with the same pid where the
 * kernel has SO_PEERPIDFD (Linux 6.5). On older kernels that process must have the same uid, too.
 */
void peer_find_login(int fd, struct peer_cred *cred);

/* The files of the login uids of processes that have connected before. Begins as zeroes. */
#define PEER_LOGINS 16
struct peer_logins {
        struct peer_login {
                pid_t pid; /* 0: none */
                int file;
        } logins[PEER_LOGINS];
};

/**
 * peer_find_login_again(known, fd, cred): the same, with less work for a process that ${known} has.
 * Only for connections in the order in which they came: then a process that had the peer's pid
 * before, and whose file can still be read, is the peer.
 * peer_logins_done(known): forgets them.
 */
void peer_find_login_again(struct peer_logins *known, int fd, struct peer_cred *cred);
void peer_logins_done(struct peer_logins *known);

/**
 * peer_text(cred, out): who that is, for people: "uid 0 (login uid 1000)".
 */
void peer_text(const struct peer_cred *cred, char out[static PEER_TEXT_LEN]);

/**
 * peer_read(fd, ret): all of this and the supplementary groups (SO_PEERGROUPS); peer_done() frees
 * them. 0, or a negative errno.
 */
int peer_read(int fd, struct peer *ret) _must_check_;
void peer_done(struct peer *peer);

/**
 * peer_has_group(peer, gid): whether ${gid} is the peer's group or one of its supplementary ones.
 */
bool peer_has_group(const struct peer *peer, gid_t gid);

/**
 * peer_is_gone(fd): whether the other end of the connection ${fd} has been closed.
 */
bool peer_is_gone(int fd);

/* SPDX-License-Identifier: BSD-2-Clause */
/* Who is at the other end of a Unix socket, as the kernel noted it at connect(2). Nothing that a
 * peer says is believed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "attr.h"

struct peer {
        struct ucred cred;
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
 * peer_cred(fd, ret): uid, gid and pid (SO_PEERCRED). 0, or a negative errno.
 */
int peer_cred(int fd, struct ucred *ret) _must_check_;

/**
 * peer_read(fd, ret): the same and the supplementary groups (SO_PEERGROUPS); peer_done() frees
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

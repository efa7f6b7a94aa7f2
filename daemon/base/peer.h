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
 * listening socket this holds for all connections from it. The process that drops the last
 * reference to a descriptor closes it, and a socket with SO_LINGER can make that take hours. On an
 * older kernel nothing happens.
 */
void peer_refuse_descriptors(int fd);

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

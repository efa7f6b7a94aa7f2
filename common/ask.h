/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks the daemon about a login. It knows sockets and the wire, and nothing of PAM. Each question
 * has a connection of its own. Nothing is kept, no signal is raised, and no descriptor outlives the
 * call unless the caller asked for one. A call ends within one deadline. */
#pragma once

#include <sys/types.h>

#include "wire.h"

struct ask_server {
        const char *path;
        /* the uid of the daemon; checked before a secret is sent */
        uid_t uid;
        int64_t timeout_ms; /* for the whole call */
};

/**
 * ask_now_ms(): milliseconds on CLOCK_MONOTONIC.
 */
int64_t ask_now_ms(void);

/**
 * ask_verdict(server, req, ret):
 * Sends ${req} to the daemon and waits for the reply, which must carry the seq of ${req}. A
 * connection that ends before its reply is tried once more: a daemon that restarts loses only these
 * connections.
 * Returns 0 with the daemon's reply in ${ret}; -ETIMEDOUT; -EPERM when the peer has another uid
 * than ${server}->uid; -EBADMSG when the reply is not well-formed; -ECONNRESET when there was none;
 * -ENAMETOOLONG; -EINVAL; any errno of socket(2) or connect(2). An error says nothing about the
 * key.
 */
int ask_verdict(const struct ask_server *server, const struct wire_request *req,
                struct wire_reply *ret) _must_check_;

/**
 * ask_offer(server, req, ret, ret_fd):
 * Does the same for a request that the daemon may answer with a challenge. After a challenge
 * ${ret_fd} is the open connection: the caller passes it to ask_again() or closes it. Otherwise
 * ${ret_fd} is -1.
 */
int ask_offer(const struct ask_server *server, const struct wire_request *req,
              struct wire_reply *ret, int *ret_fd) _must_check_;

/**
 * ask_again(server, fd, req, ret):
 * Sends ${req} to the daemon on a connection of ask_offer(), with a new deadline. Returns what
 * ask_verdict() returns. There is no second try, because a challenge is valid on its connection
 * only.
 */
int ask_again(const struct ask_server *server, int fd, const struct wire_request *req,
              struct wire_reply *ret) _must_check_;

/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks the daemon. Knows sockets and the wire; knows nothing of PAM. One question is one
 * connection: nothing is kept, no signal is raised, no descriptor outlives the call unless the
 * caller asked for one, and the whole of it ends within one deadline. */
#pragma once

#include <sys/types.h>

#include "wire.h"

struct ask_server {
        const char *path;
        /* who must be at the other end; checked before a secret is sent */
        uid_t uid;
        int64_t timeout_ms; /* for all of it, on CLOCK_MONOTONIC */
};

/**
 * ask_now_ms(): milliseconds on CLOCK_MONOTONIC.
 */
int64_t ask_now_ms(void);

/**
 * ask_verdict(server, req, ret):
 * Puts ${req} to the daemon; the reply must carry its seq. A connection that ends before its
 * reply is tried once more, because a daemon that is being restarted loses nothing but that.
 * Returns 0 with the daemon's reply in ${ret}; -ETIMEDOUT; -EPERM when the peer is another uid
 * than ${server}->uid; -EBADMSG when it answered nonsense; -ECONNRESET when it did not answer;
 * -ENAMETOOLONG; -EINVAL; any errno of socket(2) or connect(2). Whatever is not 0 says nothing
 * about the key.
 */
int ask_verdict(const struct ask_server *server, const struct wire_request *req,
                struct wire_reply *ret) _must_check_;

/**
 * ask_offer(server, req, ret, ret_fd):
 * The same for a request that may be answered with a challenge: then the connection is in
 * ${ret_fd}, for ask_again() or to be closed; else -1 is.
 */
int ask_offer(const struct ask_server *server, const struct wire_request *req,
              struct wire_reply *ret, int *ret_fd) _must_check_;

/**
 * ask_again(server, fd, req, ret): puts ${req} to the daemon on a connection of ask_offer(),
 * within a deadline of its own. As ask_verdict(), but there is no second try: a challenge is
 * good on its connection only.
 */
int ask_again(const struct ask_server *server, int fd, const struct wire_request *req,
              struct wire_reply *ret) _must_check_;

/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls that fail or succeed as they like, three times at most because of a signal or a lack
 * of room. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <time.h>

#include "proof.h"

static int fails(void) {
        static unsigned interruptions;

        errno = nondet_int();
        grant(errno > 0 && errno < 4096);
        if (errno == EINTR || errno == EAGAIN)
                grant(interruptions++ < 3);
        return -1;
}

int clock_gettime(clockid_t clock, struct timespec *ts) {
        static int64_t now;
        int64_t later = nondet_int64();

        prove(clock == CLOCK_MONOTONIC);
        grant(later >= now && later < 128); /* twice the longest timeout */
        now = later;
        /* Whole seconds: what is asked of the time is which of two is later. */
        ts->tv_sec = later;
        ts->tv_nsec = 0;
        return 0;
}

int poll(struct pollfd *fds, nfds_t n, int timeout) {
        (void) fds;
        prove(n == 1);
        prove(timeout > 0);
        if (nondet_bool())
                return fails();
        return nondet_bool() ? 1 : 0;
}

int fcntl(int fd, int command, ...) {
        (void) fd, (void) command;
        return nondet_bool() ? fails() : 0;
}

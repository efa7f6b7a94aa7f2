/* SPDX-License-Identifier: BSD-2-Clause */
/* The state of a process that a module could change. A test compares it before and after. */
#pragma once

#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>

#include "world.h"

#define HOSTSTATE_SIGNALS 64

struct hoststate {
        unsigned descriptors, threads;
        struct sigaction actions[HOSTSTATE_SIGNALS + 1];
        sigset_t mask, pending;
        mode_t umask;
        char cwd[128], locale[128];
        uint64_t environment;
        struct rlimit limits[RLIM_NLIMITS];
        uid_t uids[3];
        gid_t gids[3];
        struct itimerval interval;
};

/**
 * hoststate_take(ret):
 * Takes the state of this process. SIGALRM is left out of the pending signals, and the timer's
 * remaining time out of the timer: both change all the time.
 */
void hoststate_take(struct hoststate *ret);

/**
 * hoststate_same_signals(a, b):
 * Whether two sets have the same signals.
 */
bool hoststate_same_signals(const sigset_t *a, const sigset_t *b) _must_check_;

/**
 * hoststate_descriptors():
 * The number of open descriptors.
 */
unsigned hoststate_descriptors(void);

/**
 * hoststate_number(name):
 * A number of /proc/self/status, such as "\nThreads:". -1 when it is not there.
 */
long hoststate_number(const char *name);

/* SPDX-License-Identifier: BSD-2-Clause */
/* What a process has that a guest could change, to be compared before and after. */
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
 * hoststate_take(ret): what this process has now. SIGALRM is not among what is pending, and no
 * time of the timer: they come and go.
 */
void hoststate_take(struct hoststate *ret);

/**
 * hoststate_same_signals(a, b): whether two sets have the same signals.
 */
bool hoststate_same_signals(const sigset_t *a, const sigset_t *b) _must_check_;

/**
 * hoststate_descriptors(): how many descriptors are open.
 */
unsigned hoststate_descriptors(void);

/**
 * hoststate_number(name): a number of /proc/self/status, as "\nThreads:"; -1 when it is not there.
 */
long hoststate_number(const char *name);

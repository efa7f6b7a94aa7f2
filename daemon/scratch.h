/* SPDX-License-Identifier: BSD-2-Clause */
/* A directory for a while, with copies of files that may be damaged. */
#pragma once

#include <limits.h>
#include <sys/types.h>

#include "attr.h"

struct scratch {
        int fd; /* -1: there is none */
        char path[PATH_MAX];
        /* a process that removes it when this one is gone, and thus gate; 0: none */
        pid_t guard;
        int gate;
};

/**
 * scratch_make(s): makes one that only this user can read, in $TMPDIR or /var/tmp. Returns 0, or a
 * negative errno. End it with scratch_done(), which removes it with all files. It goes as well when
 * this process is killed.
 */
int scratch_make(struct scratch *s) _must_check_;
void scratch_done(struct scratch *s);

/**
 * scratch_copy(s, from, name): copies the file ${name} of the directory ${from}. What the disk
 * cannot read becomes zeroes. Returns 0; -ENOENT; another negative errno.
 */
int scratch_copy(struct scratch *s, int from, const char *name) _must_check_;

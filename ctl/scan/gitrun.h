/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs git in a repository that may be hostile: nothing in it is run, nothing of the caller's
 * environment counts, and git asks no other host. Does not know what git is run for. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "attr.h"

#define GITRUN_ERROR_LEN 300

struct gitrun {
        pid_t pid; /* 0: none */
        int out;   /* what it writes; -1: none */
        /* a file with its messages; -1: none */
        int err;
};

#define _cleanup_gitrun_ __attribute__((cleanup(gitrun_drop)))

/**
 * gitrun_start(ret, path, in, arguments):
 * Starts git in the directory ${path} with ${arguments}, which end with NULL. Its input is ${in};
 * -1 means none. The repository is that directory or its .git, and none further up. Where root runs
 * this, git runs as the owner of the repository. 0; a negative errno.
 */
int gitrun_start(struct gitrun *ret, const char *path, int in,
                 const char *const *arguments) _must_check_;

/**
 * gitrun_finish(g, ret_error):
 * Waits for the end of git. Returns 0 when it has done all; else -EIO, and ${ret_error} has its
 * last message, which may hold any text.
 */
int gitrun_finish(struct gitrun *g, char ret_error[static GITRUN_ERROR_LEN]) _must_check_;

/**
 * gitrun_drop(g): closes the output of git, which ends it, and waits for that. Safe on one that was
 * finished.
 */
void gitrun_drop(struct gitrun *g);
#define GITRUN_NONE                                                                                \
        (struct gitrun) {                                                                          \
                .out = -1, .err = -1                                                               \
        }

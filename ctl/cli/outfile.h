/* SPDX-License-Identifier: BSD-2-Clause */
/* A file that appears complete or not at all. It is written beside its place with mode 0600, and
 * renamed once it is on disk. "-" means standard output. */
#pragma once

#include <stddef.h>

#include "attr.h"

struct outfile {
        const char *path;
        /* name until the rename; NULL for standard output, or when there is nothing to remove */
        char *unborn;
        int fd;
};

#define _cleanup_outfile_ __attribute__((cleanup(outfile_drop)))

/**
 * outfile_open(ret, path): begins a file. ${ret} borrows ${path}. 0, or a negative errno.
 */
int outfile_open(struct outfile *ret, const char *path) _must_check_;

/**
 * outfile_write(o, bytes, len): appends. 0, or a negative errno.
 */
int outfile_write(struct outfile *o, const void *bytes, size_t len) _must_check_;

/**
 * outfile_share(o): lets every user read the file (0644). 0, or a negative errno.
 */
int outfile_share(struct outfile *o) _must_check_;

/**
 * outfile_finish(o): moves the file to its place. 0, or a negative errno; a file that was there
 * stays then.
 */
int outfile_finish(struct outfile *o) _must_check_;

/**
 * outfile_drop(o): removes a file that was not finished. Safe on a zeroed one.
 */
void outfile_drop(struct outfile *o);

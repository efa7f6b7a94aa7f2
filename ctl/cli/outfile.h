/* SPDX-License-Identifier: BSD-2-Clause */
/* A file that is there as a whole or not at all: written beside its place, 0600, and renamed
 * when it is on disk. "-" is standard output. */
#pragma once

#include <stddef.h>

#include "attr.h"

struct outfile {
        const char *path;
        /* NULL: standard output, or nothing to remove */
        char *unborn;
        int fd;
};

#define _cleanup_outfile_ __attribute__((cleanup(outfile_drop)))

/**
 * outfile_open(ret, path): begins. ${path} is borrowed. 0, or a negative errno.
 */
int outfile_open(struct outfile *ret, const char *path) _must_check_;

/**
 * outfile_write(o, bytes, len): 0, or a negative errno.
 */
int outfile_write(struct outfile *o, const void *bytes, size_t len) _must_check_;

/**
 * outfile_share(o): everybody may read it: 0644. 0, or a negative errno.
 */
int outfile_share(struct outfile *o) _must_check_;

/**
 * outfile_finish(o): puts it into its place. 0, or a negative errno: then what was there is
 * there still.
 */
int outfile_finish(struct outfile *o) _must_check_;

/**
 * outfile_drop(o): removes what was not finished; safe on a zeroed one.
 */
void outfile_drop(struct outfile *o);

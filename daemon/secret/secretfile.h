/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of 32 secret bytes in the state directory: readable to the daemon's user alone, and
 * whole or not there. */
#pragma once

#include <stdint.h>

#include "attr.h"

#define SECRETFILE_LEN 32

/**
 * secretfile_read_fd(fd, out): reads exactly ${SECRETFILE_LEN} bytes, to the end of ${fd}. The
 * caller wipes ${out}.
 * Returns 0; -EUCLEAN when there are more or fewer; another negative errno.
 */
int secretfile_read_fd(int fd, uint8_t out[static SECRETFILE_LEN]) _must_check_;

/**
 * secretfile_read(dir, name, out): reads the file ${name} in the directory open as ${dir}. The
 * caller wipes ${out}.
 * Returns 0; -ENOENT when there is none; -EPERM when it is not the daemon's own or others may
 * read it; -EUCLEAN when it has not exactly ${SECRETFILE_LEN} bytes; another negative errno.
 */
int secretfile_read(int dir, const char *name, uint8_t out[static SECRETFILE_LEN]) _must_check_;

/**
 * secretfile_write(dir, name, in): makes the file, in the place of one that is there. On disk
 * when this returns 0, else a negative errno: then what was there before is there still.
 */
int secretfile_write(int dir, const char *name,
                     const uint8_t in[static SECRETFILE_LEN]) _must_check_;

/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of 32 secret bytes in the state directory. Only the daemon's user can read them, and
 * they are whole or not there. */
#pragma once

#include <stdint.h>

#include "attr.h"

#define SECRETFILE_LEN 32

/**
 * secretfile_read_fd(fd, out): reads ${fd} to its end, which must come after exactly
 * ${SECRETFILE_LEN} bytes. The caller wipes ${out}.
 * Returns 0; -EUCLEAN when there are more or fewer; another negative errno.
 */
int secretfile_read_fd(int fd, uint8_t out[static SECRETFILE_LEN]) _must_check_;

/**
 * secretfile_read(dir, name, out): reads the file ${name} in the directory open as ${dir}. The
 * caller wipes ${out}.
 * Returns 0; -ENOENT when there is none; -EPERM when it is not the daemon's own or others may read
 * it; -EUCLEAN when it does not have exactly ${SECRETFILE_LEN} bytes; another negative errno.
 */
int secretfile_read(int dir, const char *name, uint8_t out[static SECRETFILE_LEN]) _must_check_;

/**
 * secretfile_write(dir, name, in): makes the file, or replaces it. Returns 0 when it is on disk;
 * else a negative errno, and the file is as it was before.
 */
int secretfile_write(int dir, const char *name,
                     const uint8_t in[static SECRETFILE_LEN]) _must_check_;

/* SPDX-License-Identifier: BSD-2-Clause */
/* A file that is read as a whole, from its place or from standard input. It may hold what is
 * secret: nothing of it is left in memory. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "attr.h"
#include "cli/exit_code.h"

struct infile {
        const char *name; /* of the file, for messages */
        uint8_t *bytes;   /* and a NUL behind them */
        size_t len, room;
};

#define _cleanup_infile_ __attribute__((cleanup(infile_done)))

/**
 * infile_read(path, max, ret):
 * Reads ${path}, "-" for standard input; ${path} is borrowed. infile_done() ends it.
 * Returns CTL_OK; CTL_USAGE when it is empty or has more than ${max} bytes; CTL_FAILED. What is
 * wrong was said then.
 */
enum exit_code infile_read(const char *path, size_t max, struct infile *ret) _must_check_;

/**
 * infile_done(f): wipes and frees it; safe on a zeroed one.
 */
void infile_done(struct infile *f);

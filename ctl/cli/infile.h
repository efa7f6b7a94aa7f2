/* SPDX-License-Identifier: BSD-2-Clause */
/* A file that is read as a whole, by its name or from standard input. It may hold a secret:
 * infile_done() wipes all of it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "attr.h"
#include "cli/exit_code.h"

struct infile {
        const char *name; /* of the file; for messages */
        uint8_t *bytes;   /* a NUL follows them */
        size_t len, room;
};

#define _cleanup_infile_ __attribute__((cleanup(infile_done)))

/**
 * infile_read(path, max, ret):
 * Reads the file ${path}; "-" means standard input. ${ret} borrows ${path}; the caller frees
 * ${ret} by infile_done(). Returns CTL_OK; CTL_USAGE when the file is empty or has more than
 * ${max} bytes; CTL_FAILED. A message on stderr says what is wrong.
 */
enum exit_code infile_read(const char *path, size_t max, struct infile *ret) _must_check_;

/**
 * infile_done(f): wipes and frees ${f}. Safe on a zeroed one.
 */
void infile_done(struct infile *f);

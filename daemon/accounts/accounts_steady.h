/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a file that was read can be believed, or a program may be writing it just now. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

/* For how long a file that ends within a line must not have changed. */
#define ACCOUNTS_STEADY_S 5

/* What is remembered of such a file from one reading to the next. Zeroed at first. */
struct accounts_steady {
        /* clock_ticks() when the file was first seen so; 0: it was not */
        uint64_t since;
        struct stat st;
};

/**
 * accounts_steady_was_written(before, f): whether the file of ${before} was written to since. A
 * file that is replaced meanwhile stays as it was.
 */
bool accounts_steady_was_written(const struct stat *before, FILE *f);

/**
 * accounts_steady_is_cut(f): whether the file has no end of a line at its end: a program writes
 * into it, or the disk was full.
 */
bool accounts_steady_is_cut(FILE *f);

/**
 * accounts_steady_check(steady, before, f): whether the file of ${before} has been left alone for
 * long enough. The times of the file are only compared with each other: the wall clock may have
 * been set meanwhile.
 */
bool accounts_steady_check(struct accounts_steady *steady, const struct stat *before, FILE *f);

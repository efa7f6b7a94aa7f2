/* SPDX-License-Identifier: BSD-2-Clause */
/* A client that changes one key after the other over the control socket, so that the writer thread
 * of the daemon commits without a pause. */
#pragma once

#include "bench.h"

struct bench_busy;

/**
 * bench_busy_start(ret, path, keys):
 * Renames random keys of ${keys}, which must outlive it, at the control socket ${path} until
 * bench_busy_stop(). Returns 0, or a negative errno.
 */
int bench_busy_start(struct bench_busy **ret, const char *path,
                     const struct bench_keys *keys) _must_check_;

/**
 * bench_busy_stop(b, ret_changes):
 * Stops it. ${ret_changes} is the number of renamed keys. Returns 0, or the negative errno that
 * ended it too early.
 */
int bench_busy_stop(struct bench_busy *b, uint64_t *ret_changes) _must_check_;

/* SPDX-License-Identifier: BSD-2-Clause */
/* The least that can answer at all: a server on a SOCK_SEQPACKET socket that lets everybody in,
 * without a store and without a thought. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "attr.h"

/**
 * bench_echo_start(path, at_once, ret):
 * Starts a process that serves the socket ${path}: accept4(2), SO_PEERCRED, receive, send,
 * close. ${at_once}: it tries to receive right after accept4(2), and waits only when there is
 * nothing; else it always waits once more. It ends with its parent.
 * Returns 0; a negative errno.
 */
int bench_echo_start(const char *path, bool at_once, pid_t *ret) _must_check_;

/**
 * bench_echo_stop(pid): ends it; nothing is done for ${pid} <= 0.
 */
void bench_echo_stop(pid_t pid);

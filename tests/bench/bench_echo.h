/* SPDX-License-Identifier: BSD-2-Clause */
/* The least that can answer: a server on a SOCK_SEQPACKET socket that accepts every key. It has no
 * store and checks nothing. It is what the daemon is compared with. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "attr.h"

/**
 * bench_echo_start(path, at_once, ret):
 * Starts a process that serves the socket ${path}: accept4(2), SO_PEERCRED, receive, send, close.
 * With ${at_once} it tries to receive right after accept4(2), and waits only when there is nothing
 * to receive. Without, it always waits first. It ends with its parent.
 * Returns 0; a negative errno.
 */
int bench_echo_start(const char *path, bool at_once, pid_t *ret) _must_check_;

/**
 * bench_echo_stop(pid):
 * Ends it. Does nothing for ${pid} <= 0.
 */
void bench_echo_stop(pid_t pid);

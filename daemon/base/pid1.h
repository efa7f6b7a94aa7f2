/* SPDX-License-Identifier: BSD-2-Clause */
/* The first process of a container that has no init. It reaps all processes that end there, hands
 * on signals, and does nothing else. The daemon is its child and knows nothing of it. Processes
 * that PAM modules leave behind in a helper belong to the first process, never to the daemon. */
#pragma once

#include <stddef.h>

#include "attr.h"

/**
 * pid1_watch(secret, len, ret_status):
 * Called before there is any thread. Returns 0 where this is not the first process. Where it is, it
 * starts another process and returns 0 in that one too: it is the daemon. In the first process it
 * returns 1 when the daemon has ended. ${ret_status} then has the exit status: that of the daemon,
 * or 128 and the number of the signal. Returns a negative errno when no process can be started. The
 * first process wipes its ${secret} of ${len} bytes, because it does not need it.
 */
int pid1_watch(void *secret, size_t len, int *ret_status) _must_check_;

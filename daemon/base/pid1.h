/* SPDX-License-Identifier: BSD-2-Clause */
/* The first process of a container that has no init: it reaps whatever ends there, hands on
 * signals, and does nothing else. The daemon is its child, and knows nothing of it: what PAM
 * modules leave behind in a helper belongs to the first process, never to the daemon. */
#pragma once

#include <stddef.h>

#include "attr.h"

/**
 * pid1_watch(secret, len, ret_status):
 * Called before there is any thread. Where this is not the first process, 0. Else starts another
 * one, in which it returns 0 as well: that is the daemon. In the first one it returns 1 when the
 * daemon has ended, with what to exit with in ${ret_status}: its status, or 128 and the number
 * of the signal. A negative errno when there can be none. The first process wipes its ${secret},
 * of ${len} bytes, for which it has no use.
 */
int pid1_watch(void *secret, size_t len, int *ret_status) _must_check_;

/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections to sockets of this host. */
#pragma once

#include "attr.h"

/**
 * unixsocket_connect(path, type, timeout_s):
 * Connects to the socket ${path} of the ${type} SOCK_STREAM or SOCK_SEQPACKET, within ${timeout_s}
 * seconds, which bound each later send(2) as well. The caller closes the descriptor. Returns it, or
 * a negative errno: -ETIMEDOUT when nobody accepted in time.
 */
int unixsocket_connect(const char *path, int type, unsigned timeout_s) _must_check_;

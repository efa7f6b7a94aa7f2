/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections to sockets of this host. */
#pragma once

#include "attr.h"

/**
 * unixsocket_connect(path, type, timeout_s):
 * Connects to the socket ${path}. ${type} is SOCK_STREAM or SOCK_SEQPACKET. ${timeout_s} bounds
 * connecting and each later send(2). Returns a descriptor, which the caller closes, or a
 * negative errno; -ETIMEDOUT when the server did not accept in time.
 */
int unixsocket_connect(const char *path, int type, unsigned timeout_s) _must_check_;

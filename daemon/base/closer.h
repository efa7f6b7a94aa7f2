/* SPDX-License-Identifier: BSD-2-Clause */
/* Closes connections. What a peer has passed with SCM_RIGHTS and nobody has received is closed with
 * the connection, by the process that drops the last reference. A TCP socket with SO_LINGER makes
 * that take as long as its sender likes. So this process never drops such a reference: a child has
 * copies, and the kernel does not wait in a process that ends. */
#pragma once

#include <systemd/sd-event.h>

#include "attr.h"

/**
 * closer_start(event), closer_stop():
 * From the first call to the second, connections to be closed can wait for their turn on ${event}.
 * What still waits at the second is left open: the end of the process closes it. 0, or a negative
 * errno.
 */
int closer_start(sd_event *event) _must_check_;
void closer_stop(void);

/**
 * closer_close(fd):
 * Closes the connection *${fd} of a peer, or a listening socket, and makes it -1. The peer notices
 * at once, or within some hundredths of a second where it has passed descriptors. Does nothing for
 * -1. On the loop.
 */
void closer_close(int *fd);

#define _cleanup_connection_ _cleanup_(closer_close)

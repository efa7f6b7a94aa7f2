/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs the event loop so that nothing that a signal interrupts holds it up. Such a wait is the
 * close of a TCP socket with SO_LINGER. Before Linux 6.10 the kernel closes what other users have
 * left in Unix sockets in the process that happens to close or to write to one, so no process can
 * avoid it.
 */
#pragma once

#include <systemd/sd-event.h>

#include "attr.h"

/* A turn of the loop that takes longer gets a signal, and another one each time as much has passed.
 */
#define NUDGE_MS 20

/**
 * nudge_loop(event): does what sd_event_loop() does, and returns what it returns. Uses SIGURG and a
 * timer of this thread while it runs.
 */
int nudge_loop(sd_event *event) _must_check_;

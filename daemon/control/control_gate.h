/* SPDX-License-Identifier: BSD-2-Clause */
/* The gate before each D-Bus connection. sd-bus would take messages of 128 MiB from anybody. The
 * gate ends a connection before it reads a message that is longer than any of ours, and when its
 * peer is too slow. All other bytes go through a socket pair to the sd-bus end, unchanged and
 * without descriptors. */
#pragma once

#include <systemd/sd-event.h>

#include "attr.h"

#define CONTROL_GATE_MESSAGE_MAX 65536
#define CONTROL_GATE_AUTH_MAX    4096   /* before the first message */
#define CONTROL_GATE_AUTH_MS     5000   /* until authentication has ended */
#define CONTROL_GATE_IDLE_MS     300000 /* between messages */
/* for an answer that the peer does not take */
#define CONTROL_GATE_STALL_MS 10000

struct control_gate;

/**
 * control_gate_new(ret, event, peer_fd, ret_bus_fd, on_end, userdata):
 * Begins to pass bytes between ${peer_fd}, which the gate owns from now on, and ${ret_bus_fd},
 * which the caller owns. ${on_end} is called at most once: when either end is gone, or a limit was
 * exceeded. The caller must free the gate then. Returns 0, or a negative errno.
 */
int control_gate_new(struct control_gate **ret, sd_event *event, int peer_fd, int *ret_bus_fd,
                     void (*on_end)(void *userdata), void *userdata) _must_check_;

/**
 * control_gate_open(g):
 * Passes messages from now on. Until then the gate holds what follows authentication, because
 * sd-bus would not notice a message that it reads together with the end of authentication. So the
 * caller must open the gate when sd-bus has told it that authentication is over.
 */
void control_gate_open(struct control_gate *g);
struct control_gate *control_gate_free(struct control_gate *g);

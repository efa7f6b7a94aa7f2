/* SPDX-License-Identifier: BSD-2-Clause */
/* The gate before each D-Bus connection. sd-bus would take messages of 128 MiB from anybody. The
 * gate ends a connection before it reads a message that is longer than any of ours, and when its
 * peer is too slow. It passes a message only when the peer has taken the answer to the one before:
 * sd-bus would keep any number of answers for a peer that does not read. All other bytes go through
 * a socket pair to the sd-bus end, unchanged and without descriptors. */
#pragma once

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "attr.h"

#define CONTROL_GATE_MESSAGE_MAX 65536
#define CONTROL_GATE_AUTH_MAX    4096   /* before the first message */
#define CONTROL_GATE_AUTH_MS     5000   /* until authentication has ended */
#define CONTROL_GATE_IDLE_MS     300000 /* between messages */
/* for the next bytes of an answer that the peer does not take */
#define CONTROL_GATE_STALL_MS 10000

struct control_gate;

struct control_gate_owner {
        /* Called at most once: when either end is gone, or a limit was exceeded. The owner must
         * free the gate then. */
        void (*on_end)(void *userdata);
        /* Whether sd-bus has something that it has not written yet. It will write it, so the gate
         * asks again. */
        bool (*is_behind)(void *userdata);
};

/**
 * control_gate_new(ret, event, peer_fd, ret_bus_fd, owner, userdata):
 * Begins to pass bytes between ${peer_fd}, which the gate owns from now on, and ${ret_bus_fd},
 * which the caller owns. Borrows ${owner}. Returns 0, or a negative errno.
 */
int control_gate_new(struct control_gate **ret, sd_event *event, int peer_fd, int *ret_bus_fd,
                     const struct control_gate_owner *owner, void *userdata) _must_check_;

/**
 * control_gate_open(g):
 * Passes messages from now on. Until then the gate holds what follows authentication, because
 * sd-bus would not notice a message that it reads together with the end of authentication. So the
 * caller must open the gate when sd-bus has told it that authentication is over.
 */
void control_gate_open(struct control_gate *g);

/**
 * control_gate_finish(g):
 * Ends the connection as soon as its peer has the answer to a message. Messages that come behind
 * that one are not passed. A peer that has not sent any is waited for, as its call is on its way.
 * May call on_end() at once.
 */
void control_gate_finish(struct control_gate *g);
struct control_gate *control_gate_free(struct control_gate *g);

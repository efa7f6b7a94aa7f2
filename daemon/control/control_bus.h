/* SPDX-License-Identifier: BSD-2-Clause */
/* The connections of the control socket. Each is a D-Bus connection of its own behind a gate,
 * and its caller is the one that the kernel names. When there are too many, the one that was
 * silent for longest gives its place to the newcomer (rules/share.h). Knows nothing of the
 * methods. */
#pragma once

#include <systemd/sd-event.h>

#include "control/control.h"

#define CONTROL_BUS_CONNECTIONS_MAX 64
#define CONTROL_BUS_ROOT_SHARE      8 /* of these, only for uid 0 */
#define CONTROL_BUS_PER_UID_MAX     8 /* for any other uid */
/* for a block of uids above 65535: see rules/share.h */
#define CONTROL_BUS_PER_RANGE_MAX 20
#define CONTROL_BUS_FINISH_MS     1000
/* for changes that wait for the fleet's database: fleetd hears of it within 5 s what became of one
 */
#define CONTROL_BUS_FLEET_MS 8000

struct conf;
struct control_bus;

/**
 * control_bus_new(ret, event, fd, control):
 * Serves the listening SOCK_STREAM socket ${fd} and owns it from now on. Borrows ${control}.
 * Returns 0, or a negative errno.
 */
int control_bus_new(struct control_bus **ret, sd_event *event, int fd,
                    struct control *control) _must_check_;

/**
 * control_bus_finish(b, on_finished, userdata):
 * Takes no new connection, so clients wait in the socket for the next daemon. Ends each connection
 * when the call that is under way is answered, that of fleetd as the last one. Ends all of them
 * after CONTROL_BUS_FINISH_MS, but those who wait for the fleet's database after
 * CONTROL_BUS_FLEET_MS. Calls ${on_finished} then, which may be at once. A second time it ends them
 * at once.
 */
void control_bus_finish(struct control_bus *b, void (*on_finished)(void *userdata), void *userdata);

/**
 * control_bus_conf(b, before):
 * The configuration ${before} was replaced. Ends each connection whose peer had another role by it:
 * at once if nothing of it is under way, else when that is answered. It gets no event and no work
 * of the fleet any more. Who connects again has the new role.
 */
void control_bus_conf(struct control_bus *b, const struct conf *before);
struct control_bus *control_bus_free(struct control_bus *b);

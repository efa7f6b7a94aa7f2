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

struct control_bus;

/**
 * control_bus_new(ret, event, fd, control):
 * Serves the listening SOCK_STREAM socket ${fd} and owns it from now on. Borrows ${control}.
 * Returns 0, or a negative errno.
 */
int control_bus_new(struct control_bus **ret, sd_event *event, int fd,
                    struct control *control) _must_check_;
struct control_bus *control_bus_free(struct control_bus *b);

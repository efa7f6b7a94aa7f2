/* SPDX-License-Identifier: BSD-2-Clause */
/* Sends events to the clients that follow the audit log. */
#pragma once

#include <systemd/sd-bus.h>

struct control;

/**
 * control_follow_pump(control): sends new events to the clients that have read the earlier ones.
 * To be called after every write, and now and then.
 */
void control_follow_pump(struct control *control);

/**
 * control_follow_repeats(control): tells the clients that follow what is being gathered and not yet
 * written. To be called every few seconds.
 */
void control_follow_repeats(struct control *control);

/**
 * control_follow_end(control, bus): the client of ${bus} gets no event any more. Its connection is
 * to end soon.
 */
void control_follow_end(struct control *control, const sd_bus *bus);

/**
 * control_follow_stop(control): forgets all clients that follow. To be called after the end of the
 * worker.
 */
void control_follow_stop(struct control *control);

/* SPDX-License-Identifier: BSD-2-Clause */
/* Sends events to those who follow the audit log. */
#pragma once

struct control;

/**
 * control_follow_pump(control): sends what was recorded since to those who follow, as far as
 * they keep up. Whenever something was written, and now and then.
 */
void control_follow_pump(struct control *control);

/**
 * control_follow_stop(control): forgets all who follow; after the end of the worker.
 */
void control_follow_stop(struct control *control);

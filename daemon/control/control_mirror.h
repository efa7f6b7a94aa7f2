/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies and backups over the control socket. */
#pragma once

#include "control/control.h"

/**
 * control_mirror_tidy(control, connection):
 * Has dropped what belongs to a ${connection} that has ended (0: none), and what was left lying.
 * To be called now and then.
 */
void control_mirror_tidy(struct control *control, uint64_t connection);

/**
 * control_mirror_fail(call, r): ends the call with what an export or import, or the mirror key,
 * said.
 */
void control_mirror_fail(struct control_call *call, int r);

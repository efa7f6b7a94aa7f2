/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies and backups over the control socket. */
#pragma once

#include "control/control.h"

/**
 * control_mirror_tidy(control, connection):
 * Drops the export and import of a ${connection} that has ended (0: none), and those that nobody
 * continued. To be called now and then.
 */
void control_mirror_tidy(struct control *control, uint64_t connection);

/**
 * control_mirror_fail(call, r): the call fails with the error ${r} of an export, an import or the
 * mirror key.
 */
void control_mirror_fail(struct control_call *call, int r);

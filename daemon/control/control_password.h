/* SPDX-License-Identifier: BSD-2-Clause */
/* What the calls of IssueKeyWithPassword share: their number, and the wrong passwords so far. */
#pragma once

#include <systemd/sd-event.h>

#include "attr.h"

struct control_password;

/**
 * control_password_new(ret, event): makes what the calls share. Returns 0, or a negative errno.
 * control_password_free(password): drops the calls whose password is being checked.
 */
int control_password_new(struct control_password **ret, sd_event *event) _must_check_;
struct control_password *control_password_free(struct control_password *password);

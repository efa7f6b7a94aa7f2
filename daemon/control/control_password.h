/* SPDX-License-Identifier: BSD-2-Clause */
/* What the calls of IssueKeyWithPassword share: how many there are, and who gave a wrong password.
 */
#pragma once

#include <systemd/sd-event.h>

#include "attr.h"

struct control_password;

/**
 * control_password_new(ret, event): what the calls of IssueKeyWithPassword share. 0, or a
 * negative errno.
 * control_password_free(password): drops those that are on their way.
 */
int control_password_new(struct control_password **ret, sd_event *event) _must_check_;
struct control_password *control_password_free(struct control_password *password);

/* SPDX-License-Identifier: BSD-2-Clause */
/* Tells systemd that the loop still runs, where a watchdog waits for that. sd-event does the same,
 * but only after at least half of the time, which leaves a quarter of it for a busy machine. This
 * leaves three quarters. */
#pragma once

#include <systemd/sd-event.h>

#include "attr.h"

/**
 * watchdog_start(ret, event): from now on, as long as ${event} runs. ${ret} is NULL where there is
 * no watchdog. 0, or a negative errno.
 */
int watchdog_start(sd_event_source **ret, sd_event *event) _must_check_;

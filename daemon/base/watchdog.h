/* SPDX-License-Identifier: BSD-2-Clause */
/* Tells systemd that the loop still goes round, where a watchdog is to be told. sd-event would
 * do it as well, but only when half of the time or more has passed, which leaves a quarter of it
 * for a machine that is busy; this leaves three quarters of the same time. */
#pragma once

#include <systemd/sd-event.h>

#include "attr.h"

/**
 * watchdog_start(ret, event): from now on, as long as ${event} runs. ${ret} is NULL where nobody
 * watches. 0, or a negative errno.
 */
int watchdog_start(sd_event_source **ret, sd_event *event) _must_check_;

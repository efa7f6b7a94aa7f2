/* SPDX-License-Identifier: BSD-2-Clause */
/* Timers of the loop. */
#pragma once

#include <stdint.h>

#include <systemd/sd-event.h>

/**
 * timer_set(source, usec):
 * Has the timer ${source} run once, in ${usec} microseconds. Where that fails, the
 * loop ends with the error.
 */
void timer_set(sd_event_source *source, uint64_t usec);

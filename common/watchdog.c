/* SPDX-License-Identifier: BSD-2-Clause */
/* Tells systemd's watchdog that the loop runs. It knows nothing of what the loop does. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

#include "notify.h"
#include "watchdog.h"

/* in the time after which systemd kills */
#define TIMES 4

static int on_time(sd_event_source *source, uint64_t usec, void *userdata) {
        uint64_t period = (uintptr_t) userdata;

        (void) usec;
        (void) notify_once("WATCHDOG=1");
        (void) sd_event_source_set_time_relative(source, period);
        (void) sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        return 0;
}

int watchdog_start(sd_event_source **ret, sd_event *event) {
        sd_event_source *source = NULL;
        uint64_t usec, period;
        int r;

        r = sd_watchdog_enabled(0, &usec);
        if (r <= 0)
                return r;
        period = usec / TIMES;
        r = sd_event_add_time_relative(event, &source, CLOCK_MONOTONIC, 0, period / TIMES, on_time,
                                       (void *) (uintptr_t) period);
        if (r >= 0)
                *ret = source;
        return r;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Timers of the loop. Knows nothing of what they are for. */
#include "timer.h"

/* Nothing else would go on by itself. systemd starts the program again. */
void timer_set(sd_event_source *source, uint64_t usec) {
        int r = sd_event_source_set_time_relative(source, usec);

        if (r >= 0)
                r = sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        if (r < 0)
                (void) sd_event_exit(sd_event_source_get_event(source), r);
}

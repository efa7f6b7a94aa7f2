/* SPDX-License-Identifier: BSD-2-Clause */
/* What GetMetrics shows and others keep: the last count of keys, and the lengths of queues. */
#pragma once

#include <stdint.h>

/* How many keys there were when they were last counted; control_metrics.c's. */
struct control_census {
        uint64_t keys[3]; /* by enum key_status */
        int64_t at;
        unsigned pieces;  /* that it took; 0: they never were */
        uint64_t took_ns; /* on the writer thread */
        uint64_t counted; /* clock_ticks() of its end */
};

/* Something that can grow long. */
struct control_queue {
        const char *name;
        uint64_t length, limit;
};
#define CONTROL_QUEUES 4

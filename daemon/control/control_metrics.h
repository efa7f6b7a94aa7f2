/* SPDX-License-Identifier: BSD-2-Clause */
/* What GetMetrics shows and other files keep: the last count of keys, and the lengths of queues. */
#pragma once

#include <stdint.h>

#include "store/store_cert.h"

/* The number of keys when they were last counted. */
struct control_census {
        uint64_t keys[_KEY_STATUS_MAX]; /* by enum key_status */
        uint64_t ending[STORE_SOON];    /* active keys, by expiry_of() */
        int64_t at;
        unsigned pieces;  /* of the count; 0: never counted */
        uint64_t took_ns; /* on the writer thread */
        uint64_t counted; /* clock_ticks() at its end */
};

/* A queue, how long it is and how long it can be. */
struct control_queue {
        const char *name;
        uint64_t length, limit;
};
#define CONTROL_QUEUES 5

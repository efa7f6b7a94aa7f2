/* The one place that reads the wall clock. */
#pragma once

#include <stdint.h>

/** clock_now(): UNIX seconds, UTC. */
int64_t clock_now(void);

/* SPDX-License-Identifier: BSD-2-Clause */
/* A new store takes the place of a damaged one, which stays beside it. A kill or a power loss on
 * the way leaves the one or the other in use. */
#pragma once

#include <stdint.h>

#include "attr.h"

/* for the name that a damaged store gets */
#define ASIDE_LEN 48

/**
 * aside_put(dir, now, aside):
 * In the directory ${dir} the database STORE_SALVAGE_NAME becomes the store, and the store gets the
 * name ${aside}, with the time ${now}. Nobody may have either open. 0, or a negative errno.
 */
int aside_put(int dir, int64_t now, char aside[static ASIDE_LEN]) _must_check_;

/**
 * aside_forget(dir): removes what a salvage or an import has left that was killed.
 */
void aside_forget(int dir);

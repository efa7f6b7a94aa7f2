/* SPDX-License-Identifier: BSD-2-Clause */
/* The part of a sweep that walks over all keys: it notes which keys nobody has used for too long,
 * and which uses and changes a clock has noted that was ahead. */
#pragma once

#include "keys/sweep.h"
#include "record_policy.h"

/**
 * sweep_idle_note(writer, policy, now, sweep):
 * One piece of a walk over all keys that is under way, or that begins now because it is due. Does
 * what is due to the keys of that piece, and sets ${sweep}->idle and ${sweep}->more. Inside a
 * transaction. 0; -ENOMEM; an error of the store.
 */
int sweep_idle_note(struct store *writer, const struct policy *policy, int64_t now,
                    struct sweep *sweep) _must_check_;

/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks the user to confirm a step that cannot be undone. The caller has printed the question. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/**
 * confirm_number(n):
 * Reads a line from stdin. Returns whether it is the number ${n}. A user who types that number
 * has read the question.
 */
bool confirm_number(uint64_t n);

/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks a person before something that cannot be undone. The caller has said what. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/**
 * confirm_number(n): reads a line from stdin. Whether it is the number ${n}: a user who types it
 * has read the question.
 */
bool confirm_number(uint64_t n);

/* SPDX-License-Identifier: BSD-2-Clause */
/* How a line of output is set off on a terminal that wants colours. */
#pragma once

#include <stdbool.h>

enum tone {
        TONE_NORMAL,
        TONE_DIM,
        TONE_RED,
};

/**
 * tone_wanted(): whether stdout is a terminal that wants colours.
 */
bool tone_wanted(void);

/**
 * tone_sequence(tone): what switches ${tone} on; NULL for TONE_NORMAL.
 */
const char *tone_sequence(enum tone tone);

/* SPDX-License-Identifier: BSD-2-Clause */
/* The colour of a line or a word, on a terminal that wants colours. */
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
 * tone_sequence(tone): the escape sequence that switches ${tone} on; NULL for TONE_NORMAL.
 */
const char *tone_sequence(enum tone tone);

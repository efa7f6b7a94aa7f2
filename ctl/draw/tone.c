/* SPDX-License-Identifier: BSD-2-Clause */
/* Colours for terminals. Does not know what is coloured. */
#include <stdlib.h>
#include <string.h>

#include "draw/screen.h"
#include "draw/tone.h"

/* Source: https://no-color.org */
bool tone_wanted(void) {
        const char *no_color = secure_getenv("NO_COLOR"), *term = secure_getenv("TERM");

        return screen_is_terminal() && !(no_color && *no_color) && term &&
               strcmp(term, "dumb") != 0;
}

const char *tone_sequence(enum tone tone) {
        switch (tone) {
        case TONE_NORMAL:
                return NULL;
        case TONE_DIM:
                return "\033[2m";
        case TONE_RED:
                return "\033[31m";
        }
        return NULL;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes lines to stderr. Knows nothing of what they say. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "note.h"
#include "text.h"

void note(int priority, const char *format, ...) {
        char line[1024];
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(line, sizeof(line), format, ap);
        va_end(ap);
        (void) fprintf(stderr, "<%d>%s\n", priority, line);
}

void note_fold(char out[static NOTE_TEXT_LEN], const char *text) {
        char line[NOTE_TEXT_LEN];
        size_t n = 0;

        for (; *text && n + 1 < sizeof(line); text++) {
                bool blank = *text == ' ' || *text == '\n' || *text == '\t' || *text == '\r';

                if (!blank)
                        line[n++] = *text;
                else if (n > 0 && line[n - 1] != ' ')
                        line[n++] = ' ';
        }
        while (n > 0 && line[n - 1] == ' ')
                n--;
        line[text_fitting(line, n)] = '\0';
        text_escape(out, NOTE_TEXT_LEN, line);
}

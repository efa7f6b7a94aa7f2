/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints single lines for people. Does not know what they are about. */
#include <stdio.h>

#include "cleanup.h"
#include "cli/harmless.h"
#include "draw/print.h"

#define PROPERTY_WIDTH 12

void print_property(const char *name, size_t width, const char *value) {
        _cleanup_free_ char *buffer = NULL;

        printf("%-*s  %s\n", width > PROPERTY_WIDTH ? (int) width : PROPERTY_WIDTH, name,
               harmless(value, &buffer));
}

void print_marked(const char *mark, enum tone tone, const char *text) {
        const char *sequence = tone_wanted() ? tone_sequence(tone) : NULL;
        _cleanup_free_ char *buffer = NULL;

        printf("%s%-7s%s  %s\n", sequence ? sequence : "", mark, sequence ? "\033[0m" : "",
               harmless(text, &buffer));
}

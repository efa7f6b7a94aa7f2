/* SPDX-License-Identifier: BSD-2-Clause */
/* Escapes control characters. Does not know where the text comes from. */
#include <stdlib.h>
#include <string.h>

#include "cli/harmless.h"
#include "text.h"

const char *harmless(const char *text, char **buffer) {
        size_t len = strlen(text), size = 4 * len + 5;

        *buffer = NULL;
        /* text_escape() also escapes quotes and backslashes, which are harmless, and would
         * escape the daemon's escapes again. */
        if (len == 0 || text_is_label(text, len))
                return text;
        *buffer = malloc(size);
        if (!*buffer)
                return "?";
        text_escape(*buffer, size, text);
        return *buffer;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks into connection strings of libpq and adds settings to them. Connects to nothing. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conninfo.h"

#define BLANKS  " \t\n\v\f\r"
#define LETTERS "abcdefghijklmnopqrstuvwxyz_"

static bool is_word(const char *text, size_t len, const char *word) {
        return strlen(word) == len && memcmp(text, word, len) == 0;
}

/* The end of the value at ${p}: a backslash takes the meaning from what follows it. */
static const char *skip_value(const char *p) {
        bool quoted = *p == '\'';

        for (p += quoted; *p && (quoted ? *p != '\'' : !strchr(BLANKS, *p)); p++)
                if (*p == '\\' && p[1])
                        p++;
        return quoted && *p ? p + 1 : p;
}

int conninfo_sets(const char *text, const char *word) {
        const char *p = text;
        int found = 0;

        while (*(p += strspn(p, BLANKS))) {
                size_t len = strcspn(p, "=" BLANKS);
                const char *equals = p + len + strspn(p + len, BLANKS);

                if (len == 0 || strspn(p, LETTERS) != len || *equals != '=')
                        return -EINVAL;
                if (is_word(p, len, word))
                        found = 1;
                p = skip_value(equals + 1 + strspn(equals + 1, BLANKS));
        }
        return found;
}

void conninfo_drop(char *text, const char *word) {
        char *p = text;

        while (*(p += strspn(p, BLANKS))) {
                size_t len = strcspn(p, "=" BLANKS), left = strlen(p);
                const char *equals = p + len + strspn(p + len, BLANKS);
                const char *end =
                        *equals ? skip_value(equals + 1 + strspn(equals + 1, BLANKS)) : equals;

                if (is_word(p, len, word)) {
                        memmove(p, end, strlen(end));
                        explicit_bzero(p + strlen(end), left - strlen(end));
                } else
                        p += end - p;
        }
}

/* The setting goes to the front. Behind the others it could become a part of the last one: of an
 * empty value, or of one that ends in a backslash. */
int conninfo_add(char **text, const char *word, const char *value) {
        size_t room = strlen(*text) + strlen(word) + 2 * strlen(value) + 5;
        char *out = malloc(room), *end;

        if (!out)
                return -ENOMEM;
        end = out + snprintf(out, room, "%s='", word);
        for (; *value; value++) {
                if (*value == '\'' || *value == '\\')
                        *end++ = '\\';
                *end++ = *value;
        }
        end = mempcpy(end, "' ", 2);
        memcpy(end, *text, strlen(*text) + 1);
        conninfo_drop(end, word);
        conninfo_free(text);
        *text = out;
        return 0;
}

void conninfo_free(char **text) {
        if (*text)
                explicit_bzero(*text, strlen(*text));
        free(*text);
        *text = NULL;
}

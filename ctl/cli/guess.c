/* SPDX-License-Identifier: BSD-2-Clause */
/* Compares words. Does not know which commands there are. */
#include <string.h>

#include "attr.h"
#include "cli/guess.h"

#define WORD_MAX 32

const char *guess_alias(const char *word) {
        static const struct {
                const char *word, *here;
        } aliases[] = {
                { "ls", "list" },       { "create", "issue" }, { "add", "issue" },
                { "new", "issue" },     { "get", "show" },     { "view", "show" },
                { "delete", "remove" }, { "rm", "remove" },
        };

        for (size_t i = 0; i < ARRAY_LEN(aliases); i++)
                if (strcmp(aliases[i].word, word) == 0)
                        return aliases[i].here;
        return NULL;
}

static unsigned least(unsigned a, unsigned b, unsigned c) {
        unsigned m = a < b ? a : b;

        return m < c ? m : c;
}

/* How many letters have to be put in, taken out or changed (Levenshtein). */
static unsigned distance(const char *a, const char *b) {
        unsigned row[WORD_MAX + 1];
        size_t len = strlen(b);

        for (size_t j = 0; j <= len; j++)
                row[j] = (unsigned) j;
        for (size_t i = 0; a[i]; i++) {
                unsigned corner = row[0];

                row[0] = (unsigned) i + 1;
                for (size_t j = 0; j < len; j++) {
                        unsigned above = row[j + 1];

                        row[j + 1] = least(above + 1, row[j] + 1, corner + (a[i] != b[j]));
                        corner = above;
                }
        }
        return row[len];
}

bool guess_is_near(const char *word, const char *name) {
        size_t len = strlen(word);

        return len <= WORD_MAX && strlen(name) <= WORD_MAX &&
               distance(word, name) <= (len > 2 ? 2U : 1U);
}

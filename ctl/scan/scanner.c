/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks for the prefix of a key, and lets keytext.c judge what follows. */
#include <string.h>

#include "scan/scanner.h"

#define PREFIX "wfk_"

void scanner_begin(struct scanner *s) {
        s->line = s->column = 1;
        s->kept = 0;
}

char *scanner_room(struct scanner *s) {
        return s->bytes + s->kept;
}

static size_t drop_zeroes(char *bytes, size_t n) {
        char *to = memchr(bytes, 0, n);

        if (!to)
                return n;
        for (const char *from = to; from < bytes + n; from++)
                if (*from != 0)
                        *to++ = *from;
        return (size_t) (to - bytes);
}

/* Counts the lines and columns between two places. */
static void advance(struct scanner *s, const char *from, const char *to) {
        const char *end;

        while ((end = memchr(from, '\n', (size_t) (to - from)))) {
                s->line++;
                s->column = 1;
                from = end + 1;
        }
        s->column += (uint64_t) (to - from);
}

int scanner_take(struct scanner *s, size_t n, scanner_found found, void *userdata) {
        size_t len = s->kept + drop_zeroes(s->bytes + s->kept, n);
        const char *at = s->bytes, *end = s->bytes + len, *next = at, *rest;
        int r;

        while ((next = memmem(next, (size_t) (end - next), PREFIX, KEYTEXT_PREFIX_LEN)) &&
               end - next >= KEYTEXT_LEN) {
                if (keytext_is_key(next, KEYTEXT_LEN)) {
                        advance(s, at, next);
                        at = next;
                        r = found(next, s->line, s->column, userdata);
                        if (r < 0)
                                return r;
                }
                /* an id may end in wfk, which is followed by _ */
                next++;
        }
        /* A key was found that begins before the rest, or none. */
        s->kept = len < SCANNER_KEPT ? len : SCANNER_KEPT;
        rest = end - s->kept;
        advance(s, at, rest);
        memmove(s->bytes, rest, s->kept);
        return 0;
}

void scanner_wipe(struct scanner *s) {
        explicit_bzero(s, sizeof(*s));
}

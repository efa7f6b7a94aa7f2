/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds the blocks of a PEM text. Does not decode them, and does not know what they hold. */
#include <stdio.h>
#include <string.h>

#include "pki/pem.h"

#define BEGIN     "-----BEGIN "
#define DASHES    "-----"
#define LABEL_MAX 64

static const char *find(const char *text, const char *end, const char *what) {
        return memmem(text, (size_t) (end - text), what, strlen(what));
}

/* Finds the line that ends the block ${b}. */
static const char *find_end(const struct pem_block *b, const char *from, const char *end) {
        char line[LABEL_MAX + 16];

        (void) snprintf(line, sizeof(line), "-----END %.*s-----", (int) b->label_len, b->label);
        return find(from, end, line);
}

int pem_next(const char *text, size_t len, size_t *at, struct pem_block *ret) {
        const char *from = text + *at, *end = text + len, *begin = find(from, end, BEGIN), *stop;
        struct pem_block b = { .before = from,
                               .before_len = (size_t) ((begin ? begin : end) - from) };

        if (!begin) {
                *at = len;
                *ret = b;
                return 0;
        }
        b.label = begin + strlen(BEGIN);
        stop = find(b.label, end, DASHES);
        b.label_len = (size_t) ((stop ? stop : end) - b.label);
        if (!stop || b.label_len > LABEL_MAX || memchr(b.label, '\n', b.label_len)) {
                b.label_len = strcspn(b.label, "\r\n");
                stop = NULL;
        }
        from = stop ? stop + strlen(DASHES) : end;
        stop = stop ? find_end(&b, from, end) : NULL;
        if (stop) {
                b.body = from;
                b.body_len = (size_t) (stop - from);
                from = stop + strlen("-----END ") + b.label_len + strlen(DASHES);
        } else
                from = end;
        *at = (size_t) (from - text);
        *ret = b;
        return 1;
}

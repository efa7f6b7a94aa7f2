/* SPDX-License-Identifier: BSD-2-Clause */
/* What CBMC has no model of, and byte by byte what it models by arrays of unknown length: that is
 * many times faster to prove. */
#include <string.h>

#include "proof.h"

size_t strnlen(const char *text, size_t max) {
        size_t len = 0;

        while (len < max && text[len])
                len++;
        return len;
}

void *memcpy(void *restrict to, const void *restrict from, size_t len) {
        for (size_t i = 0; i < len; i++)
                ((unsigned char *) to)[i] = ((const unsigned char *) from)[i];
        return to;
}

void *memset(void *p, int c, size_t len) {
        for (size_t i = 0; i < len; i++)
                ((unsigned char *) p)[i] = (unsigned char) c;
        return p;
}

int memcmp(const void *a, const void *b, size_t len) {
        const unsigned char *x = a, *y = b;

        for (size_t i = 0; i < len; i++)
                if (x[i] != y[i])
                        return x[i] < y[i] ? -1 : 1;
        return 0;
}

size_t strcspn(const char *text, const char *stop) {
        size_t len = 0;

        while (text[len] && text[len] != stop[0])
                len++;
        prove(stop[0] && !stop[1]);
        return len;
}

size_t strspn(const char *text, const char *set) {
        size_t len = 0;

        while (text[len] && text[len] == set[0])
                len++;
        prove(set[0] && !set[1]);
        return len;
}

void *memchr(const void *p, int c, size_t len) {
        const unsigned char *byte = p;

        for (size_t i = 0; i < len; i++)
                if (byte[i] == (unsigned char) c)
                        return (void *) (byte + i);
        return NULL;
}

/* Nothing that is proved depends on what is wiped. */
void explicit_bzero(void *p, size_t len) {
        prove(writable(p, len));
}

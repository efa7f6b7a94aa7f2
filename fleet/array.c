/* SPDX-License-Identifier: BSD-2-Clause */
/* PostgreSQL's binary form of an array of one dimension. Source: array_send() and array_recv() of
 * PostgreSQL, src/backend/utils/adt/arrayfuncs.c. */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"

/* dimensions, flags, type, and of the dimension its length and its first index */
#define HEADER_WORDS 5
#define HEADER_LEN   (HEADER_WORDS * sizeof(uint32_t))

static bool reserve(struct array *a, size_t len) {
        size_t size = a->size ? a->size : 256;
        uint8_t *data;

        if (a->failed)
                return false;
        if (a->len == 0)
                a->len = HEADER_LEN;
        while (size < a->len + len)
                size *= 2;
        if (size == a->size)
                return true;
        /* Not realloc(): it would leave a copy. */
        data = malloc(size);
        if (!data) {
                a->failed = true;
                return false;
        }
        if (a->data) {
                memcpy(data, a->data, a->len);
                explicit_bzero(a->data, a->size);
                free(a->data);
        }
        a->data = data;
        a->size = size;
        return true;
}

void array_add(struct array *a, const void *bytes, size_t len) {
        uint32_t be = htobe32((uint32_t) len);

        if (!reserve(a, sizeof(be) + len))
                return;
        memcpy(a->data + a->len, &be, sizeof(be));
        if (len > 0)
                memcpy(a->data + a->len + sizeof(be), bytes, len);
        a->len += sizeof(be) + len;
        a->n++;
}

void array_add_text(struct array *a, const char *text) {
        array_add(a, text, strlen(text));
}

void array_add_number(struct array *a, uint64_t number) {
        uint64_t be = htobe64(number);

        array_add(a, &be, sizeof(be));
}

int array_finish(struct array *a) {
        uint32_t header[HEADER_WORDS] = { htobe32(1), 0, htobe32(a->kind), htobe32(a->n),
                                          htobe32(1) };

        if (!reserve(a, 0))
                return -ENOMEM;
        /* An empty array has no dimension. */
        if (a->n == 0) {
                header[0] = 0;
                a->len = 3 * sizeof(uint32_t);
        }
        memcpy(a->data, header, a->n == 0 ? a->len : HEADER_LEN);
        return 0;
}

void array_done(struct array *a) {
        if (a->data)
                explicit_bzero(a->data, a->size);
        free(a->data);
        *a = (struct array){ .kind = a->kind };
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Arrays as parameters of a statement, in PostgreSQL's binary form. So no text has to be quoted.
 * May hold secrets, and is wiped. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"

enum array_kind {
        ARRAY_BYTES = 17,  /* bytea[] */
        ARRAY_NUMBER = 20, /* bigint[] */
        ARRAY_TEXT = 25,   /* text[] */
};

/* Begins as { .kind = ... }. */
struct array {
        enum array_kind kind;
        bool failed; /* memory has run out */
        uint32_t n;
        uint8_t *data;
        size_t len, size;
};

/**
 * array_add(a, bytes, len), array_add_text(a, text), array_add_number(a, number):
 * Append an element of the array's kind.
 */
void array_add(struct array *a, const void *bytes, size_t len);
void array_add_text(struct array *a, const char *text);
void array_add_number(struct array *a, uint64_t number);

/**
 * array_finish(a): writes the header, also of an empty array. 0 or -ENOMEM.
 */
int array_finish(struct array *a);

/**
 * array_done(a): wipes and frees.
 */
void array_done(struct array *a);

#define _cleanup_array_ _cleanup_(array_done)

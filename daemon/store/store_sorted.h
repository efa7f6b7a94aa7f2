/* SPDX-License-Identifier: BSD-2-Clause */
/* Sorts a great number of short texts in memory, a little at a time. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attr.h"

/* Bytes of all of them. Behind that the caller sorts what it has, and begins anew. */
#define STORE_SORTED_BYTES ((size_t) 64 << 20)

/* Zeroes are one without texts. */
struct store_sorted {
        uint8_t *bytes; /* each behind two bytes, its length */
        size_t len, size;
        /* where they begin, in their order; and the place for the next one */
        uint32_t *at, *other;
        size_t n, room;
        bool mixed; /* they did not come in order */
        /* So many in a row are sorted. How far the next longer runs are made, and what comes next
         * of the second of the two runs that become one. */
        size_t run, next, second;
};

/**
 * store_sorted_add(s, text, len): a copy of ${text}, at most 65535 bytes. 0; -ENOMEM. Not after
 * store_sorted_step().
 */
int store_sorted_add(struct store_sorted *s, const void *text, size_t len) _must_check_;

/**
 * store_sorted_step(s): a few milliseconds of work. 1: there is more to do; 0: all are in order, as
 * memcmp() has it.
 */
int store_sorted_step(struct store_sorted *s);

/**
 * store_sorted_get(s, i, ret_len): the ${i}th text, borrowed.
 */
const uint8_t *store_sorted_get(const struct store_sorted *s, size_t i, size_t *ret_len);

/**
 * store_sorted_done(s): there are none any more.
 */
void store_sorted_done(struct store_sorted *s);

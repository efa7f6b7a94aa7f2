/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables on stdout, for people. Cells are made harmless for a terminal. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "attr.h"
#include "cli/exit_code.h"
#include "draw/tone.h"

/* On a terminal that is too narrow, a column gives up room. Elsewhere, all is in one line. */
enum table_flags {
        TABLE_RIGHT = 1, /* for numbers */
        TABLE_CUT = 2,   /* the end is not shown */
        TABLE_FOLD = 4,  /* a list goes on below */
        TABLE_WORDS = 8, /* a sentence goes on below */
};

struct table_column {
        const char *name;
        unsigned flags;
};

struct table;

/**
 * table_new(ret, columns, n), table_free(table):
 * Makes an empty table with ${n} columns: 0 or -ENOMEM. table_free() is safe on NULL and returns
 * NULL.
 */
int table_new(struct table **ret, const struct table_column *columns, size_t n) _must_check_;
struct table *table_free(struct table *table);

/**
 * table_add(table, cells, tone):
 * Adds a line. ${cells} has one text for each column. The line has the colour of ${tone} on
 * terminals that want colours. 0, or a negative errno.
 */
int table_add(struct table *table, const char *const *cells, enum tone tone) _must_check_;

/**
 * table_result(r): CTL_OK; CTL_FAILED after a message on stderr when ${r} is a negative errno.
 */
enum exit_code table_result(int r) _must_check_;

/**
 * table_show(table):
 * Prints the table. 0, or a negative errno.
 */
int table_show(struct table *table) _must_check_;

/**
 * table_show_more(table, widths):
 * Prints the table as the next piece of a longer one. ${widths} are those of the columns so far,
 * all 0 before the first piece, which alone has a heading. They only grow. 0, or a negative errno.
 */
int table_show_more(struct table *table, size_t *widths) _must_check_;

static inline void table_freep(struct table **table) {
        (void) table_free(*table);
}
#define _cleanup_table_ __attribute__((cleanup(table_freep)))

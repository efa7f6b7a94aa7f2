/* SPDX-License-Identifier: BSD-2-Clause */
/* What people and programs get to see: messages, tables, properties, JSON. The only file that
 * knows libsmartcols. What is shown on lines and in tables is made harmless for a terminal here;
 * JSON carries the text itself. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attr.h"

/**
 * print_property(name, width, value): one line on stdout; values of names of up to ${width}
 * columns, and of up to 12, stand below each other.
 */
void print_property(const char *name, size_t width, const char *value);

enum print_tone {
        PRINT_NORMAL,
        PRINT_DIM,
        PRINT_RED,
};

/**
 * print_marked(mark, tone, text): a line on stdout that begins with a word; its tone shows on
 * terminals that want colours.
 */
void print_marked(const char *mark, enum print_tone tone, const char *text);

struct print_column {
        const char *name;
        bool right; /* a number */
};

struct print_table;

/**
 * print_table_new(ret, columns, n), print_table_free(table):
 * An empty table with ${n} columns. 0 or -ENOMEM. Freeing is safe on NULL and returns NULL.
 */
int print_table_new(struct print_table **ret, const struct print_column *columns,
                    size_t n) _must_check_;
struct print_table *print_table_free(struct print_table *table);

/**
 * print_table_add(table, cells, tone):
 * Adds a line of as many ${cells} as there are columns. The tone shows on terminals that want
 * colours. 0 or -errno.
 */
int print_table_add(struct print_table *table, const char *const *cells,
                    enum print_tone tone) _must_check_;

/**
 * print_table_show(table):
 * Writes it to stdout, as wide as it is: half a list of networks would be a wrong one. 0 or -errno.
 */
int print_table_show(struct print_table *table) _must_check_;

static inline void print_table_freep(struct print_table **table) {
        (void) print_table_free(*table);
}
#define _cleanup_table_ __attribute__((cleanup(print_table_freep)))

/* A JSON text on stdout, written from left to right; begins zeroed. Invariant: more says whether
 * a comma is due. */
struct print_json {
        unsigned depth;
        bool more;
};

/**
 * print_json_open(j, name, bracket), print_json_close(j, bracket):
 * An object or array, '{' '}' '[' ']'. ${name} is NULL outside of objects, here and below. The
 * outermost ends in a newline.
 */
void print_json_open(struct print_json *j, const char *name, char bracket);
void print_json_close(struct print_json *j, char bracket);

/**
 * print_json_text(j, name, text), print_json_number(j, name, number), print_json_bool(j, name,
 * value): One value. ${text} is UTF-8; NULL writes null.
 */
void print_json_text(struct print_json *j, const char *name, const char *text);
void print_json_number(struct print_json *j, const char *name, uint64_t number);
void print_json_bool(struct print_json *j, const char *name, bool value);

/* SPDX-License-Identifier: BSD-2-Clause */
/* What the daemon says in a dictionary (a{sv}), as a C structure. One table of fields serves
 * reading, showing, sorting and JSON. Text is borrowed from the message. A property without a
 * row is skipped: newer daemons may say more. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attr.h"
#include "draw/json.h"

/* The type on the bus and of the member. "None" is what fields_init() leaves and a missing
 * property means. */
enum field_type {
        FIELD_TEXT,   /* s   const char *, none: NULL */
        FIELD_BOOL,   /* b   int, none: -1 */
        FIELD_NUMBER, /* u   uint32_t, none: UINT32_MAX */
        FIELD_COUNT,  /* t   uint64_t, none: UINT64_MAX */
        /* x   int64_t UNIX seconds, none: INT64_MAX */
        FIELD_TIME,
        /* as  char **, owned, none and empty: NULL */
        FIELD_LIST,
};

struct field {
        const char *name;
        enum field_type type;
        size_t offset;
        /* shown for none and for empty; NULL: the field is then not shown */
        const char *none;
        /* what people see in the place of the name; NULL: the name */
        const char *label;
};

/* Room for 16 of the longest services or networks, with what parts them. */
#define FIELDS_TEXT_LEN 2048

/**
 * fields_init(fields, n, record), fields_done(fields, n, record):
 * Sets each of the ${n} fields of ${record} to none; frees what dict_read() allocated and sets
 * them to none again.
 */
void fields_init(const struct field *fields, size_t n, void *record);
void fields_done(const struct field *fields, size_t n, void *record);

/**
 * fields_clear(field, record): fields_done() for one field.
 */
void fields_clear(const struct field *field, void *record);

/**
 * fields_text(field, record, buf):
 * The field as people read it; in ${buf} or borrowed; NULL where it is none and such a field is
 * not shown.
 */
const char *fields_text(const struct field *field, const void *record,
                        char buf[static FIELDS_TEXT_LEN]);

/**
 * fields_compare(field, a, b): the order of two records by one field; none comes last. As
 * strcmp(3).
 */
int fields_compare(const struct field *field, const void *a, const void *b);

/**
 * fields_print(fields, n, record, json): fields_json() of a whole text, or fields_show().
 */
void fields_print(const struct field *fields, size_t n, const void *record, bool json);

/**
 * fields_show(fields, n, record), fields_json(fields, n, record, j):
 * All of a record: a line for each field, or an object.
 */
void fields_show(const struct field *fields, size_t n, const void *record);
void fields_json(const struct field *fields, size_t n, const void *record, struct json *j);

/* SPDX-License-Identifier: BSD-2-Clause */
/* What the daemon says about a thing, as a C structure. One table of fields serves reading
 * (call/dict.h), showing, sorting and JSON. Text is borrowed from the daemon's message. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attr.h"
#include "draw/json.h"

/* The D-Bus type and the C type of a member. A field that the daemon did not send is "none", and
 * fields_init() sets all fields to none. */
enum field_type {
        FIELD_TEXT,   /* s   const char *, none: NULL */
        FIELD_BOOL,   /* b   int, none: -1 */
        FIELD_NUMBER, /* u   uint32_t, none: UINT32_MAX */
        FIELD_COUNT,  /* t   uint64_t, none: UINT64_MAX */
        /* x   int64_t UNIX seconds, none: INT64_MAX */
        FIELD_TIME,
        /* as  char **, owned, none or empty: NULL */
        FIELD_LIST,
};

struct field {
        const char *name;
        enum field_type type;
        size_t offset;
        /* shown for a value that is none or empty; NULL hides such a field */
        const char *none;
        /* name for people; NULL means the same as name */
        const char *label;
};

/* Room for 16 services or networks of the greatest length and the commas between them. */
#define FIELDS_TEXT_LEN 2048

/**
 * fields_init(fields, n, record), fields_done(fields, n, record):
 * The first sets the ${n} fields of ${record} to none. The second frees what dict_read()
 * allocated and sets them to none again.
 */
void fields_init(const struct field *fields, size_t n, void *record);
void fields_done(const struct field *fields, size_t n, void *record);

/**
 * fields_clear(field, record): fields_done() for one field.
 */
void fields_clear(const struct field *field, void *record);

/**
 * fields_text(field, record, buf):
 * The value for people, in ${buf} or borrowed from ${record}. NULL when the value is none and
 * the field is hidden then.
 */
const char *fields_text(const struct field *field, const void *record,
                        char buf[static FIELDS_TEXT_LEN]);

/**
 * fields_time(field, record): the value of a field of the type FIELD_TIME. INT64_MAX: none.
 */
int64_t fields_time(const struct field *field, const void *record);

/**
 * fields_compare(field, a, b): compares two records by one field, as strcmp(3). None comes last.
 */
int fields_compare(const struct field *field, const void *a, const void *b);

/**
 * fields_print(fields, n, record, json): fields_json() as a whole JSON text, or fields_show().
 */
void fields_print(const struct field *fields, size_t n, const void *record, bool json);

/**
 * fields_show(fields, n, record), fields_json(fields, n, record, j):
 * Prints all fields of a record, as lines or as a JSON object.
 */
void fields_show(const struct field *fields, size_t n, const void *record);
void fields_json(const struct field *fields, size_t n, const void *record, struct json *j);

/**
 * fields_json_members(fields, n, record, j): fields_json() without the brackets of the object.
 */
void fields_json_members(const struct field *fields, size_t n, const void *record, struct json *j);

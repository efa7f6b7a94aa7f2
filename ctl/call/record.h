/* SPDX-License-Identifier: BSD-2-Clause */
/* What the daemon says in a dictionary (a{sv}), as a C structure. One table of fields serves
 * reading, showing, sorting and JSON. Text is borrowed from the message. A property without a
 * row is skipped: newer daemons may say more. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#include "attr.h"
#include "draw/json.h"

/* The type on the bus and of the member. "None" is what record_init() leaves and a missing
 * property means. */
enum record_type {
        RECORD_TEXT,   /* s   const char *, none: NULL */
        RECORD_BOOL,   /* b   int, none: -1 */
        RECORD_NUMBER, /* u   uint32_t, none: UINT32_MAX */
        RECORD_COUNT,  /* t   uint64_t, none: UINT64_MAX */
        /* x   int64_t UNIX seconds, none: INT64_MAX */
        RECORD_TIME,
        /* as  char **, owned, none and empty: NULL */
        RECORD_LIST,
};

struct record_field {
        const char *name;
        enum record_type type;
        size_t offset;
        /* shown for none and for empty; NULL: the field is then not shown */
        const char *none;
        /* what people see in the place of the name; NULL: the name */
        const char *label;
};

/* Room for 16 of the longest services or networks, with what parts them. */
#define RECORD_TEXT_LEN 2048

/**
 * record_init(fields, n, record), record_done(fields, n, record):
 * Sets each of the ${n} fields of ${record} to none; frees what record_read() allocated and sets
 * them to none again.
 */
void record_init(const struct record_field *fields, size_t n, void *record);
void record_done(const struct record_field *fields, size_t n, void *record);

/**
 * record_read(fields, n, m, record):
 * Reads the dictionary at which ${m} stands into ${record}, which was initialized. ${m} must
 * outlive the text.
 * Returns 1; 0 when there is no further dictionary; -errno, also for a known property of another
 * type.
 */
int record_read(const struct record_field *fields, size_t n, sd_bus_message *m,
                void *record) _must_check_;

/**
 * record_text(field, record, buf):
 * The field as people read it; in ${buf} or borrowed; NULL where it is none and such a field is
 * not shown.
 */
const char *record_text(const struct record_field *field, const void *record,
                        char buf[static RECORD_TEXT_LEN]);

/**
 * record_compare(field, a, b): the order of two records by one field; none comes last. As
 * strcmp(3).
 */
int record_compare(const struct record_field *field, const void *a, const void *b);

/**
 * record_show(fields, n, record), record_json(fields, n, record, j):
 * All of a record: a line for each field, or an object.
 */
void record_show(const struct record_field *fields, size_t n, const void *record);
void record_json(const struct record_field *fields, size_t n, const void *record, struct json *j);

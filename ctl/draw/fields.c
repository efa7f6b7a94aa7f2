/* SPDX-License-Identifier: BSD-2-Clause */
/* Shows, sorts and clears records by a table of fields. Does not know where a record comes from. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "draw/fields.h"
#include "draw/json.h"
#include "draw/print.h"
#include "draw/when.h"
#include "parse.h"

static void *member(const struct field *f, void *record) {
        return (char *) record + f->offset;
}

static const void *cmember(const struct field *f, const void *record) {
        return (const char *) record + f->offset;
}

static void set_none(const struct field *f, void *p) {
        switch (f->type) {
        case FIELD_TEXT:
                *(const char **) p = NULL;
                break;
        case FIELD_BOOL:
                *(int *) p = -1;
                break;
        case FIELD_NUMBER:
                *(uint32_t *) p = UINT32_MAX;
                break;
        case FIELD_COUNT:
                *(uint64_t *) p = UINT64_MAX;
                break;
        case FIELD_TIME:
                *(int64_t *) p = INT64_MAX;
                break;
        case FIELD_LIST:
                *(char ***) p = NULL;
                break;
        }
}

static void free_list(const struct field *f, void *p) {
        char **list;

        if (f->type != FIELD_LIST)
                return;
        list = *(char ***) p;
        for (size_t i = 0; list && list[i]; i++)
                free(list[i]);
        free(list);
}

void fields_clear(const struct field *field, void *record) {
        free_list(field, member(field, record));
        set_none(field, member(field, record));
}

void fields_init(const struct field *fields, size_t n, void *record) {
        for (size_t i = 0; i < n; i++)
                set_none(&fields[i], member(&fields[i], record));
}

void fields_done(const struct field *fields, size_t n, void *record) {
        for (size_t i = 0; i < n; i++)
                fields_clear(&fields[i], record);
}

static const char *join(char *const *list, char buf[static FIELDS_TEXT_LEN]) {
        size_t at = 0;

        for (size_t i = 0; list[i]; i++) {
                int len =
                        snprintf(buf + at, FIELDS_TEXT_LEN - at, "%s%s", i > 0 ? "," : "", list[i]);

                at += len < 0 ? 0 : (size_t) len;
                if (at >= FIELDS_TEXT_LEN)
                        break;
        }
        return buf;
}

static bool is_none(const struct field *f, const void *p) {
        switch (f->type) {
        case FIELD_TEXT:
                return !*(const char *const *) p;
        case FIELD_BOOL:
                return *(const int *) p < 0;
        case FIELD_NUMBER:
                return *(const uint32_t *) p == UINT32_MAX;
        case FIELD_COUNT:
                return *(const uint64_t *) p == UINT64_MAX;
        case FIELD_TIME:
                return *(const int64_t *) p == INT64_MAX;
        case FIELD_LIST:
                return !*(char *const *const *) p;
        }
        return true;
}

const char *fields_text(const struct field *field, const void *record,
                        char buf[static FIELDS_TEXT_LEN]) {
        const void *p = cmember(field, record);
        const char *text;

        if (is_none(field, p))
                return field->none;
        switch (field->type) {
        case FIELD_TEXT:
                text = *(const char *const *) p;
                return *text ? text : field->none;
        case FIELD_BOOL:
                return *(const int *) p ? "yes" : "no";
        case FIELD_NUMBER:
                (void) snprintf(buf, FIELDS_TEXT_LEN, "%" PRIu32, *(const uint32_t *) p);
                return buf;
        case FIELD_COUNT:
                (void) snprintf(buf, FIELDS_TEXT_LEN, "%" PRIu64, *(const uint64_t *) p);
                return buf;
        case FIELD_TIME:
                when_text(*(const int64_t *) p, buf);
                return buf;
        case FIELD_LIST:
                return join(*(char *const *const *) p, buf);
        }
        return field->none;
}

int64_t fields_time(const struct field *field, const void *record) {
        return *(const int64_t *) cmember(field, record);
}

#define ORDER(type, a, b)                                                                          \
        ((*(const type *) (a) > *(const type *) (b)) - (*(const type *) (a) < *(const type *) (b)))

static int compare_texts(const char *a, const char *b) {
        return a && b ? strcmp(a, b) : !a - !b;
}

int fields_compare(const struct field *field, const void *a, const void *b) {
        const void *p = cmember(field, a), *q = cmember(field, b);

        switch (field->type) {
        case FIELD_TEXT:
                return compare_texts(*(const char *const *) p, *(const char *const *) q);
        case FIELD_BOOL:
                return ORDER(int, p, q);
        case FIELD_NUMBER:
                return ORDER(uint32_t, p, q);
        case FIELD_COUNT:
                return ORDER(uint64_t, p, q);
        case FIELD_TIME:
                return ORDER(int64_t, p, q);
        case FIELD_LIST: /* lists have no order */
                return 0;
        }
        return 0;
}

static const char *label_of(const struct field *f) {
        return f->label ? f->label : f->name;
}

void fields_show(const struct field *fields, size_t n, const void *record) {
        char buf[FIELDS_TEXT_LEN];
        size_t width = 0;

        for (size_t i = 0; i < n; i++)
                if (fields_text(&fields[i], record, buf) && strlen(label_of(&fields[i])) > width)
                        width = strlen(label_of(&fields[i]));
        for (size_t i = 0; i < n; i++) {
                const char *text = fields_text(&fields[i], record, buf);

                if (text)
                        print_property(label_of(&fields[i]), width, text);
        }
}

static void json_list(const char *name, char *const *list, struct json *j) {
        json_open(j, name, '[');
        for (size_t i = 0; list && list[i]; i++)
                json_text(j, NULL, list[i]);
        json_close(j, ']');
}

/* What people do not see is null: also a text that is empty. */
static bool is_null(const struct field *f, const void *p) {
        return f->type == FIELD_TEXT ? is_none(f, p) || !**(const char *const *) p
                                     : f->type != FIELD_LIST && is_none(f, p);
}

static void json_field(const struct field *f, const void *p, struct json *j) {
        char time[PARSE_TIME_LEN];

        if (is_null(f, p)) {
                json_text(j, f->name, NULL);
                return;
        }
        switch (f->type) {
        case FIELD_TEXT:
                json_text(j, f->name, *(const char *const *) p);
                break;
        case FIELD_BOOL:
                json_bool(j, f->name, *(const int *) p);
                break;
        case FIELD_NUMBER:
                json_number(j, f->name, *(const uint32_t *) p);
                break;
        case FIELD_COUNT:
                json_number(j, f->name, *(const uint64_t *) p);
                break;
        case FIELD_TIME:
                parse_time_format(*(const int64_t *) p, time);
                json_text(j, f->name, time);
                break;
        case FIELD_LIST:
                json_list(f->name, *(char *const *const *) p, j);
                break;
        }
}

void fields_json_members(const struct field *fields, size_t n, const void *record, struct json *j) {
        for (size_t i = 0; i < n; i++)
                json_field(&fields[i], cmember(&fields[i], record), j);
}

void fields_json(const struct field *fields, size_t n, const void *record, struct json *j) {
        json_open(j, NULL, '{');
        fields_json_members(fields, n, record, j);
        json_close(j, '}');
}

void fields_print(const struct field *fields, size_t n, const void *record, bool json) {
        struct json j = {};

        if (json)
                fields_json(fields, n, record, &j);
        else
                fields_show(fields, n, record);
}

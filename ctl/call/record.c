/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call/record.h"
#include "draw/json.h"
#include "draw/print.h"
#include "parse.h"

static void *member(const struct record_field *f, void *record) {
        return (char *) record + f->offset;
}

static const void *cmember(const struct record_field *f, const void *record) {
        return (const char *) record + f->offset;
}

static void set_none(const struct record_field *f, void *p) {
        switch (f->type) {
        case RECORD_TEXT:
                *(const char **) p = NULL;
                break;
        case RECORD_BOOL:
                *(int *) p = -1;
                break;
        case RECORD_NUMBER:
                *(uint32_t *) p = UINT32_MAX;
                break;
        case RECORD_COUNT:
                *(uint64_t *) p = UINT64_MAX;
                break;
        case RECORD_TIME:
                *(int64_t *) p = INT64_MAX;
                break;
        case RECORD_LIST:
                *(char ***) p = NULL;
                break;
        }
}

static void free_list(const struct record_field *f, void *p) {
        char **list;

        if (f->type != RECORD_LIST)
                return;
        list = *(char ***) p;
        for (size_t i = 0; list && list[i]; i++)
                free(list[i]);
        free(list);
}

void record_init(const struct record_field *fields, size_t n, void *record) {
        for (size_t i = 0; i < n; i++)
                set_none(&fields[i], member(&fields[i], record));
}

void record_done(const struct record_field *fields, size_t n, void *record) {
        for (size_t i = 0; i < n; i++)
                free_list(&fields[i], member(&fields[i], record));
        record_init(fields, n, record);
}

static int read_value(const struct record_field *f, sd_bus_message *m, void *p) {
        static const char *const types[] = {
                [RECORD_TEXT] = "s",  [RECORD_BOOL] = "b", [RECORD_NUMBER] = "u",
                [RECORD_COUNT] = "t", [RECORD_TIME] = "x", [RECORD_LIST] = "as",
        };
        int r;

        r = sd_bus_message_enter_container(m, SD_BUS_TYPE_VARIANT, types[f->type]);
        if (r < 0)
                return r;
        free_list(f, p); /* a property can come twice */
        set_none(f, p);
        if (f->type == RECORD_LIST)
                r = sd_bus_message_read_strv(m, p);
        else
                r = sd_bus_message_read_basic(m, types[f->type][0], p);
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_property(const struct record_field *fields, size_t n, sd_bus_message *m,
                         void *record) {
        const char *name;
        int r;

        r = sd_bus_message_read_basic(m, SD_BUS_TYPE_STRING, &name);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n; i++)
                if (strcmp(fields[i].name, name) == 0)
                        return read_value(&fields[i], m, member(&fields[i], record));
        return sd_bus_message_skip(m, "v");
}

int record_read(const struct record_field *fields, size_t n, sd_bus_message *m, void *record) {
        int r;

        r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r <= 0)
                return r;
        while ((r = sd_bus_message_enter_container(m, SD_BUS_TYPE_DICT_ENTRY, "sv")) > 0) {
                r = read_property(fields, n, m, record);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        return r < 0 ? r : 1;
}

static const char *join(char *const *list, char buf[static RECORD_TEXT_LEN]) {
        size_t at = 0;

        for (size_t i = 0; list[i]; i++) {
                int len =
                        snprintf(buf + at, RECORD_TEXT_LEN - at, "%s%s", i > 0 ? "," : "", list[i]);

                at += len < 0 ? 0 : (size_t) len;
                if (at >= RECORD_TEXT_LEN)
                        break;
        }
        return buf;
}

static bool is_none(const struct record_field *f, const void *p) {
        switch (f->type) {
        case RECORD_TEXT:
                return !*(const char *const *) p;
        case RECORD_BOOL:
                return *(const int *) p < 0;
        case RECORD_NUMBER:
                return *(const uint32_t *) p == UINT32_MAX;
        case RECORD_COUNT:
                return *(const uint64_t *) p == UINT64_MAX;
        case RECORD_TIME:
                return *(const int64_t *) p == INT64_MAX;
        case RECORD_LIST:
                return !*(char *const *const *) p;
        }
        return true;
}

const char *record_text(const struct record_field *field, const void *record,
                        char buf[static RECORD_TEXT_LEN]) {
        const void *p = cmember(field, record);
        const char *text;

        if (is_none(field, p))
                return field->none;
        switch (field->type) {
        case RECORD_TEXT:
                text = *(const char *const *) p;
                return *text ? text : field->none;
        case RECORD_BOOL:
                return *(const int *) p ? "yes" : "no";
        case RECORD_NUMBER:
                (void) snprintf(buf, RECORD_TEXT_LEN, "%" PRIu32, *(const uint32_t *) p);
                return buf;
        case RECORD_COUNT:
                (void) snprintf(buf, RECORD_TEXT_LEN, "%" PRIu64, *(const uint64_t *) p);
                return buf;
        case RECORD_TIME:
                parse_time_format(*(const int64_t *) p, buf);
                return buf;
        case RECORD_LIST:
                return join(*(char *const *const *) p, buf);
        }
        return field->none;
}

#define ORDER(type, a, b)                                                                          \
        ((*(const type *) (a) > *(const type *) (b)) - (*(const type *) (a) < *(const type *) (b)))

static int compare_texts(const char *a, const char *b) {
        return a && b ? strcmp(a, b) : !a - !b;
}

int record_compare(const struct record_field *field, const void *a, const void *b) {
        const void *p = cmember(field, a), *q = cmember(field, b);

        switch (field->type) {
        case RECORD_TEXT:
                return compare_texts(*(const char *const *) p, *(const char *const *) q);
        case RECORD_BOOL:
                return ORDER(int, p, q);
        case RECORD_NUMBER:
                return ORDER(uint32_t, p, q);
        case RECORD_COUNT:
                return ORDER(uint64_t, p, q);
        case RECORD_TIME:
                return ORDER(int64_t, p, q);
        case RECORD_LIST: /* has no order */
                return 0;
        }
        return 0;
}

static const char *label_of(const struct record_field *f) {
        return f->label ? f->label : f->name;
}

void record_show(const struct record_field *fields, size_t n, const void *record) {
        char buf[RECORD_TEXT_LEN];
        size_t width = 0;

        for (size_t i = 0; i < n; i++)
                if (record_text(&fields[i], record, buf) && strlen(label_of(&fields[i])) > width)
                        width = strlen(label_of(&fields[i]));
        for (size_t i = 0; i < n; i++) {
                const char *text = record_text(&fields[i], record, buf);

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

static void json_field(const struct record_field *f, const void *p, struct json *j) {
        char time[PARSE_TIME_LEN];

        if (is_none(f, p) && f->type != RECORD_LIST) {
                json_text(j, f->name, NULL);
                return;
        }
        switch (f->type) {
        case RECORD_TEXT:
                json_text(j, f->name, *(const char *const *) p);
                break;
        case RECORD_BOOL:
                json_bool(j, f->name, *(const int *) p);
                break;
        case RECORD_NUMBER:
                json_number(j, f->name, *(const uint32_t *) p);
                break;
        case RECORD_COUNT:
                json_number(j, f->name, *(const uint64_t *) p);
                break;
        case RECORD_TIME:
                parse_time_format(*(const int64_t *) p, time);
                json_text(j, f->name, time);
                break;
        case RECORD_LIST:
                json_list(f->name, *(char *const *const *) p, j);
                break;
        }
}

void record_json(const struct record_field *fields, size_t n, const void *record, struct json *j) {
        json_open(j, NULL, '{');
        for (size_t i = 0; i < n; i++)
                json_field(&fields[i], cmember(&fields[i], record), j);
        json_close(j, '}');
}

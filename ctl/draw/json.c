/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes JSON to stdout. Does not know what it writes about. */
#include <inttypes.h>
#include <stdio.h>

#include "draw/json.h"

static void write_string(const char *text) {
        putchar('"');
        for (const unsigned char *p = (const unsigned char *) text; *p; p++) {
                if (*p == '"' || *p == '\\')
                        printf("\\%c", *p);
                else if (*p < 0x20 || *p == 0x7f)
                        printf("\\u%04x", *p);
                /* C1 control characters: JSON allows them, terminals obey them. */
                else if (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)
                        printf("\\u%04x", *++p);
                else
                        putchar(*p);
        }
        putchar('"');
}

static void begin_value(struct json *j, const char *name) {
        if (j->more)
                putchar(',');
        if (name) {
                write_string(name);
                putchar(':');
        }
        j->more = true;
}

void json_open(struct json *j, const char *name, char bracket) {
        begin_value(j, name);
        putchar(bracket);
        j->more = false;
        j->depth++;
}

void json_close(struct json *j, char bracket) {
        putchar(bracket);
        j->more = true;
        if (--j->depth == 0)
                putchar('\n');
}

void json_text(struct json *j, const char *name, const char *text) {
        begin_value(j, name);
        if (text)
                write_string(text);
        else
                fputs("null", stdout);
}

void json_number(struct json *j, const char *name, uint64_t number) {
        begin_value(j, name);
        printf("%" PRIu64, number);
}

void json_bool(struct json *j, const char *name, bool value) {
        begin_value(j, name);
        fputs(value ? "true" : "false", stdout);
}

void json_one_text(const char *name, const char *text) {
        struct json j = {};

        json_open(&j, NULL, '{');
        json_text(&j, name, text);
        json_close(&j, '}');
}

void json_one_number(const char *name, uint64_t number) {
        struct json j = {};

        json_open(&j, NULL, '{');
        json_number(&j, name, number);
        json_close(&j, '}');
}

void json_empty(void) {
        struct json j = {};

        json_open(&j, NULL, '{');
        json_close(&j, '}');
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes JSON. Does not know what it writes about. */
#include <stdint.h>
#include <stdio.h>

#include "draw/json.h"

static bool want_lines, has_begun;

void json_set_lines(bool lines) {
        want_lines = lines;
}

bool json_has_begun(void) {
        return has_begun;
}

static FILE *file_of(const struct json *j) {
        return j->file ? j->file : stdout;
}

/* What is written as it is. 0xc2 begins the C1 control characters: JSON allows them, terminals obey
 * them. */
static const bool plain[256] = {
        [0x20 ... '"' - 1] = true, ['"' + 1 ... '\\' - 1] = true, ['\\' + 1 ... 0x7e] = true,
        [0x80 ... 0xc1] = true,    [0xc3 ... 0xff] = true,
};

static void write_string(FILE *f, const char *text) {
        const unsigned char *p = (const unsigned char *) text;

        putc_unlocked('"', f);
        while (*p) {
                const unsigned char *begin = p;

                while (plain[*p])
                        p++;
                (void) fwrite_unlocked(begin, 1, (size_t) (p - begin), f);
                if (!*p)
                        break;
                if (*p == '"' || *p == '\\')
                        fprintf(f, "\\%c", *p);
                else if (*p != 0xc2)
                        fprintf(f, "\\u%04x", *p);
                else if (p[1] >= 0x80 && p[1] < 0xa0)
                        fprintf(f, "\\u%04x", *++p);
                else
                        putc_unlocked(*p, f);
                p++;
        }
        putc_unlocked('"', f);
}

static void begin_value(struct json *j, const char *name) {
        has_begun |= !j->file;
        if (j->more)
                putc_unlocked(',', file_of(j));
        if (name) {
                write_string(file_of(j), name);
                putc_unlocked(':', file_of(j));
        }
        j->more = true;
}

/* A text is a line, and so is a value of a list of lines. */
static void end_value(struct json *j) {
        if (j->depth > (j->lines ? 1 : 0))
                return;
        putc_unlocked('\n', file_of(j));
        j->more = false;
}

void json_open(struct json *j, const char *name, char bracket) {
        if (j->depth == 0 && bracket == '[' && want_lines) {
                has_begun = true;
                j->lines = true;
        } else {
                begin_value(j, name);
                putc_unlocked(bracket, file_of(j));
        }
        j->more = false;
        j->depth++;
}

void json_close(struct json *j, char bracket) {
        j->depth--;
        if (j->depth == 0 && j->lines)
                return;
        putc_unlocked(bracket, file_of(j));
        j->more = true;
        end_value(j);
}

void json_text(struct json *j, const char *name, const char *text) {
        begin_value(j, name);
        if (text)
                write_string(file_of(j), text);
        else
                fputs("null", file_of(j));
        end_value(j);
}

void json_number(struct json *j, const char *name, uint64_t number) {
        char digits[20];
        size_t at = sizeof(digits);

        begin_value(j, name);
        do
                digits[--at] = (char) ('0' + number % 10);
        while ((number /= 10) > 0);
        (void) fwrite_unlocked(digits + at, 1, sizeof(digits) - at, file_of(j));
        end_value(j);
}

void json_digits(struct json *j, const char *name, const char *digits) {
        begin_value(j, name);
        fputs(digits, file_of(j));
        end_value(j);
}

void json_bool(struct json *j, const char *name, bool value) {
        begin_value(j, name);
        fputs(value ? "true" : "false", file_of(j));
        end_value(j);
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

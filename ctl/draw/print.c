/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <inttypes.h>
#include <libsmartcols/libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "cli/harmless.h"
#include "draw/print.h"

#define PROPERTY_WIDTH 12

struct print_table {
        struct libscols_table *scols;
        size_t n;
        bool colours;
};

void print_property(const char *name, size_t width, const char *value) {
        _cleanup_free_ char *buffer = NULL;

        printf("%-*s  %s\n", width > PROPERTY_WIDTH ? (int) width : PROPERTY_WIDTH, name,
               harmless(value, &buffer));
}

/* https://no-color.org: set and not empty. */
static bool want_colours(void) {
        const char *no_color = secure_getenv("NO_COLOR"), *term = secure_getenv("TERM");

        return isatty(STDOUT_FILENO) && !(no_color && *no_color) && term &&
               strcmp(term, "dumb") != 0;
}

static const char *tone_sequence(enum print_tone tone) {
        switch (tone) {
        case PRINT_NORMAL:
                return NULL;
        case PRINT_DIM:
                return "\033[2m";
        case PRINT_RED:
                return "\033[31m";
        }
        return NULL;
}

void print_marked(const char *mark, enum print_tone tone, const char *text) {
        const char *sequence = want_colours() ? tone_sequence(tone) : NULL;
        _cleanup_free_ char *buffer = NULL;

        printf("%s%-7s%s  %s\n", sequence ? sequence : "", mark, sequence ? "\033[0m" : "",
               harmless(text, &buffer));
}

int print_table_new(struct print_table **ret, const struct print_column *columns, size_t n) {
        _cleanup_table_ struct print_table *table = calloc(1, sizeof(*table));

        if (!table)
                return -ENOMEM;
        table->scols = scols_new_table();
        table->n = n;
        table->colours = want_colours();
        if (!table->scols)
                return -ENOMEM;
        /* Cells have passed harmless(), and libsmartcols would escape its escapes. Where
         * setlocale(3) failed, though, it has to: measuring UTF-8 in the C locale never ends
         * (libsmartcols 2.38). */
        if (scols_table_enable_noencoding(table->scols, MB_CUR_MAX > 1) != 0 ||
            scols_table_enable_colors(table->scols, table->colours) != 0)
                return -EINVAL;
        for (size_t i = 0; i < n; i++) {
                int flags = columns[i].right ? SCOLS_FL_RIGHT : 0;

                if (!scols_table_new_column(table->scols, columns[i].name, 0, flags))
                        return -ENOMEM;
        }
        *ret = take_ptr(table);
        return 0;
}

struct print_table *print_table_free(struct print_table *table) {
        if (table)
                scols_unref_table(table->scols);
        free(table);
        return NULL;
}

int print_table_add(struct print_table *table, const char *const *cells, enum print_tone tone) {
        struct libscols_line *line = scols_table_new_line(table->scols, NULL); /* the table's own */
        int r;

        if (!line)
                return -ENOMEM;
        if (table->colours && scols_line_set_color(line, tone_sequence(tone)) != 0)
                return -ENOMEM;
        for (size_t i = 0; i < table->n; i++) {
                _cleanup_free_ char *buffer = NULL;

                r = scols_line_set_data(line, i, harmless(cells[i], &buffer));
                if (r != 0)
                        return r < 0 ? r : -EINVAL;
        }
        return 0;
}

int print_table_show(struct print_table *table) {
        int r = scols_print_table(table->scols);

        return r > 0 ? -EIO : r;
}

static void json_string(const char *text) {
        putchar('"');
        for (const unsigned char *p = (const unsigned char *) text; *p; p++) {
                if (*p == '"' || *p == '\\')
                        printf("\\%c", *p);
                else if (*p < 0x20 || *p == 0x7f)
                        printf("\\u%04x", *p);
                /* C1: JSON allows them, terminals obey them */
                else if (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)
                        printf("\\u%04x", *++p);
                else
                        putchar(*p);
        }
        putchar('"');
}

static void json_value(struct print_json *j, const char *name) {
        if (j->more)
                putchar(',');
        if (name) {
                json_string(name);
                putchar(':');
        }
        j->more = true;
}

void print_json_open(struct print_json *j, const char *name, char bracket) {
        json_value(j, name);
        putchar(bracket);
        j->more = false;
        j->depth++;
}

void print_json_close(struct print_json *j, char bracket) {
        putchar(bracket);
        j->more = true;
        if (--j->depth == 0)
                putchar('\n');
}

void print_json_text(struct print_json *j, const char *name, const char *text) {
        json_value(j, name);
        if (text)
                json_string(text);
        else
                fputs("null", stdout);
}

void print_json_number(struct print_json *j, const char *name, uint64_t number) {
        json_value(j, name);
        printf("%" PRIu64, number);
}

void print_json_bool(struct print_json *j, const char *name, bool value) {
        json_value(j, name);
        fputs(value ? "true" : "false", stdout);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Draws tables by libsmartcols, which no other file knows. Does not know what is in them. */
#include <errno.h>
#include <libsmartcols/libsmartcols.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "cli/harmless.h"
#include "cli/say.h"
#include "draw/screen.h"
#include "draw/table.h"

struct table {
        struct libscols_table *scols;
        size_t n;
        bool colours;
};

/* --- Columns that give up room, on a terminal --- */

/* Enough for one long word or two short ones. */
#define FOLD_WIDTH 20
/* A sentence asks for little: as the last column it gets what the others leave. */
#define WORDS_WIDTH 11

/* libsmartcols takes no const */
static char commas[] = ",", blanks[] = " ";

/* How wide a list is at least when it may go on in further lines. ${userdata} is what ends a
 * piece. */
static size_t measure_fold(const struct libscols_column *column, const char *data, void *userdata) {
        size_t width = strlen(data);

        (void) column;
        if (userdata == blanks)
                return width < WORDS_WIDTH ? width : WORDS_WIDTH;
        if (width <= FOLD_WIDTH)
                return width;
        width = FOLD_WIDTH;
        for (const char *word = data; *word; word += *word != '\0') {
                size_t len = strcspn(word, userdata);

                if (len > width)
                        width = len;
                word += len;
        }
        return width;
}

/* Ends the line at the last comma or blank for which there is room. Returns what is left of
 * ${data}. */
static char *next_fold(const struct libscols_column *column, char *data, void *userdata) {
        size_t width = scols_column_get_width(column), at;
        char *comma = NULL;

        if (!data || strlen(data) <= width)
                return NULL;
        for (at = strcspn(data, userdata); data[at] && (!comma || at <= width);
             at += 1 + strcspn(data + at + 1, userdata))
                comma = data + at;
        if (!comma)
                return NULL;
        *comma = '\0';
        return comma + 1;
}

static int add_column(struct libscols_table *scols, const struct table_column *column) {
        bool terminal = screen_is_terminal();
        bool fold = terminal && column->flags & (TABLE_FOLD | TABLE_WORDS);
        char *ends = column->flags & TABLE_WORDS ? blanks : commas;
        struct libscols_column *added = scols_table_new_column(
                scols, column->name, 0,
                (column->flags & TABLE_RIGHT ? SCOLS_FL_RIGHT : 0) |
                        (terminal && column->flags & TABLE_CUT ? SCOLS_FL_TRUNC : 0) |
                        (fold ? SCOLS_FL_WRAP : 0));

        if (!added)
                return -ENOMEM;
        return fold ? scols_column_set_wrapfunc(added, measure_fold, next_fold, ends) : 0;
}

int table_new(struct table **ret, const struct table_column *columns, size_t n) {
        _cleanup_table_ struct table *table = calloc(1, sizeof(*table));

        if (!table)
                return -ENOMEM;
        table->scols = scols_new_table();
        table->n = n;
        table->colours = tone_wanted();
        if (!table->scols)
                return -ENOMEM;
        /* harmless() has escaped the cells already, so libsmartcols must not. But when
         * setlocale(3) failed, libsmartcols has to escape: measuring UTF-8 in the C locale never
         * ends (libsmartcols 2.38). */
        if (scols_table_enable_noencoding(table->scols, MB_CUR_MAX > 1) != 0 ||
            scols_table_enable_colors(table->scols, table->colours) != 0)
                return -EINVAL;
        /* Behind a pager, libsmartcols sees no terminal. */
        if (screen_width() > 0 &&
            (scols_table_set_termforce(table->scols, SCOLS_TERMFORCE_ALWAYS) != 0 ||
             scols_table_set_termwidth(table->scols, screen_width()) != 0))
                return -EINVAL;
        for (size_t i = 0; i < n; i++)
                if (add_column(table->scols, &columns[i]) != 0)
                        return -ENOMEM;
        *ret = take_ptr(table);
        return 0;
}

struct table *table_free(struct table *table) {
        if (table)
                scols_unref_table(table->scols);
        free(table);
        return NULL;
}

int table_add(struct table *table, const char *const *cells, enum tone tone) {
        /* owned by the table */
        struct libscols_line *line = scols_table_new_line(table->scols, NULL);
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

int table_show(struct table *table) {
        int r = scols_print_table(table->scols);

        return r > 0 ? -EIO : r;
}

int table_show_more(struct table *table, size_t *widths) {
        int r = 0;

        for (size_t i = 0; i < table->n && widths[0] > 0; i++)
                r = r
                            ?: scols_column_set_whint(scols_table_get_column(table->scols, i),
                                                      (double) widths[i]);
        r = r ?: scols_table_enable_noheadings(table->scols, widths[0] > 0);
        r = r ?: table_show(table);
        for (size_t i = 0; i < table->n && r == 0; i++) {
                size_t width = scols_column_get_width(scols_table_get_column(table->scols, i));

                widths[i] = width > widths[i] ? width : widths[i];
        }
        return r > 0 ? -EINVAL : r;
}

enum exit_code table_result(int r) {
        if (r >= 0)
                return CTL_OK;
        say_error("cannot print the table: %s", strerror(-r));
        return CTL_FAILED;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads and fills dictionaries of D-Bus. Does not know what their properties mean. */
#include <errno.h>
#include <string.h>

#include "call/dict.h"
#include "cleanup.h"

static int read_value(const struct field *f, sd_bus_message *m, void *record) {
        void *p = (char *) record + f->offset;
        static const char *const types[] = {
                [FIELD_TEXT] = "s",  [FIELD_BOOL] = "b", [FIELD_NUMBER] = "u",
                [FIELD_COUNT] = "t", [FIELD_TIME] = "x", [FIELD_LIST] = "as",
        };
        int r;

        r = sd_bus_message_enter_container(m, SD_BUS_TYPE_VARIANT, types[f->type]);
        if (r < 0)
                return r;
        fields_clear(f, record); /* a property may come twice */
        if (f->type == FIELD_LIST)
                r = sd_bus_message_read_strv(m, p);
        else
                r = sd_bus_message_read_basic(m, types[f->type][0], p);
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* The field with this name; ${n}: none. The daemon has mostly the order of the table, so the search
 * begins at ${from}. */
static size_t find_field(const struct field *fields, size_t n, size_t from, const char *name) {
        for (size_t i = 0, at = from; i < n; i++, at++) {
                if (at >= n)
                        at = 0;
                if (fields[at].name[0] == name[0] && strcmp(fields[at].name, name) == 0)
                        return at;
        }
        return n;
}

/* ${at}: behind the field of the property before. */
static int read_property(const struct field *fields, size_t n, size_t *at, sd_bus_message *m,
                         void *record) {
        const char *name;
        size_t found;
        int r;

        r = sd_bus_message_read_basic(m, SD_BUS_TYPE_STRING, &name);
        if (r < 0)
                return r;
        found = find_field(fields, n, *at, name);
        if (found == n)
                return sd_bus_message_skip(m, "v");
        *at = found + 1;
        return read_value(&fields[found], m, record);
}

int dict_read(const struct field *fields, size_t n, sd_bus_message *m, void *record) {
        size_t at = 0;
        int r;

        r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r <= 0)
                return r;
        while ((r = sd_bus_message_enter_container(m, SD_BUS_TYPE_DICT_ENTRY, "sv")) > 0) {
                r = read_property(fields, n, &at, m, record);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        return r < 0 ? r : 1;
}

int dict_append_text(sd_bus_message *m, const char *name, const char *value) {
        return value ? sd_bus_message_append(m, "{sv}", name, "s", value) : 0;
}

int dict_append_options(sd_bus_message *m, const struct args *args, const char *const *names,
                        size_t n) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < n; i++)
                r = dict_append_text(m, names[i], args_value(args, names[i]));
        return r;
}

/* Appends the texts between commas to the array that is open. */
static int append_words(sd_bus_message *m, const char *text) {
        int r = 0;

        while (r >= 0 && text) {
                size_t len = strcspn(text, ",");
                _cleanup_free_ char *word = strndup(text, len);

                if (!word)
                        return -ENOMEM;
                r = sd_bus_message_append(m, "s", word);
                text = text[len] ? text + len + 1 : NULL;
        }
        return r;
}

int dict_append_words(sd_bus_message *m, const char *text) {
        int r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "s");

        if (r >= 0)
                r = append_words(m, text);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

/* Begins the property ${name}, an array of texts. */
static int open_array(sd_bus_message *m, const char *name) {
        int r = sd_bus_message_open_container(m, SD_BUS_TYPE_DICT_ENTRY, "sv");

        if (r >= 0)
                r = sd_bus_message_append(m, "s", name);
        return r < 0 ? r : sd_bus_message_open_container(m, SD_BUS_TYPE_VARIANT, "as");
}

static int close_array(sd_bus_message *m) {
        int r = sd_bus_message_close_container(m);

        return r < 0 ? r : sd_bus_message_close_container(m);
}

int dict_append_each(sd_bus_message *m, const char *name, const struct args *args,
                     const char *option) {
        const char *value;
        size_t at = 0;
        int r;

        if (!args_has(args, option))
                return 0;
        r = open_array(m, name);
        if (r >= 0)
                r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "s");
        while (r >= 0 && (value = args_next(args, option, &at)))
                r = append_words(m, value);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : close_array(m);
}

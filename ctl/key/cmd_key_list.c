/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists keys: sorts, cuts, draws. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "cli/say.h"
#include "draw/json.h"
#include "draw/table.h"
#include "draw/when.h"
#include "key/cmd_key_list.h"
#include "key/keyfields.h"
#include "key/keyid.h"
#include "key/keyquery.h"
#include "parse.h"
#include "text.h"

/* For each page of 200 the daemon looks at all keys. Beyond so many it is less work to fetch them
 * all and sort them here. */
#define SORTED_MAX 1000

/* In the order of --wide. */
static const struct column {
        struct table_column table;
        enum keyfield field;
        bool short_list;
} columns[] = {
        { { "ID", 0 }, KEYFIELD_ID, true },
        { { "OWNER", 0 }, KEYFIELD_OWNER, true },
        { { "NAME", TABLE_CUT }, KEYFIELD_NAME, true },
        { { "STATUS", 0 }, KEYFIELD_STATUS, true },
        /* What a key is good for is never cut: half a list would say less than the key may do. */
        { { "SERVICES", TABLE_FOLD }, KEYFIELD_SERVICES, true },
        { { "FROM", TABLE_FOLD }, KEYFIELD_NETWORKS, false },
        { { "CREATED", 0 }, KEYFIELD_CREATED, false },
        { { "UPDATED", 0 }, KEYFIELD_UPDATED, false },
        { { "EXPIRES", 0 }, KEYFIELD_EXPIRES, true },
        { { "LAST-USED", 0 }, KEYFIELD_LAST_USED, true },
        { { "USES", TABLE_RIGHT }, KEYFIELD_USES, false },
        { { "HOSTS", TABLE_FOLD }, KEYFIELD_HOSTS, false },
};

/* The columns of one list. */
struct shape {
        const struct column *columns[ARRAY_LEN(columns)];
        size_t n;
        bool distances; /* times as "3 min ago" */
        bool full;      /* nothing gives up room */
};

static enum exit_code find_sort(const struct args *args, const struct field **ret) {
        const char *sort = args_value(args, "sort");

        /* The daemon lists by id: a page of that order needs no look at all the keys. */
        *ret = &keyfields[args_has(args, "limit") || args_has(args, "after") ? KEYFIELD_ID
                                                                             : KEYFIELD_CREATED];
        if (!sort)
                return CTL_OK;
        for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
                const struct field *f = &keyfields[columns[i].field];

                if (f->type != FIELD_LIST && strcmp(f->name, sort) == 0) {
                        *ret = f;
                        return CTL_OK;
                }
        }
        say_error("cannot sort by '%s'. The fields are: id, name, owner, status, created, updated, "
                  "expires, last-used, uses",
                  sort);
        return CTL_USAGE;
}

static const struct column *find_column(const char *name, size_t len) {
        for (size_t i = 0; i < ARRAY_LEN(columns); i++)
                if (strlen(columns[i].table.name) == len &&
                    strncasecmp(columns[i].table.name, name, len) == 0)
                        return &columns[i];
        return NULL;
}

static enum exit_code read_columns(const char *names, struct shape *ret) {
        ret->n = 0;
        for (const char *name = names; name; name = strchr(name, ',')) {
                const struct column *column;
                size_t len;

                name += *name == ',';
                len = strcspn(name, ",");
                column = find_column(name, len);
                if (!column || ret->n == ARRAY_LEN(columns)) {
                        say_error(
                                column ? "--columns='%s' has a column twice"
                                       : "--columns='%s': the columns are id, owner, name, status, "
                                         "services, from, created, updated, expires, last-used, "
                                         "uses and hosts, with commas between them",
                                names);
                        return CTL_USAGE;
                }
                ret->columns[ret->n++] = column;
        }
        return CTL_OK;
}

static enum exit_code read_shape(const struct args *args, struct shape *ret) {
        const char *names = args_value(args, "columns");
        bool wide = args_has(args, "wide");

        if (names && wide) {
                say_error("--wide and --columns exclude each other: --wide shows all columns");
                return CTL_USAGE;
        }
        *ret = (struct shape){ .distances = !wide && isatty(STDOUT_FILENO), .full = wide };
        if (names)
                return read_columns(names, ret);
        for (size_t i = 0; i < ARRAY_LEN(columns); i++)
                if (wide || columns[i].short_list)
                        ret->columns[ret->n++] = &columns[i];
        return CTL_OK;
}

/* As the daemon does it. Never used is before all times, never ended is after them. */
static int compare(const void *a, const void *b, void *sort) {
        const struct field *const *field = sort, *id = &keyfields[KEYFIELD_ID];
        int64_t at[2] = {};
        int r = 0;

        if (*field == &keyfields[KEYFIELD_LAST_USED]) {
                at[0] = fields_time(*field, a), at[1] = fields_time(*field, b);
                r = (at[0] != INT64_MAX) - (at[1] != INT64_MAX);
        } else if (*field == &keyfields[KEYFIELD_NAME])
                r = strcasecmp(((const struct key *) a)->name, ((const struct key *) b)->name);
        else if (*field == &keyfields[KEYFIELD_OWNER])
                r = strcasecmp(((const struct key *) a)->owner, ((const struct key *) b)->owner);
        if (r == 0)
                r = fields_compare(*field, a, b);
        return r != 0 ? r : fields_compare(id, a, b);
}

static enum tone tone_of(const struct key *key) {
        if (strcmp(key->status, "revoked") == 0 || key->refused)
                return TONE_RED;
        return strcmp(key->status, "active") != 0 ? TONE_DIM : TONE_NORMAL;
}

/* The groups of hosts are for fleets: without a key of one the short list has no such column. */
static void add_hosts(struct shape *shape, const struct keys *keys) {
        const struct column *hosts = &columns[ARRAY_LEN(columns) - 1];

        for (size_t i = 0; i < keys->n; i++)
                if (keys->key[i].hosts) {
                        shape->columns[shape->n++] = hosts;
                        return;
                }
}

static const char *cell(const struct shape *shape, enum keyfield field, const struct key *key,
                        int64_t now, char buf[static FIELDS_TEXT_LEN]) {
        const struct field *f = &keyfields[field];
        int64_t t = f->type == FIELD_TIME ? fields_time(f, key) : INT64_MAX;

        if (t == INT64_MAX || !shape->distances)
                return fields_text(f, key, buf) ?: "-";
        when_distance(t, now, buf);
        return buf;
}

static int show_table(const struct keys *keys, const struct shape *shape) {
        _cleanup_table_ struct table *table = NULL;
        struct table_column table_columns[ARRAY_LEN(columns)];
        char texts[ARRAY_LEN(columns)][FIELDS_TEXT_LEN];
        const char *cells[ARRAY_LEN(columns)];
        int64_t now = time(NULL);
        int r;

        for (size_t c = 0; c < shape->n; c++) {
                table_columns[c] = shape->columns[c]->table;
                if (shape->full)
                        table_columns[c].flags &= TABLE_RIGHT;
        }
        r = table_new(&table, table_columns, shape->n);
        for (size_t i = 0; r >= 0 && i < keys->n; i++) {
                for (size_t c = 0; c < shape->n; c++)
                        cells[c] =
                                cell(shape, shape->columns[c]->field, &keys->key[i], now, texts[c]);
                r = table_add(table, cells, tone_of(&keys->key[i]));
        }
        return r < 0 ? r : table_show(table);
}

static void show_json(const struct keys *keys) {
        struct json j = {};

        json_open(&j, NULL, '[');
        for (size_t i = 0; i < keys->n; i++)
                fields_json(keyfields, _KEYFIELD_MAX, &keys->key[i], &j);
        json_close(&j, ']');
}

static enum exit_code show(const struct keys *keys, const struct keyquery *query,
                           struct shape *shape) {
        enum exit_code rc = CTL_OK;

        if (keys->n == 0)
                rc = keyquery_none(query);
        if (query->args->json) {
                show_json(keys);
                return rc;
        }
        if (!args_has(query->args, "columns") && !args_has(query->args, "wide"))
                add_hosts(shape, keys);
        return rc != CTL_OK ? rc : table_result(show_table(keys, shape));
}

static bool is_sorted(const struct keys *keys, const struct field *field) {
        for (size_t i = 1; i < keys->n; i++)
                if (compare(&keys->key[i - 1], &keys->key[i], &field) > 0)
                        return false;
        return true;
}

static void sort_keys(struct keys *keys, const struct field *field, bool reverse) {
        if (!is_sorted(keys, field))
                qsort_r(keys->key, keys->n, sizeof(*keys->key), compare, &field);
        for (size_t i = 0; reverse && i < keys->n / 2; i++) {
                struct key key = keys->key[i];

                keys->key[i] = keys->key[keys->n - 1 - i];
                keys->key[keys->n - 1 - i] = key;
        }
}

/* Keeps ${n} keys, from ${first} on. */
static void cut(struct keys *keys, size_t first, uint64_t n) {
        struct keys kept = { .key = keys->key };

        for (size_t i = 0; i < keys->n; i++)
                if (i >= first && kept.n < n) {
                        struct key key = keys->key[i];

                        keys->key[i] = (struct key){};
                        kept.key[kept.n++] = key;
                } else
                        keyfields_done(&keys->key[i]);
        keys->n = kept.n;
}

/* Cuts a page out of a list that is not sorted by id. The key ${after} must be in the list. */
static enum exit_code cut_page(struct keys *keys, const char *after, uint64_t most) {
        size_t first = 0;

        while (after && first < keys->n && strcmp(keys->key[first].id, after) != 0)
                first++;
        if (after && first == keys->n) {
                say_error("key %s is not in this list, so nothing comes after it", after);
                return CTL_NOT_FOUND;
        }
        cut(keys, after ? first + 1 : 0, most);
        return CTL_OK;
}

static enum exit_code read_page_options(const struct args *args, uint64_t *ret_most,
                                        const char **ret_after) {
        const char *limit = args_value(args, "limit"), *after = args_value(args, "after");

        *ret_most = UINT64_MAX;
        if (limit && parse_u64(limit, 1, UINT32_MAX, ret_most) < 0) {
                say_error("--limit='%s' is not a number of keys, 1 or more", limit);
                return CTL_USAGE;
        }
        if (after && keyid_read(&after) != CTL_OK)
                return CTL_USAGE;
        *ret_after = after;
        return CTL_OK;
}

static enum exit_code read_owner(const struct args *args, struct keyquery *query) {
        if (args->n_words == 0)
                return CTL_OK;
        if (query->owner) {
                say_error("give the owner once: as a word, or by --owner");
                return CTL_USAGE;
        }
        query->owner = args->words[0];
        return CTL_OK;
}

enum exit_code cmd_key_list(const struct args *args) {
        _cleanup_(keyquery_done) struct keys keys = {};
        struct keyquery query;
        struct shape shape;
        const struct field *sort;
        const char *after;
        bool reverse = args_has(args, "reverse");
        enum exit_code rc;
        uint64_t most;

        rc = find_sort(args, &sort);
        if (rc == CTL_OK)
                rc = read_page_options(args, &most, &after);
        if (rc == CTL_OK)
                rc = read_shape(args, &shape);
        if (rc == CTL_OK)
                rc = keyquery_read(args, &query);
        if (rc == CTL_OK)
                rc = read_owner(args, &query);
        if (rc != CTL_OK)
                return rc;
        if ((sort == &keyfields[KEYFIELD_ID] && !reverse) || most <= SORTED_MAX) {
                /* The daemon sorts as well, so ask for this page only. */
                query.most = most;
                query.sort = sort == &keyfields[KEYFIELD_ID] && !reverse ? NULL : sort->name;
                query.reverse = reverse;
                (void) text_copy(query.after, sizeof(query.after), after ? after : "");
                after = NULL;
        }
        rc = keyquery_fetch(&query, &keys);
        if (rc != CTL_OK)
                return rc;
        sort_keys(&keys, sort, reverse);
        rc = cut_page(&keys, after, most);
        return rc != CTL_OK ? rc : show(&keys, &query, &shape);
}

enum exit_code cmd_key_list_expiring(const struct args *args) {
        _cleanup_(keyquery_done) struct keys keys = {};
        struct keyquery query;
        struct shape shape;
        const char *within = args_value(args, "within");
        enum exit_code rc;
        int64_t seconds;

        if (!within || parse_duration(within, &seconds) < 0) {
                say_error(
                        "--within is missing or wrong: give a duration with its unit, such as 14d");
                return CTL_USAGE;
        }
        rc = read_shape(args, &shape);
        if (rc == CTL_OK)
                rc = keyquery_read(args, &query);
        if (rc != CTL_OK)
                return rc;
        query.status = "active";
        query.expires_before = time(NULL) + seconds;
        rc = keyquery_fetch(&query, &keys);
        if (rc != CTL_OK)
                return rc;
        sort_keys(&keys, &keyfields[KEYFIELD_EXPIRES], false);
        rc = show(&keys, &query, &shape);
        return rc == CTL_OK && keys.n > 0 ? CTL_REFUSED : rc;
}

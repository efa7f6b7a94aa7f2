/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists keys: asks page by page, sorts, cuts, draws. Which keys a user may see is the daemon's
 * decision. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "call/call.h"
#include "call/dict.h"
#include "cli/say.h"
#include "draw/json.h"
#include "draw/table.h"
#include "key/cmd_key_list.h"
#include "key/keyfields.h"
#include "key/keyid.h"
#include "keytext.h"
#include "parse.h"
#include "text.h"

struct keys {
        struct key *key;
        size_t n, room;
};

static const struct table_column columns[] = {
        { "ID", false },       { "NAME", false },      { "OWNER", false },   { "STATUS", false },
        { "SERVICES", false }, { "FROM", false },      { "CREATED", false }, { "UPDATED", false },
        { "EXPIRES", false },  { "LAST-USED", false }, { "USES", true },     { "HOSTS", false },
};
static const enum keyfield column_fields[] = {
        KEYFIELD_ID,       KEYFIELD_NAME,      KEYFIELD_OWNER,   KEYFIELD_STATUS,
        KEYFIELD_SERVICES, KEYFIELD_NETWORKS,  KEYFIELD_CREATED, KEYFIELD_UPDATED,
        KEYFIELD_EXPIRES,  KEYFIELD_LAST_USED, KEYFIELD_USES,    KEYFIELD_HOSTS,
};
_Static_assert(ARRAY_LEN(columns) == ARRAY_LEN(column_fields), "a field for each column");

static void keys_done(struct keys *keys) {
        for (size_t i = 0; i < keys->n; i++)
                keyfields_done(&keys->key[i]);
        free(keys->key);
}

static int keys_reserve(struct keys *keys) {
        size_t room = keys->room > 0 ? 2 * keys->room : 200;
        struct key *key;

        if (keys->n < keys->room)
                return 0;
        key = reallocarray(keys->key, room, sizeof(*key));
        if (!key)
                return -ENOMEM;
        keys->key = key;
        keys->room = room;
        return 0;
}

/* Adds the keys of one answer. ${ret_next} belongs to the answer. */
static int read_page(struct keys *keys, sd_bus_message *m, const char **ret_next) {
        const char *next;
        int r;

        r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "a{sv}");
        while (r >= 0) {
                r = keys_reserve(keys);
                if (r >= 0)
                        r = keyfields_read(&keys->key[keys->n], m);
                if (r <= 0)
                        break;
                keys->n++;
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        if (r >= 0)
                r = sd_bus_message_read(m, "s", &next);
        if (r < 0)
                return r;
        *ret_next = next;
        return 0;
}

/* Which keys to ask for, besides those that the options name. */
struct query {
        const struct args *args;
        /* active keys that end before this time; 0: all keys */
        int64_t expiring_before;
        uint64_t most; /* at most so many, by id */
        char after[KEYTEXT_ID_LEN + 1];
};

static int append_filter(sd_bus_message *m, const struct query *query) {
        static const char *const names[] = { "owner", "linked", "status", "search" };
        int r;

        r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r >= 0)
                r = dict_append_options(m, query->args, names, ARRAY_LEN(names));
        if (r >= 0 && query->expiring_before != 0)
                r = sd_bus_message_append(m, "{sv}{sv}", "status", "s", "active", "expires-before",
                                          "x", query->expiring_before);
        if (r >= 0)
                r = dict_append_text(m, "after", query->after[0] ? query->after : NULL);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static enum exit_code fetch(struct keys *keys, struct query *query) {
        _cleanup_call_ struct call call = {};
        _cleanup_message_ sd_bus_message *reply = NULL;
        const char *next;
        enum exit_code rc;
        int r;

        rc = call_open(&call, query->args->control);
        if (rc != CTL_OK)
                return rc;
        do {
                _cleanup_message_ sd_bus_message *m = NULL;

                rc = call_method(&call, "ListKeys", &m);
                if (rc != CTL_OK)
                        return rc;
                reply = sd_bus_message_unref(reply);
                rc = call_send(&call, m, append_filter(m, query), &reply);
                if (rc != CTL_OK)
                        return rc;
                r = read_page(keys, reply, &next);
                /* A page may be empty, but each page must begin later, or this would never end. */
                if (r >= 0 && *next && (!keytext_is_id(next) || strcmp(next, query->after) <= 0))
                        r = -EBADMSG;
                if (r < 0)
                        return call_misread(r);
                (void) text_copy(query->after, sizeof(query->after), next);
        } while (query->after[0] && keys->n < query->most);
        return CTL_OK;
}

/* Finds the field of the option sort: any column that has an order, by its name in `key show`. */
static enum exit_code find_sort(const struct args *args, const struct field **ret) {
        const char *sort = args_value(args, "sort");

        *ret = &keyfields[KEYFIELD_ID];
        if (!sort)
                return CTL_OK;
        for (size_t i = 0; i < ARRAY_LEN(column_fields); i++) {
                const struct field *f = &keyfields[column_fields[i]];

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

static int compare(const void *a, const void *b, void *sort) {
        const struct field *const *field = sort;
        int r = fields_compare(*field, a, b);

        return r != 0 ? r : fields_compare(&keyfields[KEYFIELD_ID], a, b);
}

static enum tone tone_of(const struct key *key) {
        if (strcmp(key->status, "revoked") == 0 || key->refused)
                return TONE_RED;
        return strcmp(key->status, "expired") == 0 ? TONE_DIM : TONE_NORMAL;
}

/* The last column is for fleets: without a key of one it is left out. */
static size_t count_columns(const struct keys *keys) {
        for (size_t i = 0; i < keys->n; i++)
                if (keys->key[i].hosts)
                        return ARRAY_LEN(columns);
        return ARRAY_LEN(columns) - 1;
}

static int show_table(const struct keys *keys) {
        _cleanup_table_ struct table *table = NULL;
        char texts[ARRAY_LEN(columns)][FIELDS_TEXT_LEN];
        const char *cells[ARRAY_LEN(columns)];
        size_t n = count_columns(keys);
        int r;

        r = table_new(&table, columns, n);
        for (size_t i = 0; r >= 0 && i < keys->n; i++) {
                for (size_t c = 0; c < n; c++) {
                        cells[c] =
                                fields_text(&keyfields[column_fields[c]], &keys->key[i], texts[c]);
                        cells[c] = cells[c] ? cells[c] : "-";
                }
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

static enum exit_code show(const struct keys *keys, const struct args *args) {
        if (args->json) {
                show_json(keys);
                return CTL_OK;
        }
        if (keys->n == 0)
                say_note("no keys");
        return table_result(show_table(keys));
}

static void sort_keys(struct keys *keys, const struct field *field) {
        if (keys->n > 0)
                qsort_r(keys->key, keys->n, sizeof(*keys->key), compare, &field);
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
        *ret_after = after;
        return after ? keyid_check(after) : CTL_OK;
}

enum exit_code cmd_key_list(const struct args *args) {
        _cleanup_(keys_done) struct keys keys = {};
        struct query query = { .args = args, .most = UINT64_MAX };
        const struct field *sort;
        const char *after;
        enum exit_code rc;
        uint64_t most;

        rc = find_sort(args, &sort);
        if (rc == CTL_OK)
                rc = read_page_options(args, &most, &after);
        if (rc != CTL_OK)
                return rc;
        if (sort == &keyfields[KEYFIELD_ID]) {
                /* The daemon sorts by id as well, so ask for this page only. */
                query.most = most;
                (void) text_copy(query.after, sizeof(query.after), after ? after : "");
                after = NULL;
        }
        rc = fetch(&keys, &query);
        if (rc != CTL_OK)
                return rc;
        sort_keys(&keys, sort);
        rc = cut_page(&keys, after, most);
        return rc != CTL_OK ? rc : show(&keys, args);
}

enum exit_code cmd_key_list_expiring(const struct args *args) {
        _cleanup_(keys_done) struct keys keys = {};
        struct query query = { .args = args, .most = UINT64_MAX };
        const char *within = args_value(args, "within");
        enum exit_code rc;
        int64_t seconds;

        if (!within || parse_duration(within, &seconds) < 0) {
                say_error(
                        "--within is missing or wrong: give a duration with its unit, such as 14d");
                return CTL_USAGE;
        }
        query.expiring_before = time(NULL) + seconds;
        rc = fetch(&keys, &query);
        if (rc != CTL_OK)
                return rc;
        sort_keys(&keys, &keyfields[KEYFIELD_EXPIRES]);
        rc = show(&keys, args);
        return rc == CTL_OK && keys.n > 0 ? CTL_REFUSED : rc;
}

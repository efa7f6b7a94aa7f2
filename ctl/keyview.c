#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "call.h"
#include "key.h"
#include "keytext.h"
#include "keyview.h"
#include "record.h"
#include "text.h"

struct key {
        const char *id, *owner, *name, *status, *reason, *last_service, *last_rhost;
        uint32_t owner_uid;
        char **services, **networks;
        int64_t created, updated, expires, last_used;
        uint64_t uses;
        sd_bus_message *message; /* holds the text */
};

struct keys {
        struct key *key;
        size_t n, room;
};

enum field {
        FIELD_ID,
        FIELD_NAME,
        FIELD_OWNER,
        FIELD_OWNER_UID,
        FIELD_STATUS,
        FIELD_REASON,
        FIELD_SERVICES,
        FIELD_NETWORKS,
        FIELD_CREATED,
        FIELD_UPDATED,
        FIELD_EXPIRES,
        FIELD_LAST_USED,
        FIELD_LAST_SERVICE,
        FIELD_LAST_RHOST,
        FIELD_USES,
        _FIELD_MAX,
};

/* In the order of `key show` and of the members in JSON. */
static const struct record_field fields[] = {
        [FIELD_ID] = { "id", RECORD_TEXT, offsetof(struct key, id), "-" },
        [FIELD_NAME] = { "name", RECORD_TEXT, offsetof(struct key, name), "-" },
        [FIELD_OWNER] = { "owner", RECORD_TEXT, offsetof(struct key, owner), "-" },
        [FIELD_OWNER_UID] = { "owner-uid", RECORD_NUMBER, offsetof(struct key, owner_uid), "-" },
        [FIELD_STATUS] = { "status", RECORD_TEXT, offsetof(struct key, status), "-" },
        [FIELD_REASON] = { "reason", RECORD_TEXT, offsetof(struct key, reason), "-" },
        [FIELD_SERVICES] = { "services", RECORD_LIST, offsetof(struct key, services), "any" },
        [FIELD_NETWORKS] = { "networks", RECORD_LIST, offsetof(struct key, networks), "any" },
        [FIELD_CREATED] = { "created", RECORD_TIME, offsetof(struct key, created), "-" },
        [FIELD_UPDATED] = { "updated", RECORD_TIME, offsetof(struct key, updated), "-" },
        [FIELD_EXPIRES] = { "expires", RECORD_TIME, offsetof(struct key, expires), "never" },
        [FIELD_LAST_USED] = { "last-used", RECORD_TIME, offsetof(struct key, last_used), "-" },
        [FIELD_LAST_SERVICE] = { "last-service", RECORD_TEXT, offsetof(struct key, last_service), "-" },
        [FIELD_LAST_RHOST] = { "last-rhost", RECORD_TEXT, offsetof(struct key, last_rhost), "-" },
        [FIELD_USES] = { "uses", RECORD_COUNT, offsetof(struct key, uses), "-" },
};
_Static_assert(ARRAY_LEN(fields) == _FIELD_MAX, "a row for each field");

static const struct print_column columns[] = {
        { "ID", false },        { "NAME", false }, { "OWNER", false },   { "STATUS", false },
        { "SERVICES", false },  { "FROM", false }, { "CREATED", false }, { "EXPIRES", false },
        { "LAST-USED", false }, { "USES", true },
};
static const enum field column_fields[] = {
        FIELD_ID,       FIELD_NAME,    FIELD_OWNER,   FIELD_STATUS,    FIELD_SERVICES,
        FIELD_NETWORKS, FIELD_CREATED, FIELD_EXPIRES, FIELD_LAST_USED, FIELD_USES,
};
_Static_assert(ARRAY_LEN(columns) == ARRAY_LEN(column_fields), "a field for each column");

static void key_done(struct key *key) {
        record_done(fields, ARRAY_LEN(fields), key);
        key->message = sd_bus_message_unref(key->message);
}

static void keys_done(struct keys *keys) {
        for (size_t i = 0; i < keys->n; i++)
                key_done(&keys->key[i]);
        free(keys->key);
}

/* Reads one key at ${m}: 1, 0 when there is no further one, -errno. */
static int key_read(struct key *ret, sd_bus_message *m) {
        _cleanup_(key_done) struct key key = {};
        int r;

        record_init(fields, ARRAY_LEN(fields), &key);
        r = record_read(fields, ARRAY_LEN(fields), m, &key);
        if (r <= 0)
                return r;
        if (!key.id || !key.status)
                return -EBADMSG;
        key.message = sd_bus_message_ref(m);
        *ret = key;
        key = (struct key){}; /* ended by the caller */
        return 1;
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

/* Adds the keys of one answer; ${ret_next} is borrowed from it. */
static int read_page(struct keys *keys, sd_bus_message *m, const char **ret_next) {
        const char *next;
        int r;

        r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "a{sv}");
        while (r >= 0) {
                r = keys_reserve(keys);
                if (r >= 0)
                        r = key_read(&keys->key[keys->n], m);
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

static int append_filter(sd_bus_message *m, const struct args *args, const char *after) {
        static const char *const names[] = { "owner", "status", "search" };
        int r;

        r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "{sv}");
        for (size_t i = 0; r >= 0 && i < ARRAY_LEN(names); i++) {
                const char *value = args_value(args, names[i]);

                if (value)
                        r = sd_bus_message_append(m, "{sv}", names[i], "s", value);
        }
        if (r >= 0 && *after)
                r = sd_bus_message_append(m, "{sv}", "after", "s", after);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static enum exit_code fetch(struct keys *keys, const struct args *args) {
        _cleanup_call_ struct call call = {};
        _cleanup_message_ sd_bus_message *reply = NULL;
        char after[KEYTEXT_ID_LEN + 1] = "";
        const char *next;
        enum exit_code rc;
        int r;

        rc = call_open(&call, args->control);
        if (rc != CTL_OK)
                return rc;
        do {
                _cleanup_message_ sd_bus_message *m = NULL;

                rc = call_method(&call, "ListKeys", &m);
                if (rc != CTL_OK)
                        return rc;
                r = append_filter(m, args, after);
                if (r < 0)
                        return call_unmade(r);
                reply = sd_bus_message_unref(reply);
                rc = call_send(&call, m, &reply);
                if (rc != CTL_OK)
                        return rc;
                r = read_page(keys, reply, &next);
                /* A page of a search may be empty, but each must get further, or this would go on for ever. */
                if (r >= 0 && *next && (!keytext_is_id(next) || strcmp(next, after) <= 0))
                        r = -EBADMSG;
                if (r < 0)
                        return call_misread(r);
                (void) text_copy(after, sizeof(after), next);
        } while (*after);
        return CTL_OK;
}

/* Every column that has an order, under its name in `key show`. */
static enum exit_code find_sort(const struct args *args, const struct record_field **ret) {
        const char *sort = args_value(args, "sort");

        *ret = &fields[FIELD_ID];
        if (!sort)
                return CTL_OK;
        for (size_t i = 0; i < ARRAY_LEN(column_fields); i++) {
                const struct record_field *f = &fields[column_fields[i]];

                if (f->type != RECORD_LIST && strcmp(f->name, sort) == 0) {
                        *ret = f;
                        return CTL_OK;
                }
        }
        print_error("cannot sort by '%s'; right would be: id, name, owner, status, created, expires, "
                    "last-used, uses",
                    sort);
        return CTL_USAGE;
}

static int compare(const void *a, const void *b, void *sort) {
        const struct record_field *const *field = sort;
        int r = record_compare(*field, a, b);

        return r != 0 ? r : record_compare(&fields[FIELD_ID], a, b);
}

static enum print_tone tone_of(const struct key *key) {
        if (strcmp(key->status, "revoked") == 0)
                return PRINT_RED;
        return strcmp(key->status, "expired") == 0 ? PRINT_DIM : PRINT_NORMAL;
}

static int show_table(const struct keys *keys) {
        _cleanup_table_ struct print_table *table = NULL;
        char texts[ARRAY_LEN(columns)][RECORD_TEXT_LEN];
        const char *cells[ARRAY_LEN(columns)];
        int r;

        r = print_table_new(&table, columns, ARRAY_LEN(columns));
        for (size_t i = 0; r >= 0 && i < keys->n; i++) {
                for (size_t c = 0; c < ARRAY_LEN(columns); c++)
                        cells[c] = record_text(&fields[column_fields[c]], &keys->key[i], texts[c]);
                r = print_table_add(table, cells, tone_of(&keys->key[i]));
        }
        return r < 0 ? r : print_table_show(table);
}

static void show_json(const struct keys *keys) {
        struct print_json j = {};

        print_json_open(&j, NULL, '[');
        for (size_t i = 0; i < keys->n; i++)
                record_json(fields, ARRAY_LEN(fields), &keys->key[i], &j);
        print_json_close(&j, ']');
}

enum exit_code keyview_list(const struct args *args) {
        _cleanup_(keys_done) struct keys keys = {};
        const struct record_field *sort;
        enum exit_code rc;
        int r;

        rc = find_sort(args, &sort);
        if (rc == CTL_OK)
                rc = fetch(&keys, args);
        if (rc != CTL_OK)
                return rc;
        if (keys.n > 0)
                qsort_r(keys.key, keys.n, sizeof(*keys.key), compare, &sort);
        if (args->json) {
                show_json(&keys);
                return CTL_OK;
        }
        if (keys.n == 0)
                print_note("no keys");
        r = show_table(&keys);
        if (r >= 0)
                return CTL_OK;
        print_error("cannot print the table: %s", strerror(-r));
        return CTL_FAILED;
}

enum exit_code keyview_show(const struct args *args) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        _cleanup_(key_done) struct key key = {};
        struct print_json j = {};
        enum exit_code rc;
        int r;

        rc = key_check_id(args->words[0]);
        if (rc == CTL_OK)
                rc = call_once(args->control, "GetKey", &reply, "s", args->words[0]);
        if (rc != CTL_OK)
                return rc;
        r = key_read(&key, reply);
        if (r <= 0)
                return call_misread(r < 0 ? r : -EBADMSG);
        if (args->json)
                record_json(fields, ARRAY_LEN(fields), &key, &j);
        else
                record_show(fields, ARRAY_LEN(fields), &key);
        return CTL_OK;
}

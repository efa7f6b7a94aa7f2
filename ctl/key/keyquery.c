/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks for keys page by page. Which keys a user may see is the daemon's decision. */
#include <errno.h>
#include <pwd.h>
#include <string.h>

#include "call/call.h"
#include "call/dict.h"
#include "cli/options.h"
#include "cli/say.h"
#include "key/keyquery.h"
#include "text.h"

#define PAGE_MAX 200 /* the daemon's */

/* Half of the ids there can be come up to this one. No key needs to have it. */
#define MIDDLE  "V000000000"
#define N_LANES 2

/* One walk through keys, in the order of their ids or of the query. */
struct lane {
        struct keyquery query; /* its place moves on */
        const char *end;       /* NULL: to the last id */
        struct keys keys;      /* owned */
        struct call_pending pending;
        bool left; /* there may be more */
};

void keyquery_done(struct keys *keys) {
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

static int append_order(sd_bus_message *m, const struct keyquery *query, uint64_t most) {
        return sd_bus_message_append(m, "{sv}{sv}{sv}", "sort", "s", query->sort, "reverse", "b",
                                     (int) query->reverse, "limit", "u",
                                     (uint32_t) (most < PAGE_MAX ? most : PAGE_MAX));
}

/* For an answer with ${most} keys. */
static int append_filter(sd_bus_message *m, const struct keyquery *query, uint64_t most) {
        static const char *const names[] = { "linked", "search", "realm" };
        int r;

        r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r >= 0)
                r = dict_append_options(m, query->args, names, ARRAY_LEN(names));
        if (r >= 0)
                r = dict_append_text(m, "owner", query->owner);
        if (r >= 0)
                r = dict_append_text(m, "user", args_value(query->args, "all-of"));
        if (r >= 0)
                r = dict_append_text(m, "status", query->status);
        if (r >= 0)
                r = dict_append_each(m, "services", query->args, "service");
        if (r >= 0)
                r = dict_append_text(m, "source", args_value(query->args, "from"));
        if (r >= 0 && query->expires_before != 0)
                r = sd_bus_message_append(m, "{sv}", "expires-before", "x", query->expires_before);
        if (r >= 0 && query->ends_before != 0)
                r = sd_bus_message_append(m, "{sv}", "ends-before", "x", query->ends_before);
        if (r >= 0 && query->unused_since != 0)
                r = sd_bus_message_append(m, "{sv}", "unused-since", "x", query->unused_since);
        if (r >= 0 && query->sort)
                r = append_order(m, query, most);
        if (r >= 0)
                r = dict_append_text(m, "after", query->after[0] ? query->after : NULL);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

enum exit_code keyquery_read(const struct args *args, struct keyquery *ret) {
        struct keyquery query = { .args = args,
                                  .owner = args_value(args, "owner"),
                                  .status = args_value(args, "status"),
                                  .most = UINT64_MAX };
        enum exit_code rc;

        rc = options_when(args, "expires-before", MOMENT_AHEAD, &query.expires_before);
        if (rc == CTL_OK)
                rc = options_when(args, "unused-since", MOMENT_AGO, &query.unused_since);
        if (rc == CTL_OK)
                *ret = query;
        return rc;
}

enum exit_code keyquery_none(const struct keyquery *query) {
        /* The daemon alone knows the users of realms. */
        if (query->owner && !strchr(query->owner, ':') && !getpwnam(query->owner)) {
                say_error("there is no user '%s', and no key of one", query->owner);
                return CTL_NOT_FOUND;
        }
        say_note("no keys");
        return CTL_OK;
}

/* A page may be empty, but each page must begin later, or this would never end. */
static bool is_later(const struct keyquery *query, const char *next) {
        if (!*next)
                return true;
        if (query->sort)
                return strlen(next) < sizeof(query->after) && strcmp(next, query->after) != 0;
        return keytext_is_id(next) && strcmp(next, query->after) > 0;
}

/* Asks for the page behind the last one. */
static enum exit_code ask(const struct call *call, struct lane *lane) {
        _cleanup_message_ sd_bus_message *m = NULL;
        enum exit_code rc = call_method(call, "ListKeys", &m);

        if (rc != CTL_OK)
                return rc;
        return call_start(call, m, append_filter(m, &lane->query, lane->query.most - lane->keys.n),
                          &lane->pending);
}

/* Drops the keys behind the middle, which the other lane brings. */
static void drop_behind(struct keys *keys, const char *middle) {
        while (keys->n > 0 && strcmp(keys->key[keys->n - 1].id, middle) > 0)
                keyfields_done(&keys->key[--keys->n]);
}

static enum exit_code take(const struct call *call, struct lane *lane) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        struct keyquery *query = &lane->query;
        const char *next = "";
        enum exit_code rc = call_finish(call, &lane->pending, &reply);
        int r;

        if (rc != CTL_OK)
                return rc;
        r = read_page(&lane->keys, reply, &next);
        if (r >= 0 && !is_later(query, next))
                r = -EBADMSG;
        if (r < 0)
                return call_misread(r);
        (void) text_copy(query->after, sizeof(query->after), next);
        if (lane->end)
                drop_behind(&lane->keys, lane->end);
        lane->left =
                *next && lane->keys.n < query->most && (!lane->end || strcmp(next, lane->end) < 0);
        return CTL_OK;
}

/* A long list by id is two lists, in which the daemon looks for the one's next page while the one
 * of the other is read here. Nothing is asked twice when there is one page only. */
static void divide(struct lane lanes[static N_LANES], const struct keyquery *query) {
        if (!lanes[0].left || query->sort || query->most != UINT64_MAX || query->after[0] ||
            strcmp(lanes[0].query.after, MIDDLE) >= 0)
                return;
        lanes[0].end = MIDDLE;
        lanes[1].query = *query;
        (void) text_copy(lanes[1].query.after, sizeof(lanes[1].query.after), MIDDLE);
        lanes[1].left = true;
}

static enum exit_code fetch(const struct call *call, const struct keyquery *query,
                            struct lane lanes[static N_LANES]) {
        enum exit_code rc;

        lanes[0].query = *query;
        rc = ask(call, &lanes[0]);
        if (rc == CTL_OK)
                rc = take(call, &lanes[0]);
        if (rc != CTL_OK)
                return rc;
        divide(lanes, query);
        for (size_t i = 0; rc == CTL_OK && i < N_LANES; i++)
                if (lanes[i].left)
                        rc = ask(call, &lanes[i]);
        for (size_t i = 0; rc == CTL_OK && (lanes[0].left || lanes[1].left); i = !i) {
                if (!lanes[i].left)
                        continue;
                rc = take(call, &lanes[i]);
                if (rc == CTL_OK && lanes[i].left)
                        rc = ask(call, &lanes[i]);
        }
        return rc;
}

static int append_keys(struct keys *keys, struct keys *more) {
        for (size_t i = 0; i < more->n; i++) {
                int r = keys_reserve(keys);

                if (r < 0)
                        return r;
                keys->key[keys->n++] = more->key[i];
                more->key[i] = (struct key){};
        }
        return 0;
}

static void lane_done(struct lane *lane) {
        call_forget(&lane->pending);
        keyquery_done(&lane->keys);
}

enum exit_code keyquery_fetch(const struct keyquery *query, struct keys *keys) {
        _cleanup_call_ struct call call = {};
        struct lane lanes[N_LANES] = {};
        enum exit_code rc;

        rc = call_open(&call, query->args->control);
        if (rc == CTL_OK)
                rc = fetch(&call, query, lanes);
        for (size_t i = 0; i < N_LANES; i++) {
                if (rc == CTL_OK && append_keys(keys, &lanes[i].keys) < 0)
                        rc = say_no_memory();
                lane_done(&lanes[i]);
        }
        return rc;
}

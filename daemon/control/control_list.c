/* SPDX-License-Identifier: BSD-2-Clause */
/* ListKeys: which keys, in which order, how many. Writes nothing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "control/control_options.h"
#include "control/control_order.h"
#include "control/control_pieces.h"
#include "control/control_show.h"
#include "network.h"
#include "rules/expiry.h"
#include "rules/policy.h"
#include "store/store_key.h"
#include "store/store_reported.h"
#include "text.h"

#define PAGE_MAX 200
/* keys looked at for one page, so that no search blocks the other calls */
#define SCAN_MAX 20000

struct list_call {
        struct control_call call;
        char owner[WIRE_USER_MAX + 1];
        char linked[WIRE_USER_MAX + 1];
        char user[WIRE_USER_MAX + 1]; /* owner or linked */
        char realm[REALM_NAME_MAX + 1], owner_realm[REALM_NAME_MAX + 1];
        char search[WIRE_NAME_MAX + 1];
        char cursor[CONTROL_CURSOR_LEN]; /* as the caller gave it */
        struct control_order order;
        char after[KEYTEXT_ID_LEN + 1]; /* the last key that was looked at */
        unsigned statuses;              /* a bit for each; 0: all */
        /* what a key is limited to; "any": keys without such a limit */
        char services[RECORD_LIST_LEN];
        struct network source;
        bool by_source, any_source;
        int64_t expires_before, ends_before, unused_since; /* 0: any */
        uint32_t limit;

        struct store *writer;
        struct policy policy;
        int64_t now;
        size_t n_seen, n_keys;
        uint64_t piece_begun;
        struct control_shown *keys; /* owned */
        bool more, piece_left;

        /* In another order than by id: see list_detour(). */
        struct control_pieces pieces;
        bool begun, behind; /* behind a place */
        struct control_cursor begin;
        struct control_shown **sorted; /* into keys; owned */
};

/* An active key that this host refuses. The store knows no such status. */
#define REFUSED _KEY_STATUS_MAX

static const char *const status_names[] = {
        [KEY_ACTIVE] = "active", [KEY_REVOKED] = "revoked", [KEY_EXPIRED] = "expired",
        [KEY_IDLE] = "idle",     [REFUSED] = "refused",
};

/* --- The filter --- */

/* One status, or several with commas between them. */
static void take_statuses(struct control_call *call, const struct control_option *option,
                          const char *value, void *out) {
        unsigned *statuses = out;

        for (const char *at = value;; at++) {
                size_t len = strcspn(at, ","), i = 0;

                while (i < ARRAY_LEN(status_names) &&
                       (strlen(status_names[i]) != len || memcmp(status_names[i], at, len) != 0))
                        i++;
                if (i == ARRAY_LEN(status_names)) {
                        control_fail(call, CONTROL_INVALID_ARGUMENT,
                                     "The %s is active, refused, expired, idle or revoked, or "
                                     "several of them with commas between.",
                                     option->name);
                        return;
                }
                *statuses |= 1U << i;
                at += len;
                if (!*at)
                        return;
        }
}

static void take_service(struct control_call *call, const struct control_option *option,
                         const char *value, void *out) {
        char *services = out;
        size_t len = strlen(services);

        if (!text_is_service(value))
                control_fail(call, CONTROL_INVALID_ARGUMENT, "That is no name of a service.");
        else if (snprintf(services + len, option->size - len, "%s%s", len > 0 ? " " : "", value) >=
                 (int) (option->size - len))
                control_fail(call, CONTROL_INVALID_ARGUMENT, "Too many %s.", option->name);
}

static void take_source(struct control_call *call, const struct control_option *option,
                        const char *value, void *out) {
        struct list_call *list = (struct list_call *) call;

        (void) option;
        list->by_source = true;
        list->any_source = strcmp(value, "any") == 0;
        if (!list->any_source && network_parse_address(value, out) < 0)
                control_fail(call, CONTROL_INVALID_ARGUMENT,
                             "That is no address of a client: give one, such as 192.0.2.1 (and no "
                             "network), or any.");
}

static void take_sort(struct control_call *call, const struct control_option *option,
                      const char *value, void *out) {
        enum control_order_by *by = out;

        *by = control_order_find(value);
        if (*by == CONTROL_ORDER_NONE)
                control_fail(call, CONTROL_INVALID_ARGUMENT,
                             "The %s is id, name, owner, services, networks, status, created, "
                             "updated, expires, last-used or uses.",
                             option->name);
}

static void take_realm(struct control_call *call, const struct control_option *option,
                       const char *value, void *out) {
        if (!realm_is_name(value) || !text_copy(out, option->size, value))
                control_fail(call, CONTROL_INVALID_ARGUMENT, "That is no name of a realm.");
}

#define TO(member) CONTROL_OPTION_TO(struct list_call, member)

static const struct control_option filters[] = {
        { "owner", "s", TO(owner), .take = control_options_take_user },
        { "linked", "s", TO(linked), .take = control_options_take_user },
        { "user", "s", TO(user), .take = control_options_take_user },
        { "realm", "s", TO(realm), .take = take_realm },
        { "status", "s", TO(statuses), .take = take_statuses },
        { "search", "s", TO(search) },
        { "services", "as", TO(services), .max = RECORD_SERVICES_MAX, .take = take_service },
        { "source", "s", TO(source), .take = take_source },
        { "expires-before", "x", TO(expires_before), .min = 1, .max = INT64_MAX },
        { "ends-before", "x", TO(ends_before), .min = 1, .max = INT64_MAX },
        { "unused-since", "x", TO(unused_since), .min = 1, .max = INT64_MAX },
        { "sort", "s", TO(order.by), .take = take_sort },
        { "reverse", "b", TO(order.reverse) },
        { "after", "s", TO(cursor) },
        { "limit", "u", TO(limit), .min = 1, .max = PAGE_MAX },
};

/* By id no place is needed but the id. In another order an id stands for the place that its key has
 * now (begin_sorted). */
static void parse_cursor(struct list_call *list) {
        if (list->order.reverse && list->order.by == CONTROL_ORDER_NONE)
                list->order.by = CONTROL_ORDER_ID;
        list->behind = list->cursor[0];
        if (!list->behind)
                return;
        if (list->order.by == CONTROL_ORDER_NONE) {
                if (control_check_id(&list->call, list->cursor))
                        memcpy(list->after, list->cursor, sizeof(list->after));
        } else if (!keytext_is_id(list->cursor) &&
                   !control_order_read(&list->order, list->cursor, &list->begin))
                control_fail(&list->call, CONTROL_INVALID_ARGUMENT,
                             "That is no place in this order: after is what next was, or the id "
                             "of a key.");
}

static int list_parse(struct control_call *call, sd_bus_message *m) {
        struct list_call *list = (struct list_call *) call;
        int r;

        list->limit = PAGE_MAX;
        r = control_options_read(call, m, filters, ARRAY_LEN(filters));
        if (r >= 0 && call->error == CONTROL_OK)
                parse_cursor(list);
        return r;
}

/* Calls ${is} with each word of ${list} until it says yes. */
static bool any_word(const char *list, bool (*is)(const char *word, const void *wanted),
                     const void *wanted) {
        char word[RECORD_LIST_LEN];

        while (*list) {
                size_t len = strcspn(list, " ");

                memcpy(word, list, len);
                word[len] = '\0';
                if (is(word, wanted))
                        return true;
                list += len;
                list += strspn(list, " ");
        }
        return false;
}

static bool is_service(const char *word, const void *wanted) {
        return text_is_same_service(word, wanted);
}

static bool is_wanted(const char *word, const void *key) {
        const char *services = ((const struct key_record *) key)->services;

        return services[0] ? any_word(services, is_service, word) : strcmp(word, "any") == 0;
}

static bool has_source(const char *word, const void *wanted) {
        struct network network;

        return network_parse(word, &network) >= 0 && network_contains(&network, wanted);
}

/* Whether the key is limited as the call asks. */
static bool is_limited(const struct list_call *list, const struct key_record *key) {
        if (list->services[0] && !any_word(list->services, is_wanted, key))
                return false;
        if (!list->by_source)
                return true;
        return list->any_source ? !key->networks[0]
                                : any_word(key->networks, has_source, &list->source);
}

static bool is_before(int64_t at, int64_t bound) {
        return at != 0 && at < bound;
}

static bool is_in_time(const struct list_call *list, const struct key_record *key) {
        int64_t expires = expiry_of(&list->policy, key), idle = expiry_idle(&list->policy, key);
        /* a key that was never used has been unused since it was made */
        int64_t used = key->last_used_at != 0 ? key->last_used_at : key->created_at;

        return (list->expires_before == 0 || is_before(expires, list->expires_before)) &&
               (list->ends_before == 0 || is_before(expires, list->ends_before) ||
                is_before(idle, list->ends_before)) &&
               (list->unused_since == 0 || used < list->unused_since);
}

static bool has_text(const struct list_call *list, const char *id, const char *name,
                     const char *owner) {
        return !list->search[0] || strcasestr(id, list->search) || strcasestr(name, list->search) ||
               strcasestr(owner, list->search);
}

static bool matches(const struct list_call *list, const struct key_record *key) {
        enum key_status status = expiry_status(&list->policy, key, list->now);

        if (list->linked[0] && strcmp(control_show_linked(key), list->linked) != 0)
                return false;
        if (list->user[0] && strcmp(key->owner, list->user) != 0 &&
            strcmp(control_show_linked(key), list->user) != 0)
                return false;
        if (list->realm[0] && strcmp(key->realm, list->realm) != 0)
                return false;
        if (list->owner[0] && strcmp(key->owner, list->owner) != 0)
                return false;
        if (!is_limited(list, key) || !is_in_time(list, key))
                return false;
        if (list->statuses != 0 && !(list->statuses & 1U << status) &&
            (status != KEY_ACTIVE || !(list->statuses & 1U << REFUSED)))
                return false;
        return has_text(list, key->id, key->name, key->owner);
}

/* "active" has those that this host refuses, too. */
static bool has_status(const struct list_call *list, const struct control_shown *shown) {
        return list->statuses == 0 || shown->refused[0] ||
               (list->statuses & 1U << expiry_status(&list->policy, &shown->key, list->now)) != 0;
}

/* Whether another host of the fleet has used the key since. */
static int is_used(const struct list_call *list, const struct key_record *key) {
        int64_t at = 0;
        int r;

        if (list->unused_since == 0 || !key->hosts[0])
                return 0;
        r = store_reported_last_use(list->writer, key->id, &at);
        return r < 0 ? r : at >= list->unused_since;
}

/* Whether the key is listed: 1. Then ${shown} has all about it. */
static int is_listed(const struct list_call *list, const struct key_record *key,
                     struct control_shown *shown) {
        int r;

        if (!matches(list, key))
                return 0;
        r = is_used(list, key);
        if (r != 0)
                return r < 0 ? r : 0;
        *shown = (struct control_shown){ .key = *key };
        r = control_show_judge(list->writer, list->call.realms, &list->policy, list->now, shown);
        return r < 0 ? r : has_status(list, shown);
}

static bool is_enough(struct list_call *list) {
        if (list->order.by != CONTROL_ORDER_NONE)
                return list->piece_left = control_pieces_is_over(list->piece_begun, list->n_seen);
        return list->more = list->n_keys == list->limit || list->n_seen == SCAN_MAX;
}

/* The last key that was looked at is the cursor, whether it matched or not. */
static bool look_at(struct list_call *list, const char *id) {
        if (is_enough(list))
                return false;
        list->n_seen++;
        memcpy(list->after, id, sizeof(list->after));
        return true;
}

static int add_key(const struct key_record *key, void *userdata) {
        struct list_call *list = userdata;
        int r = is_listed(list, key, &list->keys[list->n_keys]);

        if (r > 0)
                list->n_keys++;
        return r < 0 ? r : 0;
}

static bool list_begin(struct list_call *list, struct store *writer) {
        if (!control_get_policy(&list->call, writer, &list->policy))
                return false;
        /* One more than the page: a key that is only looked at. Each is written as a whole. */
        list->keys = reallocarray(NULL, list->limit + 1, sizeof(*list->keys));
        list->sorted = calloc(list->limit + 1, sizeof(struct control_shown *));
        if (!list->keys || !list->sorted) {
                control_fail(&list->call, CONTROL_BUSY, "Out of memory; try again.");
                return false;
        }
        for (size_t i = 0; i <= list->limit; i++)
                list->sorted[i] = &list->keys[i];
        list->writer = writer;
        list->now = clock_now();
        return true;
}

/* --- Another order than by id --- */

/* All keys are looked at for each page, because an index for each order would make each change and
 * each use slower. The first keys of the page so far are kept, in their order. The look is taken in
 * pieces, so that others have their turn on the writer thread. */

static void insert_sorted(struct list_call *list, const struct control_place *place) {
        struct control_shown *last = list->sorted[list->n_keys];
        size_t low = 0, high = list->n_keys;

        while (low < high) {
                size_t middle = (low + high) / 2;
                struct control_place other =
                        control_order_place(&list->order, &list->sorted[middle]->key);

                if (control_order_compare(&list->order, &other, place) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        memmove(&list->sorted[low + 1], &list->sorted[low],
                (list->n_keys - low) * sizeof(list->sorted[0]));
        list->sorted[low] = last;
        if (list->n_keys < list->limit)
                list->n_keys++;
        else
                list->more = true;
}

static bool is_before_page(const struct list_call *list, const struct control_place *place) {
        const struct control_place begin = { list->begin.id, list->begin.text, list->begin.number };

        return list->behind && control_order_compare(&list->order, place, &begin) <= 0;
}

/* Whether a full page has keys behind it is known already, and this would be one more. */
static bool is_behind_page(const struct list_call *list, const struct control_place *place) {
        struct control_place last;

        if (!list->more)
                return false;
        last = control_order_place(&list->order, &list->sorted[list->limit - 1]->key);
        return control_order_compare(&list->order, place, &last) > 0;
}

static int add_sorted(const struct key_record *key, void *userdata) {
        struct list_call *list = userdata;
        struct control_place place = control_order_place(&list->order, key);
        int r;

        if (is_before_page(list, &place) || is_behind_page(list, &place))
                return 0;
        r = is_listed(list, key, list->sorted[list->n_keys]);
        if (r > 0)
                insert_sorted(list, &place);
        return r < 0 ? r : 0;
}

/* --- Looking at keys --- */

static int add(struct list_call *list, const struct key_record *key) {
        return list->order.by == CONTROL_ORDER_NONE ? add_key(key, list) : add_sorted(key, list);
}

static int on_key(const struct key_record *key, void *userdata) {
        struct list_call *list = userdata;

        return look_at(list, key->id) ? add(list, key) : 1;
}

static int on_found(const struct key_record *key, void *userdata) {
        return add(userdata, key);
}

#define ENOUGH 2

static int on_names(const char *id, const char *name, const char *owner, void *userdata) {
        struct list_call *list = userdata;

        if (strlen(id) != KEYTEXT_ID_LEN)
                return -EUCLEAN;
        return look_at(list, id) ? has_text(list, id, name, owner) : ENOUGH;
}

/* The realm whose keys alone are asked for; "": it is not so. */
static const char *realm_of(struct list_call *list) {
        const char *owner = list->owner[0] ? list->owner : list->user;

        if (!list->realm[0] && realm_split(owner, list->owner_realm))
                return list->owner_realm;
        return list->realm;
}

/* Those who issue the keys of a realm see these when they ask for them. */
static int visit_keys(struct list_call *list, struct store *writer) {
        const char *realm = realm_of(list), *owner = list->owner[0] ? list->owner : NULL;
        bool sees_all = role_may(list->call.role, ROLE_VERB_LIST, false, list->call.developers),
             all = sees_all || (*realm && control_issues(&list->call, realm));

        if (all && !sees_all)
                memmove(list->realm, realm, strlen(realm) + 1);
        if (!all)
                return store_key_each_own(writer, list->call.uid, list->after, on_key, list);
        if (!owner && !*realm && list->search[0])
                return store_key_each_named(writer, list->after, on_names, on_found, list);
        if (owner || !*realm)
                return store_key_each(writer, owner, list->after, on_key, list);
        return store_key_each_realm(writer, realm, list->after, on_key, list);
}

static bool begin_sorted(struct list_call *list, struct store *writer) {
        struct control_place place;
        struct key_record key;

        list->begun = true;
        if (!list_begin(list, writer))
                return false;
        list->order.policy = &list->policy;
        list->order.now = list->now;
        if (!list->behind || list->begin.id[0])
                return true;
        if (!control_open_key(&list->call, writer, list->cursor, &key))
                return false;
        place = control_order_place(&list->order, &key);
        memcpy(list->begin.id, place.id, sizeof(list->begin.id));
        list->begin.number = place.number;
        return text_copy(list->begin.text, sizeof(list->begin.text), place.text);
}

static bool piece_run(struct control_call *call, struct store *writer) {
        struct list_call *list = (struct list_call *) call;
        int r;

        if (!list->begun && !begin_sorted(list, writer))
                return false;
        list->n_seen = 0;
        list->piece_begun = clock_ticks();
        list->piece_left = false;
        r = visit_keys(list, writer);
        if (r < 0)
                control_fail_store(call, r);
        return list->piece_left;
}

static void list_detour(struct control_call *call) {
        struct list_call *list = (struct list_call *) call;

        if (list->order.by == CONTROL_ORDER_NONE)
                control_resume(call);
        else
                control_pieces_begin(&list->pieces, call, piece_run, NULL);
}

/* --- The call --- */

static void list_run(struct control_call *call, struct store *writer) {
        struct list_call *list = (struct list_call *) call;
        int r;

        if (list->begun || !list_begin(list, writer))
                return;
        r = visit_keys(list, writer);
        if (r < 0)
                control_fail_store(call, r);
}

static const char *next_of(const struct list_call *list, char buf[static CONTROL_CURSOR_LEN]) {
        struct control_place last;

        if (!list->more || list->order.by == CONTROL_ORDER_NONE)
                return list->more ? list->after : "";
        last = control_order_place(&list->order, &list->sorted[list->n_keys - 1]->key);
        control_order_write(&list->order, &last, buf);
        return buf;
}

static int list_reply(struct control_call *call, sd_bus_message *reply) {
        struct list_call *list = (struct list_call *) call;
        char next[CONTROL_CURSOR_LEN];
        int r;

        r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        for (size_t i = 0; r >= 0 && i < list->n_keys; i++) {
                r = control_show_append(reply, list->sorted[i], &list->policy, list->now);
                if (r >= 0)
                        r = sd_bus_message_close_container(reply);
        }
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_message_append(reply, "s", next_of(list, next));
}

static void list_release(struct control_call *call) {
        free(((struct list_call *) call)->keys);
        free(((struct list_call *) call)->sorted);
}

const struct control_handlers control_list_keys = {
        .size = sizeof(struct list_call),
        .parse = list_parse,
        .detour = list_detour,
        .run = list_run,
        .reply = list_reply,
        .release = list_release,
};

/* SPDX-License-Identifier: BSD-2-Clause */
/* ListKeys, GetKey: what is shown of a key. Writes nothing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "control/control_options.h"
#include "keys/facts.h"
#include "network.h"
#include "rules/expiry.h"
#include "rules/explain.h"
#include "rules/policy.h"
#include "store/store_key.h"
#include "store/store_reported.h"
#include "text.h"

#define PAGE_MAX 200
/* keys looked at for one page, so that no search blocks the other calls */
#define SCAN_MAX 20000
/* hosts that have used one key, so that the answer stays small */
#define USES_MAX 1000

/* A key and why this host refuses it now. "": it does not. */
struct shown {
        struct key_record key;
        char refused[RECORD_REASON_MAX + 1];
};

struct list_call {
        struct control_call call;
        char owner[WIRE_USER_MAX + 1];
        char linked[WIRE_USER_MAX + 1];
        char user[WIRE_USER_MAX + 1]; /* owner or linked */
        char realm[REALM_NAME_MAX + 1], owner_realm[REALM_NAME_MAX + 1];
        char search[WIRE_NAME_MAX + 1];
        char after[KEYTEXT_ID_LEN + 1];
        unsigned statuses; /* a bit for each; 0: all */
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
        struct shown *keys; /* owned */
        bool more;
};

struct get_call {
        struct control_call call;
        char id[KEYTEXT_ID_LEN + 1];
        struct shown shown;
        struct policy policy;
        int64_t now;
        size_t n_uses;
        struct store_reported_use *uses; /* by host of the fleet; owned */
};

/* An active key that this host refuses. The store knows no such status. */
#define REFUSED _KEY_STATUS_MAX

static const char *const status_names[] = {
        [KEY_ACTIVE] = "active", [KEY_REVOKED] = "revoked", [KEY_EXPIRED] = "expired",
        [KEY_IDLE] = "idle",     [REFUSED] = "refused",
};

/* --- One key in a message --- */

static int judge(struct store *writer, const struct realms *realms, const struct policy *policy,
                 int64_t now, struct shown *shown) {
        struct account_record owner = {}, linked = {};
        const struct rule_facts facts = { .policy = policy,
                                          .key = &shown->key,
                                          .owner = &owner,
                                          .linked = &linked,
                                          .realm = realms_facts(realms, &shown->key, NULL),
                                          .now = now };
        int r;

        if (expiry_status(policy, &shown->key, now) != KEY_ACTIVE)
                return 0;
        r = facts_accounts(writer, &shown->key, &owner, &linked);
        if (r >= 0)
                (void) explain_refused(&facts, shown->refused);
        return r;
}

static int append_words(sd_bus_message *m, const char *property, const char *list) {
        int r;

        r = control_open_array(m, property, "as");
        while (r >= 0 && *list) {
                char word[RECORD_LIST_LEN] = {};
                size_t len = strcspn(list, " ");

                memcpy(word, list, len);
                r = sd_bus_message_append(m, "s", word);
                list += len;
                list += strspn(list, " ");
        }
        return r < 0 ? r : control_close_array(m);
}

static int append_use(sd_bus_message *m, const struct key_record *key) {
        int r = 0;

        if (key->last_used_at != 0)
                r = sd_bus_message_append(m, "{sv}{sv}{sv}", "last-used", "x", key->last_used_at,
                                          "last-service", "s", key->last_service, "last-rhost", "s",
                                          key->last_rhost);
        return r < 0 ? r : sd_bus_message_append(m, "{sv}", "uses", "t", key->uses);
}

static const char *linked_user(const struct key_record *key) {
        return key->linked[0] ? key->linked : key->owner;
}

static int append_certificate(sd_bus_message *m, const struct key_record *key) {
        char thumbprint[2 * RECORD_THUMBPRINT_LEN + 1];
        int r = 0;

        if (key->certificate_need != CERTIFICATE_NO)
                r = sd_bus_message_append(m, "{sv}", "require-certificate", "s",
                                          policy_need_name(key->certificate_need));
        if (r < 0 || !key->bound)
                return r;
        text_hex(thumbprint, key->certificate, RECORD_THUMBPRINT_LEN);
        return sd_bus_message_append(m, "{sv}", "certificate", "s", thumbprint);
}

/* Where a key comes from and what comes after it. Properties with nothing to tell are absent. */
static int append_relations(sd_bus_message *m, const struct key_record *key) {
        const struct {
                const char *name, *value;
        } texts[] = { { "origin", key->origin },
                      { "predecessor", key->predecessor },
                      { "successor", key->successor } };
        int r;

        r = sd_bus_message_append(m, "{sv}", "linked-user", "s", linked_user(key));
        for (size_t i = 0; r >= 0 && i < ARRAY_LEN(texts); i++)
                if (texts[i].value[0])
                        r = sd_bus_message_append(m, "{sv}", texts[i].name, "s", texts[i].value);
        if (r >= 0)
                r = append_certificate(m, key);
        if (r >= 0 && key->retires_at > 0)
                r = sd_bus_message_append(m, "{sv}", "retires", "x", key->retires_at);
        if (r >= 0 && key->retires_at == RECORD_RETIRES_ON_USE)
                r = sd_bus_message_append(m, "{sv}", "retires-on-use", "b", 1);
        return r;
}

/* The dictionary stays open. */
static int append_key(sd_bus_message *m, const struct shown *shown, const struct policy *policy,
                      int64_t now) {
        const struct key_record *key = &shown->key;
        int64_t expires = expiry_of(policy, key), idle = expiry_idle(policy, key);
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0)
                r = sd_bus_message_append(m, "{sv}{sv}{sv}{sv}{sv}", "id", "s", key->id, "owner",
                                          "s", key->owner, "name", "s", key->name, "status", "s",
                                          status_names[expiry_status(policy, key, now)], "reason",
                                          "s", key->reason);
        if (r >= 0 && key->owner_uid != RECORD_UNBOUND)
                r = sd_bus_message_append(m, "{sv}", "owner-uid", "u", key->owner_uid);
        if (r >= 0 && key->realm[0])
                r = sd_bus_message_append(m, "{sv}", "realm", "s", key->realm);
        if (r >= 0 && key->hosts[0])
                r = append_words(m, "hosts", key->hosts);
        if (r >= 0 && shown->refused[0])
                r = sd_bus_message_append(m, "{sv}", "refused", "s", shown->refused);
        if (r >= 0)
                r = append_words(m, "services", key->services);
        if (r >= 0)
                r = append_words(m, "networks", key->networks);
        if (r >= 0)
                r = sd_bus_message_append(m, "{sv}{sv}", "created", "x", key->created_at, "updated",
                                          "x", key->updated_at);
        if (r >= 0 && expires != 0 && expires < EXPIRY_NEVER)
                r = sd_bus_message_append(m, "{sv}", "expires", "x", expires);
        if (r >= 0 && idle != 0)
                r = sd_bus_message_append(m, "{sv}", "idle", "x", idle);
        if (r >= 0)
                r = append_relations(m, key);
        return r < 0 ? r : append_use(m, key);
}

/* --- ListKeys --- */

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

static void take_after(struct control_call *call, const struct control_option *option,
                       const char *value, void *out) {
        if (value[0])
                control_options_take_id(call, option, value, out);
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
        { "after", "s", TO(after), .take = take_after },
        { "limit", "u", TO(limit), .min = 1, .max = PAGE_MAX },
};

static int list_parse(struct control_call *call, sd_bus_message *m) {
        ((struct list_call *) call)->limit = PAGE_MAX;
        return control_options_read(call, m, filters, ARRAY_LEN(filters));
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

static bool matches(const struct list_call *list, const struct key_record *key) {
        enum key_status status = expiry_status(&list->policy, key, list->now);

        if (list->linked[0] && strcmp(linked_user(key), list->linked) != 0)
                return false;
        if (list->user[0] && strcmp(key->owner, list->user) != 0 &&
            strcmp(linked_user(key), list->user) != 0)
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
        return !list->search[0] || strcasestr(key->id, list->search) ||
               strcasestr(key->name, list->search) || strcasestr(key->owner, list->search);
}

/* "active" has those that this host refuses, too. */
static bool has_status(const struct list_call *list, const struct shown *shown) {
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

/* The last key that was looked at is the cursor, whether it matched or not. */
static int on_key(const struct key_record *key, void *userdata) {
        struct list_call *list = userdata;
        struct shown *shown;
        int r;

        if (list->n_keys == list->limit || list->n_seen == SCAN_MAX) {
                list->more = true;
                return 1;
        }
        list->n_seen++;
        memcpy(list->after, key->id, sizeof(list->after));
        if (!matches(list, key))
                return 0;
        r = is_used(list, key);
        if (r != 0)
                return r < 0 ? r : 0;
        shown = &list->keys[list->n_keys];
        *shown = (struct shown){ .key = *key };
        r = judge(list->writer, list->call.realms, &list->policy, list->now, shown);
        if (r >= 0 && has_status(list, shown))
                list->n_keys++;
        return r;
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
        if (owner || !*realm)
                return store_key_each(writer, owner, list->after, on_key, list);
        return store_key_each_realm(writer, realm, list->after, on_key, list);
}

static void list_run(struct control_call *call, struct store *writer) {
        struct list_call *list = (struct list_call *) call;
        int r;

        if (!control_get_policy(call, writer, &list->policy))
                return;
        list->keys = calloc(list->limit, sizeof(*list->keys));
        if (!list->keys) {
                control_fail(call, CONTROL_BUSY, "Out of memory; try again.");
                return;
        }
        list->writer = writer;
        list->now = clock_now();
        r = visit_keys(list, writer);
        if (r < 0)
                control_fail_store(call, r);
}

static int list_reply(struct control_call *call, sd_bus_message *reply) {
        struct list_call *list = (struct list_call *) call;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        for (size_t i = 0; r >= 0 && i < list->n_keys; i++) {
                r = append_key(reply, &list->keys[i], &list->policy, list->now);
                if (r >= 0)
                        r = sd_bus_message_close_container(reply);
        }
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_message_append(reply, "s", list->more ? list->after : "");
}

static void list_release(struct control_call *call) {
        free(((struct list_call *) call)->keys);
}

const struct control_handlers control_list_keys = {
        .size = sizeof(struct list_call),
        .parse = list_parse,
        .run = list_run,
        .reply = list_reply,
        .release = list_release,
};

/* --- GetKey --- */

static int get_parse(struct control_call *call, sd_bus_message *m) {
        const char *id;
        int r;

        r = sd_bus_message_read_basic(m, 's', &id);
        if (r >= 0 && control_check_id(call, id))
                memcpy(((struct get_call *) call)->id, id, KEYTEXT_ID_LEN + 1);
        return r;
}

static int take_use(const struct store_reported_use *use, void *userdata) {
        struct get_call *get = userdata;
        struct store_reported_use *uses = reallocarray(get->uses, get->n_uses + 1, sizeof(*uses));

        if (!uses)
                return -ENOMEM;
        get->uses = uses;
        uses[get->n_uses++] = *use;
        return get->n_uses == USES_MAX;
}

static void get_run(struct control_call *call, struct store *writer) {
        struct get_call *get = (struct get_call *) call;
        int r;

        if (!control_open_key(call, writer, get->id, &get->shown.key) ||
            !control_get_policy(call, writer, &get->policy))
                return;
        get->now = clock_now();
        r = judge(writer, call->realms, &get->policy, get->now, &get->shown);
        if (r >= 0 && get->shown.key.hosts[0])
                r = store_reported_each_use(writer, get->id, take_use, get);
        if (r < 0)
                control_fail_store(call, r);
}

static int append_uses(sd_bus_message *m, const struct get_call *get) {
        int r;

        if (get->n_uses == 0)
                return 0;
        r = control_open_array(m, "hosts-used", "a(sxsst)");
        for (size_t i = 0; r >= 0 && i < get->n_uses; i++) {
                const struct key_use *use = &get->uses[i].use;

                r = sd_bus_message_append(m, "(sxsst)", get->uses[i].host, use->at, use->service,
                                          use->rhost, use->count);
        }
        return r < 0 ? r : control_close_array(m);
}

static int get_reply(struct control_call *call, sd_bus_message *reply) {
        struct get_call *get = (struct get_call *) call;
        int r;

        r = append_key(reply, &get->shown, &get->policy, get->now);
        if (r >= 0)
                r = append_uses(reply, get);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static void get_release(struct control_call *call) {
        free(((struct get_call *) call)->uses);
}

const struct control_handlers control_list_get = {
        .size = sizeof(struct get_call),
        .parse = get_parse,
        .run = get_run,
        .reply = get_reply,
        .release = get_release,
};

/* SPDX-License-Identifier: BSD-2-Clause */
/* What is shown of a key: in lists, and by GetKey. Writes nothing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "control/control_order.h"
#include "control/control_show.h"
#include "keys/facts.h"
#include "rules/expiry.h"
#include "rules/explain.h"
#include "store/store_reported.h"
#include "text.h"

/* hosts that have used one key, so that the answer stays small */
#define USES_MAX 1000

struct get_call {
        struct control_call call;
        char id[KEYTEXT_ID_LEN + 1];
        struct control_shown shown;
        struct policy policy;
        int64_t now;
        size_t n_uses;
        struct store_reported_use *uses; /* by host of the fleet; owned */
};

int control_show_judge(struct store *writer, const struct realms *realms,
                       const struct policy *policy, int64_t now, struct control_shown *shown) {
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

const char *control_show_linked(const struct key_record *key) {
        return key->linked[0] ? key->linked : key->owner;
}

/* One with nothing to tell is absent, and its value is NULL. */
struct property {
        const char *name, *type;
        const void *value;
};

/* sd_bus_message_append() would read "{sv}" once more for each property of each key. */
static int append_property(sd_bus_message *m, const struct property *p) {
        int r;

        if (p->type[0] == 'a')
                return append_words(m, p->name, p->value);
        r = sd_bus_message_open_container(m, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append_basic(m, 's', p->name);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', p->type);
        if (r >= 0)
                r = sd_bus_message_append_basic(m, p->type[0], p->value);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_properties(sd_bus_message *m, const struct property *properties, size_t n) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < n; i++)
                if (properties[i].value)
                        r = append_property(m, &properties[i]);
        return r;
}

static const void *unless(bool absent, const void *value) {
        return absent ? NULL : value;
}

static const void *text(const char *value) {
        return unless(!value[0], value);
}

/* Where a key comes from, what comes after it, and its uses. */
static int append_relations(sd_bus_message *m, const struct key_record *key) {
        bool unused = key->last_used_at == 0;
        int64_t retires = expiry_retires_at(key);
        char thumbprint[2 * RECORD_THUMBPRINT_LEN + 1];
        const struct property properties[] = {
                { "linked-user", "s", control_show_linked(key) },
                { "origin", "s", text(key->origin) },
                { "predecessor", "s", text(key->predecessor) },
                { "successor", "s", text(key->successor) },
                { "require-certificate", "s",
                  unless(key->certificate_need == CERTIFICATE_NO,
                         policy_need_name(key->certificate_need)) },
                { "certificate", "s", unless(!key->bound, thumbprint) },
                { "retires", "x", unless(key->retires_at <= 0, &retires) },
                { "retires-on-use", "b",
                  unless(key->retires_at != RECORD_RETIRES_ON_USE, &(int){ 1 }) },
                { "last-used", "x", unless(unused, &key->last_used_at) },
                { "last-service", "s", unless(unused, key->last_service) },
                { "last-rhost", "s", unless(unused, key->last_rhost) },
                { "uses", "t", &key->uses },
        };

        if (key->bound)
                text_hex(thumbprint, key->certificate, RECORD_THUMBPRINT_LEN);
        return append_properties(m, properties, ARRAY_LEN(properties));
}

int control_show_append(sd_bus_message *m, const struct control_shown *shown,
                        const struct policy *policy, int64_t now) {
        const struct key_record *key = &shown->key;
        int64_t expires = expiry_of(policy, key), idle = expiry_idle(policy, key);
        const struct property properties[] = {
                { "id", "s", key->id },
                { "owner", "s", key->owner },
                { "name", "s", key->name },
                { "status", "s", control_order_status(expiry_status(policy, key, now)) },
                { "reason", "s", key->reason },
                { "owner-uid", "u", unless(key->owner_uid == RECORD_UNBOUND, &key->owner_uid) },
                { "realm", "s", text(key->realm) },
                { "hosts", "as", text(key->hosts) },
                { "refused", "s", text(shown->refused) },
                { "services", "as", key->services },
                { "networks", "as", key->networks },
                { "created", "x", &key->created_at },
                { "updated", "x", &key->updated_at },
                { "expires", "x", unless(expires == 0 || expires >= EXPIRY_NEVER, &expires) },
                { "idle", "x", unless(idle == 0, &idle) },
        };
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0)
                r = append_properties(m, properties, ARRAY_LEN(properties));
        return r < 0 ? r : append_relations(m, key);
}

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
        r = control_show_judge(writer, call->realms, &get->policy, get->now, &get->shown);
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

        r = control_show_append(reply, &get->shown, &get->policy, get->now);
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

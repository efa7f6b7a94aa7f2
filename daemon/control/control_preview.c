/* SPDX-License-Identifier: BSD-2-Clause */
/* PreviewPolicy: what a change of the policy would do to the keys that exist. The change is made
 * and taken back, and then each key is judged by the policy of before and by that of after. */
#include <string.h>

#include "base/clock.h"
#include "control/control_pieces.h"
#include "control/control_policy.h"
#include "keys/facts.h"
#include "rules/expiry.h"
#include "rules/rule.h"
#include "store/store_guard.h"
#include "store/store_key.h"
#include "text.h"

struct preview_call {
        struct control_policy_call set;
        struct control_pieces pieces;
        struct store *writer;
        struct policy before, after;
        bool begun, left;
        size_t n_seen; /* in this piece */
        uint64_t piece_begun;
        int64_t now;
        char last[KEYTEXT_ID_LEN + 1];
        /* numbers of keys, as CONTROL has them */
        uint64_t keys, ended, sooner, later, refused, accepted, certificate, purged;
};

/* A key, and what is known of the accounts behind it. */
struct judged {
        const struct key_record *key;
        struct account_record owner, linked;
};

/* When the key ends unless something happens before. INT64_MAX: never. */
static int64_t end_of(const struct policy *policy, const struct judged *judged) {
        const struct account_record *owner = &judged->owner;
        const int64_t ends[] = {
                expiry_of(policy, judged->key),
                expiry_idle(policy, judged->key),
                /* What is held ends by an administrator's word alone. */
                owner->state == ACCOUNT_GONE && !owner->held
                        ? owner->gone_since + policy->account_grace_s
                        : 0,
        };
        int64_t end = INT64_MAX;

        for (size_t i = 0; i < ARRAY_LEN(ends); i++)
                if (ends[i] != 0 && ends[i] < end)
                        end = ends[i];
        return end;
}

static bool is_refused(const struct preview_call *p, const struct policy *policy,
                       const struct judged *judged) {
        const struct rule_facts facts = { .policy = policy,
                                          .key = judged->key,
                                          .owner = &judged->owner,
                                          .linked = &judged->linked,
                                          .now = p->now };

        return rule_check(RULE_ENABLED, &facts) != REASON_NONE ||
               rule_check(RULE_PASSWORD, &facts) != REASON_NONE ||
               rule_check(RULE_ADMIN, &facts) != REASON_NONE;
}

/* What logins to ${service} need: more than before, less, or as much. */
static int compare_need(const struct preview_call *p, const struct key_record *key,
                        const char *service) {
        return (int) rule_need(&p->after, key, service) - (int) rule_need(&p->before, key, service);
}

/* For services of a key, or for those that the policy names and one that it does not name. */
static void compare_needs(const struct preview_call *p, const struct key_record *key,
                          bool *ret_more, bool *ret_less) {
        const struct policy *const policies[] = { &p->before, &p->after };
        const char *list = key->services;
        int difference = 0;

        while (*list) {
                char service[WIRE_SERVICE_MAX + 1] = {};
                size_t len = strcspn(list, " ");

                memcpy(service, list, len < sizeof(service) ? len : 0);
                difference = compare_need(p, key, service);
                *ret_more |= difference > 0;
                *ret_less |= difference < 0;
                list += len;
                list += strspn(list, " ");
        }
        if (key->services[0])
                return;
        difference = compare_need(p, key, "");
        *ret_more |= difference > 0;
        *ret_less |= difference < 0;
        for (size_t i = 0; i < ARRAY_LEN(policies); i++)
                for (size_t j = 0; j < policies[i]->n_services; j++) {
                        difference = compare_need(p, key, policies[i]->services[j].name);
                        *ret_more |= difference > 0;
                        *ret_less |= difference < 0;
                }
}

static void count_active(struct preview_call *p, const struct judged *judged) {
        bool refused = is_refused(p, &p->after, judged), more = false, less = false,
             was_refused = is_refused(p, &p->before, judged);
        int64_t before = end_of(&p->before, judged), after = end_of(&p->after, judged);
        bool ended = after <= p->now && before > p->now;

        compare_needs(p, judged->key, &more, &less);
        p->ended += ended;
        p->sooner += !ended && after < before;
        p->later += after > before;
        p->refused += refused && !was_refused;
        p->accepted += was_refused && !refused;
        p->certificate += more;
        p->keys += after != before || refused != was_refused || more || less;
}

/* A key that has ended is touched when it is active again, or when it is forgotten. */
static void count_ended(struct preview_call *p, const struct key_record *key) {
        bool active = expiry_status(&p->after, key, p->now) == KEY_ACTIVE,
             purged = key->dead_at != 0 && key->dead_at <= p->now - p->after.retention_s &&
                      key->dead_at > p->now - p->before.retention_s;

        p->later += active;
        p->purged += purged;
        p->keys += active || purged;
}

static int on_key(const struct key_record *key, void *userdata) {
        struct preview_call *p = userdata;
        struct judged judged = { .key = key };
        int r;

        if (control_pieces_is_over(p->piece_begun, p->n_seen)) {
                p->left = true;
                return 1;
        }
        p->n_seen++;
        memcpy(p->last, key->id, sizeof(p->last));
        if (expiry_status(&p->before, key, p->now) != KEY_ACTIVE) {
                count_ended(p, key);
                return 0;
        }
        r = facts_accounts(p->writer, key, &judged.owner, &judged.linked);
        if (r >= 0)
                count_active(p, &judged);
        return r < 0 ? r : 0;
}

/* The policy as it would be, by the very way in which it becomes so. */
static int try_change(struct preview_call *p, struct store *writer) {
        int r;

        r = store_begin(writer);
        if (r >= 0)
                r = control_policy_write(&p->set, writer, p->now, NULL);
        if (r >= 0 && p->set.call.error == CONTROL_OK)
                r = facts_policy(writer, &p->after);
        store_rollback(writer);
        return r;
}

static bool preview_piece(struct control_call *call, struct store *writer) {
        struct preview_call *p = (struct preview_call *) call;
        int r = 0;

        if (!p->begun) {
                p->begun = true;
                p->writer = writer;
                p->now = clock_now();
                if (!control_get_policy(call, writer, &p->before))
                        return false;
                r = try_change(p, writer);
        }
        p->n_seen = 0;
        p->piece_begun = clock_ticks();
        p->left = false;
        if (r >= 0 && call->error == CONTROL_OK)
                r = store_key_each(writer, NULL, p->last, on_key, p);
        if (r < 0)
                control_fail_store(call, r);
        return p->left;
}

static void preview_detour(struct control_call *call) {
        control_pieces_begin(&((struct preview_call *) call)->pieces, call, preview_piece, NULL);
}

static void preview_run(struct control_call *call, struct store *writer) {
        (void) call;
        (void) writer;
}

static int preview_reply(struct control_call *call, sd_bus_message *reply) {
        const struct preview_call *p = (struct preview_call *) call;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r >= 0)
                r = sd_bus_message_append(reply, "{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}", "keys", "t",
                                          p->keys, "ended", "t", p->ended, "sooner", "t", p->sooner,
                                          "later", "t", p->later, "refused", "t", p->refused,
                                          "accepted", "t", p->accepted, "certificate", "t",
                                          p->certificate, "purged", "t", p->purged);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

const struct control_handlers control_preview = {
        .size = sizeof(struct preview_call),
        .parse = control_policy_parse,
        .detour = preview_detour,
        .run = preview_run,
        .reply = preview_reply,
};

/* SPDX-License-Identifier: BSD-2-Clause */
/* RotateKey: a new key replaces an old one, which stays good for a while or until the new one is
 * used. The end of the old key is noticed elsewhere: keys/retire, keys/sweep. */
#include <string.h>

#include "base/clock.h"
#include "control/control_audit.h"
#include "control/control_issue.h"
#include "control/control_options.h"
#include "control/control_owner.h"
#include "control/control_state.h"
#include "keys/facts.h"
#include "parse.h"
#include "rules/expiry.h"
#include "rules/policy.h"
#include "rules/rule.h"
#include "store/store_key.h"
#include "text.h"

#define OVERLAP_S PARSE_DAY_S /* if the caller does not say */

struct rotate_call {
        struct control_owner_call ours;
        int64_t overlap_s; /* 0: the caller did not say */
        bool until_first_use;
        struct key_record old;
        struct issue_request request;
        struct issue_result result;
};

static void take_overlap(struct control_call *call, const struct control_option *option,
                         const char *value, void *out) {
        if (parse_duration(value, out) < 0)
                control_fail(call, CONTROL_INVALID_ARGUMENT,
                             "The %s is a duration with its unit, such as 30m, 24h or 7d.",
                             option->name);
}

static void take_expires(struct control_call *call, const struct control_option *option,
                         const char *value, void *out) {
        if (!value[0] || !text_copy(out, option->size, value))
                control_fail(call, CONTROL_INVALID_ARGUMENT,
                             "That expiry is neither a date nor a duration.");
}

#define TO(member) CONTROL_OPTION_TO(struct rotate_call, member)

static const struct control_option options[] = {
        { "overlap", "s", TO(overlap_s), .take = take_overlap },
        { "until-first-use", "b", TO(until_first_use) },
        { "expires", "s", TO(request.expires), .take = take_expires },
};

static int rotate_parse(struct control_call *call, sd_bus_message *m) {
        struct rotate_call *rotate = (struct rotate_call *) call;
        const char *id;
        int r;

        r = sd_bus_message_read_basic(m, 's', &id);
        if (r >= 0 && control_check_id(call, id))
                memcpy(rotate->ours.id, id, sizeof(rotate->ours.id));
        if (r >= 0)
                r = control_options_read(call, m, options, ARRAY_LEN(options));
        if (r >= 0 && rotate->overlap_s > 0 && rotate->until_first_use)
                control_fail(call, CONTROL_INVALID_ARGUMENT,
                             "The old key ends after an overlap or with the first use of the new "
                             "one, not both.");
        return r;
}

/* Only two keys at a time. Else one place of max-keys-per-user would be enough for any number of
 * keys. */
static bool check_free(struct rotate_call *rotate, struct store *writer,
                       const struct policy *policy, int64_t now) {
        const struct key_record *old = &rotate->old;
        struct key_record before;

        if (old->retires_at != 0)
                control_fail(&rotate->ours.call, CONTROL_NOT_ACTIVE,
                             "Key %s is rotated already: key %s takes its place.", old->id,
                             old->successor);
        else if (old->predecessor[0] && store_key_get(writer, old->predecessor, &before) >= 0 &&
                 expiry_status(policy, &before, now) == KEY_ACTIVE)
                control_fail(&rotate->ours.call, CONTROL_NOT_ACTIVE,
                             "Key %s takes the place of key %s, which is still good: revoke that "
                             "one first.",
                             old->id, before.id);
        else
                return true;
        return false;
}

/* A key can be rotated only if a login with it would pass everything that depends on the key and
 * its accounts. */
static bool check_alive(struct rotate_call *rotate, struct store *writer,
                        const struct policy *policy, int64_t now) {
        struct account_record owner = {}, linked = {};
        const struct rule_facts facts = { .policy = policy,
                                          .key = &rotate->old,
                                          .owner = &owner,
                                          .linked = &linked,
                                          .secret_ok = true,
                                          .user = rule_user_of(&rotate->old),
                                          .realm = realms_facts(rotate->ours.call.realms,
                                                                &rotate->old, NULL),
                                          .now = now };
        enum reason reason = REASON_NONE;
        int r;

        r = facts_accounts(writer, &rotate->old, &owner, &linked);
        if (r < 0) {
                control_fail_store(&rotate->ours.call, r);
                return false;
        }
        for (enum rule rule = 0; rule <= RULE_ADMIN && reason == REASON_NONE; rule++)
                reason = rule_check(rule, &facts);
        if (reason != REASON_NONE)
                control_fail(&rotate->ours.call,
                             reason == REASON_DISABLED ? CONTROL_DISABLED : CONTROL_NOT_ACTIVE,
                             "Key %s cannot be rotated: %s.", rotate->ours.id,
                             verdict_reason_text(reason));
        return reason == REASON_NONE;
}

static int retire_old(struct rotate_call *rotate, struct store *writer, const struct policy *policy,
                      int64_t now) {
        struct key_record *old = &rotate->old;
        int64_t end = expiry_of(policy, old),
                at = now + (rotate->overlap_s > 0 ? rotate->overlap_s : OVERLAP_S);

        if (rotate->until_first_use)
                at = RECORD_RETIRES_ON_USE;
        else if (end != 0 && end < at)
                at = end;
        old->retires_at = at;
        old->updated_at = now;
        memcpy(old->successor, rotate->result.key.id, sizeof(old->successor));
        return store_key_update(writer, old);
}

static int rotate_key(struct control_call *call, struct store *writer) {
        struct rotate_call *rotate = (struct rotate_call *) call;
        int64_t now = clock_now();
        struct policy policy;
        int r;

        if (!control_open_key(call, writer, rotate->ours.id, &rotate->old) ||
            !control_get_policy(call, writer, &policy) ||
            !check_alive(rotate, writer, &policy, now) || !check_free(rotate, writer, &policy, now))
                return 0;
        rotate->request.keymint = call->control->fixed.keymint;
        rotate->request.predecessor = &rotate->old;
        control_audit_fill(call, "issued", &rotate->request.audit);
        if (!issue_add(&rotate->request, writer, &rotate->result)) {
                control_issue_failed(call, &rotate->result);
                return 0;
        }
        r = retire_old(rotate, writer, &policy, now);
        return r < 0 ? r
                     : control_audit_add(call, writer, "rotated", &rotate->old,
                                         rotate->result.key.id);
}

static void rotate_run(struct control_call *call, struct store *writer) {
        (void) control_transact(call, writer, rotate_key);
}

static void rotate_committed(struct control_call *call) {
        control_audit_say(call, "issued", &((struct rotate_call *) call)->result.key);
}

static int rotate_reply(struct control_call *call, sd_bus_message *reply) {
        return control_issue_append(reply, &((struct rotate_call *) call)->result);
}

const struct control_handlers control_rotate = {
        .size = sizeof(struct rotate_call),
        .parse = rotate_parse,
        .detour = control_owner_ask,
        .run = rotate_run,
        .committed = rotate_committed,
        .reply = rotate_reply,
};

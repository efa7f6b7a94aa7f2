/* SPDX-License-Identifier: BSD-2-Clause */
/* GetPolicy, SetPolicy, GetStatus. What a change of the policy does to keys that exist is decided
 * here. Which policies exist and what their values mean is in rules/policy. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "control/control_audit.h"
#include "control/control_census.h"
#include "control/control_policy.h"
#include "control/control_state.h"
#include "fleet/fleet.h"
#include "keys/facts.h"
#include "keys/registered.h"
#include "login/verify.h"
#include "rules/expiry.h"
#include "rules/policy.h"
#include "store/store_key.h"
#include "text.h"

struct policy_call {
        struct control_call call;
        struct policy policy;
};

/* --- GetPolicy --- */

static void get_run(struct control_call *call, struct store *writer) {
        struct policy policy;

        if (control_get_policy(call, writer, &policy))
                ((struct policy_call *) call)->policy = policy;
}

static int get_reply(struct control_call *call, sd_bus_message *reply) {
        struct policy_call *get = (struct policy_call *) call;
        char name[POLICY_NAME_LEN], value[POLICY_VALUE_LEN];
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{ss}");
        for (size_t i = 0; r >= 0 && policy_name(&get->policy, i, name); i++) {
                policy_format(&get->policy, name, value);
                r = sd_bus_message_append(reply, "{ss}", name, value);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

const struct control_handlers control_policy_get = {
        .size = sizeof(struct policy_call),
        .run = get_run,
        .reply = get_reply,
};

/* --- SetPolicy --- */

static void take_change(struct control_policy_call *set, const char *name, const char *value) {
        struct control_policy_change *change = &set->changes[set->n_changes];
        char shown_name[80], shown_value[80];
        int r;

        text_escape(shown_name, sizeof(shown_name), name);
        text_escape(shown_value, sizeof(shown_value), value);
        r = policy_parse(name, value, &change->value);
        if (r == -ENOENT)
                control_fail(&set->call, CONTROL_INVALID_ARGUMENT, "There is no policy '%s'.",
                             shown_name);
        else if (r < 0)
                control_fail(&set->call, CONTROL_INVALID_ARGUMENT,
                             "%s='%s' is not right: it takes %s.", shown_name, shown_value,
                             policy_usage(name));
        else if (set->n_changes + 1 == CONTROL_POLICY_CHANGES_MAX)
                control_fail(&set->call, CONTROL_INVALID_ARGUMENT,
                             "Too many changes at once: at most %d.",
                             CONTROL_POLICY_CHANGES_MAX - 1);
        else {
                (void) text_copy(change->text, sizeof(change->text), value);
                (void) text_copy(change->name, sizeof(change->name), name);
                policy_fold_name(change->name);
                set->call.ends |= strcmp(change->name, "enabled") == 0 && change->value == 0;
                set->n_changes++;
        }
}

int control_policy_parse(struct control_call *call, sd_bus_message *m) {
        const char *name, *value;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{ss}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read(m, "{ss}", &name, &value)) > 0)
                if (call->error == CONTROL_OK)
                        take_change((struct control_policy_call *) call, name, value);
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static bool changes(const struct control_policy_call *set, const char *name) {
        for (size_t i = 0; i < set->n_changes; i++)
                if (strcmp(set->changes[i].name, name) == 0)
                        return true;
        return false;
}

/* Keys that have outlived the lifetime up to now stay dead, however long the new lifetime is.
 * One mark says so, and no key is touched. */
static int seal_lapsed(struct control_policy_call *set, struct store *writer, int64_t now) {
        struct policy policy;
        int64_t made_by;

        if (!changes(set, "lifetime") || !control_get_policy(&set->call, writer, &policy))
                return 0;
        made_by = expiry_made_by(&policy, now);
        /* A mark in the future is overwritten too: it would keep every key alive until then. */
        return made_by == INT64_MIN && policy.lapsed_at == 0
                       ? 0
                       : store_policy_set(writer, POLICY_LAPSED, made_by, now);
}

/* A policy that cannot be read any more would refuse every login. */
static int check_services(struct control_policy_call *set, struct store *writer) {
        struct policy policy;
        int r = facts_policy(writer, &policy);

        if (r == -EPROTONOSUPPORT)
                control_fail(&set->call, CONTROL_INVALID_ARGUMENT,
                             "At most %d services can need a certificate of their own accord.",
                             POLICY_SERVICES_MAX);
        return r == -EPROTONOSUPPORT ? 0 : r;
}

/* The time of idle keys begins anew with a change of the policy. A program that sets the same value
 * every hour must not keep all keys alive. */
static bool is_idle_still(const struct control_policy_call *set,
                          const struct control_policy_change *change, const struct policy *policy,
                          int64_t now) {
        return strcmp(change->name, "idle") == 0 && !set->call.wide && policy->idle_s != 0 &&
               change->value == policy->idle_s && policy->idle_changed_at <= now;
}

int control_policy_write(struct control_policy_call *set, struct store *writer, int64_t now,
                         int (*note)(struct control_policy_call *set, struct store *writer,
                                     const struct control_policy_change *change)) {
        int r;

        r = seal_lapsed(set, writer, now);
        for (size_t i = 0; r >= 0 && i < set->n_changes; i++) {
                const struct control_policy_change *change = &set->changes[i];
                struct policy policy;

                if (!control_get_policy(&set->call, writer, &policy))
                        return 0;
                if (is_idle_still(set, change, &policy, now))
                        continue;
                r = store_policy_set(writer, change->name, change->value, now);
                if (r >= 0 && note)
                        r = note(set, writer, change);
        }
        return r < 0 ? r : check_services(set, writer);
}

static int note_change(struct control_policy_call *set, struct store *writer,
                       const struct control_policy_change *change) {
        char detail[POLICY_NAME_LEN + POLICY_VALUE_LEN];

        (void) snprintf(detail, sizeof(detail), "%s=%s", change->name, change->text);
        return control_audit_add(&set->call, writer, "policy", NULL, detail);
}

static int set_all(struct control_call *call, struct store *writer) {
        int64_t now = clock_now();
        int r;

        r = control_policy_write((struct control_policy_call *) call, writer, now, note_change);
        return r < 0 ? r : registered_touch(writer, now);
}

static void set_run(struct control_call *call, struct store *writer) {
        (void) control_transact(call, writer, set_all);
}

static void set_committed(struct control_call *call) {
        const struct control_policy_call *set = (struct control_policy_call *) call;

        for (size_t i = 0; i < set->n_changes; i++)
                log_message(MESSAGE_POLICY_CHANGED, LOG_NOTICE, "policy %s changed to %s by %s",
                            set->changes[i].name, set->changes[i].text, call->who);
}

const struct control_handlers control_policy_set = {
        .size = sizeof(struct control_policy_call),
        .parse = control_policy_parse,
        .run = set_run,
        .committed = set_committed,
};

static int set_fleet_parse(struct control_call *call, sd_bus_message *m) {
        call->wide = true;
        return control_policy_parse(call, m);
}

const struct control_handlers control_policy_set_fleet = {
        .size = sizeof(struct control_policy_call),
        .parse = set_fleet_parse,
        .run = set_run,
        .committed = set_committed,
};

/* --- GetStatus, and GetServer, which counts no keys --- */

static bool is_counted(const struct control_call *call) {
        return role_may(call->role, ROLE_VERB_STATISTICS, false, call->developers);
}

static void status_detour(struct control_call *call) {
        struct control_census_call *status = (struct control_census_call *) call;

        status->counted = is_counted(call);
        if (status->counted)
                control_census_count(status, true);
        else
                control_resume(call);
}

static void status_run(struct control_call *call, struct store *writer) {
        struct control_census_call *status = (struct control_census_call *) call;
        const struct fleet *fleet = call->control->writer.fleet;
        const struct store_fleet *self = fleet ? fleet_self(fleet) : NULL;

        status->fleet_member = self && !self->issuing;
        (void) !control_get_policy(call, writer, &status->policy);
}

/* What of the policy bounds the caller's own keys, so that a form can say it before it is sent. */
static int append_limits(const struct control_call *call, const struct policy *policy,
                         sd_bus_message *reply) {
        static const char *const limits[] = { "lifetime", "max-lifetime", "max-keys-per-user" };
        char value[POLICY_VALUE_LEN];
        int r;

        r = sd_bus_message_append(
                reply, "{sv}", "may-issue", "b",
                (int) role_may(call->role, ROLE_VERB_ISSUE, true, call->developers));
        for (size_t i = 0; r >= 0 && i < ARRAY_LEN(limits); i++) {
                policy_format(policy, limits[i], value);
                r = sd_bus_message_append(reply, "{sv}", limits[i], "s", value);
        }
        return r;
}

static int status_reply(struct control_call *call, sd_bus_message *reply) {
        const struct control_census_call *status = (struct control_census_call *) call;
        const uint64_t *keys = status->census.keys;
        const struct tally *tally = verify_tally(call->control->fixed.verify);
        const struct conf *conf = call->control->loop.conf;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r >= 0)
                r = sd_bus_message_append(reply, "{sv}{sv}", "version", "s", PACKAGE_VERSION,
                                          "enabled", "b", (int) status->policy.enabled);
        if (r >= 0)
                r = append_limits(call, &status->policy, reply);
        if (r >= 0 && status->counted)
                r = sd_bus_message_append(reply, "{sv}{sv}{sv}{sv}", "keys-active", "t",
                                          keys[KEY_ACTIVE], "keys-expired", "t", keys[KEY_EXPIRED],
                                          "keys-revoked", "t", keys[KEY_REVOKED], "keys-idle", "t",
                                          keys[KEY_IDLE]);
        if (r >= 0 && is_counted(call))
                r = sd_bus_message_append(
                        reply, "{sv}{sv}{sv}", "started", "x", call->control->fixed.started_at,
                        "accepted", "t", tally_sum(tally, TALLY_ACCEPTED), "refused", "t",
                        tally_sum(tally, TALLY_REFUSED) + tally_sum(tally, TALLY_UNDECIDED));
        if (r >= 0 && is_counted(call) && conf->has_admin_group)
                r = sd_bus_message_append(reply, "{sv}", "admin-group", "u", conf->admin_group);
        if (r >= 0 && status->fleet_member)
                r = sd_bus_message_append(reply, "{sv}", "fleet-member", "b", 1);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

const struct control_handlers control_policy_status = {
        .size = sizeof(struct control_census_call),
        .detour = status_detour,
        .run = status_run,
        .reply = status_reply,
};

const struct control_handlers control_policy_server = {
        .size = sizeof(struct control_census_call),
        .run = status_run,
        .reply = status_reply,
};

/* SPDX-License-Identifier: BSD-2-Clause */
/* Sentences about a login, one for each rule. Must not decide: rule.c says whether a rule is
 * passed, and this file says with which values. Pure. */
#include <stdio.h>
#include <string.h>

#include "parse.h"
#include "rules/expiry.h"
#include "rules/explain.h"
#include "text.h"

#define SHOWN_LEN 288

/* The sentences. Each is made after its rule was checked, so the facts that it names are there.
 * The text is empty at first. */

static const char *yes_no(bool value) {
        return value ? "yes" : "no";
}

static void add(char *out, const char *text) {
        size_t len = strlen(out);

        (void) snprintf(out + len, EXPLAIN_TEXT_LEN - len, "%s", text);
}

/* Adds a moment, and how far it is from the time of the login. */
static void add_time(char *out, int64_t at, int64_t now) {
        static const struct {
                int64_t seconds;
                const char *name;
        } units[] = { { PARSE_DAY_S, "days" },
                      { PARSE_HOUR_S, "hours" },
                      { PARSE_MINUTE_S, "minutes" },
                      { 1, "seconds" } };
        int64_t distance = at > now ? at - now : now - at;
        size_t len = strlen(out), unit = 0;
        char date[PARSE_TIME_LEN];

        while (distance < 2 * units[unit].seconds && units[unit].seconds > 1)
                unit++;
        parse_time_format(at, date);
        (void) snprintf(out + len, EXPLAIN_TEXT_LEN - len, "%s, %lld %s %s", date,
                        (long long) (distance / units[unit].seconds), units[unit].name,
                        at > now ? "from then" : "before then");
}

static void add_shown(char *out, const char *text) {
        char shown[SHOWN_LEN];

        text_escape(shown, sizeof(shown), text);
        add(out, "'");
        add(out, shown);
        add(out, "'");
}

static void add_policy(char *out, const struct rule_facts *facts, const char *name) {
        char value[POLICY_VALUE_LEN];

        policy_format(facts->policy, name, value);
        add(out, "the policy says ");
        add(out, name);
        add(out, "=");
        add(out, value);
}

static void say_enabled(const struct rule_facts *facts, char *out) {
        add_policy(out, facts, "enabled");
}

static void say_key(const struct rule_facts *facts, char *out) {
        add(out, "there is a key ");
        add(out, facts->key->id);
}

static void say_secret(const struct rule_facts *facts, char *out) {
        add(out, facts->secret_ok ? "taken to be right: nobody was asked for it" : "it is wrong");
}

static void say_user(const struct rule_facts *facts, char *out) {
        add(out, "the key belongs to ");
        add_shown(out, facts->key->owner);
        add(out, ", the login is of ");
        add_shown(out, facts->user);
        if (strcmp(facts->key->owner, facts->user) != 0 &&
            rule_may_be_same(facts->key->owner, facts->user))
                add(out, ", which a directory may take for another spelling");
}

static void say_realm(const struct rule_facts *facts, char *out) {
        const struct realm_facts *realm = &facts->realm;
        const char *of = facts->key->realm;

        if (!of[0]) {
                add(out, "the key is of an account of this host, and the service ");
                add(out, realm->accounts ? "is of no realm" : "takes the keys of a realm only");
                return;
        }
        add(out, "the key is of the realm ");
        add_shown(out, of);
        if (!realm->known)
                add(out, ", which wfapikeyd.conf does not have");
        else if (!realm->named)
                add(out, ", which does not have such a user by its suffix or list");
        else
                add(out, realm->served ? ", and so is the service" : ", and the service is not");
}

static void say_removed(const struct rule_facts *facts, char *out) {
        if (rule_check(RULE_REMOVED, facts) == REASON_NONE) {
                add(out, "it was not");
                return;
        }
        add(out, "with all others on ");
        add_time(out, facts->policy->epoch_at, facts->now);
}

static void say_revoked(const struct rule_facts *facts, char *out) {
        if (facts->key->status != KEY_REVOKED) {
                add(out, "it was not");
                return;
        }
        add(out, "on ");
        add_time(out, facts->key->dead_at, facts->now);
        if (facts->key->reason[0]) {
                add(out, ": ");
                add_shown(out, facts->key->reason);
        }
}

static void say_retired(const struct rule_facts *facts, char *out) {
        const struct key_record *key = facts->key;

        if (key->retires_at == 0) {
                add(out, "it was not rotated");
                return;
        }
        add(out, "key ");
        add(out, key->successor);
        add(out, " takes its place, ");
        if (key->retires_at == RECORD_RETIRES_ON_USE)
                add(out, "with that one's first use");
        else {
                add(out, "on ");
                add_time(out, expiry_retires_at(key), facts->now);
        }
}

static void say_expired(const struct rule_facts *facts, char *out) {
        int64_t at = expiry_of(facts->policy, facts->key), noted = facts->key->dead_at;

        if (noted != 0 && !facts->key->reason[0] && noted <= facts->now && (at == 0 || noted < at))
                at = noted;
        if (at == 0)
                add(out, "it never expires");
        else {
                add(out, facts->now < at ? "it expires on " : "it expired on ");
                add_time(out, at, facts->now);
        }
}

static void say_idle(const struct rule_facts *facts, char *out) {
        const struct key_record *key = facts->key;
        int64_t at = expiry_idle(facts->policy, key), noted = key->dead_at;

        if (key->hosts[0]) {
                add(out, "the key is the fleet's, and other hosts use it too");
                return;
        }
        if (key->status == KEY_ACTIVE && key->reason[0] && noted != 0 && noted <= facts->now)
                at = noted;
        else if (facts->policy->idle_s == 0) {
                add_policy(out, facts, "idle");
                return;
        }
        add(out, key->last_used_at != 0 ? "last used on " : "never used");
        if (key->last_used_at != 0)
                add_time(out, key->last_used_at, facts->now);
        add(out, facts->now < at ? "; unless it is used it ends on " : "; it has ended on ");
        add_time(out, at, facts->now);
}

static void say_account(const struct rule_facts *facts, char *out) {
        const struct account_record *owner = facts->owner;
        char uids[64];

        add_shown(out, facts->key->owner);
        if (!owner || owner->state == ACCOUNT_UNKNOWN)
                add(out, " was not looked for yet");
        else if (!expiry_account_known(owner))
                add(out, " is not in passwd any more, and no directory has answered yet");
        else if (owner->state == ACCOUNT_GONE) {
                add(out, " is gone since ");
                add_time(out, owner->gone_since, facts->now);
        } else if (facts->key->realm[0]) {
                add(out, " is a user of the realm");
        } else {
                (void) snprintf(uids, sizeof(uids), " is uid %u, the key was made for uid %u",
                                owner->uid, facts->key->owner_uid);
                add(out, uids);
        }
}

static void say_account_expired(const struct rule_facts *facts, char *out) {
        add_shown(out, facts->key->owner);
        if (facts->owner->closes_at == 0) {
                add(out, " has no end");
                return;
        }
        add(out, facts->now < facts->owner->closes_at ? " ends on " : " ended on ");
        add_time(out, facts->owner->closes_at, facts->now);
}

/* Without the date: the owner of a key need not know when another user has to choose a password. */
static void say_password(const struct rule_facts *facts, char *out) {
        if (facts->key->realm[0]) {
                add(out, "a user of a realm has no password here");
                return;
        }
        add_policy(out, facts, "remove-on-password-expiry");
        if (!facts->policy->remove_on_password_expiry)
                return;
        add(out, "; the password of ");
        add_shown(out, facts->key->linked[0] ? facts->key->linked : facts->key->owner);
        if (!facts->linked || !expiry_account_known(facts->linked))
                add(out, " was not looked for yet");
        else if (facts->linked->state == ACCOUNT_GONE)
                add(out, " is gone with the account");
        else if (facts->linked->locked)
                add(out, " is locked");
        else
                add(out, expiry_password_good(facts->linked, facts->now) ? " has not expired then"
                                                                         : " has expired then");
}

static void say_admin(const struct rule_facts *facts, char *out) {
        add_policy(out, facts, "admin-keys");
        add(out, "; the owner is an administrator: ");
        add(out, yes_no(facts->owner->admin));
}

static void say_peer(const struct rule_facts *facts, char *out) {
        add(out, facts->peer_may_claim
                         ? "asked as by root, who may speak for every service; wfapikeyd.conf can "
                           "tie others"
                         : "wfapikeyd.conf ties the service to others than the one who asks");
}

static void say_scope(char *out, const char *list, const char *all, const char *asked,
                      const char *unknown) {
        add(out, "good ");
        if (!list[0]) {
                add(out, all);
                return;
        }
        add(out, "for ");
        add(out, list);
        add(out, "; asked for ");
        if (asked[0])
                add_shown(out, asked);
        else
                add(out, unknown);
}

static void say_service(const struct rule_facts *facts, char *out) {
        say_scope(out, facts->key->services, "for every service", facts->service, "none");
}

static void say_source(const struct rule_facts *facts, char *out) {
        say_scope(out, facts->key->networks, "from everywhere", facts->rhost, "an unknown source");
}

static void say_who_asks(const struct rule_facts *facts, enum certificate_need need, char *out) {
        const bool asks[] = { facts->policy->require_certificate == need,
                              policy_service_need(facts->policy, facts->service) == need,
                              facts->key->certificate_need == need ||
                                      (facts->key->bound && need == CERTIFICATE_YES) };
        static const char *const who[] = { "the policy require-certificate",
                                           "the policy of the service", "the key" };
        const char *before = " by ";

        for (size_t i = 0; i < ARRAY_LEN(asks); i++) {
                if (!asks[i])
                        continue;
                add(out, before);
                add(out, who[i]);
                before = " and ";
        }
}

static void say_certificate(const struct rule_facts *facts, char *out) {
        enum certificate_need need = rule_need(facts->policy, facts->key, facts->service);
        char thumbprint[2 * RECORD_THUMBPRINT_LEN + 1];

        if (need == CERTIFICATE_NO) {
                add(out, "none is needed");
                return;
        }
        add(out, need == CERTIFICATE_PROOF
                         ? "one is needed, and the proof that whoever logs in has its key"
                         : "one is needed");
        say_who_asks(facts, need, out);
        if (facts->key->bound) {
                text_hex(thumbprint, facts->key->certificate, RECORD_THUMBPRINT_LEN);
                add(out, "; the key is bound to ");
                add(out, thumbprint);
        }
        if (!facts->certificate) {
                add(out, "; none is shown");
                return;
        }
        text_hex(thumbprint, facts->certificate->thumbprint, RECORD_THUMBPRINT_LEN);
        add(out, "; shown is ");
        add(out, thumbprint);
        add(out, facts->certificate->proved ? ", proved" : ", not proved");
}

static void say_fleet(const struct rule_facts *facts, char *out) {
        char most[PARSE_DURATION_LEN], age[PARSE_DURATION_LEN];

        if (!facts->key->hosts[0]) {
                add(out, "the key is this host's own");
                return;
        }
        parse_duration_format(policy_replica_max_age(facts->policy, facts->service), most);
        if (facts->fleet_age_s == INT64_MAX)
                add(out, "this host has not heard yet that what it has is current");
        else {
                parse_duration_format(facts->fleet_age_s, age);
                add(out, "what this host has was current ");
                add(out, facts->fleet_age_s == 0 ? "now" : age);
                add(out, facts->fleet_age_s == 0 ? "" : " ago");
        }
        add(out, "; replica-max-age is ");
        add(out, most);
}

static const struct {
        const char *name;
        void (*say)(const struct rule_facts *facts, char *out);
} rules[] = {
        [RULE_ENABLED] = { "enabled", say_enabled },
        [RULE_KEY] = { "key", say_key },
        [RULE_SECRET] = { "secret", say_secret },
        [RULE_USER] = { "user", say_user },
        [RULE_REALM] = { "realm", say_realm },
        [RULE_REMOVED] = { "removed", say_removed },
        [RULE_REVOKED] = { "revoked", say_revoked },
        [RULE_RETIRED] = { "retired", say_retired },
        [RULE_EXPIRED] = { "expired", say_expired },
        [RULE_IDLE] = { "idle", say_idle },
        [RULE_FLEET] = { "fleet", say_fleet },
        [RULE_ACCOUNT] = { "account", say_account },
        [RULE_ACCOUNT_EXPIRED] = { "account-expired", say_account_expired },
        [RULE_PASSWORD] = { "password-expired", say_password },
        [RULE_ADMIN] = { "admin", say_admin },
        [RULE_PEER] = { "peer", say_peer },
        [RULE_SERVICE] = { "service", say_service },
        [RULE_SOURCE] = { "source", say_source },
        [RULE_CERTIFICATE] = { "certificate", say_certificate },
};
_Static_assert(ARRAY_LEN(rules) == _POLICY_RULE_MAX, "a sentence for each rule");

void explain_login(const struct rule_facts *facts, struct explain *ret) {
        ret->reason = REASON_NONE;
        for (enum rule rule = 0; rule < _POLICY_RULE_MAX; rule++) {
                struct explain_line *line = &ret->lines[rule];

                *line = (struct explain_line){ .name = rules[rule].name };
                if (ret->reason != REASON_NONE)
                        continue;
                ret->reason = rule_check(rule, facts);
                line->outcome = ret->reason == REASON_NONE ? EXPLAIN_PASSED : EXPLAIN_FAILED;
                rules[rule].say(facts, line->text);
        }
}

/* An account for which directories have not answered is refused if passwd has lost it. Otherwise
 * logins wait for the answer. */
static const char *why_owner(const struct account_record *owner, bool of_realm) {
        if (owner->state == ACCOUNT_UNKNOWN)
                return NULL;
        if (of_realm)
                return owner->held ? "the user is not in the realm's list, with many others at one "
                                     "look"
                                   : "the user is not in the realm's list";
        if (!expiry_account_known(owner))
                return "the account is not in passwd any more, and no directory has answered yet";
        return owner->held ? "the account is gone, with many others at one look"
                           : "the account is gone";
}

/* Without the date, for the reason that say_password() has. */
static const char *why_password(const struct account_record *linked, bool other) {
        if (!expiry_account_known(linked))
                return NULL;
        if (linked->state == ACCOUNT_GONE)
                return other ? "the linked account is gone" : "the account is gone";
        if (linked->password_held)
                return linked->locked ? "the password is locked, with many others at one look"
                                      : "the password has expired, with many others at one look";
        return linked->locked ? "the password is locked" : "the password has expired";
}

/* Whatever the service. */
static const char *why_realm(const struct rule_facts *facts) {
        if (!facts->realm.known)
                return "its realm is not configured on this host";
        return facts->realm.named ? NULL : "its realm does not have this user by its suffix";
}

static const char *why_refused(const struct rule_facts *facts) {
        bool of_realm = facts->key->realm[0] != '\0';
        const char *why = of_realm ? why_realm(facts) : NULL;

        if (why)
                return why;
        if (rule_check(RULE_ACCOUNT, facts) != REASON_NONE)
                return why_owner(facts->owner, of_realm);
        if (rule_check(RULE_ACCOUNT_EXPIRED, facts) != REASON_NONE)
                return "the account has expired";
        return rule_check(RULE_PASSWORD, facts) != REASON_NONE
                       ? why_password(facts->linked, facts->key->linked[0] != '\0')
                       : NULL;
}

bool explain_refused(const struct rule_facts *facts, char out[static RECORD_REASON_MAX + 1]) {
        const struct account_record *owner = facts->owner;
        const char *why;

        out[0] = '\0';
        if (expiry_status(facts->policy, facts->key, facts->now) != KEY_ACTIVE)
                return false;
        if (!facts->key->realm[0] && owner->state == ACCOUNT_PRESENT &&
            owner->uid != facts->key->owner_uid) {
                (void) snprintf(out, RECORD_REASON_MAX + 1, "the account's uid is %u now",
                                owner->uid);
                return true;
        }
        why = why_refused(facts);
        if (why)
                (void) text_copy(out, RECORD_REASON_MAX + 1, why);
        return why;
}

const char *explain_outcome_name(enum explain_outcome outcome) {
        switch (outcome) {
        case EXPLAIN_PASSED:
                return "passed";
        case EXPLAIN_FAILED:
                return "failed";
        case EXPLAIN_NOT_REACHED:
                break;
        }
        return "not reached";
}

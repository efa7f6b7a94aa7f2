/* SPDX-License-Identifier: BSD-2-Clause */
/* The rules that a login has to pass, in their order. Pure: it sees facts and a time, no store,
 * no clock and no secret. */
#include <string.h>
#include <strings.h>

#include "network.h"
#include "rules/expiry.h"
#include "rules/rule.h"
#include "text.h"

/* A name without its realm. */
static const char *bare_name(const char *name, size_t *ret_len) {
        const char *slash = strrchr(name, '\\');

        if (slash)
                name = slash + 1;
        *ret_len = strcspn(name, "@");
        return name;
}

bool rule_may_be_same(const char *owner, const char *user) {
        size_t owner_len, user_len;

        owner = bare_name(owner, &owner_len);
        user = bare_name(user, &user_len);
        return owner_len > 0 && owner_len == user_len && strncasecmp(owner, user, user_len) == 0;
}

/* In the order of enum rule. Each check relies on the earlier rules having passed. */

static enum reason check_enabled(const struct rule_facts *facts) {
        return facts->policy->enabled ? REASON_NONE : REASON_DISABLED;
}

static enum reason check_key(const struct rule_facts *facts) {
        if (facts->key)
                return REASON_NONE;
        return facts->confirming ? REASON_STALE : REASON_UNKNOWN_KEY;
}

static enum reason check_secret(const struct rule_facts *facts) {
        if (facts->secret_ok)
                return REASON_NONE;
        return facts->confirming ? REASON_STALE : REASON_WRONG_SECRET;
}

const char *rule_user_of(const struct key_record *key) {
        char realm[REALM_NAME_MAX + 1];
        const char *user = key->realm[0] ? realm_split(key->owner, realm) : key->owner;

        return user ?: "";
}

/* No directory is asked for another spelling of a realm's user: it would say whose account that is.
 */
static enum reason check_user(const struct rule_facts *facts) {
        const struct account_record *spelled = facts->spelled;

        if (facts->user[0] && strcmp(rule_user_of(facts->key), facts->user) == 0)
                return REASON_NONE;
        if (facts->key->realm[0])
                return REASON_OTHER_USER;
        if (!rule_may_be_same(facts->key->owner, facts->user))
                return REASON_OTHER_USER;
        if (!spelled || spelled->state == ACCOUNT_UNKNOWN)
                return REASON_SPELLING_UNKNOWN;
        return spelled->state == ACCOUNT_PRESENT && strcmp(spelled->name, facts->key->owner) == 0 &&
                               spelled->uid == facts->key->owner_uid
                       ? REASON_NONE
                       : REASON_OTHER_USER;
}

/* A service takes keys of accounts or those of one realm. So an account and a user of a realm may
 * have the same name, and neither logs in as the other. */
static enum reason check_realm(const struct rule_facts *facts) {
        const struct realm_facts *realm = &facts->realm;

        if (!facts->key->realm[0])
                return realm->accounts ? REASON_NONE : REASON_REALM_SERVICE;
        if (!realm->known || !realm->named)
                return REASON_REALM;
        return realm->served && !realm->accounts ? REASON_NONE : REASON_REALM_SERVICE;
}

static enum reason check_removed(const struct rule_facts *facts) {
        return facts->key->epoch < (facts->key->hosts[0] ? facts->policy->fleet_epoch
                                                         : facts->policy->epoch)
                       ? REASON_REMOVED
                       : REASON_NONE;
}

static enum reason check_revoked(const struct rule_facts *facts) {
        return facts->key->status == KEY_REVOKED ? REASON_REVOKED : REASON_NONE;
}

static enum reason check_retired(const struct rule_facts *facts) {
        return expiry_is_retired(facts->key, facts->now) ? REASON_RETIRED : REASON_NONE;
}

static enum reason check_expired(const struct rule_facts *facts) {
        return expiry_status(facts->policy, facts->key, facts->now) == KEY_EXPIRED ? REASON_EXPIRED
                                                                                   : REASON_NONE;
}

static enum reason check_idle(const struct rule_facts *facts) {
        return expiry_status(facts->policy, facts->key, facts->now) == KEY_ACTIVE ? REASON_NONE
                                                                                  : REASON_IDLE;
}

static enum reason check_fleet(const struct rule_facts *facts) {
        return facts->key->hosts[0] && facts->fleet_age_s >
                                               policy_replica_max_age(facts->policy, facts->service)
                       ? REASON_FLEET_STALE
                       : REASON_NONE;
}

static enum reason check_account(const struct rule_facts *facts) {
        const struct account_record *owner = facts->owner;
        bool of_realm = facts->key->realm[0] != '\0';

        if (!owner || !expiry_account_known(owner))
                return REASON_ACCOUNT_UNKNOWN;
        /* An account has a number, and a user of a realm has none. */
        return owner->state == ACCOUNT_PRESENT && owner->uid == facts->key->owner_uid &&
                               (owner->uid == RECORD_UNBOUND) == of_realm
                       ? REASON_NONE
                       : REASON_ACCOUNT_GONE;
}

static enum reason check_account_expired(const struct rule_facts *facts) {
        int64_t at = facts->owner->closes_at;

        return at != 0 && facts->now >= at ? REASON_ACCOUNT_EXPIRED : REASON_NONE;
}

static enum reason check_password(const struct rule_facts *facts) {
        const struct account_record *linked = facts->linked;

        /* A user of a realm has no password here. */
        if (!facts->policy->remove_on_password_expiry || facts->key->realm[0])
                return REASON_NONE;
        if (!linked || !expiry_account_known(linked))
                return REASON_ACCOUNT_UNKNOWN;
        return expiry_password_good(linked, facts->now) ? REASON_NONE : REASON_PASSWORD_EXPIRED;
}

static enum reason check_admin(const struct rule_facts *facts) {
        return !facts->policy->admin_keys && facts->owner->admin ? REASON_ADMIN : REASON_NONE;
}

static enum reason check_peer(const struct rule_facts *facts) {
        return facts->peer_may_claim ? REASON_NONE : REASON_PEER;
}

static enum reason check_service(const struct rule_facts *facts) {
        const char *services = facts->key->services;

        return !services[0] || text_has_word(services, facts->service) ? REASON_NONE
                                                                       : REASON_SERVICE;
}

/* A list that cannot be read has nobody on it. */
static enum reason check_source(const struct rule_facts *facts) {
        const char *networks = facts->key->networks;
        struct network address, net;
        char word[NETWORK_TEXT_LEN];

        if (!networks[0])
                return REASON_NONE;
        if (network_parse_source(facts->rhost, &address) < 0)
                return REASON_SOURCE_UNKNOWN;
        while (*networks) {
                size_t len = strcspn(networks, " ");

                if (len < sizeof(word)) {
                        memcpy(word, networks, len);
                        word[len] = '\0';
                        if (network_parse(word, &net) >= 0 && network_contains(&net, &address))
                                return REASON_NONE;
                }
                networks += len;
                networks += strspn(networks, " ");
        }
        return REASON_SOURCE;
}

enum certificate_need rule_need(const struct policy *policy, const struct key_record *key,
                                const char *service) {
        enum certificate_need need = policy->require_certificate,
                              of_service = policy_service_need(policy, service);

        if (key->certificate_need > need)
                need = key->certificate_need;
        if (of_service > need)
                need = of_service;
        return key->bound && need < CERTIFICATE_YES ? CERTIFICATE_YES : need;
}

static enum reason check_certificate(const struct rule_facts *facts) {
        enum certificate_need need = rule_need(facts->policy, facts->key, facts->service);
        const struct rule_certificate *shown = facts->certificate;

        if (need == CERTIFICATE_NO)
                return REASON_NONE;
        if (!shown)
                return REASON_CERTIFICATE_MISSING;
        if (shown->reason != REASON_NONE)
                return shown->reason;
        if (facts->key->bound &&
            memcmp(shown->thumbprint, facts->key->certificate, RECORD_THUMBPRINT_LEN) != 0)
                return REASON_CERTIFICATE_OTHER;
        return need == CERTIFICATE_YES || shown->proved ? REASON_NONE : REASON_CERTIFICATE_UNPROVED;
}

static enum reason (*const checks[])(const struct rule_facts *facts) = {
        [RULE_ENABLED] = check_enabled,
        [RULE_KEY] = check_key,
        [RULE_SECRET] = check_secret,
        [RULE_USER] = check_user,
        [RULE_REALM] = check_realm,
        [RULE_REMOVED] = check_removed,
        [RULE_REVOKED] = check_revoked,
        [RULE_RETIRED] = check_retired,
        [RULE_EXPIRED] = check_expired,
        [RULE_IDLE] = check_idle,
        [RULE_FLEET] = check_fleet,
        [RULE_ACCOUNT] = check_account,
        [RULE_ACCOUNT_EXPIRED] = check_account_expired,
        [RULE_PASSWORD] = check_password,
        [RULE_ADMIN] = check_admin,
        [RULE_PEER] = check_peer,
        [RULE_SERVICE] = check_service,
        [RULE_SOURCE] = check_source,
        [RULE_CERTIFICATE] = check_certificate,
};
_Static_assert(ARRAY_LEN(checks) == _POLICY_RULE_MAX, "a check for each rule");

enum reason rule_check(enum rule rule, const struct rule_facts *facts) {
        return checks[rule](facts);
}

enum reason rule_decide(const struct rule_facts *facts) {
        for (size_t rule = 0; rule < ARRAY_LEN(checks); rule++) {
                enum reason reason = checks[rule](facts);

                if (reason != REASON_NONE)
                        return reason;
        }
        return REASON_NONE;
}

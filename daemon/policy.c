#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "expiry.h"
#include "network.h"
#include "parse.h"
#include "policy.h"
#include "text.h"

enum kind {
        KIND_SWITCH,
        KIND_COUNT,
        KIND_DURATION,
        KIND_DURATION_OR_NONE,
};

/* In alphabetical order, as they are shown. */
static const struct row {
        const char *name;
        enum kind kind;
        size_t offset;
        int64_t initial;
        const char *usage;
} rows[] = {
        { "admin-keys", KIND_SWITCH, offsetof(struct policy, admin_keys), 1, "yes or no" },
        { "enabled", KIND_SWITCH, offsetof(struct policy, enabled), 0, "yes or no" },
        { "lifetime", KIND_DURATION_OR_NONE, offsetof(struct policy, lifetime_s), PARSE_MONTH_S,
          "a duration such as 90d, 6months or 1y, or none" },
        { "max-keys-per-user", KIND_COUNT, offsetof(struct policy, max_keys_per_user), 5,
          "a number from 1 to 1000" },
        { "max-lifetime", KIND_DURATION_OR_NONE, offsetof(struct policy, max_lifetime_s), 0,
          "a duration such as 90d, 6months or 1y, or none" },
        { "password-issue", KIND_SWITCH, offsetof(struct policy, password_issue), 1, "yes or no" },
        { "remove-on-password-expiry", KIND_SWITCH, offsetof(struct policy, remove_on_password_expiry), 0,
          "yes or no" },
        { "require-certificate", KIND_SWITCH, offsetof(struct policy, require_certificate), 0, "yes or no" },
        { "retention", KIND_DURATION, offsetof(struct policy, retention_s), 90 * PARSE_DAY_S,
          "a duration such as 90d or 1y" },
};

static const struct row *find(const char *name) {
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                if (strcmp(rows[i].name, name) == 0)
                        return &rows[i];
        return NULL;
}

static bool in_range(const struct row *row, int64_t value) {
        switch (row->kind) {
        case KIND_SWITCH:
                return value == 0 || value == 1;
        case KIND_COUNT:
                return value >= 1 && value <= 1000;
        case KIND_DURATION:
                return value >= 1 && value <= 100 * PARSE_YEAR_S;
        case KIND_DURATION_OR_NONE:
                return value >= 0 && value <= 100 * PARSE_YEAR_S;
        }
        return false;
}

static void store_value(struct policy *policy, const struct row *row, int64_t value) {
        char *at = (char *) policy + row->offset;

        if (row->kind == KIND_SWITCH)
                memcpy(at, &(bool){ value != 0 }, sizeof(bool));
        else
                memcpy(at, &value, sizeof(value));
}

static int64_t load_value(const struct policy *policy, const struct row *row) {
        const char *at = (const char *) policy + row->offset;
        int64_t value;
        bool on;

        if (row->kind == KIND_SWITCH) {
                memcpy(&on, at, sizeof(on));
                return on;
        }
        memcpy(&value, at, sizeof(value));
        return value;
}

void policy_init(struct policy *policy) {
        *policy = (struct policy){};
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                store_value(policy, &rows[i], rows[i].initial);
}

/* What is written beside the policies: not a person's to set. */
static int apply_mark(struct policy *policy, const char *name, int64_t value, int64_t changed_at) {
        if (strcmp(name, POLICY_EPOCH) == 0) {
                if (value < 0 || value == INT64_MAX) /* behind which there is none */
                        return -ERANGE;
                policy->epoch = value;
                policy->epoch_at = changed_at;
                return 0;
        }
        if (strcmp(name, POLICY_LAPSED) == 0) {
                policy->lapsed_before = value;
                policy->lapsed_at = changed_at;
                return 0;
        }
        return -ENOENT;
}

int policy_apply(struct policy *policy, const char *name, int64_t value, int64_t changed_at) {
        const struct row *row = find(name);

        if (!row)
                return apply_mark(policy, name, value, changed_at);
        if (!in_range(row, value))
                return -ERANGE;
        store_value(policy, row, value);
        if (row->offset == offsetof(struct policy, lifetime_s))
                policy->lifetime_changed_at = changed_at;
        return 0;
}

static int parse_switch(const char *text, int64_t *ret) {
        if (strcmp(text, "yes") == 0)
                *ret = 1;
        else if (strcmp(text, "no") == 0)
                *ret = 0;
        else
                return -EINVAL;
        return 0;
}

static int parse_value(const struct row *row, const char *text, int64_t *ret) {
        uint64_t count;
        int r;

        switch (row->kind) {
        case KIND_SWITCH:
                return parse_switch(text, ret);
        case KIND_COUNT:
                r = parse_u64(text, 1, 1000, &count);
                if (r >= 0)
                        *ret = (int64_t) count;
                return r;
        case KIND_DURATION_OR_NONE:
                if (strcmp(text, "none") == 0) {
                        *ret = 0;
                        return 0;
                }
                return parse_duration(text, ret);
        case KIND_DURATION:
                return parse_duration(text, ret);
        }
        return -EINVAL;
}

int policy_parse(const char *name, const char *text, int64_t *ret) {
        const struct row *row = find(name);
        int64_t value = 0;
        int r;

        if (!row)
                return -ENOENT;
        r = parse_value(row, text, &value);
        if (r >= 0)
                *ret = value;
        return r;
}

const char *policy_usage(const char *name) {
        const struct row *row = find(name);

        return row ? row->usage : NULL;
}

const char *policy_name(size_t i) {
        return i < ARRAY_LEN(rows) ? rows[i].name : NULL;
}

static void format_count(uint64_t value, char out[static POLICY_VALUE_LEN]) {
        char digits[POLICY_VALUE_LEN];
        size_t n = 0;

        do
                digits[n++] = (char) ('0' + value % 10);
        while ((value /= 10) > 0);
        while (n > 0)
                *out++ = digits[--n];
        *out = '\0';
}

void policy_format(const struct policy *policy, const char *name, char out[static POLICY_VALUE_LEN]) {
        const struct row *row = find(name);
        int64_t value;

        out[0] = '\0';
        if (!row)
                return;
        value = load_value(policy, row);
        if (row->kind == KIND_SWITCH)
                memcpy(out, value ? "yes" : "no", value ? 4 : 3);
        else if (row->kind == KIND_COUNT)
                format_count((uint64_t) value, out);
        else if (value == 0)
                memcpy(out, "none", 5);
        else
                parse_duration_format(value, out);
}

/* --- The rules of a login, in the order of enum policy_rule; each relies on those before it having passed ---------------- */

static enum reason check_enabled(const struct policy_facts *facts) {
        return facts->policy->enabled ? REASON_NONE : REASON_DISABLED;
}

static enum reason check_key(const struct policy_facts *facts) {
        if (facts->key)
                return REASON_NONE;
        return facts->confirming ? REASON_STALE : REASON_UNKNOWN_KEY;
}

static enum reason check_secret(const struct policy_facts *facts) {
        if (facts->secret_ok)
                return REASON_NONE;
        return facts->confirming ? REASON_STALE : REASON_WRONG_SECRET;
}

static enum reason check_user(const struct policy_facts *facts) {
        return strcmp(facts->key->owner, facts->user) == 0 ? REASON_NONE : REASON_OTHER_USER;
}

static enum reason check_removed(const struct policy_facts *facts) {
        return facts->key->epoch < facts->policy->epoch ? REASON_REMOVED : REASON_NONE;
}

static enum reason check_revoked(const struct policy_facts *facts) {
        return facts->key->status == KEY_REVOKED ? REASON_REVOKED : REASON_NONE;
}

static enum reason check_retired(const struct policy_facts *facts) {
        return expiry_is_retired(facts->key, facts->now) ? REASON_RETIRED : REASON_NONE;
}

static enum reason check_expired(const struct policy_facts *facts) {
        return expiry_status(facts->policy, facts->key, facts->now) == KEY_ACTIVE ? REASON_NONE
                                                                                  : REASON_EXPIRED;
}

static enum reason check_account(const struct policy_facts *facts) {
        const struct account_record *owner = facts->owner;

        if (!owner || owner->state == ACCOUNT_UNKNOWN)
                return REASON_ACCOUNT_UNKNOWN;
        return owner->state == ACCOUNT_PRESENT && owner->uid == facts->key->owner_uid ? REASON_NONE
                                                                                      : REASON_ACCOUNT_GONE;
}

static enum reason check_account_expired(const struct policy_facts *facts) {
        int64_t at = facts->owner->closes_at;

        return at != 0 && facts->now >= at ? REASON_ACCOUNT_EXPIRED : REASON_NONE;
}

static enum reason check_password(const struct policy_facts *facts) {
        const struct account_record *linked = facts->linked;

        if (!facts->policy->remove_on_password_expiry)
                return REASON_NONE;
        if (!linked || linked->state == ACCOUNT_UNKNOWN)
                return REASON_ACCOUNT_UNKNOWN;
        return expiry_password_good(linked, facts->now) ? REASON_NONE : REASON_PASSWORD_EXPIRED;
}

static enum reason check_admin(const struct policy_facts *facts) {
        return !facts->policy->admin_keys && facts->owner->admin ? REASON_ADMIN : REASON_NONE;
}

static enum reason check_peer(const struct policy_facts *facts) {
        return facts->peer_may_claim ? REASON_NONE : REASON_PEER;
}

static enum reason check_service(const struct policy_facts *facts) {
        const char *services = facts->key->services;

        return !services[0] || text_has_word(services, facts->service) ? REASON_NONE : REASON_SERVICE;
}

/* A list that does not read is a list that nobody is on. */
static enum reason check_source(const struct policy_facts *facts) {
        const char *networks = facts->key->networks;
        struct network address, net;
        char word[NETWORK_TEXT_LEN];

        if (!networks[0])
                return REASON_NONE;
        if (network_parse_address(facts->rhost, &address) < 0)
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

/* No evidence of a certificate can be presented in this version of the protocol. */
static enum reason check_certificate(const struct policy_facts *facts) {
        return facts->policy->require_certificate ? REASON_CERTIFICATE_MISSING : REASON_NONE;
}

static enum reason (*const checks[])(const struct policy_facts *facts) = {
        [POLICY_RULE_ENABLED] = check_enabled,   [POLICY_RULE_KEY] = check_key,
        [POLICY_RULE_SECRET] = check_secret,     [POLICY_RULE_USER] = check_user,
        [POLICY_RULE_REMOVED] = check_removed,   [POLICY_RULE_REVOKED] = check_revoked,
        [POLICY_RULE_RETIRED] = check_retired,   [POLICY_RULE_EXPIRED] = check_expired,
        [POLICY_RULE_ACCOUNT] = check_account,   [POLICY_RULE_ACCOUNT_EXPIRED] = check_account_expired,
        [POLICY_RULE_PASSWORD] = check_password, [POLICY_RULE_ADMIN] = check_admin,
        [POLICY_RULE_PEER] = check_peer,         [POLICY_RULE_SERVICE] = check_service,
        [POLICY_RULE_SOURCE] = check_source,     [POLICY_RULE_CERTIFICATE] = check_certificate,
};
_Static_assert(ARRAY_LEN(checks) == _POLICY_RULE_MAX, "a check for each rule");

enum reason policy_check(enum policy_rule rule, const struct policy_facts *facts) {
        return checks[rule](facts);
}

enum reason policy_decide(const struct policy_facts *facts) {
        for (size_t rule = 0; rule < ARRAY_LEN(checks); rule++) {
                enum reason reason = checks[rule](facts);

                if (reason != REASON_NONE)
                        return reason;
        }
        return REASON_NONE;
}

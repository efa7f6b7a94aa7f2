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
static bool apply_mark(struct policy *policy, const char *name, int64_t value, int64_t changed_at) {
        if (strcmp(name, POLICY_EPOCH) == 0) {
                policy->epoch = value;
                policy->epoch_at = changed_at;
                return true;
        }
        if (strcmp(name, POLICY_LAPSED) == 0) {
                policy->lapsed_before = value;
                policy->lapsed_at = changed_at;
                return true;
        }
        return false;
}

int policy_apply(struct policy *policy, const char *name, int64_t value, int64_t changed_at) {
        const struct row *row = find(name);

        if (!row)
                return apply_mark(policy, name, value, changed_at) ? 0 : -ENOENT;
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

/* Whether the key is good from this source. A list that does not read is a list that nobody is on. */
static enum reason decide_source(const char *networks, const char *rhost) {
        struct network address, net;
        char word[NETWORK_TEXT_LEN];

        if (!networks[0])
                return REASON_NONE;
        if (network_parse_address(rhost, &address) < 0)
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

/* Whether the accounts behind the key are still those that it was made for, and open. */
static enum reason decide_account(const struct policy_facts *facts) {
        const struct account_record *owner = facts->owner, *linked = facts->linked;

        if (!owner || owner->state == ACCOUNT_UNKNOWN)
                return REASON_ACCOUNT_UNKNOWN;
        if (owner->state != ACCOUNT_PRESENT || owner->uid != facts->key->owner_uid)
                return REASON_ACCOUNT_GONE;
        if (owner->closes_at != 0 && facts->now >= owner->closes_at)
                return REASON_ACCOUNT_EXPIRED;
        if (facts->policy->remove_on_password_expiry) {
                if (!linked || linked->state == ACCOUNT_UNKNOWN)
                        return REASON_ACCOUNT_UNKNOWN;
                if (!expiry_password_good(linked, facts->now))
                        return REASON_PASSWORD_EXPIRED;
        }
        if (!facts->policy->admin_keys && owner->admin)
                return REASON_ADMIN;
        return REASON_NONE;
}

/* Whether the key itself still lives. */
static enum reason decide_life(const struct policy_facts *facts) {
        const struct key_record *key = facts->key;

        if (key->epoch < facts->policy->epoch)
                return REASON_REMOVED;
        switch (expiry_status(facts->policy, key, facts->now)) {
        case KEY_ACTIVE:
                return REASON_NONE;
        case KEY_REVOKED:
                return REASON_REVOKED;
        case KEY_EXPIRED:
                break;
        }
        return expiry_is_retired(key, facts->now) ? REASON_RETIRED : REASON_EXPIRED;
}

enum reason policy_decide(const struct policy_facts *facts) {
        const struct key_record *key = facts->key;
        enum reason reason;

        if (!facts->policy->enabled)
                return REASON_DISABLED;
        if (!key)
                return facts->confirming ? REASON_STALE : REASON_UNKNOWN_KEY;
        if (!facts->secret_ok)
                return facts->confirming ? REASON_STALE : REASON_WRONG_SECRET;
        if (strcmp(key->owner, facts->user) != 0)
                return REASON_OTHER_USER;
        reason = decide_life(facts);
        if (reason == REASON_NONE)
                reason = decide_account(facts);
        if (reason != REASON_NONE)
                return reason;
        if (!facts->peer_may_claim)
                return REASON_PEER;
        if (key->services[0] && !text_has_word(key->services, facts->service))
                return REASON_SERVICE;
        reason = decide_source(key->networks, facts->rhost);
        if (reason != REASON_NONE)
                return reason;
        /* No evidence of a certificate can be presented in this version of the protocol. */
        if (facts->policy->require_certificate)
                return REASON_CERTIFICATE_MISSING;
        return REASON_NONE;
}

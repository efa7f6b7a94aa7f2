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
        KIND_UNSUPPORTED_SWITCH, /* may only be off: switched on it would promise what is not done yet */
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
        { "enabled", KIND_SWITCH, offsetof(struct policy, enabled), 0, "yes or no" },
        { "lifetime", KIND_DURATION_OR_NONE, offsetof(struct policy, lifetime_s), PARSE_MONTH_S,
          "a duration such as 90d, 6months or 1y, or none" },
        { "max-keys-per-user", KIND_COUNT, offsetof(struct policy, max_keys_per_user), 5,
          "a number from 1 to 1000" },
        { "max-lifetime", KIND_DURATION_OR_NONE, offsetof(struct policy, max_lifetime_s), 0,
          "a duration such as 90d, 6months or 1y, or none" },
        { "password-issue", KIND_SWITCH, offsetof(struct policy, password_issue), 1, "yes or no" },
        { "remove-on-password-expiry", KIND_UNSUPPORTED_SWITCH,
          offsetof(struct policy, remove_on_password_expiry), 0, "no" },
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
        case KIND_UNSUPPORTED_SWITCH:
                return value == 0;
        case KIND_COUNT:
                return value >= 1 && value <= 1000;
        case KIND_DURATION:
                return value >= 1 && value <= 100 * PARSE_YEAR_S;
        case KIND_DURATION_OR_NONE:
                return value >= 0 && value <= 100 * PARSE_YEAR_S;
        }
        return false;
}

static bool is_switch(const struct row *row) {
        return row->kind == KIND_SWITCH || row->kind == KIND_UNSUPPORTED_SWITCH;
}

static void store_value(struct policy *policy, const struct row *row, int64_t value) {
        char *at = (char *) policy + row->offset;

        if (is_switch(row))
                memcpy(at, &(bool){ value != 0 }, sizeof(bool));
        else
                memcpy(at, &value, sizeof(value));
}

static int64_t load_value(const struct policy *policy, const struct row *row) {
        const char *at = (const char *) policy + row->offset;
        int64_t value;
        bool on;

        if (is_switch(row)) {
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

int policy_apply(struct policy *policy, const char *name, int64_t value, int64_t changed_at) {
        const struct row *row = find(name);

        if (!row)
                return -ENOENT;
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
        case KIND_UNSUPPORTED_SWITCH:
                r = parse_switch(text, ret);
                return r >= 0 && *ret != 0 ? -EOPNOTSUPP : r;
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
        if (is_switch(row))
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

enum reason policy_decide(const struct policy_facts *facts) {
        const struct key_record *key = facts->key;
        enum key_status status;
        enum reason source;

        if (!facts->policy->enabled)
                return REASON_DISABLED;
        if (!key)
                return facts->confirming ? REASON_STALE : REASON_UNKNOWN_KEY;
        if (!facts->secret_ok)
                return facts->confirming ? REASON_STALE : REASON_WRONG_SECRET;
        if (strcmp(key->owner, facts->user) != 0)
                return REASON_OTHER_USER;
        status = expiry_status(facts->policy, key, facts->now);
        if (status != KEY_ACTIVE)
                return status == KEY_EXPIRED ? REASON_EXPIRED : REASON_REVOKED;
        if (!facts->peer_may_claim)
                return REASON_PEER;
        if (key->services[0] && !text_has_word(key->services, facts->service))
                return REASON_SERVICE;
        source = decide_source(key->networks, facts->rhost);
        if (source != REASON_NONE)
                return source;
        /* No evidence of a certificate can be presented in this version of the protocol. */
        if (facts->policy->require_certificate)
                return REASON_CERTIFICATE_MISSING;
        return REASON_NONE;
}

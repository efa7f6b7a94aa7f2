/* SPDX-License-Identifier: BSD-2-Clause */
/* The policies: their names, their limits, and their values as text. Must not know the store,
 * nor what a policy is good for. */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "parse.h"
#include "rules/policy.h"
#include "text.h"

enum kind {
        KIND_SWITCH,
        KIND_COUNT,
        KIND_DURATION,
        KIND_DURATION_OR_NONE,
        KIND_NEED,
};

/* In alphabetical order, the order in which people see them. */
static const struct row {
        const char *name;
        enum kind kind;
        size_t offset;
        int64_t initial;
        const char *usage;
} rows[] = {
        { "account-grace", KIND_DURATION_OR_NONE, offsetof(struct policy, account_grace_s),
          PARSE_DAY_S, "a duration such as 12h or 1d, or none" },
        { "admin-keys", KIND_SWITCH, offsetof(struct policy, admin_keys), 1, "yes or no" },
        { "enabled", KIND_SWITCH, offsetof(struct policy, enabled), 0, "yes or no" },
        { "idle", KIND_DURATION_OR_NONE, offsetof(struct policy, idle_s), 0,
          "a duration such as 90d or 6months, or none" },
        { "lifetime", KIND_DURATION_OR_NONE, offsetof(struct policy, lifetime_s), PARSE_MONTH_S,
          "a duration such as 90d, 6months or 1y, or none" },
        { "max-keys-per-user", KIND_COUNT, offsetof(struct policy, max_keys_per_user), 5,
          "a number from 1 to 1000" },
        { "max-lifetime", KIND_DURATION_OR_NONE, offsetof(struct policy, max_lifetime_s), 0,
          "a duration such as 90d, 6months or 1y, or none" },
        { "password-issue", KIND_SWITCH, offsetof(struct policy, password_issue), 1, "yes or no" },
        { "remove-on-password-expiry", KIND_SWITCH,
          offsetof(struct policy, remove_on_password_expiry), 0, "yes or no" },
        { "replica-max-age", KIND_DURATION, offsetof(struct policy, replica_max_age_s), PARSE_DAY_S,
          "a duration such as 1h or 1d" },
        { "require-certificate", KIND_NEED, offsetof(struct policy, require_certificate),
          CERTIFICATE_NO, "no, yes or proof" },
        { "retention", KIND_DURATION, offsetof(struct policy, retention_s), 90 * PARSE_DAY_S,
          "a duration such as 90d or 1y" },
};

/* Stands for the policy of any service. It has no field of its own in struct policy. */
static const struct row service_row = { POLICY_SERVICE, KIND_NEED, 0, CERTIFICATE_NO,
                                        "no, yes or proof" };

static const struct row age_row = { POLICY_SERVICE_AGE, KIND_DURATION_OR_NONE, 0, 0,
                                    "a duration such as 1m or 1h, or none" };

/* The service behind ${prefix} in the name of a policy; NULL when there is none. */
static const char *service_behind(const char *name, const char *prefix) {
        size_t len = strlen(prefix);

        return strncmp(name, prefix, len) == 0 && text_is_service(name + len) ? name + len : NULL;
}

static const char *service_of(const char *name) {
        return service_behind(name, POLICY_SERVICE) ?: service_behind(name, POLICY_SERVICE_AGE);
}

static const struct row *find(const char *name) {
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                if (strcmp(rows[i].name, name) == 0)
                        return &rows[i];
        if (service_behind(name, POLICY_SERVICE_AGE))
                return &age_row;
        return service_of(name) ? &service_row : NULL;
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
        case KIND_NEED:
                return value >= CERTIFICATE_NO && value <= CERTIFICATE_PROOF;
        }
        return false;
}

static void store_value(struct policy *policy, const struct row *row, int64_t value) {
        char *at = (char *) policy + row->offset;

        if (row->kind == KIND_SWITCH)
                memcpy(at, &(bool){ value != 0 }, sizeof(bool));
        else if (row->kind == KIND_NEED)
                memcpy(at, &(enum certificate_need){ (enum certificate_need) value },
                       sizeof(enum certificate_need));
        else
                memcpy(at, &value, sizeof(value));
}

static int64_t load_value(const struct policy *policy, const struct row *row) {
        const char *at = (const char *) policy + row->offset;
        enum certificate_need need;
        int64_t value;
        bool on;

        if (row->kind == KIND_SWITCH) {
                memcpy(&on, at, sizeof(on));
                return on;
        }
        if (row->kind == KIND_NEED) {
                memcpy(&need, at, sizeof(need));
                return need;
        }
        memcpy(&value, at, sizeof(value));
        return value;
}

void policy_init(struct policy *policy) {
        *policy = (struct policy){ .fleet_epoch = RECORD_FLEET_EPOCH };
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                store_value(policy, &rows[i], rows[i].initial);
}

/* Values that are stored beside the policies, and that no person sets. */
static int apply_mark(struct policy *policy, const char *name, int64_t value, int64_t changed_at) {
        if (strcmp(name, POLICY_FLEET_EPOCH) == 0) {
                if (value < RECORD_FLEET_EPOCH || value == INT64_MAX)
                        return -ERANGE;
                policy->fleet_epoch = value;
                return 0;
        }
        if (strcmp(name, POLICY_EPOCH) == 0) {
                /* a later value must be left */
                if (value < 0 || value >= RECORD_FLEET_EPOCH - 1)
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
        if (strcmp(name, POLICY_TRUST) == 0) {
                policy->trust = value;
                return 0;
        }
        if (strcmp(name, POLICY_IDLE_FROM) == 0) {
                policy->idle_from = changed_at;
                return 0;
        }
        return -ENOENT;
}

/* A service that needs nothing takes no place. Of a service that is named twice the stricter value
 * counts. */
static int apply_service(struct policy *policy, const struct row *row, const char *service,
                         int64_t value) {
        struct policy_service *place = policy->services;
        size_t i = 0;

        if (value == 0)
                return 0;
        while (i < policy->n_services && !text_is_same_service(place[i].name, service))
                i++;
        if (i == POLICY_SERVICES_MAX)
                return -ERANGE;
        if (i == policy->n_services) {
                (void) text_copy(place[i].name, sizeof(place[i].name), service);
                text_fold_service(place[i].name);
                place[i].need = CERTIFICATE_NO;
                place[i].replica_max_age_s = 0;
                policy->n_services++;
        }
        if (row == &age_row) {
                if (place[i].replica_max_age_s == 0 || value < place[i].replica_max_age_s)
                        place[i].replica_max_age_s = value;
        } else if ((int64_t) place[i].need < value)
                place[i].need = (enum certificate_need) value;
        return 0;
}

int policy_apply(struct policy *policy, const char *name, int64_t value, int64_t changed_at) {
        const struct row *row = find(name);

        if (!row)
                return apply_mark(policy, name, value, changed_at);
        if (!in_range(row, value))
                return -ERANGE;
        if (row == &service_row || row == &age_row)
                return apply_service(policy, row, service_of(name), value);
        store_value(policy, row, value);
        if (row->offset == offsetof(struct policy, lifetime_s))
                policy->lifetime_changed_at = changed_at;
        if (row->offset == offsetof(struct policy, idle_s))
                policy->idle_changed_at = changed_at;
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

static const char *const needs[] = {
        [CERTIFICATE_NO] = "no",
        [CERTIFICATE_YES] = "yes",
        [CERTIFICATE_PROOF] = "proof",
};

int policy_parse_need(const char *text, enum certificate_need *ret) {
        for (size_t i = 0; i < ARRAY_LEN(needs); i++)
                if (strcmp(text, needs[i]) == 0) {
                        *ret = (enum certificate_need) i;
                        return 0;
                }
        return -EINVAL;
}

static int parse_need(const char *text, int64_t *ret) {
        enum certificate_need need;
        int r = policy_parse_need(text, &need);

        if (r >= 0)
                *ret = need;
        return r;
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
        case KIND_NEED:
                return parse_need(text, ret);
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

void policy_fold_name(char *name) {
        if (service_of(name))
                text_fold_service(name);
}

const char *policy_usage(const char *name) {
        const struct row *row = find(name);

        return row ? row->usage : NULL;
}

static bool put_name(char out[static POLICY_NAME_LEN], const char *prefix, const char *service) {
        size_t len = strlen(prefix);

        memcpy(out, prefix, len + 1);
        return text_copy(out + len, POLICY_NAME_LEN - len, service);
}

bool policy_name(const struct policy *policy, size_t i, char out[static POLICY_NAME_LEN]) {
        if (i < ARRAY_LEN(rows))
                return text_copy(out, POLICY_NAME_LEN, rows[i].name);
        i -= ARRAY_LEN(rows);
        for (size_t at = 0; at < policy->n_services; at++) {
                const struct policy_service *service = &policy->services[at];

                if (service->need != CERTIFICATE_NO && i-- == 0)
                        return put_name(out, POLICY_SERVICE, service->name);
                if (service->replica_max_age_s != 0 && i-- == 0)
                        return put_name(out, POLICY_SERVICE_AGE, service->name);
        }
        return false;
}

const char *policy_need_name(enum certificate_need need) {
        return (unsigned) need < ARRAY_LEN(needs) ? needs[need] : needs[CERTIFICATE_PROOF];
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

enum certificate_need policy_service_need(const struct policy *policy, const char *service) {
        for (size_t i = 0; i < policy->n_services; i++)
                if (strcmp(policy->services[i].name, service) == 0)
                        return policy->services[i].need;
        return CERTIFICATE_NO;
}

static const struct policy_service *find_service(const struct policy *policy, const char *name) {
        for (size_t i = 0; i < policy->n_services; i++)
                if (strcmp(policy->services[i].name, name) == 0)
                        return &policy->services[i];
        return NULL;
}

int64_t policy_replica_max_age(const struct policy *policy, const char *service) {
        const struct policy_service *own = find_service(policy, service);

        return own && own->replica_max_age_s != 0 ? own->replica_max_age_s
                                                  : policy->replica_max_age_s;
}

bool policy_is_stricter(const struct policy *policy, const char *name, int64_t value) {
        const struct row *row = find(name);
        bool strict;

        if (!row)
                return false;
        if (row == &service_row)
                return value > (int64_t) policy_service_need(policy, service_of(name));
        if (row->kind == KIND_NEED)
                return value > load_value(policy, row);
        if (row == &age_row)
                return false;
        if (row->kind != KIND_SWITCH)
                return false;
        /* Every other switch allows something. */
        strict = row->offset == offsetof(struct policy, remove_on_password_expiry);
        return (value != 0) == strict && (load_value(policy, row) != 0) != strict;
}

static int64_t own_max_age(const struct policy *policy, const char *service) {
        const struct policy_service *own = find_service(policy, service);

        return own ? own->replica_max_age_s : 0;
}

void policy_format(const struct policy *policy, const char *name,
                   char out[static POLICY_VALUE_LEN]) {
        const struct row *row = find(name);
        int64_t value;

        out[0] = '\0';
        if (!row)
                return;
        value = row == &service_row ? (int64_t) policy_service_need(policy, service_of(name))
                : row == &age_row   ? own_max_age(policy, service_of(name))
                                    : load_value(policy, row);
        if (row->kind == KIND_NEED)
                (void) text_copy(out, POLICY_VALUE_LEN,
                                 policy_need_name((enum certificate_need) value));
        else if (row->kind == KIND_SWITCH)
                memcpy(out, value ? "yes" : "no", value ? 4 : 3);
        else if (row->kind == KIND_COUNT)
                format_count((uint64_t) value, out);
        else if (value == 0)
                memcpy(out, "none", 5);
        else
                parse_duration_format(value, out);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The policies by name: which values are accepted, what the store may have, and the policies of
 * services. What a policy does is in the tests of its rule. */
#include "unit.h"

#include "parse.h"
#include "rules/policy.h"

#define NOW INT64_C(1800000000)

/* --- Values --- */

static const struct {
        const char *name, *initial;
} policies[] = {
        { "account-grace", "1d" },
        { "admin-keys", "yes" },
        { "enabled", "no" },
        { "idle", "none" },
        { "lifetime", "1mo" },
        { "max-keys-per-user", "5" },
        { "max-lifetime", "none" },
        { "password-issue", "yes" },
        { "remove-on-password-expiry", "no" },
        { "replica-max-age", "1d" },
        { "require-certificate", "no" },
        { "retention", "3mo" },
};

static void test_policies_are_those_of_the_design_in_order(void **state) {
        char name[POLICY_NAME_LEN];
        struct policy policy;

        (void) state;
        policy_init(&policy);
        for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
                assert_true(policy_name(&policy, i, name));
                unit_str(policies[i].name, name, policies[i].name);
                assert_non_null(policy_usage(policies[i].name));
        }
        assert_false(policy_name(&policy, ARRAY_LEN(policies), name));
        assert_false(policy_name(&policy, SIZE_MAX, name));
}

static void test_the_defaults_are_closed(void **state) {
        struct policy policy;

        (void) state;
        unit_poison(&policy, sizeof(policy));
        policy_init(&policy);
        assert_int_equal(policy.enabled, false);
        assert_int_equal(policy.admin_keys, true);
        assert_int_equal(policy.lifetime_s, PARSE_MONTH_S);
        assert_int_equal(policy.lifetime_changed_at, 0);
        assert_int_equal(policy.max_lifetime_s, 0);
        assert_int_equal(policy.max_keys_per_user, 5);
        assert_int_equal(policy.remove_on_password_expiry, false);
        assert_int_equal(policy.require_certificate, CERTIFICATE_NO);
        assert_int_equal(policy.n_services, 0);
        assert_int_equal(policy.password_issue, true);
        assert_int_equal(policy.retention_s, 90 * PARSE_DAY_S);
        for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
                char out[POLICY_VALUE_LEN];

                policy_format(&policy, policies[i].name, out);
                unit_str(policies[i].name, out, policies[i].initial);
        }
}

static const struct {
        const char *name, *text;
        int64_t value;
        const char *shown; /* NULL: as it was written */
} values[] = {
        { "account-grace", "none", 0, NULL },
        { "account-grace", "12h", 12 * PARSE_HOUR_S, NULL },
        { "enabled", "yes", 1, NULL },
        { "enabled", "no", 0, NULL },
        { "lifetime", "none", 0, NULL },
        { "lifetime", "90d", 90 * PARSE_DAY_S, "3mo" },
        { "lifetime", "6months", 6 * PARSE_MONTH_S, "6mo" },
        { "lifetime", "1s", 1, NULL },
        { "lifetime", "100y", 100 * PARSE_YEAR_S, NULL },
        { "lifetime", "P1Y", PARSE_YEAR_S, "1y" },
        { "max-lifetime", "none", 0, NULL },
        { "max-lifetime", "1d12h", 36 * PARSE_HOUR_S, "36h" },
        { "max-keys-per-user", "1", 1, NULL },
        { "max-keys-per-user", "30", 30, NULL },
        { "max-keys-per-user", "1000", 1000, NULL },
        { "password-issue", "yes", 1, NULL },
        { "password-issue", "no", 0, NULL },
        { "admin-keys", "no", 0, NULL },
        { "admin-keys", "yes", 1, NULL },
        { "remove-on-password-expiry", "no", 0, NULL },
        { "remove-on-password-expiry", "yes", 1, NULL },
        { "require-certificate", "yes", 1, NULL },
        { "require-certificate", "no", 0, NULL },
        { "require-certificate", "proof", 2, NULL },
        { "require-certificate:sshd", "yes", 1, NULL },
        { "require-certificate:sshd", "proof", 2, NULL },
        { "require-certificate:sshd", "no", 0, NULL },
        { "retention", "90d", 90 * PARSE_DAY_S, "3mo" },
        { "retention", "1y", PARSE_YEAR_S, NULL },
};

static void test_values_are_read_set_and_written(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(values); i++) {
                char row[64], out[POLICY_VALUE_LEN];
                struct policy policy;
                int64_t value;

                (void) snprintf(row, sizeof(row), "%s=%s", values[i].name, values[i].text);
                unit_poison(&value, sizeof(value));
                unit_int(row, policy_parse(values[i].name, values[i].text, &value), 0);
                unit_int(row, value, values[i].value);
                policy_init(&policy);
                unit_int(row, policy_apply(&policy, values[i].name, value, NOW), 0);
                policy_format(&policy, values[i].name, out);
                unit_str(row, out, values[i].shown ? values[i].shown : values[i].text);
        }
}

static const struct {
        const char *name, *text;
        int r;
} no_values[] = {
        { "enabled", "", -EINVAL },
        { "enabled", "Yes", -EINVAL },
        { "enabled", "true", -EINVAL },
        { "enabled", "1", -EINVAL },
        { "enabled", "yes ", -EINVAL },
        { "enabled", "none", -EINVAL },
        { "lifetime", "", -EINVAL },
        { "lifetime", "0", -EINVAL },
        { "lifetime", "0d", -ERANGE },
        { "lifetime", "None", -EINVAL },
        { "lifetime", "101y", -ERANGE },
        { "lifetime", "2030-01-31", -EINVAL },
        { "lifetime", "-1d", -EINVAL },
        { "max-lifetime", "0s", -ERANGE },
        { "max-lifetime", "forever", -EINVAL },
        { "max-keys-per-user", "0", -ERANGE },
        { "max-keys-per-user", "1001", -ERANGE },
        { "max-keys-per-user", "-1", -EINVAL },
        { "max-keys-per-user", "none", -EINVAL },
        { "max-keys-per-user", "05", -EINVAL },
        { "max-keys-per-user", "", -EINVAL },
        { "password-issue", "maybe", -EINVAL },
        { "admin-keys", "none", -EINVAL },
        /* marks, which no administrator sets */
        { "epoch", "1", -ENOENT },
        { "lapsed", "1", -ENOENT },
        { "remove-on-password-expiry", "y", -EINVAL },
        { "require-certificate", "on", -EINVAL },
        { "require-certificate", "2", -EINVAL },
        { "require-certificate", "Proof", -EINVAL },
        { "require-certificate", "", -EINVAL },
        { "require-certificate:sshd", "on", -EINVAL },
        { "require-certificate:sshd", "none", -EINVAL },
        { "require-certificate:sshd", "", -EINVAL },
        { "require-certificate:", "yes", -ENOENT },
        { "require-certificate:ss hd", "yes", -ENOENT },
        { "require-certificate:.sshd", "yes", -ENOENT },
        { "require-certificate:sshd:imap", "yes", -ENOENT },
        { "require-certificate sshd", "yes", -ENOENT },
        { "Require-certificate:sshd", "yes", -ENOENT },
        { "enabled:sshd", "yes", -ENOENT },
        { "trust", "1", -ENOENT },
        { "retention", "none", -EINVAL },
        { "retention", "0d", -ERANGE },
        { "retention", "101y", -ERANGE },
        { "Enabled", "yes", -ENOENT },
        { "enabled ", "yes", -ENOENT },
        { "enable", "yes", -ENOENT },
        { "", "yes", -ENOENT },
        { "max_lifetime", "1y", -ENOENT },
};

static void test_what_is_no_value_is_refused(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(no_values); i++) {
                int64_t value;
                char row[64];

                (void) snprintf(row, sizeof(row), "%s=%s", no_values[i].name, no_values[i].text);
                unit_poison(&value, sizeof(value));
                unit_int(row, policy_parse(no_values[i].name, no_values[i].text, &value),
                         no_values[i].r);
                unit_poisoned(row, &value, sizeof(value));
        }
}

static void check_not_applied(const char *name, int64_t value, int r) {
        struct policy policy;
        char row[80];

        (void) snprintf(row, sizeof(row), "%s=%lld", name, (long long) value);
        unit_poison(&policy, sizeof(policy));
        unit_int(row, policy_apply(&policy, name, value, NOW), r);
        unit_poisoned(row, &policy, sizeof(policy));
}

static void test_what_the_store_should_not_hold_is_not_applied(void **state) {
        static const int64_t never[] = { -1, INT64_MIN, INT64_MAX };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(policies); i++)
                for (size_t j = 0; j < ARRAY_LEN(never); j++)
                        check_not_applied(policies[i].name, never[j], -ERANGE);
        check_not_applied("enabled", 2, -ERANGE);
        check_not_applied("require-certificate", 3, -ERANGE);
        check_not_applied("require-certificate:sshd", 3, -ERANGE);
        check_not_applied("require-certificate:sshd", -1, -ERANGE);
        check_not_applied("require-certificate:sshd", INT64_C(1) << 32, -ERANGE);
        check_not_applied("require-certificate", (INT64_C(1) << 32) + 1, -ERANGE);
        check_not_applied("require-certificate:", 1, -ENOENT);
        check_not_applied("require-certificate:ss hd", 1, -ENOENT);
        check_not_applied("password-issue", 2, -ERANGE);
        check_not_applied("remove-on-password-expiry", 2, -ERANGE);
        check_not_applied("max-keys-per-user", 0, -ERANGE);
        check_not_applied("max-keys-per-user", 1001, -ERANGE);
        check_not_applied("lifetime", 100 * PARSE_YEAR_S + 1, -ERANGE);
        check_not_applied("max-lifetime", 100 * PARSE_YEAR_S + 1, -ERANGE);
        check_not_applied("retention", 0, -ERANGE);
        check_not_applied("retention", 100 * PARSE_YEAR_S + 1, -ERANGE);
        check_not_applied("from-the-future", 1, -ENOENT);
        check_not_applied("", 1, -ENOENT);
        check_not_applied("Enabled", 1, -ENOENT);
}

/* Beside the policies the store holds three marks. */
static void test_marks_are_applied_and_not_shown(void **state) {
        char out[POLICY_VALUE_LEN];
        struct policy policy;

        (void) state;
        policy_init(&policy);
        assert_int_equal(policy_apply(&policy, POLICY_EPOCH, 7, NOW), 0);
        assert_int_equal(policy_apply(&policy, POLICY_LAPSED, 8, NOW + 1), 0);
        assert_int_equal(policy.epoch, 7);
        assert_int_equal(policy.epoch_at, NOW);
        assert_int_equal(policy.lapsed_before, 8);
        assert_int_equal(policy.lapsed_at, NOW + 1);
        assert_int_equal(policy_apply(&policy, POLICY_TRUST, INT64_MIN, NOW), 0);
        assert_int_equal(policy.trust, INT64_MIN);
        policy_format(&policy, POLICY_TRUST, out);
        assert_string_equal(out, "");
        policy_format(&policy, POLICY_EPOCH, out);
        assert_string_equal(out, "");
        assert_int_equal(policy_apply(&policy, POLICY_EPOCH, INT64_MAX, NOW), -ERANGE);
        assert_int_equal(policy_apply(&policy, POLICY_EPOCH, -1, NOW), -ERANGE);
        assert_int_equal(policy.epoch, 7);
}

static void test_only_a_change_of_lifetime_restarts_its_clock(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(values); i++) {
                struct policy policy;

                policy_init(&policy);
                policy.lifetime_changed_at = 5;
                assert_int_equal(policy_apply(&policy, values[i].name, values[i].value, NOW), 0);
                unit_int(values[i].name, policy.lifetime_changed_at,
                         strcmp(values[i].name, "lifetime") == 0 ? NOW : 5);
        }
}

static void test_what_is_no_policy_has_no_usage_and_no_text(void **state) {
        char out[POLICY_VALUE_LEN];
        struct policy policy;

        (void) state;
        policy_init(&policy);
        unit_poison(out, sizeof(out));
        policy_format(&policy, "from-the-future", out);
        assert_string_equal(out, "");
        assert_null(policy_usage("from-the-future"));
        assert_null(policy_usage(""));
}

/* --- Services --- */

static void service_policy(size_t i, char out[static POLICY_NAME_LEN]) {
        (void) snprintf(out, POLICY_NAME_LEN, "%s%u", POLICY_SERVICE "service", (unsigned) i);
}

static void test_services_have_policies_of_their_own(void **state) {
        char name[POLICY_NAME_LEN], out[POLICY_VALUE_LEN];
        struct policy policy;

        (void) state;
        policy_init(&policy);
        assert_int_equal(policy_apply(&policy, "require-certificate:imap", CERTIFICATE_PROOF, NOW),
                         0);
        assert_int_equal(policy_apply(&policy, "require-certificate:sshd", CERTIFICATE_YES, NOW),
                         0);
        assert_int_equal(policy_apply(&policy, "require-certificate:ftp", CERTIFICATE_NO, NOW), 0);
        assert_int_equal(policy.require_certificate, CERTIFICATE_NO);
        assert_int_equal(policy_service_need(&policy, "imap"), CERTIFICATE_PROOF);
        assert_int_equal(policy_service_need(&policy, "sshd"), CERTIFICATE_YES);
        assert_int_equal(policy_service_need(&policy, "ftp"), CERTIFICATE_NO);
        assert_int_equal(policy_service_need(&policy, "ssh"), CERTIFICATE_NO);
        assert_int_equal(policy_service_need(&policy, ""), CERTIFICATE_NO);
        /* They come last, by name. A service that needs nothing is not among them. */
        assert_true(policy_name(&policy, ARRAY_LEN(policies), name));
        assert_string_equal(name, "require-certificate:imap");
        assert_true(policy_name(&policy, ARRAY_LEN(policies) + 1, name));
        assert_string_equal(name, "require-certificate:sshd");
        assert_false(policy_name(&policy, ARRAY_LEN(policies) + 2, name));
        policy_format(&policy, "require-certificate:imap", out);
        assert_string_equal(out, "proof");
        policy_format(&policy, "require-certificate:ftp", out);
        assert_string_equal(out, "no");
        policy_format(&policy, "require-certificate:", out);
        assert_string_equal(out, "");
}

static void test_a_service_has_a_maximal_age_of_its_own(void **state) {
        char name[POLICY_NAME_LEN], out[POLICY_VALUE_LEN];
        struct policy policy;
        int64_t value;

        (void) state;
        policy_init(&policy);
        assert_int_equal(policy_parse("replica-max-age:sudo", "1m", &value), 0);
        assert_int_equal(policy_apply(&policy, "replica-max-age:sudo", value, NOW), 0);
        assert_int_equal(policy_apply(&policy, "replica-max-age:sshd", 0, NOW), 0);
        assert_int_equal(policy_replica_max_age(&policy, "sudo"), 60);
        assert_int_equal(policy_replica_max_age(&policy, "sshd"), 86400);
        assert_int_equal(policy_service_need(&policy, "sudo"), CERTIFICATE_NO);
        assert_true(policy_name(&policy, ARRAY_LEN(policies), name));
        assert_string_equal(name, "replica-max-age:sudo");
        assert_false(policy_name(&policy, ARRAY_LEN(policies) + 1, name));
        policy_format(&policy, name, out);
        assert_string_equal(out, "1m");
        /* Of a service that is named twice the stricter value counts. */
        assert_int_equal(policy_apply(&policy, "replica-max-age:SUDO", 3600, NOW), 0);
        assert_int_equal(policy_replica_max_age(&policy, "sudo"), 60);
        assert_int_equal(policy_apply(&policy, "require-certificate:sudo", CERTIFICATE_YES, NOW),
                         0);
        assert_int_equal(policy.n_services, 1);
        assert_true(policy_name(&policy, ARRAY_LEN(policies), name));
        assert_string_equal(name, "require-certificate:sudo");
        assert_true(policy_name(&policy, ARRAY_LEN(policies) + 1, name));
        assert_string_equal(name, "replica-max-age:sudo");
        assert_int_equal(policy_apply(&policy, "replica-max-age:su", -1, NOW), -ERANGE);
}

/* libpam calls the service "sshd", however an administrator spells it. A store that names it twice
 * must not be read as the weaker of the two. */
static void test_a_service_in_capitals_is_the_same(void **state) {
        static const struct {
                const char *first, *then;
                enum certificate_need value, later, need;
        } rows[] = {
                { "SSHD", "sshd", CERTIFICATE_PROOF, CERTIFICATE_NO, CERTIFICATE_PROOF },
                { "sshd", "SSHD", CERTIFICATE_NO, CERTIFICATE_YES, CERTIFICATE_YES },
                { "Sshd", "sSHD", CERTIFICATE_YES, CERTIFICATE_PROOF, CERTIFICATE_PROOF },
                { "sshd", "SshD", CERTIFICATE_PROOF, CERTIFICATE_YES, CERTIFICATE_PROOF },
        };
        char name[POLICY_NAME_LEN], out[POLICY_VALUE_LEN];

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct policy policy;

                policy_init(&policy);
                (void) snprintf(name, sizeof(name), POLICY_SERVICE "%s", rows[i].first);
                unit_int(name, policy_apply(&policy, name, rows[i].value, NOW), 0);
                (void) snprintf(name, sizeof(name), POLICY_SERVICE "%s", rows[i].then);
                unit_int(name, policy_apply(&policy, name, rows[i].later, NOW), 0);
                unit_int(name, policy_service_need(&policy, "sshd"), rows[i].need);
                unit_int(name, (intmax_t) policy.n_services, 1);
                assert_true(policy_name(&policy, ARRAY_LEN(policies), name));
                assert_string_equal(name, "require-certificate:sshd");
                policy_format(&policy, name, out);
                assert_string_equal(out, policy_need_name(rows[i].need));
        }
}

static void test_only_the_service_in_a_name_is_folded(void **state) {
        static const struct {
                const char *name, *folded;
        } rows[] = {
                { "require-certificate:Nginx-2.X", "require-certificate:nginx-2.x" },
                { "require-certificate:sshd", "require-certificate:sshd" },
                { "Require-Certificate:SSHD", "Require-Certificate:SSHD" },
                { "require-certificate:", "require-certificate:" },
                { "ENABLED", "ENABLED" },
        };
        char name[POLICY_NAME_LEN];

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                (void) snprintf(name, sizeof(name), "%s", rows[i].name);
                policy_fold_name(name);
                assert_string_equal(name, rows[i].folded);
        }
}

/* A policy for which there is no room must not be lost. Then the store is not believed. */
static void test_there_is_room_for_so_many_services(void **state) {
        char name[POLICY_NAME_LEN];
        struct policy policy;

        (void) state;
        policy_init(&policy);
        for (size_t i = 0; i < POLICY_SERVICES_MAX; i++) {
                service_policy(i, name);
                unit_int(name, policy_apply(&policy, name, CERTIFICATE_YES, NOW), 0);
        }
        service_policy(POLICY_SERVICES_MAX, name);
        assert_int_equal(policy_apply(&policy, name, CERTIFICATE_YES, NOW), -ERANGE);
        assert_int_equal(policy_apply(&policy, name, CERTIFICATE_NO, NOW), 0);
        assert_int_equal(policy.n_services, POLICY_SERVICES_MAX);
        for (size_t i = 0; i < POLICY_SERVICES_MAX; i++) {
                service_policy(i, name);
                unit_int(name, policy_service_need(&policy, strchr(name, ':') + 1),
                         CERTIFICATE_YES);
        }
}

static void test_the_longest_service_has_a_policy(void **state) {
        char service[WIRE_SERVICE_MAX + 2], name[POLICY_NAME_LEN + 8], out[POLICY_NAME_LEN];
        struct policy policy;

        (void) state;
        policy_init(&policy);
        memset(service, 's', sizeof(service));
        service[WIRE_SERVICE_MAX] = '\0';
        (void) snprintf(name, sizeof(name), POLICY_SERVICE "%s", service);
        assert_int_equal(policy_apply(&policy, name, CERTIFICATE_YES, NOW), 0);
        assert_int_equal(policy_service_need(&policy, service), CERTIFICATE_YES);
        assert_true(policy_name(&policy, ARRAY_LEN(policies), out));
        assert_string_equal(out, name);
        (void) snprintf(name, sizeof(name), POLICY_SERVICE "%ss", service);
        assert_int_equal(policy_apply(&policy, name, CERTIFICATE_YES, NOW), -ENOENT);
        assert_null(policy_usage(name));
}

/* What a restore must not loosen. */
static void test_stricter_is_what_forbids_more(void **state) {
        static const struct {
                const char *name;
                int64_t value, than;
                bool stricter;
        } rows[] = {
                { "enabled", 0, 1, true },
                { "enabled", 1, 0, false },
                { "enabled", 0, 0, false },
                { "admin-keys", 0, 1, true },
                { "password-issue", 0, 1, true },
                { "password-issue", 1, 0, false },
                { "remove-on-password-expiry", 1, 0, true },
                { "remove-on-password-expiry", 0, 1, false },
                { "require-certificate", CERTIFICATE_PROOF, CERTIFICATE_YES, true },
                { "require-certificate", CERTIFICATE_NO, CERTIFICATE_YES, false },
                { "require-certificate:sshd", CERTIFICATE_YES, CERTIFICATE_NO, true },
                { "require-certificate:sshd", CERTIFICATE_YES, CERTIFICATE_YES, false },
                { "require-certificate:sshd", CERTIFICATE_YES, CERTIFICATE_PROOF, false },
                { "lifetime", 1, 1000, false },
                { "max-keys-per-user", 1, 1000, false },
                { "epoch", 7, 1, false },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct policy policy;

                policy_init(&policy);
                unit_int(rows[i].name, policy_apply(&policy, rows[i].name, rows[i].than, 1), 0);
                unit_int(rows[i].name, policy_is_stricter(&policy, rows[i].name, rows[i].value),
                         rows[i].stricter);
        }
}

static void test_needs_have_names(void **state) {
        static const char *const names[] = { "no", "yes", "proof" };
        enum certificate_need need;

        (void) state;
        for (int i = CERTIFICATE_NO; i <= CERTIFICATE_PROOF; i++) {
                assert_string_equal(policy_need_name((enum certificate_need) i), names[i]);
                assert_int_equal(policy_parse_need(names[i], &need), 0);
                assert_int_equal(need, i);
        }
        unit_poison(&need, sizeof(need));
        assert_int_equal(policy_parse_need("", &need), -EINVAL);
        assert_int_equal(policy_parse_need("none", &need), -EINVAL);
        unit_poisoned("need", &need, sizeof(need));
        /* A need that this build does not know is shown as the greatest one. */
        assert_string_equal(policy_need_name((enum certificate_need) 3), "proof");
        assert_string_equal(policy_need_name((enum certificate_need) - 1), "proof");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_policies_are_those_of_the_design_in_order),
                cmocka_unit_test(test_the_defaults_are_closed),
                cmocka_unit_test(test_values_are_read_set_and_written),
                cmocka_unit_test(test_what_is_no_value_is_refused),
                cmocka_unit_test(test_what_the_store_should_not_hold_is_not_applied),
                cmocka_unit_test(test_marks_are_applied_and_not_shown),
                cmocka_unit_test(test_only_a_change_of_lifetime_restarts_its_clock),
                cmocka_unit_test(test_what_is_no_policy_has_no_usage_and_no_text),
                cmocka_unit_test(test_services_have_policies_of_their_own),
                cmocka_unit_test(test_a_service_has_a_maximal_age_of_its_own),
                cmocka_unit_test(test_a_service_in_capitals_is_the_same),
                cmocka_unit_test(test_only_the_service_in_a_name_is_folded),
                cmocka_unit_test(test_there_is_room_for_so_many_services),
                cmocka_unit_test(test_the_longest_service_has_a_policy),
                cmocka_unit_test(test_stricter_is_what_forbids_more),
                cmocka_unit_test(test_needs_have_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

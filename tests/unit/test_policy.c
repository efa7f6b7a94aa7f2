/* The policies by name, and the verdict on a login: each fact by itself, and which of several counts. */
#include "unit_login.h"

#include "parse.h"
#include "policy.h"

/* --- Values -------------------------------------------------------------------------------------------------------------------- */

static const struct {
        const char *name, *initial;
} policies[] = {
        { "admin-keys", "yes" },
        { "enabled", "no" },
        { "lifetime", "1mo" },
        { "max-keys-per-user", "5" },
        { "max-lifetime", "none" },
        { "password-issue", "yes" },
        { "remove-on-password-expiry", "no" },
        { "require-certificate", "no" },
        { "retention", "3mo" },
};

static void test_policies_are_those_of_the_design_in_order(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
                unit_str(policies[i].name, policy_name(i), policies[i].name);
                assert_non_null(policy_usage(policies[i].name));
        }
        assert_null(policy_name(ARRAY_LEN(policies)));
        assert_null(policy_name(SIZE_MAX));
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
        assert_int_equal(policy.require_certificate, false);
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
        /* marks, which nobody sets by hand */
        { "epoch", "1", -ENOENT },
        { "lapsed", "1", -ENOENT },
        { "remove-on-password-expiry", "y", -EINVAL },
        { "require-certificate", "on", -EINVAL },
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
                unit_int(row, policy_parse(no_values[i].name, no_values[i].text, &value), no_values[i].r);
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
        check_not_applied("require-certificate", 2, -ERANGE);
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

/* Beside the policies the store holds two marks. */
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

/* --- The verdict ----------------------------------------------------------------------------------------------------------------- */

static void test_a_good_login_is_accepted(void **state) {
        struct login l;

        (void) state;
        good_login(&l);
        assert_int_equal(policy_decide(&l.facts), REASON_NONE);
        l.facts.confirming = true;
        assert_int_equal(policy_decide(&l.facts), REASON_NONE);
}

/* Every set of faults there is: the first in the order is the reason. */
static void test_of_several_faults_the_first_is_the_reason(void **state) {
        (void) state;
        for (unsigned set = 1; set < 1U << ARRAY_LEN(facts); set++)
                for (unsigned confirming = 0; confirming < 2; confirming++) {
                        struct login l;
                        char row[64];
                        size_t first = 0;

                        good_login(&l);
                        l.facts.confirming = confirming;
                        for (size_t i = ARRAY_LEN(facts); i-- > 0;)
                                if (set & 1U << i) {
                                        facts[i].spoil(&l);
                                        first = i;
                                }
                        (void) snprintf(row, sizeof(row), "%s, set %#x", facts[first].why, set);
                        unit_int(row, policy_decide(&l.facts),
                                 confirming ? facts[first].confirming : facts[first].verifying);
                }
}

static void gone(struct login *l) {
        l->owner.state = ACCOUNT_GONE;
}

static void no_owner(struct login *l) {
        l->facts.owner = NULL;
}

static void never_closes(struct login *l) {
        l->owner.closes_at = 0;
}

static void no_linked(struct login *l) {
        l->facts.linked = NULL;
}

static void linked_unknown(struct login *l) {
        l->linked.state = ACCOUNT_UNKNOWN;
}

static void linked_gone(struct login *l) {
        l->linked.state = ACCOUNT_GONE;
}

static void linked_locked(struct login *l) {
        l->linked.locked = true;
}

static void no_ageing(struct login *l) {
        l->linked.password_ends_at = 0;
}

/* Ageing is the business of the policy alone, which is off by default. */
static void policy_off(struct login *l) {
        l->policy.remove_on_password_expiry = false;
        l->linked.state = ACCOUNT_UNKNOWN;
        l->linked.locked = true;
        l->linked.password_ends_at = 1;
}

static void policy_off_but_gone(struct login *l) {
        policy_off(l);
        gone(l);
}

static void policy_off_but_closed(struct login *l) {
        policy_off(l);
        close_account(l);
}

static void admin_by_default(struct login *l) {
        l->owner.admin = true;
        l->policy.admin_keys = true;
}

static void others_when_forbidden(struct login *l) {
        l->policy.admin_keys = false;
}

static void test_accounts(void **state) {
        static const struct {
                const char *why;
                void (*change)(struct login *l);
                enum reason reason;
        } rows[] = {
                { "the owner is gone", gone, REASON_ACCOUNT_GONE },
                { "nothing is known of the owner", no_owner, REASON_ACCOUNT_UNKNOWN },
                { "an account that never closes", never_closes, REASON_NONE },
                { "nothing is known of the linked user", no_linked, REASON_ACCOUNT_UNKNOWN },
                { "the linked user is not known yet", linked_unknown, REASON_ACCOUNT_UNKNOWN },
                { "the linked user is gone", linked_gone, REASON_PASSWORD_EXPIRED },
                { "the linked user's password is locked", linked_locked, REASON_PASSWORD_EXPIRED },
                { "no ageing", no_ageing, REASON_NONE },
                { "the policy is off", policy_off, REASON_NONE },
                { "the policy is off and the owner gone", policy_off_but_gone, REASON_ACCOUNT_GONE },
                { "the policy is off and the account closed", policy_off_but_closed, REASON_ACCOUNT_EXPIRED },
                { "an administrator", admin_by_default, REASON_NONE },
                { "not an administrator", others_when_forbidden, REASON_NONE },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct login l;

                good_login(&l);
                rows[i].change(&l);
                unit_int(rows[i].why, policy_decide(&l.facts), rows[i].reason);
        }
}

static void test_a_retired_key_is_refused_with_a_reason_of_its_own(void **state) {
        static const struct {
                int64_t retires_at;
                enum reason reason;
        } rows[] = { { 0, REASON_NONE },
                     { RECORD_RETIRES_ON_USE, REASON_NONE },
                     { NOW + 1, REASON_NONE },
                     { NOW, REASON_RETIRED },
                     { 1, REASON_RETIRED } };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct login l;

                good_login(&l);
                l.key.retires_at = rows[i].retires_at;
                unit_int("retires", policy_decide(&l.facts), rows[i].reason);
        }
}

static void test_the_owner_is_compared_as_a_whole(void **state) {
        static const char *const users[] = { "", "a", "alic", "alicex", "Alice", "alice ", " alice", "root" };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(users); i++) {
                struct login l;

                good_login(&l);
                l.facts.user = users[i];
                unit_int(users[i], policy_decide(&l.facts), REASON_OTHER_USER);
        }
}

static void test_services(void **state) {
        static const struct {
                const char *services, *service;
                enum reason reason;
        } rows[] = {
                { "", "sshd", REASON_NONE },
                { "", "", REASON_NONE },
                { "sshd", "sshd", REASON_NONE },
                { "imap sshd", "sshd", REASON_NONE },
                { "sshd", "", REASON_SERVICE },
                { "sshd", "SSHD", REASON_SERVICE },
                { "sshd", "sshd2", REASON_SERVICE },
                { "sshd", "ssh", REASON_SERVICE },
                { "imap sshd", "imap sshd", REASON_SERVICE },
                { "imap sshd", " ", REASON_SERVICE },
                { " ", "sshd", REASON_SERVICE },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct login l;

                good_login(&l);
                (void) snprintf(l.key.services, sizeof(l.key.services), "%s", rows[i].services);
                l.facts.service = rows[i].service;
                unit_int(rows[i].services, policy_decide(&l.facts), rows[i].reason);
        }
}

static void test_sources(void **state) {
        static const struct {
                const char *networks, *rhost;
                enum reason reason;
        } rows[] = {
                { "", "", REASON_NONE },
                { "", "host.example.org", REASON_NONE },
                { "192.0.2.7", "192.0.2.7", REASON_NONE },
                { "192.0.2.0/24", "192.0.2.255", REASON_NONE },
                { "192.0.2.0/24", "192.0.3.0", REASON_SOURCE },
                { "10.0.0.0/8 192.0.2.0/24", "192.0.2.1", REASON_NONE },
                { "10.0.0.0/8 2001:db8::/32", "2001:db8::1", REASON_NONE },
                { "192.0.2.0/24", "::ffff:192.0.2.1", REASON_NONE },
                { "0.0.0.0/0", "::1", REASON_SOURCE },
                { "::/0", "192.0.2.1", REASON_SOURCE },
                { "0.0.0.0/0 ::/0", "::1", REASON_NONE },
                /* not a literal address: no name is looked up */
                { "0.0.0.0/0 ::/0", "", REASON_SOURCE_UNKNOWN },
                { "0.0.0.0/0 ::/0", "localhost", REASON_SOURCE_UNKNOWN },
                { "0.0.0.0/0 ::/0", "UNKNOWN", REASON_SOURCE_UNKNOWN },
                { "127.0.0.0/8", "127.1", REASON_SOURCE_UNKNOWN },
                { "::/0", "fe80::1%eth0", REASON_SOURCE_UNKNOWN },
                { "192.0.2.0/24", "192.0.2.0/24", REASON_SOURCE_UNKNOWN },
                { "192.0.2.0/24", "192.0.2.1 ", REASON_SOURCE_UNKNOWN },
                { "192.0.2.0/24", "192.0.2.1,10.0.0.1", REASON_SOURCE_UNKNOWN },
                /* a list that does not read is a list that nobody is on */
                { "garbage", "192.0.2.1", REASON_SOURCE },
                { "192.0.2.0/99", "192.0.2.1", REASON_SOURCE },
                { "192.0.2.1/24", "192.0.2.1", REASON_SOURCE },
                { " ", "192.0.2.1", REASON_SOURCE },
                { "garbage 192.0.2.0/24", "192.0.2.1", REASON_NONE },
                { "000000000000000000000000000000000000000000000000000000000000000000 10.0.0.0/8",
                  "192.0.2.1", REASON_SOURCE },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct login l;
                char row[160];

                (void) snprintf(row, sizeof(row), "%s in %s", rows[i].rhost, rows[i].networks);
                good_login(&l);
                (void) snprintf(l.key.networks, sizeof(l.key.networks), "%s", rows[i].networks);
                l.facts.rhost = rows[i].rhost;
                unit_int(row, policy_decide(&l.facts), rows[i].reason);
        }
}

static void test_the_second_of_expiry_refuses(void **state) {
        struct login l;

        (void) state;
        good_login(&l);
        l.facts.now = l.key.expires_at - 1;
        assert_int_equal(policy_decide(&l.facts), REASON_NONE);
        l.facts.now++;
        assert_int_equal(policy_decide(&l.facts), REASON_EXPIRED);
}

static void test_the_policy_s_lifetime_refuses(void **state) {
        struct login l;

        (void) state;
        good_login(&l);
        l.key.expires_at = 0;
        l.policy.lifetime_s = 1000;
        assert_int_equal(policy_decide(&l.facts), REASON_EXPIRED);
        l.policy.lifetime_changed_at = NOW - 999;
        assert_int_equal(policy_decide(&l.facts), REASON_NONE);
        l.policy.lifetime_s = 0;
        assert_int_equal(policy_decide(&l.facts), REASON_NONE);
}

static void test_a_status_that_is_not_known_refuses(void **state) {
        static const int others[] = { KEY_EXPIRED, 3, 77, -1, INT32_MAX };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(others); i++) {
                struct login l;

                good_login(&l);
                l.key.status = (enum key_status) others[i];
                assert_int_not_equal(policy_decide(&l.facts), REASON_NONE);
        }
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
                cmocka_unit_test(test_a_good_login_is_accepted),
                cmocka_unit_test(test_of_several_faults_the_first_is_the_reason),
                cmocka_unit_test(test_accounts),
                cmocka_unit_test(test_a_retired_key_is_refused_with_a_reason_of_its_own),
                cmocka_unit_test(test_the_owner_is_compared_as_a_whole),
                cmocka_unit_test(test_services),
                cmocka_unit_test(test_sources),
                cmocka_unit_test(test_the_second_of_expiry_refuses),
                cmocka_unit_test(test_the_policy_s_lifetime_refuses),
                cmocka_unit_test(test_a_status_that_is_not_known_refuses),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* What explain says is what a login gets, whatever is wrong with the login, and it names the
 * values. Where the facts come from is not known here. */
#include "unit_login.h"

#include "rules/explain.h"

/* The first rule that fails: those before it pass, and those after it were not reached. */
static size_t find_failed(const char *row, const struct explain *e) {
        size_t failed = 0;

        while (failed < _POLICY_RULE_MAX && e->lines[failed].outcome == EXPLAIN_PASSED)
                failed++;
        if (failed < _POLICY_RULE_MAX)
                unit_int(row, e->lines[failed].outcome, EXPLAIN_FAILED);
        for (size_t i = 0; i < _POLICY_RULE_MAX; i++) {
                unit_int(row, e->lines[i].text[0] != '\0', i <= failed);
                if (i > failed)
                        unit_int(row, e->lines[i].outcome, EXPLAIN_NOT_REACHED);
        }
        return failed;
}

static void test_every_set_of_faults_gets_the_verdict_of_a_login(void **state) {
        static struct explain e;

        (void) state;
        for (unsigned set = 0; set < 1U << ARRAY_LEN(facts); set++) {
                struct login l;
                char row[32];

                if (set & 2) /* there is always a key */
                        continue;
                good_login(&l);
                for (size_t i = ARRAY_LEN(facts); i-- > 0;)
                        if (set & 1U << i)
                                facts[i].spoil(&l);
                (void) snprintf(row, sizeof(row), "set %#x", set);
                unit_poison(&e, sizeof(e));
                explain_login(&l.facts, &e);
                unit_int(row, e.reason, rule_decide(&l.facts));
                unit_int(row, find_failed(row, &e) == _POLICY_RULE_MAX, e.reason == REASON_NONE);
        }
}

static void test_rules_are_named_once_and_in_order(void **state) {
        static struct explain e;
        struct login l;

        (void) state;
        good_login(&l);
        explain_login(&l.facts, &e);
        assert_string_equal(e.lines[0].name, "enabled");
        for (size_t i = 0; i < _POLICY_RULE_MAX; i++)
                for (size_t j = 0; j < i; j++)
                        assert_string_not_equal(e.lines[i].name, e.lines[j].name);
}

static void leave_alone(struct login *l) {
        (void) l;
}

static void never_expire(struct login *l) {
        l->key.expires_at = 0;
}

static void expire_long_ago(struct login *l) {
        l->key.expires_at = NOW - 3 * 86400 - 5;
}

static void retire_later(struct login *l) {
        l->key.retires_at = NOW + 7200;
        l->key.expires_at = NOW + 90000;
        memcpy(l->key.successor, "abcdefghij", 11);
}

static void retire_on_use(struct login *l) {
        l->key.retires_at = RECORD_RETIRES_ON_USE;
        memcpy(l->key.successor, "abcdefghij", 11);
}

static void retire_by_a_use(struct login *l) {
        l->key.retires_at = RECORD_RETIRED;
        l->key.dead_at = NOW - 60;
        memcpy(l->key.successor, "abcdefghij", 11);
}

static void revoke_for_a_reason(struct login *l) {
        l->key.status = KEY_REVOKED;
        l->key.dead_at = NOW - 60;
        memcpy(l->key.reason, "it's lost", 10);
}

static void ask_in_escapes(struct login *l) {
        l->facts.service = "a\033[31m'";
}

static void ask_from_nowhere(struct login *l) {
        l->facts.rhost = "";
}

static void hear_of_the_fleet(struct login *l) {
        memcpy(l->key.hosts, "web", 4);
        l->policy.replica_max_age_s = 3600;
}

static void hear_late(struct login *l) {
        hear_of_the_fleet(l);
        l->facts.fleet_age_s = 7200;
}

static void hear_nothing(struct login *l) {
        hear_of_the_fleet(l);
        l->facts.fleet_age_s = INT64_MAX;
}

static void leave(struct login *l) {
        l->owner.state = ACCOUNT_GONE;
        l->owner.gone_since = NOW - 4 * 3600;
        l->owner.checked_at = NOW - 3600;
}

static void move(struct login *l) {
        l->owner.state = ACCOUNT_GONE;
}

static void lock_password(struct login *l) {
        l->linked.locked = true;
}

static void ask_no_password(struct login *l) {
        l->policy.remove_on_password_expiry = false;
}

static void be_good_for_all(struct login *l) {
        l->key.services[0] = l->key.networks[0] = '\0';
}

static void be_as_long_as_can_be(struct login *l) {
        static char rhost[WIRE_RHOST_MAX + 1];

        memset(rhost, '\001', WIRE_RHOST_MAX);
        memset(l->key.networks, 'x', sizeof(l->key.networks) - 1);
        l->facts.rhost = rhost;
}

static struct rule_certificate certificate;

static void show(struct login *l, bool proved) {
        certificate =
                (struct rule_certificate){ .thumbprint = { 0xab, [31] = 0x01 }, .proved = proved };
        l->facts.certificate = &certificate;
}

static void demand_proof(struct login *l) {
        l->policy.require_certificate = CERTIFICATE_PROOF;
        show(l, false);
}

static void demand_by_service(struct login *l) {
        l->policy.n_services = 1;
        l->policy.services[0] = (struct policy_service){ "imap", CERTIFICATE_PROOF };
        l->policy.require_certificate = CERTIFICATE_YES;
        show(l, true);
}

static void demand_by_key(struct login *l) {
        l->key.certificate_need = CERTIFICATE_YES;
}

static void demand_by_all(struct login *l) {
        demand_by_service(l);
        l->policy.require_certificate = CERTIFICATE_PROOF;
        l->key.certificate_need = CERTIFICATE_PROOF;
}

static void bind_key(struct login *l) {
        l->key.bound = true;
        l->key.certificate[0] = 0xcd;
        show(l, false);
}

#define MANY_ZEROS "00000000000000000000000000000000000000000000000000000000000000"
#define SHOWN                                                                                      \
        "; shown is ab"                                                                            \
        "000000000000000000000000000000000000000000000000000000000000"                             \
        "01"

static void test_the_values_are_told(void **state) {
        static const struct {
                void (*change)(struct login *l);
                enum rule rule;
                const char *text;
        } rows[] = {
                { leave_alone, RULE_ENABLED, "the policy says enabled=yes" },
                { leave_alone, RULE_USER, "belongs to 'alice', the login is of 'alice'" },
                { change_user, RULE_USER, "the login is of 'alic'" },
                { leave_alone, RULE_EXPIRED,
                  "it expires on 2027-01-15T08:16:40Z, 16 minutes from then" },
                { never_expire, RULE_EXPIRED, "it never expires" },
                { expire_key, RULE_EXPIRED,
                  "it expired on 2027-01-15T08:00:00Z, 0 seconds before" },
                { expire_long_ago, RULE_EXPIRED, "2027-01-12T07:59:55Z, 3 days before then" },
                { retire_later, RULE_RETIRED,
                  "key abcdefghij takes its place, on 2027-01-15T10:00:00Z, 2 hours from then" },
                { retire_on_use, RULE_RETIRED,
                  "abcdefghij takes its place, with that one's first" },
                { retire_by_a_use, RULE_RETIRED,
                  "abcdefghij takes its place, on 2027-01-15T07:59:00Z, 60 seconds before then" },
                { revoke_for_a_reason, RULE_REVOKED,
                  "on 2027-01-15T07:59:00Z, 60 seconds before then: 'it\\x27s lost'" },
                { ask_in_escapes, RULE_SERVICE, "good for sshd imap; asked for 'a\\x1b[31m\\x27'" },
                { be_good_for_all, RULE_SERVICE, "good for every service" },
                { be_good_for_all, RULE_SOURCE, "good from everywhere" },
                { ask_from_nowhere, RULE_SOURCE, "asked for an unknown source" },
                { be_as_long_as_can_be, RULE_SOURCE, "xxx; asked for '\\x01" },
                { leave_alone, RULE_FLEET, "the key is this host's own" },
                { hear_of_the_fleet, RULE_FLEET,
                  "what this host has was current now; replica-max-age is 1h" },
                { hear_late, RULE_FLEET, "was current 2h ago; replica-max-age is 1h" },
                { hear_nothing, RULE_FLEET, "has not heard yet" },
                { leave, RULE_ACCOUNT,
                  "'alice' is gone since 2027-01-15T04:00:00Z, 4 hours before" },
                { move, RULE_ACCOUNT,
                  "'alice' is not in passwd any more, and no directory has answered yet" },
                { reuse_uid, RULE_ACCOUNT, "is uid 1001, the key was made for uid 1000" },
                { forget_account, RULE_ACCOUNT, "was not looked for yet" },
                { close_account, RULE_ACCOUNT_EXPIRED, "'alice' ended on 2027-01-15T08:00:00Z" },
                { lock_password, RULE_PASSWORD, "the password of 'boss' is locked" },
                { expire_password, RULE_PASSWORD, "the password of 'boss' has expired then" },
                { ask_no_password, RULE_PASSWORD, "remove-on-password-expiry=no" },
                { forbid_admins, RULE_ADMIN, "admin-keys=no; the owner is an administrator: yes" },
                { demand_certificate, RULE_CERTIFICATE,
                  "one is needed by the policy require-certificate; none is shown" },
                { leave_alone, RULE_CERTIFICATE, "none is needed" },
                { demand_proof, RULE_CERTIFICATE,
                  "one is needed, and the proof that whoever logs in has its key by the policy "
                  "require-certificate" SHOWN ", not proved" },
                { demand_by_service, RULE_CERTIFICATE,
                  "has its key by the policy of the service" SHOWN ", proved" },
                { demand_by_key, RULE_CERTIFICATE, "one is needed by the key; none is shown" },
                { demand_by_all, RULE_CERTIFICATE,
                  "by the policy require-certificate and the policy of the service and the key;" },
                { bind_key, RULE_CERTIFICATE,
                  "one is needed by the key; the key is bound to cd" MANY_ZEROS SHOWN
                  ", not proved" },
        };
        static struct explain e;

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                const char *text = e.lines[rows[i].rule].text;
                struct login l;

                good_login(&l);
                rows[i].change(&l);
                explain_login(&l.facts, &e);
                if (!strstr(text, rows[i].text))
                        unit_str("sentence", text, rows[i].text);
                unit_int(text, strlen(text) < EXPLAIN_TEXT_LEN - 1, true);
        }
}

static void test_when_somebody_elses_password_expires_is_not_told(void **state) {
        static struct explain e;
        struct login l;

        (void) state;
        good_login(&l);
        explain_login(&l.facts, &e);
        assert_null(strstr(e.lines[RULE_PASSWORD].text, "2027"));
}

static void give_another_number(struct login *l) {
        l->owner.uid = 1234;
}

static void hold(struct login *l) {
        leave(l);
        l->owner.held = true;
}

static void close_owner(struct login *l) {
        l->owner.closes_at = NOW;
}

static void end_password(struct login *l) {
        l->linked.password_ends_at = NOW;
}

static void lose_linked(struct login *l) {
        l->linked.state = ACCOUNT_GONE;
        l->linked.checked_at = NOW;
}

static void end_unlinked_password(struct login *l) {
        l->key.linked[0] = '\0';
        end_password(l);
}

static void leave_expired(struct login *l) {
        leave(l);
        expire_long_ago(l);
}

static void leave_revoked(struct login *l) {
        leave(l);
        revoke_for_a_reason(l);
}

static void end_password_without_the_policy(struct login *l) {
        end_password(l);
        ask_no_password(l);
}

/* What this host says of an active key, apart from the status of the key. */
static void test_what_this_host_refuses(void **state) {
        static const struct {
                void (*change)(struct login *l);
                const char *why; /* "": it is not refused */
        } rows[] = {
                { be_good_for_all, "" },
                { leave, "the account is gone" },
                { hold, "the account is gone, with many others at one look" },
                { move,
                  "the account is not in passwd any more, and no directory has answered yet" },
                { forget_account, "" }, /* a login waits until it is known */
                { give_another_number, "the account's uid is 1234 now" },
                { close_owner, "the account has expired" },
                { end_password, "the password has expired" },
                { end_unlinked_password, "the password has expired" },
                { end_password_without_the_policy, "" },
                { lock_password, "the password is locked" },
                { lose_linked, "the linked account is gone" },
                { leave_expired, "" }, /* the status says why */
                { leave_revoked, "" },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                char out[RECORD_REASON_MAX + 1];
                struct login l;

                good_login(&l);
                rows[i].change(&l);
                unit_poison(out, sizeof(out));
                unit_int(rows[i].why, explain_refused(&l.facts, out), rows[i].why[0] != '\0');
                unit_str(rows[i].why, out, rows[i].why);
        }
}

static void test_outcomes_have_names(void **state) {
        (void) state;
        assert_string_equal(explain_outcome_name(EXPLAIN_PASSED), "passed");
        assert_string_equal(explain_outcome_name(EXPLAIN_FAILED), "failed");
        assert_string_equal(explain_outcome_name(EXPLAIN_NOT_REACHED), "not reached");
        assert_string_equal(explain_outcome_name((enum explain_outcome) 77), "not reached");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_set_of_faults_gets_the_verdict_of_a_login),
                cmocka_unit_test(test_rules_are_named_once_and_in_order),
                cmocka_unit_test(test_the_values_are_told),
                cmocka_unit_test(test_when_somebody_elses_password_expires_is_not_told),
                cmocka_unit_test(test_what_this_host_refuses),
                cmocka_unit_test(test_outcomes_have_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Logins with keys of realms: who is let in by which key, over all that the configuration can say.
 */
#include "unit_login.h"

#include "rules/explain.h"

/* A login of a realm's user that is accepted. */
static void realm_login(struct login *l) {
        good_login(l);
        l->policy.remove_on_password_expiry = false;
        l->key = (struct key_record){ .id = "0123456789",
                                      .owner = "mail:alice@example.org",
                                      .realm = "mail",
                                      .owner_uid = RECORD_UNBOUND,
                                      .created_at = NOW - 1000,
                                      .expires_at = NOW + 1000 };
        l->owner = (struct account_record){ .name = "mail:alice@example.org",
                                            .state = ACCOUNT_PRESENT,
                                            .uid = RECORD_UNBOUND,
                                            .local = true,
                                            .checked_at = NOW - 5 };
        l->facts.linked = &l->owner;
        l->facts.user = "alice@example.org";
        l->facts.service = "dovecot";
        l->facts.realm = (struct realm_facts){ .known = true, .named = true, .served = true };
}

static void test_a_user_of_a_realm_logs_in(void **state) {
        struct login l;

        (void) state;
        realm_login(&l);
        assert_int_equal(rule_decide(&l.facts), REASON_NONE);
        assert_string_equal(rule_user_of(&l.key), "alice@example.org");
        l.facts.confirming = true;
        assert_int_equal(rule_decide(&l.facts), REASON_NONE);
}

/* Of the 16 things that the configuration can say, one lets in each kind of key. */
static void test_all_that_the_configuration_can_say(void **state) {
        (void) state;
        for (unsigned bits = 0; bits < 16; bits++)
                for (unsigned of_realm = 0; of_realm < 2; of_realm++) {
                        const struct realm_facts realm = { .accounts = bits & 1,
                                                           .known = bits & 2,
                                                           .named = bits & 4,
                                                           .served = bits & 8 };
                        bool good = of_realm ? bits == 14 : bits & 1;
                        struct login l;
                        char row[32];

                        if (of_realm)
                                realm_login(&l);
                        else
                                good_login(&l);
                        l.facts.realm = realm;
                        (void) snprintf(row, sizeof(row), "%u, %u", bits, of_realm);
                        unit_int(row, rule_decide(&l.facts) == REASON_NONE, good);
                }
}

static void test_the_name_is_the_one_behind_the_realm(void **state) {
        static const char *const others[] = { "",
                                              "alice",
                                              "mail:alice@example.org",
                                              "Alice@example.org",
                                              "alice@EXAMPLE.ORG",
                                              "alice@example.org ",
                                              "alice@example.com",
                                              "bob@example.org",
                                              "EXAMPLE\\alice@example.org",
                                              "mail" };
        /* whose account a directory says it is: nobody may ask */
        const struct account_record spelled = { .name = "mail:alice@example.org",
                                                .state = ACCOUNT_PRESENT,
                                                .uid = RECORD_UNBOUND };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(others); i++) {
                struct login l;

                realm_login(&l);
                l.facts.user = others[i];
                l.facts.spelled = &spelled;
                unit_int(others[i], rule_decide(&l.facts), REASON_OTHER_USER);
        }
}

/* An account that is called as a realm's user is, by whatever means, is not that user. */
static void test_numbers_are_of_accounts_only(void **state) {
        struct login l;

        (void) state;
        realm_login(&l);
        l.owner.uid = 1000;
        assert_int_equal(rule_decide(&l.facts), REASON_ACCOUNT_GONE);
        realm_login(&l);
        l.owner.uid = l.key.owner_uid = 1000;
        assert_int_equal(rule_decide(&l.facts), REASON_ACCOUNT_GONE);
        /* a key of a fleet for what only a realm here has */
        realm_login(&l);
        l.key.realm[0] = '\0';
        memcpy(l.key.hosts, "web", 4);
        l.policy.replica_max_age_s = 3600;
        l.facts.user = l.key.owner;
        l.facts.realm = (struct realm_facts){ .accounts = true };
        assert_int_equal(rule_decide(&l.facts), REASON_ACCOUNT_GONE);
        /* and one for an account that this host has not seen */
        good_login(&l);
        l.owner.uid = l.key.owner_uid = RECORD_UNBOUND;
        assert_int_equal(rule_decide(&l.facts), REASON_ACCOUNT_GONE);
}

static void leave_list(struct login *l) {
        l->owner.state = ACCOUNT_GONE;
        l->owner.gone_since = NOW - 5;
}

static void end_key(struct login *l) {
        l->key.status = KEY_REVOKED;
}

static void expire(struct login *l) {
        l->key.expires_at = NOW;
}

static void forget(struct login *l) {
        l->facts.owner = NULL;
}

static void other_service(struct login *l) {
        memcpy(l->key.services, "smtp", 5);
}

static void other_network(struct login *l) {
        memcpy(l->key.networks, "10.0.0.0/8", 11);
}

static void want_certificate(struct login *l) {
        l->policy.require_certificate = CERTIFICATE_YES;
}

static void forbid(struct login *l) {
        l->facts.peer_may_claim = false;
}

static void wrong_secret(struct login *l) {
        l->facts.secret_ok = false;
}

static void test_every_rule_but_the_accounts_applies(void **state) {
        static const struct {
                void (*spoil)(struct login *l);
                enum reason reason;
        } rows[] = {
                { wrong_secret, REASON_WRONG_SECRET },
                { end_key, REASON_REVOKED },
                { expire, REASON_EXPIRED },
                { leave_list, REASON_ACCOUNT_GONE },
                { forget, REASON_ACCOUNT_UNKNOWN },
                { forbid, REASON_PEER },
                { other_service, REASON_SERVICE },
                { other_network, REASON_SOURCE },
                { want_certificate, REASON_CERTIFICATE_MISSING },
        };
        struct login l;

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                realm_login(&l);
                rows[i].spoil(&l);
                unit_int("spoilt", rule_decide(&l.facts), rows[i].reason);
        }
        realm_login(&l);
        l.policy.remove_on_password_expiry = true;
        l.policy.admin_keys = false;
        l.owner.locked = true;
        l.owner.password_ends_at = 1;
        assert_int_equal(rule_decide(&l.facts), REASON_NONE);
}

static void test_lists_say_why_a_key_is_refused(void **state) {
        char why[RECORD_REASON_MAX + 1];
        struct explain explain;
        struct login l;

        (void) state;
        realm_login(&l);
        assert_false(explain_refused(&l.facts, why));
        explain_login(&l.facts, &explain);
        assert_int_equal(explain.reason, REASON_NONE);
        l.facts.realm = (struct realm_facts){ .accounts = true };
        assert_true(explain_refused(&l.facts, why));
        assert_string_equal(why, "its realm is not configured on this host");
        explain_login(&l.facts, &explain);
        assert_int_equal(explain.reason, REASON_REALM);
        assert_non_null(strstr(explain.lines[RULE_REALM].text, "wfapikeyd.conf does not have"));
        l.facts.realm.known = true;
        assert_true(explain_refused(&l.facts, why));
        assert_string_equal(why, "its realm does not have this user by its suffix");
        realm_login(&l);
        leave_list(&l);
        assert_true(explain_refused(&l.facts, why));
        assert_string_equal(why, "the user is not in the realm's list");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_user_of_a_realm_logs_in),
                cmocka_unit_test(test_all_that_the_configuration_can_say),
                cmocka_unit_test(test_the_name_is_the_one_behind_the_realm),
                cmocka_unit_test(test_numbers_are_of_accounts_only),
                cmocka_unit_test(test_every_rule_but_the_accounts_applies),
                cmocka_unit_test(test_lists_say_why_a_key_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The verdict on a login: each fact by itself, and which one counts when several are bad. Where the
 * facts come from is not known here. */
#include "unit_login.h"

static void test_a_good_login_is_accepted(void **state) {
        struct login l;

        (void) state;
        good_login(&l);
        assert_int_equal(rule_decide(&l.facts), REASON_NONE);
        l.facts.confirming = true;
        assert_int_equal(rule_decide(&l.facts), REASON_NONE);
}

/* Every possible set of faults. The first one in the order is the reason. */
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
                        unit_int(row, rule_decide(&l.facts),
                                 confirming ? facts[first].confirming : facts[first].verifying);
                }
}

static void gone(struct login *l) {
        l->owner.state = ACCOUNT_GONE;
        l->owner.checked_at = NOW - 1;
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
        l->linked.checked_at = NOW - 1;
}

/* Only the passwd file has said so: they may have moved to a directory. */
static void moved(struct login *l) {
        l->owner.state = ACCOUNT_GONE;
}

static void linked_moved(struct login *l) {
        l->linked.state = ACCOUNT_GONE;
}

static void linked_locked(struct login *l) {
        l->linked.locked = true;
}

static void no_ageing(struct login *l) {
        l->linked.password_ends_at = 0;
}

/* Ageing counts only by the policy, which is off by default. */
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

static const struct account_record *spelled(enum account_state state, const char *name, uid_t uid) {
        static struct account_record account;

        account = (struct account_record){ .state = state, .uid = uid };
        (void) snprintf(account.name, sizeof(account.name), "%s", name);
        return &account;
}

/* A directory says whose name another spelling is. Only a name that may be one counts. */
static void test_spellings_of_the_owner(void **state) {
        static const struct {
                const char *user;
                bool may_be_same;
        } names[] = {
                { "ALICE", true },          { "alice@example.com", true },
                { "EXAMPLE\\alice", true }, { "EXAMPLE\\Alice@example.com", true },
                { "alicia", false },        { "alic", false },
                { "alicex", false },        { "", false },
                { "@alice", false },        { "alice\\bob", false },
                { "bob@alice", false },     { "alice ", false },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
                const struct {
                        const struct account_record *as;
                        enum reason reason;
                } rows[] = {
                        { NULL, REASON_SPELLING_UNKNOWN },
                        { spelled(ACCOUNT_PRESENT, "alice", 1000), REASON_NONE },
                };
                struct login l;

                good_login(&l);
                l.facts.user = names[i].user;
                unit_int(names[i].user, rule_may_be_same("alice", names[i].user),
                         names[i].may_be_same);
                for (size_t j = 0; j < ARRAY_LEN(rows); j++) {
                        l.facts.spelled = rows[j].as;
                        unit_int(names[i].user, rule_check(RULE_USER, &l.facts),
                                 names[i].may_be_same ? rows[j].reason : REASON_OTHER_USER);
                }
                l.facts.spelled = spelled(ACCOUNT_UNKNOWN, "", 0);
                unit_int(names[i].user, rule_check(RULE_USER, &l.facts),
                         names[i].may_be_same ? REASON_SPELLING_UNKNOWN : REASON_OTHER_USER);
                l.facts.spelled = spelled(ACCOUNT_GONE, "", 0);
                unit_int(names[i].user, rule_check(RULE_USER, &l.facts), REASON_OTHER_USER);
                l.facts.spelled = spelled(ACCOUNT_PRESENT, "Alice", 1000);
                unit_int(names[i].user, rule_check(RULE_USER, &l.facts), REASON_OTHER_USER);
                l.facts.spelled = spelled(ACCOUNT_PRESENT, "alice", 1001);
                unit_int(names[i].user, rule_check(RULE_USER, &l.facts), REASON_OTHER_USER);
        }
        assert_true(rule_may_be_same("alice@example.com", "Alice"));
}

static void test_accounts(void **state) {
        static const struct {
                const char *why;
                void (*change)(struct login *l);
                enum reason reason;
        } rows[] = {
                { "the owner is gone", gone, REASON_ACCOUNT_GONE },
                { "the owner is not in passwd, and no directory has answered", moved,
                  REASON_ACCOUNT_UNKNOWN },
                { "the linked user is not, and no directory has answered", linked_moved,
                  REASON_ACCOUNT_UNKNOWN },
                { "nothing is known of the owner", no_owner, REASON_ACCOUNT_UNKNOWN },
                { "an account that never closes", never_closes, REASON_NONE },
                { "nothing is known of the linked user", no_linked, REASON_ACCOUNT_UNKNOWN },
                { "the linked user is not known yet", linked_unknown, REASON_ACCOUNT_UNKNOWN },
                { "the linked user is gone", linked_gone, REASON_PASSWORD_EXPIRED },
                { "the linked user's password is locked", linked_locked, REASON_PASSWORD_EXPIRED },
                { "no ageing", no_ageing, REASON_NONE },
                { "the policy is off", policy_off, REASON_NONE },
                { "the policy is off and the owner gone", policy_off_but_gone,
                  REASON_ACCOUNT_GONE },
                { "the policy is off and the account closed", policy_off_but_closed,
                  REASON_ACCOUNT_EXPIRED },
                { "an administrator", admin_by_default, REASON_NONE },
                { "not an administrator", others_when_forbidden, REASON_NONE },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct login l;

                good_login(&l);
                rows[i].change(&l);
                unit_int(rows[i].why, rule_decide(&l.facts), rows[i].reason);
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
                unit_int("retires", rule_decide(&l.facts), rows[i].reason);
        }
}

static void test_the_owner_is_compared_as_a_whole(void **state) {
        static const char *const users[] = { "",      "a",      "alic",   "alicex",
                                             "älice", "alice ", " alice", "root" };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(users); i++) {
                struct login l;

                good_login(&l);
                l.facts.user = users[i];
                unit_int(users[i], rule_decide(&l.facts), REASON_OTHER_USER);
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
                unit_int(rows[i].services, rule_decide(&l.facts), rows[i].reason);
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
                /* no literal address, and no name is looked up */
                { "0.0.0.0/0 ::/0", "", REASON_SOURCE_UNKNOWN },
                { "0.0.0.0/0 ::/0", "localhost", REASON_SOURCE_UNKNOWN },
                { "0.0.0.0/0 ::/0", "UNKNOWN", REASON_SOURCE_UNKNOWN },
                { "127.0.0.0/8", "127.1", REASON_SOURCE_UNKNOWN },
                { "fe80::/10", "fe80::1%eth0", REASON_NONE },
                { "2001:db8::/32", "fe80::1%eth0", REASON_SOURCE },
                { "192.0.2.0/24", "192.0.2.0/24", REASON_SOURCE_UNKNOWN },
                { "192.0.2.0/24", "192.0.2.1 ", REASON_SOURCE_UNKNOWN },
                { "192.0.2.0/24", "192.0.2.1,10.0.0.1", REASON_SOURCE_UNKNOWN },
                /* nobody is on a list that cannot be read */
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
                unit_int(row, rule_decide(&l.facts), rows[i].reason);
        }
}

static void test_the_second_of_expiry_refuses(void **state) {
        struct login l;

        (void) state;
        good_login(&l);
        l.facts.now = l.key.expires_at - 1;
        assert_int_equal(rule_decide(&l.facts), REASON_NONE);
        l.facts.now++;
        assert_int_equal(rule_decide(&l.facts), REASON_EXPIRED);
}

static void test_the_policy_s_lifetime_refuses(void **state) {
        struct login l;

        (void) state;
        good_login(&l);
        l.key.expires_at = 0;
        l.policy.lifetime_s = 1000;
        assert_int_equal(rule_decide(&l.facts), REASON_EXPIRED);
        l.policy.lifetime_changed_at = NOW - 999;
        assert_int_equal(rule_decide(&l.facts), REASON_NONE);
        l.policy.lifetime_s = 0;
        assert_int_equal(rule_decide(&l.facts), REASON_NONE);
}

static void test_a_status_that_is_not_known_refuses(void **state) {
        static const int others[] = { KEY_EXPIRED, 3, 77, -1, INT32_MAX };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(others); i++) {
                struct login l;

                good_login(&l);
                l.key.status = (enum key_status) others[i];
                assert_int_not_equal(rule_decide(&l.facts), REASON_NONE);
        }
}

/* --- Certificates --- */

static const uint8_t bound_to[RECORD_THUMBPRINT_LEN] = { 1, 2, 3 };

enum shown {
        SHOWN_NONE,
        SHOWN_REFUSED, /* with a reason of its own */
        SHOWN_OTHER,
        SHOWN_BOUND,
        _SHOWN_MAX,
};

/* The expected reason, worked out once more: the largest need counts, and a bound key has one. */
static enum reason want(int need, bool bound, enum shown shown, bool proved) {
        if (bound && need == 0)
                need = 1;
        if (need == 0)
                return REASON_NONE;
        if (shown == SHOWN_NONE)
                return REASON_CERTIFICATE_MISSING;
        if (shown == SHOWN_REFUSED)
                return REASON_CERTIFICATE_EXPIRED;
        if (bound && shown == SHOWN_OTHER)
                return REASON_CERTIFICATE_OTHER;
        return need == 2 && !proved ? REASON_CERTIFICATE_UNPROVED : REASON_NONE;
}

static void check_certificate(int policy, int key, int service, bool bound, enum shown shown,
                              bool proved) {
        struct rule_certificate certificate = { .proved = proved };
        int need = policy > key ? policy : key;
        struct login l;
        char row[96];

        (void) snprintf(row, sizeof(row),
                        "policy %d, key %d, service %d, bound %d, shown %d, proved %d", policy, key,
                        service, bound, (int) shown, proved);
        good_login(&l);
        l.policy.require_certificate = (enum certificate_need) policy;
        l.key.certificate_need = (enum certificate_need) key;
        l.policy.n_services = 2;
        /* another service */
        l.policy.services[0] = (struct policy_service){ "sshd", CERTIFICATE_PROOF };
        l.policy.services[1] = (struct policy_service){ "imap", (enum certificate_need) service };
        l.key.bound = bound;
        if (bound)
                memcpy(l.key.certificate, bound_to, sizeof(l.key.certificate));
        if (shown == SHOWN_BOUND)
                memcpy(certificate.thumbprint, bound_to, sizeof(certificate.thumbprint));
        else if (shown == SHOWN_REFUSED) {
                memcpy(certificate.thumbprint, bound_to, sizeof(certificate.thumbprint));
                certificate.reason = REASON_CERTIFICATE_EXPIRED;
        } else /* all but the last byte */
                memcpy(certificate.thumbprint,
                       (uint8_t[RECORD_THUMBPRINT_LEN]){ 1, 2, 3, [31] = 1 },
                       sizeof(certificate.thumbprint));
        if (shown != SHOWN_NONE)
                l.facts.certificate = &certificate;
        if (service > need)
                need = service;
        unit_int(row, rule_need(&l.policy, &l.key, "imap"), bound && need == 0 ? 1 : need);
        unit_int(row, rule_decide(&l.facts), want(need, bound, shown, proved));
        l.facts.confirming = true;
        unit_int(row, rule_decide(&l.facts), want(need, bound, shown, proved));
        /* Any other fault comes first. */
        l.key.status = KEY_REVOKED;
        unit_int(row, rule_decide(&l.facts), REASON_REVOKED);
}

static void test_certificates_in_all_combinations(void **state) {
        (void) state;
        for (unsigned i = 0; i < 3 * 3 * 3 * 2 * _SHOWN_MAX * 2; i++) {
                unsigned left = i / 27;

                check_certificate((int) (i % 3), (int) (i / 3 % 3), (int) (i / 9 % 3), left % 2,
                                  (enum shown)(left / 2 % _SHOWN_MAX), left / 2 / _SHOWN_MAX);
        }
}

static void test_every_reason_of_a_certificate_is_handed_on(void **state) {
        (void) state;
        for (int reason = REASON_CERTIFICATE_UNREADABLE; reason <= REASON_CERTIFICATE_UNCHECKED;
             reason++) {
                struct rule_certificate certificate = { .reason = (enum reason) reason,
                                                        .proved = true };
                struct login l;

                good_login(&l);
                l.facts.certificate = &certificate;
                unit_int("not needed", rule_decide(&l.facts), REASON_NONE);
                l.policy.require_certificate = CERTIFICATE_YES;
                unit_int("needed", rule_decide(&l.facts), reason);
        }
}

/* A need that is not known asks for more than a client can show. */
static void test_a_need_that_is_not_known_is_a_proof(void **state) {
        struct rule_certificate certificate = {};
        struct login l;

        (void) state;
        good_login(&l);
        l.facts.certificate = &certificate;
        l.key.certificate_need = (enum certificate_need) 3;
        assert_int_equal(rule_decide(&l.facts), REASON_CERTIFICATE_UNPROVED);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_good_login_is_accepted),
                cmocka_unit_test(test_of_several_faults_the_first_is_the_reason),
                cmocka_unit_test(test_spellings_of_the_owner),
                cmocka_unit_test(test_accounts),
                cmocka_unit_test(test_a_retired_key_is_refused_with_a_reason_of_its_own),
                cmocka_unit_test(test_the_owner_is_compared_as_a_whole),
                cmocka_unit_test(test_services),
                cmocka_unit_test(test_sources),
                cmocka_unit_test(test_the_second_of_expiry_refuses),
                cmocka_unit_test(test_the_policy_s_lifetime_refuses),
                cmocka_unit_test(test_a_status_that_is_not_known_refuses),
                cmocka_unit_test(test_certificates_in_all_combinations),
                cmocka_unit_test(test_every_reason_of_a_certificate_is_handed_on),
                cmocka_unit_test(test_a_need_that_is_not_known_is_a_proof),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

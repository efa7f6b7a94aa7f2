/* SPDX-License-Identifier: BSD-2-Clause */
/* What follows from a configuration: which role a user has, for which services a process may ask,
 * and whose word counts. How the file is read is in test_conf.c. */
#include "unit.h"

#include "base/conf.h"

static enum role role_of(const struct conf *conf, uid_t uid, gid_t gid, gid_t other) {
        const struct peer peer = { .cred = { .uid = uid, .gid = gid },
                                   .n_groups = 1,
                                   .groups = &other };

        return conf_role(conf, &peer);
}

static void test_roles_follow_from_uid_and_groups(void **state) {
        const struct conf conf = { .has_admin_group = true,
                                   .admin_group = 2001,
                                   .has_developer_group = true,
                                   .developer_group = 2002 };

        (void) state;
        assert_int_equal(role_of(&conf, 0, 5, 5), ROLE_ADMIN);
        assert_int_equal(role_of(&conf, geteuid(), 5, 5), ROLE_ADMIN);
        assert_int_equal(role_of(&conf, 4242, 5, 5), ROLE_USER);
        assert_int_equal(role_of(&conf, 4242, 0, 0), ROLE_USER);
        assert_int_equal(role_of(&conf, 4242, 2001, 5), ROLE_ADMIN);
        assert_int_equal(role_of(&conf, 4242, 5, 2001), ROLE_ADMIN);
        assert_int_equal(role_of(&conf, 4242, 2002, 5), ROLE_DEVELOPER);
        assert_int_equal(role_of(&conf, 4242, 5, 2002), ROLE_DEVELOPER);
        assert_int_equal(role_of(&conf, 4242, 2002, 2001), ROLE_ADMIN);
}

/* A group that is not configured is not group 0. */
static void test_without_groups_nobody_is_in_them(void **state) {
        const struct conf conf = {};

        (void) state;
        assert_int_equal(role_of(&conf, 4242, 0, 0), ROLE_USER);
        assert_int_equal(role_of(&conf, 0, 0, 0), ROLE_ADMIN);
}

/* For a peer of uid 4242 and group 2002. */
static bool is_same(const struct conf *before, const struct conf *now) {
        gid_t group = 2002;
        const struct peer peer = { .cred = { .uid = 4242, .gid = 100 },
                                   .n_groups = 1,
                                   .groups = &group };
        bool same = conf_same_peer(before, now, &peer);

        assert_int_equal(conf_same_peer(now, before, &peer), same);
        return same;
}

static void test_what_a_reload_changes_for_a_peer(void **state) {
        static const struct conf none = {},
                                 admin = { .has_admin_group = true, .admin_group = 2002 },
                                 others = { .has_admin_group = true, .admin_group = 2001 },
                                 developer = { .has_developer_group = true,
                                               .developer_group = 2002 },
                                 reader = { .has_reader_group = true, .reader_group = 2002 },
                                 fleet = { .has_fleet_user = true, .fleet_user = 4242 },
                                 other_fleet = { .has_fleet_user = true, .fleet_user = 4243 };

        (void) state;
        assert_true(is_same(&none, &others));
        assert_true(is_same(&none, &other_fleet));
        assert_false(is_same(&none, &admin));
        assert_false(is_same(&others, &admin));
        assert_false(is_same(&developer, &reader));
        assert_false(is_same(&fleet, &other_fleet));
}

/* The same realms in another order are the same; another realm in the same place is not. */
static void test_what_a_reload_changes_for_an_issuer(void **state) {
        const struct realm mail = { .name = "mail", .has_issuers = true, .issuers = 2002 };
        const struct realm chat = { .name = "chat", .has_issuers = true, .issuers = 2003 };
        const struct realm news = { .name = "news", .has_issuers = true, .issuers = 2002 };
        const struct realm sets[][2] = { { mail, chat }, { chat, mail }, { news, chat } };
        struct conf confs[ARRAY_LEN(sets)] = {};
        const struct conf none = {};

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(sets); i++)
                assert_int_equal(realms_new(&confs[i].realms, sets[i], 2), 0);
        assert_true(is_same(&confs[0], &confs[1]));
        assert_false(is_same(&confs[0], &confs[2]));
        assert_false(is_same(&confs[0], &none));
        for (size_t i = 0; i < ARRAY_LEN(sets); i++)
                (void) realms_unref(confs[i].realms);
}

static void test_a_service_that_is_tied_is_claimed_by_its_peers_alone(void **state) {
        struct conf_peer peers[] = { { .uid = 110, .services = "postgresql shared" },
                                     { .uid = 111, .services = "imap shared" },
                                     { .uid = 112 } };
        const struct conf conf = { .n_peers = ARRAY_LEN(peers), .peers = peers };
        static const struct {
                unsigned uid;
                const char *service;
                bool may;
        } rows[] = {
                { 110, "postgresql", true },
                { 111, "postgresql", false },
                { 112, "postgresql", false },
                { 4242, "postgresql", false },
                { 0, "postgresql", true },
                { 110, "shared", true },
                { 111, "shared", true },
                { 112, "shared", false },
                { 110, "imap", false },
                { 111, "imap", true },
                { 4242, "sshd", true },
                { 110, "sshd", true },
                { 4242, "", true },
                { 4242, "postgres", true },
                { 4242, "postgresql shared", true },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                unit_int(rows[i].service, conf_peer_may_claim(&conf, rows[i].uid, rows[i].service),
                         rows[i].may);
        assert_int_equal(conf_peer_may_claim(&conf, geteuid(), "postgresql"), true);
}

static void test_without_ties_everybody_may_claim_everything(void **state) {
        const struct conf conf = {};

        (void) state;
        assert_int_equal(conf_peer_may_claim(&conf, 4242, "sshd"), true);
}

static void test_whose_word_on_certificates_counts(void **state) {
        struct conf_peer peers[] = {
                { .uid = 110, .services = "postgresql", .certificates = "postgresql imap" },
                { .uid = 111, .services = "smtp" },
                { .uid = 112, .certificates = "smtp" }
        };
        const struct conf conf = { .n_peers = 3, .peers = peers }, none = {};
        static const struct {
                uid_t uid;
                const char *service;
                bool may;
        } rows[] = {
                { 0, "anything", true },
                { 0, "", true },
                { 110, "postgresql", true },
                { 110, "imap", true },
                { 110, "smtp", false },
                { 110, "", false },
                { 110, "IMAP", false },
                { 110, "postgresql imap", false },
                /* it may ask for the service, and is not believed */
                { 111, "smtp", false },
                { 111, "postgresql", false },
                { 112, "smtp", true },
                { 112, "sshd", false },
                { 4242, "smtp", false },
                { 4242, "sshd", false }, /* though all may ask for it */
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                unit_int(rows[i].service, conf_peer_may_vouch(&conf, rows[i].uid, rows[i].service),
                         rows[i].may);
                unit_int(rows[i].service, conf_peer_may_vouch(&none, rows[i].uid, rows[i].service),
                         rows[i].uid == 0);
        }
        assert_true(conf_peer_may_vouch(&none, geteuid(), "sshd"));
        /* Being believed ties no service. */
        assert_true(conf_peer_may_claim(&conf, 4242, "imap"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_roles_follow_from_uid_and_groups),
                cmocka_unit_test(test_without_groups_nobody_is_in_them),
                cmocka_unit_test(test_what_a_reload_changes_for_a_peer),
                cmocka_unit_test(test_what_a_reload_changes_for_an_issuer),
                cmocka_unit_test(test_a_service_that_is_tied_is_claimed_by_its_peers_alone),
                cmocka_unit_test(test_without_ties_everybody_may_claim_everything),
                cmocka_unit_test(test_whose_word_on_certificates_counts),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* What realms have to do with a login: which realm a service is of, and what is said of a key. */
#include "unit.h"

#include "base/realms.h"

static const struct realm two[] = {
        { .name = "mail", .services = "dovecot smtp", .suffixes = "@example.org" },
        { .name = "chat", .services = "ejabberd", .list = "/etc/chat" },
        { .name = "idle" },
};

static int make(void **state) {
        return realms_new((struct realms **) state, two, ARRAY_LEN(two));
}

static int drop(void **state) {
        assert_null(realms_unref(*state));
        return 0;
}

static struct key_record key_of(const char *owner) {
        struct key_record key = { .owner_uid = 1000 };

        (void) snprintf(key.owner, sizeof(key.owner), "%s", owner);
        if (realm_split(owner, key.realm))
                key.owner_uid = RECORD_UNBOUND;
        return key;
}

static void test_a_service_is_of_one_realm_or_none(void **state) {
        static const struct {
                const char *service, *realm;
        } rows[] = { { "dovecot", "mail" },   { "smtp", "mail" }, { "ejabberd", "chat" },
                     { "sshd", NULL },        { "", NULL },       { "dove", NULL },
                     { "dovecot smtp", NULL } };

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                const struct realm *realm = realms_of_service(*state, rows[i].service);

                unit_str(rows[i].service, realm ? realm->name : "none", rows[i].realm ?: "none");
                assert_null(realms_of_service(NULL, rows[i].service));
        }
        assert_string_equal(realms_find(*state, "chat")->list, "/etc/chat");
        assert_null(realms_find(*state, ""));
        assert_null(realms_find(*state, "Mail"));
        assert_null(realms_find(NULL, "mail"));
}

static void test_what_is_said_of_a_login(void **state) {
        static const struct {
                const char *owner, *service;
                bool accounts, known, named, served;
        } rows[] = {
                { "alice", "sshd", true, false, false, false },
                { "alice", "dovecot", false, false, false, false },
                { "alice", NULL, true, false, false, false },
                { "mail:alice@example.org", "dovecot", false, true, true, true },
                { "mail:alice@example.org", "ejabberd", false, true, true, false },
                { "mail:alice@example.org", "sshd", true, true, true, false },
                { "mail:alice@example.org", NULL, false, true, true, true },
                { "mail:alice@example.net", "dovecot", false, true, false, true },
                { "mail:alice", "dovecot", false, true, false, true },
                { "chat:alice", "ejabberd", false, true, true, true },
                { "gone:alice@example.org", "dovecot", false, false, false, false },
                { "gone:alice", NULL, true, false, false, false },
                { "idle:alice", "sshd", true, true, false, false },
        };

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct key_record key = key_of(rows[i].owner);
                struct realm_facts facts = realms_facts(*state, &key, rows[i].service);
                char row[80];

                (void) snprintf(row, sizeof(row), "%s, %s", rows[i].owner, rows[i].service ?: "-");
                unit_int(row, facts.accounts, rows[i].accounts);
                unit_int(row, facts.known, rows[i].known);
                unit_int(row, facts.named, rows[i].named);
                unit_int(row, facts.served, rows[i].served);
        }
}

/* The text of a realm's owner alone makes nobody one. */
static void test_an_account_with_a_colon_is_no_user_of_a_realm(void **state) {
        struct key_record key = key_of("mail:alice@example.org");
        struct realm_facts facts;

        key.realm[0] = '\0';
        key.owner_uid = 1000;
        facts = realms_facts(*state, &key, "dovecot");
        assert_false(facts.accounts || facts.known || facts.named || facts.served);
}

static void test_without_realms_every_service_is_of_accounts(void **state) {
        struct key_record key = key_of("mail:alice@example.org");
        struct realm_facts facts = realms_facts(NULL, &key, "dovecot");

        (void) state;
        assert_true(facts.accounts);
        assert_false(facts.known || facts.named || facts.served);
        facts = realms_facts(NULL, NULL, "dovecot");
        assert_true(facts.accounts);
        assert_null(realms_ref(NULL));
        assert_null(realms_unref(NULL));
}

static void test_it_lives_as_long_as_its_last_user(void **state) {
        struct realms *realms = NULL;

        (void) state;
        assert_int_equal(realms_new(&realms, two, 1), 0);
        assert_ptr_equal(realms_ref(realms), realms);
        assert_null(realms_unref(realms));
        assert_string_equal(realms->of[0].name, "mail");
        assert_null(realms_unref(realms));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_a_service_is_of_one_realm_or_none, make, drop),
                cmocka_unit_test_setup_teardown(test_what_is_said_of_a_login, make, drop),
                cmocka_unit_test_setup_teardown(test_an_account_with_a_colon_is_no_user_of_a_realm,
                                                make, drop),
                cmocka_unit_test(test_without_realms_every_service_is_of_accounts),
                cmocka_unit_test(test_it_lives_as_long_as_its_last_user),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

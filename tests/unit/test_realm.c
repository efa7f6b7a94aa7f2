/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of realms and of their users: each byte that a service might read otherwise is refused. */
#include "unit.h"

#include "realm.h"

static void test_names_of_realms(void **state) {
        static const char *const good[] = { "m", "mail", "mail-2",
                                            "a234567890123456789012345678901" };
        static const char *const bad[] = {
                "",      "Mail",        "2mail",  "-mail", "ma il",
                "mail:", "m\xc3\xa4il", "mail\n", "ma_il", "a2345678901234567890123456789012"
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(good); i++)
                unit_int(good[i], realm_is_name(good[i]), true);
        for (size_t i = 0; i < ARRAY_LEN(bad); i++)
                unit_int(bad[i], realm_is_name(bad[i]), false);
}

static const char *const good_users[] = {
        "alice",
        "Alice",
        "a",
        "_a",
        "0",
        "alice@example.org",
        "a.b-c_d+e=f~g@example.org",
        "alice@localhost",
        "a..b",
};

static const char *const bad_users[] = {
        "",
        "@example.org",
        "alice@",
        "a@b@example.org",
        "alice@example.org@",
        "alice@@example.org",
        "alice @example.org",
        " alice@example.org",
        "alice@example.org ",
        "alice@example.org\n",
        "alice\t@example.org",
        "al\x01ice",
        "al\x7fice",
        "alice:x",
        "mail:alice",
        "../alice",
        "alice/bob",
        "alice\\bob",
        "\"alice\"@example.org",
        "alice@exam ple.org",
        "alice@-example.org",
        "alice@.example.org",
        "-alice",
        ".alice",
        "+alice",
        "alice%n",
        "al\xc3\xafs",       /* with its accent */
        "\xd0\xb0lice",      /* Cyrillic, like an a */
        "al\xe2\x80\x8bice", /* a blank without width */
        "\xff\xfe",
        "alice,bob",
        "*",
};

static void test_names_of_users(void **state) {
        char longest[REALM_USER_MAX + 2];

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(good_users); i++)
                unit_int(good_users[i], realm_is_user(good_users[i]), true);
        for (size_t i = 0; i < ARRAY_LEN(bad_users); i++)
                unit_int(bad_users[i], realm_is_user(bad_users[i]), false);
        memset(longest, 'a', sizeof(longest));
        longest[REALM_USER_MAX + 1] = '\0';
        assert_false(realm_is_user(longest));
        longest[REALM_USER_MAX] = '\0';
        assert_true(realm_is_user(longest));
}

static void test_an_owner_is_split_at_the_one_colon(void **state) {
        static const char *const bad[] = { "alice",
                                           "mail",
                                           "mail:",
                                           ":alice",
                                           "mail::alice",
                                           "mail:a:b",
                                           "Mail:a",
                                           "mail: alice",
                                           "mail:@a.org",
                                           "mail :alice",
                                           "",
                                           ":",
                                           "mail:a@b@c",
                                           "a2345678901234567890123456789012:a" };
        char realm[REALM_NAME_MAX + 1], owner[WIRE_USER_MAX + 2];
        const char *user;

        (void) state;
        user = realm_split("mail:alice@example.org", realm);
        assert_string_equal(user, "alice@example.org");
        assert_string_equal(realm, "mail");
        for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
                unit_poison(realm, sizeof(realm));
                if (realm_split(bad[i], realm))
                        unit_str(bad[i], bad[i], "");
                unit_poisoned(bad[i], realm, sizeof(realm));
        }
        /* What does not fit is no other name. */
        (void) snprintf(owner, sizeof(owner), "mail:%0*d", WIRE_USER_MAX - 5, 1);
        assert_non_null(realm_split(owner, realm));
        (void) snprintf(owner, sizeof(owner), "mail:%0*d", WIRE_USER_MAX - 4, 1);
        assert_null(realm_split(owner, realm));
}

static void test_a_suffix_is_the_whole_domain(void **state) {
        static const char suffixes[] = "@example.org @mail.example.net";
        static const struct {
                const char *user;
                bool has;
        } rows[] = {
                { "alice@example.org", true },
                { "root@example.org", true },
                { "a@mail.example.net", true },
                { "alice", false },
                { "alice@example.net", false },
                { "alice@mail.example.org", false },
                { "alice@xexample.org", false },
                { "alice@example.org.evil.test", false },
                { "alice@example.or", false },
                { "alice@Example.org", false },
                { "@example.org", false },
                { "a@b@example.org", false },
                { "alice@example.org @mail.example.net", false },
                { "", false },
        };
        static const char *const bad[] = { "",        "@",   "example.org", "@@example.org", "@a b",
                                           "x@a.org", "@a/", "@-a",         "@a:b" };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                unit_int(rows[i].user, realm_has_suffix(rows[i].user, suffixes), rows[i].has);
                unit_int(rows[i].user, realm_has_suffix(rows[i].user, ""), false);
        }
        for (size_t i = 0; i < ARRAY_LEN(bad); i++)
                unit_int(bad[i], realm_is_suffix(bad[i]), false);
        assert_true(realm_is_suffix("@example.org"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names_of_realms),
                cmocka_unit_test(test_names_of_users),
                cmocka_unit_test(test_an_owner_is_split_at_the_one_colon),
                cmocka_unit_test(test_a_suffix_is_the_whole_domain),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

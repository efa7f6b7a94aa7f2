/* SPDX-License-Identifier: BSD-2-Clause */
/* What a shadow entry says, at the day's very first second, by the rules of pam_unix. */
#include "unit.h"

#include "accounts/pwage.h"
#include "parse.h"

#define HASH     "$y$j9T$salt$hash"
#define DAYS(n)  ((n) *PARSE_DAY_S)
#define LAST_DAY ((long) (~0UL >> 1))

static const struct {
        const char *why, *field;
        long changed, max, inact, expire;
        int64_t ends, closes;
        bool locked;
} rows[] = {
        { "nothing but a password", HASH, 20000, -1, -1, -1, 0, 0, false },
        { "useradd's 99999", HASH, 20000, 99999, 7, -1, 0, 0, false },
        { "more than 99999", HASH, 20000, 100000, -1, -1, 0, 0, false },
        { "one day less than never", HASH, 0 + 1, 99998, -1, -1, DAYS(100000), 0, false },
        { "it is good for max days after the change", HASH, 20000, 30, -1, -1, DAYS(20031), 0,
          false },
        { "max of no day: to be changed every day", HASH, 20000, 0, -1, -1, DAYS(20001), 0, false },
        { "changed in the future", HASH, 40000, 30, -1, -1, DAYS(40031), 0, false },
        { "must be changed now", HASH, 0, 30, -1, -1, 1, 0, false },
        { "must be changed now, without ageing", HASH, 0, -1, -1, -1, 1, 0, false },
        { "must be changed now, whatever the grace period", HASH, 0, 30, 0, -1, 1, 0, false },
        { "no date of a change: no ageing", HASH, -1, 30, 0, -1, 0, 0, false },
        { "the grace period closes the account, not the password", HASH, 20000, 30, 7, -1,
          DAYS(20031), DAYS(20038), false },
        { "no grace", HASH, 20000, 30, 0, -1, DAYS(20031), DAYS(20031), false },
        { "a grace period without ageing", HASH, 20000, -1, 7, -1, 0, 0, false },
        { "the account's own end", HASH, 20000, -1, -1, 20500, 0, DAYS(20500), false },
        { "its end before the grace period's", HASH, 20000, 30, 7, 20010, DAYS(20031), DAYS(20010),
          false },
        { "its end behind the grace period's", HASH, 20000, 30, 7, 20500, DAYS(20031), DAYS(20038),
          false },
        { "chage -E 0: long ago", HASH, 20000, -1, -1, 0, 0, 1, false },
        { "chage -E 1970-01-02", HASH, 20000, -1, -1, 1, 0, DAYS(1), false },
        { "chage -E 0 is before any grace period", HASH, 20000, 30, 7, 0, DAYS(20031), 1, false },
        { "passwd -l", "!" HASH, 20000, -1, -1, -1, 0, 0, true },
        { "passwd -l elsewhere", "!!" HASH, 20000, -1, -1, -1, 0, 0, true },
        { "passwd -l on an old kind of hash", "!xyQ1rN8mDkVpE", 20000, -1, -1, -1, 0, 0, true },
        { "a hash that begins with an x", "xyQ1rN8mDkVpE", 20000, 30, -1, -1, DAYS(20031), 0,
          false },
        { "locked and aged", "!" HASH, 20000, 30, -1, -1, DAYS(20031), 0, true },
        { "locked and to be changed", "!" HASH, 0, 30, -1, -1, 1, 0, true },
        { "never had one: *", "*", 20000, 30, -1, -1, 0, 0, false },
        { "never had one: !", "!", 20000, 30, -1, -1, 0, 0, false },
        { "never had one: !!", "!!", 20000, 30, -1, -1, 0, 0, false },
        { "never had one: !*", "!*", 20000, 30, -1, -1, 0, 0, false },
        { "never had one: x", "x", 20000, 30, -1, -1, 0, 0, false },
        { "never had one, to be changed", "*", 0, 30, -1, -1, 0, 0, false },
        { "an empty one", "", 20000, 30, -1, -1, 0, 0, false },
        { "no field at all", NULL, 20000, 30, -1, -1, 0, 0, false },
        { "without a password the account still closes", "*", 20000, -1, -1, 20500, 0, DAYS(20500),
          false },
        { "without a password the grace period still closes it", "!", 20000, 30, 7, -1, 0,
          DAYS(20038), false },
        { "the end of days of a change", HASH, LAST_DAY, 30, 7, -1, INT64_MAX, INT64_MAX, false },
        { "the end of days of the account", HASH, 20000, -1, -1, LAST_DAY, 0, INT64_MAX, false },
        { "the end of days of the grace period", HASH, 20000, 30, LAST_DAY, -1, DAYS(20031),
          INT64_MAX, false },
        { "so many days that their seconds are too many", HASH, LAST_DAY / 86400, 30, -1, -1,
          INT64_MAX, 0, false },
        { "numbers below -1", HASH, -5, -5, -5, -5, 0, 0, false },
        { "a change long ago, ageing on", HASH, (-LAST_DAY), 30, 7, (-LAST_DAY), 0, 0, false },
};

static char *unshared(const char *text) {
        static char field[64];

        if (!text)
                return NULL;
        (void) snprintf(field, sizeof(field), "%s", text);
        return field;
}

static void test_what_shadow_says(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                const struct spwd sp = { .sp_pwdp = unshared(rows[i].field),
                                         .sp_lstchg = rows[i].changed,
                                         .sp_max = rows[i].max,
                                         .sp_inact = rows[i].inact,
                                         .sp_expire = rows[i].expire };
                struct account_record account = {};

                pwage_apply(&sp, &account);
                unit_int(rows[i].why, account.password_ends_at, rows[i].ends);
                unit_int(rows[i].why, account.closes_at, rows[i].closes);
                unit_int(rows[i].why, account.locked, rows[i].locked);
        }
}

/* A directory hides the password, but not its dates. */
static void test_a_directory_hides_the_password(void **state) {
        static const struct {
                const char *field;
                long changed, max;
                int64_t ends;
                bool locked;
        } hidden[] = {
                { "*", 20000, 30, DAYS(20031), false },
                { "x", 20000, 30, DAYS(20031), false },
                { "*", 0, -1, 1, false },
                { "*", 20000, -1, 0, false },
                { "*", 20000, 99999, 0, false },
                { "*", -1, 30, 0, false },
                { HASH, 20000, 30, DAYS(20031), false },
                { "!" HASH, 20000, -1, 0, true },
                { "!", 20000, 30, 0, false },
                { "!*", 20000, 30, 0, false },
                { "", 20000, 30, 0, false },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(hidden); i++) {
                const struct spwd sp = { .sp_pwdp = unshared(hidden[i].field),
                                         .sp_lstchg = hidden[i].changed,
                                         .sp_max = hidden[i].max,
                                         .sp_inact = -1,
                                         .sp_expire = -1 };
                struct account_record account = {};

                pwage_apply_directory(&sp, &account);
                unit_int(hidden[i].field, account.password_ends_at, hidden[i].ends);
                unit_int(hidden[i].field, account.locked, hidden[i].locked);
        }
}

/* An account is looked at again and again: nothing of the last time may stay. */
static void test_what_was_true_before_is_forgotten(void **state) {
        struct account_record account = { .locked = true, .password_ends_at = 1, .closes_at = 1 };
        const struct spwd sp = { .sp_pwdp = unshared(HASH),
                                 .sp_lstchg = 20000,
                                 .sp_max = -1,
                                 .sp_inact = -1,
                                 .sp_expire = -1 };

        (void) state;
        pwage_apply(&sp, &account);
        assert_int_equal(account.locked, false);
        assert_int_equal(account.password_ends_at, 0);
        assert_int_equal(account.closes_at, 0);
}

static void test_who_it_is_is_not_shadow_s_to_say(void **state) {
        struct account_record account = {
                .name = "alice", .state = ACCOUNT_PRESENT, .uid = 7, .admin = true
        };
        struct account_record want = account;
        const struct spwd sp = { .sp_pwdp = unshared("!" HASH), .sp_lstchg = 1, .sp_max = 1 };

        (void) state;
        pwage_apply(&sp, &account);
        want.locked = account.locked;
        want.password_ends_at = account.password_ends_at;
        want.closes_at = account.closes_at;
        assert_memory_equal(&account, &want, sizeof(want));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_shadow_says),
                cmocka_unit_test(test_a_directory_hides_the_password),
                cmocka_unit_test(test_what_was_true_before_is_forgotten),
                cmocka_unit_test(test_who_it_is_is_not_shadow_s_to_say),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* When a key's time is over. The time is a variable, and the store is not known here. */
#include "unit.h"

#include "rules/expiry.h"

#define NOW INT64_C(1800000000)

static const struct {
        const char *why;
        int64_t lifetime, changed, created, expires, bound; /* the first two are the policy's */
        int64_t at;
} rows[] = {
        { .why = "nothing bounds it", .created = 100 },
        { .why = "the policy's lifetime", .lifetime = 50, .created = 100, .at = 150 },
        { .why = "a lifetime that changed before it was made",
          .lifetime = 50,
          .changed = 90,
          .created = 100,
          .at = 150 },
        { .why = "a lifetime that changed since",
          .lifetime = 50,
          .changed = 120,
          .created = 100,
          .at = 170 },
        { .why = "a lifetime that changed in the same second",
          .lifetime = 50,
          .changed = 100,
          .created = 100,
          .at = 150 },
        { .why = "a change to none", .changed = 120, .created = 100 },
        { .why = "its own expiry", .lifetime = 50, .created = 100, .expires = 1000, .at = 1000 },
        { .why = "its own expiry, earlier than the lifetime",
          .lifetime = 50,
          .changed = 120,
          .created = 100,
          .expires = 110,
          .at = 110 },
        { .why = "its own expiry does not move with the lifetime",
          .lifetime = 50,
          .changed = 5000,
          .created = 100,
          .expires = 1000,
          .at = 1000 },
        { .why = "its own expiry without a lifetime", .created = 100, .expires = 1000, .at = 1000 },
        { .why = "the bound alone", .created = 100, .bound = 400, .at = 400 },
        { .why = "the bound before the lifetime",
          .lifetime = 500,
          .created = 100,
          .bound = 400,
          .at = 400 },
        { .why = "the lifetime before the bound",
          .lifetime = 50,
          .created = 100,
          .bound = 400,
          .at = 150 },
        { .why = "the bound stops a restarted clock",
          .lifetime = 50,
          .changed = 390,
          .created = 100,
          .bound = 400,
          .at = 400 },
        { .why = "the bound before its own expiry",
          .created = 100,
          .expires = 1000,
          .bound = 400,
          .at = 400 },
        { .why = "its own expiry before the bound",
          .created = 100,
          .expires = 300,
          .bound = 400,
          .at = 300 },
        { .why = "its own expiry at the bound",
          .created = 100,
          .expires = 400,
          .bound = 400,
          .at = 400 },
        { .why = "a sum past the end of time",
          .lifetime = INT64_MAX,
          .created = 100,
          .at = INT64_MAX },
        { .why = "a sum past the end of time, bounded",
          .lifetime = INT64_MAX,
          .created = 100,
          .bound = 400,
          .at = 400 },
        { .why = "a change at the end of time",
          .lifetime = 50,
          .changed = INT64_MAX,
          .created = 100,
          .at = INT64_MAX },
};

static void test_expiry_is_the_first_of_what_bounds_it(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                const struct policy policy = { .lifetime_s = rows[i].lifetime,
                                               .lifetime_changed_at = rows[i].changed };
                const struct key_record key = { .created_at = rows[i].created,
                                                .expires_at = rows[i].expires,
                                                .bound_at = rows[i].bound };

                unit_int(rows[i].why, expiry_of(&policy, &key), rows[i].at);
        }
}

/* max-lifetime bounds keys when they are made. Its value of today does not matter. */
static void test_max_lifetime_of_today_does_not_touch_a_key(void **state) {
        const struct policy policy = { .max_lifetime_s = 1 };
        const struct key_record key = { .created_at = 100, .expires_at = 1000 };

        (void) state;
        assert_int_equal(expiry_of(&policy, &key), 1000);
}

/* --- Idle keys --- */

static const struct {
        const char *why;
        int64_t idle, set, from, created, updated, used;
        int64_t at;
} unused[] = {
        { .why = "no policy", .created = 100, .used = 110 },
        { .why = "never used", .idle = 50, .created = 100, .at = 150 },
        { .why = "used", .idle = 50, .created = 100, .used = 120, .at = 170 },
        { .why = "changed since",
          .idle = 50,
          .created = 100,
          .updated = 130,
          .used = 120,
          .at = 180 },
        { .why = "used since the change",
          .idle = 50,
          .created = 100,
          .updated = 130,
          .used = 140,
          .at = 190 },
        { .why = "the policy was set since", .idle = 50, .set = 200, .created = 100, .at = 250 },
        { .why = "used since the policy was set",
          .idle = 50,
          .set = 200,
          .created = 100,
          .used = 210,
          .at = 260 },
        { .why = "uses were lost since", .idle = 50, .from = 300, .created = 100, .at = 350 },
        { .why = "a sum past the end of time", .idle = INT64_MAX, .created = 100, .at = INT64_MAX },
};

static void test_a_key_is_idle_after_the_last_of_its_events(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(unused); i++) {
                const struct policy policy = { .idle_s = unused[i].idle,
                                               .idle_changed_at = unused[i].set,
                                               .idle_from = unused[i].from };
                struct key_record key = { .created_at = unused[i].created,
                                          .updated_at = unused[i].updated,
                                          .use_known = true,
                                          .last_used_at = unused[i].used };
                int64_t at = unused[i].at;

                unit_int(unused[i].why, expiry_idle(&policy, &key), at);
                if (at == 0 || at == INT64_MAX)
                        continue;
                unit_int(unused[i].why, expiry_status(&policy, &key, at - 1), KEY_ACTIVE);
                unit_int(unused[i].why, expiry_status(&policy, &key, at), KEY_IDLE);
                key.use_known = false;
                unit_int("unknown", expiry_status(&policy, &key, at), KEY_ACTIVE);
                key.use_known = true;
                key.expires_at = at;
                unit_int("expired as well", expiry_status(&policy, &key, at), KEY_EXPIRED);
        }
}

/* What this host knows of the uses of such a key is not all. */
static void test_a_key_of_the_fleet_is_never_idle(void **state) {
        const struct policy policy = { .idle_s = 50 };
        const struct key_record key = { .created_at = 100, .use_known = true, .hosts = "web" };

        (void) state;
        assert_int_equal(expiry_idle(&policy, &key), 0);
        assert_int_equal(expiry_status(&policy, &key, NOW), KEY_ACTIVE);
}

/* The note stays when the policy goes, and a note from the future is that of a wrong clock. */
static void test_what_was_noted_as_idle(void **state) {
        const struct policy policy = {};
        struct key_record key = { .created_at = 100, .dead_at = NOW, .reason = "not used" };

        (void) state;
        assert_int_equal(expiry_status(&policy, &key, NOW), KEY_IDLE);
        assert_int_equal(expiry_status(&policy, &key, NOW - 1), KEY_ACTIVE);
        key.status = KEY_REVOKED;
        assert_int_equal(expiry_status(&policy, &key, NOW), KEY_REVOKED);
}

static void test_a_key_expires_in_its_very_second(void **state) {
        const struct policy policy = {};
        const struct key_record key = { .created_at = 1, .expires_at = NOW };

        (void) state;
        assert_int_equal(expiry_status(&policy, &key, NOW - 1), KEY_ACTIVE);
        assert_int_equal(expiry_status(&policy, &key, NOW), KEY_EXPIRED);
        assert_int_equal(expiry_status(&policy, &key, NOW + 1), KEY_EXPIRED);
        assert_int_equal(expiry_status(&policy, &key, 0), KEY_ACTIVE);
        assert_int_equal(expiry_status(&policy, &key, INT64_MAX), KEY_EXPIRED);
}

static void test_a_key_without_an_end_stays_active(void **state) {
        const struct policy policy = {};
        const struct key_record key = { .created_at = 1 };

        (void) state;
        assert_int_equal(expiry_status(&policy, &key, NOW), KEY_ACTIVE);
        assert_int_equal(expiry_status(&policy, &key, INT64_MAX), KEY_ACTIVE);
}

static void test_a_revoked_key_is_revoked_whatever_its_time(void **state) {
        const struct policy policy = {};
        const struct key_record key = { .created_at = 1, .expires_at = NOW, .status = KEY_REVOKED };

        (void) state;
        assert_int_equal(expiry_status(&policy, &key, NOW - 1), KEY_REVOKED);
        assert_int_equal(expiry_status(&policy, &key, NOW + 1), KEY_REVOKED);
}

static void test_a_status_that_is_not_known_is_not_active(void **state) {
        const struct policy policy = {};
        const struct key_record key = { .created_at = 1, .status = (enum key_status) 77 };

        (void) state;
        assert_int_not_equal(expiry_status(&policy, &key, NOW), KEY_ACTIVE);
}

static void test_a_retirement_is_one_more_end(void **state) {
        const struct policy policy = { .lifetime_s = 500 };
        struct key_record key = { .created_at = 100, .retires_at = RECORD_RETIRES_ON_USE };

        (void) state;
        assert_int_equal(expiry_of(&policy, &key), 600);
        assert_int_equal(expiry_is_retired(&key, NOW), false);
        key.retires_at = 300;
        assert_int_equal(expiry_of(&policy, &key), 300);
        assert_int_equal(expiry_is_retired(&key, 299), false);
        assert_int_equal(expiry_is_retired(&key, 300), true);
        key.retires_at = 700;
        assert_int_equal(expiry_of(&policy, &key), 600);
}

/* By a clock that was ahead. It is set right, and the key stays retired. */
static void test_a_retirement_by_a_use_counts_at_every_time(void **state) {
        const struct policy policy = { .lifetime_s = 500 };
        const struct key_record key = { .created_at = 100,
                                        .retires_at = RECORD_RETIRED,
                                        .dead_at = 300 };

        (void) state;
        assert_int_equal(expiry_retires_at(&key), 300);
        assert_int_equal(expiry_of(&policy, &key), 300);
        assert_int_equal(expiry_status(&policy, &key, 200), KEY_EXPIRED);
        assert_true(expiry_is_retired(&key, 200));
}

/* A key that has outlived a lifetime does not come back when the lifetime becomes longer. A change
 * of the lifetime seals that, exactly to the second. */
static void test_a_changed_lifetime_brings_no_key_back(void **state) {
        struct policy policy = { .lifetime_s = 100, .lifetime_changed_at = 1000 };
        const int64_t change = 1500;

        (void) state;
        assert_int_equal(expiry_made_by(&policy, 1099), INT64_MIN);
        assert_int_equal(expiry_made_by(&policy, 1100), 1000);
        policy.lapsed_before = expiry_made_by(&policy, change);
        policy.lapsed_at = policy.lifetime_changed_at = change;
        policy.lifetime_s = 1000;
        for (int64_t created = 0; created < 1500; created++) {
                const struct key_record key = { .created_at = created },
                                        own = { .created_at = created, .expires_at = 9999 };
                bool dead = (created > 1000 ? created : 1000) + 100 <= change;

                assert_int_equal(expiry_status(&policy, &key, change),
                                 dead ? KEY_EXPIRED : KEY_ACTIVE);
                assert_int_equal(expiry_of(&policy, &key), dead ? change : change + 1000);
                assert_int_equal(expiry_status(&policy, &own, change), KEY_ACTIVE);
        }
        /* A further change keeps the mark, even a change to no lifetime. */
        assert_int_equal(expiry_made_by(&policy, change + 5), 1400);
        policy.lifetime_s = 0;
        assert_int_equal(expiry_made_by(&policy, change + 5000), 1400);
}

/* A clock that is ahead for a while lets everybody's lifetime begin in the future, and overwrites
 * the mark. What was seen to end before stays ended. */
static void test_an_end_that_was_noted_stays(void **state) {
        const struct policy policy = { .lifetime_s = 100,
                                       .lifetime_changed_at = NOW + 5000,
                                       .lapsed_before = NOW + 4900,
                                       .lapsed_at = NOW + 5000 };
        struct key_record key = { .created_at = NOW - 500, .dead_at = NOW - 400 };

        (void) state;
        assert_int_equal(expiry_status(&policy, &key, NOW), KEY_EXPIRED);
        key.dead_at = NOW + 1; /* noted by a clock that was ahead */
        assert_int_equal(expiry_status(&policy, &key, NOW), KEY_ACTIVE);
        key.dead_at = 0;
        assert_int_equal(expiry_status(&policy, &key, NOW), KEY_ACTIVE);
        key.status = KEY_REVOKED;
        key.dead_at = NOW - 400;
        assert_int_equal(expiry_status(&policy, &key, NOW), KEY_REVOKED);
}

/* The sweeper marks a key as dead by this, and a login is refused by that. The two must never
 * differ, whatever the clock does. Otherwise keys die unseen, or are purged alive. */
static void test_what_was_made_by_then_is_what_is_over(void **state) {
        struct policy policy = {};

        (void) state;
        for (unsigned i = 0; i < 6 * 6 * 6 * 6; i++) {
                policy.lifetime_s = i % 6 * 3;
                policy.lifetime_changed_at = 10 + i / 6 % 6 * 4;
                /* a change makes a mark */
                policy.lapsed_at = policy.lifetime_changed_at * (i / 36 % 6) / 5;
                policy.lapsed_before = 5 + i / 216 * 5;
                for (int64_t now = 0; now < 60; now++)
                        for (int64_t created = 1; created < 60; created++) {
                                const struct key_record key = { .created_at = created };

                                assert_int_equal(created <= expiry_made_by(&policy, now),
                                                 expiry_status(&policy, &key, now) == KEY_EXPIRED);
                        }
        }
}

static void test_passwords(void **state) {
        static const struct {
                const char *why;
                struct account_record account;
                bool good;
        } passwords[] = {
                { "nobody", {}, false },
                { "no ageing", { .state = ACCOUNT_PRESENT }, true },
                { "gone", { .state = ACCOUNT_GONE }, false },
                { "locked", { .state = ACCOUNT_PRESENT, .locked = true }, false },
                { "a second left",
                  { .state = ACCOUNT_PRESENT, .password_ends_at = NOW + 1 },
                  true },
                { "over", { .state = ACCOUNT_PRESENT, .password_ends_at = NOW }, false },
                { "must be changed now",
                  { .state = ACCOUNT_PRESENT, .password_ends_at = 1 },
                  false },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(passwords); i++)
                unit_int(passwords[i].why, expiry_password_good(&passwords[i].account, NOW),
                         passwords[i].good);
}

static void test_accounts_that_are_over(void **state) {
        static const struct {
                const char *why;
                struct account_record account;
                int64_t grace;
                bool trusted, over;
        } accounts[] = {
#define GONE .state = ACCOUNT_GONE, .checked_at = 1
                { "nobody knows", {}, 0, true, false },
                { "there", { .state = ACCOUNT_PRESENT, .checked_at = 1 }, 0, true, false },
                { "only the file says so", { .state = ACCOUNT_GONE }, 0, true, false },
                { "reported, not answered",
                  { .state = ACCOUNT_GONE, .checked_at = RECORD_REMOVED },
                  0,
                  true,
                  false },
                { "no grace", { GONE, .gone_since = NOW }, 0, true, true },
                { "no grace needs no clock", { GONE, .gone_since = NOW + 9 }, 0, false, true },
                { "no grace, held", { GONE, .held = true }, 0, true, false },
                { "a second short", { GONE, .gone_since = NOW - 59 }, 60, true, false },
                { "the grace is over", { GONE, .gone_since = NOW - 60 }, 60, true, true },
                { "by a wrong clock", { GONE, .gone_since = NOW - 60 }, 60, false, false },
                { "over, held", { GONE, .gone_since = 1, .held = true }, 60, true, false },
                { "in the future", { GONE, .gone_since = NOW + 1 }, 60, true, false },
                { "at the end of time", { GONE, .gone_since = INT64_MAX }, 60, true, false },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(accounts); i++) {
                const struct policy policy = { .account_grace_s = accounts[i].grace };

                unit_int(accounts[i].why,
                         expiry_account_over(&policy, &accounts[i].account, NOW,
                                             accounts[i].trusted),
                         accounts[i].over);
        }
}

/* A year, a day at a time. */
static void test_a_changed_lifetime_restarts_the_clock_of_all(void **state) {
        const struct key_record old = { .created_at = 1000 },
                                new = { .created_at = 1000 + 300 * 86400 };
        struct policy policy = { .lifetime_s = 30 * 86400,
                                 .lifetime_changed_at = 1000 + 200 * 86400 };

        (void) state;
        for (int64_t day = 0; day < 365; day++) {
                int64_t now = 1000 + day * 86400;

                assert_int_equal(expiry_status(&policy, &old, now),
                                 day < 230 ? KEY_ACTIVE : KEY_EXPIRED);
                assert_int_equal(expiry_status(&policy, &new, now),
                                 day < 330 ? KEY_ACTIVE : KEY_EXPIRED);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_expiry_is_the_first_of_what_bounds_it),
                cmocka_unit_test(test_a_key_is_idle_after_the_last_of_its_events),
                cmocka_unit_test(test_a_key_of_the_fleet_is_never_idle),
                cmocka_unit_test(test_what_was_noted_as_idle),
                cmocka_unit_test(test_max_lifetime_of_today_does_not_touch_a_key),
                cmocka_unit_test(test_a_key_expires_in_its_very_second),
                cmocka_unit_test(test_a_key_without_an_end_stays_active),
                cmocka_unit_test(test_a_revoked_key_is_revoked_whatever_its_time),
                cmocka_unit_test(test_a_status_that_is_not_known_is_not_active),
                cmocka_unit_test(test_a_retirement_is_one_more_end),
                cmocka_unit_test(test_a_retirement_by_a_use_counts_at_every_time),
                cmocka_unit_test(test_a_changed_lifetime_brings_no_key_back),
                cmocka_unit_test(test_an_end_that_was_noted_stays),
                cmocka_unit_test(test_what_was_made_by_then_is_what_is_over),
                cmocka_unit_test(test_passwords),
                cmocka_unit_test(test_accounts_that_are_over),
                cmocka_unit_test(test_a_changed_lifetime_restarts_the_clock_of_all),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Which time is remembered, and what becomes of keys that were made by a clock that was ahead. The
 * clock is a variable. */
#include "unit_sweep.h"

#include "store/store_check.h"

#define YEAR PARSE_YEAR_S
#define HOUR 3600

static const struct sweep certain = { .may_purge = true, .clock_trusted = true };

static int64_t remembered(struct unit_store *s) {
        return unit_sql_number(s->path, "SELECT ifnull(max(trusted_at), 0) FROM clock");
}

/* Sweeps as ${how}, and returns what is remembered then. */
static int64_t sweep_at(struct unit_store *s, int64_t now, struct sweep how) {
        int64_t before = remembered(s), after;

        (void) unit_sweep_run_all(s, now, &how);
        after = remembered(s);
        if (after != before)
                assert_int_equal(how.remembered, after);
        return after;
}

static void insert(struct unit_store *s, const struct key_record *key) {
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_key_insert(s->writer, key), 0);
        assert_int_equal(store_commit(s->writer), 0);
}

/* --- Which time is remembered --- */

static void test_which_time_is_remembered(void **state) {
        const struct sweep last = { .may_purge = true, .clock_trusted = true, .last = true };
        const struct sweep not_trusted = { .may_purge = true, .last = true };
        const struct sweep not_an_hour = { .clock_trusted = true, .last = true };
        const struct {
                const char *why;
                int64_t now;
                struct sweep how;
                int64_t want;
        } rows[] = {
                { "not trusted", T0, not_trusted, 0 },
                { "not yet an hour", T0, not_an_hour, 0 },
                { "the first", T0, certain, T0 },
                { "not again at once", T0 + HOUR - 1, certain, T0 },
                { "before the end", T0 + 60, last, T0 + 60 },
                { "an hour later", T0 + 60 + HOUR, certain, T0 + 60 + HOUR },
                { "the first hour, and nothing has ended", T0 + 4 * HOUR, not_an_hour,
                  T0 + 60 + HOUR },
                { "the clock was set by a day", T0, certain, T0 },
                { "a month ahead", T0 + 30 * DAY, certain, T0 + 30 * DAY },
                { "not trusted, as a clock of a wrong century", T0 + 100 * YEAR, not_trusted,
                  T0 + 30 * DAY },
                { "it ran for months without being trusted", T0 + 90 * DAY, certain,
                  T0 + 90 * DAY },
        };
        struct unit_store *s = *state;

        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                unit_int(rows[i].why, sweep_at(s, rows[i].now, rows[i].how), rows[i].want);
}

/* Else a kill and a start in 1970 would bring a key back that has been seen to end. */
static void test_an_end_is_remembered_with_its_time(void **state) {
        static const struct unit_sweep_life life = { .made = -DAY, .expires = HOUR / 2 };
        struct key_record key = unit_sweep_make_key(0, &life);
        struct unit_store *s = *state;

        assert_int_equal(sweep_at(s, T0, certain), T0);
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_key_insert(s->writer, &key), 0);
        assert_int_equal(store_commit(s->writer), 0);
        assert_int_equal(sweep_at(s, T0 + HOUR / 2 - 1, certain), T0);
        assert_int_equal(sweep_at(s, T0 + HOUR / 2, certain), T0 + HOUR / 2);
}

/* A start goes on from the remembered time. A key ends within the first hour, and then the host is
 * killed and boots in 1970. */
static void test_an_end_in_the_first_hour_is_remembered(void **state) {
        static const struct unit_sweep_life life = { .made = -DAY, .expires = 600 };
        const struct sweep started = { .clock_trusted = true };
        struct key_record key = unit_sweep_make_key(0, &life);
        struct unit_store *s = *state;

        assert_int_equal(sweep_at(s, T0, certain), T0);
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_key_insert(s->writer, &key), 0);
        assert_int_equal(store_commit(s->writer), 0);
        assert_int_equal(sweep_at(s, T0 + 599, started), T0);
        assert_int_equal(sweep_at(s, T0 + 600, started), T0 + 600);
        assert_int_equal(sweep_at(s, T0 + 601, started), T0 + 600);
}

/* The host was off for the night, or the clock is wrong by some hours. A larger error could not be
 * put right without a person. */
static void test_an_end_by_a_clock_that_is_not_trusted_yet(void **state) {
        static const struct unit_sweep_life life = { .made = -DAY, .expires = 600 };
        struct key_record key = unit_sweep_make_key(0, &life);
        const struct sweep not_trusted = {};
        struct unit_store *s = *state;

        assert_int_equal(sweep_at(s, T0, certain), T0);
        insert(s, &key);
        assert_int_equal(sweep_at(s, T0 + DAY + 1, not_trusted), T0);
        unit_sql(s->path, "UPDATE key SET dead_at = 0");
        assert_int_equal(sweep_at(s, T0 + DAY, not_trusted), T0 + DAY);
}

static void test_what_is_near(void **state) {
        static const struct {
                int64_t now;
                bool near;
        } rows[] = {
                { T0, true },        { T0 - 60, true },         { T0 - 61, false },
                { 0, false },        { T0 + 1801, false },      { T0 + 30 * DAY, false },
                { T0 + 1800, true }, { T0 + 25 * YEAR, false },
        };
        struct unit_store *s = *state;

        assert_false(sweep_clock_is_near(s->writer, T0)); /* nothing is known */
        (void) sweep_at(s, T0, certain);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                assert_int_equal(sweep_clock_is_near(s->writer, rows[i].now), rows[i].near);
}

/* --- Keys that were made by a clock that was ahead --- */

static struct key_record get(struct unit_store *s, const char *id) {
        struct key_record key;

        assert_int_equal(store_key_get(s->writer, id, &key), 0);
        return key;
}

static void test_a_key_that_was_made_ahead(void **state) {
        const struct unit_sweep_life lives[] = {
                { .why = "by the lifetime", .made = 25 * YEAR, .ends = LIFETIME },
                { .why = "its own expiry",
                  .made = 25 * YEAR,
                  .expires = 25 * YEAR + DAY,
                  .ends = DAY },
                { .why = "bound", .made = 25 * YEAR, .bound = 25 * YEAR + 7, .ends = 7 },
                { .why = "three days ahead", .made = 3 * DAY, .ends = LIFETIME },
                { .why = "two days are nothing", .made = 2 * DAY, .ends = LIFETIME + 2 * DAY },
                { .why = "made before", .made = -DAY, .ends = LIFETIME - DAY },
        };
        struct unit_store *s = *state;
        struct policy policy;
        struct key_record key;
        uint64_t generation;

        (void) sweep_at(s, T0, certain);
        for (unsigned i = 0; i < ARRAY_LEN(lives); i++) {
                key = unit_sweep_make_key(i, &lives[i]);
                insert(s, &key);
        }
        /* A clock that is not certain changes nothing. */
        (void) sweep_at(s, T0, (struct sweep){ .clock_trusted = true });
        (void) sweep_at(s, T0, (struct sweep){ .may_purge = true });
        assert_int_equal(get(s, "0000000000").created_at, T0 + 25 * YEAR);

        generation = s->shared.generation;
        (void) sweep_at(s, T0, certain);
        assert_true(s->shared.generation > generation); /* logins must see it */
        assert_int_equal(facts_policy(s->writer, &policy), 0);
        for (unsigned i = 0; i < ARRAY_LEN(lives); i++) {
                char id[KEYTEXT_ID_LEN + 1];

                (void) snprintf(id, sizeof(id), "%010u", i % 100000);
                key = get(s, id);
                unit_int(lives[i].why, expiry_of(&policy, &key), T0 + lives[i].ends);
        }
        assert_int_equal(
                unit_sql_number(s->path, "SELECT count(*) FROM audit WHERE event = 'redated'"), 4);
        (void) sweep_at(s, T0, certain); /* and that is all */
        assert_int_equal(
                unit_sql_number(s->path, "SELECT count(*) FROM audit WHERE event = 'redated'"), 4);
}

/* Rotated while the clock was ahead: the old key would be good for 25 years. */
static void test_a_key_that_was_replaced_ahead(void **state) {
        const struct unit_sweep_life old = { .made = -DAY,
                                             .expires = 100 * YEAR,
                                             .retires = 25 * YEAR + DAY },
                                     new = { .made = 25 * YEAR, .expires = 125 * YEAR };
        struct key_record key = unit_sweep_make_key(0, &old);
        struct unit_store *s = *state;

        (void) sweep_at(s, T0, certain);
        memcpy(key.successor, "0000000001", sizeof(key.successor));
        insert(s, &key);
        key = unit_sweep_make_key(1, &new);
        memcpy(key.predecessor, "0000000000", sizeof(key.predecessor));
        insert(s, &key);
        (void) sweep_at(s, T0, certain);
        assert_int_equal(get(s, "0000000000").retires_at, T0 + DAY);
        assert_int_equal(get(s, "0000000000").expires_at, T0 + 100 * YEAR);
        assert_int_equal(get(s, "0000000000").created_at, T0 - DAY);
        assert_int_equal(get(s, "0000000001").expires_at, T0 + 100 * YEAR);
}

/* Noted by a clock that is hours or years ahead. No sweep makes the key live again. */
static void test_a_key_that_retired_ahead(void **state) {
        static const int64_t ahead[] = { 2 * HOUR, 20 * DAY, 25 * YEAR };
        struct unit_store *s = *state;
        struct policy policy;
        struct key_record key;

        (void) sweep_at(s, T0, certain);
        for (unsigned i = 0; i < ARRAY_LEN(ahead); i++) {
                const struct unit_sweep_life life = { .made = -DAY, .expires = 100 * YEAR };

                key = unit_sweep_make_key(i, &life);
                key.retires_at = RECORD_RETIRED;
                key.dead_at = T0 + ahead[i];
                insert(s, &key);
        }
        (void) sweep_at(s, T0, (struct sweep){});
        (void) sweep_at(s, T0 + HOUR, certain);
        assert_int_equal(facts_policy(s->writer, &policy), 0);
        for (unsigned i = 0; i < ARRAY_LEN(ahead); i++) {
                char id[KEYTEXT_ID_LEN + 1];

                (void) snprintf(id, sizeof(id), "%010u", i % 100000);
                key = get(s, id);
                assert_int_equal(expiry_status(&policy, &key, T0 + HOUR), KEY_EXPIRED);
                assert_int_equal(expiry_of(&policy, &key), T0); /* when that was seen */
        }
        assert_int_equal(
                unit_sql_number(s->path, "SELECT count(*) FROM audit WHERE event = 'revived'"), 0);
}

static void test_many_that_were_made_ahead(void **state) {
        static const struct unit_sweep_life life = { .made = 25 * YEAR };
        struct unit_store *s = *state;
        struct sweep sweep = certain;

        (void) sweep_at(s, T0, certain);
        assert_int_equal(store_begin(s->writer), 0);
        for (unsigned i = 0; i < 3 * SWEEP_BATCH; i++) {
                struct key_record key = unit_sweep_make_key(i, &life);

                assert_int_equal(store_key_insert(s->writer, &key), 0);
        }
        assert_int_equal(store_commit(s->writer), 0);
        assert_in_range(unit_sweep_run_all(s, T0, &sweep), 3, 5);
        assert_int_equal(sweep.next_at, T0 + LIFETIME);
}

/* A hardware clock in local time: it counts again after an hour, and then it is the clock that is
 * wrong, by up to a day. Keys that were made before keep their life. */
static void test_a_clock_that_is_hours_behind_shortens_nothing(void **state) {
        static const int64_t behind[] = { HOUR, 2 * HOUR, 14 * HOUR, DAY, DAY + HOUR };
        static const struct unit_sweep_life life = { .expires = 2 * DAY };
        struct key_record key = unit_sweep_make_key(0, &life);
        struct unit_store *s = *state;

        assert_int_equal(sweep_at(s, T0, certain), T0);
        insert(s, &key);
        unit_sweep_set_policy(s, "lifetime", LIFETIME, T0);
        for (size_t i = 0; i < ARRAY_LEN(behind); i++) {
                assert_int_equal(sweep_at(s, T0 - behind[i], certain), T0 - behind[i]);
                assert_int_equal(get(s, "0000000000").created_at, T0);
                assert_int_equal(get(s, "0000000000").expires_at, T0 + 2 * DAY);
        }
        assert_int_equal(
                unit_sql_number(s->path, "SELECT changed_at FROM policy WHERE name = 'lifetime'"),
                T0);
}

static void test_a_lifetime_that_was_set_ahead(void **state) {
        static const struct unit_sweep_life life = { .made = -DAY }, over = { .made = -40 * DAY };
        struct key_record key = unit_sweep_make_key(0, &life),
                          ended = unit_sweep_make_key(1, &over);
        struct unit_store *s = *state;
        struct policy policy;

        (void) sweep_at(s, T0, certain);
        insert(s, &key);
        unit_sweep_set_policy(s, POLICY_LAPSED, T0 + 25 * YEAR - LIFETIME, T0 + 25 * YEAR);
        unit_sweep_set_policy(s, "lifetime", LIFETIME, T0 + 25 * YEAR);
        (void) sweep_at(s, T0, certain);
        assert_int_equal(facts_policy(s->writer, &policy), 0);
        assert_int_equal(policy.lifetime_s, LIFETIME);
        assert_int_equal(expiry_of(&policy, &key), T0 + LIFETIME);
        /* It had outlived the lifetime of before, noted or not. */
        assert_int_equal(expiry_status(&policy, &ended, T0), KEY_EXPIRED);
}

/* Logins read the policy again when the generation has moved, and only then. */
static void test_a_policy_that_is_redated_is_seen_by_logins(void **state) {
        static const struct {
                const char *name;
                int64_t value;
        } policies[] = { { "lifetime", LIFETIME },
                         { "idle", DAY },
                         { POLICY_IDLE_FROM, 0 },
                         { POLICY_LAPSED, T0 + 24 * YEAR } };
        struct unit_store *s = *state;

        (void) sweep_at(s, T0, certain);
        for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
                uint64_t before;

                unit_sweep_set_policy(s, policies[i].name, policies[i].value, T0 + 25 * YEAR);
                before = s->shared.generation;
                (void) sweep_at(s, T0 + (int64_t) i, certain);
                unit_int(policies[i].name, s->shared.generation > before, true);
                before = s->shared.generation;
                (void) sweep_at(s, T0 + (int64_t) i, certain);
                unit_int("nothing to do", s->shared.generation, before);
        }
}

/* The row of the policy gets another time than the record of it, and that is no damage. */
static void test_a_lifetime_that_was_set_ahead_is_no_damage(void **state) {
        struct audit_record set = { .at = T0 + 25 * YEAR,
                                    .until = T0 + 25 * YEAR,
                                    .count = 1,
                                    .event = "policy",
                                    .verdict = "done",
                                    .detail = "lifetime=30d" };
        struct unit_store *s = *state;
        char names[STORE_CHECK_NAMES_LEN];

        (void) sweep_at(s, T0, certain);
        unit_sweep_set_policy(s, "lifetime", LIFETIME, set.at);
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_audit_add(s->writer, &set), 0);
        assert_int_equal(store_commit(s->writer), 0);
        assert_int_equal(store_check_policy(s->writer, names), 0);
        (void) sweep_at(s, T0 + HOUR, certain);
        assert_int_equal(store_check_policy(s->writer, names), 0);
        assert_string_equal(names, "");
}

/* The first start with this version, in 1970. It must not be the keys that are wrong. */
static void test_a_first_time_before_all_keys(void **state) {
        static const struct unit_sweep_life life = { .made = -DAY };
        struct key_record key = unit_sweep_make_key(0, &life);
        struct unit_store *s = *state;
        const struct sweep last = { .may_purge = true, .clock_trusted = true, .last = true };

        insert(s, &key);
        for (int i = 0; i < 3; i++)
                assert_int_equal(sweep_at(s, 2 * DAY + i * HOUR, last), 0);
        assert_int_equal(get(s, "0000000000").created_at, T0 - DAY);
        assert_int_equal(sweep_at(s, T0, certain), T0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_with_sweep(test_which_time_is_remembered),
                unit_test_with_sweep(test_an_end_is_remembered_with_its_time),
                unit_test_with_sweep(test_an_end_in_the_first_hour_is_remembered),
                unit_test_with_sweep(test_an_end_by_a_clock_that_is_not_trusted_yet),
                unit_test_with_sweep(test_what_is_near),
                unit_test_with_sweep(test_a_key_that_was_made_ahead),
                unit_test_with_sweep(test_a_key_that_was_replaced_ahead),
                unit_test_with_sweep(test_a_key_that_retired_ahead),
                unit_test_with_sweep(test_many_that_were_made_ahead),
                unit_test_with_sweep(test_a_clock_that_is_hours_behind_shortens_nothing),
                unit_test_with_sweep(test_a_lifetime_that_was_set_ahead),
                unit_test_with_sweep(test_a_lifetime_that_was_set_ahead_is_no_damage),
                unit_test_with_sweep(test_a_policy_that_is_redated_is_seen_by_logins),
                unit_test_with_sweep(test_a_first_time_before_all_keys),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

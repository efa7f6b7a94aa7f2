/* SPDX-License-Identifier: BSD-2-Clause */
/* Which time is remembered. The clock is a variable. */
#include "unit_sweep.h"

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

/* --- Which time is remembered --- */

static void test_which_time_is_remembered(void **state) {
        const struct sweep by_day = { .may_purge = true, .ran_a_day = true, .clock_trusted = true };
        const struct sweep last = { .may_purge = true, .clock_trusted = true, .last = true };
        const struct sweep not_trusted = { .may_purge = true, .ran_a_day = true, .last = true };
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
                { "the clock was set by a day", T0, certain, T0 },
                { "a month ahead", T0 + 30 * DAY, certain, T0 + 30 * DAY },
                { "more than a month", T0 + 60 * DAY + 1, certain, T0 + 30 * DAY },
                { "a wrong century", T0 + 100 * YEAR, last, T0 + 30 * DAY },
                { "and not trusted", T0 + 100 * YEAR, not_trusted, T0 + 30 * DAY },
                { "more than a month, for a day", T0 + 90 * DAY, by_day, T0 + 90 * DAY },
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

static void test_what_is_near(void **state) {
        static const struct {
                int64_t now;
                bool near;
        } rows[] = {
                { T0, true },       { T0 - 60, true },         { T0 - 61, false },
                { 0, false },       { T0 + 30 * DAY, true },   { T0 + 30 * DAY + 1, false },
                { T0 + DAY, true }, { T0 + 25 * YEAR, false },
        };
        struct unit_store *s = *state;

        assert_false(sweep_clock_is_near(s->writer, T0)); /* nothing is known */
        (void) sweep_at(s, T0, certain);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                assert_int_equal(sweep_clock_is_near(s->writer, rows[i].now), rows[i].near);
}

static void insert(struct unit_store *s, const struct key_record *key) {
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_key_insert(s->writer, key), 0);
        assert_int_equal(store_commit(s->writer), 0);
}

static struct key_record get(struct unit_store *s, const char *id) {
        struct key_record key;

        assert_int_equal(store_key_get(s->writer, id, &key), 0);
        return key;
}

/* The first start with this version, in 1970. It must not be the keys that are wrong. */
static void test_a_first_time_before_all_keys(void **state) {
        static const struct unit_sweep_life life = { .made = -DAY };
        struct key_record key = unit_sweep_make_key(0, &life);
        struct unit_store *s = *state;
        const struct sweep by_day = {
                .may_purge = true, .ran_a_day = true, .clock_trusted = true, .last = true
        };

        insert(s, &key);
        for (int i = 0; i < 3; i++)
                assert_int_equal(sweep_at(s, 2 * DAY + i * HOUR, by_day), 0);
        assert_int_equal(get(s, "0000000000").created_at, T0 - DAY);
        assert_int_equal(sweep_at(s, T0, certain), T0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_with_sweep(test_which_time_is_remembered),
                unit_test_with_sweep(test_an_end_is_remembered_with_its_time),
                unit_test_with_sweep(test_what_is_near),
                unit_test_with_sweep(test_a_first_time_before_all_keys),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

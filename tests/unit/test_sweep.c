/* SPDX-License-Identifier: BSD-2-Clause */
/* What time does to keys, with a clock that is a variable. The test works out once more, from the
 * row of a table, whether a key is over. So policy, store and sweep are compared with something
 * that is none of them. */
#include "unit_sweep.h"

static struct policy load_policy(struct unit_store *s) {
        struct policy policy;

        assert_int_equal(facts_policy(s->writer, &policy), 0);
        return policy;
}

/* --- Keys, and when they end --- */

/* With a lifetime of 30 days that was set 100 days before T0. */
static const struct unit_sweep_life lives[] = {
        { .why = "by the lifetime", .made = -DAY, .ends = 29 * DAY },
        { .why = "by the lifetime, in the same second as another", .made = -DAY, .ends = 29 * DAY },
        { .why = "by the lifetime, a second later", .made = -DAY + 1, .ends = 29 * DAY + 1 },
        { .why = "over when the daemon starts", .made = -31 * DAY, .ends = -DAY },
        { .why = "over in this very second", .made = -30 * DAY },
        { .why = "over in the next one", .made = -30 * DAY + 1, .ends = 1 },
        { .why = "its own expiry", .made = -DAY, .expires = 200 * DAY, .ends = 200 * DAY },
        { .why = "its own expiry before the lifetime", .made = -DAY, .expires = 7, .ends = 7 },
        { .why = "bound before the lifetime", .made = -DAY, .bound = 10 * DAY, .ends = 10 * DAY },
        { .why = "bound behind the lifetime", .made = -DAY, .bound = 50 * DAY, .ends = 29 * DAY },
        { .why = "bound and lifetime in one second",
          .made = -DAY,
          .bound = 29 * DAY,
          .ends = 29 * DAY },
        { .why = "bound before its own expiry",
          .made = -DAY,
          .expires = 20 * DAY,
          .bound = 10 * DAY,
          .ends = 10 * DAY },
        { .why = "retired before all else",
          .made = -DAY,
          .expires = 200 * DAY,
          .bound = 100 * DAY,
          .retires = 5 * DAY,
          .ends = 5 * DAY },
        { .why = "retired behind its expiry",
          .made = -DAY,
          .expires = 3 * DAY,
          .retires = 5 * DAY,
          .ends = 3 * DAY },
        { .why = "retired, by the lifetime", .made = -DAY, .retires = 5 * DAY, .ends = 5 * DAY },
        { .why = "made in the future", .made = 40 * DAY, .ends = 70 * DAY },
        { .why = "a year", .made = -DAY, .expires = 365 * DAY, .ends = 365 * DAY },
};

static void insert_lives(struct unit_store *s) {
        assert_int_equal(store_begin(s->writer), 0);
        for (unsigned i = 0; i < ARRAY_LEN(lives); i++) {
                struct key_record key = unit_sweep_make_key(i, &lives[i]);

                assert_int_equal(store_key_insert(s->writer, &key), 0);
        }
        assert_int_equal(store_commit(s->writer), 0);
}

static bool get(struct unit_store *s, unsigned i, struct key_record *ret) {
        char id[KEYTEXT_ID_LEN + 1];
        int r;

        (void) snprintf(id, sizeof(id), "%010u", i % 100000);
        r = store_key_get(s->writer, id, ret);
        assert_true(r == 0 || r == -ENOENT);
        return r == 0;
}

static int64_t dead_at(struct unit_store *s, unsigned i) {
        struct key_record key;

        assert_true(get(s, i, &key));
        return key.dead_at;
}

/* At ${now} people and logins see the same, swept or not. */
static void judge(struct unit_store *s, int64_t now) {
        struct policy policy = load_policy(s);
        struct key_record key;

        for (unsigned i = 0; i < ARRAY_LEN(lives); i++)
                if (get(s, i, &key))
                        unit_int(lives[i].why, expiry_status(&policy, &key, now),
                                 now >= T0 + lives[i].ends ? KEY_EXPIRED : KEY_ACTIVE);
}

static void judge_around(struct unit_store *s) {
        for (unsigned i = 0; i < ARRAY_LEN(lives); i++)
                for (int64_t at = -2; at <= 2; at++)
                        judge(s, T0 + lives[i].ends + at);
}

static void judge_swept(struct unit_store *s, int64_t now) {
        for (unsigned i = 0; i < ARRAY_LEN(lives); i++)
                unit_int(lives[i].why, dead_at(s, i) != 0, now >= T0 + lives[i].ends);
}

/* --- Expiry --- */

static void test_a_year_from_one_moment_to_the_next(void **state) {
        struct unit_store *s = *state;
        struct sweep sweep = {};
        uint64_t expired = 0;
        unsigned runs = 0;

        insert_lives(s);
        judge_around(s);
        for (int64_t now = T0; now != NEVER; now = sweep.next_at) {
                /* A second before, nothing is due. */
                if (now > T0) {
                        struct sweep early = {};

                        assert_int_equal(sweep_run(s->writer, now - 1, &early), 0);
                        assert_int_equal(early.expired, 0);
                        assert_int_equal(early.next_at, now);
                }
                runs += unit_sweep_run_all(s, now, &sweep);
                expired += sweep.expired;
                judge_swept(s, now);
        }
        assert_int_equal(expired, ARRAY_LEN(lives));
        assert_in_range(runs, 10, 2 * ARRAY_LEN(lives));
        judge_around(s);
        /* noticed in the second when it happened */
        for (unsigned i = 0; i < ARRAY_LEN(lives); i++)
                unit_int(lives[i].why, dead_at(s, i), T0 + (lives[i].ends < 0 ? 0 : lives[i].ends));
}

static void test_the_daemon_was_down_for_a_year(void **state) {
        struct unit_store *s = *state;
        struct sweep sweep = { .may_purge = true };

        insert_lives(s);
        assert_int_equal(unit_sweep_run_all(s, T0 + 400 * DAY, &sweep), 1);
        assert_int_equal(sweep.expired, ARRAY_LEN(lives));
        /* noticed only now: shown for as long as if it had been noticed at once */
        assert_int_equal(sweep.purged, 0);
        judge_swept(s, T0 + 400 * DAY);
        assert_int_equal(sweep.next_at, T0 + 490 * DAY);
}

static void test_sweeping_again_does_nothing(void **state) {
        struct unit_store *s = *state;
        struct sweep sweep = { .may_purge = true };
        uint64_t generation;

        insert_lives(s);
        (void) unit_sweep_run_all(s, T0 + 10 * DAY, &sweep);
        assert_true(sweep.expired > 0);
        generation = s->shared.generation;
        (void) unit_sweep_run_all(s, T0 + 10 * DAY, &sweep);
        assert_int_equal(sweep.expired + sweep.ended + sweep.purged, 0);
        judge_swept(s, T0 + 10 * DAY);
        assert_int_equal(s->shared.generation, generation);
}

/* A login would know by itself what a sweep notices, so readers keep their snapshot. */
static void test_noticing_is_quiet(void **state) {
        struct unit_store *s = *state;
        uint64_t generation;
        struct sweep sweep = {};

        insert_lives(s);
        generation = s->shared.generation;
        (void) unit_sweep_run_all(s, T0 + 400 * DAY, &sweep);
        assert_int_equal(s->shared.generation, generation);
}

static void test_nothing_is_due(void **state) {
        struct unit_store *s = *state;
        struct sweep sweep = { .may_purge = true };

        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_audit_purge(s->writer, INT64_MAX, INT64_MAX, 10), 1);
        assert_int_equal(store_commit(s->writer), 0);
        (void) unit_sweep_run_all(s, T0, &sweep);
        assert_int_equal(sweep.next_at, NEVER);
        unit_sweep_set_policy(s, "lifetime", 0, T0);
        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        (void) unit_sweep_run_all(s, T0, &sweep);
        assert_int_equal(sweep.next_at, NEVER);
}

static void test_ten_thousand_in_one_second(void **state) {
        static const struct unit_sweep_life both = { "", -DAY, 0, 29 * DAY, 0, 29 * DAY },
                                            own = { "", -DAY, 29 * DAY, 0, 0, 29 * DAY };
        struct unit_store *s = *state;
        struct sweep sweep = {};
        unsigned runs = 0, done = 0;

        assert_int_equal(store_begin(s->writer), 0);
        for (unsigned i = 0; i < 10000; i++) {
                struct key_record key = unit_sweep_make_key(i, i % 2 ? &both : &own);

                assert_int_equal(store_key_insert(s->writer, &key), 0);
        }
        assert_int_equal(store_commit(s->writer), 0);
        do {
                assert_int_equal(sweep_run(s->writer, T0 + 29 * DAY, &sweep), 0);
                assert_in_range(sweep.expired, 0, SWEEP_BATCH);
                done += (unsigned) sweep.expired;
                assert_in_range(++runs, 1, 10000 / (SWEEP_BATCH / 2) + 10);
        } while (sweep.more);
        assert_int_equal(done, 10000);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM key WHERE dead_at = 0"), 0);
        assert_int_equal(sweep.next_at, NEVER);
}

/* --- The clock goes where it likes --- */

static void test_the_clock_goes_back_and_forth(void **state) {
        static const int64_t steps[] = { 0,        10 * DAY, 9 * DAY,    28 * DAY,
                                         30 * DAY, 28 * DAY, 2600000000, 6,
                                         7,        6,        400 * DAY,  0 };
        struct unit_store *s = *state;
        struct sweep sweep = {};

        insert_lives(s);
        for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
                (void) unit_sweep_run_all(s, T0 + steps[i], &sweep);
                assert_int_equal(sweep.purged, 0);
                judge_swept(s, T0 + steps[i]);
                judge(s, T0 + steps[i]);
        }
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM key"), ARRAY_LEN(lives));
}

static void test_what_was_dead_before_the_clock_ran_away_stays_so(void **state) {
        struct unit_store *s = *state;
        struct sweep sweep = {};

        insert_lives(s);
        (void) unit_sweep_run_all(s, T0 + 10 * DAY, &sweep);
        (void) unit_sweep_run_all(s, T0 + 30000 * DAY, &sweep);
        (void) unit_sweep_run_all(s, T0 + 11 * DAY, &sweep);
        judge_swept(s, T0 + 11 * DAY);
        assert_int_equal(dead_at(s, 7), T0 + 10 * DAY); /* as it was noticed then */
}

static void test_many_live_again(void **state) {
        static const struct unit_sweep_life life = { "", -DAY, 0, 0, 0, 29 * DAY };
        struct unit_store *s = *state;
        struct sweep sweep = {};

        assert_int_equal(store_begin(s->writer), 0);
        for (unsigned i = 0; i < 3000; i++) {
                struct key_record key = unit_sweep_make_key(i, &life);

                assert_int_equal(store_key_insert(s->writer, &key), 0);
        }
        assert_int_equal(store_commit(s->writer), 0);
        (void) unit_sweep_run_all(s, T0 + 29 * DAY, &sweep);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM key WHERE dead_at = 0"), 0);
        assert_in_range(unit_sweep_run_all(s, T0, &sweep), 3000 / SWEEP_BATCH,
                        3000 / SWEEP_BATCH + 4);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM key WHERE dead_at <> 0"),
                         0);
        assert_int_equal(sweep.next_at, T0 + 29 * DAY);
}

static void test_a_revoked_key_does_not_live_again(void **state) {
        struct unit_store *s = *state;
        struct sweep sweep = {};
        struct key_record key = unit_key("aaaaaaaaaa", "alice");

        key.status = KEY_REVOKED;
        key.dead_at = T0 + 100 * DAY;
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_key_insert(s->writer, &key), 0);
        assert_int_equal(store_commit(s->writer), 0);
        (void) unit_sweep_run_all(s, T0, &sweep);
        assert_int_equal(store_key_get(s->writer, "aaaaaaaaaa", &key), 0);
        assert_int_equal(key.dead_at, T0 + 100 * DAY);
        assert_int_equal(key.status, KEY_REVOKED);
}

/* The lifetime was changed while the clock was ahead, and the clock is right again. A key that a
 * login accepts must not be marked dead, whatever the marks of that time say. Otherwise it would be
 * purged alive. */
static void test_marks_of_a_clock_that_was_ahead(void **state) {
        static const struct unit_sweep_life life = { "", -DAY, 0, 0, 0, 0 };
        struct unit_store *s = *state;
        struct key_record key = unit_sweep_make_key(0, &life);
        struct sweep sweep = { .may_purge = true };
        struct policy policy;

        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_key_insert(s->writer, &key), 0);
        assert_int_equal(store_commit(s->writer), 0);
        unit_sweep_set_policy(s, POLICY_LAPSED, T0 + 3000 * DAY - LIFETIME, T0 + 3000 * DAY);
        unit_sweep_set_policy(s, "lifetime", LIFETIME, T0 + 3000 * DAY);
        policy = load_policy(s);
        for (int64_t now = T0; now < T0 + 200 * DAY; now += 10 * DAY) {
                (void) unit_sweep_run_all(s, now, &sweep);
                assert_true(get(s, 0, &key));
                assert_int_equal(dead_at(s, 0) != 0,
                                 expiry_status(&policy, &key, now) != KEY_ACTIVE);
        }
}

/* --- Purging --- */

static void test_what_is_dead_is_purged_in_its_time(void **state) {
        struct unit_store *s = *state;
        struct sweep sweep = { .may_purge = true };
        struct key_record key;
        uint64_t purged = 0;

        insert_lives(s);
        for (int64_t now = T0; now != NEVER; now = sweep.next_at) {
                (void) unit_sweep_run_all(s, now, &sweep);
                purged += sweep.purged;
                for (unsigned i = 0; i < ARRAY_LEN(lives); i++)
                        unit_int(lives[i].why, get(s, i, &key),
                                 now < T0 + (lives[i].ends < 0 ? 0 : lives[i].ends) + 90 * DAY);
        }
        assert_int_equal(purged, ARRAY_LEN(lives));
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM key"), 0);
}

static void test_nothing_is_purged_by_a_clock_that_nobody_trusts(void **state) {
        struct unit_store *s = *state;
        struct sweep sweep = {};

        insert_lives(s);
        (void) unit_sweep_run_all(s, T0, &sweep);
        (void) unit_sweep_run_all(s, T0 + 30000 * DAY, &sweep);
        assert_int_equal(sweep.next_at, NEVER); /* and nobody wakes up for it */
        (void) unit_sweep_run_all(s, T0 + 60000 * DAY, &sweep);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM key"), ARRAY_LEN(lives));
        sweep.may_purge = true;
        (void) unit_sweep_run_all(s, T0 + 60000 * DAY, &sweep);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM key"), 0);
}

static void test_a_longer_retention_keeps_what_is_there(void **state) {
        struct unit_store *s = *state;
        struct sweep sweep = { .may_purge = true };

        insert_lives(s);
        (void) unit_sweep_run_all(s, T0 + 400 * DAY, &sweep);
        unit_sweep_set_policy(s, "retention", 365 * DAY, T0 + 400 * DAY);
        (void) unit_sweep_run_all(s, T0 + 490 * DAY, &sweep);
        assert_int_equal(sweep.purged, 0);
        assert_int_equal(sweep.next_at, T0 + 765 * DAY);
        unit_sweep_set_policy(s, "retention", 1, T0 + 490 * DAY);
        (void) unit_sweep_run_all(s, T0 + 490 * DAY, &sweep);
        assert_int_equal(sweep.purged, ARRAY_LEN(lives));
}

static void test_removed_keys_go_in_batches_after_a_day_whatever_the_clock(void **state) {
        static const struct unit_sweep_life life = { "", -DAY, 0, 0, 0, 29 * DAY };
        struct unit_store *s = *state;
        struct sweep sweep = {};
        uint64_t purged = 0;
        struct key_record key;

        assert_int_equal(store_begin(s->writer), 0);
        for (unsigned i = 0; i < 2000; i++) {
                key = unit_sweep_make_key(i, &life);
                key.epoch = i < 1600 ? 0 : 1;
                assert_int_equal(store_key_insert(s->writer, &key), 0);
        }
        assert_int_equal(store_commit(s->writer), 0);
        unit_sweep_set_policy(s, POLICY_EPOCH, 1, T0);
        /* Until then the log can say why a login with such a key is refused. */
        assert_int_equal(sweep_run(s->writer, T0, &sweep), 0);
        assert_int_equal(sweep.purged, 0);
        assert_int_equal(sweep.next_at, T0 + DAY);
        assert_int_equal(sweep_run(s->writer, T0 + DAY - 1, &sweep), 0);
        assert_int_equal(sweep.purged, 0);
        assert_int_equal(sweep.next_at, T0 + DAY);
        do {
                assert_int_equal(sweep_run(s->writer, T0 + DAY, &sweep), 0);
                assert_in_range(sweep.purged, 0, SWEEP_BATCH);
                purged += sweep.purged;
        } while (sweep.more);
        assert_int_equal(purged, 1600);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM key WHERE epoch = 1"), 400);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM key"), 400);
        assert_int_equal(sweep.next_at, T0 + 29 * DAY);
}

/* Nor do they end once more. */
static void test_removed_keys_do_not_expire(void **state) {
        static const struct unit_sweep_life life = { "", -DAY, 3600, 0, 0, 3600 };
        struct unit_store *s = *state;
        struct sweep sweep = {};

        assert_int_equal(store_begin(s->writer), 0);
        for (unsigned i = 0; i < 2; i++) {
                struct key_record key = unit_sweep_make_key(i, &life);

                key.epoch = i;
                assert_int_equal(store_key_insert(s->writer, &key), 0);
        }
        assert_int_equal(store_commit(s->writer), 0);
        unit_sweep_set_policy(s, POLICY_EPOCH, 1, T0);
        (void) unit_sweep_run_all(s, T0 + 3600, &sweep);
        assert_int_equal(sweep.expired, 1);
        assert_int_equal(
                unit_sql_number(s->path, "SELECT count(*) FROM audit WHERE event = 'expired'"), 1);
}

/* --- Errors --- */

/* The clock was wrong for a moment. The purge does not wait for a century. */
static void test_a_record_from_the_future_delays_no_purge(void **state) {
        struct unit_store *s = *state;
        struct sweep sweep = { .may_purge = true };
        struct audit_record record = { .at = T0 + 36500 * DAY, .until = T0 + 36500 * DAY };

        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_audit_purge(s->writer, INT64_MAX, INT64_MAX, 10), 1);
        assert_int_equal(store_audit_add(s->writer, &record), 0);
        record.at = record.until = T0;
        assert_int_equal(store_audit_add(s->writer, &record), 0);
        assert_int_equal(store_commit(s->writer), 0);
        (void) unit_sweep_run_all(s, T0 + DAY, &sweep);
        assert_in_range(sweep.next_at, T0 + 90 * DAY, T0 + 92 * DAY);
        (void) unit_sweep_run_all(s, T0 + 92 * DAY, &sweep);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM audit"), 0);
}

static void test_a_policy_that_this_build_does_not_know(void **state) {
        struct unit_store *s = *state;
        struct sweep sweep = { .may_purge = true }, before;

        insert_lives(s);
        unit_sweep_set_policy(s, "not-known", 1, T0);
        unit_poison(&sweep, sizeof(sweep));
        sweep.may_purge = sweep.clock_trusted = sweep.last = true;
        before = sweep;
        assert_int_equal(sweep_run(s->writer, T0 + 400 * DAY, &sweep), -EPROTONOSUPPORT);
        assert_memory_equal(&sweep, &before, sizeof(sweep));
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM key WHERE dead_at <> 0"),
                         0);
}

static void test_a_damaged_row_undoes_all(void **state) {
        struct unit_store *s = *state;
        struct sweep sweep = {};

        insert_lives(s);
        unit_sql(s->path,
                 "UPDATE key SET reason = printf('%.*c', 500, 'x') WHERE id = '0000000004'");
        assert_int_equal(sweep_run(s->writer, T0 + 400 * DAY, &sweep), -EUCLEAN);
        assert_int_equal(sweep.next_at, 0);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM key WHERE dead_at <> 0"),
                         0);
        assert_int_equal(store_begin(s->writer), 0); /* no transaction was left open */
        store_rollback(s->writer);
}

/* The audit log records what a sweep does. A record is purged after the retention, soon enough, and
 * only when the clock is trusted. */
static void test_the_audit_log_is_told_and_purged(void **state) {
        struct unit_store *s = *state;
        struct sweep sweep = {};
        int64_t now = T0 + 1000 * DAY, n;
        char sql[100];

        insert_lives(s);
        (void) unit_sweep_run_all(s, now, &sweep);
        assert_in_range(sweep.expired, 1, ARRAY_LEN(lives));
        assert_int_equal(
                unit_sql_number(s->path,
                                "SELECT count(*) FROM audit WHERE event IN ('expired', 'retired')"
                                " AND door = 'daemon' AND uid = 4294967295 AND user = 'alice'"),
                sweep.expired);
        n = unit_sql_number(s->path, "SELECT count(*) FROM audit");

        now += 90 * DAY + 2 * 3600;
        (void) unit_sweep_run_all(s, now, &sweep);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM audit"), n);
        sweep.may_purge = true;
        (void) unit_sweep_run_all(s, now, &sweep);
        assert_int_equal(
                unit_sql_number(s->path, "SELECT count(*) FROM audit WHERE event = 'purged'"), 1);
        assert_int_equal(
                unit_sql_number(s->path, "SELECT sum(count) FROM audit WHERE event = 'purged'"),
                sweep.purged);
        (void) snprintf(sql, sizeof(sql), "SELECT count(*) FROM audit WHERE until <= %lld",
                        (long long) (now - 90 * DAY));
        assert_int_equal(unit_sql_number(s->path, sql), 0);
        assert_in_range(sweep.next_at, now + 1, now + 90 * DAY + 3600);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_with_sweep(test_a_year_from_one_moment_to_the_next),
                unit_test_with_sweep(test_the_daemon_was_down_for_a_year),
                unit_test_with_sweep(test_sweeping_again_does_nothing),
                unit_test_with_sweep(test_noticing_is_quiet),
                unit_test_with_sweep(test_nothing_is_due),
                unit_test_with_sweep(test_ten_thousand_in_one_second),
                unit_test_with_sweep(test_the_clock_goes_back_and_forth),
                unit_test_with_sweep(test_what_was_dead_before_the_clock_ran_away_stays_so),
                unit_test_with_sweep(test_many_live_again),
                unit_test_with_sweep(test_a_revoked_key_does_not_live_again),
                unit_test_with_sweep(test_marks_of_a_clock_that_was_ahead),
                unit_test_with_sweep(test_what_is_dead_is_purged_in_its_time),
                unit_test_with_sweep(test_nothing_is_purged_by_a_clock_that_nobody_trusts),
                unit_test_with_sweep(test_a_longer_retention_keeps_what_is_there),
                unit_test_with_sweep(
                        test_removed_keys_go_in_batches_after_a_day_whatever_the_clock),
                unit_test_with_sweep(test_removed_keys_do_not_expire),
                unit_test_with_sweep(test_a_record_from_the_future_delays_no_purge),
                unit_test_with_sweep(test_a_policy_that_this_build_does_not_know),
                unit_test_with_sweep(test_a_damaged_row_undoes_all),
                unit_test_with_sweep(test_the_audit_log_is_told_and_purged),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

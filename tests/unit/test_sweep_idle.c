/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys that nobody uses, with a clock that is a variable. */
#include "unit_sweep.h"

#include "store/store_sweep.h"

#define HOUR   PARSE_HOUR_S
#define PERIOD (90 * DAY)

static const struct sweep_idle no_walk;

/* All that was noted is in the store. */
static struct sweep sure(int64_t now) {
        return (struct sweep){ .clock_trusted = true, .uses = { .until = now } };
}

static void add(struct unit_store *s, unsigned i, int64_t made, const char *hosts) {
        const struct unit_sweep_life life = { .made = made };
        struct key_record key = unit_sweep_make_key(i, &life);

        (void) snprintf(key.hosts, sizeof(key.hosts), "%s", hosts);
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_key_insert(s->writer, &key), 0);
        assert_int_equal(store_commit(s->writer), 0);
}

static void use(struct unit_store *s, unsigned i, int64_t at) {
        struct key_use use = { .at = at, .service = "imap" };

        (void) snprintf(use.id, sizeof(use.id), "%010u", i % 100000);
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_key_used(s->writer, &use, 1), 0);
        assert_int_equal(store_commit(s->writer), 0);
}

static struct key_record get(struct unit_store *s, unsigned i) {
        char id[KEYTEXT_ID_LEN + 1];
        struct key_record key;

        (void) snprintf(id, sizeof(id), "%010u", i % 100000);
        assert_int_equal(store_key_get_used(s->writer, id, &key), 0);
        return key;
}

static void update(struct unit_store *s, unsigned i, int64_t at) {
        struct key_record key = get(s, i);

        key.updated_at = at;
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_key_update(s->writer, &key), 0);
        assert_int_equal(store_commit(s->writer), 0);
}

/* The clock is right. */
static void certain(struct unit_store *s, struct sweep *sweep) {
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_sweep_set_trusted_at(s->writer, T0), 0);
        assert_int_equal(store_commit(s->writer), 0);
        sweep->may_purge = true;
}

static int64_t count(struct unit_store *s, const char *what) {
        char sql[128];

        (void) snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", what);
        return unit_sql_number(s->path, sql);
}

static int make(void **state) {
        if (unit_store_make(state) < 0)
                return -1;
        unit_sweep_set_policy(*state, "lifetime", 0, T0 - 200 * DAY);
        unit_sweep_set_policy(*state, "idle", PERIOD, T0);
        return 0;
}

static void test_an_unused_key_is_noted(void **state) {
        struct sweep sweep = sure(T0 + PERIOD - 1);
        struct unit_store *s = *state;
        struct key_record key;

        add(s, 1, -DAY, "");
        add(s, 2, -DAY, "");
        add(s, 3, -DAY, "web");
        use(s, 2, T0 + DAY);
        (void) unit_sweep_run_all(s, T0 + PERIOD - 1, &sweep);
        assert_int_equal(sweep.expired, 0);
        assert_int_equal(sweep.next_at, T0 + PERIOD - 1 + HOUR);
        sweep.uses.until = sweep.next_at;
        (void) unit_sweep_run_all(s, sweep.next_at, &sweep);
        assert_int_equal(sweep.expired, 1);
        key = get(s, 1);
        assert_int_equal(key.dead_at, T0 + PERIOD - 1 + HOUR);
        assert_string_equal(key.reason, "not used for 3mo");
        assert_int_equal(get(s, 2).dead_at, 0);
        assert_int_equal(get(s, 3).dead_at, 0);
        assert_int_equal(count(s, "audit WHERE event = 'idle' AND key = '0000000001'"), 1);
        /* The next one is the key that was used. */
        assert_int_equal(sweep.next_at, T0 + DAY + PERIOD);
}

static void test_what_is_not_certain_ends_no_key(void **state) {
        static const struct {
                const char *why;
                bool trusted;
                int64_t until, lost; /* from T0 */
                uint64_t ended;
        } rows[] = {
                { "a clock that is not trusted", false, 100 * DAY, 0, 0 },
                { "a use may be on its way", true, PERIOD - 1, 0, 0 },
                { "nothing is known of uses", true, -T0, 0, 0 },
                { "a use was lost", true, 100 * DAY, 11 * DAY, 0 },
                { "a use was lost long ago", true, 100 * DAY, DAY, 1 },
                { "all is certain", true, 100 * DAY, 0, 1 },
        };
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct sweep sweep = {};
                void *store = NULL;

                assert_int_equal(make(&store), 0);
                add(store, 1, -DAY, "");
                sweep.clock_trusted = rows[i].trusted;
                sweep.uses = (struct uses_known){ .until = T0 + rows[i].until,
                                                  .lost = unit_sweep_from_t0(rows[i].lost) };
                (void) unit_sweep_run_all(store, T0 + 100 * DAY, &sweep);
                unit_int(rows[i].why, (int64_t) sweep.expired, (int64_t) rows[i].ended);
                unit_int(rows[i].why, get(store, 1).dead_at != 0, rows[i].ended != 0);
                assert_int_equal(unit_store_remove(&store), 0);
        }
}

/* The store knows of the gap after a restart as well. */
static void test_lost_uses_are_remembered(void **state) {
        struct sweep sweep = sure(T0 + 100 * DAY), anew = sure(T0 + 101 * DAY);
        struct unit_store *s = *state;
        uint64_t before;

        add(s, 1, -DAY, "");
        before = s->shared.generation;
        sweep.uses.lost = T0 + 50 * DAY;
        (void) unit_sweep_run_all(s, T0 + 100 * DAY, &sweep);
        assert_in_range(s->shared.generation, before + 1, UINT64_MAX);
        (void) unit_sweep_run_all(s, T0 + 101 * DAY, &anew);
        assert_int_equal(anew.expired, 0);
        assert_int_equal(anew.next_at, T0 + 50 * DAY + PERIOD);
}

static void test_many_keys_end_in_pieces(void **state) {
        struct sweep sweep = sure(T0 + PERIOD);
        struct unit_store *s = *state;

        for (unsigned i = 0; i < 3 * SWEEP_ENDED_MAX - 5; i++)
                add(s, i, -DAY, "");
        use(s, 70, T0 + 1);
        assert_int_equal(sweep_run(s->writer, T0 + PERIOD, &sweep), 0);
        assert_int_equal(sweep.expired, SWEEP_ENDED_MAX);
        assert_true(sweep.more);
        (void) unit_sweep_run_all(s, T0 + PERIOD, &sweep);
        assert_int_equal(count(s, "key WHERE dead_at <> 0"), 3 * SWEEP_ENDED_MAX - 6);
        assert_int_equal(count(s, "audit WHERE event = 'idle'"), 3 * SWEEP_ENDED_MAX - 6);
        assert_int_equal(get(s, 70).dead_at, 0);
}

static void test_another_policy_is_walked_for_anew(void **state) {
        struct sweep sweep = sure(T0 + DAY);
        struct unit_store *s = *state;

        add(s, 1, -DAY, "");
        (void) unit_sweep_run_all(s, T0 + DAY, &sweep);
        assert_int_equal(sweep.next_at, T0 + PERIOD);
        unit_sweep_set_policy(s, "idle", 2 * DAY, T0 + DAY);
        (void) unit_sweep_run_all(s, T0 + DAY + 1, &sweep);
        assert_int_equal(sweep.next_at, T0 + 3 * DAY);
        unit_sweep_set_policy(s, "idle", 0, T0 + DAY);
        (void) unit_sweep_run_all(s, T0 + DAY + 2, &sweep);
        assert_int_equal(sweep.next_at, NEVER);
        assert_memory_equal(&sweep.idle, &no_walk, sizeof(no_walk));
}

/* It was noted by a clock that was trusted and wrong. */
static void test_a_clock_that_goes_back_revives(void **state) {
        struct sweep sweep = sure(T0 + PERIOD);
        struct unit_store *s = *state;
        struct policy policy;
        struct key_record key;

        add(s, 1, -DAY, "");
        (void) unit_sweep_run_all(s, T0 + PERIOD, &sweep);
        assert_int_equal(sweep.expired, 1);
        sweep.uses.until = T0 + DAY;
        (void) unit_sweep_run_all(s, T0 + DAY, &sweep);
        key = get(s, 1);
        assert_int_equal(key.dead_at, 0);
        assert_string_equal(key.reason, "");
        assert_int_equal(facts_policy(s->writer, &policy), 0);
        assert_int_equal(expiry_status(&policy, &key, T0 + DAY), KEY_ACTIVE);
}

/* A policy that was set by a clock that was ahead would never end a key. */
static void test_a_policy_of_the_future_is_redated(void **state) {
        struct sweep sweep = sure(T0 + DAY);
        struct unit_store *s = *state;
        struct policy policy;

        unit_sweep_set_policy(s, "idle", PERIOD, T0 + 400 * DAY);
        unit_sweep_set_policy(s, POLICY_IDLE_FROM, 0, T0 + 400 * DAY);
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_sweep_set_trusted_at(s->writer, T0), 0);
        assert_int_equal(store_commit(s->writer), 0);
        sweep.may_purge = true;
        (void) unit_sweep_run_all(s, T0 + DAY, &sweep);
        assert_int_equal(facts_policy(s->writer, &policy), 0);
        assert_int_equal(policy.idle_changed_at, T0 + DAY);
        assert_int_equal(policy.idle_from, T0 + DAY);
        assert_int_equal(count(s, "audit WHERE event = 'redated' AND detail LIKE 'idle set now%'"),
                         1);
}

#define test_idle(f) cmocka_unit_test_setup_teardown(f, make, unit_store_remove)

/* A clock was 25 years ahead when keys were used, and is right again. They end as others do, but
 * not as long as it could be this clock that is wrong. */
static void test_a_use_by_a_clock_that_was_ahead(void **state) {
        struct sweep sweep = sure(T0 + HOUR);
        struct unit_store *s = *state;
        int64_t now = T0 + HOUR;

        add(s, 1, -DAY, "");
        use(s, 1, T0 + 25 * PARSE_YEAR_S);
        add(s, 2, -DAY, "");
        /* so far ahead it could be this clock */
        use(s, 2, T0 + 2 * DAY);
        (void) unit_sweep_run_all(s, now, &sweep);
        assert_int_equal(get(s, 1).last_used_at, T0 + 25 * PARSE_YEAR_S);
        sweep.may_purge = true;
        now = sweep.next_at;
        assert_int_equal(now, T0 + 2 * HOUR); /* it looks again soon */
        (void) unit_sweep_run_all(s, now, &sweep);
        now = sweep.next_at;
        (void) unit_sweep_run_all(s, now, &sweep);
        assert_int_equal(get(s, 1).last_used_at, now);
        assert_int_equal(get(s, 2).last_used_at, T0 + 2 * DAY);
        assert_int_equal(count(s, "audit WHERE event = 'redated' AND key = '0000000001'"), 1);
        sweep.uses.until = now + PERIOD;
        (void) unit_sweep_run_all(s, now + PERIOD, &sweep);
        assert_string_equal(get(s, 1).reason, "not used for 3mo");
}

/* Such as by a new name. */
static void test_a_change_by_a_clock_that_was_ahead(void **state) {
        static const char changed[] =
                "audit WHERE event = 'redated' AND detail LIKE 'changed now%'";
        struct unit_store *s = *state;
        struct sweep sweep = sure(T0);

        for (unsigned i = 1; i <= 4; i++)
                add(s, i, -DAY, i == 4 ? "all" : "");
        update(s, 1, T0 + 25 * PARSE_YEAR_S);
        update(s, 2, T0 + 3 * DAY);
        update(s, 3, T0 + 2 * DAY); /* could be this clock */
        update(s, 4, T0 + 3 * DAY); /* a fleet's */
        use(s, 1, T0 + 24 * PARSE_YEAR_S);
        (void) unit_sweep_run_all(s, T0 + HOUR, &sweep);
        assert_int_equal(count(s, changed), 0); /* not certain */
        /* It looks again soon. */
        assert_int_equal(sweep.next_at, T0 + 2 * HOUR);
        sweep.idle = no_walk;
        certain(s, &sweep);
        (void) unit_sweep_run_all(s, T0 + HOUR, &sweep);
        assert_int_equal(get(s, 1).updated_at, T0 + HOUR);
        assert_int_equal(get(s, 1).last_used_at, T0 + HOUR);
        assert_int_equal(get(s, 1).created_at, T0 - DAY);
        assert_int_equal(get(s, 2).updated_at, T0 + HOUR);
        assert_int_equal(get(s, 3).updated_at, T0 + 2 * DAY);
        assert_int_equal(get(s, 4).updated_at, T0 + 3 * DAY);
        assert_int_equal(count(s, changed), 2);
        sweep.uses.until = T0 + HOUR + PERIOD;
        (void) unit_sweep_run_all(s, T0 + HOUR + PERIOD, &sweep);
        assert_string_equal(get(s, 1).reason, "not used for 3mo");
}

/* Rotated while the clock was ahead, with an overlap of a day. Whatever became of the new key, the
 * old one is good for a day after the clock is right. */
static void test_a_rotation_by_a_clock_that_was_ahead(void **state) {
        static const int64_t idle[] = { 0, PERIOD };
        static const struct {
                const char *why;
                int64_t made, rotated, changed, retires; /* from T0 */
                enum { ALIVE, REVOKED, REMOVED } new;
                int64_t want;
        } rows[] = {
                { "revoked", -DAY, 10 * DAY, 10 * DAY, 11 * DAY, REVOKED, DAY },
                { "removed", -DAY, 10 * DAY, 10 * DAY, 11 * DAY, REMOVED, DAY },
                { "alive", -DAY, 10 * DAY, 10 * DAY, 11 * DAY, ALIVE, DAY },
                { "all of it", 9 * DAY, 10 * DAY, 10 * DAY, 11 * DAY, REVOKED, DAY },
                { "all, alive", 9 * DAY, 10 * DAY, 10 * DAY, 20 * DAY, ALIVE, 10 * DAY },
                { "renamed then", -DAY, 10 * DAY, 12 * DAY, 20 * DAY, REVOKED, 10 * DAY },
                { "rotated before", -DAY, -HOUR, 10 * DAY, 11 * DAY, REVOKED, 11 * DAY },
                { "before, alive", -DAY, -HOUR, 10 * DAY, 11 * DAY, ALIVE, 11 * DAY },
        };

        for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
                unsigned old_id = 1 + 2 * (unsigned) i;
                size_t row = i / 2;
                const struct unit_sweep_life lives[] = { { .made = rows[row].made,
                                                           .retires = rows[row].retires },
                                                         { .made = rows[row].rotated } };
                struct key_record old = unit_sweep_make_key(old_id, &lives[0]);
                struct key_record new = unit_sweep_make_key(old_id + 1, &lives[1]);
                struct unit_store *s = *state;
                struct sweep sweep = sure(T0);

                unit_sweep_set_policy(s, "idle", idle[i % 2], T0);
                certain(s, &sweep);
                old.updated_at = T0 + rows[row].changed;
                memcpy(old.successor, new.id, sizeof(new.id));
                memcpy(new.predecessor, old.id, sizeof(old.id));
                if (rows[row].new == REVOKED) {
                        new.status = KEY_REVOKED;
                        new.dead_at = new.created_at + 60;
                }
                assert_int_equal(store_begin(s->writer), 0);
                assert_int_equal(store_key_insert(s->writer, &old), 0);
                if (rows[row].new != REMOVED)
                        assert_int_equal(store_key_insert(s->writer, &new), 0);
                assert_int_equal(store_commit(s->writer), 0);
                (void) unit_sweep_run_all(s, T0, &sweep);
                sweep.idle = no_walk;
                (void) unit_sweep_run_all(s, T0, &sweep);
                old = get(s, old_id);
                unit_int(rows[row].why, old.retires_at, T0 + rows[row].want);
                unit_int(rows[row].why, old.updated_at, T0);
        }
}

/* It walked by a clock that was ahead, so the next walk would be then. */
static void test_a_clock_that_was_set_begins_a_walk(void **state) {
        const int64_t ahead = T0 + 25 * PARSE_YEAR_S;
        struct sweep sweep = sure(ahead);
        struct unit_store *s = *state;

        unit_sweep_set_policy(s, "idle", PERIOD, T0);
        add(s, 1, 25 * PARSE_YEAR_S - DAY, "");
        (void) unit_sweep_run_all(s, ahead, &sweep);
        assert_true(sweep.idle.next_at > ahead);
        sweep.clock_trusted = false;
        (void) unit_sweep_run_all(s, T0, &sweep);
        sweep.clock_trusted = true;
        sweep.uses.until = T0 + HOUR;
        (void) unit_sweep_run_all(s, T0 + HOUR, &sweep);
        assert_in_range(sweep.idle.next_at, T0 + HOUR, T0 + HOUR + PERIOD);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                test_idle(test_an_unused_key_is_noted),
                cmocka_unit_test(test_what_is_not_certain_ends_no_key),
                test_idle(test_lost_uses_are_remembered),
                test_idle(test_many_keys_end_in_pieces),
                test_idle(test_another_policy_is_walked_for_anew),
                test_idle(test_a_clock_that_goes_back_revives),
                test_idle(test_a_policy_of_the_future_is_redated),
                test_idle(test_a_use_by_a_clock_that_was_ahead),
                test_idle(test_a_change_by_a_clock_that_was_ahead),
                test_idle(test_a_rotation_by_a_clock_that_was_ahead),
                test_idle(test_a_clock_that_was_set_begins_a_walk),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* What time and accounts do to keys, with a clock that is a variable. Whether a key is over is
 * worked out here once more, from the row of a table, so that policy, store and sweep are held
 * against something that is none of them. */
#include "unit_store.h"

#include "keys/facts.h"
#include "keys/sweep.h"
#include "parse.h"
#include "rules/expiry.h"
#include "rules/policy.h"
#include "store/store_account.h"
#include "store/store_key.h"

#define T0       INT64_C(1800000000)
#define NEVER    INT64_MAX
#define DAY      PARSE_DAY_S
#define LIFETIME (30 * DAY)

static void set_policy(struct unit_store *s, const char *name, int64_t value, int64_t at) {
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_policy_set(s->writer, name, value, at), 0);
        assert_int_equal(store_commit(s->writer), 0);
}

static struct policy load_policy(struct unit_store *s) {
        struct policy policy;

        assert_int_equal(facts_policy(s->writer, &policy), 0);
        return policy;
}

/* --- Keys, and when they end --- */

struct life {
        const char *why;
        int64_t made, expires, bound, retires; /* from T0; 0: none */
        int64_t ends;                          /* from T0 */
};

/* With a lifetime of 30 days that was set 100 days before T0. */
static const struct life lives[] = {
        { "by the lifetime", -DAY, 0, 0, 0, 29 * DAY },
        { "by the lifetime, in the same second as another", -DAY, 0, 0, 0, 29 * DAY },
        { "by the lifetime, a second later", -DAY + 1, 0, 0, 0, 29 * DAY + 1 },
        { "over when the daemon starts", -31 * DAY, 0, 0, 0, -DAY },
        { "over in this very second", -30 * DAY, 0, 0, 0, 0 },
        { "over in the next one", -30 * DAY + 1, 0, 0, 0, 1 },
        { "its own expiry", -DAY, 200 * DAY, 0, 0, 200 * DAY },
        { "its own expiry before the lifetime", -DAY, 7, 0, 0, 7 },
        { "bound before the lifetime", -DAY, 0, 10 * DAY, 0, 10 * DAY },
        { "bound behind the lifetime", -DAY, 0, 50 * DAY, 0, 29 * DAY },
        { "bound and lifetime in one second", -DAY, 0, 29 * DAY, 0, 29 * DAY },
        { "bound before its own expiry", -DAY, 20 * DAY, 10 * DAY, 0, 10 * DAY },
        { "retired before all else", -DAY, 200 * DAY, 100 * DAY, 5 * DAY, 5 * DAY },
        { "retired behind its expiry", -DAY, 3 * DAY, 0, 5 * DAY, 3 * DAY },
        { "retired, by the lifetime", -DAY, 0, 0, 5 * DAY, 5 * DAY },
        { "made in the future", 40 * DAY, 0, 0, 0, 70 * DAY },
        { "a year", -DAY, 365 * DAY, 0, 0, 365 * DAY },
};

static int64_t from_t0(int64_t at) {
        return at != 0 ? T0 + at : 0;
}

static struct key_record make_key(unsigned i, const struct life *life) {
        struct key_record key;
        char id[KEYTEXT_ID_LEN + 1];

        (void) snprintf(id, sizeof(id), "%010u", i % 100000);
        key = unit_key(id, "alice");
        key.created_at = key.updated_at = T0 + life->made;
        key.expires_at = from_t0(life->expires);
        key.bound_at = from_t0(life->bound);
        key.retires_at = from_t0(life->retires);
        return key;
}

static void insert_lives(struct unit_store *s) {
        assert_int_equal(store_begin(s->writer), 0);
        for (unsigned i = 0; i < ARRAY_LEN(lives); i++) {
                struct key_record key = make_key(i, &lives[i]);

                assert_int_equal(store_key_insert(s->writer, &key), 0);
        }
        assert_int_equal(store_commit(s->writer), 0);
}

static int make(void **state) {
        if (unit_store_make(state) < 0)
                return -1;
        set_policy(*state, "lifetime", LIFETIME, T0 - 100 * DAY);
        set_policy(*state, "retention", 90 * DAY, T0);
        return 0;
}

#define test_sweep(f) cmocka_unit_test_setup_teardown(f, make, unit_store_remove)

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

/* Until there is no more; the runs that it took. */
static unsigned run_all(struct unit_store *s, int64_t now, struct sweep *sweep) {
        unsigned n = 0;
        uint64_t expired = 0, ended = 0, purged = 0;

        do {
                assert_int_equal(sweep_run(s->writer, now, sweep), 0);
                expired += sweep->expired;
                ended += sweep->ended;
                purged += sweep->purged;
                assert_in_range(++n, 1, 1000);
        } while (sweep->more);
        sweep->expired = expired;
        sweep->ended = ended;
        sweep->purged = purged;
        assert_true(sweep->next_at > now); /* else a daemon would never rest */
        return n;
}

/* What people and logins see at ${now} is so whether anybody swept or not. */
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
                runs += run_all(s, now, &sweep);
                expired += sweep.expired;
                judge_swept(s, now);
        }
        assert_int_equal(expired, ARRAY_LEN(lives));
        assert_in_range(runs, 10, 2 * ARRAY_LEN(lives));
        judge_around(s);
        /* noticed in the second in which it happened */
        for (unsigned i = 0; i < ARRAY_LEN(lives); i++)
                unit_int(lives[i].why, dead_at(s, i), T0 + (lives[i].ends < 0 ? 0 : lives[i].ends));
}

static void test_the_daemon_was_down_for_a_year(void **state) {
        struct unit_store *s = *state;
        struct sweep sweep = { .may_purge = true };

        insert_lives(s);
        assert_int_equal(run_all(s, T0 + 400 * DAY, &sweep), 1);
        assert_int_equal(sweep.expired, ARRAY_LEN(lives));
        /* noticed only now: shown for as long as if it had been at once */
        assert_int_equal(sweep.purged, 0);
        judge_swept(s, T0 + 400 * DAY);
        assert_int_equal(sweep.next_at, T0 + 490 * DAY);
}

static void test_sweeping_again_does_nothing(void **state) {
        struct unit_store *s = *state;
        struct sweep sweep = { .may_purge = true };
        uint64_t generation;

        insert_lives(s);
        (void) run_all(s, T0 + 10 * DAY, &sweep);
        assert_true(sweep.expired > 0);
        generation = s->shared.generation;
        (void) run_all(s, T0 + 10 * DAY, &sweep);
        assert_int_equal(sweep.expired + sweep.ended + sweep.purged, 0);
        judge_swept(s, T0 + 10 * DAY);
        assert_int_equal(s->shared.generation, generation);
}

/* What a sweep notices is nothing that a login would not have known: readers keep their
 * snapshot. */
static void test_noticing_is_quiet(void **state) {
        struct unit_store *s = *state;
        uint64_t generation;
        struct sweep sweep = {};

        insert_lives(s);
        generation = s->shared.generation;
        (void) run_all(s, T0 + 400 * DAY, &sweep);
        assert_int_equal(s->shared.generation, generation);
}

static void test_nothing_is_due(void **state) {
        struct unit_store *s = *state;
        struct sweep sweep = { .may_purge = true };

        (void) run_all(s, T0, &sweep);
        assert_int_equal(sweep.next_at, NEVER);
        set_policy(s, "lifetime", 0, T0);
        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        (void) run_all(s, T0, &sweep);
        assert_int_equal(sweep.next_at, NEVER);
}

static void test_ten_thousand_in_one_second(void **state) {
        static const struct life both = { "", -DAY, 0, 29 * DAY, 0, 29 * DAY },
                                 own = { "", -DAY, 29 * DAY, 0, 0, 29 * DAY };
        struct unit_store *s = *state;
        struct sweep sweep = {};
        unsigned runs = 0, done = 0;

        assert_int_equal(store_begin(s->writer), 0);
        for (unsigned i = 0; i < 10000; i++) {
                struct key_record key = make_key(i, i % 2 ? &both : &own);

                assert_int_equal(store_key_insert(s->writer, &key), 0);
        }
        assert_int_equal(store_commit(s->writer), 0);
        do {
                assert_int_equal(sweep_run(s->writer, T0 + 29 * DAY, &sweep), 0);
                assert_in_range(sweep.expired, 0, SWEEP_BATCH);
                done += (unsigned) sweep.expired;
                assert_in_range(++runs, 1, 50);
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
                (void) run_all(s, T0 + steps[i], &sweep);
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
        (void) run_all(s, T0 + 10 * DAY, &sweep);
        (void) run_all(s, T0 + 30000 * DAY, &sweep);
        (void) run_all(s, T0 + 11 * DAY, &sweep);
        judge_swept(s, T0 + 11 * DAY);
        assert_int_equal(dead_at(s, 7), T0 + 10 * DAY); /* as it was noticed then */
}

static void test_many_live_again(void **state) {
        static const struct life life = { "", -DAY, 0, 0, 0, 29 * DAY };
        struct unit_store *s = *state;
        struct sweep sweep = {};

        assert_int_equal(store_begin(s->writer), 0);
        for (unsigned i = 0; i < 3000; i++) {
                struct key_record key = make_key(i, &life);

                assert_int_equal(store_key_insert(s->writer, &key), 0);
        }
        assert_int_equal(store_commit(s->writer), 0);
        (void) run_all(s, T0 + 29 * DAY, &sweep);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM key WHERE dead_at = 0"), 0);
        assert_in_range(run_all(s, T0, &sweep), 6, 10);
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
        (void) run_all(s, T0, &sweep);
        assert_int_equal(store_key_get(s->writer, "aaaaaaaaaa", &key), 0);
        assert_int_equal(key.dead_at, T0 + 100 * DAY);
        assert_int_equal(key.status, KEY_REVOKED);
}

/* The lifetime was changed while the clock was ahead; it is not any more. Whatever the marks of
 * that time say, nothing that a login accepts may be marked dead: it would be purged alive. */
static void test_marks_of_a_clock_that_was_ahead(void **state) {
        static const struct life life = { "", -DAY, 0, 0, 0, 0 };
        struct unit_store *s = *state;
        struct key_record key = make_key(0, &life);
        struct sweep sweep = { .may_purge = true };
        struct policy policy;

        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_key_insert(s->writer, &key), 0);
        assert_int_equal(store_commit(s->writer), 0);
        set_policy(s, POLICY_LAPSED, T0 + 3000 * DAY - LIFETIME, T0 + 3000 * DAY);
        set_policy(s, "lifetime", LIFETIME, T0 + 3000 * DAY);
        policy = load_policy(s);
        for (int64_t now = T0; now < T0 + 200 * DAY; now += 10 * DAY) {
                (void) run_all(s, now, &sweep);
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
                (void) run_all(s, now, &sweep);
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
        (void) run_all(s, T0, &sweep);
        (void) run_all(s, T0 + 30000 * DAY, &sweep);
        assert_int_equal(sweep.next_at, NEVER); /* and nobody wakes up for it */
        (void) run_all(s, T0 + 60000 * DAY, &sweep);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM key"), ARRAY_LEN(lives));
        sweep.may_purge = true;
        (void) run_all(s, T0 + 60000 * DAY, &sweep);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM key"), 0);
}

static void test_a_longer_retention_keeps_what_is_there(void **state) {
        struct unit_store *s = *state;
        struct sweep sweep = { .may_purge = true };

        insert_lives(s);
        (void) run_all(s, T0 + 400 * DAY, &sweep);
        set_policy(s, "retention", 365 * DAY, T0 + 400 * DAY);
        (void) run_all(s, T0 + 490 * DAY, &sweep);
        assert_int_equal(sweep.purged, 0);
        assert_int_equal(sweep.next_at, T0 + 765 * DAY);
        set_policy(s, "retention", 1, T0 + 490 * DAY);
        (void) run_all(s, T0 + 490 * DAY, &sweep);
        assert_int_equal(sweep.purged, ARRAY_LEN(lives));
}

static void test_removed_keys_go_in_batches_after_a_day_whatever_the_clock(void **state) {
        static const struct life life = { "", -DAY, 0, 0, 0, 29 * DAY };
        struct unit_store *s = *state;
        struct sweep sweep = {};
        uint64_t purged = 0;
        struct key_record key;

        assert_int_equal(store_begin(s->writer), 0);
        for (unsigned i = 0; i < 2000; i++) {
                key = make_key(i, &life);
                key.epoch = i < 1600 ? 0 : 1;
                assert_int_equal(store_key_insert(s->writer, &key), 0);
        }
        assert_int_equal(store_commit(s->writer), 0);
        set_policy(s, POLICY_EPOCH, 1, T0);
        /* Until then the log can say why they are refused. */
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

/* --- Accounts --- */

static const struct cause {
        const char *why;
        struct account_record account;
        bool policy;
        /* alice's own key ends; bob's, which is linked to alice, does */
        bool own, linked;
        /* of the own key; NULL: as that of the linked one */
        const char *reason;
        const char *linked_reason;
} causes[] = {
        { "all is well",
          { .state = ACCOUNT_PRESENT, .uid = 1000 },
          true,
          false,
          false,
          NULL,
          NULL },
        { "gone from the passwd file",
          { .state = ACCOUNT_GONE, .local = true, .gone_since = T0, .checked_at = T0 },
          false,
          true,
          false,
          "the account was removed",
          NULL },
        { "the same with the policy",
          { .state = ACCOUNT_GONE, .local = true, .gone_since = T0, .checked_at = T0 },
          true,
          true,
          true,
          "the account was removed",
          "the linked account was removed" },
        { "gone from a directory just now",
          { .state = ACCOUNT_GONE, .gone_since = T0 },
          true,
          false,
          false,
          NULL,
          NULL },
        { "gone from a directory, a second short of a day",
          { .state = ACCOUNT_GONE, .gone_since = T0 - DAY + 1 },
          true,
          false,
          false,
          NULL,
          NULL },
        { "gone from a directory for a day",
          { .state = ACCOUNT_GONE, .gone_since = T0 - DAY },
          true,
          true,
          true,
          "the account was removed",
          "the linked account was removed" },
        { "gone from a directory in the future",
          { .state = ACCOUNT_GONE, .gone_since = T0 + DAY },
          true,
          false,
          false,
          NULL,
          NULL },
        { "another number",
          { .state = ACCOUNT_PRESENT, .uid = 1001 },
          false,
          true,
          false,
          "the account's uid is 1001 now",
          NULL },
        { "another number, with the policy",
          { .state = ACCOUNT_PRESENT, .uid = 1001 },
          true,
          true,
          false,
          "the account's uid is 1001 now",
          NULL },
        { "locked, and nobody minds",
          { .state = ACCOUNT_PRESENT, .uid = 1000, .locked = true },
          false,
          false,
          false,
          NULL,
          NULL },
        { "locked",
          { .state = ACCOUNT_PRESENT, .uid = 1000, .locked = true },
          true,
          true,
          true,
          "the password was locked",
          "the password was locked" },
        { "must be changed",
          { .state = ACCOUNT_PRESENT, .uid = 1000, .password_ends_at = 1 },
          true,
          true,
          true,
          "the password must be changed",
          "the password must be changed" },
        { "must be changed, and nobody minds",
          { .state = ACCOUNT_PRESENT, .uid = 1000, .password_ends_at = 1 },
          false,
          false,
          false,
          NULL,
          NULL },
        { "expired in this second",
          { .state = ACCOUNT_PRESENT, .uid = 1000, .password_ends_at = T0 },
          true,
          true,
          true,
          "the password expired at 2027-01-15T08:00:00Z",
          "the password expired at 2027-01-15T08:00:00Z" },
        { "expires in the next",
          { .state = ACCOUNT_PRESENT, .uid = 1000, .password_ends_at = T0 + 1 },
          true,
          false,
          false,
          NULL,
          NULL },
        { "closed, which comes and goes",
          { .state = ACCOUNT_PRESENT, .uid = 1000, .closes_at = 1 },
          true,
          false,
          false,
          NULL,
          NULL },
        { "nobody could tell", { .state = ACCOUNT_UNKNOWN }, false, false, false, NULL, NULL },
};

static struct key_record one_key(const char *id, const char *owner, uid_t uid, const char *linked) {
        struct key_record key = unit_key(id, owner);

        key.owner_uid = uid;
        (void) snprintf(key.linked, sizeof(key.linked), "%s", linked);
        return key;
}

static void check_end(const char *why, struct unit_store *s, const char *id, bool ended,
                      const char *reason) {
        struct key_record key;

        unit_int(why, store_key_get(s->writer, id, &key), 0);
        unit_int(why, key.status, ended ? KEY_REVOKED : KEY_ACTIVE);
        unit_int(why, key.dead_at, ended ? T0 : 0);
        unit_str(why, key.reason, ended ? reason : "");
}

static void test_what_becomes_of_an_account_s_keys(void **state) {
        struct unit_store *s = *state;

        for (size_t i = 0; i < ARRAY_LEN(causes); i++) {
                const struct cause *cause = &causes[i];
                const struct policy policy = { .remove_on_password_expiry = cause->policy };
                struct key_record keys[] = { one_key("aaaaaaaaaa", "alice", 1000, ""),
                                             one_key("bbbbbbbbbb", "bob", 1002, "alice"),
                                             one_key("cccccccccc", "alice", 1000, "carol"),
                                             one_key("dddddddddd", "dave", 1004, "") };
                struct account_record account = cause->account;
                uint64_t ended;
                /* alice's key that is linked to carol: her password is not the one that counts */
                bool own_linked;

                memcpy(account.name, "alice", 6);
                unit_sql(s->path, "DELETE FROM key");
                assert_int_equal(store_begin(s->writer), 0);
                for (size_t k = 0; k < ARRAY_LEN(keys); k++)
                        assert_int_equal(store_key_insert(s->writer, &keys[k]), 0);
                unit_int(cause->why, sweep_account(s->writer, &policy, &account, T0, &ended), 0);
                assert_int_equal(store_commit(s->writer), 0);
                own_linked = cause->own && (account.state == ACCOUNT_GONE || account.uid != 1000);
                unit_int(cause->why, ended,
                         (cause->own ? 1U : 0U) + (own_linked ? 1U : 0U) +
                                 (cause->linked ? 1U : 0U));
                check_end(cause->why, s, "aaaaaaaaaa", cause->own, cause->reason);
                check_end(cause->why, s, "bbbbbbbbbb", cause->linked, cause->linked_reason);
                check_end(cause->why, s, "cccccccccc", own_linked, cause->reason);
                check_end(cause->why, s, "dddddddddd", false, "");
        }
}

static void test_all_keys_of_one_who_has_very_many(void **state) {
        const struct policy policy = {};
        const struct account_record account = {
                .name = "alice", .state = ACCOUNT_GONE, .local = true, .checked_at = 1
        };
        static const struct life life = { "", -DAY, 0, 0, 0, 0 };
        struct unit_store *s = *state;
        uint64_t ended;

        assert_int_equal(store_begin(s->writer), 0);
        for (unsigned i = 0; i < 2 * SWEEP_BATCH + 1; i++) {
                struct key_record key = make_key(i, &life);

                assert_int_equal(store_key_insert(s->writer, &key), 0);
        }
        assert_int_equal(sweep_account(s->writer, &policy, &account, T0, &ended), 0);
        assert_int_equal(store_commit(s->writer), 0);
        assert_int_equal(ended, 2 * SWEEP_BATCH + 1);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM key WHERE status = 0"), 0);
}

static void put_account(struct unit_store *s, const char *name, int64_t ends_at) {
        struct account_record account = { .state = ACCOUNT_PRESENT,
                                          .uid = 1000,
                                          .password_ends_at = ends_at };

        (void) snprintf(account.name, sizeof(account.name), "%s", name);
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_account_put(s->writer, &account), 0);
        assert_int_equal(store_commit(s->writer), 0);
}

static void test_passwords_end_by_the_clock(void **state) {
        struct unit_store *s = *state;
        struct sweep sweep = {};
        struct key_record key;

        set_policy(s, "lifetime", 0, T0);
        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        unit_key_insert(s->writer, "bbbbbbbbbb", "bob");
        put_account(s, "alice", T0 + DAY);
        put_account(s, "bob", T0 + 2 * DAY);
        (void) run_all(s, T0 + 10 * DAY, &sweep); /* the policy is off */
        assert_int_equal(sweep.ended, 0);
        assert_int_equal(sweep.next_at, NEVER);

        set_policy(s, "remove-on-password-expiry", 1, T0);
        sweep = (struct sweep){};
        (void) run_all(s, T0, &sweep);
        assert_int_equal(sweep.next_at, T0 + DAY);
        uint64_t generation = s->shared.generation;
        (void) run_all(s, T0 + DAY, &sweep);
        assert_int_equal(sweep.ended, 1);
        assert_true(s->shared.generation != generation); /* this is for logins to know */
        assert_int_equal(sweep.next_at, T0 + 2 * DAY);
        /* so that the next one need not look at these again */
        assert_int_equal(sweep.passwords_until, T0 + DAY);
        assert_int_equal(store_key_get(s->writer, "aaaaaaaaaa", &key), 0);
        assert_int_equal(key.status, KEY_REVOKED);
        assert_string_equal(key.reason, "the password expired at 2027-01-16T08:00:00Z");
        assert_int_equal(store_key_get(s->writer, "bbbbbbbbbb", &key), 0);
        assert_int_equal(key.status, KEY_ACTIVE);
        (void) run_all(s, T0 + 2 * DAY, &sweep);
        assert_int_equal(sweep.ended, 1);
        assert_int_equal(sweep.next_at, NEVER);
        (void) run_all(s, T0 + 2 * DAY, &sweep);
        assert_int_equal(sweep.ended, 0);
}

/* A password that ended while the daemon was not there, or that is older than the memory of this
 * sweep. */
static void test_a_first_sweep_looks_at_all_passwords(void **state) {
        struct unit_store *s = *state;
        struct sweep sweep = {};

        set_policy(s, "remove-on-password-expiry", 1, T0);
        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        put_account(s, "alice", 1);
        (void) run_all(s, T0, &sweep);
        assert_int_equal(sweep.ended, 1);
        /* The clock goes back: what it made an end of is looked at again. */
        unit_key_insert(s->writer, "bbbbbbbbbb", "bob");
        put_account(s, "bob", T0 - 5 * DAY);
        (void) run_all(s, T0 - 3 * DAY, &sweep);
        assert_int_equal(sweep.ended, 1);
}

static void test_everybody_at_once(void **state) {
        const struct policy policy = { .remove_on_password_expiry = true };
        struct unit_store *s = *state;
        uint64_t ended;

        for (unsigned i = 0; i < 20; i++) {
                char name[16], id[KEYTEXT_ID_LEN + 1];

                (void) snprintf(name, sizeof(name), "user%u", i);
                (void) snprintf(id, sizeof(id), "%010u", i % 100000);
                unit_key_insert(s->writer, id, name);
                put_account(s, name, i < 7 ? T0 : i < 14 ? T0 + 1 : 0);
        }
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(sweep_all_accounts(s->writer, &policy, T0, &ended), 0);
        assert_int_equal(store_commit(s->writer), 0);
        assert_int_equal(ended, 7);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM key WHERE status = 1"), 7);
}

/* --- Errors --- */

static void test_a_policy_that_this_build_does_not_know(void **state) {
        struct unit_store *s = *state;
        struct sweep sweep = { .may_purge = true }, before;

        insert_lives(s);
        set_policy(s, "not-known", 1, T0);
        unit_poison(&sweep, sizeof(sweep));
        sweep.may_purge = true;
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

/* What it does is on record, and a record goes after the retention, soon enough and when the
 * clock is trusted. */
static void test_the_audit_log_is_told_and_purged(void **state) {
        struct unit_store *s = *state;
        struct sweep sweep = {};
        int64_t now = T0 + 1000 * DAY, n;
        char sql[100];

        insert_lives(s);
        (void) run_all(s, now, &sweep);
        assert_in_range(sweep.expired, 1, ARRAY_LEN(lives));
        assert_int_equal(
                unit_sql_number(s->path,
                                "SELECT count(*) FROM audit WHERE event IN ('expired', 'retired')"
                                " AND door = 'daemon' AND uid = 4294967295 AND user = 'alice'"),
                sweep.expired);
        n = unit_sql_number(s->path, "SELECT count(*) FROM audit");

        now += 90 * DAY + 2 * 3600;
        (void) run_all(s, now, &sweep);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM audit"), n);
        sweep.may_purge = true;
        (void) run_all(s, now, &sweep);
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
                test_sweep(test_a_year_from_one_moment_to_the_next),
                test_sweep(test_the_daemon_was_down_for_a_year),
                test_sweep(test_sweeping_again_does_nothing),
                test_sweep(test_noticing_is_quiet),
                test_sweep(test_nothing_is_due),
                test_sweep(test_ten_thousand_in_one_second),
                test_sweep(test_the_clock_goes_back_and_forth),
                test_sweep(test_what_was_dead_before_the_clock_ran_away_stays_so),
                test_sweep(test_many_live_again),
                test_sweep(test_a_revoked_key_does_not_live_again),
                test_sweep(test_marks_of_a_clock_that_was_ahead),
                test_sweep(test_what_is_dead_is_purged_in_its_time),
                test_sweep(test_nothing_is_purged_by_a_clock_that_nobody_trusts),
                test_sweep(test_a_longer_retention_keeps_what_is_there),
                test_sweep(test_removed_keys_go_in_batches_after_a_day_whatever_the_clock),
                test_sweep(test_what_becomes_of_an_account_s_keys),
                test_sweep(test_all_keys_of_one_who_has_very_many),
                test_sweep(test_passwords_end_by_the_clock),
                test_sweep(test_a_first_sweep_looks_at_all_passwords),
                test_sweep(test_everybody_at_once),
                test_sweep(test_a_policy_that_this_build_does_not_know),
                test_sweep(test_a_damaged_row_undoes_all),
                test_sweep(test_the_audit_log_is_told_and_purged),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

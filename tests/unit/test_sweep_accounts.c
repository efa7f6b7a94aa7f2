/* SPDX-License-Identifier: BSD-2-Clause */
/* What the end of an account or of a password does to keys, with a clock that is a variable. How
 * accounts are asked for is not known here. */
#include "unit_sweep.h"

#include "store/store_sweep.h"

static const struct sweep_when trusted = { .now = T0, .clock_trusted = true },
                               wrong = { .now = T0 };

static const struct cause {
        const char *why;
        struct account_record account;
        bool over, policy;
        /* alice's own key ends; bob's key, which is linked to alice, ends */
        bool own, linked;
        /* of alice's own key; NULL: as for the linked key */
        const char *reason;
        const char *linked_reason;
} causes[] = {
        { .why = "all is well",
          .account = { .state = ACCOUNT_PRESENT, .uid = 1000 },
          .policy = true },
        { .why = "gone for good",
          .account = { .state = ACCOUNT_GONE },
          .over = true,
          .own = true,
          .reason = "the account was removed" },
        { .why = "the same with the policy",
          .account = { .state = ACCOUNT_GONE },
          .over = true,
          .policy = true,
          .own = true,
          .linked = true,
          .reason = "the account was removed",
          .linked_reason = "the linked account was removed" },
        { .why = "gone, and it may come back",
          .account = { .state = ACCOUNT_GONE, .checked_at = T0 },
          .policy = true },
        { .why = "another number, which is for this host to refuse",
          .account = { .state = ACCOUNT_PRESENT, .uid = 1001 } },
        { .why = "another number: the password is another user's",
          .account = { .state = ACCOUNT_PRESENT, .uid = 1001, .locked = true },
          .policy = true,
          .linked = true,
          .linked_reason = "the password was locked" },
        { .why = "locked, and nobody minds",
          .account = { .state = ACCOUNT_PRESENT, .uid = 1000, .locked = true } },
        { .why = "locked",
          .account = { .state = ACCOUNT_PRESENT, .uid = 1000, .locked = true },
          .policy = true,
          .own = true,
          .linked = true,
          .reason = "the password was locked",
          .linked_reason = "the password was locked" },
        { .why = "must be changed",
          .account = { .state = ACCOUNT_PRESENT, .uid = 1000, .password_ends_at = 1 },
          .policy = true,
          .own = true,
          .linked = true,
          .reason = "the password must be changed",
          .linked_reason = "the password must be changed" },
        { .why = "must be changed, and nobody minds",
          .account = { .state = ACCOUNT_PRESENT, .uid = 1000, .password_ends_at = 1 } },
        { .why = "expired in this second",
          .account = { .state = ACCOUNT_PRESENT, .uid = 1000, .password_ends_at = T0 },
          .policy = true,
          .own = true,
          .linked = true,
          .reason = "the password expired at 2027-01-15T08:00:00Z",
          .linked_reason = "the password expired at 2027-01-15T08:00:00Z" },
        { .why = "expires in the next",
          .account = { .state = ACCOUNT_PRESENT, .uid = 1000, .password_ends_at = T0 + 1 },
          .policy = true },
        { .why = "closed, which comes and goes",
          .account = { .state = ACCOUNT_PRESENT, .uid = 1000, .closes_at = 1 },
          .policy = true },
        { .why = "nobody could tell", .account = { .state = ACCOUNT_UNKNOWN } },
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
                /* alice's key is linked to carol, so alice's password does not count */
                bool own_linked;

                memcpy(account.name, "alice", 6);
                unit_sql(s->path, "DELETE FROM key");
                assert_int_equal(store_begin(s->writer), 0);
                for (size_t k = 0; k < ARRAY_LEN(keys); k++)
                        assert_int_equal(store_key_insert(s->writer, &keys[k]), 0);
                unit_int(cause->why,
                         sweep_account(s->writer, &policy, &account, cause->over, trusted,
                                       UINT64_MAX, &ended),
                         0);
                assert_int_equal(store_commit(s->writer), 0);
                own_linked = cause->own && account.state == ACCOUNT_GONE;
                unit_int(cause->why, ended,
                         (cause->own ? 1U : 0U) + (own_linked ? 1U : 0U) +
                                 (cause->linked ? 1U : 0U));
                check_end(cause->why, s, "aaaaaaaaaa", cause->own, cause->reason);
                check_end(cause->why, s, "bbbbbbbbbb", cause->linked, cause->linked_reason);
                check_end(cause->why, s, "cccccccccc", own_linked, cause->reason);
                check_end(cause->why, s, "dddddddddd", false, "");
        }
}

/* A clock that was years ahead has expired the key, and its user was removed meanwhile. When the
 * clock is right again, the key does not live again for a new user of that name and number. */
static void test_an_expired_key_of_a_removed_user_does_not_live_again(void **state) {
        struct account_record gone = { .state = ACCOUNT_GONE, .local = true, .checked_at = T0 };
        struct key_record key = one_key("aaaaaaaaaa", "alice", 1000, "");
        const struct policy policy = { .lifetime_s = LIFETIME };
        struct sweep sweep = { .may_purge = true, .clock_trusted = true };
        struct unit_store *s = *state;
        uint64_t ended;

        memcpy(gone.name, "alice", 6);
        key.created_at = T0;
        key.expires_at = T0 + LIFETIME;
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_key_insert(s->writer, &key), 0);
        assert_int_equal(store_sweep_mark(s->writer, "aaaaaaaaaa", T0 + 9 * LIFETIME), 0);
        assert_int_equal(sweep_account(s->writer, &policy, &gone, true,
                                       (struct sweep_when){ T0 + 9 * LIFETIME, true }, UINT64_MAX,
                                       &ended),
                         0);
        assert_int_equal(store_commit(s->writer), 0);
        assert_int_equal(ended, 1);
        assert_int_equal(sweep_run(s->writer, T0 + 1, &sweep), 0);
        assert_int_equal(store_key_get(s->writer, "aaaaaaaaaa", &key), 0);
        assert_int_equal(key.status, KEY_REVOKED);
        assert_int_equal(key.dead_at, T0 + 9 * LIFETIME);
}

static void test_all_keys_of_one_who_has_very_many(void **state) {
        const struct policy policy = {};
        const struct account_record account = { .name = "alice", .state = ACCOUNT_GONE };
        static const struct unit_sweep_life life = { "", -DAY, 0, 0, 0, 0 };
        struct unit_store *s = *state;
        uint64_t ended;

        assert_int_equal(store_begin(s->writer), 0);
        for (unsigned i = 0; i < 2 * SWEEP_BATCH + 1; i++) {
                struct key_record key = unit_sweep_make_key(i, &life);

                assert_int_equal(store_key_insert(s->writer, &key), 0);
        }
        assert_int_equal(
                sweep_account(s->writer, &policy, &account, true, trusted, SWEEP_BATCH, &ended), 1);
        assert_int_equal(ended, SWEEP_BATCH);
        assert_int_equal(sweep_account(s->writer, &policy, &account, true, trusted, 0, &ended), 1);
        assert_int_equal(ended, 0);
        assert_int_equal(
                sweep_account(s->writer, &policy, &account, true, trusted, SWEEP_BATCH + 1, &ended),
                0);
        assert_int_equal(ended, SWEEP_BATCH + 1);
        assert_int_equal(store_commit(s->writer), 0);
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
        struct sweep sweep = { .clock_trusted = true };
        struct key_record key;

        unit_sweep_set_policy(s, "lifetime", 0, T0);
        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        unit_key_insert(s->writer, "bbbbbbbbbb", "bob");
        put_account(s, "alice", T0 + DAY);
        put_account(s, "bob", T0 + 2 * DAY);
        (void) unit_sweep_run_all(s, T0 + 10 * DAY, &sweep); /* the policy is off */
        assert_int_equal(sweep.ended, 0);
        assert_int_equal(sweep.next_at, NEVER);

        unit_sweep_set_policy(s, "remove-on-password-expiry", 1, T0);
        sweep = (struct sweep){ .clock_trusted = true };
        (void) unit_sweep_run_all(s, T0, &sweep);
        assert_int_equal(sweep.next_at, T0 + DAY);
        uint64_t generation = s->shared.generation;
        (void) unit_sweep_run_all(s, T0 + DAY, &sweep);
        assert_int_equal(sweep.ended, 1);
        assert_true(s->shared.generation != generation); /* logins must know of this */
        assert_int_equal(sweep.next_at, T0 + 2 * DAY);
        /* so the next sweep need not look at these again */
        assert_int_equal(sweep.passwords.until, T0 + DAY);
        assert_int_equal(store_key_get(s->writer, "aaaaaaaaaa", &key), 0);
        assert_int_equal(key.status, KEY_REVOKED);
        assert_string_equal(key.reason, "the password expired at 2027-01-16T08:00:00Z");
        assert_int_equal(store_key_get(s->writer, "bbbbbbbbbb", &key), 0);
        assert_int_equal(key.status, KEY_ACTIVE);
        (void) unit_sweep_run_all(s, T0 + 2 * DAY, &sweep);
        assert_int_equal(sweep.ended, 1);
        assert_int_equal(sweep.next_at, NEVER);
        (void) unit_sweep_run_all(s, T0 + 2 * DAY, &sweep);
        assert_int_equal(sweep.ended, 0);
}

/* A password that ended while the daemon was down, or before this sweep can remember. */
static void test_a_first_sweep_looks_at_all_passwords(void **state) {
        struct unit_store *s = *state;
        struct sweep sweep = { .clock_trusted = true };

        unit_sweep_set_policy(s, "remove-on-password-expiry", 1, T0);
        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        put_account(s, "alice", 1);
        (void) unit_sweep_run_all(s, T0, &sweep);
        assert_int_equal(sweep.ended, 1);
        /* The clock goes back: passwords that ended by the wrong clock are looked at again. */
        unit_key_insert(s->writer, "bbbbbbbbbb", "bob");
        put_account(s, "bob", T0 - 5 * DAY);
        (void) unit_sweep_run_all(s, T0 - 3 * DAY, &sweep);
        assert_int_equal(sweep.ended, 1);
}

static void test_an_account_that_cannot_be_read_undoes_all(void **state) {
        struct unit_store *s = *state;
        struct sweep sweep = { .clock_trusted = true };

        unit_sweep_set_policy(s, "remove-on-password-expiry", 1, T0);
        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        put_account(s, "alice", 1);
        put_account(s, "bob", 1);
        unit_sql(s->path, "PRAGMA ignore_check_constraints = ON;"
                          "UPDATE account SET uid = -7 WHERE name = 'bob'");
        assert_int_equal(sweep_run(s->writer, T0, &sweep), -EUCLEAN);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM key WHERE dead_at <> 0"),
                         0);
}

/* A start at +25 years: every password has expired by that clock. */
static void test_a_clock_that_is_not_trusted_ends_nothing(void **state) {
        struct unit_store *s = *state;
        struct sweep sweep = {};

        unit_sweep_set_policy(s, "lifetime", 0, T0);
        unit_sweep_set_policy(s, "remove-on-password-expiry", 1, T0);
        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        put_account(s, "alice", T0 + DAY);
        (void) unit_sweep_run_all(s, T0 + 25 * PARSE_YEAR_S, &sweep);
        assert_int_equal(sweep.ended, 0);
        /* there will be a sweep when the clock is trusted */
        assert_int_equal(sweep.next_at, NEVER);
        (void) unit_sweep_run_all(s, T0, &sweep);
        sweep.clock_trusted = true;
        (void) unit_sweep_run_all(s, T0, &sweep);
        assert_int_equal(sweep.ended, 0);
        assert_int_equal(sweep.next_at, T0 + DAY);
        (void) unit_sweep_run_all(s, T0 + DAY, &sweep);
        assert_int_equal(sweep.ended, 1);
}

/* What is certain without a clock. */
static void test_a_lock_needs_no_clock(void **state) {
        const struct policy policy = { .remove_on_password_expiry = true };
        const struct account_record accounts[] = {
                { .name = "alice", .state = ACCOUNT_PRESENT, .uid = 1000, .locked = true },
                { .name = "alice", .state = ACCOUNT_PRESENT, .uid = 1000, .password_ends_at = 1 },
                { .name = "alice", .state = ACCOUNT_PRESENT, .uid = 1000, .password_ends_at = 2 },
        };
        struct unit_store *s = *state;
        uint64_t ended;

        for (size_t i = 0; i < ARRAY_LEN(accounts); i++) {
                unit_sql(s->path, "DELETE FROM key");
                unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
                assert_int_equal(store_begin(s->writer), 0);
                assert_int_equal(sweep_account(s->writer, &policy, &accounts[i], false, wrong,
                                               UINT64_MAX, &ended),
                                 0);
                assert_int_equal(store_commit(s->writer), 0);
                assert_int_equal(ended, i < 2);
        }
}

/* More keys than one transaction may end: of many users, of one user, and of users in between who
 * lose none. */
static void test_everybody_a_piece_at_a_time(void **state) {
        enum { USERS = 2 * SWEEP_ENDED_MAX, MORE = 3 * SWEEP_ENDED_MAX + 1 };
        struct unit_store *s = *state;
        struct sweep sweep = {};
        unsigned runs = 0, ended = 0;

        unit_sweep_set_policy(s, "lifetime", 0, T0);
        unit_sweep_set_policy(s, "account-grace", 0, T0);
        for (unsigned i = 0; i < USERS; i++) {
                char name[16], id[KEYTEXT_ID_LEN + 1];

                (void) snprintf(name, sizeof(name), "user%u", i);
                (void) snprintf(id, sizeof(id), "%010u", i % 100000);
                unit_key_insert(s->writer, id, name);
                put_account(s, name, i % 3 == 0 ? 1 : i % 3 == 1 ? T0 : T0 + 1);
        }
        assert_int_equal(store_begin(s->writer), 0);
        for (unsigned i = 0; i < MORE; i++) {
                struct key_record key = unit_key("", "user3");

                (void) snprintf(key.id, sizeof(key.id), "b%09u", i % 100000);
                assert_int_equal(store_key_insert(s->writer, &key), 0);
        }
        assert_int_equal(store_commit(s->writer), 0);
        unit_sweep_set_policy(s, "remove-on-password-expiry", 1, T0);
        /* What is certain without a clock ends first. It is not looked for again and again. */
        do {
                assert_int_equal(sweep_run(s->writer, T0, &sweep), 0);
                assert_in_range(sweep.ended, 0, SWEEP_ENDED_MAX);
                ended += (unsigned) sweep.ended;
                assert_in_range(++runs, 1, 100);
        } while (sweep.more);
        assert_int_equal(ended, (USERS + 2) / 3 + MORE);
        assert_in_range(runs, ended / SWEEP_ENDED_MAX, ended / SWEEP_ENDED_MAX + 3);
        assert_int_equal(sweep_run(s->writer, T0, &sweep), 0);
        assert_false(sweep.more);
        sweep.clock_trusted = true;
        (void) unit_sweep_run_all(s, T0, &sweep);
        assert_int_equal(sweep.ended, (USERS + 1) / 3);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM key WHERE status = 0"),
                         USERS / 3);
}

/* When the policy is set once more, all passwords are looked at again, and locked ones too. */
static void test_the_policy_is_set_again(void **state) {
        struct unit_store *s = *state;
        struct sweep sweep = { .clock_trusted = true };

        unit_sweep_set_policy(s, "lifetime", 0, T0);
        unit_sweep_set_policy(s, "remove-on-password-expiry", 1, T0);
        (void) unit_sweep_run_all(s, T0, &sweep);
        unit_sweep_set_policy(s, "remove-on-password-expiry", 0, T0);
        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        put_account(s, "alice", 0);
        unit_sql(s->path, "UPDATE account SET locked = 1");
        (void) unit_sweep_run_all(s, T0, &sweep);
        assert_int_equal(sweep.ended, 0);
        unit_sweep_set_policy(s, "remove-on-password-expiry", 1, T0);
        (void) unit_sweep_run_all(s, T0, &sweep);
        assert_int_equal(sweep.ended, 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_with_sweep(test_what_becomes_of_an_account_s_keys),
                unit_test_with_sweep(test_an_expired_key_of_a_removed_user_does_not_live_again),
                unit_test_with_sweep(test_all_keys_of_one_who_has_very_many),
                unit_test_with_sweep(test_passwords_end_by_the_clock),
                unit_test_with_sweep(test_a_first_sweep_looks_at_all_passwords),
                unit_test_with_sweep(test_an_account_that_cannot_be_read_undoes_all),
                unit_test_with_sweep(test_a_clock_that_is_not_trusted_ends_nothing),
                unit_test_with_sweep(test_a_lock_needs_no_clock),
                unit_test_with_sweep(test_everybody_a_piece_at_a_time),
                unit_test_with_sweep(test_the_policy_is_set_again),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

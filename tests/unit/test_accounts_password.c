/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of keys when shadow or a directory says that a password is not good: it is believed
 * at once for refusing, and after a while for ending. */
#include "unit_accounts_update.h"

#include "rules/expiry.h"

#define GRACE EXPIRY_PASSWORD_GRACE_S
#define GOOD  "alice:$y$x:20000:0:99999::::\nbob:$y$x:20000:0:99999::::\n"

/* Ways of a password of alice not to be good, and what is said of it. */
static const struct {
        const char *shadow, *reason;
} ways[] = {
        { "alice:$y$x:0:0:99999::::\nbob:$y$x:20000:0:99999::::\n",
          "the password must be changed" },
        { "alice:!$y$x:20000:0:99999::::\nbob:$y$x:20000:0:99999::::\n",
          "the password was locked" },
        { "alice:$y$x:11000:0:30::::\nbob:$y$x:20000:0:99999::::\n",
          "the password expired at 2000-03-15T00:00:00Z" },
};

static void begin_with(struct unit_store *s, int64_t grace) {
        set_policy(s, "remove-on-password-expiry", 1);
        set_policy(s, "account-grace", grace);
        put("shadow", GOOD);
        begin(s);
}

static void look(struct unit_store *s) {
        (void) pass(s, true, "", "");
}

static bool is_refused(struct unit_store *s, const char *name) {
        struct account_record account = known(s, name);

        return !expiry_password_good(&account, now);
}

static void again(void **state, void (*test)(struct unit_store *s, size_t way)) {
        for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
                void *fixture = NULL;

                assert_int_equal(make(&fixture), 0);
                test(fixture, i);
                assert_int_equal(unit_store_remove(&fixture), 0);
        }
        (void) state;
}

/* Without a grace it ends at once. */
static void at_once(struct unit_store *s, size_t way) {
        begin_with(s, 0);
        put("shadow", ways[way].shadow);
        assert_true(pass(s, false, "", ""));
        key_is(s, "aaaaaaaaaa", KEY_REVOKED, ways[way].reason);
        key_is(s, "bbbbbbbbbb", KEY_ACTIVE, "");
}

static void test_at_once(void **state) {
        again(state, at_once);
}

/* pwunconv(8) has moved all into passwd. There an administrator unlocks the password. A shadow file
 * that is gone without that says nothing. */
static void test_without_shadow_passwd_counts(void **state) {
        struct unit_store *s = *state;
        char path[UNIT_PATH_LEN];

        begin_with(s, PARSE_DAY_S);
        put("shadow", ways[1].shadow);
        look(s);
        assert_true(is_refused(s, "alice"));
        assert_int_equal(unlink(unit_join(path, etc, "shadow")), 0);
        look(s);
        assert_true(is_refused(s, "alice"));
        put("passwd", "root:!:0:0::/root:/bin/sh\nalice:!$y$x:1000:100::/:/bin/sh\n" BOB);
        look(s);
        assert_true(is_refused(s, "alice"));
        assert_false(is_refused(s, "bob"));
        put("passwd", "root:!:0:0::/root:/bin/sh\nalice:$y$x:1000:100::/:/bin/sh\n" BOB);
        look(s);
        assert_false(is_refused(s, "alice"));
        now += GRACE;
        look(s);
        key_is(s, "aaaaaaaaaa", KEY_ACTIVE, "");
        put("passwd", "root:!:0:0::/root:/bin/sh\nalice:!$y$x:1000:100::/:/bin/sh\n" BOB);
        look(s);
        assert_true(is_refused(s, "alice"));
}

/* It does not come back with a new password, and a user without a password has none to lose. */
static void test_an_end_stays(void **state) {
        struct unit_store *s = *state;

        begin_with(s, 0);
        put("shadow", "alice:$y$x:0:0:99999::::\nbob:*:0:0:30::::\n");
        assert_true(pass(s, false, "", ""));
        key_is(s, "aaaaaaaaaa", KEY_REVOKED, "the password must be changed");
        key_is(s, "bbbbbbbbbb", KEY_ACTIVE, "");
        put("shadow", GOOD);
        assert_true(pass(s, false, "", ""));
        key_is(s, "aaaaaaaaaa", KEY_REVOKED, "the password must be changed");
}

/* The file is wrong for a moment, twice. The time between does not add up. */
static void slip(struct unit_store *s, size_t way) {
        begin_with(s, PARSE_DAY_S);
        for (unsigned i = 0; i < 2; i++) {
                put("shadow", ways[way].shadow);
                assert_true(pass(s, false, "", ""));
                assert_true(is_refused(s, "alice"));
                now += GRACE - 1;
                look(s);
                key_is(s, "aaaaaaaaaa", KEY_ACTIVE, "");
                put("shadow", GOOD);
                assert_true(pass(s, false, "", ""));
                assert_false(is_refused(s, "alice"));
                look(s);
                key_is(s, "aaaaaaaaaa", KEY_ACTIVE, "");
        }
}

static void test_a_slip_ends_nothing(void **state) {
        again(state, slip);
}

/* The line of alice is missing for a moment, and her password was not good. */
static void missing_line(struct unit_store *s, size_t way) {
        begin_with(s, PARSE_DAY_S);
        put("shadow", ways[way].shadow);
        look(s);
        for (unsigned i = 0; i < 2; i++) {
                put("shadow", i == 0 ? "bob:$y$x:20000:0:99999::::\n" : "");
                look(s);
                assert_true(is_refused(s, "alice"));
                assert_false(is_refused(s, "bob"));
        }
        put("shadow", GOOD);
        look(s);
        assert_false(is_refused(s, "alice"));
        key_is(s, "aaaaaaaaaa", KEY_ACTIVE, "");
        /* A new account without a line in shadow has no password that was not good. */
        put("shadow", ways[way].shadow);
        look(s);
        put("passwd", ROOT "alice:x:1007:100::/:/bin/sh\n" BOB);
        put("shadow", "");
        look(s);
        assert_false(is_refused(s, "alice"));
}

static void test_a_missing_line_says_nothing(void **state) {
        again(state, missing_line);
}

/* A grace of a day is for accounts. */
static void after_a_while(struct unit_store *s, size_t way) {
        begin_with(s, PARSE_DAY_S);
        put("shadow", ways[way].shadow);
        assert_true(pass(s, false, "", ""));
        now += GRACE - 1;
        look(s);
        key_is(s, "aaaaaaaaaa", KEY_ACTIVE, "");
        now += 1;
        look(s);
        key_is(s, "aaaaaaaaaa", KEY_REVOKED, ways[way].reason);
        key_is(s, "bbbbbbbbbb", KEY_ACTIVE, "");
}

static void test_it_ends_when_it_has_been_so_for_a_while(void **state) {
        again(state, after_a_while);
}

static void test_a_shorter_grace_counts(void **state) {
        struct unit_store *s = *state;

        begin_with(s, 60);
        put("shadow", ways[0].shadow);
        assert_true(pass(s, false, "", ""));
        now += 60;
        look(s);
        key_is(s, "aaaaaaaaaa", KEY_REVOKED, ways[0].reason);
}

/* The time counts from a look by a clock that is trusted. */
static void test_a_clock_that_is_not_trusted(void **state) {
        struct unit_store *s = *state;

        begin_with(s, PARSE_DAY_S);
        clock_trust(false);
        put("shadow", ways[1].shadow);
        assert_true(pass(s, false, "", ""));
        assert_true(is_refused(s, "alice"));
        assert_int_equal(known(s, "alice").password_since, RECORD_UNCERTAIN);
        now += 25 * PARSE_YEAR_S;
        look(s);
        now = T0 + 7200;
        clock_trust(true);
        look(s);
        key_is(s, "aaaaaaaaaa", KEY_ACTIVE, "");
        assert_int_equal(known(s, "alice").password_since, now);
        now += GRACE;
        look(s);
        key_is(s, "aaaaaaaaaa", KEY_REVOKED, ways[1].reason);
}

/* A clock that was trusted and ahead. */
static void test_since_a_time_in_the_future(void **state) {
        struct unit_store *s = *state;

        begin_with(s, PARSE_DAY_S);
        now += PARSE_YEAR_S;
        put("shadow", ways[1].shadow);
        look(s);
        now = T0 + 100;
        look(s);
        assert_int_equal(known(s, "alice").password_since, now);
        now += GRACE;
        look(s);
        key_is(s, "aaaaaaaaaa", KEY_REVOKED, ways[1].reason);
}

/* The file gets a date that comes soon, by mistake. The date alone is no proof then. */
static void test_a_date_that_is_new(void **state) {
        const int64_t day = T0 / PARSE_DAY_S + 1, midnight = day * PARSE_DAY_S;
        struct unit_store *s = *state;
        char shadow[128];

        begin_with(s, PARSE_DAY_S);
        (void) sprintf(shadow, "alice:$y$x:20000:0:%d::::\n", (int) (day - 1 - 20000));
        now = midnight - 10;
        put("shadow", shadow);
        look(s);
        assert_false(is_refused(s, "alice"));
        now = midnight;
        look(s);
        assert_true(is_refused(s, "alice"));
        key_is(s, "aaaaaaaaaa", KEY_ACTIVE, "");
        now = midnight - 10 + GRACE;
        look(s);
        key_is(s, "aaaaaaaaaa", KEY_REVOKED, "the password expired at 2027-01-16T00:00:00Z");
}

/* A directory has the password's dates (shadow: ldap). */
static void test_of_a_directory(void **state) {
        struct account_record account = {
                .name = "alice", .state = ACCOUNT_PRESENT, .uid = 1000, .locked = true
        };
        struct unit_store *s = *state;

        begin_with(s, PARSE_DAY_S);
        put("passwd", ROOT BOB);
        assert_true(pass(s, false, "alice ", "alice=present"));
        for (unsigned i = 0; i < 3; i++) {
                struct accounts_update facts = { .etc = etc,
                                                 .admin_group = NOBODY,
                                                 .everybody = true };

                assert_int_equal(accounts_update_read(&facts, s->writer), 0);
                assert_int_equal(facts.n, 1);
                facts.asked[0].account = account;
                accounts_update_take(&facts, s->writer);
                accounts_update_done(&facts);
                assert_true(is_refused(s, "alice"));
                if (i < 2)
                        key_is(s, "aaaaaaaaaa", KEY_ACTIVE, "");
                now += GRACE / 2;
        }
        now -= GRACE / 2;
        key_is(s, "aaaaaaaaaa", KEY_REVOKED, "the password was locked");
}

/* --- Many at one look --- */

#define FOUR "u1:x:1000:1::/:\nu2:x:1000:1::/:\nu3:x:1000:1::/:\nu4:x:1000:1::/:\n"
#define LINES(a, b, c, d)                                                                          \
        "u1:" a ":20000:0:99999::::\nu2:" b ":20000:0:99999::::\nu3:" c                            \
        ":20000:0:99999::::\nu4:" d ":20000:0:99999::::\n"
#define ALL_GOOD   GOOD LINES("$y$x", "$y$x", "$y$x", "$y$x")
#define ALL_LOCKED GOOD LINES("!$y$x", "!$y$x", "!$y$x", "!$y$x")

static void begin_four(struct unit_store *s, int64_t grace) {
        char id[KEYTEXT_ID_LEN + 1], name[WIRE_USER_MAX + 1];

        for (unsigned i = 1; i <= 4; i++) {
                (void) snprintf(id, sizeof(id), "%010u", i);
                (void) snprintf(name, sizeof(name), "u%u", i);
                unit_key_insert(s->writer, id, name);
        }
        put("passwd", ROOT ALICE BOB FOUR);
        begin_with(s, grace);
        put("shadow", ALL_GOOD);
        look(s);
        now++;
}

static int64_t ended(struct unit_store *s) {
        return unit_sql_number(s->path, "SELECT count(*) FROM key WHERE status = 1");
}

static uint64_t held(struct unit_store *s) {
        uint64_t n;

        assert_int_equal(store_account_count_held_passwords(s->writer, &n), 0);
        return n;
}

static void say_expired(struct unit_store *s, const char *user, uint64_t keys) {
        struct accounts_files_memory memory = {};
        const struct accounts_source source = { .etc = etc,
                                                .admin_group = NOBODY,
                                                .memory = &memory };
        struct audit_record record = { .at = now, .event = "password-expired" };

        assert_int_equal(accounts_update_expired(s->writer, &source, user, &record), 0);
        assert_int_equal(record.count, keys);
}

static void test_many_at_one_look_are_held(void **state) {
        struct unit_store *s = *state;

        for (unsigned i = 0; i < 2; i++) { /* without a grace, too */
                begin_four(s, i == 0 ? 0 : PARSE_DAY_S);
                put("shadow", ALL_LOCKED);
                assert_true(pass(s, false, "", ""));
                assert_true(is_refused(s, "u1"));
                assert_int_equal(held(s), 4);
                now += 1000 * PARSE_DAY_S;
                look(s);
                assert_int_equal(ended(s), 0);
                put("shadow", ALL_GOOD);
                assert_true(pass(s, false, "", ""));
                assert_false(is_refused(s, "u1"));
                assert_int_equal(held(s), 0);
                unit_sql(s->path, "DELETE FROM key WHERE owner LIKE 'u%'");
                now = T0;
        }
}

static void test_an_administrator_says_that_it_is_meant(void **state) {
        struct unit_store *s = *state;

        begin_four(s, PARSE_DAY_S);
        put("shadow", ALL_LOCKED);
        look(s);
        say_expired(s, "u1", 1);
        say_expired(s, "u1", 0);
        say_expired(s, "alice", 0); /* hers is good */
        say_expired(s, "nobody-at-all", 0);
        assert_int_equal(ended(s), 1);
        assert_int_equal(held(s), 3);
        assert_int_equal(unit_sql_number(s->path, "SELECT count(*) FROM audit WHERE event = "
                                                  "'password-expired' AND user = 'u1'"),
                         1);
        now += PARSE_DAY_S;
        look(s);
        assert_int_equal(ended(s), 1);
        set_policy(s, "remove-on-password-expiry", 0);
        say_expired(s, "u2", 0); /* the password does not matter */
        assert_int_equal(ended(s), 1);
}

/* The same command ends keys of one user before the time has passed. It looks into the file, and
 * not at what was seen of it. */
static void test_one_that_is_meant(void **state) {
        struct unit_store *s = *state;

        begin_with(s, PARSE_DAY_S);
        put("shadow", ways[0].shadow);
        say_expired(s, "alice", 1);
        key_is(s, "aaaaaaaaaa", KEY_REVOKED, ways[0].reason);
        put("shadow", "bob:!$y$x:20000:0:99999::::\n");
        look(s);
        put("shadow", GOOD);
        say_expired(s, "bob", 0);
        key_is(s, "bbbbbbbbbb", KEY_ACTIVE, "");
}

static void test_three_are_not_many(void **state) {
        struct unit_store *s = *state;

        begin_four(s, PARSE_DAY_S);
        unit_sql(s->path, "UPDATE key SET status = 1, dead_at = 5 WHERE owner = 'u4'");
        put("shadow", ALL_LOCKED);
        look(s);
        assert_int_equal(held(s), 0);
        now += GRACE;
        look(s);
        assert_int_equal(ended(s), 4);
}

/* While some are held, one more is held as well: it may be the rest of the same look. */
static void test_one_more_while_others_are_held(void **state) {
        struct unit_store *s = *state;

        begin_four(s, PARSE_DAY_S);
        put("shadow", ALL_LOCKED);
        look(s);
        put("shadow", "alice:!$y$x:20000:0:99999::::\nbob:$y$x:20000:0:99999::::\n" LINES(
                              "!$y$x", "!$y$x", "!$y$x", "!$y$x"));
        look(s);
        assert_int_equal(held(s), 5);
        /* A held one that is wrong in another way stays held. */
        put("shadow", GOOD LINES("", "*", "!$y$x", "!$y$x") "u5:x:0:::::\n");
        look(s);
        assert_int_equal(held(s), 2);
}

/* A day later, others are judged by themselves, unless the daemon was started anew. Nobody has said
 * anything of the first yet. */
static void test_one_more_a_day_later(void **state) {
        struct accounts_holds process = {};
        struct unit_store *s = *state;

        begin_four(s, PARSE_DAY_S);
        holds = &process;
        put("shadow", ALL_LOCKED);
        look(s);
        look(s);
        assert_int_equal(held(s), 4);
        process.at[1] -= ACCOUNTS_HOLD_S * UINT64_C(1000000000);
        process.files = process.directories = false;
        put("shadow", "alice:!$y$x:20000:0:99999::::\nbob:$y$x:20000:0:99999::::\n" LINES(
                              "!$y$x", "!$y$x", "!$y$x", "!$y$x"));
        look(s);
        assert_int_equal(held(s), 5);
        /* The day begins anew with the start: those before it may have been the last of many. */
        assert_true(process.at[1] != 0 &&
                    clock_ticks() - process.at[1] < ACCOUNTS_HOLD_S * UINT64_C(1000000000));
        process.at[1] -= ACCOUNTS_HOLD_S * UINT64_C(1000000000);
        put("shadow", "alice:!$y$x:20000:0:99999::::\nbob:!$y$x:20000:0:99999::::\n" LINES(
                              "!$y$x", "!$y$x", "!$y$x", "!$y$x"));
        look(s);
        assert_int_equal(held(s), 5);
        now += GRACE;
        look(s);
        assert_int_equal(ended(s), 1);
        key_is(s, "bbbbbbbbbb", KEY_REVOKED, "the password was locked");
        holds = NULL;
}

/* All were to change their passwords by the same day, and it has come. */
static void test_the_date_alone(void **state) {
        const int64_t day = T0 / PARSE_DAY_S + 1;
        struct unit_store *s = *state;
        char shadow[512];
        size_t len = 0;

        begin_four(s, PARSE_DAY_S);
        for (unsigned i = 1; i <= 4; i++)
                len += (size_t) sprintf(shadow + len, "u%u:$y$x:20000:0:%d::::\n", i,
                                        (int) (day - 1 - 20000));
        put("shadow", shadow);
        look(s);
        now = day * PARSE_DAY_S;
        look(s);
        assert_int_equal(held(s), 0);
        assert_int_equal(ended(s), 4);
}

/* Nobody minds while the policy is off, and when it is set, that is meant. */
static void test_many_before_the_policy_is_set(void **state) {
        struct unit_store *s = *state;

        begin_four(s, PARSE_DAY_S);
        set_policy(s, "remove-on-password-expiry", 0);
        put("shadow", ALL_LOCKED);
        look(s);
        assert_int_equal(held(s), 0);
        set_policy(s, "remove-on-password-expiry", 1);
        look(s);
        assert_int_equal(ended(s), 0);
        now += GRACE;
        look(s);
        assert_int_equal(ended(s), 4);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_at_once),
                test_facts(test_without_shadow_passwd_counts),
                test_facts(test_an_end_stays),
                cmocka_unit_test(test_a_slip_ends_nothing),
                cmocka_unit_test(test_a_missing_line_says_nothing),
                cmocka_unit_test(test_it_ends_when_it_has_been_so_for_a_while),
                test_facts(test_a_shorter_grace_counts),
                test_facts(test_a_clock_that_is_not_trusted),
                test_facts(test_since_a_time_in_the_future),
                test_facts(test_a_date_that_is_new),
                test_facts(test_of_a_directory),
                test_facts(test_many_at_one_look_are_held),
                test_facts(test_an_administrator_says_that_it_is_meant),
                test_facts(test_one_that_is_meant),
                test_facts(test_three_are_not_many),
                test_facts(test_one_more_while_others_are_held),
                test_facts(test_one_more_a_day_later),
                test_facts(test_the_date_alone),
                test_facts(test_many_before_the_policy_is_set),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of users and their keys by what files and directories say, step by step, with a
 * clock that is a variable. */
#include "unit_accounts_update.h"

/* --- From the files alone --- */

static void test_nothing_new_is_quiet(void **state) {
        struct unit_store *s = *state;

        begin(s);
        for (int i = 0; i < 3; i++) {
                assert_false(pass(s, i % 2, "", ""));
                now += 1000;
        }
        assert_int_equal(known(s, "alice").checked_at, T0); /* nor is a row written for it */
}

static void test_users_without_keys_do_not_matter(void **state) {
        struct unit_store *s = *state;

        begin(s);
        put("passwd", ROOT ALICE BOB "carol:x:1003:1::/:\n");
        assert_false(pass(s, true, "", ""));
        assert_int_equal(known(s, "carol").state, ACCOUNT_UNKNOWN);
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_key_delete(s->writer, "bbbbbbbbbb"), 0);
        assert_int_equal(store_commit(s->writer), 0);
        assert_false(pass(s, true, "", ""));
        assert_int_equal(known(s, "bob").state, ACCOUNT_UNKNOWN); /* forgotten */
}

static void test_another_number_is_another_person(void **state) {
        struct unit_store *s = *state;

        begin(s);
        put("passwd", ROOT "alice:x:1234:100::/:\n" BOB);
        assert_true(pass(s, false, "", ""));
        assert_int_equal(known(s, "alice").uid, 1234); /* so the key is refused */
        key_is(s, "aaaaaaaaaa", KEY_ACTIVE, "");
        now += 1000 * PARSE_DAY_S;
        assert_false(pass(s, true, "", ""));
        key_is(s, "aaaaaaaaaa", KEY_ACTIVE, "");
        put("passwd", ROOT ALICE BOB);
        assert_true(pass(s, false, "", ""));
        assert_int_equal(known(s, "alice").uid, 1000);
        key_is(s, "aaaaaaaaaa", KEY_ACTIVE, "");
}

static void test_what_shadow_says_is_written(void **state) {
        struct unit_store *s = *state;

        begin(s);
        put("shadow", "alice:!$y$x:20000:0:30:::20500:\n");
        assert_true(pass(s, false, "", ""));
        assert_int_equal(known(s, "alice").locked, true);
        assert_int_equal(known(s, "alice").password_ends_at, 20031 * PARSE_DAY_S);
        assert_int_equal(known(s, "alice").closes_at, 20500 * PARSE_DAY_S);
        key_is(s, "aaaaaaaaaa", KEY_ACTIVE, ""); /* the policy is off */
        put("shadow", "alice:$y$x:20000:0:99999::::\n");
        assert_true(pass(s, false, "", ""));
        assert_int_equal(known(s, "alice").locked, false);
        assert_int_equal(known(s, "alice").password_ends_at, 0);
        assert_int_equal(known(s, "alice").closes_at, 0);
}

/* --- Who vanishes --- */

/* A line is missing in the passwd file for a moment: a slip of an editor. */
static void test_a_slip_ends_nothing(void **state) {
        struct unit_store *s = *state;

        begin(s);
        put("passwd", ROOT BOB);
        assert_true(pass(s, false, "alice ", "alice=gone"));
        assert_int_equal(known(s, "alice").state, ACCOUNT_GONE); /* refused at once */
        key_is(s, "aaaaaaaaaa", KEY_ACTIVE, "");
        put("passwd", ROOT ALICE BOB);
        assert_true(pass(s, false, "", ""));
        assert_int_equal(known(s, "alice").state, ACCOUNT_PRESENT);
        assert_int_equal(known(s, "alice").gone_since, 0);
        key_is(s, "aaaaaaaaaa", KEY_ACTIVE, "");
}

static void test_a_local_user_must_be_gone_for_the_grace(void **state) {
        struct unit_store *s = *state;
        int64_t since;

        set_policy(s, "account-grace", 3600);
        begin(s);
        put("passwd", ROOT BOB);
        since = now;
        assert_true(pass(s, false, "alice ", "alice=gone"));
        now = since + 3599;
        assert_false(pass(s, true, "alice ", "alice=gone"));
        key_is(s, "aaaaaaaaaa", KEY_ACTIVE, "");
        now = since + 3600;
        assert_false(pass(s, true, "alice ", "alice=unknown")); /* nobody confirms it now */
        key_is(s, "aaaaaaaaaa", KEY_ACTIVE, "");
        /* The clock was set just now, so the grace begins anew. */
        clock_trust(false);
        assert_true(pass(s, true, "alice ", "alice=gone"));
        key_is(s, "aaaaaaaaaa", KEY_ACTIVE, "");
        clock_trust(true);
        now += 3600;
        assert_true(pass(s, true, "alice ", "alice=gone"));
        key_is(s, "aaaaaaaaaa", KEY_REVOKED, "the account was removed");
        key_is(s, "bbbbbbbbbb", KEY_ACTIVE, "");
}

/* The clock was ahead when the account was lost. */
static void test_gone_since_a_time_in_the_future(void **state) {
        struct unit_store *s = *state;

        begin(s);
        put("passwd", ROOT BOB);
        now += 25 * PARSE_YEAR_S;
        assert_true(pass(s, false, "alice ", "alice=gone"));
        now -= 25 * PARSE_YEAR_S;
        assert_true(pass(s, true, "alice ", "alice=gone"));
        assert_int_equal(known(s, "alice").gone_since, now);
        now += PARSE_DAY_S;
        assert_true(pass(s, true, "alice ", "alice=gone"));
        key_is(s, "aaaaaaaaaa", KEY_REVOKED, "the account was removed");
}

/* A host was off for three days and has no battery clock. Its clock is set a while after the
 * account was lost, so most of that time has not passed while the account was gone. */
static void test_a_clock_that_was_behind_is_no_grace(void **state) {
        struct unit_store *s = *state;

        begin(s);
        put("passwd", ROOT BOB);
        assert_true(pass(s, false, "alice ", "alice=gone"));
        now += 3 * PARSE_DAY_S;
        clock_trust(false);
        assert_true(pass(s, true, "alice ", "alice=gone"));
        clock_trust(true);
        now += 3600;
        assert_false(pass(s, true, "alice ", "alice=gone"));
        key_is(s, "aaaaaaaaaa", KEY_ACTIVE, "");
        now += PARSE_DAY_S;
        assert_true(pass(s, true, "alice ", "alice=gone"));
        key_is(s, "aaaaaaaaaa", KEY_REVOKED, "the account was removed");
}

static void test_without_a_grace_directories_decide(void **state) {
        struct unit_store *s = *state;

        set_policy(s, "account-grace", 0);
        clock_trust(false); /* no time has to pass */
        begin(s);
        put("passwd", ROOT BOB);
        assert_true(pass(s, false, "alice ", "alice=gone"));
        assert_int_equal(known(s, "alice").state, ACCOUNT_GONE);
        assert_int_equal(known(s, "alice").gone_since, now);
        key_is(s, "aaaaaaaaaa", KEY_REVOKED, "the account was removed");
        key_is(s, "bbbbbbbbbb", KEY_ACTIVE, "");
        assert_false(pass(s, false, "", "")); /* asked once, not for ever */
}

/* As at a start: what the files have lost is refused, and a later process hears the answer. */
static void test_a_process_that_does_not_hear_the_answer(void **state) {
        const struct accounts_source source = { .etc = etc, .admin_group = NOBODY };
        struct unit_store *s = *state;

        set_policy(s, "account-grace", 0);
        begin(s);
        put("passwd", ROOT BOB);
        assert_int_equal(accounts_update_look(s->writer, &source), 0);
        assert_int_equal(known(s, "alice").state, ACCOUNT_GONE);
        key_is(s, "aaaaaaaaaa", KEY_ACTIVE, "");
        assert_false(pass(s, true, "alice ", "alice=unknown"));
        key_is(s, "aaaaaaaaaa", KEY_ACTIVE, "");
        assert_true(pass(s, true, "alice ", "alice=gone"));
        key_is(s, "aaaaaaaaaa", KEY_REVOKED, "the account was removed");
}

/* Keys that have just come from another host: what the files say of their owners is written, and
 * whether somebody has to be asked for the others is told. */
static void test_a_look_at_newcomers(void **state) {
        struct accounts_source source = { .etc = etc, .admin_group = NOBODY };
        struct unit_store *s = *state;
        uint64_t generation;

        assert_int_equal(accounts_update_look(s->writer, &source), 0);
        assert_int_equal(known(s, "alice").state, ACCOUNT_PRESENT);
        assert_int_equal(known(s, "bob").checked_at, T0);
        generation = s->shared.generation;
        assert_int_equal(accounts_update_look(s->writer, &source), 0);
        assert_int_equal(s->shared.generation, generation);
        unit_key_insert(s->writer, "cccccccccc", "carol");
        assert_int_equal(accounts_update_look(s->writer, &source), 1);
        assert_int_equal(known(s, "carol").state, ACCOUNT_UNKNOWN);
        put("passwd", ROOT ALICE BOB "carol:x:1000:1::/:\n");
        assert_int_equal(accounts_update_look(s->writer, &source), 0);
        assert_int_equal(known(s, "carol").state, ACCOUNT_PRESENT);

        /* whether she administers is for a directory to say */
        source.admin_group = ADMINS;
        assert_int_equal(accounts_update_look(s->writer, &source), 0);
        unit_key_insert(s->writer, "dddddddddd", "dora");
        put("passwd", ROOT ALICE BOB "carol:x:1000:1::/:\ndora:x:1000:1::/:\n");
        assert_int_equal(accounts_update_look(s->writer, &source), 1);
        assert_int_equal(known(s, "dora").state, ACCOUNT_PRESENT);
        put("passwd", "");
        unit_fails("files that are not believed", accounts_update_look(s->writer, &source));
}

/* Refused from the first moment on; but the keys live as long as a directory may have the user. */
static void test_nobody_says_what_became_of_a_local_user(void **state) {
        struct unit_store *s = *state;

        begin(s);
        put("passwd", ROOT BOB);
        assert_true(pass(s, false, "alice ", "alice=unknown"));
        assert_int_equal(known(s, "alice").state, ACCOUNT_GONE);
        key_is(s, "aaaaaaaaaa", KEY_ACTIVE, "");
        assert_false(pass(s, true, "alice ", "")); /* asked again with all */
        key_is(s, "aaaaaaaaaa", KEY_ACTIVE, "");
        put("passwd", ROOT ALICE BOB);
        assert_true(pass(s, false, "", ""));
        assert_int_equal(known(s, "alice").state, ACCOUNT_PRESENT);
        key_is(s, "aaaaaaaaaa", KEY_ACTIVE, "");
}

/* The files are read again while the question is on its way. */
static void test_an_answer_that_is_older_than_the_files(void **state) {
        struct accounts_update facts = { .etc = etc, .admin_group = NOBODY };
        struct unit_store *s = *state;

        begin(s);
        put("passwd", ROOT BOB);
        accounts_update_read(&facts, s->writer);
        assert_int_equal(facts.n, 1);
        put("passwd", ROOT ALICE BOB);
        put("shadow", "alice:!$y$x:20000:0:99999::::\n");
        assert_true(pass(s, false, "", ""));
        facts.asked[0].account.state = ACCOUNT_GONE;
        accounts_update_take(&facts, s->writer);
        assert_int_equal(known(s, "alice").state, ACCOUNT_PRESENT);
        facts.asked[0].account =
                (struct account_record){ .name = "alice", .state = ACCOUNT_PRESENT, .uid = 7 };
        accounts_update_take(&facts, s->writer);
        assert_int_equal(known(s, "alice").locked, true);
        assert_int_equal(known(s, "alice").uid, 1000);
        assert_int_equal(known(s, "alice").local, true);
        key_is(s, "aaaaaaaaaa", KEY_ACTIVE, "");
        accounts_update_done(&facts);
}

static void test_lists_of_those_to_ask(void **state) {
        struct accounts_update facts = {},
                               more = { .n = 2, .asked = calloc(2, sizeof(*more.asked)) };

        (void) state;
        assert_non_null(more.asked);
        memcpy(more.asked[0].asked, "alice", 6);
        memcpy(more.asked[1].asked, "bob", 4);
        for (size_t i = 0; i < 3; i++) {
                assert_int_equal(accounts_update_append(&facts, &more), 0);
                assert_int_equal(facts.n, 2 * i + 2);
                assert_string_equal(facts.asked[2 * i].asked, "alice");
                assert_string_equal(facts.asked[2 * i + 1].asked, "bob");
        }
        accounts_update_done(&facts);
        accounts_update_done(&more);
}

static void test_a_user_who_moves_to_a_directory_keeps_the_keys(void **state) {
        struct unit_store *s = *state;

        begin(s);
        put("passwd", ROOT BOB);
        assert_true(pass(s, false, "alice ", "alice=present"));
        assert_int_equal(known(s, "alice").state, ACCOUNT_PRESENT);
        assert_int_equal(known(s, "alice").local, false);
        key_is(s, "aaaaaaaaaa", KEY_ACTIVE, "");
        /* a directory is asked now and then only */
        assert_false(pass(s, false, "", ""));
        assert_false(pass(s, true, "alice ", "alice=present"));
        assert_false(pass(s, true, "alice ", ""));
        assert_int_equal(known(s, "alice").state, ACCOUNT_PRESENT); /* as it was */
}

static void test_a_user_who_moves_to_a_directory_as_somebody_else(void **state) {
        struct unit_store *s = *state;

        begin(s);
        put("passwd", ROOT BOB);
        assert_true(pass(s, false, "alice ", "alice=other"));
        assert_int_equal(known(s, "alice").uid, 1001);
        key_is(s, "aaaaaaaaaa", KEY_ACTIVE, "");
}

static void test_a_directory_s_user_must_be_gone_for_a_day(void **state) {
        struct unit_store *s = *state;
        int64_t since;

        begin(s);
        put("passwd", ROOT BOB);
        assert_true(pass(s, false, "alice ", "alice=present"));
        since = now += 1000;
        assert_true(pass(s, true, "alice ", "alice=gone"));
        assert_int_equal(known(s, "alice").state, ACCOUNT_GONE); /* refused at once */
        key_is(s, "aaaaaaaaaa", KEY_ACTIVE, "");
        now = since + PARSE_DAY_S - 1;
        assert_false(pass(s, true, "alice ", "alice=gone"));
        assert_int_equal(known(s, "alice").gone_since, since); /* since then, not since now */
        key_is(s, "aaaaaaaaaa", KEY_ACTIVE, "");
        assert_true(pass(s, true, "alice ", "alice=present")); /* it was the directory's fault */
        assert_int_equal(known(s, "alice").gone_since, 0);
        assert_true(pass(s, true, "alice ", "alice=gone"));
        since = now;
        now += PARSE_DAY_S;
        assert_true(pass(s, true, "alice ", "alice=gone"));
        key_is(s, "aaaaaaaaaa", KEY_REVOKED, "the account was removed");
}

static void test_a_new_name_is_another_user(void **state) {
        struct unit_store *s = *state;

        set_policy(s, "account-grace", 0);
        begin(s);
        put("passwd", ROOT BOB "alicia:x:1000:100::/:\n");
        assert_true(pass(s, false, "alice ", "alice=gone"));
        key_is(s, "aaaaaaaaaa", KEY_REVOKED, "the account was removed");
        assert_int_equal(known(s, "alicia").state, ACCOUNT_UNKNOWN);
}

/* While the daemon was not there. */
static void test_gone_before_anything_was_known(void **state) {
        struct unit_store *s = *state;

        put("passwd", ROOT BOB);
        assert_true(pass(s, true, "alice ", "alice=gone"));
        assert_int_equal(known(s, "alice").state, ACCOUNT_GONE);
        key_is(s, "aaaaaaaaaa", KEY_ACTIVE, ""); /* who knows whose she was: a day */
        now += PARSE_DAY_S;
        assert_true(pass(s, true, "alice ", "alice=gone"));
        key_is(s, "aaaaaaaaaa", KEY_REVOKED, "the account was removed");
}

static void test_gone_while_the_daemon_was_not_there(void **state) {
        struct unit_store *s = *state;

        begin(s);
        now += 1000000;
        put("passwd", ROOT BOB);
        assert_true(pass(s, true, "alice ", "alice=gone"));
        key_is(s, "aaaaaaaaaa", KEY_ACTIVE, ""); /* nobody knows since when */
        now += PARSE_DAY_S;
        assert_true(pass(s, true, "alice ", "alice=gone"));
        key_is(s, "aaaaaaaaaa", KEY_REVOKED, "the account was removed");
}

static void test_who_is_unknown_is_asked_for_until_there_is_an_answer(void **state) {
        struct unit_store *s = *state;

        put("passwd", ROOT BOB);
        assert_true(pass(s, true, "alice ", "")); /* bob was learnt */
        assert_int_equal(known(s, "alice").state, ACCOUNT_UNKNOWN);
        assert_false(pass(s, true, "alice ", "alice=unknown"));
        assert_true(pass(s, true, "alice ", "alice=present"));
        assert_int_equal(known(s, "alice").state, ACCOUNT_PRESENT);
}

/* --- Who administers --- */

static void test_an_administrator_by_a_directory_s_group(void **state) {
        struct unit_store *s = *state;

        assert_true(pass_by(s, true, ADMINS, "alice bob ", "alice=admin"));
        assert_int_equal(known(s, "alice").admin, true);
        assert_int_equal(known(s, "bob").admin, true); /* until it is known */
        assert_true(pass_by(s, true, ADMINS, "alice bob ", "alice=admin bob=present"));
        assert_int_equal(known(s, "bob").admin, false);
        /* A change of the files alone does not take it away unasked. */
        put("shadow", "alice:$y$x:20000:0:99999:::20500:\n");
        assert_true(pass_by(s, false, ADMINS, "alice ", ""));
        assert_int_equal(known(s, "alice").admin, true);
        assert_int_equal(known(s, "alice").closes_at, 20500 * PARSE_DAY_S);
        assert_true(pass_by(s, false, ADMINS, "alice ", "alice=present"));
        assert_int_equal(known(s, "alice").admin, false);
}

/* A directory with groups is silent, or the group file has lost the group. */
static void test_groups_that_are_silent_change_nothing(void **state) {
        struct unit_store *s = *state;

        set_policy(s, "admin-keys", 0);
        /* Nothing is known, and it matters. */
        assert_false(pass_by(s, true, ADMINS, "alice bob ", ""));
        assert_int_equal(known(s, "alice").state, ACCOUNT_UNKNOWN);
        assert_true(pass_by(s, true, ADMINS, "alice bob ", "alice=silent bob=silent"));
        assert_int_equal(known(s, "alice").state, ACCOUNT_PRESENT);
        assert_int_equal(known(s, "alice").admin, true);
        assert_true(pass_by(s, true, ADMINS, "alice bob ", "alice=admin bob=present"));
        assert_false(pass_by(s, true, ADMINS, "alice bob ", "alice=silent bob=silent"));
        assert_int_equal(known(s, "alice").admin, true);
        assert_int_equal(known(s, "bob").admin, false);

        /* A slip in passwd, and then another person. */
        put("passwd", ROOT BOB);
        assert_true(pass_by(s, false, ADMINS, "alice ", "alice=gone"));
        put("passwd", ROOT ALICE BOB);
        assert_true(pass_by(s, false, ADMINS, "alice ", "alice=silent"));
        assert_int_equal(known(s, "alice").admin, true);
        put("passwd", ROOT ALICE "bob:x:1003:100::/:/bin/sh\n");
        assert_true(pass_by(s, false, ADMINS, "alice bob ", "alice=silent bob=silent"));
        assert_int_equal(known(s, "bob").admin, true);
        put("passwd", ROOT ALICE BOB);
        assert_true(pass_by(s, false, ADMINS, "alice bob ", "alice=present bob=present"));
        assert_int_equal(known(s, "alice").admin, false);
        assert_int_equal(known(s, "bob").admin, false);
}

/* A start while the group file is wrong. Who is not known to administer does not. */
static void test_while_the_group_is_missing(void **state) {
        struct unit_store *s = *state;

        set_policy(s, "admin-keys", 0);
        put("group", "admins:x:2001:alice\n");
        assert_true(pass_by(s, true, ADMINS, "bob ", ""));
        assert_int_equal(known(s, "alice").admin, true);
        put("group", "");
        assert_true(pass_by(s, true, CONF_ADMIN_GROUP_MISSING, "", ""));
        assert_int_equal(known(s, "alice").admin, true);
        assert_int_equal(known(s, "bob").state, ACCOUNT_PRESENT);
        assert_int_equal(known(s, "bob").admin, false);
        assert_true(pass(s, true, "", "")); /* a file says that there is none */
        assert_int_equal(known(s, "alice").admin, false);
}

/* Where the host had the group, nobody is known to be none of its members. */
static void test_while_a_group_is_missing_that_was_there(void **state) {
        struct unit_store *s = *state;

        set_policy(s, "admin-keys", 0);
        assert_false(accounts_update_had_group(s->writer));
        put("group", "");
        assert_true(pass_by(s, true, CONF_ADMIN_GROUP_LOST, "", ""));
        assert_int_equal(known(s, "alice").admin, true);
        assert_int_equal(known(s, "bob").admin, true);
        assert_true(accounts_update_had_group(s->writer));

        put("group", "admins:x:2001:alice\n");
        assert_true(pass_by(s, true, ADMINS, "bob ", "bob=present"));
        put("group", "");
        assert_false(pass_by(s, true, CONF_ADMIN_GROUP_LOST, "", ""));
        assert_int_equal(known(s, "alice").admin, true);
        assert_int_equal(known(s, "bob").admin, false);
        put("passwd", ROOT ALICE "bob:x:1003:100::/:/bin/sh\n");
        assert_true(pass_by(s, false, CONF_ADMIN_GROUP_LOST, "", ""));
        assert_int_equal(known(s, "bob").admin, true); /* another person */
}

/* What the files were like says it, also where no administrator has a key. */
static void test_that_there_was_a_group_is_remembered(void **state) {
        static const struct {
                gid_t group;
                bool had;
        } rows[] = { { 0, true },
                     { ADMINS, true },
                     { CONF_ADMIN_GROUP_LOST, true },
                     { CONF_ADMIN_GROUP_MISSING, false },
                     { NOBODY, false } };
        struct unit_store *s = *state;

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                const struct accounts_files_identity identity = { .admin_group = rows[i].group };

                assert_int_equal(store_begin(s->writer), 0);
                assert_int_equal(store_account_files_set(s->writer, &identity, sizeof(identity)),
                                 0);
                assert_int_equal(store_commit(s->writer), 0);
                assert_int_equal(accounts_update_had_group(s->writer), rows[i].had);
        }
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_account_files_set(s->writer, "of another version", 18), 0);
        assert_int_equal(store_commit(s->writer), 0);
        assert_false(accounts_update_had_group(s->writer));
}

/* --- What is not believed --- */

static void test_files_that_are_not_believed_change_nothing(void **state) {
        static const char *const bad[] = { "", BOB, "root:x:0:0::/root:/bin/s" };
        struct unit_store *s = *state;
        char path[UNIT_PATH_LEN];

        begin(s);
        for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
                put("passwd", bad[i]);
                assert_false(pass(s, true, "", ""));
                key_is(s, "aaaaaaaaaa", KEY_ACTIVE, "");
                assert_int_equal(known(s, "alice").state, ACCOUNT_PRESENT);
        }
        assert_int_equal(unlink(unit_join(path, etc, "passwd")), 0);
        assert_false(pass(s, true, "", ""));
        assert_int_equal(known(s, "alice").state, ACCOUNT_PRESENT);
        put("passwd", ROOT ALICE BOB);
        assert_int_equal(unlink(unit_join(path, etc, "shadow")), 0);
        assert_false(pass(s, true, "", ""));
        assert_int_equal(known(s, "alice").state, ACCOUNT_PRESENT);
}

static void test_a_store_that_fails_changes_nothing(void **state) {
        struct unit_store *s = *state;

        begin(s);
        put("passwd", ROOT BOB);
        unit_sql(s->path,
                 "INSERT INTO policy (name, value, changed_at) VALUES ('not-known', 1, 1)");
        assert_false(pass(s, true, "", ""));
        assert_int_equal(known(s, "alice").state, ACCOUNT_PRESENT);
        unit_sql(s->path, "DELETE FROM policy");
        set_policy(s, "account-grace", 0);
        assert_true(pass(s, true, "alice ", "alice=gone"));
        key_is(s, "aaaaaaaaaa", KEY_REVOKED, "the account was removed");
}

static void test_very_many_users(void **state) {
        struct unit_store *s = *state;
        char *passwd = malloc(200 * 32 + 64);
        size_t n;

        assert_non_null(passwd);
        n = (size_t) sprintf(passwd, ROOT ALICE BOB);
        for (unsigned i = 0; i < 200; i++) {
                char id[KEYTEXT_ID_LEN + 1], name[16];

                (void) snprintf(id, sizeof(id), "%010u", i);
                (void) snprintf(name, sizeof(name), "u%03u", i);
                unit_key_insert(s->writer, id, name);
                n += (size_t) sprintf(passwd + n, "%s:x:1000:1::/:\n", name);
        }
        put("passwd", passwd);
        free(passwd);
        assert_true(pass(s, true, "", ""));
        assert_int_equal(
                unit_sql_number(s->path, "SELECT count(*) FROM account WHERE state = 1 AND local"),
                202);
        put("passwd", ROOT ALICE);
        struct accounts_update facts = { .etc = etc, .admin_group = NOBODY };

        accounts_update_read(&facts, s->writer);
        assert_int_equal(facts.n, 201);
        for (size_t i = 0; i < facts.n; i++) {
                assert_true(known(s, facts.asked[i].asked).local);
                assert_int_equal(known(s, facts.asked[i].asked).checked_at, 0);
                assert_int_equal(facts.asked[i].account.state, ACCOUNT_UNKNOWN);
        }
        accounts_update_done(&facts);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                test_facts(test_nothing_new_is_quiet),
                test_facts(test_users_without_keys_do_not_matter),
                test_facts(test_another_number_is_another_person),
                test_facts(test_what_shadow_says_is_written),
                test_facts(test_a_slip_ends_nothing),
                test_facts(test_a_local_user_must_be_gone_for_the_grace),
                test_facts(test_gone_since_a_time_in_the_future),
                test_facts(test_a_clock_that_was_behind_is_no_grace),
                test_facts(test_without_a_grace_directories_decide),
                test_facts(test_a_process_that_does_not_hear_the_answer),
                test_facts(test_a_look_at_newcomers),
                test_facts(test_nobody_says_what_became_of_a_local_user),
                test_facts(test_an_answer_that_is_older_than_the_files),
                cmocka_unit_test(test_lists_of_those_to_ask),
                test_facts(test_a_user_who_moves_to_a_directory_keeps_the_keys),
                test_facts(test_a_user_who_moves_to_a_directory_as_somebody_else),
                test_facts(test_a_directory_s_user_must_be_gone_for_a_day),
                test_facts(test_a_new_name_is_another_user),
                test_facts(test_gone_before_anything_was_known),
                test_facts(test_gone_while_the_daemon_was_not_there),
                test_facts(test_who_is_unknown_is_asked_for_until_there_is_an_answer),
                test_facts(test_an_administrator_by_a_directory_s_group),
                test_facts(test_groups_that_are_silent_change_nothing),
                test_facts(test_while_the_group_is_missing),
                test_facts(test_while_a_group_is_missing_that_was_there),
                test_facts(test_that_there_was_a_group_is_remembered),
                test_facts(test_files_that_are_not_believed_change_nothing),
                test_facts(test_a_store_that_fails_changes_nothing),
                test_facts(test_very_many_users),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

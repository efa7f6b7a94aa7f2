/* SPDX-License-Identifier: BSD-2-Clause */
/* Users who vanish by an administrator's word, and many who vanish at one look. */
#include "unit_accounts_update.h"

/* --- userdel reports a removal --- */

/* userdel and useradd, faster than any directory: the new account has the old name and number. */
static void test_an_account_made_anew_has_no_keys_of_the_old_one(void **state) {
        struct unit_store *s = *state;

        begin(s);
        put("passwd", ROOT BOB);
        report(s, "alice");
        /* the account may have moved to a directory */
        key_is(s, "aaaaaaaaaa", KEY_ACTIVE, "");
        assert_false(pass(s, false, "alice ", ""));
        assert_int_equal(known(s, "alice").state, ACCOUNT_GONE);
        put("passwd", ROOT ALICE BOB);
        assert_true(pass(s, false, "", ""));
        key_is(s, "aaaaaaaaaa", KEY_REVOKED, "the account was removed");
        key_is(s, "bbbbbbbbbb", KEY_ACTIVE, "");
        assert_int_equal(known(s, "alice").state, ACCOUNT_PRESENT);
        assert_int_equal(known(s, "alice").uid, 1000);

        now++;
        unit_key_insert(s->writer, "eeeeeeeeee", "alice");
        assert_false(pass(s, true, "", ""));
        key_is(s, "eeeeeeeeee", KEY_ACTIVE, ""); /* a key of the new account */
}

/* The daemon was not there and is started by the report. */
static void test_a_report_to_a_daemon_that_has_just_started(void **state) {
        const struct accounts_source source = { .etc = etc, .admin_group = NOBODY };
        struct unit_store *s = *state;

        begin(s);
        put("passwd", ROOT BOB);
        assert_int_equal(accounts_update_look(s->writer, &source), 0);
        report(s, "alice");
        put("passwd", ROOT ALICE BOB);
        assert_int_equal(accounts_update_look(s->writer, &source), 0);
        key_is(s, "aaaaaaaaaa", KEY_REVOKED, "the account was removed");
}

static void test_directories_answer_after_a_report(void **state) {
        struct unit_store *s = *state;

        begin(s);
        put("passwd", ROOT);
        report(s, "alice");
        report(s, "bob");
        assert_true(pass(s, false, "alice bob ", "alice=present bob=gone"));
        key_is(s, "aaaaaaaaaa", KEY_ACTIVE, "");
        key_is(s, "bbbbbbbbbb", KEY_REVOKED, "the account was removed");
        /* back from the directory */
        put("passwd", ROOT ALICE);
        assert_true(pass(s, false, "", ""));
        key_is(s, "aaaaaaaaaa", KEY_ACTIVE, "");
}

/* A directory is slow, the question was put before userdel. With a group that administers, local
 * users are asked for as well. The answer says that the user is there, from the files of then or
 * from a directory, and the row must not believe it. */
static void test_an_answer_from_before_a_removal(void **state) {
        for (unsigned i = 0; i < 6; i++) {
                bool reported = i & 1, local = i & 2, gone = i >= 4;
                struct accounts_update slow = { .etc = etc,
                                                .admin_group = ADMINS,
                                                .everybody = true };
                void *fixture = NULL;
                struct unit_store *s;

                assert_int_equal(make(&fixture), 0);
                s = fixture;
                begin(s);
                assert_int_equal(accounts_update_read(&slow, s->writer), 0);
                assert_int_equal(slow.n, 2);
                put("passwd", ROOT BOB);
                if (reported)
                        report(s, "alice");
                else
                        assert_true(pass(s, false, "alice ", ""));
                for (size_t k = 0; k < slow.n; k++) {
                        struct account_record *account = &slow.asked[k].account;

                        *account = (struct account_record){ .state = ACCOUNT_PRESENT,
                                                            .uid = 1000,
                                                            .local = local };
                        /* that was so before passwd had the user */
                        if (gone)
                                *account = (struct account_record){ .state = ACCOUNT_GONE };
                        else
                                memcpy(account->name, slow.asked[k].asked, sizeof(account->name));
                }
                accounts_update_take(&slow, s->writer);
                accounts_update_done(&slow);
                assert_int_equal(known(s, "alice").state, ACCOUNT_GONE);
                assert_int_equal(known(s, "alice").checked_at, reported ? RECORD_REMOVED : 0);
                assert_int_equal(known(s, "bob").state, ACCOUNT_PRESENT);
                assert_int_equal(unit_store_remove(&fixture), 0);
        }
        (void) state;
}

/* The report is no proof: userdel may have worked in another tree, or a person may have called the
 * command. */
static void test_a_report_is_not_believed_against_the_passwd_file(void **state) {
        struct accounts_files_memory memory = {};
        const struct accounts_source source = { .etc = etc,
                                                .admin_group = NOBODY,
                                                .memory = &memory };
        struct audit_record record = {};
        struct unit_store *s = *state;

        begin(s);
        report(s, "alice");
        report(s, "nobody-at-all");
        assert_int_equal(known(s, "alice").state, ACCOUNT_PRESENT);
        assert_int_equal(known(s, "nobody-at-all").state, ACCOUNT_UNKNOWN);
        put("passwd", BOB);
        unit_fails("a file that is not believed",
                   accounts_update_removed(s->writer, &source, "alice", &record));
        assert_string_not_equal(memory.error, "");
        assert_int_equal(known(s, "alice").state, ACCOUNT_PRESENT);
        key_is(s, "aaaaaaaaaa", KEY_ACTIVE, "");
}

/* userdel's report comes when files and directories have agreed already. */
static void test_a_report_after_the_answers(void **state) {
        struct unit_store *s = *state;

        begin(s);
        put("passwd", ROOT BOB);
        assert_true(pass(s, false, "alice ", "alice=gone"));
        key_is(s, "aaaaaaaaaa", KEY_ACTIVE, "");
        report(s, "alice");
        key_is(s, "aaaaaaaaaa", KEY_REVOKED, "the account was removed");
        assert_int_equal(unit_sql_number(s->path, "SELECT count FROM audit WHERE event = "
                                                  "'account-removed' AND user = 'alice'"),
                         1);
        report(s, "alice"); /* again: there is no more to end */
        assert_int_equal(
                unit_sql_number(s->path,
                                "SELECT count(*) FROM audit WHERE event = 'account-removed'"),
                1);
}

/* --- Many who vanish --- */

#define MANY      "u1:x:1000:1::/:\nu2:x:1000:1::/:\nu3:x:1000:1::/:\nu4:x:1000:1::/:\nu5:x:1000:1::/:\n"
#define MANY_GONE "u1=gone u2=gone u3=gone u4=gone u5=gone"

static void begin_many(struct unit_store *s) {
        char id[KEYTEXT_ID_LEN + 1], name[WIRE_USER_MAX + 1];

        for (unsigned i = 1; i <= 5; i++) {
                (void) snprintf(id, sizeof(id), "%010u", i);
                (void) snprintf(name, sizeof(name), "u%u", i);
                unit_key_insert(s->writer, id, name);
        }
        put("passwd", ROOT ALICE BOB MANY);
        begin(s);
}

static int64_t ended(struct unit_store *s) {
        return unit_sql_number(s->path, "SELECT count(*) FROM key WHERE status = 1");
}

static int64_t held(struct unit_store *s) {
        return unit_sql_number(s->path, "SELECT count(*) FROM account WHERE held");
}

static void test_many_who_vanish_at_one_look_are_held(void **state) {
        struct unit_store *s = *state;
        uint64_t gone, waiting;

        begin_many(s);
        put("passwd", ROOT ALICE BOB);
        assert_true(pass(s, false, "u1 u2 u3 u4 u5 ", MANY_GONE));
        assert_int_equal(held(s), 5);
        assert_int_equal(store_account_count_gone(s->writer, &gone, &waiting), 0);
        assert_int_equal(gone, 5);
        assert_int_equal(waiting, 5);
        now += 1000 * PARSE_DAY_S;
        assert_false(pass(s, true, "u1 u2 u3 u4 u5 ", MANY_GONE));
        assert_int_equal(ended(s), 0);

        /* An administrator's word about some of them is none about the others. */
        report(s, "u1");
        report(s, "u2");
        report(s, "u3");
        assert_int_equal(ended(s), 3);
        now += 1000 * PARSE_DAY_S;
        assert_false(pass(s, true, "u1 u2 u3 u4 u5 ", MANY_GONE));
        assert_int_equal(ended(s), 3);
        put("passwd", ROOT ALICE BOB MANY);
        assert_true(pass(s, false, "", ""));
        assert_int_equal(held(s), 0);
        assert_int_equal(ended(s), 3);
        assert_int_equal(store_account_count_gone(s->writer, &gone, &waiting), 0);
        assert_int_equal(gone, 0);
}

static void test_many_are_held_without_a_grace_too(void **state) {
        struct unit_store *s = *state;

        set_policy(s, "account-grace", 0);
        begin_many(s);
        put("passwd", ROOT ALICE BOB);
        assert_true(pass(s, false, "u1 u2 u3 u4 u5 ", MANY_GONE));
        assert_int_equal(held(s), 5);
        assert_int_equal(ended(s), 0);
}

/* A directory loses them: an outage that says "no such user". */
static void test_many_of_a_directory_are_held(void **state) {
        struct unit_store *s = *state;

        set_policy(s, "account-grace", 0);
        begin_many(s);
        put("passwd", ROOT ALICE BOB);
        assert_true(pass(s, false, "u1 u2 u3 u4 u5 ",
                         "u1=present u2=present u3=present u4=present u5=present"));
        assert_int_equal(held(s), 0);
        now++;
        assert_true(pass(s, true, "u1 u2 u3 u4 u5 ", MANY_GONE));
        assert_int_equal(held(s), 5);
        assert_int_equal(ended(s), 0);
        report(s, "u1"); /* an administrator's word */
        assert_int_equal(ended(s), 1);
}

static void test_three_are_not_many(void **state) {
        struct unit_store *s = *state;

        begin_many(s);
        /* u4 and u5 have no live keys, so that they are gone matters to nobody */
        unit_sql(s->path, "UPDATE key SET status = 1, dead_at = 5 WHERE owner IN ('u4', 'u5')");
        put("passwd", ROOT ALICE BOB);
        assert_true(pass(s, false, "u1 u2 u3 u4 u5 ", MANY_GONE));
        assert_int_equal(held(s), 0);
        now += PARSE_DAY_S;
        assert_true(pass(s, true, "u1 u2 u3 u4 u5 ", MANY_GONE));
        assert_int_equal(ended(s), 5);
}

/* userdel, ten times within a second. */
static void test_reported_removals_are_not_held(void **state) {
        struct unit_store *s = *state;

        begin_many(s);
        put("passwd", ROOT ALICE BOB);
        for (unsigned i = 1; i <= 5; i++) {
                char name[WIRE_USER_MAX + 1];

                (void) snprintf(name, sizeof(name), "u%u", i);
                report(s, name);
        }
        assert_int_equal(ended(s), 0);
        assert_true(pass(s, false, "u1 u2 u3 u4 u5 ", MANY_GONE));
        assert_int_equal(held(s), 0);
        assert_int_equal(ended(s), 5);
}

/* A directory alone knew the user: its answers count, after a day. The report does not, and says
 * so. */
static void test_a_report_of_a_directory_s_user(void **state) {
        struct accounts_files_memory memory = {};
        const struct accounts_source source = { .etc = etc,
                                                .admin_group = NOBODY,
                                                .memory = &memory };
        struct audit_record record = { .at = now };
        struct unit_store *s = *state;

        begin(s);
        put("passwd", ROOT BOB);
        assert_true(pass(s, false, "alice ", "alice=present"));
        assert_int_equal(accounts_update_removed(s->writer, &source, "alice", &record), -EEXIST);
        assert_string_not_equal(memory.error, "");
        assert_int_equal(known(s, "alice").state, ACCOUNT_PRESENT);
        key_is(s, "aaaaaaaaaa", KEY_ACTIVE, "");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                test_facts(test_an_account_made_anew_has_no_keys_of_the_old_one),
                test_facts(test_a_report_to_a_daemon_that_has_just_started),
                test_facts(test_directories_answer_after_a_report),
                cmocka_unit_test(test_an_answer_from_before_a_removal),
                test_facts(test_a_report_is_not_believed_against_the_passwd_file),
                test_facts(test_a_report_after_the_answers),
                test_facts(test_many_who_vanish_at_one_look_are_held),
                test_facts(test_many_are_held_without_a_grace_too),
                test_facts(test_many_of_a_directory_are_held),
                test_facts(test_three_are_not_many),
                test_facts(test_reported_removals_are_not_held),
                test_facts(test_a_report_of_a_directory_s_user),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks at very many accounts, a step at a time, with what others write between two steps. Counts
 * rows, and no time. */
#include "unit_store.h"

#include "accounts/accounts_change.h"
#include "accounts/accounts_update.h"
#include "base/clock.h"
#include "rules/expiry.h"
#include "store/store_account.h"
#include "store/store_key.h"

#define T0     INT64_C(1800000000)
#define NOBODY ((gid_t) -1)
#define ROOT   "root:x:0:0::/root:/bin/sh\n"
#define MANY   (4 * ACCOUNTS_CHANGE_MAX + 7)

static int64_t now;

int64_t __wrap_clock_now(void);
int64_t __wrap_clock_now(void) {
        return now;
}

/* --- A host of many --- */

static char etc[UNIT_PATH_LEN];
static struct accounts_update facts;

static void put(const char *name, const char *text) {
        char path[UNIT_PATH_LEN];

        unit_write(unit_join(path, etc, name), text, strlen(text), 0600);
}

/* A passwd file with the users from ${from} on. */
static void put_users(unsigned from, unsigned to) {
        char text[64 + MANY * 40];
        size_t len = (size_t) sprintf(text, ROOT);

        for (unsigned i = from; i < to; i++)
                len += (size_t) sprintf(text + len, "u%04u:x:1000:100::/:/bin/sh\n", i);
        put("passwd", text);
}

static void insert(struct unit_store *s, char first, unsigned i, const char *owner) {
        struct key_record key = unit_key("", owner);

        (void) snprintf(key.id, sizeof(key.id), "%c%09u", first, i % 100000);
        assert_int_equal(store_key_insert(s->writer, &key), 0);
}

static int make(void **state) {
        struct unit_store *s;
        char owner[16];

        if (unit_store_make(state) < 0)
                return -1;
        s = *state;
        (void) unit_join(etc, s->dir, "etc");
        now = T0;
        clock_trust(true);
        facts = (struct accounts_update){ .etc = etc, .admin_group = NOBODY, .everybody = true };
        if (mkdir(etc, 0700) < 0)
                return -1;
        put_users(0, MANY);
        put("shadow", "");
        put("group", "");
        assert_int_equal(store_begin(s->writer), 0);
        for (unsigned i = 0; i < MANY; i++) {
                (void) snprintf(owner, sizeof(owner), "u%04u", i);
                insert(s, 'a', i, owner);
        }
        assert_int_equal(store_commit(s->writer), 0);
        return 0;
}

static int drop(void **state) {
        accounts_update_done(&facts);
        return unit_store_remove(state);
}

#define test_many(f) cmocka_unit_test_setup_teardown(f, make, drop)

static int64_t count(struct unit_store *s, const char *what) {
        char sql[128];

        (void) snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", what);
        return unit_sql_number(s->path, sql);
}

/* Goes on until ${what} has changed. Returns what the last step did. */
static int step_until(struct unit_store *s, const char *what) {
        int64_t before = count(s, what);
        int r;

        do
                r = accounts_update_read_step(&facts, s->writer);
        while (r > 0 && count(s, what) == before);
        return r;
}

/* Does all that is left, and looks at each step that no more than a few of ${what} change. */
static void finish(struct unit_store *s, const char *what,
                   int (*step)(struct accounts_update *facts, struct store *writer)) {
        int64_t before = count(s, what), after;
        int r;

        do {
                r = step(&facts, s->writer);
                after = count(s, what);
                assert_in_range(after > before ? after - before : before - after, 0,
                                ACCOUNTS_CHANGE_MAX);
                before = after;
        } while (r > 0);
        assert_int_equal(r, 0);
}

static void read_all(struct unit_store *s) {
        facts.newcomers = false;
        finish(s, "account", accounts_update_read_step);
        now++;
}

static struct account_record known(struct unit_store *s, const char *name) {
        struct account_record account = {};

        assert_int_equal(store_account_get(s->writer, name, &account), 0);
        return account;
}

static void set_policy(struct unit_store *s, const char *name, int64_t value) {
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_policy_set(s->writer, name, value, T0), 0);
        assert_int_equal(store_commit(s->writer), 0);
}

/* --- No transaction is large --- */

static void test_a_first_look(void **state) {
        struct unit_store *s = *state;

        read_all(s);
        assert_int_equal(count(s, "account WHERE state = 1"), MANY);
        assert_int_equal(facts.n, 0);
        assert_false(facts.overtaken);
        facts.everybody = false;
        facts.changed = true;
        read_all(s);
        assert_false(facts.changed);
}

static void test_all_are_lost_and_come_back(void **state) {
        struct unit_store *s = *state;

        read_all(s);
        facts.everybody = false;
        put_users(0, 0);
        finish(s, "account WHERE state = 2", accounts_update_read_step);
        assert_int_equal(count(s, "account WHERE state = 2 AND held AND gone_since = 1800000001"),
                         MANY);
        assert_int_equal(facts.n, MANY);
        put_users(0, MANY);
        finish(s, "account WHERE state = 2", accounts_update_read_step);
        assert_int_equal(count(s, "account WHERE state = 1 AND NOT held"), MANY);
        assert_int_equal(facts.n, 0);
}

static void test_those_without_keys_are_forgotten(void **state) {
        struct unit_store *s = *state;

        read_all(s);
        unit_sql(s->path, "DELETE FROM key WHERE id > 'a000000003'");
        (void) accounts_update_read(&facts, s->writer);
        assert_int_equal(count(s, "account"), 4);
}

static void put_shadow(const char *password) {
        char text[MANY * 40];
        size_t len = 0;

        for (unsigned i = 0; i < MANY; i++)
                len += (size_t) sprintf(text + len, "u%04u:%s:20000:0:99999::::\n", i, password);
        put("shadow", text);
}

static void test_all_passwords_are_locked(void **state) {
        struct unit_store *s = *state;

        read_all(s);
        put_shadow("!$y$x");
        (void) accounts_update_read(&facts, s->writer);
        set_policy(s, "remove-on-password-expiry", 1);
        now += EXPIRY_PASSWORD_GRACE_S;
        finish(s, "key WHERE status = 1", accounts_update_read_step);
        assert_int_equal(count(s, "key WHERE status = 1"), MANY);
        assert_int_equal(count(s, "account WHERE locked"), MANY);
}

/* Directories say that all are gone, and their keys end at once. */
static void test_answers(void **state) {
        struct unit_store *s = *state;

        read_all(s);
        unit_sql(s->path, "UPDATE account SET local = 0");
        set_policy(s, "account-grace", 0);
        put_users(0, 0);
        (void) accounts_update_read(&facts, s->writer);
        assert_int_equal(facts.n, MANY);
        for (size_t i = 0; i < facts.n; i++)
                facts.asked[i].account.state = ACCOUNT_GONE;
        finish(s, "account WHERE state = 2", accounts_update_take_step);
        assert_int_equal(count(s, "account WHERE state = 2 AND held"), MANY); /* too many */
        assert_int_equal(count(s, "key WHERE status = 1"), 0);
        unit_sql(s->path, "UPDATE account SET held = 0");
        (void) accounts_update_read(&facts, s->writer);
        for (size_t i = 0; i < facts.n; i++)
                facts.asked[i].account.state = ACCOUNT_GONE;
        finish(s, "key WHERE status = 1", accounts_update_take_step);
        assert_int_equal(count(s, "key WHERE status = 1"), MANY);
}

/* --- What others write meanwhile --- */

/* Steps until some are written, but not yet the last user. */
static void read_half(struct unit_store *s, const char *what) {
        assert_int_equal(step_until(s, what), 1);
        assert_in_range(count(s, what), 1, MANY / 2);
}

#define WAITS "key WHERE owner_uid = 4294967295"

/* They get the owner's number before the account is known to have had it for long, a few at a
 * time. */
static void test_keys_of_a_fleet_that_came_first(void **state) {
        struct unit_store *s = *state;

        unit_sql(s->path, "UPDATE key SET owner = 'u0007', hosts = 'web', owner_uid = 4294967295");
        finish(s, WAITS, accounts_update_read_step);
        now += EXPIRY_NUMBER_S - 1;
        finish(s, WAITS, accounts_update_read_step);
        assert_int_equal(count(s, WAITS), MANY);
        assert_int_equal(known(s, "u0007").number_since, T0);
        now++;
        read_half(s, "key WHERE owner_uid = 1000");
        assert_int_equal(known(s, "u0007").number_since, T0);
        accounts_update_done(&facts);
        finish(s, WAITS, accounts_update_read_step);
        assert_int_equal(count(s, "key WHERE owner_uid = 1000"), MANY);
        assert_int_equal(known(s, "u0007").number_since, 0);
        /* It has another number: what has the first one is not of this account. */
        put("passwd", ROOT "u0007:x:1001:100::/:/bin/sh\n");
        finish(s, WAITS, accounts_update_read_step);
        now += EXPIRY_NUMBER_S;
        finish(s, WAITS, accounts_update_read_step);
        assert_int_equal(known(s, "u0007").number_since, 0);
        assert_int_equal(count(s, "key WHERE owner_uid = 1000"), MANY);
}

/* The daemon ends between two steps. None of those that it has written is gone without being
 * held. */
static void test_a_kill_while_many_are_lost(void **state) {
        struct unit_store *s = *state;

        read_all(s);
        put_users(0, 0);
        read_half(s, "account WHERE state = 2");
        assert_int_equal(count(s, "account WHERE state = 2 AND NOT held"), 0);
        accounts_update_done(&facts);
        now += 10;
        (void) accounts_update_read(&facts, s->writer);
        assert_int_equal(count(s, "account WHERE state = 2 AND held"), MANY);
}

/* Two are left for the next look, and two alone are not many. */
static void test_a_kill_that_leaves_a_few(void **state) {
        struct unit_store *s = *state;

        read_all(s);
        put_users(ACCOUNTS_CHANGE_MAX + 2, MANY);
        read_half(s, "account WHERE state = 2");
        accounts_update_done(&facts);
        assert_int_equal(count(s, "account WHERE state = 2"), ACCOUNTS_CHANGE_MAX);
        now += 10;
        (void) accounts_update_read(&facts, s->writer);
        assert_int_equal(count(s, "account WHERE state = 2 AND held"), ACCOUNTS_CHANGE_MAX + 2);
        accounts_update_done(&facts);

        /* When the first are back, the next one who goes is one again. */
        put_users(0, MANY);
        (void) accounts_update_read(&facts, s->writer);
        put_users(1, MANY);
        (void) accounts_update_read(&facts, s->writer);
        assert_int_equal(count(s, "account WHERE state = 2 AND NOT held"), 1);
}

static int64_t answer_gone(struct unit_store *s) {
        facts.everybody = true;
        (void) accounts_update_read(&facts, s->writer);
        for (size_t i = 0; i < facts.n; i++) {
                struct account_record *account = &facts.asked[i].account;

                memcpy(account->name, facts.asked[i].asked, sizeof(account->name));
                account->state = ACCOUNT_GONE;
        }
        return count(s, "account WHERE state = 2");
}

/* The same of a directory that has lost them. */
static void test_a_kill_between_answers(void **state) {
        struct unit_store *s = *state;

        put_users(ACCOUNTS_CHANGE_MAX + 2, MANY);
        read_all(s);
        for (unsigned i = 0; i < facts.n; i++) {
                struct account_record *account = &facts.asked[i].account;

                memcpy(account->name, facts.asked[i].asked, sizeof(account->name));
                *account = (struct account_record){ .state = ACCOUNT_PRESENT, .uid = 1000 };
                memcpy(account->name, facts.asked[i].asked, sizeof(account->name));
        }
        accounts_update_take(&facts, s->writer);
        accounts_update_done(&facts);
        now++;
        assert_int_equal(answer_gone(s), 0);
        while (count(s, "account WHERE state = 2") == 0)
                assert_int_equal(accounts_update_take_step(&facts, s->writer), 1);
        accounts_update_done(&facts);
        assert_int_equal(answer_gone(s), ACCOUNTS_CHANGE_MAX);
        accounts_update_take(&facts, s->writer);
        assert_int_equal(count(s, "account WHERE state = 2 AND held"), ACCOUNTS_CHANGE_MAX + 2);
}

/* A shadow file that is wrong locks all, and the daemon ends between two steps. */
static void test_a_kill_while_many_passwords_are_lost(void **state) {
        struct unit_store *s = *state;

        set_policy(s, "remove-on-password-expiry", 1);
        put_shadow("$y$x");
        read_all(s);
        unit_sql(s->path, "DELETE FROM key WHERE owner >= 'u0052'");
        (void) accounts_update_read(&facts, s->writer);
        put_shadow("!$y$x");
        read_half(s, "account WHERE locked");
        assert_int_equal(count(s, "account WHERE locked AND NOT password_held"), 0);
        accounts_update_done(&facts);
        now += 10;
        (void) accounts_update_read(&facts, s->writer);
        assert_int_equal(count(s, "account WHERE locked AND password_held"),
                         ACCOUNTS_CHANGE_MAX + 2);
        now += 1000 * EXPIRY_PASSWORD_GRACE_S;
        (void) accounts_update_read(&facts, s->writer);
        assert_int_equal(count(s, "key WHERE status = 1"), 0);
}

/* A key is issued to a user who was made while the look went on, as issue.c does it. */
static void test_a_new_user_is_not_lost(void **state) {
        struct account_record fresh = { .name = "u9999",
                                        .state = ACCOUNT_PRESENT,
                                        .uid = 1000,
                                        .local = true,
                                        .checked_at = T0 + 1 };
        struct unit_store *s = *state;

        put_shadow("$y$x");
        read_all(s);
        put_shadow("!$y$x");
        read_half(s, "account WHERE locked");
        assert_int_equal(store_begin(s->writer), 0);
        insert(s, 'b', 0, "u9999");
        assert_int_equal(store_account_put(s->writer, &fresh), 0);
        assert_int_equal(store_commit(s->writer), 0);
        (void) accounts_update_read(&facts, s->writer);
        assert_int_equal(known(s, "u9999").state, ACCOUNT_PRESENT);
        assert_false(facts.overtaken); /* it was not there at all */
}

/* The files of this look do not have the last user. Before it comes there, somebody hears from the
 * directories that the user exists. */
static void test_a_row_that_is_newer_stays(void **state) {
        struct unit_store *s = *state;
        struct account_record last;
        char name[16];

        (void) snprintf(name, sizeof(name), "u%04u", MANY - 1);
        read_all(s);
        put_users(2 * ACCOUNTS_CHANGE_MAX, MANY - 1);
        read_half(s, "account WHERE state = 2");
        put_users(2 * ACCOUNTS_CHANGE_MAX, MANY);
        last = known(s, name);
        last.checked_at = now;
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_account_put(s->writer, &last), 0);
        assert_int_equal(store_commit(s->writer), 0);
        (void) accounts_update_read(&facts, s->writer);
        assert_int_equal(known(s, name).state, ACCOUNT_PRESENT);
        assert_true(facts.overtaken); /* so there is another look */
        (void) accounts_update_read(&facts, s->writer);
        assert_false(facts.overtaken);
        assert_int_equal(known(s, name).state, ACCOUNT_PRESENT);
}

/* userdel removes the last user while the look goes on, and reports it. The files of this look
 * still have the user, with another number. The report stays. */
static void test_a_report_meanwhile_stays(void **state) {
        const struct accounts_source source = { .etc = etc,
                                                .admin_group = NOBODY,
                                                .memory = &(struct accounts_files_memory){} };
        struct audit_record record = {};
        struct unit_store *s = *state;
        char name[16];

        (void) snprintf(name, sizeof(name), "u%04u", MANY - 1);
        read_all(s);
        put_shadow("!$y$x"); /* something to write of everybody */
        read_half(s, "account WHERE locked");
        put_users(0, MANY - 1);
        assert_int_equal(accounts_update_removed(s->writer, &source, name, &record), 0);
        assert_int_equal(known(s, name).checked_at, RECORD_REMOVED);
        (void) accounts_update_read(&facts, s->writer);
        assert_true(facts.overtaken);
        assert_int_equal(known(s, name).state, ACCOUNT_GONE);
        assert_int_equal(known(s, name).checked_at, RECORD_REMOVED);
}

/* A user with very many keys was removed and made anew. The new user is refused until the last key
 * of the old one has ended. */
static void test_made_anew_with_many_keys(void **state) {
        struct unit_store *s = *state;
        int steps = 0, r;

        read_all(s);
        assert_int_equal(store_begin(s->writer), 0);
        for (unsigned i = 0; i < MANY; i++)
                insert(s, 'b', i, "u0000");
        assert_int_equal(store_commit(s->writer), 0);
        unit_sql(s->path, "UPDATE account SET state = 2, gone_since = 1, checked_at = -1 "
                          "WHERE name = 'u0000'");
        do {
                int64_t ended = count(s, "key WHERE status = 1");

                r = accounts_update_read_step(&facts, s->writer);
                steps += count(s, "key WHERE status = 1") > ended;
                assert_in_range(count(s, "key WHERE status = 1") - ended, 0, ACCOUNTS_CHANGE_MAX);
                unit_int("state", known(s, "u0000").state,
                         count(s, "key WHERE owner = 'u0000' AND status = 0") > 0
                                 ? ACCOUNT_GONE
                                 : ACCOUNT_PRESENT);
        } while (r > 0);
        assert_int_equal(r, 0);
        assert_in_range(steps, 4, 6);
        assert_int_equal(count(s, "key WHERE status = 1"), MANY + 1);
}

/* The policy is put back while keys end by it. */
static void test_a_policy_that_changes_meanwhile(void **state) {
        struct unit_store *s = *state;
        int64_t ended;

        read_all(s);
        put_shadow("!$y$x");
        (void) accounts_update_read(&facts, s->writer);
        set_policy(s, "remove-on-password-expiry", 1);
        now += EXPIRY_PASSWORD_GRACE_S;
        assert_int_equal(step_until(s, "key WHERE status = 1"), 1);
        set_policy(s, "remove-on-password-expiry", 0);
        ended = count(s, "key WHERE status = 1");
        (void) accounts_update_read(&facts, s->writer);
        assert_int_equal(count(s, "key WHERE status = 1"), ended);
}

/* --- The next start --- */

static const struct accounts_source source = { .etc = etc, .admin_group = NOBODY };

/* Whether a start reads the files: it puts right what was changed in the store alone. */
static bool start_reads(struct unit_store *s, const struct accounts_source *from) {
        unit_sql(s->path, "UPDATE account SET uid = 7 WHERE name = 'u0000'");
        assert_int_equal(accounts_update_start(s->writer, from), 0);
        return known(s, "u0000").uid != 7;
}

static void test_a_start_reads_only_what_has_changed(void **state) {
        const struct accounts_source admins = { .etc = etc, .admin_group = 2001 };
        struct unit_store *s = *state;

        assert_true(start_reads(s, &source)); /* the first one */
        assert_false(start_reads(s, &source));
        assert_false(start_reads(s, &source));
        put_shadow("$y$x");
        assert_true(start_reads(s, &source));
        assert_false(start_reads(s, &source));
        assert_true(start_reads(s, &admins));
        assert_false(start_reads(s, &admins));
        put("group", ""); /* nobody administers by it */
        assert_true(start_reads(s, &admins));
        assert_true(start_reads(s, &source));
        put("group", "");
        assert_false(start_reads(s, &source));
}

/* The file has the same size and the same time, and is the same file. */
static void test_a_change_that_is_hidden(void **state) {
        struct timespec times[2];
        struct unit_store *s = *state;
        char path[UNIT_PATH_LEN];
        struct stat st;

        (void) unit_join(path, etc, "shadow");
        put_shadow("$y$x");
        assert_true(start_reads(s, &source));
        assert_int_equal(stat(path, &st), 0);
        times[0] = st.st_atim;
        times[1] = st.st_mtim;
        do {
                put_shadow("!y$x");
                assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
                assert_int_equal(stat(path, &st), 0);
        } while (st.st_ctim.tv_sec == times[1].tv_sec && st.st_ctim.tv_nsec == times[1].tv_nsec);
        assert_true(start_reads(s, &source));
}

/* A file that was changed in the second of the look may be changed again within it. */
static void test_a_file_that_has_just_changed_is_read_again(void **state) {
        struct unit_store *s = *state;
        char path[UNIT_PATH_LEN];
        struct stat st;

        put_shadow("$y$x");
        assert_int_equal(stat(unit_join(path, etc, "shadow"), &st), 0);
        now = st.st_ctim.tv_sec + 1;
        assert_true(start_reads(s, &source));
        assert_true(start_reads(s, &source));
        now = st.st_ctim.tv_sec + 2;
        assert_true(start_reads(s, &source));
        assert_false(start_reads(s, &source));
}

/* A look that did not come to its end, and one that was overtaken, have not compared everything. */
static void test_a_look_that_is_not_whole_does_not_count(void **state) {
        struct unit_store *s = *state;

        read_all(s);
        put_shadow("!$y$x");
        read_half(s, "account WHERE locked");
        accounts_update_done(&facts);
        assert_true(start_reads(s, &source));
        put_shadow("$y$x");
        read_half(s, "account WHERE NOT locked");
        unit_sql(s->path, "UPDATE account SET checked_at = 5 WHERE name > 'u0100'");
        assert_int_equal(accounts_update_read(&facts, s->writer), 0);
        assert_true(facts.overtaken);
        assert_true(start_reads(s, &source));
        assert_false(start_reads(s, &source));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                test_many(test_a_first_look),
                test_many(test_all_are_lost_and_come_back),
                test_many(test_those_without_keys_are_forgotten),
                test_many(test_all_passwords_are_locked),
                test_many(test_answers),
                test_many(test_keys_of_a_fleet_that_came_first),
                test_many(test_a_kill_while_many_are_lost),
                test_many(test_a_kill_that_leaves_a_few),
                test_many(test_a_kill_between_answers),
                test_many(test_a_kill_while_many_passwords_are_lost),
                test_many(test_a_new_user_is_not_lost),
                test_many(test_a_row_that_is_newer_stays),
                test_many(test_a_report_meanwhile_stays),
                test_many(test_made_anew_with_many_keys),
                test_many(test_a_policy_that_changes_meanwhile),
                test_many(test_a_start_reads_only_what_has_changed),
                test_many(test_a_change_that_is_hidden),
                test_many(test_a_file_that_has_just_changed_is_read_again),
                test_many(test_a_look_that_is_not_whole_does_not_count),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Accounts on a loop, with a writer thread, files that change, and directories that hang, crash
 * and lie: the helpers are this very program. */
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "unit_directory.h"
#include "unit_store.h"

#include "accounts/accounts.h"
#include "accounts/accounts_names.h"
#include "store/store_account.h"
#include "store/store_key.h"

#define SECOND UINT64_C(1000000)
#define ROOT   "root:x:0:0::/root:/bin/sh\n"
#define ALICE  "alice:x:1000:100::/:/bin/sh\n"

/* --- A host --- */

struct host {
        struct unit_store *store;
        char etc[UNIT_PATH_LEN];
        sd_event *event;
        struct worker *worker;
        struct accounts *accounts;
        struct conf conf;
};

/* As editors and shadow-utils do it: a new file in the place of the old one. */
static void put(struct host *h, const char *name, const char *text) {
        char path[UNIT_PATH_LEN], next[UNIT_PATH_LEN];

        unit_write(unit_join(next, h->etc, "next"), text, strlen(text), 0600);
        assert_int_equal(rename(next, unit_join(path, h->etc, name)), 0);
}

static void on_written(void *userdata) {
        (void) userdata;
}

static void insert(struct host *h, unsigned i, const char *owner) {
        char id[KEYTEXT_ID_LEN + 1];

        (void) snprintf(id, sizeof(id), "%010u", i % 100000);
        unit_key_insert(h->store->writer, id, owner);
}

static int make(void **state) {
        struct host *h = calloc(1, sizeof(*h));
        void *store = NULL;

        if (!h || unit_store_make(&store) < 0)
                return -1;
        h->store = store;
        (void) unit_join(h->etc, h->store->dir, "etc");
        unit_directory_patience = SECOND / 4;
        unit_directory_helpers = 0;
        if (mkdir(h->etc, 0700) < 0)
                return -1;
        put(h, "passwd", ROOT ALICE);
        put(h, "shadow", "alice:$y$x:20000:0:99999::::\n");
        put(h, "group", "");
        insert(h, 0, "alice");
        *state = h;
        return sd_event_new(&h->event);
}

/* From here on the store's writer is the thread's. */
static void begin(struct host *h) {
        assert_int_equal(worker_new(&h->worker, h->event, h->store->writer, on_written, NULL), 0);
        h->store->writer = NULL;
        assert_int_equal(accounts_new(&h->accounts, h->event, h->worker, h->etc), 0);
        accounts_set_conf(h->accounts, &h->conf);
}

static void end(struct host *h) {
        accounts_stop(h->accounts);
        accounts_stop(h->accounts);
        h->worker = worker_free(h->worker);
        h->accounts = accounts_free(h->accounts);
}

static int drop(void **state) {
        struct host *h = *state;
        void *store = h->store;
        int r;

        end(h);
        sd_event_unref(h->event);
        free(h);
        r = unit_store_remove(&store);
        while (waitpid(-1, NULL, 0) > 0)
                continue;
        return r;
}

#define test_host(f) cmocka_unit_test_setup_teardown(f, make, drop)

static struct account_record known(struct host *h, const char *name) {
        struct account_record account = {};
        bool changed;

        assert_int_equal(store_refresh(h->store->reader, &changed), 0);
        (void) !store_account_get(h->store->reader, name, &account);
        return account;
}

static int64_t now_ms(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Runs the loop until the condition holds; how many milliseconds that took. */
#define run_until(h, condition)                                                                    \
        ({                                                                                         \
                int64_t begun = now_ms();                                                          \
                while (!(condition)) {                                                             \
                        unit_succeeds("sd_event_run", sd_event_run((h)->event, SECOND / 10));      \
                        if (now_ms() - begun > 120000)                                             \
                                fail_msg("waited in vain for %s", #condition);                     \
                }                                                                                  \
                now_ms() - begun;                                                                  \
        })

/* --- Passes --- */

static void test_it_begins_with_everybody(void **state) {
        struct host *h = *state;

        insert(h, 1, "remote1");
        insert(h, 2, "nobody");
        begin(h);
        run_until(h, known(h, "alice").state == ACCOUNT_PRESENT &&
                             known(h, "remote1").state == ACCOUNT_PRESENT &&
                             known(h, "nobody").state == ACCOUNT_GONE);
        assert_int_equal(known(h, "alice").local, true);
        assert_int_equal(known(h, "remote1").local, false);
        assert_int_equal(unit_directory_helpers, 1); /* for both of them */
}

static void test_a_change_is_an_event(void **state) {
        struct host *h = *state;
        int64_t ms;

        begin(h);
        run_until(h, known(h, "alice").state == ACCOUNT_PRESENT);
        put(h, "shadow", "alice:!$y$x:20000:0:99999::::\n");
        ms = run_until(h, known(h, "alice").locked);
        put(h, "shadow", "alice:$y$x:20000:0:99999::::\n");
        run_until(h, !known(h, "alice").locked);
        put(h, "passwd", ROOT);
        run_until(h, known(h, "alice").state == ACCOUNT_GONE);
        print_message("# a change took %d ms\n", (int) ms);
}

static void test_who_hangs_stands_for_nobody_else(void **state) {
        static const char *const bad[] = {
                "hang1", "crash1", "short1", "extra1", "swap1", "wait1"
        };
        struct host *h = *state;

        for (unsigned i = 0; i < ARRAY_LEN(bad); i++)
                insert(h, 10 + i, bad[i]);
        insert(h, 1, "remote1");
        insert(h, 2, "remote2");
        insert(h, 3, "zz");
        begin(h);
        run_until(h, known(h, "remote1").state == ACCOUNT_PRESENT &&
                             known(h, "remote2").state == ACCOUNT_PRESENT &&
                             known(h, "zz").state == ACCOUNT_GONE);
        for (unsigned i = 0; i < ARRAY_LEN(bad); i++)
                unit_int(bad[i], known(h, bad[i]).state, ACCOUNT_UNKNOWN);
}

static void test_more_than_a_batch(void **state) {
        struct host *h = *state;
        char name[16];

        for (unsigned i = 0; i < 2 * ACCOUNTS_DIRECTORY_BATCH + 3; i++) {
                (void) snprintf(name, sizeof(name), "remote%u", i);
                insert(h, 10 + i, name);
        }
        begin(h);
        /* by name, the last one */
        run_until(h, known(h, "remote99").state == ACCOUNT_PRESENT);
        for (unsigned i = 0; i < 2 * ACCOUNTS_DIRECTORY_BATCH + 3; i++) {
                (void) snprintf(name, sizeof(name), "remote%u", i);
                unit_int(name, known(h, name).state, ACCOUNT_PRESENT);
        }
        assert_int_equal(unit_directory_helpers, 3);
}

/* The promise is that a removed or closed account is refused at once: a directory that hangs for
 * somebody else must not hold that up. */
static void test_a_directory_that_hangs_does_not_hold_up_the_files(void **state) {
        struct host *h = *state;

        insert(h, 1, "hang1");
        unit_directory_patience = 600 * SECOND;
        begin(h);
        run_until(h, known(h, "alice").state == ACCOUNT_PRESENT && unit_directory_helpers == 1);
        for (int i = 0; i < 5; i++) {
                put(h, "shadow", "alice:!$y$x:20000:0:99999::::\n");
                run_until(h, known(h, "alice").locked);
                put(h, "shadow", "alice:$y$x:20000:0:99999::::\n");
                run_until(h, !known(h, "alice").locked);
        }
        put(h, "passwd", ROOT);
        run_until(h, known(h, "alice").state == ACCOUNT_GONE);
}

/* ... and what the files have lost meanwhile is asked for when the directory has been given up. */
static void test_who_is_lost_meanwhile_is_asked_for(void **state) {
        struct host *h = *state;
        bool changed;
        struct key_record key;

        unit_sql(h->store->path,
                 "INSERT INTO policy (name, value, changed_at) VALUES ('account-grace', 0, 1)");
        insert(h, 1, "hang1");
        unit_directory_patience = SECOND;
        begin(h);
        run_until(h, known(h, "alice").state == ACCOUNT_PRESENT && unit_directory_helpers == 1);
        put(h, "passwd", ROOT);
        run_until(h, known(h, "alice").state == ACCOUNT_GONE);
        run_until(h, store_refresh(h->store->reader, &changed) == 0 &&
                             store_key_get(h->store->reader, "0000000000", &key) == 0 &&
                             key.status == KEY_REVOKED);
        assert_string_equal(key.reason, "the account was removed");
}

/* Nobody waits for the helper on the thread that writes. */
struct quick_job {
        struct worker_job job;
        bool done;
};

static void quick_run(struct worker_job *job, struct store *writer) {
        (void) job;
        (void) writer;
}

static void quick_done(struct worker_job *job) {
        ((struct quick_job *) job)->done = true;
}

static void test_the_writer_is_free_meanwhile(void **state) {
        struct quick_job job = { .job = { .run = quick_run, .done = quick_done } };
        struct host *h = *state;

        insert(h, 1, "hang1");
        unit_directory_patience = 600 * SECOND;
        begin(h);
        run_until(h, unit_directory_helpers == 1);
        assert_int_equal(worker_submit(h->worker, &job.job), 0);
        run_until(h, job.done);
}

static void test_many_changes_are_one_pass_or_two(void **state) {
        struct host *h = *state;
        uint64_t generation;

        begin(h);
        run_until(h, known(h, "alice").state == ACCOUNT_PRESENT);
        generation = h->store->shared.generation;
        for (int i = 0; i < 200; i++) {
                put(h, "shadow",
                    i % 2 ? "alice:!$y$x:20000:0:99999::::\n" : "alice:$y$x:20000:0:99999::::\n");
                put(h, "unrelated", "");
        }
        run_until(h, known(h, "alice").locked);
        assert_in_range(h->store->shared.generation - generation, 1, 2);
}

/* --- One user --- */

struct answer {
        unsigned n_done;
        int r;
        enum account_state state, second;
};

static void on_answer(int r, const struct account_record *accounts, void *userdata) {
        struct answer *answer = userdata;

        answer->n_done++;
        answer->r = r;
        answer->state = accounts ? accounts[0].state : ACCOUNT_UNKNOWN;
}

static void on_answers(int r, const struct account_record *accounts, void *userdata) {
        on_answer(r, accounts, userdata);
        ((struct answer *) userdata)->second = accounts ? accounts[1].state : ACCOUNT_UNKNOWN;
}

static int ask(struct host *h, const char *name, struct answer *answer) {
        return accounts_ask(h->accounts, &name, 1, on_answer, answer);
}

static void test_one_user(void **state) {
        static const struct {
                const char *name;
                int r;
                enum account_state state;
        } rows[] = {
                { "remote1", 0, ACCOUNT_PRESENT },       { "nobody", 0, ACCOUNT_GONE },
                { "wait1", 0, ACCOUNT_UNKNOWN },         { "hang1", -ETIMEDOUT, ACCOUNT_UNKNOWN },
                { "crash1", -ECHILD, ACCOUNT_UNKNOWN },  { "short1", -EBADMSG, ACCOUNT_UNKNOWN },
                { "extra1", -EBADMSG, ACCOUNT_UNKNOWN }, { "swap1", -EBADMSG, ACCOUNT_UNKNOWN },
        };
        char name[WIRE_USER_MAX + 2];
        struct host *h = *state;

        begin(h);
        run_until(h, known(h, "alice").state == ACCOUNT_PRESENT);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct answer answer = {};

                unit_int(rows[i].name, ask(h, rows[i].name, &answer), 0);
                unit_int(rows[i].name, answer.n_done, 0); /* never from within */
                run_until(h, answer.n_done > 0);
                unit_int(rows[i].name, answer.r, rows[i].r);
                unit_int(rows[i].name, answer.state, rows[i].state);
                unit_int(rows[i].name, answer.n_done, 1);
        }
        memset(name, 'x', sizeof(name));
        name[WIRE_USER_MAX + 1] = '\0';
        assert_int_equal(ask(h, name, NULL), -ENAMETOOLONG);
}

static void test_two_users_in_one_question(void **state) {
        static const struct {
                const char *names[ACCOUNTS_ASK_NAMES];
                int r;
                enum account_state first, second;
        } rows[] = {
                { { "remote1", "nobody" }, 0, ACCOUNT_PRESENT, ACCOUNT_GONE },
                { { "nobody", "remote1" }, 0, ACCOUNT_GONE, ACCOUNT_PRESENT },
                { { "remote1", "wait1" }, 0, ACCOUNT_PRESENT, ACCOUNT_UNKNOWN },
                { { "remote1", "crash1" }, -ECHILD, ACCOUNT_UNKNOWN, ACCOUNT_UNKNOWN },
        };
        struct host *h = *state;

        begin(h);
        run_until(h, known(h, "alice").state == ACCOUNT_PRESENT);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                unsigned n = unit_directory_helpers;
                struct answer answer = {};

                unit_int(rows[i].names[1],
                         accounts_ask(h->accounts, rows[i].names, 2, on_answers, &answer), 0);
                run_until(h, answer.n_done > 0);
                unit_int(rows[i].names[1], answer.r, rows[i].r);
                unit_int(rows[i].names[1], answer.state, rows[i].first);
                unit_int(rows[i].names[1], answer.second, rows[i].second);
                unit_int(rows[i].names[1], unit_directory_helpers - n, 1);
        }
}

static void test_many_questions_are_bounded(void **state) {
        struct answer answers[ACCOUNTS_ASKS_MAX] = {}, quick = {};
        struct host *h = *state;

        begin(h);
        run_until(h, known(h, "alice").state == ACCOUNT_PRESENT);
        unit_directory_patience = 600 * SECOND;
        for (unsigned i = 1; i < ACCOUNTS_ASKS_MAX; i++)
                assert_int_equal(ask(h, "hang1", &answers[i]), 0);
        assert_int_equal(ask(h, "remote1", &quick), 0);
        assert_int_equal(ask(h, "remote1", &answers[0]), -EBUSY);
        run_until(h, quick.n_done > 0);
        assert_int_equal(quick.r, 0);
        assert_int_equal(ask(h, "hang1", &answers[0]), 0);
        end(h);
        for (unsigned i = 0; i < ACCOUNTS_ASKS_MAX; i++) { /* each is told, once */
                assert_int_equal(answers[i].n_done, 1);
                assert_int_equal(answers[i].r, -ECANCELED);
        }
}

/* An answer of before the change would be written over what the store knows by then. */
static void test_a_change_meanwhile_has_it_asked_again(void **state) {
        struct answer answer = {};
        struct host *h = *state;
        unsigned n;

        begin(h);
        run_until(h, known(h, "alice").state == ACCOUNT_PRESENT);
        n = unit_directory_helpers;
        assert_int_equal(ask(h, "slow1", &answer), 0);
        put(h, "passwd", ROOT ALICE "bob:x:1001:100::/:/bin/sh\n");
        run_until(h, answer.n_done > 0);
        assert_int_equal(answer.r, 0);
        assert_int_equal(answer.state, ACCOUNT_PRESENT);
        assert_int_equal(unit_directory_helpers - n, 2);

        /* ... but not for ever */
        answer = (struct answer){};
        assert_int_equal(ask(h, "slow1", &answer), 0);
        for (unsigned seen = n + 2; answer.n_done == 0;) {
                char text[128];

                /* a change while the next one looks */
                (void) snprintf(text, sizeof(text), ROOT ALICE "bob:x:%u:100::/:/bin/sh\n",
                                unit_directory_helpers);
                if (unit_directory_helpers != seen)
                        put(h, "passwd", text);
                seen = unit_directory_helpers;
                unit_succeeds("sd_event_run", sd_event_run(h->event, SECOND / 20));
        }
        assert_int_equal(answer.n_done, 1);
        assert_int_equal(answer.r, -EAGAIN);
        assert_int_equal(unit_directory_helpers - n, 2 + 6);
}

/* A user who changes the own line again and again, or the members of a group that it administers,
 * must not hold up the answers about others. */
static void test_what_users_change_has_nothing_asked_again(void **state) {
        struct answer answer = {};
        struct host *h = *state;
        uint64_t changes;
        unsigned n;

        h->conf.has_admin_group = true;
        h->conf.admin_group = 5100;
        put(h, "group", "admins:x:5100:\nproject:x:5350:\n");
        begin(h);
        run_until(h, known(h, "alice").state == ACCOUNT_PRESENT);
        changes = accounts_names_changes(h->accounts);
        n = unit_directory_slow;
        assert_int_equal(ask(h, "slow1", &answer), 0);
        put(h, "passwd", ROOT "alice:x:1000:100:,room 7:/:/bin/bash\n");
        put(h, "shadow", "alice:$y$z:20001:0:99999::::\n");
        put(h, "group", "admins:x:5100:\nproject:x:5350:alice\n");
        run_until(h, answer.n_done > 0);
        assert_int_equal(answer.r, 0);
        assert_int_equal(unit_directory_slow - n, 1);
        assert_int_equal(accounts_names_changes(h->accounts), changes);

        /* The administrators matter, and which group they are of. */
        answer = (struct answer){};
        assert_int_equal(ask(h, "slow1", &answer), 0);
        put(h, "group", "admins:x:5100:alice\nproject:x:5350:alice\n");
        run_until(h, answer.n_done > 0);
        assert_int_equal(answer.r, 0);
        assert_int_equal(unit_directory_slow - n, 1 + 2);
        answer = (struct answer){};
        assert_int_equal(ask(h, "slow1", &answer), 0);
        h->conf.admin_group = 5350;
        accounts_set_conf(h->accounts, &h->conf);
        run_until(h, answer.n_done > 0);
        assert_int_equal(answer.r, 0);
        assert_int_equal(unit_directory_slow - n, 3 + 2);
}

/* Who is in passwd comes before a directory, whatever spelling that was. */
static void test_which_changes_of_passwd_count(void **state) {
        static const struct {
                const char *line;
                bool counts;
        } rows[] = {
                { "bob:x:1001:100::/:/bin/sh\n", true },
                { "bob:x:1001:100:,room 7:/:/bin/sh\n", false },
                { "bob:x:1001:100:,room 7:/home:/bin/bash\n", false },
                { "bob:x:1002:100:,room 7:/home:/bin/bash\n", true },
                { "bob:*:1002:100:,room 7:/home:/bin/bash\n", true },
                { "bob:*:1002:101:,room 7:/home:/bin/bash\n", true },
                { "BOB:*:1002:101:,room 7:/home:/bin/bash\n", true },
                { "BOB:*:1002\n", true },
                { "", true },
        };
        char path[UNIT_PATH_LEN], text[128];
        struct host *h = *state;
        uint64_t before = accounts_names_read(h->etc, 0).users, now;

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                (void) snprintf(text, sizeof(text), ROOT "%s" ALICE, rows[i].line);
                put(h, "passwd", text);
                now = accounts_names_read(h->etc, 0).users;
                unit_int(rows[i].line, now != before, rows[i].counts);
                before = now;
        }
        assert_int_equal(unlink(unit_join(path, h->etc, "passwd")), 0);
        assert_int_equal(accounts_names_read(h->etc, 0).users, 0);
        begin(h);
}

/* Anybody can administer a group. Only the group of wfapikey's administrators counts. */
static void test_which_changes_of_group_count(void **state) {
        static const struct {
                const char *lines;
                bool counts;
        } rows[] = {
                { "", true },
                { "project:x:5350:\n", false },
                { "project:x:5350:alice\n", false },
                { "admins:x:5100:\n", true },
                { "project:x:5350:alice\nadmins:x:5100:\n", false },
                { "project:x:5350:alice\nadmins:x:5100:bob\n", true },
                { "admins:x:5100:bob\nproject:x:51000:\nproject:x:510:\nx:5100:1:\n", false },
                { "admins:x:05100:bob\n", true },
                { "admins:x:5100:bob,alice\n", true },
                { "admins:x:5100:bob,alice\nmore:x:5100:carol\n", true },
                { "boss:x:5100:bob,alice\nmore:x:5100:carol\n", true },
                { "boss:x:5100:bob,alice\nmore:x:5100:carol\n+\n5100\n:\n::\n", false },
                { "root:x:0:alice\n", true },
                { "root:x:0:bob\n", false },
        };
        char path[UNIT_PATH_LEN];
        struct host *h = *state;
        uint64_t before = 0, now;

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                put(h, "group", rows[i].lines);
                now = accounts_names_read(h->etc, 5100).group;
                unit_int(rows[i].lines, now != before, rows[i].counts);
                unit_int(rows[i].lines, accounts_names_read(h->etc, 5101).group != now, true);
                before = now;
        }
        assert_int_equal(unlink(unit_join(path, h->etc, "group")), 0);
        assert_int_equal(accounts_names_read(h->etc, 5100).group, 0);
        begin(h);
}

/* --- The end, in the middle of things --- */

static void test_the_end_at_any_moment(void **state) {
        struct host *h = *state;

        insert(h, 1, "remote1");
        insert(h, 2, "hang1");
        for (unsigned steps = 0; steps < 12; steps++) {
                begin(h);
                for (unsigned i = 0; i < steps; i++) {
                        unit_succeeds("sd_event_run", sd_event_run(h->event, SECOND / 50));
                        put(h, "passwd", i % 2 ? ROOT : ROOT ALICE);
                }
                end(h);
                assert_int_equal(store_open(&h->store->writer, h->store->path, STORE_WRITER,
                                            &h->store->shared),
                                 0);
        }
}

static void test_nobody_is_asked_after_the_end(void **state) {
        struct host *h = *state;
        unsigned n;

        begin(h);
        run_until(h, known(h, "alice").state == ACCOUNT_PRESENT);
        accounts_stop(h->accounts);
        n = unit_directory_helpers;
        assert_int_equal(ask(h, "remote1", NULL), -EBUSY);
        accounts_refresh(h->accounts);
        accounts_set_conf(h->accounts, &h->conf);
        put(h, "passwd", ROOT);
        for (int i = 0; i < 20; i++)
                unit_succeeds("sd_event_run", sd_event_run(h->event, SECOND / 100));
        assert_int_equal(unit_directory_helpers, n);
        assert_int_equal(known(h, "alice").state, ACCOUNT_PRESENT);
        accounts_stop(NULL);
        assert_null(accounts_free(NULL));
}

int main(int argc, char *argv[]) {
        const struct CMUnitTest tests[] = {
                test_host(test_it_begins_with_everybody),
                test_host(test_a_change_is_an_event),
                test_host(test_who_hangs_stands_for_nobody_else),
                test_host(test_more_than_a_batch),
                test_host(test_a_directory_that_hangs_does_not_hold_up_the_files),
                test_host(test_who_is_lost_meanwhile_is_asked_for),
                test_host(test_the_writer_is_free_meanwhile),
                test_host(test_many_changes_are_one_pass_or_two),
                test_host(test_one_user),
                test_host(test_two_users_in_one_question),
                test_host(test_many_questions_are_bounded),
                test_host(test_a_change_meanwhile_has_it_asked_again),
                test_host(test_what_users_change_has_nothing_asked_again),
                test_host(test_which_changes_of_passwd_count),
                test_host(test_which_changes_of_group_count),
                test_host(test_the_end_at_any_moment),
                test_host(test_nobody_is_asked_after_the_end),
        };
        int status;

        if (unit_directory_main(argc, argv, &status))
                return status;
        return cmocka_run_group_tests(tests, NULL, NULL);
}

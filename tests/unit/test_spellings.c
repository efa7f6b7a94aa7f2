/* SPDX-License-Identifier: BSD-2-Clause */
/* Other spellings of names: what is asked for, how often, and for how long an answer holds. The
 * directory is the test. */
#include "unit.h"

#include "base/clock.h"
#include "login/spellings.h"

#define SECOND UINT64_C(1000000000)

struct asked {
        char name[WIRE_USER_MAX + 1];
        void (*done)(int r, const struct account_record *accounts, void *userdata);
        void *userdata;
};

static struct asked asked[SPELLINGS_MAX * 2];
static size_t n_asked;
static uint64_t changes, ticks;
static int ask_error;
static unsigned n_known;
static struct spellings *spellings;

int __wrap_accounts_ask(struct accounts *a, const char *const *names, size_t n,
                        void (*done)(int r, const struct account_record *accounts, void *userdata),
                        void *userdata);
uint64_t __wrap_accounts_names_changes(struct accounts *a);
uint64_t __wrap_clock_ticks(void);

int __wrap_accounts_ask(struct accounts *a, const char *const *names, size_t n,
                        void (*done)(int r, const struct account_record *accounts, void *userdata),
                        void *userdata) {
        (void) a;
        assert_int_equal(n, 1);
        if (ask_error < 0)
                return ask_error;
        assert_in_range(n_asked, 0, ARRAY_LEN(asked) - 1);
        asked[n_asked] = (struct asked){ .done = done, .userdata = userdata };
        (void) snprintf(asked[n_asked++].name, sizeof(asked[0].name), "%s", names[0]);
        return 0;
}

uint64_t __wrap_accounts_names_changes(struct accounts *a) {
        (void) a;
        return changes;
}

uint64_t __wrap_clock_ticks(void) {
        return ticks;
}

static void on_known(void *userdata) {
        assert_ptr_equal(userdata, &n_known);
        n_known++;
}

static int make(void **state) {
        (void) state;
        n_asked = 0;
        changes = 0;
        ticks = 1000 * SECOND;
        ask_error = 0;
        n_known = 0;
        return spellings_new(&spellings, NULL, on_known, &n_known);
}

static int drop(void **state) {
        (void) state;
        spellings = spellings_free(spellings);
        return 0;
}

#define test_table(f) cmocka_unit_test_setup_teardown(f, make, drop)

/* The last question is answered: ${name} is "" for a user who does not exist. */
static void answer(size_t i, int r, enum account_state state, const char *name) {
        struct account_record account = { .state = state, .uid = 1000 };

        (void) snprintf(account.name, sizeof(account.name), "%s", name);
        asked[i].done(r, r < 0 ? NULL : &account, asked[i].userdata);
}

static const char *found(const char *name, const char *owner) {
        const struct account_record *account = spellings_find(spellings, name, owner);

        return !account ? "?" : account->state == ACCOUNT_PRESENT ? account->name : "gone";
}

static void test_an_answer_is_remembered(void **state) {
        (void) state;
        assert_string_equal(found("ALICE", "alice"), "?");
        assert_string_equal(found("ALICE", "alice"), "?"); /* the question is on its way */
        assert_int_equal(n_asked, 1);
        assert_string_equal(asked[0].name, "ALICE");
        answer(0, 0, ACCOUNT_PRESENT, "alice");
        assert_int_equal(n_known, 1);
        ticks += 599 * SECOND;
        assert_string_equal(found("ALICE", "alice"), "alice");
        assert_string_equal(found("ALICE", "bob"), "alice");
        assert_int_equal(n_asked, 1);
        assert_string_equal(found("alice@x", "alice"), "?"); /* another one */
        answer(1, 0, ACCOUNT_GONE, "");
        assert_string_equal(found("alice@x", "alice"), "gone");
        assert_int_equal(n_asked, 2);
}

/* No login waits for what is asked for again, and without an answer the old one holds. */
static void test_an_old_answer_holds_until_there_is_a_new_one(void **state) {
        (void) state;
        (void) found("ALICE", "alice");
        answer(0, 0, ACCOUNT_PRESENT, "alice");
        ticks += 600 * SECOND;
        assert_string_equal(found("ALICE", "alice"), "alice");
        assert_int_equal(n_asked, 2);
        answer(1, -ETIMEDOUT, ACCOUNT_UNKNOWN, "");
        assert_string_equal(found("ALICE", "alice"), "alice");
        assert_int_equal(n_asked, 3);
        answer(2, 0, ACCOUNT_PRESENT, "other");
        assert_string_equal(found("ALICE", "alice"), "other");
}

/* A user of the passwd file may have that very name now. */
static void test_a_change_of_passwd_makes_it_forgotten(void **state) {
        (void) state;
        (void) found("ALICE", "alice");
        answer(0, 0, ACCOUNT_PRESENT, "alice");
        changes++;
        assert_string_equal(found("ALICE", "alice"), "?");
        assert_int_equal(n_asked, 2);
        changes++; /* accounts_ask() asks again */
        answer(1, 0, ACCOUNT_PRESENT, "ALICE");
        assert_string_equal(found("ALICE", "alice"), "ALICE");
        assert_int_equal(n_asked, 2);
}

static void test_what_is_no_answer_is_not_remembered(void **state) {
        (void) state;
        ask_error = -EBUSY;
        assert_string_equal(found("ALICE", "alice"), "?");
        ask_error = 0;
        assert_string_equal(found("ALICE", "alice"), "?");
        answer(0, -ETIMEDOUT, ACCOUNT_UNKNOWN, "");
        assert_string_equal(found("ALICE", "alice"), "?");
        answer(1, 0, ACCOUNT_UNKNOWN, "");
        assert_int_equal(n_known, 0);
        assert_string_equal(found("ALICE", "alice"), "?");
        assert_int_equal(n_asked, 3);
}

/* An owner of a key can try any number of spellings. */
static void test_one_owner_takes_no_places_of_others(void **state) {
        char name[32];

        (void) state;
        (void) found("BOB", "bob");
        answer(0, 0, ACCOUNT_PRESENT, "bob");
        for (unsigned i = 0; i < SPELLINGS_MAX; i++) {
                ticks += SECOND;
                (void) snprintf(name, sizeof(name), "mallory@%u", i);
                assert_string_equal(found(name, "mallory"), "?");
                assert_int_equal(n_asked, i + 2);
                (void) found("mallory@other", "mallory"); /* one at a time */
                assert_int_equal(n_asked, i + 2);
                answer(n_asked - 1, 0, ACCOUNT_GONE, "");
                assert_string_equal(found(name, "mallory"), "gone");
        }
        assert_string_equal(found("BOB", "bob"), "bob");
        assert_int_equal(n_asked, SPELLINGS_MAX + 1);
}

/* Each question is a process. An owner of a key can try a new spelling with each login. */
static void test_an_owner_is_asked_about_once_a_second(void **state) {
        char name[32];

        (void) state;
        for (unsigned i = 0; i < 1000; i++) {
                ticks += SECOND / 100;
                (void) snprintf(name, sizeof(name), "mallory@%u", i);
                (void) found(name, "mallory");
                if (n_asked > 0 && strcmp(asked[n_asked - 1].name, name) == 0)
                        answer(n_asked - 1, 0, ACCOUNT_GONE, "");
        }
        assert_in_range(n_asked, 10, SPELLINGS_AT_ONCE + 10);
        assert_string_equal(found("BOB", "bob"), "?");
        assert_string_equal(asked[n_asked - 1].name, "BOB");
        ticks += SPELLINGS_AT_ONCE * SECOND;
        n_asked = 0;
        for (unsigned i = 0; i < 2 * SPELLINGS_AT_ONCE; i++) {
                (void) snprintf(name, sizeof(name), "mallory@x%u", i);
                (void) found(name, "mallory");
                if (i < SPELLINGS_AT_ONCE)
                        answer(i, 0, ACCOUNT_GONE, "");
        }
        assert_int_equal(n_asked, SPELLINGS_AT_ONCE);
}

static void test_questions_are_bounded(void **state) {
        char name[32], owner[32];

        (void) state;
        for (unsigned i = 0; i < SPELLINGS_ASKS_MAX + 2; i++) {
                (void) snprintf(name, sizeof(name), "USER%u", i);
                (void) snprintf(owner, sizeof(owner), "user%u", i);
                assert_string_equal(found(name, owner), "?");
        }
        assert_int_equal(n_asked, SPELLINGS_ASKS_MAX);
        answer(0, 0, ACCOUNT_PRESENT, "user0");
        (void) found(name, owner);
        assert_int_equal(n_asked, SPELLINGS_ASKS_MAX + 1);
        assert_string_equal(asked[SPELLINGS_ASKS_MAX].name, name);
}

static void test_there_is_room_for_many(void **state) {
        char name[32], owner[32];

        (void) state;
        for (unsigned i = 0; i <= SPELLINGS_MAX; i++) {
                ticks += SECOND;
                (void) snprintf(name, sizeof(name), "USER%u", i);
                (void) snprintf(owner, sizeof(owner), "user%u", i);
                (void) found(name, owner);
                answer(i, 0, ACCOUNT_PRESENT, owner);
        }
        assert_string_equal(found("USER1", "user1"), "user1");
        assert_string_equal(found(name, owner), owner);
        assert_string_equal(found("USER0", "user0"), "?"); /* the oldest has gone */
}

int main(void) {
        const struct CMUnitTest tests[] = {
                test_table(test_an_answer_is_remembered),
                test_table(test_an_old_answer_holds_until_there_is_a_new_one),
                test_table(test_a_change_of_passwd_makes_it_forgotten),
                test_table(test_what_is_no_answer_is_not_remembered),
                test_table(test_one_owner_takes_no_places_of_others),
                test_table(test_an_owner_is_asked_about_once_a_second),
                test_table(test_questions_are_bounded),
                test_table(test_there_is_room_for_many),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

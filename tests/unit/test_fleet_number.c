/* SPDX-License-Identifier: BSD-2-Clause */
/* Which account a key of a fleet is for, on a member whose passwd file is wrong for a moment. */
#include "unit_fleet_pair.h"

#include "accounts/accounts_update.h"
#include "rules/expiry.h"
#include "store/store_account.h"

#define RIGHT "alice:x:5001:100::/:/bin/sh\n"
#define WRONG "alice:x:6001:100::/:/bin/sh\n"

static int64_t now;

int64_t __wrap_clock_now(void);
int64_t __wrap_clock_now(void) {
        return now;
}

static char etc[UNIT_PATH_LEN];

static void put(const char *name, const char *text) {
        char path[UNIT_PATH_LEN];

        unit_write(unit_join(path, etc, name), text, strlen(text), 0600);
}

static int begin(void **state) {
        struct fixture *f;

        now = UNIT_BEGUN_AT;
        clock_trust(true);
        if (make(state) < 0)
                return -1;
        f = *state;
        (void) unit_join(etc, f->member.store->dir, "etc");
        if (mkdir(etc, 0700) < 0)
                return -1;
        put("shadow", "");
        put("group", "");
        return 0;
}

#define test_number(f) cmocka_unit_test_setup_teardown(f, begin, drop)

/* The member looks at a passwd file with root and ${users}. */
static void look(struct fixture *f, const char *users) {
        struct accounts_update facts = { .etc = etc, .admin_group = (gid_t) -1, .everybody = true };
        char text[128];

        (void) snprintf(text, sizeof(text), "root:x:0:0::/root:/bin/sh\n%s", users);
        put("passwd", text);
        assert_int_equal(accounts_update_read(&facts, f->member.store->writer), 0);
        accounts_update_done(&facts);
}

/* A key of alice comes to the member. */
static void come(struct fixture *f, const char *id) {
        struct key_record key = fleet_key(f, "web");
        struct fleet_change made = {};

        (void) snprintf(key.id, sizeof(key.id), "%s", id);
        unit_host_change(&f->issuer, insert, &key, &made);
        assert_int_equal(unit_host_take(&f->member, &made.frames[0]), 0);
        fleet_change_done(&made);
}

/* Whose it is now, and whose it stays; RECORD_UNBOUND: nobody's. */
static void is(struct fixture *f, const char *id, uid_t uid, uid_t bound) {
        char sql[80];

        (void) snprintf(sql, sizeof(sql), "SELECT owner_uid FROM key WHERE id = '%s'", id);
        unit_int(id, get(&f->member, id).owner_uid, uid);
        unit_int(id, unit_sql_number(f->member.store->path, sql), bound);
}

static char a[] = "aaaaaaaaaa", b[] = "bbbbbbbbbb", c[] = "cccccccccc";

/* The key was there before the user. */
static void test_a_user_who_comes_with_a_wrong_number(void **state) {
        struct fixture *f = *state;

        come(f, a);
        look(f, "");
        is(f, a, RECORD_UNBOUND, RECORD_UNBOUND);
        look(f, WRONG);
        is(f, a, 6001, RECORD_UNBOUND);
        now++;
        look(f, RIGHT);
        is(f, a, 5001, RECORD_UNBOUND);
        now += EXPIRY_NUMBER_S - 1;
        look(f, RIGHT);
        is(f, a, 5001, RECORD_UNBOUND);
        now++;
        look(f, RIGHT);
        is(f, a, 5001, 5001);
        /* another person */
        look(f, WRONG);
        is(f, a, 5001, 5001);
}

/* The user is there, and the file is wrong while a key comes. */
static void test_a_key_that_comes_at_a_wrong_moment(void **state) {
        struct fixture *f = *state;

        come(f, a);
        look(f, RIGHT);
        now += EXPIRY_NUMBER_S;
        look(f, RIGHT);
        come(f, b);
        is(f, b, 5001, 5001);
        look(f, WRONG);
        come(f, c);
        is(f, c, 6001, RECORD_UNBOUND);
        now++;
        look(f, RIGHT);
        is(f, c, 5001, RECORD_UNBOUND);
        now += EXPIRY_NUMBER_S;
        look(f, RIGHT);
        is(f, c, 5001, 5001);
        is(f, a, 5001, 5001);
        is(f, b, 5001, 5001);
}

/* The user is away for a moment. */
static void test_a_user_who_goes_meanwhile(void **state) {
        struct fixture *f = *state;

        come(f, a);
        look(f, RIGHT);
        now += EXPIRY_NUMBER_S;
        look(f, "");
        is(f, a, RECORD_UNBOUND, RECORD_UNBOUND);
        look(f, RIGHT);
        is(f, a, 5001, RECORD_UNBOUND);
        now += EXPIRY_NUMBER_S;
        look(f, RIGHT);
        is(f, a, 5001, 5001);
        look(f, "");
        is(f, a, 5001, 5001);
}

/* A clock that is not trusted, or was ahead, makes nothing sure. */
static void test_a_clock_that_is_wrong(void **state) {
        struct fixture *f = *state;
        struct account_record account;

        come(f, a);
        clock_trust(false);
        look(f, RIGHT);
        now += EXPIRY_NUMBER_S;
        look(f, RIGHT);
        is(f, a, 5001, RECORD_UNBOUND);
        clock_trust(true);
        look(f, RIGHT);
        now -= 10 * EXPIRY_NUMBER_S;
        look(f, RIGHT);
        is(f, a, 5001, RECORD_UNBOUND);
        assert_int_equal(store_account_get(f->member.store->writer, "alice", &account), 0);
        assert_int_equal(account.number_since, now);
        now += EXPIRY_NUMBER_S;
        clock_trust(false);
        look(f, RIGHT);
        is(f, a, 5001, RECORD_UNBOUND);
        clock_trust(true);
        look(f, RIGHT);
        is(f, a, 5001, 5001);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                test_number(test_a_user_who_comes_with_a_wrong_number),
                test_number(test_a_key_that_comes_at_a_wrong_moment),
                test_number(test_a_user_who_goes_meanwhile),
                test_number(test_a_clock_that_is_wrong),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

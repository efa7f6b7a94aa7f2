/* SPDX-License-Identifier: BSD-2-Clause */
/* A host waits for its turn to take a snapshot, and no longer than it may. The database, the clock
 * and chance are the test's. */
#include <inttypes.h>

#include "unit.h"

#include "carry_state.h"

#define SECOND UINT64_C(1000000)
/* The limit, as chance has it. The clock begins at another time than 0. */
#define LIMIT (UINT64_C(2500) * SECOND)
#define START (UINT64_C(77) * SECOND)

static char all[] = "all", web[] = "web";
static struct carry_group groups[] = { { .name = all }, { .name = web } };
static struct carry carry;
static uint64_t now;
/* how often a group was set aside, and a limit was asked for */
static unsigned aside, limits;
static const char *asked; /* NULL: no statement since */
static database_done *answered;

uint64_t carry_now(const struct carry *c) {
        assert_ptr_equal(c, &carry);
        return now;
}

void carry_go(struct carry *c) {
        assert_ptr_equal(c, &carry);
}

void carry_fetch_set_aside(struct carry *c, struct carry_group *g, const char *state,
                           const char *why) {
        assert_ptr_equal(c, &carry);
        assert_string_equal(state, "behind");
        assert_non_null(strstr(why, "waits for its turn"));
        g->again_at = now + SECOND;
        aside++;
}

uint64_t pause_jitter(uint64_t usec) {
        assert_int_equal(usec, 3600 * SECOND);
        limits++;
        return LIMIT;
}

int database_ask(struct database *d, const char *sql, const struct array *arrays, int n,
                 database_done *done, void *userdata) {
        assert_null(d);
        assert_null(arrays);
        assert_int_equal(n, 0);
        assert_ptr_equal(userdata, &carry);
        asked = sql;
        answered = done;
        return 0;
}

/* The database says ${flag}, or no such answer when that is negative. */
static void answer(int flag) {
        static char name[] = "take_turn";
        PGresAttDesc column = { .name = name, .format = 1, .typlen = 1 };
        PGresult *result =
                PQmakeEmptyPGresult(NULL, flag < 0 ? PGRES_FATAL_ERROR : PGRES_TUPLES_OK);
        char value = (char) flag;

        assert_non_null(result);
        if (flag >= 0) {
                assert_int_equal(PQsetResultAttrs(result, 1, &column), 1);
                assert_int_equal(PQsetvalue(result, 0, 0, &value, 1), 1);
        }
        asked = NULL;
        answered(result, &carry);
}

/* As the next look does: it finds that the group lacks changes. */
static void needs_snapshot(void) {
        groups[1].lacks = true;
        groups[1].again_at = 0;
        carry.taking = &groups[1];
}

/* Asks, and hears ${flag}. Returns whether the host takes its snapshot then. */
static bool takes(int flag) {
        needs_snapshot();
        assert_true(carry_turn_ask(&carry));
        assert_string_equal(asked, "SELECT wfapikey.take_turn(true)");
        answer(flag);
        return carry.taking != NULL;
}

/* The snapshot was taken. */
static void is_done(void) {
        groups[1].lacks = groups[1].refused = false;
        carry.taking = NULL;
}

static int setup(void **state) {
        (void) state;
        memset(&carry, 0, sizeof(carry));
        carry.groups = groups;
        carry.n_groups = ARRAY_LEN(groups);
        for (size_t i = 0; i < ARRAY_LEN(groups); i++)
                groups[i] = (struct carry_group){ .name = groups[i].name };
        now = START;
        aside = limits = 0;
        asked = NULL;
        return 0;
}

/* Other hosts have all places for ever. Hosts that mean ill must not keep revocations away. */
static void test_waits_no_longer_than_the_limit(void **state) {
        (void) state;
        for (; now < START + LIMIT; now += 10 * SECOND) {
                assert_false(takes(false));
                assert_false(groups[1].lacks);
        }
        assert_int_equal(now, START + LIMIT);
        assert_int_equal(aside, LIMIT / (10 * SECOND));
        assert_true(takes(false));
        /* by one limit, which began with the first refusal */
        assert_int_equal(limits, 1);
        assert_true(groups[1].lacks);
}

static void test_waits_until_the_limit(void **state) {
        (void) state;
        assert_false(takes(false));
        now = START + LIMIT - 1;
        assert_false(takes(false));
        now++;
        assert_true(takes(false));
}

/* The connection to the database was lost meanwhile, and all that was told with it. */
static void test_a_lost_connection_makes_the_wait_no_longer(void **state) {
        (void) state;
        assert_false(takes(false));
        now = START + LIMIT / 2;
        for (size_t i = 0; i < ARRAY_LEN(groups); i++)
                groups[i].again_at = 0;
        carry.turn.at = 0;
        carry.fetch_wanted = true;
        assert_false(carry_turn_end(&carry));
        carry.fetch_wanted = false;
        carry.asking = &groups[1];
        assert_false(carry_turn_end(&carry));
        carry.asking = NULL;
        now = START + LIMIT;
        assert_true(takes(false));
}

/* The database forgets a host that it does not hear of for a minute. */
static void test_says_that_it_is_still_there(void **state) {
        (void) state;
        assert_true(takes(true));
        now += 10 * SECOND - 1;
        assert_false(carry_turn_ask(&carry));
        assert_null(asked);
        now++;
        assert_true(takes(true));
        assert_int_equal(aside, 0);
}

/* A host that has taken its snapshot out of turn waits again when it needs another one. */
static void test_each_need_has_a_limit_of_its_own(void **state) {
        (void) state;
        assert_false(takes(false));
        now = START + LIMIT;
        assert_true(takes(false));
        assert_false(carry_turn_end(&carry));
        is_done();
        assert_true(carry_turn_end(&carry));
        assert_string_equal(asked, "SELECT wfapikey.take_turn(false)");
        answer(true);
        assert_false(carry_turn_end(&carry));
        assert_false(takes(false));
        assert_int_equal(limits, 2);
}

/* What was missing has come without a snapshot. The next need begins anew. */
static void test_a_need_that_goes_takes_its_limit_along(void **state) {
        (void) state;
        assert_false(takes(false));
        assert_false(carry_turn_end(&carry));
        groups[1].again_at = 0;
        assert_false(carry_turn_end(&carry));
        assert_null(asked);
        now = START + 2 * LIMIT;
        assert_false(takes(false));
}

static void test_a_limit_that_does_not_work_is_none(void **state) {
        (void) state;
        assert_true(takes(-1));
        assert_int_equal(aside, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(test_waits_no_longer_than_the_limit, setup),
                cmocka_unit_test_setup(test_waits_until_the_limit, setup),
                cmocka_unit_test_setup(test_a_lost_connection_makes_the_wait_no_longer, setup),
                cmocka_unit_test_setup(test_says_that_it_is_still_there, setup),
                cmocka_unit_test_setup(test_each_need_has_a_limit_of_its_own, setup),
                cmocka_unit_test_setup(test_a_need_that_goes_takes_its_limit_along, setup),
                cmocka_unit_test_setup(test_a_limit_that_does_not_work_is_none, setup),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

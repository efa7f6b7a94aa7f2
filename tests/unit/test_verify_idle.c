/* SPDX-License-Identifier: BSD-2-Clause */
/* Logins with keys that nobody uses. What counts is the last use, wherever it is: in the store, in
 * a newer state of it than the reader's, or in memory. */
#include "unit_verify.h"

#include "rules/policy.h"

#define PERIOD INT64_C(500)

/* A disk that fails. */
static int store_error;

int __real_store_key_last_use(struct store *s, const char *id, int64_t *ret);
int __wrap_store_key_last_use(struct store *s, const char *id, int64_t *ret);
int __wrap_store_key_last_use(struct store *s, const char *id, int64_t *ret) {
        return store_error < 0 ? store_error : __real_store_key_last_use(s, id, ret);
}

static void use(struct unit_verify *f, int64_t at) {
        const struct key_use use = { .id = ID, .at = at, .service = "imap" };

        /* as the outbox commits it: no reader is told */
        assert_int_equal(store_begin(f->store->writer), 0);
        assert_int_equal(store_key_used(f->store->writer, &use, 1), 0);
        assert_int_equal(store_commit_quietly(f->store->writer), 0);
}

static enum reason ask(struct unit_verify *f, int64_t now) {
        struct wire_request req = unit_verify_request(WIRE_VERIFY);

        return unit_verify_ask(f, &req, &(struct unit_asking){ .now = now }).event.reason;
}

static void set(struct unit_verify *f, int64_t at) {
        unit_sql(f->store->path, "UPDATE key SET expires_at = 0, created_at = 1, updated_at = 1");
        assert_int_equal(store_begin(f->store->writer), 0);
        assert_int_equal(store_policy_set(f->store->writer, "lifetime", 0, 1), 0);
        assert_int_equal(store_policy_set(f->store->writer, "idle", PERIOD, at), 0);
        assert_int_equal(store_commit(f->store->writer), 0);
}

static void test_a_key_is_refused_in_its_very_second(void **state) {
        struct unit_verify *f = *state;

        set(f, NOW - 1000);
        use(f, NOW - PERIOD);
        assert_int_equal(ask(f, NOW), REASON_IDLE);
        assert_int_equal(ask(f, NOW - 1), REASON_NONE);
}

static void test_a_key_counts_from_the_policy(void **state) {
        struct unit_verify *f = *state;

        set(f, NOW);
        assert_int_equal(ask(f, NOW + PERIOD), REASON_IDLE);
        assert_int_equal(ask(f, NOW + PERIOD - 1), REASON_NONE);
}

static void test_a_use_in_memory_counts(void **state) {
        struct unit_verify *f = *state;

        set(f, NOW - PERIOD + 1);
        assert_int_equal(ask(f, NOW), REASON_NONE);
        /* nothing was written since */
        assert_int_equal(ask(f, NOW + 1), REASON_NONE);
        assert_int_equal(ask(f, NOW + PERIOD - 1), REASON_NONE);
}

static void test_a_use_behind_the_readers_snapshot_counts(void **state) {
        struct unit_verify *f = *state;

        set(f, NOW - PERIOD);
        assert_int_equal(ask(f, NOW), REASON_IDLE);
        use(f, NOW);
        assert_int_equal(ask(f, NOW), REASON_NONE);
}

/* Nobody knows then whether the key is idle: an outage, and no refusal that a person would believe.
 */
static void test_a_use_that_cannot_be_read_is_an_outage(void **state) {
        struct unit_verify *f = *state;

        set(f, NOW - PERIOD);
        use(f, NOW);
        store_error = -EIO;
        assert_int_equal(ask(f, NOW), REASON_STORE);
        store_error = 0;
        assert_int_equal(ask(f, NOW), REASON_NONE);
}

static void test_a_key_of_the_fleet_is_not_refused(void **state) {
        struct unit_verify *f = *state;

        set(f, NOW - PERIOD);
        unit_sql(f->store->path, "UPDATE key SET hosts = 'web', epoch = 1099511627776");
        f->store->shared.fleet_at = INT64_MAX / 2;
        assert_int_equal(ask(f, NOW), REASON_NONE);
}

/* Nobody learns of it who does not have the key. */
static void test_a_wrong_secret_comes_first(void **state) {
        struct wire_request req = unit_verify_request(WIRE_VERIFY);
        struct unit_verify *f = *state;

        set(f, NOW - PERIOD);
        keytext_format(req.key.text, ID, unit_other_secret);
        assert_int_equal(unit_verify_ask_as(f, &req, 0, NOW).event.reason, REASON_WRONG_SECRET);
}

static void test_what_was_noted_stays_without_the_policy(void **state) {
        struct unit_verify *f = *state;

        set(f, NOW);
        unit_sql(f->store->path, "UPDATE key SET dead_at = 5, reason = 'not used for 3mo'");
        unit_verify_policy(f, "idle", 0);
        assert_int_equal(ask(f, NOW), REASON_IDLE);
}

#define test_idle(f) cmocka_unit_test_setup_teardown(f, unit_verify_make, unit_verify_drop)

int main(void) {
        const struct CMUnitTest tests[] = {
                test_idle(test_a_key_is_refused_in_its_very_second),
                test_idle(test_a_key_counts_from_the_policy),
                test_idle(test_a_use_in_memory_counts),
                test_idle(test_a_use_behind_the_readers_snapshot_counts),
                test_idle(test_a_use_that_cannot_be_read_is_an_outage),
                test_idle(test_a_key_of_the_fleet_is_not_refused),
                test_idle(test_a_wrong_secret_comes_first),
                test_idle(test_what_was_noted_stays_without_the_policy),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

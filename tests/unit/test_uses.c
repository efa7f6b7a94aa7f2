/* SPDX-License-Identifier: BSD-2-Clause */
/* Uses of keys on their way to the store. What a verification notes is in the tests of verify. */
#include "unit_worker.h"

#include "base/clock.h"
#include "keys/uses.h"

struct fixture {
        struct unit_worker w;
        struct uses *uses;
};

static int make(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));

        if (!f || unit_worker_make(&f->w) < 0 || uses_new(&f->uses) < 0)
                return -1;
        unit_key_insert(f->w.store->writer, "aaaaaaaaaa", "alice");
        unit_key_insert(f->w.store->writer, "bbbbbbbbbb", "bob");
        *state = f;
        return unit_worker_start(&f->w);
}

static int drop(void **state) {
        struct fixture *f = *state;
        int r;

        unit_worker_stop(&f->w);
        uses_free(f->uses);
        r = unit_worker_drop(&f->w);
        free(f);
        return r;
}

/* Ends the thread when all has been written. */
static void finish(struct fixture *f) {
        uses_flush(f->uses, f->w.worker);
        unit_worker_stop(&f->w);
}

static int64_t number(const struct fixture *f, const char *what) {
        char sql[160];

        (void) snprintf(sql, sizeof(sql), "SELECT coalesce((SELECT %s), -1)", what);
        return unit_sql_number(f->w.store->path, sql);
}

static void test_uses_of_one_key_are_counted_and_the_last_is_kept(void **state) {
        struct fixture *f = *state;

        for (int i = 0; i < 5; i++)
                uses_note(f->uses, "aaaaaaaaaa", i < 4 ? "sshd" : "imap", i < 4 ? "192.0.2.1" : "",
                          100 + i);
        uses_note(f->uses, "bbbbbbbbbb", "ftp", "::1", 50);
        finish(f);
        assert_int_equal(number(f, "uses FROM key_use WHERE id = 'aaaaaaaaaa'"), 5);
        assert_int_equal(number(f, "last_at FROM key_use WHERE id = 'aaaaaaaaaa'"), 104);
        assert_int_equal(
                number(f, "service = 'imap' AND rhost = '' FROM key_use WHERE id = 'aaaaaaaaaa'"),
                1);
        assert_int_equal(number(f, "uses FROM key_use WHERE id = 'bbbbbbbbbb'"), 1);
}

static void test_nothing_is_nothing_to_write(void **state) {
        struct fixture *f = *state;

        uses_flush(f->uses, f->w.worker);
        uses_flush(f->uses, f->w.worker);
        finish(f);
        assert_int_equal(number(f, "count(*) FROM key_use"), 0);
}

static void test_what_was_handed_over_is_not_counted_again(void **state) {
        struct fixture *f = *state;

        for (int i = 0; i < 3; i++) {
                uses_note(f->uses, "aaaaaaaaaa", "sshd", "", 100 + i);
                uses_flush(f->uses, f->w.worker);
                uses_flush(f->uses, f->w.worker);
        }
        finish(f);
        assert_int_equal(number(f, "uses FROM key_use"), 3);
}

/* Whether the copy from before an upgrade is there after a login a century later. */
static bool copy_stays(struct fixture *f, bool trusted) {
        struct unit_store *s = f->w.store;
        char path[UNIT_PATH_LEN];
        struct stat st;

        unit_write(unit_join(path, s->dir, "keys.db.schema-1"), "", 0, 0600);
        unit_worker_stop(&f->w);
        assert_int_equal(store_open(&s->writer, s->path, STORE_WRITER, &s->shared), 0);
        assert_int_equal(unit_worker_start(&f->w), 0);
        clock_trust(trusted);
        uses_note(f->uses, "aaaaaaaaaa", "sshd", "", clock_now() + INT64_C(3155760000));
        finish(f);
        clock_trust(false);
        return lstat(path, &st) == 0;
}

static void test_a_login_much_later_ends_the_copy_of_the_store(void **state) {
        assert_int_equal(copy_stays(*state, false), true);
        assert_int_equal(copy_stays(*state, true), false);
}

static void test_no_key_and_no_hostile_bytes_are_stored(void **state) {
        struct fixture *f = *state;

        uses_note(f->uses, "aaaaaaaaaa", "a\033[31m", "wfk_0123456789_x", 1);
        finish(f);
        assert_int_equal(number(f, "service = 'a\\x1b[31m' FROM key_use"), 1);
        assert_int_equal(number(f, "rhost = '(something like a key)' FROM key_use"), 1);
}

/* The sweep must not end a key whose use is on its way. */
static void test_how_far_the_store_knows_of_uses(void **state) {
        struct fixture *f = *state;
        int64_t now = clock_now();

        assert_int_equal(uses_known(f->uses, now).until, now);
        uses_note(f->uses, "aaaaaaaaaa", "sshd", "", now);
        assert_true(uses_known(f->uses, now + 9).until <= now);
        assert_true(uses_waits(f->uses, "aaaaaaaaaa"));
        assert_false(uses_waits(f->uses, "bbbbbbbbbb"));
        uses_flush(f->uses, f->w.worker);
        assert_true(uses_known(f->uses, now + 9).until <= now);
        assert_true(uses_waits(f->uses, "aaaaaaaaaa"));
        unit_worker_stop(&f->w);
        assert_int_equal(uses_known(f->uses, now + 9).until, now + 9);
        assert_false(uses_waits(f->uses, "aaaaaaaaaa"));
}

static void test_a_use_that_finds_no_room_is_told(void **state) {
        struct fixture *f = *state;
        char id[KEYTEXT_ID_LEN + 1];

        for (unsigned i = 0; uses_known(f->uses, 1).lost == 0; i++) {
                assert_in_range(i, 0, 5000);
                (void) snprintf(id, sizeof(id), "%010u", i % 100000);
                uses_note(f->uses, id, "sshd", "", 100 + i);
        }
        assert_true(uses_known(f->uses, 1).lost > 100);
}

static void test_nothing_can_be_freed(void **state) {
        (void) state;
        assert_null(uses_free(NULL));
}

#define test_uses(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void) {
        const struct CMUnitTest tests[] = {
                test_uses(test_uses_of_one_key_are_counted_and_the_last_is_kept),
                test_uses(test_nothing_is_nothing_to_write),
                test_uses(test_a_login_much_later_ends_the_copy_of_the_store),
                test_uses(test_what_was_handed_over_is_not_counted_again),
                test_uses(test_no_key_and_no_hostile_bytes_are_stored),
                test_uses(test_how_far_the_store_knows_of_uses),
                test_uses(test_a_use_that_finds_no_room_is_told),
                cmocka_unit_test(test_nothing_can_be_freed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

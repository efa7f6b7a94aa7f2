/* SPDX-License-Identifier: BSD-2-Clause */
/* What is left of keys beside the store when something fails on the way, and what is said of it.
 * What comes of the keys is in test_fleet_bulk.c. */
#include "unit_store.h"

#include "store/store_account.h"
#include "store/store_bulk.h"
#include "store/store_stmt.h"
#include "store/store_swap.h"

/* --- Triggers --- */

static int deny_drop(void *userdata, int action, const char *a, const char *b, const char *c,
                     const char *d) {
        (void) userdata;
        (void) a;
        (void) b;
        (void) c;
        (void) d;
        return action == SQLITE_DROP_TEMP_TRIGGER ? SQLITE_DENY : SQLITE_OK;
}

static int64_t temporary(struct unit_store *s) {
        int64_t n;

        assert_int_equal(
                store_stmt_pragma(s->writer->db, "SELECT count(*) FROM temp.sqlite_schema", &n), 0);
        return n;
}

/* The end of it fails once. */
static void break_badly(struct unit_store *s) {
        assert_true(temporary(s) > 0);
        assert_int_equal(sqlite3_set_authorizer(s->writer->db, deny_drop, NULL), SQLITE_OK);
        store_bulk_break(s->writer);
        assert_true(temporary(s) > 0);
        assert_int_equal(sqlite3_set_authorizer(s->writer->db, NULL, NULL), SQLITE_OK);
}

static void clean(struct unit_store *s) {
        int r;

        while ((r = store_swap_clean(s->writer)) > 0)
                continue;
        assert_int_equal(r, 0);
}

/* What notes changes goes with the next change, which would be noted for ever otherwise. */
static void test_triggers_that_stay(void **state) {
        struct unit_store *s = *state;
        struct store_bulk *bulk;

        assert_int_equal(store_bulk_new(&bulk, s->writer), 0);
        break_badly(s);
        assert_null(bulk);
        unit_key_insert(s->writer, "aaaaaaaaaa", "bob");
        assert_int_equal(temporary(s), 0);
        clean(s);
}

/* No import and no other snapshot is in their way. */
static void test_the_next_one(void **state) {
        struct unit_store *s = *state;
        struct store_bulk *bulk;

        for (unsigned i = 0; i < 3; i++) {
                assert_int_equal(store_bulk_new(&bulk, s->writer), 0);
                break_badly(s);
                clean(s);
        }
        assert_int_equal(temporary(s), 0);
}

/* --- Want of memory --- */

static unsigned text_fails;

const unsigned char *__real_sqlite3_column_text(sqlite3_stmt *stmt, int column);
const unsigned char *__wrap_sqlite3_column_text(sqlite3_stmt *stmt, int column);
const unsigned char *__wrap_sqlite3_column_text(sqlite3_stmt *stmt, int column) {
        return text_fails > 0 && --text_fails == 0 ? NULL
                                                   : __real_sqlite3_column_text(stmt, column);
}

static int put_owner(struct unit_store *s) {
        const struct account_record erin = {
                .name = "erin", .state = ACCOUNT_PRESENT, .uid = 4711, .checked_at = 1
        };
        int r;

        r = store_begin(s->writer);
        if (r >= 0)
                r = store_account_put(s->writer, &erin);
        if (r >= 0)
                r = store_commit(s->writer);
        store_rollback(s->writer);
        return r;
}

static int put_together(struct unit_store *s) {
        struct store_bulk *bulk;
        int r;

        r = store_bulk_new(&bulk, s->writer);
        if (r < 0)
                return r;
        r = put_owner(s);
        while (r >= 0 && (r = store_bulk_next(bulk)) > 0)
                continue;
        if (r >= 0)
                r = store_begin(s->writer);
        if (r >= 0)
                r = store_bulk_take(bulk);
        store_rollback(s->writer);
        store_bulk_undo(bulk);
        store_bulk_free(bulk);
        return r;
}

/* That is no damage of the store. */
static void test_want_of_memory(void **state) {
        struct unit_store *s = *state;
        unsigned n = 0;
        bool failed;

        unit_key_insert(s->writer, "aaaaaaaaaa", "erin");
        do {
                int r;

                text_fails = ++n;
                r = put_together(s);
                failed = text_fails == 0;
                text_fails = 0;
                /* What drops the triggers may find no memory either. It is done again. */
                if (r != 0 && (!failed || r != -ENOMEM))
                        fail_msg("text %u: %s", n, strerror(-r));
                clean(s);
                assert_int_equal(put_owner(s), 0);
                assert_int_equal(temporary(s), 0);
        } while (failed);
        assert_true(n > 20);
}

/* Nor is it in what deletes, a piece at a time, what is left. */
static void test_want_of_memory_in_cleaning(void **state) {
        struct unit_store *s = *state;
        unsigned n = 0;
        bool failed;

        do {
                struct store_bulk *bulk;
                int r;

                assert_int_equal(store_bulk_new(&bulk, s->writer), 0);
                store_bulk_free(bulk);
                text_fails = ++n;
                while ((r = store_swap_clean(s->writer)) > 0)
                        continue;
                failed = text_fails == 0;
                text_fails = 0;
                if (r != (failed ? -ENOMEM : 0))
                        fail_msg("text %u: %s", n, strerror(-r));
                clean(s);
        } while (failed);
        assert_true(n > 20);
}

#define test_bulk(f) cmocka_unit_test_setup_teardown(f, unit_store_make, unit_store_remove)

int main(void) {
        const struct CMUnitTest tests[] = {
                test_bulk(test_triggers_that_stay),
                test_bulk(test_the_next_one),
                test_bulk(test_want_of_memory),
                test_bulk(test_want_of_memory_in_cleaning),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

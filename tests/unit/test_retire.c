/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys that retire with the first use of their successor. The use is noted at once, the writer
 * writes it, and a failed write is tried again. */
#include "unit_worker.h"

#include "keys/retire.h"
#include "store/store_key.h"
#include "store/store_stmt.h"

#define NOW INT64_C(1800000000)
#define OLD "aaaaaaaaaa"
#define NEW "bbbbbbbbbb"

struct fixture {
        struct unit_worker w;
        struct retire *retire;
};

static int make(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));
        struct key_record key = unit_key(OLD, "alice");

        if (!f || unit_worker_make(&f->w) < 0 || retire_new(&f->retire) < 0)
                return -1;
        key.retires_at = RECORD_RETIRES_ON_USE;
        memcpy(key.successor, NEW, sizeof(NEW));
        assert_int_equal(store_begin(f->w.store->writer), 0);
        assert_int_equal(store_key_insert(f->w.store->writer, &key), 0);
        assert_int_equal(store_commit(f->w.store->writer), 0);
        *state = f;
        return unit_worker_start(&f->w);
}

static int drop(void **state) {
        struct fixture *f = *state;
        int r;

        unit_worker_stop(&f->w);
        (void) retire_free(f->retire);
        r = unit_worker_drop(&f->w);
        free(f);
        return r;
}

static struct key_record read_key(const struct fixture *f, const char *id) {
        struct key_record key = {};
        bool changed;

        assert_int_equal(store_refresh(f->w.store->reader, &changed), 0);
        assert_int_equal(store_key_get(f->w.store->reader, id, &key), 0);
        return key;
}

static struct key_record old_key(void) {
        struct key_record key = unit_key(OLD, "alice");

        memcpy(key.successor, NEW, sizeof(NEW));
        return key;
}

static void wait_while_noted(struct fixture *f, const char *id) {
        unit_worker_wait(&f->w, !retire_has(f->retire, id));
}

static void test_nothing_is_noted_at_first(void **state) {
        struct fixture *f = *state;

        assert_false(retire_has(f->retire, OLD));
        assert_false(retire_has(f->retire, ""));
}

static void test_what_is_noted_counts_until_it_is_written(void **state) {
        struct key_record key = old_key();
        struct fixture *f = *state;

        retire_note(f->retire, f->w.worker, &key, NOW);
        assert_true(retire_has(f->retire, OLD));
        assert_false(retire_has(f->retire, NEW));
        wait_while_noted(f, OLD);
        key = read_key(f, OLD);
        assert_int_equal(key.retires_at, RECORD_RETIRED);
        assert_int_equal(key.dead_at, NOW);
        assert_int_equal(key.updated_at, NOW);
        assert_string_equal(key.successor, NEW);
        assert_int_equal(key.status, KEY_ACTIVE);
}

static void test_what_has_changed_meanwhile_is_left_alone(void **state) {
        static const struct {
                const char *sql;
                int64_t retires_at;
        } rows[] = { { "UPDATE key SET retires_at = 1700000000", 1700000000 },
                     { "UPDATE key SET retires_at = 0", 0 },
                     { "UPDATE key SET retires_at = -1, successor = 'cccccccccc'", -1 } };
        struct key_record key = old_key();
        struct fixture *f = *state;

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                unit_sql(f->w.store->path, rows[i].sql);
                retire_note(f->retire, f->w.worker, &key, NOW);
                wait_while_noted(f, OLD);
                unit_int(rows[i].sql,
                         unit_sql_number(f->w.store->path,
                                         "SELECT retires_at FROM key WHERE id = '" OLD "'"),
                         rows[i].retires_at);
        }
}

static void test_a_key_that_is_gone_is_no_matter(void **state) {
        struct key_record key = old_key();
        struct fixture *f = *state;

        unit_sql(f->w.store->path, "DELETE FROM key");
        retire_note(f->retire, f->w.worker, &key, NOW);
        wait_while_noted(f, OLD);
}

static void test_without_a_worker_it_waits(void **state) {
        struct key_record key = old_key();
        struct fixture *f = *state;

        retire_note(f->retire, NULL, &key, NOW);
        assert_true(retire_has(f->retire, OLD));
        assert_int_equal(read_key(f, OLD).retires_at, RECORD_RETIRES_ON_USE);
        retire_flush(f->retire, f->w.worker);
        wait_while_noted(f, OLD);
        assert_int_equal(read_key(f, OLD).retires_at, RECORD_RETIRED);
}

static int interrupt(void *userdata) {
        (void) userdata;
        return 1;
}

/* The successor has logged in, so the key must not be good for one login longer. */
static void test_a_key_that_cannot_be_read_may_wait_for_this_use(void **state) {
        struct fixture *f = *state;
        struct key_record key = unit_key(NEW, "alice");

        memcpy(key.predecessor, OLD, sizeof(OLD));
        sqlite3_progress_handler(f->w.store->reader->db, 1, interrupt, NULL);
        retire_use(f->retire, NULL, f->w.store->reader, &key, NOW);
        sqlite3_progress_handler(f->w.store->reader->db, 0, NULL, NULL);
        assert_true(retire_has(f->retire, OLD));
        retire_flush(f->retire, f->w.worker);
        wait_while_noted(f, OLD);
        assert_int_equal(read_key(f, OLD).retires_at, RECORD_RETIRED);
}

static void test_a_full_queue_is_tried_again(void **state) {
        struct key_record key = old_key();
        struct fixture *f = *state;

        unit_worker_hold(&f->w);
        unit_worker_fill(&f->w);
        retire_note(f->retire, f->w.worker, &key, NOW);
        assert_true(retire_has(f->retire, OLD));
        unit_worker_go_on(&f->w);
        unit_worker_wait(&f->w, worker_length(f->w.worker) == 0);
        unit_worker_wait_for_queue(&f->w);
        assert_true(retire_has(f->retire, OLD));
        assert_int_equal(read_key(f, OLD).retires_at, RECORD_RETIRES_ON_USE);
        retire_flush(f->retire, f->w.worker);
        wait_while_noted(f, OLD);
        assert_int_equal(read_key(f, OLD).retires_at, RECORD_RETIRED);
}

static void test_a_store_that_fails_is_tried_again(void **state) {
        struct key_record key = old_key();
        struct fixture *f = *state;

        unit_sql(f->w.store->path,
                 "CREATE TRIGGER no BEFORE UPDATE ON key BEGIN SELECT RAISE(ABORT, 'no'); END");
        retire_note(f->retire, f->w.worker, &key, NOW);
        unit_worker_wait_for_queue(&f->w);
        assert_true(retire_has(f->retire, OLD));
        unit_sql(f->w.store->path, "DROP TRIGGER no");
        retire_note(f->retire, f->w.worker, &key, NOW + 1);
        wait_while_noted(f, OLD);
        assert_int_equal(read_key(f, OLD).retires_at, RECORD_RETIRED);
}

static void test_one_that_is_queued_is_queued_once(void **state) {
        struct key_record key = old_key();
        struct fixture *f = *state;

        for (unsigned i = 0; i < 10 * WORKER_QUEUE_MAX; i++)
                retire_note(f->retire, f->w.worker, &key, NOW);
        wait_while_noted(f, OLD);
        assert_int_equal(read_key(f, OLD).retires_at, RECORD_RETIRED);
}

static void test_what_does_not_fit_is_not_noted(void **state) {
        struct key_record key = old_key();
        struct fixture *f = *state;
        char id[KEYTEXT_ID_LEN + 1];

        for (unsigned i = 0; i < RETIRE_MAX + 10; i++) {
                (void) snprintf(key.id, sizeof(key.id), "%010u", i);
                retire_note(f->retire, NULL, &key, NOW);
        }
        for (unsigned i = 0; i < RETIRE_MAX + 10; i++) {
                (void) snprintf(id, sizeof(id), "%010u", i);
                unit_int(id, retire_has(f->retire, id), i < RETIRE_MAX);
        }
        /* There is room again when these are handed over. None of the keys is in the store. */
        retire_flush(f->retire, f->w.worker);
        for (unsigned i = 0; i < RETIRE_MAX; i++) {
                (void) snprintf(id, sizeof(id), "%010u", i);
                wait_while_noted(f, id);
        }
        (void) snprintf(key.id, sizeof(key.id), "%010u", RETIRE_MAX);
        retire_note(f->retire, NULL, &key, NOW);
        assert_true(retire_has(f->retire, key.id));
}

/* A damaged row says nothing about the others. */
static void test_a_damaged_row_does_not_hold_up_the_others(void **state) {
        struct key_record key = old_key(), other = unit_key("dddddddddd", "alice");
        struct fixture *f = *state;

        unit_sql(f->w.store->path,
                 "PRAGMA ignore_check_constraints = 1; UPDATE key SET status = 9");
        memcpy(other.successor, NEW, sizeof(NEW));
        retire_note(f->retire, NULL, &key, NOW);
        retire_note(f->retire, NULL, &other, NOW);
        retire_flush(f->retire, f->w.worker);
        wait_while_noted(f, "dddddddddd");
        /* Nor does it stay for ever. */
        for (unsigned i = 0; i < 100; i++) {
                retire_flush(f->retire, f->w.worker);
                unit_worker_wait_for_queue(&f->w);
        }
        assert_false(retire_has(f->retire, OLD));
}

/* Else the old key would be good again, until its successor is used once more. */
static void test_damage_that_passes_revives_no_key(void **state) {
        struct key_record key = old_key();
        struct fixture *f = *state;

        unit_sql(f->w.store->path,
                 "PRAGMA ignore_check_constraints = 1; UPDATE key SET status = 9");
        retire_note(f->retire, f->w.worker, &key, NOW);
        for (unsigned i = 0; i < 3; i++) {
                unit_worker_wait_for_queue(&f->w);
                assert_true(retire_has(f->retire, OLD));
                retire_flush(f->retire, f->w.worker);
        }
        unit_worker_wait_for_queue(&f->w);
        unit_sql(f->w.store->path, "UPDATE key SET status = 0");
        assert_true(retire_has(f->retire, OLD));
        retire_flush(f->retire, f->w.worker);
        wait_while_noted(f, OLD);
        assert_int_equal(read_key(f, OLD).retires_at, RECORD_RETIRED);
}

static void test_nothing_can_be_freed(void **state) {
        (void) state;
        assert_null(retire_free(NULL));
}

#define test_retire(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void) {
        const struct CMUnitTest tests[] = {
                test_retire(test_nothing_is_noted_at_first),
                test_retire(test_what_is_noted_counts_until_it_is_written),
                test_retire(test_what_has_changed_meanwhile_is_left_alone),
                test_retire(test_a_key_that_is_gone_is_no_matter),
                test_retire(test_without_a_worker_it_waits),
                test_retire(test_a_key_that_cannot_be_read_may_wait_for_this_use),
                test_retire(test_a_full_queue_is_tried_again),
                test_retire(test_a_store_that_fails_is_tried_again),
                test_retire(test_one_that_is_queued_is_queued_once),
                test_retire(test_what_does_not_fit_is_not_noted),
                test_retire(test_a_damaged_row_does_not_hold_up_the_others),
                test_retire(test_damage_that_passes_revives_no_key),
                cmocka_unit_test(test_nothing_can_be_freed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

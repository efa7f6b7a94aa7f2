/* SPDX-License-Identifier: BSD-2-Clause */
/* Notes on their way to the store: nothing is lost while the store cannot be written, nothing is
 * written twice, and what is told of it is told once. */
#include <semaphore.h>

#include "unit_store.h"

#include "keys/outbox.h"

#define MOST 8

struct note {
        int64_t value;
        bool seen; /* by the writer */
};

/* What the callbacks of the outbox see and do; one test at a time. */
static struct {
        _Atomic int fails; /* what write() returns */
        _Atomic int64_t sum, calls;
        int64_t written;
        unsigned news[OUTBOX_LOST + 1];
        size_t told; /* notes in the last news */
        int error;
} seen;

static int write_note(struct store *writer, void *data) {
        struct note *note = data;
        int r = seen.fails;

        (void) writer;
        seen.calls++;
        if (r < 0)
                return r;
        note->seen = true;
        seen.sum += note->value;
        return 0;
}

static void written(const void *data) {
        const struct note *note = data;

        assert_true(note->seen);
        seen.written += note->value;
}

static void tell(enum outbox_news news, const void *notes, size_t n, int r) {
        assert_non_null(notes);
        seen.news[news]++;
        seen.told = n;
        seen.error = r;
}

static const struct outbox_kind kind = {
        .size = sizeof(struct note),
        .most = MOST,
        .write = write_note,
        .written = written,
        .tell = tell,
};

struct fixture {
        struct unit_store *store;
        struct outbox *outbox;
        struct worker *worker;
        sd_event *event;
};

static void on_done(void *userdata) {
        (void) userdata;
}

static int make(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));

        memset(&seen, 0, sizeof(seen));
        if (!f || unit_store_make((void **) &f->store) < 0 || outbox_new(&f->outbox, &kind) < 0 ||
            sd_event_new(&f->event) < 0 ||
            worker_new(&f->worker, f->event, f->store->writer, on_done, NULL) < 0)
                return -1;
        f->store->writer = NULL; /* the worker's */
        *state = f;
        return 0;
}

static int drop(void **state) {
        struct fixture *f = *state;
        void *store = f->store;

        worker_free(f->worker);
        (void) outbox_free(f->outbox);
        sd_event_unref(f->event);
        free(f);
        return unit_store_remove(&store);
}

static bool add(struct fixture *f, int64_t value) {
        struct note *note = outbox_add(f->outbox);

        if (note)
                *note = (struct note){ .value = value };
        return note;
}

/* Until the writer has been asked for ${calls} notes and the loop has heard of it. */
static void wait_for_calls(struct fixture *f, int64_t calls) {
        while (seen.calls < calls)
                assert_true(sd_event_run(f->event, UINT64_MAX) >= 0);
        while (sd_event_run(f->event, 0) > 0)
                continue;
}

static void wait_until_empty(struct fixture *f) {
        while (!outbox_is_empty(f->outbox))
                assert_true(sd_event_run(f->event, UINT64_MAX) >= 0);
}

static void test_what_is_noted_is_written_once(void **state) {
        struct fixture *f = *state;

        assert_true(outbox_is_empty(f->outbox));
        outbox_flush(f->outbox, f->worker);
        assert_true(outbox_is_empty(f->outbox));
        assert_true(add(f, 1) && add(f, 2));
        assert_false(outbox_is_empty(f->outbox));
        outbox_flush(f->outbox, f->worker);
        outbox_flush(f->outbox, f->worker);
        wait_until_empty(f);
        assert_int_equal(seen.sum, 3);
        assert_int_equal(seen.written, 3);
        assert_int_equal(seen.calls, 2);
        assert_int_equal(seen.news[OUTBOX_WAITS] + seen.news[OUTBOX_BACK] + seen.news[OUTBOX_LOST],
                         0);
}

static void test_what_fails_is_kept_and_told_once(void **state) {
        struct fixture *f = *state;

        seen.fails = -ENOSPC;
        assert_true(add(f, 1));
        for (int64_t i = 1; i <= 5; i++) {
                outbox_flush(f->outbox, f->worker);
                wait_for_calls(f, i);
        }
        assert_int_equal(seen.news[OUTBOX_WAITS], 1);
        assert_int_equal(seen.error, -ENOSPC);
        assert_true(add(f, 10)); /* waits behind it */
        seen.fails = 0;
        outbox_flush(f->outbox, f->worker);
        wait_for_calls(f, 6);
        assert_int_equal(seen.sum, 1);
        assert_int_equal(seen.news[OUTBOX_BACK], 1);
        assert_false(outbox_is_empty(f->outbox));
        outbox_flush(f->outbox, f->worker);
        wait_until_empty(f);
        assert_int_equal(seen.sum, 11);
        assert_int_equal(seen.written, 11);
        assert_int_equal(seen.news[OUTBOX_BACK], 1);
        assert_int_equal(seen.news[OUTBOX_LOST], 0);
}

static void test_no_more_than_fit(void **state) {
        struct fixture *f = *state;
        size_t n;

        for (int i = 0; i < MOST; i++)
                assert_true(add(f, 1));
        assert_false(add(f, 1));
        (void) outbox_space(f->outbox, &n);
        assert_int_equal(n, 0);
        (void) outbox_waiting(f->outbox, &n);
        assert_int_equal(n, MOST);
        outbox_flush(f->outbox, f->worker);
        (void) outbox_waiting(f->outbox, &n);
        assert_int_equal(n, 0);
        assert_true(add(f, 1));
}

static bool is_value(const void *note, const void *what) {
        return ((const struct note *) note)->value == *(const int64_t *) what;
}

static void test_a_note_is_found_until_it_is_written(void **state) {
        static const int64_t values[] = { 7, 8, 9 };
        struct fixture *f = *state;

        seen.fails = -EIO;
        assert_true(add(f, 7));
        outbox_flush(f->outbox, f->worker);
        wait_for_calls(f, 1);
        assert_true(add(f, 8));
        assert_true(outbox_any(f->outbox, is_value, &values[0]));
        assert_true(outbox_any(f->outbox, is_value, &values[1]));
        assert_false(outbox_any(f->outbox, is_value, &values[2]));
        seen.fails = 0;
        outbox_flush(f->outbox, f->worker);
        wait_for_calls(f, 2);
        assert_false(outbox_any(f->outbox, is_value, &values[0]));
        assert_true(outbox_any(f->outbox, is_value, &values[1]));
}

/* --- A worker that is busy --- */

static sem_t go_on;

static void hold_run(struct worker_job *job, struct store *writer) {
        (void) job;
        (void) writer;
        while (sem_wait(&go_on) < 0)
                continue;
}

static void hold_done(struct worker_job *job) {
        (void) job;
}

static void test_a_busy_writer_gets_few_batches(void **state) {
        struct worker_job hold = { .run = hold_run, .done = hold_done, .urgent = true };
        struct fixture *f = *state;
        size_t n;

        assert_int_equal(sem_init(&go_on, 0, 0), 0);
        assert_int_equal(worker_submit(f->worker, &hold), 0);
        for (int i = 0; i < OUTBOX_BATCHES_MAX + 3; i++) {
                assert_true(add(f, 1));
                outbox_flush(f->outbox, f->worker);
        }
        (void) outbox_waiting(f->outbox, &n);
        assert_int_equal(n, 3);
        (void) sem_post(&go_on);
        wait_for_calls(f, OUTBOX_BATCHES_MAX);
        while (!outbox_is_empty(f->outbox)) {
                outbox_flush(f->outbox, f->worker);
                assert_true(sd_event_run(f->event, UINT64_MAX) >= 0);
        }
        assert_int_equal(seen.sum, OUTBOX_BATCHES_MAX + 3);
}

/* --- The end --- */

static void end(struct fixture *f) {
        outbox_finish(f->outbox, f->worker);
        f->worker = worker_free(f->worker);
}

static void test_at_the_end_all_is_written(void **state) {
        struct fixture *f = *state;

        seen.fails = -EIO;
        assert_true(add(f, 1));
        outbox_flush(f->outbox, f->worker);
        wait_for_calls(f, 1);
        seen.fails = 0;
        assert_true(add(f, 2));
        end(f);
        assert_int_equal(seen.sum, 3);
        assert_int_equal(seen.written, 3);
        assert_true(outbox_is_empty(f->outbox));
}

static void test_what_cannot_be_written_at_the_end_is_told(void **state) {
        struct fixture *f = *state;

        seen.fails = -EIO;
        assert_true(add(f, 1) && add(f, 2));
        outbox_flush(f->outbox, f->worker);
        assert_true(add(f, 3));
        end(f);
        assert_int_equal(seen.news[OUTBOX_LOST], 2);
        assert_int_equal(seen.sum, 0);
        assert_true(outbox_is_empty(f->outbox));
}

static void test_nothing_can_be_freed(void **state) {
        (void) state;
        assert_null(outbox_free(NULL));
}

#define test_outbox(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void) {
        const struct CMUnitTest tests[] = {
                test_outbox(test_what_is_noted_is_written_once),
                test_outbox(test_what_fails_is_kept_and_told_once),
                test_outbox(test_no_more_than_fit),
                test_outbox(test_a_note_is_found_until_it_is_written),
                test_outbox(test_a_busy_writer_gets_few_batches),
                test_outbox(test_at_the_end_all_is_written),
                test_outbox(test_what_cannot_be_written_at_the_end_is_told),
                cmocka_unit_test(test_nothing_can_be_freed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Notes on their way to the store. Nothing is lost while the store cannot be written, nothing is
 * written twice, and each piece of news is told once. What a note means is not known here. */
#include "unit_worker.h"

#include "keys/outbox.h"

#define MOST 8

static _Atomic bool no_memory;

/* For the linker's --wrap. */
void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_malloc(size_t n) {
        return no_memory ? NULL : __real_malloc(n);
}

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
        struct unit_worker w;
        struct outbox *outbox;
};

static int make(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));

        memset(&seen, 0, sizeof(seen));
        no_memory = false;
        if (!f || unit_worker_make(&f->w) < 0 || outbox_new(&f->outbox, &kind) < 0)
                return -1;
        *state = f;
        return unit_worker_start(&f->w);
}

static int drop(void **state) {
        struct fixture *f = *state;
        int r;

        unit_worker_stop(&f->w);
        (void) outbox_free(f->outbox);
        r = unit_worker_drop(&f->w);
        free(f);
        return r;
}

static bool add(struct fixture *f, int64_t value) {
        struct note *note = outbox_add(f->outbox);

        if (note)
                *note = (struct note){ .value = value };
        return note;
}

/* Hands over what waits, and waits until the writer is done with it. */
static void flush_and_wait(struct fixture *f) {
        outbox_flush(f->outbox, f->w.worker);
        unit_worker_wait_for_queue(&f->w);
}

static void test_what_is_noted_is_written_once(void **state) {
        struct fixture *f = *state;

        assert_true(outbox_is_empty(f->outbox));
        outbox_flush(f->outbox, f->w.worker);
        assert_true(outbox_is_empty(f->outbox));
        assert_true(add(f, 1) && add(f, 2));
        assert_false(outbox_is_empty(f->outbox));
        outbox_flush(f->outbox, f->w.worker);
        outbox_flush(f->outbox, f->w.worker);
        unit_worker_wait(&f->w, outbox_is_empty(f->outbox));
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
        for (int i = 0; i < 5; i++)
                flush_and_wait(f);
        assert_int_equal(seen.calls, 5);
        assert_int_equal(seen.news[OUTBOX_WAITS], 1);
        assert_int_equal(seen.error, -ENOSPC);
        assert_true(add(f, 10)); /* waits behind the failed batch */
        seen.fails = 0;
        flush_and_wait(f);
        assert_int_equal(seen.sum, 1);
        assert_int_equal(seen.news[OUTBOX_BACK], 1);
        assert_false(outbox_is_empty(f->outbox));
        outbox_flush(f->outbox, f->w.worker);
        unit_worker_wait(&f->w, outbox_is_empty(f->outbox));
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
        outbox_flush(f->outbox, f->w.worker);
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
        flush_and_wait(f);
        assert_true(add(f, 8));
        assert_true(outbox_any(f->outbox, is_value, &values[0]));
        assert_true(outbox_any(f->outbox, is_value, &values[1]));
        assert_false(outbox_any(f->outbox, is_value, &values[2]));
        seen.fails = 0;
        flush_and_wait(f);
        assert_false(outbox_any(f->outbox, is_value, &values[0]));
        assert_true(outbox_any(f->outbox, is_value, &values[1]));
}

/* --- A worker that is busy --- */

static void test_a_busy_writer_gets_few_batches(void **state) {
        struct fixture *f = *state;
        size_t n;

        unit_worker_hold(&f->w);
        for (int i = 0; i < OUTBOX_BATCHES_MAX + 3; i++) {
                assert_true(add(f, 1));
                outbox_flush(f->outbox, f->w.worker);
        }
        (void) outbox_waiting(f->outbox, &n);
        assert_int_equal(n, 3);
        assert_int_equal(worker_length(f->w.worker), OUTBOX_BATCHES_MAX);
        unit_worker_go_on(&f->w);
        unit_worker_wait_for_queue(&f->w);
        assert_int_equal(seen.sum, OUTBOX_BATCHES_MAX);
        flush_and_wait(f);
        assert_true(outbox_is_empty(f->outbox));
        assert_int_equal(seen.sum, OUTBOX_BATCHES_MAX + 3);
}

/* --- The end --- */

static void end(struct fixture *f) {
        outbox_finish(f->outbox, f->w.worker);
        unit_worker_stop(&f->w);
}

static void test_at_the_end_all_is_written(void **state) {
        struct fixture *f = *state;

        seen.fails = -EIO;
        assert_true(add(f, 1));
        flush_and_wait(f);
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
        outbox_flush(f->outbox, f->w.worker);
        assert_true(add(f, 3));
        end(f);
        assert_int_equal(seen.news[OUTBOX_LOST], 2);
        assert_int_equal(seen.sum, 0);
        assert_true(outbox_is_empty(f->outbox));
}

static void test_what_the_writer_cannot_take_at_the_end_is_told(void **state) {
        struct fixture *f = *state;

        unit_worker_hold(&f->w);
        unit_worker_fill(&f->w);
        assert_true(add(f, 1) && add(f, 2));
        outbox_finish(f->outbox, f->w.worker);
        assert_int_equal(seen.news[OUTBOX_LOST], 1);
        assert_int_equal(seen.told, 2);
        assert_int_equal(seen.error, -EBUSY);
        assert_true(outbox_is_empty(f->outbox));
}

static void test_no_memory_at_the_end_is_told(void **state) {
        struct fixture *f = *state;

        assert_true(add(f, 1) && add(f, 2));
        no_memory = true;
        outbox_flush(f->outbox, f->w.worker);
        assert_false(outbox_is_empty(f->outbox)); /* still waits */
        outbox_finish(f->outbox, f->w.worker);
        no_memory = false;
        assert_int_equal(seen.news[OUTBOX_LOST], 1);
        assert_int_equal(seen.told, 2);
        assert_int_equal(seen.error, -ENOMEM);
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
                test_outbox(test_what_the_writer_cannot_take_at_the_end_is_told),
                test_outbox(test_no_memory_at_the_end_is_told),
                cmocka_unit_test(test_nothing_can_be_freed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

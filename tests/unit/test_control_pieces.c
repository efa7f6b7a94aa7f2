/* SPDX-License-Identifier: BSD-2-Clause */
/* A call that has begun goes on, however full the queue of the writer thread is: what was done of
 * it would be lost. A call that has not begun is refused. */
#include "unit_call.h"
#include "unit_worker.h"

#include "control/control_events.h"
#include "control/control_pieces.h"
#include "control/control_state.h"

#define PIECES 3

struct look {
        struct control_call call;
        struct control_pieces pieces;
};

struct fixture {
        struct unit_worker w;
        struct control control;
        struct look *look;
};

/* What became of the call, which is freed when it is answered. */
static struct {
        unsigned n_pieces, n_runs, n_done, answers;
        enum control_error error;
} seen;

static void release(struct control_call *call) {
        seen.answers++;
        seen.error = call->error;
}

static const struct control_handlers handlers = { .size = sizeof(struct look), .release = release };
static const struct control_method method = { .member = "Look", .handlers = &handlers };

static void run(struct worker_job *job, struct store *writer) {
        (void) writer;
        (void) job;
        seen.n_runs++;
}

/* As write_settle() in control_fleet_link.c. */
static void done(struct worker_job *job) {
        struct control_call *call = (struct control_call *) job;

        if (seen.n_runs < PIECES)
                control_resume(call);
        else
                control_answer(call);
}

static void done_at_once(struct worker_job *job) {
        control_answer((struct control_call *) job);
}

static bool piece(struct control_call *call, struct store *writer) {
        (void) call;
        (void) writer;
        return ++seen.n_pieces < PIECES;
}

static void after_pieces(struct control_call *call) {
        (void) call;
        seen.n_done++;
}

static int make(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));

        if (!f || unit_worker_make(&f->w) < 0 || unit_worker_start(&f->w) < 0)
                return -1;
        f->control.fixed.worker = f->w.worker;
        memset(&seen, 0, sizeof(seen));
        *state = f;
        return 0;
}

static void call(struct fixture *f, void (*then)(struct worker_job *job)) {
        f->look = calloc(1, sizeof(*f->look));
        assert_non_null(f->look);
        f->look->call = (struct control_call){ .job = { .run = run, .done = then },
                                               .method = &method,
                                               .control = &f->control };
}

static int drop(void **state) {
        struct fixture *f = *state;
        int r = unit_worker_drop(&f->w);

        free(f);
        return r;
}

/* The thread has run all that it was given, the loop has not heard of it, and the queue is full. */
static void fill(struct fixture *f) {
        unit_worker_hold(&f->w);
        unit_worker_fill(&f->w);
}

static void finish(struct fixture *f) {
        unit_worker_turn(&f->w);
        assert_int_equal(seen.answers, 0);
        unit_worker_go_on(&f->w);
        unit_worker_wait(&f->w, seen.answers > 0);
        assert_int_equal(seen.error, CONTROL_OK);
}

static void test_a_call_that_is_run_again(void **state) {
        struct fixture *f = *state;

        call(f, done);
        control_resume(&f->look->call);
        fill(f);
        finish(f);
        assert_int_equal(seen.n_runs, PIECES);
}

static void test_a_look_in_pieces(void **state) {
        struct fixture *f = *state;

        call(f, done_at_once);
        control_pieces_begin(&f->look->pieces, &f->look->call, piece, after_pieces);
        fill(f);
        finish(f);
        assert_int_equal(seen.n_pieces, PIECES);
        assert_int_equal(seen.n_done, 1);
        assert_int_equal(seen.n_runs, 1);
}

/* The last piece finds it full: the call itself comes now. */
static void test_the_call_behind_its_pieces(void **state) {
        struct fixture *f = *state;

        call(f, done_at_once);
        seen.n_pieces = PIECES - 1;
        control_pieces_begin(&f->look->pieces, &f->look->call, piece, after_pieces);
        fill(f);
        finish(f);
        assert_int_equal(seen.n_pieces, PIECES);
        assert_int_equal(seen.n_runs, 1);
}

static void test_a_call_that_has_not_begun(void **state) {
        struct fixture *f = *state;

        call(f, done);
        fill(f);
        control_resume(&f->look->call);
        assert_int_equal(seen.answers, 1);
        assert_int_equal(seen.error, CONTROL_BUSY);
        call(f, done);
        control_pieces_begin(&f->look->pieces, &f->look->call, piece, after_pieces);
        assert_int_equal(seen.answers, 2);
        assert_int_equal(seen.error, CONTROL_BUSY);
        assert_int_equal(seen.n_pieces + seen.n_runs, 0);
}

/* The daemon ends between two pieces. The client is told, and nothing waits for ever. */
static void test_the_end(void **state) {
        struct fixture *f = *state;

        call(f, done);
        control_resume(&f->look->call);
        unit_worker_stop(&f->w);
        assert_int_equal(seen.answers, 1);
        assert_int_equal(seen.error, CONTROL_BUSY);
        assert_int_equal(seen.n_runs, 1);
}

/* --- Events: the log is the test --- */

static struct {
        int64_t last;     /* its number of records */
        int64_t last_hit; /* records up to then pass */
        unsigned n_looks;
        size_t most;
        int64_t after, next;
        size_t n;
} events;

int __wrap_store_audit_each(struct store *writer, const struct audit_filter *filter, size_t most,
                            int (*visit)(const struct audit_record *record, void *userdata),
                            void *userdata, int64_t *ret_next);
int __wrap_store_audit_each(struct store *writer, const struct audit_filter *filter, size_t most,
                            int (*visit)(const struct audit_record *record, void *userdata),
                            void *userdata, int64_t *ret_next) {
        int64_t seq = filter->after;

        (void) writer;
        events.n_looks++;
        events.most = most;
        *ret_next = 0;
        for (size_t n = 0; seq < events.last; n++) {
                struct audit_record record = { .seq = seq + 1 };

                if (n == most) {
                        *ret_next = seq;
                        break;
                }
                seq++;
                if (seq <= events.last_hit && visit(&record, userdata) > 0) {
                        *ret_next = seq;
                        break;
                }
        }
        return 0;
}

static void release_events(struct control_call *call) {
        struct control_events_call *list = (struct control_events_call *) call;

        events.n = list->n;
        events.next = list->next;
        control_events_release(call);
        release(call);
}

static const struct control_handlers event_handlers = { .size = sizeof(struct control_events_call),
                                                        .release = release_events };
static const struct control_method event_method = { .member = "ListAudit",
                                                    .handlers = &event_handlers };

/* A filter that lets nothing pass must not keep the writer thread from others. */
static void test_events_in_pieces(void **state) {
        static const struct {
                int64_t last, last_hit;
                unsigned looks;
                size_t n;
                int64_t next;
        } rows[] = {
                { 0, 0, 1, 0, 0 },
                { 500, 3, 1, 3, 0 },
                { CONTROL_EVENTS_PIECE + 1, 0, 2, 0, 0 },
                { 50000, 5, 1, 5, 5 }, /* the page is full */
                { 50000, 4, CONTROL_EVENTS_SCAN / CONTROL_EVENTS_PIECE, 4, CONTROL_EVENTS_SCAN },
        };
        struct fixture *f = *state;

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct control_events_call *list = calloc(1, sizeof(*list));
                char row[16];

                assert_non_null(list);
                list->call = (struct control_call){ .job = { .run = run, .done = done_at_once },
                                                    .method = &event_method,
                                                    .role = ROLE_ADMIN,
                                                    .control = &f->control };
                list->limit = 5;
                memset(&events, 0, sizeof(events));
                memset(&seen, 0, sizeof(seen));
                events.last = rows[i].last;
                events.last_hit = rows[i].last_hit;
                control_events_list.detour(&list->call);
                unit_worker_wait(&f->w, seen.answers > 0);
                (void) snprintf(row, sizeof(row), "row %zu", i);
                unit_int(row, seen.error, CONTROL_OK);
                unit_int(row, events.n_looks, rows[i].looks);
                unit_int(row, (int64_t) events.most, CONTROL_EVENTS_PIECE);
                unit_int(row, (int64_t) events.n, (int64_t) rows[i].n);
                unit_int(row, events.next, rows[i].next);
        }
}

#define test_pieces(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void) {
        const struct CMUnitTest tests[] = {
                test_pieces(test_a_call_that_is_run_again),
                test_pieces(test_a_look_in_pieces),
                test_pieces(test_the_call_behind_its_pieces),
                test_pieces(test_a_call_that_has_not_begun),
                test_pieces(test_the_end),
                test_pieces(test_events_in_pieces),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

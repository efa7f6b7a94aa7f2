/* SPDX-License-Identifier: BSD-2-Clause */
/* A call that has begun goes on, however full the queue of the writer thread is: what was done of
 * it would be lost. A call that has not begun is refused. */
#include "unit_worker.h"

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

/* The client has gone. */
int __wrap_sd_bus_message_new_method_return(sd_bus_message *call, sd_bus_message **ret);
int __wrap_sd_bus_message_new_method_return(sd_bus_message *call, sd_bus_message **ret) {
        (void) call;
        (void) ret;
        return -ENOTCONN;
}

int __wrap_sd_bus_reply_method_errorf(sd_bus_message *call, const char *name, const char *format,
                                      ...);
int __wrap_sd_bus_reply_method_errorf(sd_bus_message *call, const char *name, const char *format,
                                      ...) {
        (void) call;
        (void) name;
        (void) format;
        return -ENOTCONN;
}

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

#define test_pieces(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void) {
        const struct CMUnitTest tests[] = {
                test_pieces(test_a_call_that_is_run_again),
                test_pieces(test_a_look_in_pieces),
                test_pieces(test_the_call_behind_its_pieces),
                test_pieces(test_a_call_that_has_not_begun),
                test_pieces(test_the_end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

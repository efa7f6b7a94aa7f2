/* SPDX-License-Identifier: BSD-2-Clause */
/* When there is a sweep: at the start, when something is due, when something was committed, and
 * not otherwise. */
#include <stdatomic.h>
#include <time.h>

#include "unit_store.h"

#include "base/clock.h"
#include "keys/sweep.h"
#include "keys/sweep_timer.h"
#include "store/store_key.h"

static _Atomic unsigned n_sweeps;
static _Atomic int sweep_result;

int __real_sweep_run(struct store *writer, int64_t now, struct sweep *sweep);
int __wrap_sweep_run(struct store *writer, int64_t now, struct sweep *sweep);
int __wrap_sweep_run(struct store *writer, int64_t now, struct sweep *sweep) {
        n_sweeps++;
        assert_false(sweep->may_purge); /* no test here runs for an hour */
        return sweep_result < 0 ? sweep_result : __real_sweep_run(writer, now, sweep);
}

struct host {
        struct unit_store *store;
        sd_event *event;
        struct worker *worker;
        struct sweep_timer *sweeper;
};

/* As the server does it. */
static void on_written(void *userdata) {
        struct host *h = userdata;

        store_release(h->store->reader);
        sweep_timer_poke(h->sweeper);
}

static void insert(struct host *h, const char *id, int64_t expires_at) {
        struct key_record key = unit_key(id, "alice");

        key.created_at = clock_now();
        key.expires_at = expires_at;
        assert_int_equal(store_begin(h->store->writer), 0);
        assert_int_equal(store_key_insert(h->store->writer, &key), 0);
        assert_int_equal(store_commit(h->store->writer), 0);
}

static int make(void **state) {
        struct host *h = calloc(1, sizeof(*h));
        void *store = NULL;

        n_sweeps = 0;
        sweep_result = 0;
        if (!h || unit_store_make(&store) < 0)
                return -1;
        h->store = store;
        *state = h;
        return sd_event_new(&h->event);
}

static void begin(struct host *h) {
        assert_int_equal(worker_new(&h->worker, h->event, h->store->writer, on_written, h), 0);
        h->store->writer = NULL;
        assert_int_equal(sweep_timer_new(&h->sweeper, h->event, h->worker, &h->store->shared), 0);
}

static void end(struct host *h) {
        sweep_timer_stop(h->sweeper);
        h->worker = worker_free(h->worker);
        h->sweeper = sweep_timer_free(h->sweeper);
}

static int drop(void **state) {
        struct host *h = *state;
        void *store = h->store;

        end(h);
        sd_event_unref(h->event);
        free(h);
        return unit_store_remove(&store);
}

#define test_host(f) cmocka_unit_test_setup_teardown(f, make, drop)

static void run_for(struct host *h, int ms) {
        struct timespec begun, t;

        (void) clock_gettime(CLOCK_MONOTONIC, &begun);
        do {
                unit_succeeds("sd_event_run", sd_event_run(h->event, 10000));
                (void) clock_gettime(CLOCK_MONOTONIC, &t);
        } while ((t.tv_sec - begun.tv_sec) * 1000 + (t.tv_nsec - begun.tv_nsec) / 1000000 < ms);
}

static int64_t dead_at(struct host *h, const char *id) {
        struct key_record key;
        bool changed;

        store_release(h->store->reader);
        assert_int_equal(store_refresh(h->store->reader, &changed), 0);
        assert_int_equal(store_key_get(h->store->reader, id, &key), 0);
        return key.dead_at;
}

static void test_it_notices_by_itself(void **state) {
        struct host *h = *state;
        int64_t ends = clock_now() + 2;

        insert(h, "aaaaaaaaaa", ends - 3);
        insert(h, "bbbbbbbbbb", ends);
        begin(h);
        for (int i = 0; i < 100 && dead_at(h, "bbbbbbbbbb") == 0; i++)
                run_for(h, 100);
        assert_in_range(dead_at(h, "aaaaaaaaaa"), ends - 2, ends - 1);
        assert_in_range(dead_at(h, "bbbbbbbbbb"), ends, ends + 1);
        run_for(h, 300);
        assert_int_equal(n_sweeps, 2); /* nobody looks in vain */
}

static void test_a_poke_without_a_commit_is_nothing(void **state) {
        struct host *h = *state;

        begin(h);
        run_for(h, 50);
        assert_int_equal(n_sweeps, 1);
        for (int i = 0; i < 1000; i++)
                sweep_timer_poke(h->sweeper);
        run_for(h, 50);
        assert_int_equal(n_sweeps, 1);
        sweep_timer_poke(NULL);
}

static void test_many_pokes_are_few_sweeps(void **state) {
        struct host *h = *state;

        begin(h);
        run_for(h, 50);
        for (int i = 0; i < 1000; i++) {
                atomic_fetch_add(&h->store->shared.generation, 1);
                sweep_timer_poke(h->sweeper);
        }
        run_for(h, 100);
        assert_in_range(n_sweeps, 2, 4);
}

static void test_a_sweep_that_fails_is_not_tried_at_once(void **state) {
        struct host *h = *state;

        sweep_result = -ENOSPC;
        begin(h);
        run_for(h, 300);
        assert_int_equal(n_sweeps, 1);
        sweep_result = 0; /* a commit is a reason */
        atomic_fetch_add(&h->store->shared.generation, 1);
        sweep_timer_poke(h->sweeper);
        run_for(h, 50);
        assert_in_range(n_sweeps, 2, 3);
}

static void test_the_end_at_any_moment(void **state) {
        struct host *h = *state;

        insert(h, "aaaaaaaaaa", 1);
        for (int steps = 0; steps < 6; steps++) {
                begin(h);
                for (int i = 0; i < steps; i++) {
                        atomic_fetch_add(&h->store->shared.generation, 1);
                        sweep_timer_poke(h->sweeper);
                        unit_succeeds("sd_event_run", sd_event_run(h->event, 1000));
                }
                sweep_timer_stop(h->sweeper);
                sweep_timer_stop(h->sweeper);
                sweep_timer_poke(h->sweeper);
                end(h);
                assert_int_equal(store_open(&h->store->writer, h->store->path, STORE_WRITER,
                                            &h->store->shared),
                                 0);
                store_set_seal(h->store->writer, unit_seal, NULL);
        }
        assert_null(sweep_timer_free(NULL));
        sweep_timer_stop(NULL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                test_host(test_it_notices_by_itself),
                test_host(test_a_poke_without_a_commit_is_nothing),
                test_host(test_many_pokes_are_few_sweeps),
                test_host(test_a_sweep_that_fails_is_not_tried_at_once),
                test_host(test_the_end_at_any_moment),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

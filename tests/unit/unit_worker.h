/* SPDX-License-Identifier: BSD-2-Clause */
/* A store with its writer thread, and the loop that hears of what the thread has done. For the
 * tests of what goes between the two. */
#pragma once

#include <semaphore.h>

#include "unit_store.h"

#include "store/worker.h"

/* A job that holds the thread. It must not be in the frame of a test, because a test that fails
 * leaves its frame. */
struct unit_hold {
        struct worker_job job;
        sem_t begun, go_on;
        bool holds;
};

struct unit_worker {
        /* without its writer, which the thread has */
        struct unit_store *store;
        sd_event *event;
        struct worker *worker;
        /* batches of finished jobs that the loop has heard of */
        unsigned batches;
        void (*on_done)(void *userdata); /* then; may be NULL */
        void *userdata;
        struct unit_hold hold;
};

/* As the server does it: readers let go of their snapshot. */
static inline void unit_worker_on_done(void *userdata) {
        struct unit_worker *w = userdata;

        w->batches++;
        store_release(w->store->reader);
        if (w->on_done)
                w->on_done(w->userdata);
}

/* A store and a loop. The test starts the thread when the store has all that it needs. */
static inline int unit_worker_make(struct unit_worker *w) {
        void *store = NULL;

        if (unit_store_make(&store) < 0 || sd_event_new(&w->event) < 0 ||
            sem_init(&w->hold.begun, 0, 0) < 0 || sem_init(&w->hold.go_on, 0, 0) < 0)
                return -1;
        w->store = store;
        return 0;
}

static inline int unit_worker_start(struct unit_worker *w) {
        int r = worker_new(&w->worker, w->event, w->store->writer, unit_worker_on_done, w);

        if (r >= 0)
                w->store->writer = NULL;
        return r;
}

static inline void unit_worker_go_on(struct unit_worker *w) {
        if (w->hold.holds)
                (void) sem_post(&w->hold.go_on);
        w->hold.holds = false;
}

/* Runs all that was queued, and ends the thread. */
static inline void unit_worker_stop(struct unit_worker *w) {
        unit_worker_go_on(w);
        w->worker = worker_free(w->worker);
}

static inline int unit_worker_drop(struct unit_worker *w) {
        void *store = w->store;

        unit_worker_stop(w);
        sd_event_unref(w->event);
        (void) sem_destroy(&w->hold.begun);
        (void) sem_destroy(&w->hold.go_on);
        return unit_store_remove(&store);
}

/* --- Waiting --- */

/* One turn of the loop. Waits as long as it takes until there is something to do. */
static inline void unit_worker_turn(struct unit_worker *w) {
        unit_succeeds("sd_event_run", sd_event_run(w->event, UINT64_MAX));
}

#define unit_worker_wait(w, until)                                                                 \
        do                                                                                         \
                while (!(until))                                                                   \
                        unit_worker_turn(w);                                                       \
        while (0)

struct unit_marker {
        struct worker_job job;
        bool done;
};

static inline void unit_marker_run(struct worker_job *job, struct store *writer) {
        (void) job;
        (void) writer;
}

static inline void unit_marker_done(struct worker_job *job) {
        ((struct unit_marker *) job)->done = true;
}

/* Waits until all jobs are done that have been queued so far. */
static inline void unit_worker_wait_for_queue(struct unit_worker *w) {
        static struct unit_marker marker;

        marker =
                (struct unit_marker){ .job = { .run = unit_marker_run, .done = unit_marker_done } };
        assert_int_equal(worker_submit(w->worker, &marker.job), 0);
        unit_worker_wait(w, marker.done);
}

/* --- A thread that is busy --- */

static inline void unit_hold_run(struct worker_job *job, struct store *writer) {
        struct unit_hold *hold = (struct unit_hold *) job;

        (void) writer;
        (void) sem_post(&hold->begun);
        while (sem_wait(&hold->go_on) < 0)
                continue;
}

static inline void unit_hold_done(struct worker_job *job) {
        (void) job;
}

/* The thread does nothing until unit_worker_go_on(). Jobs submitted meanwhile are queued. */
static inline void unit_worker_hold(struct unit_worker *w) {
        w->hold.job = (struct worker_job){ .run = unit_hold_run, .done = unit_hold_done };
        assert_int_equal(worker_submit(w->worker, &w->hold.job), 0);
        w->hold.holds = true;
        while (sem_wait(&w->hold.begun) < 0)
                continue;
}

/* Fills the queue of a thread that is held. */
static inline void unit_worker_fill(struct unit_worker *w) {
        static struct unit_marker markers[WORKER_QUEUE_MAX];

        for (size_t i = 0; i < ARRAY_LEN(markers); i++) {
                markers[i] = (struct unit_marker){ .job = { .run = unit_marker_run,
                                                            .done = unit_marker_done } };
                assert_int_equal(worker_submit(w->worker, &markers[i].job), 0);
        }
}

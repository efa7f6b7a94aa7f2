/* SPDX-License-Identifier: BSD-2-Clause */
/* The writer thread: runs jobs with the store's one writer connection, urgent ones first and
 * else in the order they came, and tells the loop when each is done. Verifications never pass
 * here. */
#pragma once

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "store/store.h"

#define WORKER_QUEUE_MAX 256

struct worker;

/* One piece of work. Embedded as the first member of what it works on; owned by the worker from
 * submission to done(). */
struct worker_job {
        void (*run)(struct worker_job *job, struct store *writer); /* on the writer thread */
        void (*done)(struct worker_job *job);                      /* on the loop; frees the job */
        bool urgent;                                               /* before those that are not */
        struct worker_job *next;                                   /* the worker's */
};

/**
 * worker_new(ret, event, writer, on_done, userdata):
 * Starts the thread. It owns ${writer} from now on. ${on_done} is called on the loop after each
 * batch of finished jobs, before their
 * done(): what readers must let go of goes then. Returns 0, or a negative errno; ${writer} is
 * the caller's on failure.
 */
int worker_new(struct worker **ret, sd_event *event, struct store *writer,
               void (*on_done)(void *userdata), void *userdata) _must_check_;

/**
 * worker_free(w): runs what is queued to its end, done() included, stops the thread and frees
 * the writer.
 */
struct worker *worker_free(struct worker *w);

/**
 * worker_submit(w, job):
 * Queues ${job}. Returns 0; -EBUSY when ${WORKER_QUEUE_MAX} are waiting, or in worker_free():
 * then the job is still the caller's.
 */
int worker_submit(struct worker *w, struct worker_job *job) _must_check_;

/**
 * worker_length(w): how many jobs wait now, without the one that is being run.
 */
size_t worker_length(struct worker *w);

/* SPDX-License-Identifier: BSD-2-Clause */
/* The writer thread: runs jobs with the one writer connection of the store and tells the loop when
 * each is done. Urgent jobs come first, others in their order. Verifications never wait for it. */
#pragma once

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "store/store.h"

#define WORKER_QUEUE_MAX 256

struct worker;

/* One piece of work. It is the first member of a structure of its user. The worker owns it from
 * submission to done(). */
struct worker_job {
        void (*run)(struct worker_job *job, struct store *writer); /* on the writer thread */
        void (*done)(struct worker_job *job);                      /* on the loop; frees the job */
        bool urgent;                                               /* before those that are not */
        struct worker_job *next;                                   /* the worker's */
};

/**
 * worker_new(ret, event, writer, on_done, userdata):
 * Starts the thread, which owns ${writer} from now on. ${on_done} is called on the loop after each
 * batch of finished jobs and before their done(): there readers let go of their snapshot. Returns
 * 0, or a negative errno; on failure ${writer} stays the caller's.
 */
int worker_new(struct worker **ret, sd_event *event, struct store *writer,
               void (*on_done)(void *userdata), void *userdata) _must_check_;

/**
 * worker_free(w): runs what is queued to its end, done() included, stops the thread and frees the
 * writer.
 */
struct worker *worker_free(struct worker *w);

/**
 * worker_submit(w, job):
 * Queues ${job}. Returns 0; -EBUSY when ${WORKER_QUEUE_MAX} jobs wait, or in worker_free(). On
 * failure the job stays the caller's.
 */
int worker_submit(struct worker *w, struct worker_job *job) _must_check_;

/**
 * worker_go_on(w, job):
 * As worker_submit(), for work that has begun, whose next piece ${job} is. It has its place behind
 * the others, however many they are, because what was done so far would be lost: there are no more
 * such jobs than have once been taken. -EBUSY in worker_free() alone.
 */
int worker_go_on(struct worker *w, struct worker_job *job) _must_check_;

/**
 * worker_length(w): how many jobs wait, without the one that runs.
 */
size_t worker_length(struct worker *w);

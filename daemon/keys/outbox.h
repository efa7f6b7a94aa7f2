/* SPDX-License-Identifier: BSD-2-Clause */
/* What the loop notes and the writer thread writes. A verification does not write, so its notes
 * wait in memory. The writer takes them in batches, each in one transaction. What could not be
 * written is kept and tried again with the next flush, so a disk that is full for a while loses
 * nothing. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "store/store.h"
#include "store/worker.h"

/* on their way to the store at the same time; further notes wait */
#define OUTBOX_BATCHES_MAX 4

enum outbox_news {
        /* a batch could not be written and will be tried again; the first since the last success */
        OUTBOX_WAITS,
        OUTBOX_BACK, /* the first success after that */
        OUTBOX_LOST, /* the last try has failed */
};

/* What is noted. */
struct outbox_kind {
        size_t size; /* of a note, in bytes */
        size_t most; /* notes that wait for a batch */
        /* A verification reads what is written, so readers have to renew their snapshot. */
        bool verified;
        /* On the writer thread, in a transaction. 0, or an error of the store: then nothing of the
         * batch is written. It may change only those bytes that the loop does not read before
         * written(). */
        int (*write)(struct store *writer, void *note);
        /* On the loop, after the commit. May be NULL. */
        void (*written)(const void *note);
        /* On the loop: there is news of ${n} notes. ${r} is the error of the store, or 0. */
        void (*tell)(enum outbox_news news, const void *notes, size_t n, int r);
};

struct outbox;

/**
 * outbox_new(ret, kind): ${kind} must outlive it. 0; -ENOMEM.
 * outbox_free(o): loses what was not written. End the worker before it.
 */
int outbox_new(struct outbox **ret, const struct outbox_kind *kind) _must_check_;
struct outbox *outbox_free(struct outbox *o);

/**
 * outbox_space(o, ret_n), outbox_fill(o, n):
 * The place for further notes, and how many fit; then, that ${n} of them have been put there.
 */
void *outbox_space(struct outbox *o, size_t *ret_n);
void outbox_fill(struct outbox *o, size_t n);

/**
 * outbox_add(o): the place of one more note, whose bytes are undefined. NULL when there is no room.
 */
void *outbox_add(struct outbox *o);

/**
 * outbox_waiting(o, ret_n): the notes that are in no batch yet. The caller may change them.
 */
void *outbox_waiting(struct outbox *o, size_t *ret_n);

/**
 * outbox_is_empty(o): whether all that was noted is in the store.
 */
bool outbox_is_empty(const struct outbox *o);

/**
 * outbox_is_settled(o): whether all that was handed over is in the store.
 */
bool outbox_is_settled(const struct outbox *o);

/**
 * outbox_any(o, is_it, what): whether ${is_it} says yes to a note that is not in the store yet.
 */
bool outbox_any(const struct outbox *o, bool (*is_it)(const void *note, const void *what),
                const void *what);

/**
 * outbox_flush(o, worker):
 * Hands over the batches that failed before. Where there are none, hands over what waits. What the
 * worker cannot take now stays.
 */
void outbox_flush(struct outbox *o, struct worker *worker);

/**
 * outbox_finish(o, worker):
 * Hands over all that there is, for a last try. What cannot be handed over is lost, and told.
 */
void outbox_finish(struct outbox *o, struct worker *worker);

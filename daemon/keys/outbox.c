/* SPDX-License-Identifier: BSD-2-Clause */
/* Notes on their way from the loop to the store. A batch is a job of the worker, which owns it
 * while it is on its way. The loop owns all else. Knows nothing of what is noted. */
#include <errno.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "keys/outbox.h"

struct batch {
        struct worker_job job;
        TAILQ_ENTRY(batch) entries;
        struct outbox *outbox;
        int result;
        bool on_its_way;
        bool last; /* there is no other try */
        size_t n;
        alignas(max_align_t) uint8_t notes[];
};

/* Invariants: (1) waiting[0..n_waiting) are in no batch; (2) a batch that is not on its way has
 * failed and will be tried again; (3) n_batches is the length of batches. */
struct outbox {
        const struct outbox_kind *kind;
        TAILQ_HEAD(, batch) batches;
        size_t n_batches;
        bool complained;
        size_t n_waiting;
        alignas(max_align_t) uint8_t waiting[];
};

int outbox_new(struct outbox **ret, const struct outbox_kind *kind) {
        struct outbox *o = calloc(1, sizeof(*o) + kind->most * kind->size);

        if (!o)
                return -ENOMEM;
        o->kind = kind;
        TAILQ_INIT(&o->batches);
        *ret = o;
        return 0;
}

struct outbox *outbox_free(struct outbox *o) {
        struct batch *batch;

        if (!o)
                return NULL;
        while ((batch = TAILQ_FIRST(&o->batches))) {
                TAILQ_REMOVE(&o->batches, batch, entries);
                free(batch);
        }
        free(o);
        return NULL;
}

void *outbox_space(struct outbox *o, size_t *ret_n) {
        *ret_n = o->kind->most - o->n_waiting;
        return o->waiting + o->n_waiting * o->kind->size;
}

void outbox_fill(struct outbox *o, size_t n) {
        o->n_waiting += n;
}

void *outbox_add(struct outbox *o) {
        size_t n;
        void *note = outbox_space(o, &n);

        if (n == 0)
                return NULL;
        outbox_fill(o, 1);
        return note;
}

void *outbox_waiting(struct outbox *o, size_t *ret_n) {
        *ret_n = o->n_waiting;
        return o->waiting;
}

bool outbox_is_empty(const struct outbox *o) {
        return o->n_waiting == 0 && o->n_batches == 0;
}

bool outbox_is_settled(const struct outbox *o) {
        return o->n_batches == 0;
}

bool outbox_any(const struct outbox *o, bool (*is_it)(const void *note, const void *what),
                const void *what) {
        const struct batch *batch;

        for (size_t i = 0; i < o->n_waiting; i++)
                if (is_it(o->waiting + i * o->kind->size, what))
                        return true;
        TAILQ_FOREACH(batch, &o->batches, entries) {
                for (size_t i = 0; i < batch->n; i++)
                        if (is_it(batch->notes + i * o->kind->size, what))
                                return true;
        }
        return false;
}

static void batch_run(struct worker_job *job, struct store *writer) {
        struct batch *batch = (struct batch *) job;
        const struct outbox_kind *kind = batch->outbox->kind;
        int r = store_begin(writer);

        for (size_t i = 0; r >= 0 && i < batch->n; i++)
                r = kind->write(writer, batch->notes + i * kind->size);
        if (r >= 0)
                r = kind->verified ? store_commit(writer) : store_commit_quietly(writer);
        if (r < 0)
                store_rollback(writer);
        batch->result = r;
}

static void tell(struct outbox *o, const struct batch *batch) {
        bool failed = batch->result < 0;

        if (failed && batch->last)
                o->kind->tell(OUTBOX_LOST, batch->notes, batch->n, batch->result);
        else if (failed && !o->complained)
                o->kind->tell(OUTBOX_WAITS, batch->notes, batch->n, batch->result);
        else if (!failed && o->complained)
                o->kind->tell(OUTBOX_BACK, batch->notes, batch->n, 0);
        o->complained = failed;
}

static void batch_done(struct worker_job *job) {
        struct batch *batch = (struct batch *) job;
        struct outbox *o = batch->outbox;

        batch->on_its_way = false;
        for (size_t i = 0; batch->result >= 0 && o->kind->written && i < batch->n; i++)
                o->kind->written(batch->notes + i * o->kind->size);
        tell(o, batch);
        if (batch->result < 0 && !batch->last)
                return;
        TAILQ_REMOVE(&o->batches, batch, entries);
        o->n_batches--;
        free(batch);
}

static int submit(struct batch *batch, struct worker *worker) {
        int r = worker_submit(worker, &batch->job);

        batch->on_its_way = r >= 0;
        return r;
}

/* Copies all that waits into a batch. NULL when there is nothing, or no memory. */
static struct batch *make_batch(struct outbox *o) {
        size_t len = o->n_waiting * o->kind->size;
        struct batch *batch = len > 0 ? malloc(sizeof(*batch) + len) : NULL;

        if (!batch)
                return NULL;
        *batch = (struct batch){
                .job = { .run = batch_run, .done = batch_done, .urgent = true },
                .outbox = o,
                .n = o->n_waiting,
        };
        memcpy(batch->notes, o->waiting, len);
        return batch;
}

static void hand_over(struct outbox *o, struct batch *batch) {
        TAILQ_INSERT_TAIL(&o->batches, batch, entries);
        o->n_batches++;
        o->n_waiting = 0;
}

void outbox_flush(struct outbox *o, struct worker *worker) {
        struct batch *batch;
        bool failed = false;

        TAILQ_FOREACH(batch, &o->batches, entries) {
                if (batch->on_its_way)
                        continue;
                failed = true;
                (void) submit(batch, worker);
        }
        if (failed || o->n_batches >= OUTBOX_BATCHES_MAX)
                return;
        batch = make_batch(o);
        if (batch && submit(batch, worker) >= 0)
                hand_over(o, batch);
        else
                free(batch);
}

void outbox_finish(struct outbox *o, struct worker *worker) {
        struct batch *batch = make_batch(o), *next;

        if (batch)
                hand_over(o, batch);
        else if (o->n_waiting > 0) {
                o->kind->tell(OUTBOX_LOST, o->waiting, o->n_waiting, -ENOMEM);
                o->n_waiting = 0;
        }
        for (batch = TAILQ_FIRST(&o->batches); batch; batch = next) {
                next = TAILQ_NEXT(batch, entries);
                batch->last = true;
                if (batch->on_its_way || submit(batch, worker) >= 0)
                        continue;
                batch->result = -EBUSY;
                batch_done(&batch->job);
        }
}

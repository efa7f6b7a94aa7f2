/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cleanup.h"
#include "keys/audit.h"
#include "store/store_audit.h"
#include "text.h"

#define BATCH_MAX 128 /* records in one transaction */

/* One transaction's worth on its way. Lives as long as it cannot be written; then it is tried
 * again. */
struct batch {
        struct worker_job job;
        struct audit *audit;
        int result;
        bool last; /* there is no second try */
        size_t n;
        struct audit_record records[BATCH_MAX];
};

/* Invariant: there is at most one batch that is not the last; it belongs to the worker while
 * on_its_way. */
struct audit {
        struct fold *fold;
        struct batch *batch;
        bool on_its_way;
        bool complained;
};

int audit_new(struct audit **ret) {
        struct audit *a = calloc(1, sizeof(*a));
        int r;

        if (!a)
                return -ENOMEM;
        r = fold_new(&a->fold);
        if (r < 0) {
                free(a);
                return r;
        }
        *ret = a;
        return 0;
}

struct audit *audit_free(struct audit *a) {
        if (a) {
                fold_free(a->fold);
                free(a->batch);
        }
        free(a);
        return NULL;
}

void audit_note(struct audit *a, const struct audit_record *record, int64_t now) {
        fold_note(a->fold, record, now);
}

static void batch_run(struct worker_job *job, struct store *writer) {
        struct batch *batch = (struct batch *) job;
        int r;

        r = store_begin(writer);
        for (size_t i = 0; r >= 0 && i < batch->n; i++)
                r = store_audit_add(writer, &batch->records[i]);
        if (r >= 0)
                r = store_commit_quietly(writer);
        store_rollback(writer);
        batch->result = r;
}

static uint64_t count(const struct batch *batch) {
        uint64_t n = 0;

        for (size_t i = 0; i < batch->n; i++)
                n += batch->records[i].count;
        return n;
}

static void batch_done(struct worker_job *job) {
        struct batch *batch = (struct batch *) job;
        struct audit *a = batch->audit;

        if (batch->result < 0 && batch->last)
                log_message(MESSAGE_AUDIT_LOST, LOG_ERR, "%llu events are not in the audit log: %s",
                            (unsigned long long) count(batch), store_error_text(batch->result));
        else if (batch->result < 0 && !a->complained)
                log_message(MESSAGE_AUDIT_WAITS, LOG_WARNING,
                            "the audit log cannot be written, events are gathered until it can: %s",
                            store_error_text(batch->result));
        else if (batch->result >= 0 && a->complained)
                log_message(MESSAGE_AUDIT_BACK, LOG_NOTICE, "the audit log is written again");
        a->complained = batch->result < 0;
        if (batch->last) {
                free(batch);
                return;
        }
        a->on_its_way = false;
        if (batch->result >= 0) {
                a->batch = NULL;
                free(batch);
        }
}

/* Fills a batch with what is due; NULL when nothing is. */
static struct batch *gather(struct audit *a, int64_t now, bool all) {
        struct batch *batch = malloc(sizeof(*batch));

        if (!batch)
                return NULL;
        batch->job = (struct worker_job){ .run = batch_run, .done = batch_done, .urgent = true };
        batch->audit = a;
        batch->result = 0;
        batch->last = all;
        batch->n = fold_take(a->fold, now, all, batch->records, BATCH_MAX);
        if (batch->n > 0)
                return batch;
        free(batch);
        return NULL;
}

void audit_flush(struct audit *a, struct worker *worker, int64_t now) {
        if (a->on_its_way)
                return;
        if (!a->batch)
                a->batch = gather(a, now, false);
        if (a->batch && worker_submit(worker, &a->batch->job) >= 0)
                a->on_its_way = true;
}

void audit_finish(struct audit *a, struct worker *worker, int64_t now) {
        struct batch *batch;

        batch = take_ptr(a->batch);
        if (batch)
                batch->last = true;
        if (a->on_its_way) /* and this was its last try */
                batch = NULL;
        if (!batch)
                batch = gather(a, now, true);
        for (; batch; batch = gather(a, now, true))
                if (worker_submit(worker, &batch->job) < 0) {
                        batch->result = -EBUSY;
                        batch_done(&batch->job);
                }
}

int audit_own(struct store *writer, const char *event, const struct key_record *key,
              const char *detail, uint64_t count, int64_t now) {
        struct audit_record record = { .at = now,
                                       .until = now,
                                       .count = count,
                                       .uid = AUDIT_NOBODY,
                                       .owner_uid = AUDIT_NOBODY,
                                       .verdict = "done",
                                       .door = "daemon" };

        (void) text_copy(record.event, sizeof(record.event), event);
        (void) text_copy(record.detail, sizeof(record.detail), detail);
        if (key) {
                memcpy(record.key, key->id, sizeof(record.key));
                memcpy(record.user, key->owner, sizeof(key->owner));
                record.owner_uid = key->owner_uid;
        }
        return store_audit_add(writer, &record);
}

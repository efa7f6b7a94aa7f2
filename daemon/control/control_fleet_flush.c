/* SPDX-License-Identifier: BSD-2-Clause */
/* Revocations that were done while the database was away are sent when it is there again. */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "control/control_fleet.h"
#include "control/control_state.h"
#include "rules/policy.h"

static struct control_fleet *queue_of(struct control *control) {
        return &control->loop.fleet;
}

struct flush_job {
        struct worker_job job;
        struct control *control;
        struct control_fleet_out *out;
};

struct flushing {
        struct store *writer;
        size_t n;
};

#define FLUSH_MAX 500

static int touch_key(const struct store_fleet_revocation *revocation, void *userdata) {
        struct flushing *flushing = userdata;
        int r;

        r = store_delta_touch(flushing->writer, revocation->id);
        if (r == -ENOENT) /* it was removed, which is as good */
                r = store_fleet_drop_revocation(flushing->writer, revocation->id);
        return r < 0 ? r : ++flushing->n == FLUSH_MAX;
}

static int fill_flush(struct control_fleet_out *out, struct store *writer) {
        struct flushing flushing = { .writer = writer };
        int r;

        r = store_delta_new(&out->delta);
        if (r >= 0)
                r = store_begin(writer);
        if (r < 0)
                return r;
        store_delta_watch(writer, out->delta);
        r = store_fleet_each_revocation(writer, touch_key, &flushing);
        if (r >= 0)
                r = store_fleet_epoch_waits(writer);
        if (r > 0)
                r = store_delta_touch_policy(writer, POLICY_FLEET_EPOCH);
        store_delta_watch(writer, NULL);
        if (r >= 0 && store_delta_has_fleet(out->delta))
                r = fleet_change_make(out->control->writer.fleet, writer, out->delta, &out->change);
        else if (r >= 0)
                r = store_commit_quietly(writer);
        store_rollback(writer);
        return r;
}

static void flush_run(struct worker_job *job, struct store *writer) {
        struct flush_job *flush = (struct flush_job *) job;
        struct fleet *fleet = flush->control->writer.fleet;
        struct control_fleet_out *out;

        if (!fleet_self(fleet) || !fleet_self(fleet)->issuing ||
            atomic_load(&flush->control->fleet_busy))
                return;
        out = calloc(1, sizeof(*out));
        if (!out)
                return;
        out->control = flush->control;
        if (fill_flush(out, writer) < 0 || out->change.n == 0) {
                control_fleet_out_free(out);
                return;
        }
        atomic_store(&flush->control->fleet_busy, true);
        flush->out = out;
}

static void flush_done(struct worker_job *job) {
        struct flush_job *flush = (struct flush_job *) job;

        queue_of(flush->control)->flushing = false;
        if (flush->out)
                control_fleet_start(flush->control, flush->out);
        free(flush);
}

void control_fleet_flush(struct control *control) {
        struct control_fleet *queue = queue_of(control);
        struct flush_job *flush;

        if (!queue->connected || queue->stuck || queue->flushing || queue->current || queue->again)
                return;
        flush = calloc(1, sizeof(*flush));
        if (!flush)
                return;
        flush->job = (struct worker_job){ .run = flush_run, .done = flush_done };
        flush->control = control;
        queue->flushing = true;
        if (worker_submit(control->fixed.worker, &flush->job) < 0) {
                queue->flushing = false;
                free(flush);
        }
}

/* One failed statement does not say that the database never takes them: its disk was full, or it
 * was slow. Nothing else tells when it is worth another attempt. */
void control_fleet_flush_again(struct control *control) {
        queue_of(control)->stuck = false;
        control_fleet_flush(control);
}

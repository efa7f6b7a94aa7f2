/* SPDX-License-Identifier: BSD-2-Clause */
/* FollowAudit and its signal AuditEvent. Sends what the audit log has, and knows nothing of how
 * it came there. */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "control/control_events.h"
#include "control/control_follow.h"
#include "control/control_state.h"
#include "keys/audit.h"
#include "store/store_audit.h"

/* kinds of events whose repeats are told at a time */
#define REPEATS_MAX 64
/* events sent to one client at a time */
#define FOLLOW_MAX 32

struct follow_call {
        struct control_call call;
        struct control_sight sight;
        int64_t cursor;
};

/* The audit log itself is the buffer between its writers and the clients that follow. Each
 * client has a place in the log, gets the events behind it as fast as it reads, and takes no
 * memory when it does not read. Invariant: while control.loop.following is set, one job is on
 * its way, and no client is freed. */
struct control_follower {
        struct control_follower *next;
        /* A reference. It is closed when the peer is gone. */
        sd_bus *bus;
        /* Its connection ends soon, and gets no event any more. */
        bool ended;
        struct control_sight sight;
        int64_t cursor;
};

struct follow_job {
        struct worker_job job;
        struct control *control;
        struct control_follower *follower;
        struct control_sight sight; /* the follower's is the loop's */
        int64_t cursor;
        int result;
        size_t n;
        struct audit_record records[FOLLOW_MAX];
};

static void follow_run(struct control_call *call, struct store *writer) {
        struct follow_call *follow = (struct follow_call *) call;
        int r;

        if (!control_events_sight(call, writer, &follow->sight))
                return;
        r = store_audit_head(writer, &follow->cursor);
        if (r < 0)
                control_fail_store(call, r);
}

/* A client that asks twice on one connection still follows once. */
static int follow_reply(struct control_call *call, sd_bus_message *reply) {
        struct follow_call *follow = (struct follow_call *) call;
        sd_bus *bus = sd_bus_message_get_bus(call->message);
        struct control *control = call->control;
        struct control_follower *f;

        (void) reply;
        /* The caller may have been an administrator before. It is disconnected, and asks again. */
        if (call->conf_serial != control->loop.conf_serial)
                return -ESTALE;
        for (f = control->loop.followers; f; f = f->next)
                if (f->bus == bus)
                        return 0;
        f = malloc(sizeof(*f));
        if (!f)
                return -ENOMEM;
        *f = (struct control_follower){ .next = control->loop.followers,
                                        .bus = sd_bus_ref(bus),
                                        .sight = follow->sight,
                                        .cursor = follow->cursor };
        control->loop.followers = f;
        return 0;
}

const struct control_handlers control_follow = {
        .size = sizeof(struct follow_call),
        .run = follow_run,
        .reply = follow_reply,
};

static int on_followed(const struct audit_record *record, void *userdata) {
        struct follow_job *job = userdata;

        job->records[job->n++] = *record;
        return job->n == FOLLOW_MAX;
}

static void follow_job_run(struct worker_job *job, struct store *writer) {
        struct follow_job *follow = (struct follow_job *) job;
        struct audit_filter filter = { .after = follow->cursor };
        int64_t head, next;
        int r;

        r = control_events_look_up(writer, &follow->sight);
        control_events_narrow(&filter, &follow->sight);
        if (r >= 0)
                r = store_audit_head(writer, &head);
        if (r >= 0)
                r = store_audit_each(writer, &filter, CONTROL_EVENTS_PIECE, on_followed, follow,
                                     &next);
        if (r >= 0)
                follow->cursor = next > 0 ? next : head;
        follow->result = r;
}

static int emit(sd_bus *bus, const char *signal, const struct audit_record *record) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_signal(bus, &m, CONTROL_OBJECT_PATH, CONTROL_INTERFACE, signal);
        if (r >= 0)
                r = control_events_append(m, record);
        return r < 0 ? r : sd_bus_send(bus, m, NULL);
}

static void follow_job_done(struct worker_job *job) {
        struct follow_job *follow = (struct follow_job *) job;
        struct control_follower *f = follow->follower;
        struct control *control = follow->control;
        int r = follow->result;

        for (size_t i = 0; r >= 0 && !f->ended && i < follow->n; i++)
                r = emit(f->bus, "AuditEvent", &follow->records[i]);
        f->cursor = follow->cursor;
        f->sight = follow->sight;
        /* A client that misses an event must notice: it is disconnected. */
        if (r < 0)
                sd_bus_close(f->bus);
        free(follow);
        control->loop.following = false;
        control_follow_pump(control);
}

static struct control_follower *follower_free(struct control_follower *f) {
        struct control_follower *next = f->next;

        sd_bus_unref(f->bus);
        free(f);
        return next;
}

/* Of the clients that have read everything sent to them, the one that is furthest behind. */
static struct control_follower *choose(const struct control *control) {
        int64_t head =
                atomic_load_explicit(&control->fixed.shared->audit_seq, memory_order_acquire);
        struct control_follower *chosen = NULL;

        for (struct control_follower *f = control->loop.followers; f; f = f->next) {
                uint64_t waiting;

                if (!f->ended && f->cursor < head && (!chosen || f->cursor < chosen->cursor) &&
                    sd_bus_get_n_queued_write(f->bus, &waiting) >= 0 && waiting == 0)
                        chosen = f;
        }
        return chosen;
}

/* A client that has not read everything sees the count later, in the record itself. */
static void tell(const struct control *control, const struct audit_record *record) {
        for (struct control_follower *f = control->loop.followers; f; f = f->next) {
                struct audit_filter filter = {};
                uint64_t waiting;

                control_events_narrow(&filter, &f->sight);
                if (!f->ended && store_audit_passes(&filter, record) &&
                    sd_bus_is_open(f->bus) > 0 &&
                    sd_bus_get_n_queued_write(f->bus, &waiting) >= 0 && waiting == 0 &&
                    emit(f->bus, "AuditRepeat", record) < 0)
                        sd_bus_close(f->bus);
        }
}

void control_follow_repeats(struct control *control) {
        struct audit_record records[REPEATS_MAX];
        size_t n;

        if (!control->loop.followers)
                return;
        n = audit_repeats(control->fixed.audit, clock_now(), records, ARRAY_LEN(records));
        for (size_t i = 0; i < n; i++)
                tell(control, &records[i]);
}

void control_follow_pump(struct control *control) {
        struct control_follower *chosen;
        struct follow_job *follow;

        if (control->loop.following)
                return;
        for (struct control_follower **f = &control->loop.followers; *f;)
                if (sd_bus_is_open((*f)->bus) > 0)
                        f = &(*f)->next;
                else
                        *f = follower_free(*f);
        chosen = control->loop.followers ? choose(control) : NULL;
        if (!chosen)
                return;
        follow = calloc(1, sizeof(*follow));
        if (!follow)
                return;
        follow->job = (struct worker_job){ .run = follow_job_run, .done = follow_job_done };
        follow->control = control;
        follow->follower = chosen;
        follow->sight = chosen->sight;
        follow->cursor = chosen->cursor;
        if (worker_submit(control->fixed.worker, &follow->job) < 0)
                free(follow);
        else
                control->loop.following = true;
}

void control_follow_end(struct control *control, const sd_bus *bus) {
        for (struct control_follower *f = control->loop.followers; f; f = f->next)
                f->ended = f->ended || f->bus == bus;
}

void control_follow_stop(struct control *control) {
        while (control->loop.followers)
                control->loop.followers = follower_free(control->loop.followers);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The way of a change over the fleet's database: caught, queued, applied, answered. Knows no
 * method, and not how fleetd is spoken to. */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "control/control_audit.h"
#include "control/control_fleet.h"
#include "control/control_state.h"
#include "fleet/fleet_age.h"
#include "fleet/fleet_snapshot.h"
#include "store/store_key.h"

static struct fleet *fleet_of(const struct control_call *call) {
        return call->control->writer.fleet;
}

void control_fleet_out_free(struct control_fleet_out *out) {
        if (!out)
                return;
        fleet_change_done(&out->change);
        store_delta_free(out->delta);
        for (size_t i = 0; i < out->n_arguments; i++) {
                explicit_bzero(out->arguments[i], strlen(out->arguments[i]));
                free(out->arguments[i]);
        }
        free(out);
}

void control_fleet_release(struct control_call *call) {
        struct control_fleet *queue = &call->control->loop.fleet;

        if (queue->again == call)
                queue->again = NULL;
        control_fleet_out_free(call->out);
        call->out = NULL;
}

int control_fleet_argument(struct control_fleet_out *out, const char *text) {
        if (out->n_arguments == CONTROL_FLEET_ARGUMENTS_MAX)
                return -E2BIG;
        out->arguments[out->n_arguments] = strdup(text);
        return out->arguments[out->n_arguments++] ? 0 : -ENOMEM;
}

void control_fleet_fail(struct control_call *call, int r) {
        const char *text = fleet_refusal(r);

        if (text)
                control_fail(call, CONTROL_FLEET, "%s.", text);
        else
                control_fail_store(call, r);
}

void control_fleet_publish(struct control *control) {
        int64_t ms = control->writer.fleet ? fleet_age_current(control->writer.fleet) : INT64_MIN;

        atomic_store_explicit(&control->fixed.shared->fleet_at, ms == INT64_MIN ? ms : ms / 1000,
                              memory_order_release);
}

void control_fleet_reread(struct control_call *call, struct store *writer) {
        struct fleet *fleet = fleet_of(call);

        if (!fleet || !fleet_is_unread(fleet) || fleet_load(fleet, writer) < 0)
                return;
        call->reread = true;
        control_fleet_publish(call->control);
}

/* --- Catching, on the writer thread --- */

int control_fleet_watch(struct control_call *call, struct store *writer) {
        int r;

        /* Where that is not known, nothing of the fleet may be changed as if it were this host's
         * own. */
        if (!fleet_of(call) || (!fleet_self(fleet_of(call)) && !fleet_is_unread(fleet_of(call)))) {
                if (call->wide)
                        control_fleet_fail(call, -ENOLINK);
                return 0;
        }
        r = store_delta_new(&call->delta);
        if (r >= 0 && call->wide)
                store_delta_widen(call->delta);
        store_delta_watch(writer, call->delta);
        return r;
}

void control_fleet_unwatch(struct control_call *call, struct store *writer) {
        store_delta_watch(writer, NULL);
        call->delta = store_delta_free(call->delta);
}

static int out_new(struct control_call *call, struct control_fleet_out **ret) {
        struct control_fleet_out *out = calloc(1, sizeof(*out));

        if (!out)
                return -ENOMEM;
        out->call = call;
        out->control = call->control;
        *ret = out;
        return 0;
}

struct noting {
        struct store *writer;
        int64_t now;
        bool issuing;
};

static int note_revocation(const char *id, void *userdata) {
        const struct noting *noting = userdata;
        struct store_fleet_revocation revocation = { .at = noting->now };
        struct key_record key;
        int r;

        r = store_key_get(noting->writer, id, &key);
        if (r < 0)
                return r;
        if (!noting->issuing)
                return store_fleet_note_revoked(noting->writer, &key);
        memcpy(revocation.id, key.id, sizeof(revocation.id));
        memcpy(revocation.reason, key.reason, sizeof(revocation.reason));
        return store_fleet_put_revocation(noting->writer, &revocation);
}

/* Whether revocations of this host are for all hosts. Where it is not known, they are noted, so
 * that none is lost. */
static bool may_issue(struct control_call *call, struct store *writer) {
        const struct store_fleet *self = fleet_self(fleet_of(call));
        struct store_fleet stored = {};
        bool issuing;

        if (self)
                return self->issuing;
        issuing = store_fleet_get(writer, &stored) < 0 || stored.issuing;
        explicit_bzero(&stored, sizeof(stored));
        return issuing;
}

/* The database is away, or this host does not issue, or it is not known what this host is. What
 * ends access is done here at once. */
static int change_here(struct control_call *call, struct store *writer) {
        const struct store_fleet *self = fleet_self(fleet_of(call));
        struct noting noting = { .writer = writer,
                                 .now = clock_now(),
                                 .issuing = may_issue(call, writer) };
        int r;

        r = store_delta_only_revokes(call->delta, writer);
        if (r < 0)
                return r;
        if (r == 0 && !self)
                control_fleet_fail(call, fleet_absence(fleet_of(call)));
        else if (r == 0 && !self->issuing)
                control_fail(call, CONTROL_FLEET,
                             "This is a matter of the fleet, and host %s does not issue: ask an "
                             "issuing host. A key can be revoked here, for this host.",
                             self->host);
        else if (r == 0 && call->refused)
                control_fail(call, CONTROL_FLEET, "The fleet's database refuses the change: %s.",
                             call->away);
        else if (r == 0)
                control_fail(
                        call, CONTROL_FLEET,
                        "The fleet's database is not there: %s. Whether the change was made is "
                        "not known if it broke off; nothing was changed here.",
                        call->away);
        else
                return store_delta_each_key(call->delta, note_revocation, &noting);
        return 0;
}

int control_fleet_catch(struct control_call *call, struct store *writer) {
        const struct store_fleet *self;
        struct control_fleet_out *out = NULL;
        int r;

        if (!call->delta || !store_delta_has_fleet(call->delta))
                return 0;
        self = fleet_self(fleet_of(call));
        if (call->away[0] || !self || !self->issuing)
                return change_here(call, writer);
        if (store_delta_has_own(call->delta)) {
                control_fail(call, CONTROL_INVALID_ARGUMENT,
                             "Some of this is the fleet's and some is this host's own: make two "
                             "calls of it.");
                return 0;
        }
        r = out_new(call, &out);
        if (r < 0)
                return r;
        if (!atomic_load(&call->control->fleet_busy)) {
                r = fleet_change_make(fleet_of(call), writer, call->delta, &out->change);
                if (r < 0) {
                        control_fleet_out_free(out);
                        if (!fleet_refusal(r))
                                return r;
                        control_fleet_fail(call, r);
                        return 0;
                }
                atomic_store(&call->control->fleet_busy, true);
                out->delta = call->delta;
                call->delta = NULL;
        }
        call->out = out;
        return 1;
}

void control_fleet_say(struct control_call *call, struct store *writer,
                       int (*make)(struct fleet *f, struct store *writer, void *userdata,
                                   struct fleet_change *ret),
                       void *userdata) {
        struct control_fleet_out *out = NULL;
        int r;

        if (call->away[0]) {
                control_fail(call, CONTROL_FLEET, "The fleet's database %s: %s.",
                             call->refused ? "refuses the change" : "is not there", call->away);
                return;
        }
        r = out_new(call, &out);
        if (r >= 0 && !atomic_load(&call->control->fleet_busy)) {
                r = make(fleet_of(call), writer, userdata, &out->change);
                if (r >= 0)
                        atomic_store(&call->control->fleet_busy, true);
        }
        if (r < 0) {
                control_fleet_out_free(out);
                control_fleet_fail(call, r);
                return;
        }
        call->out = out;
}

/* --- The queue, on the loop --- */

static struct control_fleet *queue_of(struct control *control) {
        return &control->loop.fleet;
}

static void pump(struct control *control);

/* Decides the call anew. */
static void run_again(struct control_call *call) {
        struct control_fleet *queue = queue_of(call->control);

        control_fleet_release(call);
        control_audit_release(call);
        queue->again = call;
        control_resume(call);
}

static void pump(struct control *control) {
        struct control_fleet *queue = queue_of(control);
        struct control_fleet_out *out;

        /* A call that could not be run again has been answered, and the next one gets its turn. */
        while (!queue->current && !queue->again && (out = queue->first)) {
                queue->first = out->next;
                if (!queue->first)
                        queue->last = NULL;
                run_again(out->call);
        }
        control_fleet_flush(control);
}

bool control_fleet_ran(struct control_call *call) {
        struct control *control = call->control;
        struct control_fleet *queue = queue_of(control);
        struct control_fleet_out *out = call->out;

        if (queue->again == call)
                queue->again = NULL;
        if (!out || call->error != CONTROL_OK) {
                if (out && out->change.n > 0)
                        atomic_store(&control->fleet_busy, false);
                if (queue->first && !queue->current)
                        pump(control);
                return false;
        }
        if (out->change.n > 0) {
                control_fleet_start(control, out);
                return true;
        }
        if (queue->last)
                queue->last->next = out;
        else
                queue->first = out;
        queue->last = out;
        /* What was under way when it ran may have ended since. */
        pump(control);
        return true;
}

/* fleetd reads, and says nothing. Until it attaches again, it is given nothing more. */
static int on_patience(sd_event_source *source, uint64_t usec, void *userdata) {
        static const char text[] = "wfapikey-fleetd does not answer";
        struct control_fleet *queue = queue_of(userdata);

        (void) source;
        (void) usec;
        control_fleet_link_changed(userdata);
        queue->told = true;
        memcpy(queue->text, text, sizeof(text));
        control_fleet_finish(userdata, CONTROL_FLEET_AWAY, text);
        return 0;
}

/* A revocation must not wait for a fleetd that says nothing. */
static void set_patience(struct control *control) {
        struct control_fleet *queue = queue_of(control);
        sd_event *event = queue->link ? sd_bus_get_event(queue->link) : NULL;

        queue->patience = sd_event_source_disable_unref(queue->patience);
        if (event)
                (void) sd_event_add_time_relative(event, &queue->patience, CLOCK_BOOTTIME,
                                                  CONTROL_FLEET_PATIENCE_MS * UINT64_C(1000), 0,
                                                  on_patience, control);
}

void control_fleet_start(struct control *control, struct control_fleet_out *out) {
        struct control_fleet *queue = queue_of(control);
        int r = -ENOTCONN;

        if (queue->current != out)
                set_patience(control);
        queue->current = out;
        queue->token++;
        if (queue->connected) {
                r = control_fleet_link_send(control, out);
                out->sent = r >= 0;
        } else if (queue->link && !queue->told)
                /* fleetd has just attached, and says soon whether the database is there */
                return;
        if (r < 0)
                control_fleet_finish(control, CONTROL_FLEET_AWAY,
                                     !queue->link     ? "wfapikey-fleetd does not run"
                                     : queue->text[0] ? queue->text
                                                      : "it was not reached yet");
}

/* --- The end --- */

/* Another host was first, and this host has its change by now. */
static bool has_newer(const struct control_fleet_out *out) {
        const struct fleet *fleet = out->control->writer.fleet;
        const struct store_fleet_group *group;

        for (size_t i = 0; (group = fleet_group(fleet, i)); i++)
                for (size_t k = 0; k < out->change.n; k++)
                        if (strcmp(group->name, out->change.frames[k].group) == 0 &&
                            group->number >= out->change.frames[k].number)
                                return true;
        return false;
}

static void finish_run(struct worker_job *job, struct store *writer) {
        struct control_fleet_out *out = (struct control_fleet_out *) job;
        struct control_call *call = out->call;
        struct fleet_news news;
        int r;

        /* Then it was made, whatever is said of it. It must not be decided once more. */
        if (fleet_change_is_there(out->control->writer.fleet, &out->change))
                out->outcome = CONTROL_FLEET_COMMITTED;
        /* It would be tried again for ever. */
        if (out->outcome == CONTROL_FLEET_CONFLICT && !has_newer(out)) {
                out->outcome = CONTROL_FLEET_AWAY;
                (void) snprintf(out->text, sizeof(out->text),
                                "it speaks of a change that it does not show");
        }
        if (out->outcome != CONTROL_FLEET_COMMITTED)
                return;
        r = fleet_change_apply(out->control->writer.fleet, writer, &out->change, out->delta, &news);
        control_fleet_publish(out->control);
        if (!call) {
                if (r < 0)
                        log_line(LOG_ERR, "revocations of the outbox could not be noted: %s",
                                 fleet_refusal(r) ?: store_error_text(r));
                return;
        }
        if (r < 0) {
                control_fleet_fail(call, r);
                return;
        }
        control_audit_committed(call);
        if (call->method->handlers->committed)
                call->method->handlers->committed(call);
        if (out->applied)
                out->applied(call, writer);
}

static void finish_call(struct control_fleet_out *out) {
        struct control_call *call = out->call;

        switch (out->outcome) {
        case CONTROL_FLEET_COMMITTED:
                break;
        case CONTROL_FLEET_CONFLICT:
                run_again(call);
                return;
        case CONTROL_FLEET_FAILED:
        case CONTROL_FLEET_AWAY:
                /* What only revokes is then done here. */
                call->refused = out->outcome == CONTROL_FLEET_FAILED;
                (void) snprintf(call->away, sizeof(call->away), "%.127s",
                                out->text[0] ? out->text : "it was not reached");
                run_again(call);
                return;
        }
        control_fleet_release(call);
        if (call->error == CONTROL_OK && call->method->handlers->settle)
                call->method->handlers->settle(call);
        else
                control_answer(call);
}

static void finish_done(struct worker_job *job) {
        struct control_fleet_out *out = (struct control_fleet_out *) job;
        struct control *control = out->control;

        queue_of(control)->current = NULL;
        atomic_store(&control->fleet_busy, false);
        if (out->call)
                finish_call(out);
        else {
                /* Once more when fleetd says that the database is there, or asks for heads. */
                queue_of(control)->stuck =
                        out->outcome == CONTROL_FLEET_AWAY || out->outcome == CONTROL_FLEET_FAILED;
                control_fleet_out_free(out);
        }
        pump(control);
}

void control_fleet_finish(struct control *control, enum control_fleet_outcome outcome,
                          const char *text) {
        struct control_fleet_out *out = queue_of(control)->current;

        /* A second word about it counts for nothing, such as that fleetd has ended since. */
        if (!out || out->ending)
                return;
        out->ending = true;
        queue_of(control)->patience = sd_event_source_disable_unref(queue_of(control)->patience);
        queue_of(control)->token++;
        out->outcome = outcome;
        (void) snprintf(out->text, sizeof(out->text), "%s", text);
        out->job = (struct worker_job){ .run = finish_run, .done = finish_done, .urgent = true };
        if (worker_go_on(control->fixed.worker, &out->job) >= 0)
                return;
        /* What was committed comes by the log. */
        if (out->call)
                control_fail(out->call, CONTROL_BUSY,
                             "Too much is waiting to be done; the change may be made.");
        out->outcome = CONTROL_FLEET_FAILED;
        finish_done(&out->job);
}

void control_fleet_attached(struct control *control) {
        if (queue_of(control)->current)
                queue_of(control)->current->sent = false;
}

void control_fleet_told(struct control *control) {
        struct control_fleet *queue = queue_of(control);
        /* A change that fleetd has must not be sent again: the second one would come too late, and
         * would be decided anew. */
        bool waits = queue->current && !queue->current->ending && !queue->current->sent;

        queue->told = true;
        queue->stuck = false;
        if (queue->snapshot_due)
                control_fleet_snapshot_want(control);
        if (waits)
                control_fleet_start(control, queue->current);
        else
                control_fleet_flush(control);
}

bool control_fleet_is_link(const struct control *control, uint64_t connection) {
        return control->loop.fleet.link && control->loop.fleet.link_connection == connection;
}

bool control_fleet_waits(const struct control *control, uint64_t connection) {
        const struct control_fleet *queue = &control->loop.fleet;
        const struct control_fleet_out *out = queue->current;

        if (queue->again && queue->again->connection == connection)
                return true;
        if (out && out->call && out->call->connection == connection)
                return true;
        for (out = queue->first; out; out = out->next)
                if (out->call && out->call->connection == connection)
                        return true;
        return false;
}

void control_fleet_tidy(struct control *control, uint64_t connection) {
        if (control_fleet_is_link(control, connection))
                control_fleet_link_drop(control);
}

void control_fleet_stop(struct control *control) {
        struct control_fleet *queue = queue_of(control);
        struct control_fleet_out *out;

        queue->patience = sd_event_source_disable_unref(queue->patience);
        queue->link = sd_bus_unref(queue->link);
        control->writer.snapshot = fleet_snapshot_free(control->writer.snapshot);
        while ((out = queue->current ?: queue->first)) {
                if (queue->current)
                        queue->current = NULL;
                else
                        queue->first = out->next;
                if (out->call)
                        control_drop(out->call);
                else
                        control_fleet_out_free(out);
        }
}

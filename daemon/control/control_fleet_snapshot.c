/* SPDX-License-Identifier: BSD-2-Clause */
/* FleetSnapshot, which fleetd reads a snapshot with, page by page; FleetAskSnapshot and
 * FleetRebase, by which an administrator has fleetd do so. What is in a page is
 * fleet/fleet_snapshot.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "control/control_audit.h"
#include "control/control_fleet.h"
#include "control/control_state.h"
#include "fleet/fleet_snapshot.h"
#include "text.h"

static struct fleet *fleet_of(const struct control_call *call) {
        return call->control->writer.fleet;
}

/* --- FleetSnapshot --- */

struct snapshot_call {
        struct control_call call;
        char group[FRAME_GROUP_MAX + 1];
        uint64_t index;
        bool rebase;
        uint64_t number;
        uint8_t *frame; /* owned */
        size_t len;
        bool last;
};

static int snapshot_parse(struct control_call *call, sd_bus_message *m) {
        struct snapshot_call *ours = (struct snapshot_call *) call;
        const char *group;
        int r, rebase;

        r = sd_bus_message_read(m, "stb", &group, &ours->index, &rebase);
        if (r < 0 || !control_fleet_link_check(call))
                return r;
        if (!fleet_is_name(group))
                control_fail(call, CONTROL_INVALID_ARGUMENT, "That is no group of hosts.");
        else
                (void) text_copy(ours->group, sizeof(ours->group), group);
        ours->rebase = rebase;
        call->control->loop.fleet.snapshot = true;
        return r;
}

/* Once for each order: fleetd could keep a page with a number above all others, and show it when
 * much has been changed since. */
static bool take_order(struct control_writer *w, const char *group) {
        for (size_t i = 0; i < w->n_rebases; i++)
                if (strcmp(w->rebases[i], group) == 0) {
                        memcpy(w->rebases[i], w->rebases[--w->n_rebases], sizeof(w->rebases[i]));
                        return true;
                }
        return false;
}

static int begin(struct snapshot_call *ours, struct store *writer) {
        struct fleet_snapshot **snapshot = &ours->call.control->writer.snapshot;

        if (ours->index == 0) {
                *snapshot = fleet_snapshot_free(*snapshot);
                if (ours->rebase && !take_order(&ours->call.control->writer, ours->group))
                        return -EPERM;
                return fleet_snapshot_open(snapshot, fleet_of(&ours->call), writer, ours->group,
                                           ours->rebase);
        }
        return *snapshot && strcmp(fleet_snapshot_group(*snapshot), ours->group) == 0 &&
                               fleet_snapshot_index(*snapshot) == ours->index
                       ? 0
                       : -ESTALE;
}

static void snapshot_run(struct control_call *call, struct store *writer) {
        struct snapshot_call *ours = (struct snapshot_call *) call;
        struct fleet_snapshot **snapshot = &call->control->writer.snapshot;
        int r;

        r = begin(ours, writer);
        if (r >= 0)
                r = fleet_snapshot_next(*snapshot, fleet_of(call), &ours->frame, &ours->len,
                                        &ours->last);
        if (r >= 0)
                ours->number = (uint64_t) fleet_snapshot_number(*snapshot);
        if (r < 0 || ours->last)
                *snapshot = fleet_snapshot_free(*snapshot);
        if (r == -ESTALE)
                control_fail(call, CONTROL_REFUSED, "That is not the next page.");
        else if (r == -EPERM)
                control_fail(call, CONTROL_REFUSED,
                             "No administrator has ordered that group %s goes on from what this "
                             "host has.",
                             ours->group);
        else if (r < 0)
                control_fleet_fail(call, r);
}

static int snapshot_reply(struct control_call *call, sd_bus_message *reply) {
        const struct snapshot_call *ours = (struct snapshot_call *) call;
        int r;

        r = sd_bus_message_append_basic(reply, 't', &ours->number);
        if (r >= 0)
                r = sd_bus_message_append_array(reply, 'y', ours->frame, ours->len);
        return r < 0 ? r : sd_bus_message_append(reply, "b", ours->last);
}

static void snapshot_release(struct control_call *call) {
        free(((struct snapshot_call *) call)->frame);
}

const struct control_handlers control_fleet_snapshot = {
        .size = sizeof(struct snapshot_call),
        .parse = snapshot_parse,
        .run = snapshot_run,
        .reply = snapshot_reply,
        .release = snapshot_release,
};

/* --- One that nobody reads any more --- */

struct drop_job {
        struct worker_job job;
        struct control *control;
};

static void drop_run(struct worker_job *job, struct store *writer) {
        struct control *control = ((struct drop_job *) job)->control;

        (void) writer;
        control->writer.snapshot = fleet_snapshot_free(control->writer.snapshot);
        control->writer.n_rebases = 0;
}

static void drop_done(struct worker_job *job) {
        free(job);
}

void control_fleet_snapshot_drop(struct control *control) {
        struct drop_job *drop;

        if (!control->loop.fleet.snapshot)
                return;
        drop = calloc(1, sizeof(*drop));
        if (!drop)
                return;
        *drop = (struct drop_job){ .job = { .run = drop_run, .done = drop_done },
                                   .control = control };
        if (worker_submit(control->fixed.worker, &drop->job) < 0)
                free(drop);
        else
                control->loop.fleet.snapshot = false;
}

/* --- FleetAskSnapshot, FleetRebase --- */

void control_fleet_snapshot_want(struct control *control) {
        struct control_fleet *fleet = &control->loop.fleet;

        fleet->snapshot_due = true;
        if (fleet->connected && fleet->told && control_fleet_link_order(control, "snapshot") >= 0)
                fleet->snapshot_due = false;
}

static bool may_order(struct control_call *call) {
        const struct store_fleet *self = fleet_self(fleet_of(call));

        if (!self)
                control_fleet_fail(call, fleet_absence(fleet_of(call)));
        else if (!self->issuing)
                control_fail(call, CONTROL_FLEET,
                             "Host %s does not issue: ask an issuing host for this.", self->host);
        return self && self->issuing && control_fleet_link_reached(call);
}

static void order(struct control_call *call, const char *kind) {
        if (control_fleet_link_order(call->control, kind) < 0) {
                control_fail(call, CONTROL_FLEET, "wfapikey-fleetd has ended meanwhile.");
                control_fleet_snapshot_drop(call->control);
        }
        control_answer(call);
}

static void ask_run(struct control_call *call, struct store *writer) {
        (void) writer;
        (void) may_order(call);
}

static void ask_settle(struct control_call *call) {
        order(call, "snapshot");
}

const struct control_handlers control_fleet_ask_snapshot = {
        .size = sizeof(struct control_fleet_order),
        .parse = control_fleet_link_note,
        .run = ask_run,
        .settle = ask_settle,
};

static int record_rebase(struct control_call *call, struct store *writer) {
        return control_audit_add(call, writer, "fleet", NULL, "rebase");
}

static void note_order(struct control_writer *w) {
        const struct store_fleet_group *group;

        w->n_rebases = 0;
        for (size_t i = 0; (group = fleet_group(w->fleet, i)); i++)
                (void) text_copy(w->rebases[w->n_rebases++], sizeof(w->rebases[0]), group->name);
}

static void rebase_run(struct control_call *call, struct store *writer) {
        if (!may_order(call) || !control_transact_quietly(call, writer, record_rebase))
                return;
        note_order(&call->control->writer);
        log_line(LOG_NOTICE, "the fleet goes on from what this host has, by order of %s",
                 call->who);
}

static void rebase_settle(struct control_call *call) {
        call->control->loop.fleet.snapshot = true;
        order(call, "rebase");
}

const struct control_handlers control_fleet_rebase = {
        .size = sizeof(struct control_fleet_order),
        .parse = control_fleet_link_note,
        .run = rebase_run,
        .settle = rebase_settle,
};

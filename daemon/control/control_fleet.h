/* SPDX-License-Identifier: BSD-2-Clause */
/* Changes of an issuing host wait here until the fleet's database has taken them. One is on its way
 * at a time, because each follows the one before in the log. The others wait, and are decided when
 * it is their turn: what they rely on may have changed. fleetd carries them (control_fleet_link.c).
 *
 *   run() -> caught -> [queue] -> run() again -> under way -> committed -> applied here -> answer
 *                                                          -> conflict -> run() again
 *                                                          -> failed -> answer
 *                                                          -> away -> a revocation is done here and
 *                                                             noted for later; all else fails */
#pragma once

#include "control/control.h"
#include "fleet/fleet_change.h"

enum control_fleet_outcome {
        /* the database was not reached, or did not answer */
        CONTROL_FLEET_AWAY = 0,
        CONTROL_FLEET_COMMITTED,
        CONTROL_FLEET_CONFLICT, /* another host was first */
        CONTROL_FLEET_FAILED,
};

/* fleetd itself gives the database a few seconds, and a daemon that has to catch up longer. */
#define CONTROL_FLEET_PATIENCE_MS 60000

#define CONTROL_FLEET_ARGUMENTS_MAX (8 + FLEET_GROUPS_MAX)

/* A change on its way. The writer thread fills it, the loop sends it. */
struct control_fleet_out {
        struct worker_job job;
        struct control *control;
        /* NULL: revocations that were done while the database was away */
        struct control_call *call;
        struct fleet_change change; /* empty: another one is under way */
        struct store_delta *delta;  /* owned; NULL: none */
        /* what the database does in the same transaction; owned texts */
        size_t n_arguments;
        char *arguments[CONTROL_FLEET_ARGUMENTS_MAX];
        /* called on the writer thread when the change was applied, or NULL */
        void (*applied)(struct control_call *call, struct store *writer);
        bool sent;   /* fleetd has it */
        bool ending; /* its outcome is known */
        enum control_fleet_outcome outcome;
        char text[ERROR_LEN]; /* why it is away, or has failed */
        struct control_fleet_out *next;
};

/* Only the loop reads and writes it. */
struct control_fleet {
        /* to fleetd; owned; NULL: there is none */
        sd_bus *link;
        uint64_t link_connection;
        bool told; /* fleetd has said since how it is */
        /* to the database, fleetd says; it was reached, and may be of no use all the same */
        bool connected, reached;
        bool snapshot; /* fleetd may be reading one */
        /* fleetd is to make one when the database is there */
        bool snapshot_due;
        const char *state;         /* its word; NULL: none yet */
        char text[ERROR_LEN];      /* what else it says */
        uint64_t token;            /* of the change under way */
        sd_event_source *patience; /* for fleetd's answer */
        struct control_fleet_out *current;
        struct control_fleet_out *first, *last; /* those that wait */
        struct control_call *again;             /* is run again; borrowed */
        /* a job looks for revocations that wait */
        bool flushing;
        bool stuck; /* the database has not taken them */
};

/**
 * control_fleet_reread(call, writer):
 * Tries again to read what this host is in its fleet, when that has failed. On the writer thread,
 * before each run().
 */
void control_fleet_reread(struct control_call *call, struct store *writer);

/**
 * control_fleet_watch(call, writer), control_fleet_unwatch(call, writer):
 * Around what a call changes, inside its transaction. Where this host is in no fleet they do
 * nothing. 0, or an error of the store.
 */
int control_fleet_watch(struct control_call *call, struct store *writer) _must_check_;
void control_fleet_unwatch(struct control_call *call, struct store *writer);

/**
 * control_fleet_catch(call, writer):
 * Whether what the call has changed waits for the fleet's database. 1: then the caller rolls back,
 * and ends run(). 0: the caller commits, unless the call has failed. An error of the store.
 */
int control_fleet_catch(struct control_call *call, struct store *writer) _must_check_;

/**
 * control_fleet_say(call, writer, make, userdata):
 * The call is a change that ${make} makes. It waits for the database as well, and the call has
 * ->out then, or has failed.
 */
void control_fleet_say(struct control_call *call, struct store *writer,
                       int (*make)(struct fleet *f, struct store *writer, void *userdata,
                                   struct fleet_change *ret),
                       void *userdata);

/**
 * control_fleet_argument(out, text): one more argument. 0; -ENOMEM; -E2BIG.
 */
int control_fleet_argument(struct control_fleet_out *out, const char *text) _must_check_;

/**
 * control_fleet_start(control, out): ${out} is under way, and is sent when fleetd is ready for it.
 * control_fleet_out_free(out): NULL-safe.
 */
void control_fleet_start(struct control *control, struct control_fleet_out *out);
void control_fleet_out_free(struct control_fleet_out *out);

/**
 * control_fleet_ran(call): run() has ended, on the loop. Returns whether the call waits. Then the
 * caller must not use it any more.
 */
bool control_fleet_ran(struct control_call *call);

/**
 * control_fleet_finish(control, outcome, text): what has become of the change under way.
 */
void control_fleet_finish(struct control *control, enum control_fleet_outcome outcome,
                          const char *text);

/**
 * control_fleet_attached(control): fleetd has attached, also anew, and has nothing that was sent
 * before.
 */
void control_fleet_attached(struct control *control);

/**
 * control_fleet_told(control): fleetd has said whether the database is there. What has waited for
 * that goes on.
 */
void control_fleet_told(struct control *control);

/**
 * control_fleet_publish(control, writer): tells verifications how old the state is. On the writer
 * thread, after each thing that may change that.
 */
void control_fleet_publish(struct control *control);

/**
 * control_fleet_fail(call, r): the call fails with the error ${r} of the fleet's room.
 */
void control_fleet_fail(struct control_call *call, int r);

/**
 * control_fleet_release(call): frees what the call has of this.
 */
void control_fleet_release(struct control_call *call);

/**
 * control_fleet_tidy(control, connection): a ${connection} has ended. With that of fleetd the
 * database is away.
 */
void control_fleet_tidy(struct control *control, uint64_t connection);

/**
 * control_fleet_is_link(control, connection): whether ${connection} is that of fleetd.
 * control_fleet_waits(control, connection): whether a call of ${connection} waits for the database.
 */
bool control_fleet_is_link(const struct control *control, uint64_t connection);
bool control_fleet_waits(const struct control *control, uint64_t connection);

/**
 * control_fleet_stop(control): frees the calls that wait, when the worker has ended.
 */
void control_fleet_stop(struct control *control);

/* --- control_fleet_flush.c --- */

/**
 * control_fleet_flush(control): has revocations that wait in the outbox sent, when nothing else is
 * under way. control_fleet_flush_again(control): also when the database has not taken them before.
 */
void control_fleet_flush(struct control *control);
void control_fleet_flush_again(struct control *control);

/* --- control_fleet_link.c --- */

/**
 * control_fleet_link_send(control, out): hands it to fleetd. 0; -ENOTCONN; a negative errno of
 * sd-bus.
 */
int control_fleet_link_send(struct control *control,
                            const struct control_fleet_out *out) _must_check_;

/**
 * control_fleet_link_order(control, kind): has fleetd do what ${kind} says. 0; -ENOTCONN; a
 * negative errno of sd-bus.
 */
int control_fleet_link_order(struct control *control, const char *kind) _must_check_;

/**
 * control_fleet_link_check(call): whether the call comes from the fleetd that has attached. If not,
 * the call has failed.
 */
bool control_fleet_link_check(struct control_call *call);

/* A call that needs the database at once. */
struct control_fleet_order {
        struct control_call call;
        /* why the database is not there; empty: it is */
        char away[ERROR_LEN];
};

/**
 * control_fleet_link_note(call, m):
 * Notes in a control_fleet_order whether the database was reached. For .parse, which runs on the
 * loop: returns 0.
 */
int control_fleet_link_note(struct control_call *call, sd_bus_message *m);

/**
 * control_fleet_link_reached(call):
 * Whether the database was reached, as control_fleet_link_note() has noted. If not, the call has
 * failed. For .run, behind all other reasons: a host in no fleet has no database that could be
 * away.
 */
bool control_fleet_link_reached(struct control_call *call);

/**
 * control_fleet_link_changed(control): what this host is in its fleet has changed, so fleetd has to
 * attach again. On the loop.
 */
void control_fleet_link_changed(struct control *control);

/**
 * control_fleet_link_drop(control): fleetd is gone.
 */
void control_fleet_link_drop(struct control *control);

/* --- control_fleet_snapshot.c --- */

/**
 * control_fleet_snapshot_want(control): fleetd makes a snapshot as soon as the database is there.
 * After an issuing host has gone: hosts that come later do not believe what it has signed.
 */
void control_fleet_snapshot_want(struct control *control);

/**
 * control_fleet_snapshot_drop(control): fleetd does not go on with the snapshot that it reads.
 */
void control_fleet_snapshot_drop(struct control *control);

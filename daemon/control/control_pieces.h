/* SPDX-License-Identifier: BSD-2-Clause */
/* A call's detour that looks at very many keys: in pieces, so that others have their turn on the
 * writer thread between two of them. */
#pragma once

#include "control/control.h"
#include "store/worker.h"

#define CONTROL_PIECE 20000 /* keys, in 10 to 20 milliseconds */

/* However much a key takes, a piece ends after so long. */
#define CONTROL_PIECE_NS 10000000

/* A member of the call. */
struct control_pieces {
        struct worker_job job;
        struct control_call *call;
        bool left;
        /* One piece, on the writer thread. Returns whether there is another. Not called any more
         * when the call has failed. */
        bool (*run)(struct control_call *call, struct store *writer);
        /* Called on the loop after the last one, or NULL. */
        void (*done)(struct control_call *call);
};

/**
 * control_pieces_begin(pieces, call, run, done): the detour. The call goes on by control_resume().
 */
void control_pieces_begin(struct control_pieces *pieces, struct control_call *call,
                          bool (*run)(struct control_call *call, struct store *writer),
                          void (*done)(struct control_call *call));

/**
 * control_pieces_submit(call, job): gives a job of the call to the writer thread. The first one may
 * find the queue full (-EBUSY); those that follow get a place in any case, until the daemon ends.
 */
int control_pieces_submit(struct control_call *call, struct worker_job *job) _must_check_;

/**
 * control_pieces_is_over(begun, n): whether a piece that began at ${begun} (of clock_ticks()) and
 * has looked at ${n} keys leaves the others to the next one. It looks at 64 keys at least.
 */
bool control_pieces_is_over(uint64_t begun, size_t n);

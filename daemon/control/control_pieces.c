/* SPDX-License-Identifier: BSD-2-Clause */
/* Gives a call to the writer thread again and again. Does not know what the call looks for. */
#include "control/control_pieces.h"
#include "base/clock.h"
#include "control/control_state.h"

int control_pieces_submit(struct control_call *call, struct worker_job *job) {
        struct worker *worker = call->control->fixed.worker;
        bool begun = call->begun;

        /* Submitted, the call is the writer thread's, which may write to it already. */
        call->begun = true;
        return begun ? worker_go_on(worker, job) : worker_submit(worker, job);
}

static void end(struct control_pieces *pieces) {
        if (pieces->done)
                pieces->done(pieces->call);
        control_resume(pieces->call);
}

static void next(struct control_pieces *pieces) {
        if (control_pieces_submit(pieces->call, &pieces->job) >= 0)
                return;
        control_fail(pieces->call, CONTROL_BUSY, "Too much is waiting to be done; try again.");
        end(pieces);
}

static void on_run(struct worker_job *job, struct store *writer) {
        struct control_pieces *pieces = (struct control_pieces *) job;

        pieces->left = pieces->run(pieces->call, writer);
}

static void on_done(struct worker_job *job) {
        struct control_pieces *pieces = (struct control_pieces *) job;

        if (pieces->left && pieces->call->error == CONTROL_OK)
                next(pieces);
        else
                end(pieces);
}

void control_pieces_begin(struct control_pieces *pieces, struct control_call *call,
                          bool (*run)(struct control_call *call, struct store *writer),
                          void (*done)(struct control_call *call)) {
        *pieces = (struct control_pieces){
                .job = { .run = on_run, .done = on_done }, .call = call, .run = run, .done = done
        };
        next(pieces);
}

bool control_pieces_is_over(uint64_t begun, size_t n) {
        return n >= CONTROL_PIECE ||
               (n > 0 && n % 64 == 0 && clock_ticks() - begun >= CONTROL_PIECE_NS);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Exports and imports that nobody waits for any more. */
#include <stdlib.h>

#include "base/clock.h"
#include "control/control_mirror.h"
#include "control/control_state.h"
#include "mirror/mirror.h"

struct tidy_job {
        struct worker_job job;
        struct control *control;
        uint64_t connection, begun;
        bool left;
};

static void tidy_run(struct worker_job *job, struct store *writer) {
        struct tidy_job *tidy = (struct tidy_job *) job;

        (void) writer;
        tidy->left = mirror_tidy(tidy->control->mirror, tidy->connection, clock_now());
}

static void tidy_done(struct worker_job *job) {
        struct tidy_job *tidy = (struct tidy_job *) job;

        /* What was begun since then is not in the answer. */
        if (!tidy->left && tidy->begun == tidy->control->mirror_begun)
                tidy->control->mirror_busy = false;
        free(tidy);
}

void control_mirror_tidy(struct control *control, uint64_t connection) {
        struct tidy_job *tidy;

        if (!control->mirror_busy)
                return;
        tidy = calloc(1, sizeof(*tidy));
        if (!tidy)
                return;
        *tidy = (struct tidy_job){ .job = { .run = tidy_run, .done = tidy_done },
                                   .control = control,
                                   .connection = connection,
                                   .begun = control->mirror_begun };
        if (worker_submit(control->worker, &tidy->job) < 0)
                free(tidy);
}

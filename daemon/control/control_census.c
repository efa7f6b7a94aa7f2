/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts keys in pieces. Does not know what the numbers are for. */
#include <string.h>

#include <errno.h>

#include "base/clock.h"
#include "control/control_census.h"
#include "control/control_state.h"
#include "keys/facts.h"
#include "parse.h"
#include "rules/expiry.h"
#include "store/store_key.h"

#define PIECE 20000 /* keys, in about ten milliseconds */
/* A count is good for so many times as long as it took. */
#define REST 100

static void count_ending(struct control_census *census, int64_t end) {
        static const int64_t days[] = STORE_SOON_DAYS;

        for (size_t i = 0; i < STORE_SOON; i++)
                census->ending[i] += end != 0 && end <= census->at + days[i] * PARSE_DAY_S;
}

static void on_key(const struct key_record *key, void *userdata) {
        struct control_census_call *c = userdata;

        enum key_status status = expiry_status(&c->policy, key, c->census.at);

        c->census.keys[status]++;
        if (status == KEY_ACTIVE)
                count_ending(&c->census, expiry_of(&c->policy, key));
        memcpy(c->after, key->id, sizeof(c->after));
}

static void piece_run(struct worker_job *job, struct store *writer) {
        struct control_census_call *c = ((struct control_census_piece *) job)->call;
        uint64_t began = clock_ticks();

        if (c->census.pieces++ == 0 && !control_get_policy(&c->call, writer, &c->policy))
                return;
        c->visited = store_key_each_life(writer, c->policy.idle_s != 0, c->after, PIECE, on_key, c);
        /* Damage is told elsewhere. The keys that can be read are counted. */
        if (c->visited == -EUCLEAN)
                c->visited = 0;
        if (c->visited < 0)
                control_fail_store(&c->call, c->visited);
        c->census.took_ns += clock_ticks() - began;
}

static void next_piece(struct control_census_call *c) {
        if (worker_submit(c->call.control->fixed.worker, &c->piece.job) >= 0)
                return;
        control_fail(&c->call, CONTROL_BUSY, "Too much is waiting to be done; try again.");
        control_resume(&c->call);
}

static void piece_done(struct worker_job *job) {
        struct control_census_call *c = ((struct control_census_piece *) job)->call;

        if (c->call.error == CONTROL_OK && c->visited == PIECE) {
                next_piece(c);
                return;
        }
        c->census.counted = clock_ticks();
        if (c->call.error == CONTROL_OK)
                c->call.control->loop.census = c->census;
        control_resume(&c->call);
}

static bool is_good_still(const struct control_census *census) {
        return census->pieces > 1 && clock_ticks() - census->counted < REST * census->took_ns;
}

void control_census_count(struct control_census_call *census, bool anew) {
        const struct control_census *last = &census->call.control->loop.census;

        if (!anew && is_good_still(last)) {
                census->census = *last;
                control_resume(&census->call);
                return;
        }
        census->piece =
                (struct control_census_piece){ .job = { .run = piece_run, .done = piece_done },
                                               .call = census };
        census->census.at = clock_now();
        next_piece(census);
}

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

static bool piece_run(struct control_call *call, struct store *writer) {
        struct control_census_call *c = (struct control_census_call *) call;
        uint64_t began = clock_ticks();
        int visited;

        if (c->census.pieces++ == 0 && !control_get_policy(call, writer, &c->policy))
                return false;
        visited = store_key_each_life(writer, c->policy.idle_s != 0, c->after, CONTROL_PIECE,
                                      on_key, c);
        /* Damage is told elsewhere. The keys that can be read are counted. */
        if (visited < 0 && visited != -EUCLEAN)
                control_fail_store(call, visited);
        c->census.took_ns += clock_ticks() - began;
        return visited == CONTROL_PIECE;
}

static void on_done(struct control_call *call) {
        struct control_census_call *c = (struct control_census_call *) call;

        c->census.counted = clock_ticks();
        if (call->error == CONTROL_OK)
                call->control->loop.census = c->census;
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
        census->census.at = clock_now();
        control_pieces_begin(&census->pieces, &census->call, piece_run, on_done);
}

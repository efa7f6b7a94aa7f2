/* SPDX-License-Identifier: BSD-2-Clause */
/* Waits for the turn to take snapshots. After an outage many hosts may want one, and each is all
 * keys of a group. Knows nothing of pages. */
#include <string.h>
#include <syslog.h>

#include "answer.h"
#include "carry_state.h"

/* A host says so often that it is still there. The database forgets it after a minute. */
#define AGAIN_USEC UINT64_C(10000000)
/* After so long it takes a snapshot out of turn: a snapshot has revocations too, and the places may
 * be held by hosts that mean ill. */
#define WAIT_USEC UINT64_C(3600000000)

/* Others have all places. */
static void wait_for_it(struct carry *c) {
        struct carry_group *g = take_ptr(c->taking);

        if (c->turn.by == 0)
                c->turn.by = carry_now(c) + pause_jitter(WAIT_USEC);
        c->turn.at = 0;
        carry_fetch_set_aside(c, g, "behind", "waits for its turn to get a snapshot");
        /* The next look says so again. */
        g->lacks = g->refused = false;
}

static void on_turn(PGresult *result, void *userdata) {
        struct carry *c = userdata;
        char text[NOTE_TEXT_LEN];
        bool fits;

        if (!result)
                return;
        fits = PQresultStatus(result) == PGRES_TUPLES_OK && answer_fits(result, "f") &&
               PQntuples(result) == 1;
        /* A limit that does not work must not keep revocations away. */
        if (!fits) {
                note_fold(text, PQresultErrorMessage(result));
                note(LOG_WARNING, "does not wait for its turn to get a snapshot: %s", text);
        }
        if (c->taking && fits && !answer_flag(result) &&
            (c->turn.by == 0 || carry_now(c) < c->turn.by))
                wait_for_it(c);
        else if (c->taking)
                c->turn.at = carry_now(c);
        PQclear(result);
        carry_go(c);
}

static void ask(struct carry *c, const char *sql) {
        int r;

        r = database_ask(c->database, sql, NULL, 0, on_turn, c);
        if (r < 0)
                note(LOG_WARNING, "cannot ask for a turn: %s", strerrordesc_np(-r));
}

bool carry_turn_ask(struct carry *c) {
        if (c->turn.at != 0 && carry_now(c) - c->turn.at < AGAIN_USEC)
                return false;
        ask(c, "SELECT wfapikey.take_turn(true)");
        return true;
}

/* Whether a group needs the turn. One that waits for it is set aside, and until all groups were
 * looked at nobody knows. */
static bool is_needed(const struct carry *c) {
        bool waits = c->turn.at == 0;

        if (c->taking || (waits && (c->fetch_wanted || c->asking)))
                return true;
        for (size_t i = 0; i < c->n_groups; i++)
                if (c->groups[i].lacks || c->groups[i].refused ||
                    (waits && c->groups[i].again_at != 0))
                        return true;
        return false;
}

bool carry_turn_end(struct carry *c) {
        bool had = c->turn.at != 0;

        if ((!had && c->turn.by == 0) || is_needed(c))
                return false;
        /* The next need has a limit of its own. */
        c->turn = (struct carry_turn){};
        if (had)
                ask(c, "SELECT wfapikey.take_turn(false)");
        return had;
}

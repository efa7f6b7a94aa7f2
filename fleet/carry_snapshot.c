/* SPDX-License-Identifier: BSD-2-Clause */
/* Snapshots of groups. A host that lacks changes which the database has not kept gets one, page by
 * page. An issuing host makes them, also page by page, and cuts the log behind them. Knows of a
 * page only how long it is. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "carry_state.h"
#include "text.h"

/* changes after which an issuing host makes a snapshot by itself, and how often it looks */
#define EVERY     10000
#define LOOK_USEC UINT64_C(3600000000)
#define LACKS     "the database has changes that this host does not have: nothing was done"

/* The newest snapshot of an issuing host that this host believes. Page for page the same one: ${2}
 * has this host's number, the page, and the number of the snapshot once that is known. */
static const char page_sql[] =
        "SELECT 'p', p.grp, p.number, p.frame, s.pages, s.issuer FROM wfapikey.snapshot s"
        " JOIN wfapikey.page p USING (grp, issuer, number)"
        " WHERE s.grp = ($1::text[])[1] AND s.issuer = ANY (($1::text[])[2:])"
        " AND s.number > ($2::bigint[])[1] AND p.page = ($2::bigint[])[2]"
        " AND ($2::bigint[])[3] IN (0, s.number) ORDER BY s.number DESC, s.issuer LIMIT 1";

enum { NUMBER = 2, PAGES = 4, ISSUER };

/* --- Taking one --- */

static void begin_taking(struct carry *c) {
        struct carry_group *first = NULL;

        /* All others depend on which issuing hosts are believed. */
        for (size_t i = 0; i < c->n_groups; i++)
                if ((c->groups[i].lacks || c->groups[i].refused) &&
                    (!first || strcmp(c->groups[i].name, "all") == 0))
                        first = &c->groups[i];
        if (!first)
                return;
        if (first->lacks)
                note(LOG_NOTICE,
                     "group %s: the database has changes from %" PRIu64
                     " on, and this host is at %" PRIu64 ": taking a snapshot",
                     first->name, first->oldest, first->number);
        first->again_at = 0;
        c->taking = first;
        memset(&c->take, 0, sizeof(c->take));
}

/* There is none, or no next one. */
static void no_page(struct carry *c) {
        struct carry_group *g = take_ptr(c->taking);

        carry_fetch_set_aside(c, g, "refused",
                              c->take.page > 0 ? "the snapshot was replaced by another one"
                              : g->refused     ? g->why
                                               : "changes are missing, and there is no snapshot by "
                                                 "an issuing host that this host knows");
        /* The next look says so again, unless the database has been repaired. */
        g->lacks = g->refused = false;
        /* An order may wait for the end of this. */
        c->fetch_wanted = true;
}

/* One page, or none. */
static bool is_page(const PGresult *result) {
        return answer_fits(result, "ttnbnt") && PQntuples(result) <= 1 &&
               (PQntuples(result) == 0 || strcmp(PQgetvalue(result, 0, 0), "p") == 0);
}

static void on_page(PGresult *result, void *userdata) {
        struct carry *c = userdata;
        char text[NOTE_TEXT_LEN];

        if (!result)
                return;
        if (PQresultStatus(result) != PGRES_TUPLES_OK) {
                note_fold(text, PQresultErrorMessage(result));
                PQclear(result);
                database_again(c->database, text);
                return;
        }
        if (!is_page(result)) {
                PQclear(result);
                database_again(c->database, ANSWER_MALFORMED);
                return;
        }
        if (!c->taking || PQntuples(result) == 0) {
                if (c->taking)
                        no_page(c);
                PQclear(result);
                carry_go(c);
                return;
        }
        c->take.number = answer_number(result, 0, NUMBER);
        c->take.pages = answer_number(result, 0, PAGES);
        (void) text_copy(c->take.issuer, sizeof(c->take.issuer), PQgetvalue(result, 0, ISSUER));
        carry_fetch_page(c, result);
}

void carry_snapshot_fetch(struct carry *c) {
        struct array arrays[2] = { { .kind = ARRAY_TEXT }, { .kind = ARRAY_NUMBER } };
        int r;

        if (carry_turn_ask(c))
                return;
        array_add_text(&arrays[0], c->taking->name);
        if (c->take.page > 0)
                array_add_text(&arrays[0], c->take.issuer);
        for (size_t i = 0; c->take.page == 0 && i < c->n_issuers; i++)
                array_add_text(&arrays[0], c->issuers[i]);
        array_add_number(&arrays[1], c->taking->number);
        array_add_number(&arrays[1], c->take.page);
        array_add_number(&arrays[1], c->take.number);
        r = array_finish(&arrays[0]);
        if (r >= 0)
                r = array_finish(&arrays[1]);
        if (r >= 0)
                r = database_ask(c->database, page_sql, arrays, 2, on_page, c);
        if (r < 0)
                note(LOG_WARNING, "cannot ask for a snapshot: %s", strerrordesc_np(-r));
        array_done(&arrays[0]);
        array_done(&arrays[1]);
}

void carry_snapshot_taken(struct carry *c) {
        struct carry_group *g = c->taking;

        if (!g)
                return;
        if (g->again_at == 0 && ++c->take.page < c->take.pages)
                return;
        if (g->again_at == 0 && g->number < c->take.number)
                carry_fetch_set_aside(c, g, "refused", "wfapikeyd has not taken the snapshot");
        g->lacks = g->refused = false;
        c->taking = NULL;
        c->fetch_wanted = true;
        c->fetch_at = 0;
}

/* --- Making one --- */

static void stop_making(struct carry *c) {
        c->making.on = c->making.asked = c->making.rebase = false;
        c->making.message = sd_bus_message_unref(c->making.message);
}

void carry_snapshot_drop(struct carry *c) {
        if (c->making.rebase)
                note(LOG_WARNING, "the fleet's going on from what this host has was broken off");
        stop_making(c);
        c->taking = NULL;
        c->turn.at = 0;
}

/* Whether ${result} is good. Otherwise the making ends. */
static bool check(struct carry *c, PGresult *result) {
        bool good = result && PQresultStatus(result) == PGRES_TUPLES_OK;
        char text[NOTE_TEXT_LEN];

        if (result && !good) {
                note_fold(text, PQresultErrorMessage(result));
                note(LOG_WARNING, "the database takes no snapshot: %s", text);
                stop_making(c);
        }
        return good && c->making.on;
}

static bool is_due(const struct carry *c, const struct carry_group *g) {
        return c->making.rebase || (c->making.asked && g->number > g->own) ||
               g->there >= g->own + EVERY;
}

static int on_snapshot(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        struct carry *c = userdata;
        const char *text = NULL;

        (void) error;
        switch (local_outcome(c->local, m, &text)) {
        case LOCAL_LOST:
                return 0;
        case LOCAL_REFUSED:
                note(LOG_WARNING, "wfapikeyd makes no snapshot: %s", text);
                stop_making(c);
                return 0;
        case LOCAL_ANSWERED:
                break;
        }
        if (c->making.on)
                c->making.message = sd_bus_message_ref(m);
        carry_go(c);
        return 0;
}

static void ask_page(struct carry *c) {
        _cleanup_message_ sd_bus_message *m = NULL;
        int r;

        r = local_begin(c->local, "FleetSnapshot", &m);
        if (r >= 0)
                r = sd_bus_message_append(m, "stb", c->groups[c->making.group].name, c->making.page,
                                          c->making.rebase);
        local_send(c->local, m, r, on_snapshot, c);
}

static void on_rebased(PGresult *result, void *userdata) {
        struct carry *c = userdata;

        if (check(c, result)) {
                if (!answer_fits(result, "f") || PQntuples(result) != 1) {
                        PQclear(result);
                        database_again(c->database, ANSWER_MALFORMED);
                        return;
                }
                if (answer_flag(result))
                        note(LOG_NOTICE, "the fleet goes on from what this host has");
                else
                        note(LOG_ERR, LACKS);
                stop_making(c);
                for (size_t i = 0; i < c->n_groups; i++)
                        c->groups[i].again_at = 0;
                c->fetch_wanted = true;
        }
        PQclear(result);
        carry_go(c);
}

/* Sends a statement with a text, numbers, and bytes or other numbers, for each of its groups. */
static void ask(struct carry *c, const char *sql, struct array arrays[static 3],
                database_done *done) {
        int r = 0;

        for (unsigned i = 0; r >= 0 && i < 3; i++)
                r = array_finish(&arrays[i]);
        if (r >= 0)
                r = database_ask(c->database, sql, arrays, 3, done, c);
        if (r < 0)
                note(LOG_WARNING, "cannot send a snapshot: %s", strerrordesc_np(-r));
        if (r < 0)
                stop_making(c);
        for (unsigned i = 0; i < 3; i++)
                array_done(&arrays[i]);
}

static void rebase(struct carry *c) {
        struct array arrays[3] = { { .kind = ARRAY_TEXT },
                                   { .kind = ARRAY_NUMBER },
                                   { .kind = ARRAY_NUMBER } };

        for (size_t i = 0; i < c->n_groups; i++) {
                array_add_text(&arrays[0], c->groups[i].name);
                array_add_number(&arrays[1], c->groups[i].made_number);
                array_add_number(&arrays[2], c->groups[i].made_pages);
        }
        ask(c, "SELECT wfapikey.rebase($1, $2, $3)", arrays, on_rebased);
}

/* The next group that needs one. The database must be free. */
static void make_next(struct carry *c) {
        while (c->making.group < c->n_groups && !is_due(c, &c->groups[c->making.group]))
                c->making.group++;
        c->making.page = 0;
        if (c->making.group < c->n_groups)
                ask_page(c);
        else if (c->making.rebase)
                rebase(c);
        else
                stop_making(c);
}

static void on_done(PGresult *result, void *userdata) {
        struct carry *c = userdata;

        if (check(c, result)) {
                struct carry_group *g = &c->groups[c->making.group++];

                note(LOG_INFO, "group %s: snapshot at %" PRIu64 ", %" PRIu64 " pages", g->name,
                     g->made_number, g->made_pages);
                make_next(c);
        }
        PQclear(result);
        carry_go(c);
}

static void on_put(PGresult *result, void *userdata) {
        struct array arrays[3] = { { .kind = ARRAY_TEXT },
                                   { .kind = ARRAY_NUMBER },
                                   { .kind = ARRAY_NUMBER } };
        struct carry *c = userdata;
        struct carry_group *g;

        if (!check(c, result)) {
                PQclear(result);
                carry_go(c);
                return;
        }
        PQclear(result);
        g = &c->groups[c->making.group];
        if (c->making.page < g->made_pages || g->made_pages == 0) {
                ask_page(c);
                carry_go(c);
                return;
        }
        if (c->making.rebase) {
                c->making.group++;
                make_next(c);
                carry_go(c);
                return;
        }
        array_add_text(&arrays[0], g->name);
        array_add_number(&arrays[1], g->made_number);
        array_add_number(&arrays[2], g->made_pages);
        ask(c,
            "SELECT wfapikey.done_snapshot(($1::text[])[1], ($2::bigint[])[1], "
            "($3::bigint[])[1])",
            arrays, on_done);
}

void carry_snapshot_put(struct carry *c) {
        _cleanup_message_ sd_bus_message *m = c->making.message;
        struct array arrays[3] = { { .kind = ARRAY_TEXT },
                                   { .kind = ARRAY_NUMBER },
                                   { .kind = ARRAY_BYTES } };
        struct carry_group *g = &c->groups[c->making.group];
        const void *frame = NULL;
        size_t len = 0;
        int r, last = 0;

        c->making.message = NULL;
        r = sd_bus_message_read(m, "t", &g->made_number);
        if (r >= 0)
                r = sd_bus_message_read_array(m, 'y', &frame, &len);
        if (r >= 0)
                r = sd_bus_message_read(m, "b", &last);
        if (r < 0) {
                local_again(c->local, strerrordesc_np(-r));
                return;
        }
        array_add_text(&arrays[0], g->name);
        array_add_number(&arrays[1], g->made_number);
        array_add_number(&arrays[1], c->making.page++);
        array_add(&arrays[2], frame, len);
        g->made_pages = last ? c->making.page : 0;
        ask(c,
            "SELECT wfapikey.put_page(($1::text[])[1], ($2::bigint[])[1], ($2::bigint[])[2], "
            "($3::bytea[])[1])",
            arrays, on_put);
}

/* Whether the database has changes that this host lacks, whose loss nobody wants. */
static bool lacks_changes(const struct carry *c) {
        for (size_t i = 0; i < c->n_groups; i++)
                if (c->groups[i].is_there && c->groups[i].number < c->groups[i].there)
                        return true;
        return false;
}

/* A snapshot is of a moment that all groups have in common, see FLEET. */
static bool has_all(const struct carry *c) {
        for (size_t i = 0; i < c->n_groups; i++)
                if (!c->groups[i].is_there || c->groups[i].number != c->groups[i].there ||
                    c->groups[i].again_at != 0)
                        return false;
        return true;
}

void carry_snapshot_look(struct carry *c) {
        bool due = c->making.asked || carry_now(c) >= c->making.at;

        if (!c->taking)
                begin_taking(c);
        if (!c->issuing || c->making.on || !database_is_free(c->database) ||
            (!c->making.rebase && !(due && has_all(c))))
                return;
        if (c->making.rebase && lacks_changes(c)) {
                note(LOG_ERR, LACKS);
                stop_making(c);
                return;
        }
        c->making.at = carry_now(c) + pause_jitter(LOOK_USEC);
        c->making.on = true;
        c->making.group = 0;
        make_next(c);
}

void carry_snapshot_order(struct carry *c, bool rebase) {
        c->making.asked = true;
        c->making.rebase |= rebase;
        c->fetch_wanted = true;
}

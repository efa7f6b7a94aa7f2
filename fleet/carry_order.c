/* SPDX-License-Identifier: BSD-2-Clause */
/* Orders of the daemon: frames to be appended, with the work that belongs to the same transaction.
 * The daemon hears exactly once what became of each. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "carry_state.h"

#define APPEND "SELECT wfapikey.append($1, $2, $3, $4)"

static int on_told(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        struct carry *c = userdata;
        const char *text = NULL;

        (void) error;
        c->telling = false;
        if (c->finishing)
                (void) sd_event_exit(c->event, 0);
        switch (local_outcome(c->local, m, &text)) {
        case LOCAL_LOST:
                return 0;
        case LOCAL_REFUSED:
                note(LOG_WARNING, "wfapikeyd does not take an outcome: %s", text);
                break;
        case LOCAL_ANSWERED:
                break;
        }
        return 0;
}

void carry_order_done(struct carry *c, const char *outcome, const char *text) {
        _cleanup_message_ sd_bus_message *m = NULL;
        int r;

        if (c->order == CARRY_ORDER_NONE)
                return;
        c->order = CARRY_ORDER_NONE;
        c->order_message = sd_bus_message_unref(c->order_message);
        c->telling = true;
        r = local_begin(c->local, "FleetDone", &m);
        if (r >= 0)
                r = sd_bus_message_append(m, "tss", c->token, outcome, text);
        local_send(c->local, m, r, on_told, c);
}

/* The database keeps a verifier instead of the password. The names of roles are PostgreSQL's
 * matter, see schema.sql. */
static int add_argument(struct carry *c, struct array *work, unsigned i, const char *verb,
                        const char *argument) {
        char *verifier;

        if (i != 2 || strcmp(verb, "host") != 0) {
                array_add_text(work, argument);
                return 0;
        }
        verifier = database_password(c->database, argument, "");
        if (!verifier)
                return -ENOMEM;
        array_add_text(work, verifier);
        PQfreemem(verifier);
        return 0;
}

static int read_work(struct carry *c, sd_bus_message *m, struct array *work) {
        const char *argument, *verb = "";
        int r;

        work->kind = ARRAY_TEXT;
        r = sd_bus_message_enter_container(m, 'a', "s");
        for (unsigned i = 0; r >= 0 && (r = sd_bus_message_read(m, "s", &argument)) > 0; i++) {
                if (i == 0)
                        verb = argument;
                r = add_argument(c, work, i, verb, argument);
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        return r < 0 ? r : array_finish(work);
}

/* Reads the frames of the order and calls ${each} for each one whose group the daemon has. */
static void each_frame(struct carry *c,
                       void (*each)(struct carry *c, struct carry_group *g, uint64_t number)) {
        sd_bus_message *m = c->order_message;
        int r;

        r = sd_bus_message_rewind(m, 1);
        if (r >= 0)
                r = sd_bus_message_skip(m, "stas");
        if (r >= 0)
                r = sd_bus_message_enter_container(m, 'a', "(stay)");
        while (r >= 0 && sd_bus_message_enter_container(m, 'r', "stay") > 0) {
                struct carry_group *g;
                const char *group;
                uint64_t number;

                r = sd_bus_message_read(m, "st", &group, &number);
                if (r < 0)
                        return;
                g = carry_find(c, group);
                if (g)
                        each(c, g, number);
                r = sd_bus_message_skip(m, "ay");
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
}

/* It is in the database, so it must not be fetched. */
static void note_number(struct carry *c, struct carry_group *g, uint64_t number) {
        (void) c;
        if (g->number < number)
                g->number = number;
}

/* The server ends, or does not do anything at present. It may have committed before. */
static bool is_unknown(const PGresult *result) {
        const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

        return !state || strncmp(state, "57P", 3) == 0;
}

static void on_appended(PGresult *result, void *userdata) {
        struct carry *c = userdata;
        char text[NOTE_TEXT_LEN];

        if (!result) {
                carry_order_done(c, "away", "the connection to the database was lost");
        } else if (PQresultStatus(result) != PGRES_TUPLES_OK) {
                note_fold(text, PQresultErrorMessage(result));
                carry_order_done(c, is_unknown(result) ? "away" : "failed", text);
        } else if (!answer_fits(result, "f") || PQntuples(result) != 1) {
                PQclear(result);
                carry_order_done(c, "away", ANSWER_MALFORMED);
                database_again(c->database, ANSWER_MALFORMED);
                return;
        } else if (answer_flag(result)) {
                each_frame(c, note_number);
                carry_order_done(c, "committed", "");
        } else {
                c->order = CARRY_ORDER_BEHIND;
                /* what was fetched before may lack the change that was first */
                c->fetched_before = c->fetched != NULL;
                c->fetch_wanted = true;
                c->fetch_at = 0;
        }
        PQclear(result);
        carry_go(c);
}

void carry_order_send(struct carry *c) {
        struct array arrays[4] = {};
        int r;

        (void) sd_bus_message_rewind(c->order_message, 1);
        r = sd_bus_message_skip(c->order_message, "st");
        if (r >= 0)
                r = read_work(c, c->order_message, &arrays[3]);
        if (r >= 0)
                r = carry_heads_arrays(c->order_message, arrays);
        if (r >= 0)
                r = database_ask(c->database, APPEND, arrays, 4, on_appended, c);
        for (unsigned i = 0; i < 4; i++)
                array_done(&arrays[i]);
        if (r < 0)
                carry_order_done(c, r == -EIO ? "away" : "failed", strerrordesc_np(-r));
        else
                c->order = CARRY_ORDER_SENT;
}

/* Whether another host was first, and the daemon has its change by now. Otherwise the daemon would
 * try the same for ever. */
static void look_for_newer(struct carry *c, struct carry_group *g, uint64_t number) {
        if (g->is_there && g->there >= number && g->number >= g->there)
                c->newer = true;
}

void carry_order_caught_up(struct carry *c) {
        if (c->order != CARRY_ORDER_BEHIND)
                return;
        c->newer = false;
        each_frame(c, look_for_newer);
        if (c->newer)
                carry_order_done(c, "conflict", "");
        else
                carry_order_done(c, "failed",
                                 strcmp(c->link, "refused") == 0 || strcmp(c->link, "behind") == 0
                                         ? c->link_text
                                         : "the database does not have what this host has");
}

static int take_order(struct carry *c, sd_bus_message *m) {
        const char *kind;
        uint64_t token;
        int r;

        r = sd_bus_message_read(m, "st", &kind, &token);
        if (r < 0)
                return r;
        if (strcmp(kind, "again") == 0) {
                c->again = true;
                return 0;
        }
        if (strcmp(kind, "report") == 0) {
                carry_report_order(c);
                return 0;
        }
        if (strcmp(kind, "snapshot") == 0 || strcmp(kind, "rebase") == 0) {
                carry_snapshot_order(c, *kind == 'r');
                return 0;
        }
        /* The daemon sends an order when it has heard what became of the one before. */
        if (strcmp(kind, "append") != 0 || c->order != CARRY_ORDER_NONE)
                return -EPROTO;
        c->order = CARRY_ORDER_WAITING;
        c->order_message = sd_bus_message_ref(m);
        c->token = token;
        if (!c->is_up)
                carry_wait(c);
        return 0;
}

void carry_order_take(struct carry *c, sd_bus_message *m) {
        int r;

        if (!c->attached)
                return;
        r = take_order(c, m);
        if (r < 0)
                local_again(c->local, strerrordesc_np(-r));
        else
                carry_go(c);
}

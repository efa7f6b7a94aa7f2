/* SPDX-License-Identifier: BSD-2-Clause */
/* Fetches what the database has beyond the daemon's numbers, and hands it to the daemon piece by
 * piece. Knows of a frame only how long it is. The daemon judges it. */
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "answer.h"
#include "carry_state.h"

/* At most ten a second, as long as there is no more than one answer can have. */
#define FETCH_GAP_USEC UINT64_C(100000)
#define PIECES_MAX     64
/* of all groups; at least one of each */
#define ROWS_MAX   2000
#define STRING_(x) #x
#define STRING(x)  STRING_(x)

/* One statement, so all of it is of one moment. Rows 'c' are changes, 'g' the numbers of the
 * groups, 'h' signed heads, 'o' the oldest changes, 's' the snapshots that this host has made. The
 * groups take turns, so a long backlog of one does not keep others waiting. That of all hosts comes
 * first: what it says of issuing hosts and of all keys was there when keys of other groups were
 * made. %zu is how many rows are sorted of each: the database bounds the files that a large sort
 * would need. */
static const char fetch_sql[] =
        "WITH mine AS MATERIALIZED ("
        " SELECT grp COLLATE \"C\" AS grp, number FROM unnest($1::text[], $2::bigint[]) m (grp, "
        "number)"
        "), newer AS ("
        " SELECT c.grp, c.number, c.frame, sum(octet_length(c.frame))"
        "  OVER (ORDER BY c.number - m.number, c.grp) - octet_length(c.frame) AS size_before"
        " FROM mine m CROSS JOIN LATERAL (SELECT * FROM wfapikey.change"
        "  WHERE grp = m.grp AND number > m.number ORDER BY number LIMIT %zu) c"
        ") SELECT * FROM (SELECT 'c' AS kind, grp, number, frame FROM newer WHERE size_before "
        "< " STRING(CARRY_FETCH) " UNION ALL SELECT 'g', m.grp, g.number, NULL FROM mine m JOIN "
                                 "wfapikey.hostgroup g ON g.name = m.grp"
                                 " UNION ALL SELECT 'h', m.grp, h.number, h.frame FROM mine m JOIN "
                                 "wfapikey.head h ON h.grp = m.grp"
                                 " UNION ALL SELECT 'o', m.grp, g.oldest, NULL FROM mine m JOIN "
                                 "wfapikey.hostgroup g ON g.name = m.grp"
                                 " UNION ALL SELECT 's', m.grp, s.number, NULL FROM mine m JOIN "
                                 "wfapikey.snapshot s ON s.grp = m.grp AND s.issuer = "
                                 "wfapikey.my_name()"
                                 ") f ORDER BY kind, grp <> 'all', grp, number";

enum { KIND, GROUP, NUMBER, FRAME };

static char kind_of(const PGresult *result, int row) {
        return *PQgetvalue(result, row, KIND);
}

static uint64_t number_of(const PGresult *result, int row) {
        return answer_number(result, row, NUMBER);
}

static struct carry_group *group_of(struct carry *c, int row) {
        return carry_find(c, PQgetvalue(c->fetched, row, GROUP));
}

static size_t length_of(const PGresult *result, int row) {
        return (size_t) PQgetlength(result, row, FRAME);
}

static bool is_whole(const PGresult *result, int row) {
        return carry_report_is_whole(PQgetvalue(result, row, FRAME), length_of(result, row));
}

void carry_fetch_drop(struct carry *c) {
        PQclear(take_ptr(c->fetched));
        c->writing = c->asking = NULL;
        c->fetched_before = false;
        c->n_new_heads = 0;
        c->paging = false;
}

void carry_fetch_set_aside(struct carry *c, struct carry_group *g, const char *state,
                           const char *why) {
        char text[NOTE_TEXT_LEN], line[NOTE_TEXT_LEN];

        (void) snprintf(text, sizeof(text), "group %s: %s", g->name, why);
        note_fold(line, text);
        g->asked = false;
        g->again_at = carry_now(c) + pause_next(&g->pause);
        carry_link(c, state, line);
}

static void is_fine(struct carry_group *g) {
        g->again_at = 0;
        g->pause = (struct pause){};
}

/* --- To the daemon ------------------------------------------------------------------- */

static void write_next(struct carry *c);

static int on_heads_taken(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        struct carry *c = userdata;
        const char *text = NULL;

        (void) error;
        switch (local_outcome(c->local, m, &text)) {
        case LOCAL_LOST:
                return 0;
        case LOCAL_REFUSED:
                note(LOG_WARNING, "wfapikeyd does not take heads: %s", text);
                break;
        case LOCAL_ANSWERED:
                break;
        }
        if (c->fetched)
                write_next(c);
        return 0;
}

/* A piece of the signature tells a head from others. */
static bool is_new_head(struct carry *c, int row) {
        uint64_t piece;
        const char *end = PQgetvalue(c->fetched, row, FRAME) + length_of(c->fetched, row);

        memcpy(&piece, end - CARRY_FRAME_TAIL, sizeof(piece));
        c->new_heads[c->n_new_heads++] = piece;
        for (size_t i = 0; i < c->n_seen_heads; i++)
                if (c->seen_heads[i] == piece)
                        return false;
        return true;
}

/* From c->row on. Returns whether any were sent. */
static bool write_heads(struct carry *c) {
        _cleanup_message_ sd_bus_message *m = NULL;
        struct iovec pieces[PIECES_MAX];
        unsigned n = 0;
        size_t size = 0;
        int r;

        for (; c->row < PQntuples(c->fetched) && n < PIECES_MAX; c->row++) {
                size_t len = length_of(c->fetched, c->row);

                /* There is room for the pieces of heads alone. */
                if (kind_of(c->fetched, c->row) != 'h' || (n > 0 && size + len > CARRY_CHUNK))
                        break;
                if (len > CARRY_CHUNK || !is_whole(c->fetched, c->row) || !is_new_head(c, c->row))
                        continue;
                pieces[n++] = (struct iovec){ PQgetvalue(c->fetched, c->row, FRAME), len };
                size += len;
        }
        if (n == 0)
                return false;
        r = local_begin(c->local, "FleetHeads", &m);
        if (r >= 0)
                r = sd_bus_message_append_array_iovec(m, 'y', pieces, n);
        local_send(c->local, m, r, on_heads_taken, c);
        return true;
}

/* What the daemon does not take can have waited for this. */
static void look_again(struct carry *c) {
        for (size_t i = 0; i < c->n_groups; i++)
                if (c->groups[i].again_at != 0) {
                        c->groups[i].again_at = 0;
                        c->fetch_wanted = true;
                }
}

static int on_written(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        struct carry *c = userdata;
        struct carry_group *g = c->writing;
        const char *text = NULL;
        uint64_t number;

        (void) error;
        switch (local_outcome(c->local, m, &text)) {
        case LOCAL_LOST:
                return 0;
        case LOCAL_REFUSED:
                if (g) {
                        g->in_doubt = true;
                        g->refused = !c->paging && local_is_refusal(m);
                        (void) snprintf(g->why, sizeof(g->why), "%s", text);
                        carry_fetch_set_aside(c, g, "refused", text);
                }
                break;
        case LOCAL_ANSWERED:
                if (g && sd_bus_message_read(m, "t", &number) >= 0) {
                        if (g->number < number && strcmp(g->name, "all") == 0)
                                look_again(c);
                        if (g->number < number)
                                g->number = number;
                        /* Of a page not all was taken yet. */
                        if (!c->paging)
                                is_fine(g);
                }
                break;
        }
        c->writing = NULL;
        if (c->fetched)
                write_next(c);
        return 0;
}

/* The next piece of the changes of one group, from c->row and c->offset on. */
static void write_changes(struct carry *c, struct carry_group *g) {
        _cleanup_message_ sd_bus_message *m = NULL;
        struct iovec pieces[PIECES_MAX];
        unsigned n = 0;
        size_t room = CARRY_CHUNK;
        int r, n_rows = PQntuples(c->fetched);

        while (c->row < n_rows && room > 0 && n < PIECES_MAX &&
               (c->paging || kind_of(c->fetched, c->row) == 'c') && group_of(c, c->row) == g &&
               is_whole(c->fetched, c->row)) {
                size_t len = length_of(c->fetched, c->row) - c->offset;
                size_t some = len < room ? len : room;

                pieces[n++] =
                        (struct iovec){ PQgetvalue(c->fetched, c->row, FRAME) + c->offset, some };
                room -= some;
                c->offset = some < len ? c->offset + some : 0;
                if (some == len)
                        c->row++;
        }
        c->writing = g;
        r = local_begin(c->local, "FleetWrite", &m);
        if (r >= 0)
                r = sd_bus_message_append(m, "s", g->name);
        if (r >= 0)
                r = sd_bus_message_append_array_iovec(m, 'y', pieces, n);
        local_send(c->local, m, r, on_written, c);
}

/* All rows were written. The database can have gone meanwhile. */
static void finish(struct carry *c) {
        uint64_t *heads = c->seen_heads;
        bool more = c->fetched_before;

        if (c->paging) {
                /* Heads that came before it were of no use. */
                c->n_seen_heads = 0;
                carry_fetch_drop(c);
                carry_snapshot_taken(c);
                carry_go(c);
                return;
        }
        c->seen_heads = c->new_heads;
        c->n_seen_heads = c->n_new_heads;
        c->new_heads = heads;
        carry_fetch_drop(c);
        for (size_t i = 0; i < c->n_groups; i++) {
                struct carry_group *g = &c->groups[i];

                if (!g->asked || g->number >= g->there)
                        continue;
                if (g->number == g->before)
                        carry_fetch_set_aside(c, g, "refused",
                                              "wfapikeyd has not taken a change that it was given");
                else
                        more = true;
        }
        if (more) {
                c->fetch_wanted = true;
                c->fetch_at = 0;
        } else if (c->is_up) {
                carry_link_up(c);
                carry_snapshot_look(c);
                if (!c->taking)
                        carry_order_caught_up(c);
        }
        carry_go(c);
}

static void write_next(struct carry *c) {
        while (c->row < PQntuples(c->fetched)) {
                struct carry_group *g = group_of(c, c->row);

                if (kind_of(c->fetched, c->row) == 'h') {
                        if (write_heads(c))
                                return;
                        continue;
                }
                if (c->paging && g == c->taking && g->again_at == 0 &&
                    is_whole(c->fetched, c->row)) {
                        write_changes(c, g);
                        return;
                }
                if (kind_of(c->fetched, c->row) == 'c' && g && g->asked) {
                        if (c->offset == 0 && !is_whole(c->fetched, c->row)) {
                                carry_fetch_set_aside(c, g, "refused",
                                                      "a frame has another length than it says");
                        } else if (c->offset > 0 || number_of(c->fetched, c->row) > g->number) {
                                write_changes(c, g);
                                return;
                        }
                }
                c->offset = 0;
                c->row++;
        }
        finish(c);
}

/* --- From the database --------------------------------------------------------------- */

/* A database that has less than this host was restored from an old copy, or is a standby that was
 * behind. Nothing of it is taken, whatever it says. */
static void look_at_numbers(struct carry *c) {
        char text[128];
        bool news = false;

        for (int row = 0; row < PQntuples(c->fetched); row++) {
                struct carry_group *g = group_of(c, row);

                if (!g)
                        continue;
                if (kind_of(c->fetched, row) == 'g') {
                        news |= g->there != number_of(c->fetched, row);
                        g->there = number_of(c->fetched, row);
                        g->is_there = true;
                } else if (kind_of(c->fetched, row) == 'o')
                        g->oldest = number_of(c->fetched, row);
                else if (kind_of(c->fetched, row) == 's')
                        g->own = number_of(c->fetched, row);
        }
        if (c->by_bell && !news)
                database_bell_wasted(c->database);
        for (size_t i = 0; i < c->n_groups; i++) {
                struct carry_group *g = &c->groups[i];

                if (!g->asked)
                        continue;
                if (!g->is_there) {
                        carry_fetch_set_aside(c, g, "refused",
                                              "the database does not show this group to this host");
                } else if (g->there < g->number) {
                        (void) snprintf(text, sizeof(text),
                                        "the database is older than this host: it is at %" PRIu64
                                        ", and this host at %" PRIu64,
                                        g->there, g->number);
                        carry_fetch_set_aside(c, g, "behind", text);
                } else if (g->there > g->number && g->number + 1 < g->oldest) {
                        g->lacks = true;
                        g->asked = false;
                } else if (g->there == g->number) {
                        is_fine(g);
                }
        }
}

/* Room for the pieces of all heads in the answer. */
static bool make_room(struct carry *c) {
        uint64_t *room;
        size_t n = 1;

        for (int row = 0; row < PQntuples(c->fetched); row++)
                n += kind_of(c->fetched, row) == 'h';
        room = reallocarray(c->new_heads, n, sizeof(*room));
        if (room)
                c->new_heads = room;
        c->n_new_heads = 0;
        return room != NULL;
}

static void on_fetched(PGresult *result, void *userdata) {
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
        if (!answer_fits(result, "ttnb")) {
                PQclear(result);
                database_again(c->database, ANSWER_MALFORMED);
                return;
        }
        database_is_good(c->database);
        c->fetched = result;
        c->row = 0;
        c->offset = 0;
        look_at_numbers(c);
        if (make_room(c))
                write_next(c);
        else
                carry_fetch_drop(c);
}

void carry_fetch_page(struct carry *c, PGresult *result) {
        c->fetched = result;
        c->paging = true;
        c->row = 0;
        c->offset = 0;
        write_next(c);
}

static int on_number(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        struct carry *c = userdata;
        struct carry_group *g = c->asking;
        const char *text = NULL;

        (void) error;
        c->asking = NULL;
        switch (local_outcome(c->local, m, &text)) {
        case LOCAL_LOST:
                return 0;
        case LOCAL_REFUSED:
                if (g)
                        carry_fetch_set_aside(c, g, "refused", text);
                break;
        case LOCAL_ANSWERED:
                if (g && sd_bus_message_read(m, "t", &g->number) >= 0)
                        g->in_doubt = false;
                break;
        }
        carry_go(c);
        return 0;
}

/* A daemon that has refused a change can have another number than the one that it said last, where
 * it could not write what it had sent itself. Returns whether it is asked. */
static bool ask_number(struct carry *c) {
        _cleanup_message_ sd_bus_message *m = NULL;
        uint64_t now = carry_now(c);
        int r;

        for (size_t i = 0; i < c->n_groups && !c->asking; i++)
                if (c->groups[i].in_doubt && c->groups[i].again_at <= now)
                        c->asking = &c->groups[i];
        if (!c->asking)
                return false;
        r = local_begin(c->local, "FleetWrite", &m);
        if (r >= 0)
                r = sd_bus_message_append(m, "s", c->asking->name);
        if (r >= 0)
                r = sd_bus_message_append_array(m, 'y', NULL, 0);
        local_send(c->local, m, r, on_number, c);
        return true;
}

static int ask(struct carry *c, const struct array arrays[static 2], size_t n_asked) {
        char sql[sizeof(fetch_sql) + 20];

        (void) snprintf(sql, sizeof(sql), fetch_sql, 1 + ROWS_MAX / (n_asked ?: 1));
        return database_ask(c->database, sql, arrays, 2, on_fetched, c);
}

void carry_fetch_start(struct carry *c) {
        size_t n_asked = 0;
        struct array arrays[2] = { { .kind = ARRAY_TEXT }, { .kind = ARRAY_NUMBER } };
        uint64_t now = carry_now(c);
        int r;

        if (ask_number(c))
                return;
        for (size_t i = 0; i < c->n_groups; i++) {
                struct carry_group *g = &c->groups[i];

                g->asked = g->again_at <= now && g != c->taking;
                g->lacks = g->lacks && !g->asked;
                g->own = g->asked ? 0 : g->own;
                g->is_there = g->is_there && !g->asked;
                g->before = g->number;
                if (!g->asked)
                        continue;
                array_add_text(&arrays[0], g->name);
                array_add_number(&arrays[1], g->number);
                n_asked++;
        }
        c->fetch_wanted = false;
        c->by_bell = c->rung;
        c->rung = false;
        c->fetch_at = now + FETCH_GAP_USEC;
        r = array_finish(&arrays[0]);
        if (r >= 0)
                r = array_finish(&arrays[1]);
        if (r >= 0)
                r = ask(c, arrays, n_asked);
        if (r < 0)
                note(LOG_WARNING, "cannot ask for changes: %s", strerrordesc_np(-r));
        array_done(&arrays[0]);
        array_done(&arrays[1]);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Reports: this host's own from the daemon to the database, and on an issuing host those of all
 * hosts from the database to the daemon. Cannot read any. */
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "carry_state.h"
#include "cleanup.h"
#include "text.h"

#define SECOND_USEC UINT64_C(1000000)
/* The bell of reports says when there is something. */
#define LOOK_USEC (60 * SECOND_USEC)
#define WAIT_MAX  UINT64_C(3600)

/* Of each host the next ones, as much as fits. The hosts take turns. */
static const char fetch_sql[] =
        "WITH mine AS MATERIALIZED ("
        " SELECT host COLLATE \"C\" AS host, number FROM unnest($1::text[], $2::bigint[]) m (host, "
        "number)"
        "), newer AS ("
        " SELECT r.host, r.number, r.frame, sum(octet_length(r.frame))"
        "  OVER (ORDER BY r.number - m.number, r.host) - octet_length(r.frame) AS size_before"
        " FROM mine m CROSS JOIN LATERAL (SELECT * FROM wfapikey.report"
        "  WHERE host = m.host AND number > m.number ORDER BY number LIMIT 4) r"
        ") SELECT host, number, frame FROM newer WHERE size_before < 524288 ORDER BY 1, 2";

enum { HOST, NUMBER, FRAME };

bool carry_report_is_whole(const char *frame, size_t len) {
        uint32_t body;

        if (len < CARRY_FRAME_HEAD + CARRY_FRAME_TAIL)
                return false;
        memcpy(&body, frame + CARRY_FRAME_HEAD - sizeof(body), sizeof(body));
        return len == CARRY_FRAME_HEAD + (size_t) le32toh(body) + CARRY_FRAME_TAIL;
}

/* --- This host's own ------------------------------------------------------------------- */

static int on_told(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        struct carry *c = userdata;
        const char *text = NULL;

        (void) error;
        if (local_outcome(c->local, m, &text) == LOCAL_REFUSED)
                note(LOG_WARNING, "wfapikeyd does not take what became of a report: %s", text);
        return 0;
}

static void tell(struct carry *c, const char *outcome, uint64_t last, const char *text) {
        _cleanup_message_ sd_bus_message *m = NULL;
        int r;

        c->report.ask_at = carry_now(c) + SECOND_USEC;
        r = local_begin(c->local, "FleetReported", &m);
        if (r >= 0)
                r = sd_bus_message_append(m, "tsts", c->report.number, outcome, last, text);
        local_send(c->local, m, r, on_told, c);
}

static void on_put(PGresult *result, void *userdata) {
        struct carry *c = userdata;
        char text[NOTE_TEXT_LEN];

        /* A connection that is lost: nobody knows. The same report is sent again. */
        if (result && PQresultStatus(result) != PGRES_TUPLES_OK) {
                note_fold(text, PQresultErrorMessage(result));
                note(LOG_WARNING, "the database takes no report: %s", text);
                tell(c, "failed", 0, text);
        } else if (result && (!answer_fits(result, "n") || PQntuples(result) != 1)) {
                note(LOG_WARNING, "the database takes no report: %s", ANSWER_MALFORMED);
                tell(c, "failed", 0, ANSWER_MALFORMED);
        } else if (result) {
                uint64_t last = answer_number(result, 0, 0);

                tell(c, last == 0 ? "stored" : "taken", last, "");
        }
        PQclear(result);
        carry_go(c);
}

void carry_report_put(struct carry *c) {
        _cleanup_message_ sd_bus_message *m = take_ptr(c->report.message);
        struct array arrays[2] = { { .kind = ARRAY_NUMBER }, { .kind = ARRAY_BYTES } };
        const void *frame;
        size_t len;
        int r;

        (void) sd_bus_message_rewind(m, 1);
        r = sd_bus_message_read(m, "t", &c->report.number);
        if (r >= 0)
                r = sd_bus_message_read_array(m, 'y', &frame, &len);
        if (r >= 0) {
                array_add_number(&arrays[0], c->report.number);
                array_add(&arrays[1], frame, len);
                r = array_finish(&arrays[0]);
        }
        if (r >= 0)
                r = array_finish(&arrays[1]);
        if (r >= 0)
                r = database_ask(c->database, "SELECT wfapikey.put_report($1, $2)", arrays, 2,
                                 on_put, c);
        if (r < 0) {
                note(LOG_WARNING, "cannot send a report: %s", strerrordesc_np(-r));
                /* wfapikeyd has it still, and was not told that anything became of it */
                c->report.ask_at = carry_now(c) + SECOND_USEC;
        }
        array_done(&arrays[0]);
        array_done(&arrays[1]);
}

static int on_report(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        struct carry *c = userdata;
        const char *text = NULL;
        const void *frame;
        uint64_t wait = WAIT_MAX;
        size_t len = 0;
        int r = 0;

        (void) error;
        switch (local_outcome(c->local, m, &text)) {
        case LOCAL_LOST:
                return 0;
        case LOCAL_REFUSED:
                note(LOG_WARNING, "wfapikeyd makes no report: %s", text);
                break;
        case LOCAL_ANSWERED:
                r = sd_bus_message_skip(m, "t");
                if (r >= 0)
                        r = sd_bus_message_read_array(m, 'y', &frame, &len);
                if (r >= 0)
                        r = sd_bus_message_read(m, "t", &wait);
                break;
        }
        c->report.asking = false;
        if (r < 0) {
                note(LOG_WARNING, "cannot read a report: %s", strerrordesc_np(-r));
                wait = 1;
        }
        c->report.ask_at = carry_now(c) + (wait < WAIT_MAX ? wait : WAIT_MAX) * SECOND_USEC;
        if (r < 0 || len == 0 || !c->is_up)
                return 0;
        c->report.message = sd_bus_message_ref(m);
        carry_go(c);
        return 0;
}

static void ask_own(struct carry *c) {
        _cleanup_message_ sd_bus_message *m = NULL;
        int r;

        if (c->report.asking || c->report.message || carry_now(c) < c->report.ask_at)
                return;
        c->report.asking = true;
        r = local_begin(c->local, "FleetReport", &m);
        local_send(c->local, m, r, on_report, c);
}

/* --- Those of all hosts ------------------------------------------------------------------ */

static void write_next(struct carry *c);

static uint64_t *find_skip(struct carry *c, const char *host) {
        for (size_t i = 0; i < c->reports.n_skips; i++)
                if (strcmp(c->reports.skips[i].host, host) == 0)
                        return &c->reports.skips[i].number;
        return NULL;
}

/* A report that the daemon refuses must not keep the next ones from it. */
static void skip(struct carry *c, const char *host, uint64_t number) {
        uint64_t *known = find_skip(c, host);
        struct carry_skip *skips;

        if (known) {
                *known = number;
                return;
        }
        skips = reallocarray(c->reports.skips, c->reports.n_skips + 1, sizeof(*skips));
        if (!skips)
                return;
        c->reports.skips = skips;
        skips += c->reports.n_skips;
        if (!text_copy(skips->host, sizeof(skips->host), host))
                return;
        skips->number = number;
        c->reports.n_skips++;
}

static uint64_t number_of(const struct carry *c) {
        return answer_number(c->reports.rows, c->reports.row, NUMBER);
}

static void next_row(struct carry *c) {
        c->reports.row++;
        c->reports.offset = 0;
}

/* A report that the daemon could not write comes again later, and those of its host behind it. */
static void set_aside(struct carry *c, const char *host, bool for_good) {
        if (for_good) {
                skip(c, host, number_of(c));
                next_row(c);
                return;
        }
        c->reports.held = true;
        do
                next_row(c);
        while (c->reports.row < PQntuples(c->reports.rows) &&
               strcmp(PQgetvalue(c->reports.rows, c->reports.row, HOST), host) == 0);
}

static int on_taken(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        struct carry *c = userdata;
        const char *text = NULL, *host;
        uint64_t number = 0;
        int more = 0;

        (void) error;
        switch (local_outcome(c->local, m, &text)) {
        case LOCAL_LOST:
                return 0;
        case LOCAL_REFUSED:
        case LOCAL_ANSWERED:
                break;
        }
        if (!c->reports.rows)
                return 0;
        host = PQgetvalue(c->reports.rows, c->reports.row, HOST);
        if (!text && sd_bus_message_read(m, "tb", &number, &more) < 0)
                text = "its answer cannot be read";
        if (text) {
                note(LOG_WARNING, "report %" PRIu64 " of host %s: %s", number_of(c), host, text);
                set_aside(c, host, !sd_bus_message_is_method_error(m, NULL) || local_is_refusal(m));
        } else if (!more && c->reports.offset ==
                                    (size_t) PQgetlength(c->reports.rows, c->reports.row, FRAME)) {
                if (number < number_of(c))
                        skip(c, host, number_of(c));
                next_row(c);
        }
        write_next(c);
        return 0;
}

static bool is_whole(const struct carry *c) {
        return carry_report_is_whole(PQgetvalue(c->reports.rows, c->reports.row, FRAME),
                                     (size_t) PQgetlength(c->reports.rows, c->reports.row, FRAME));
}

/* Leaves out what is no frame. */
static void skip_garbage(struct carry *c) {
        while (c->reports.row < PQntuples(c->reports.rows) && !is_whole(c)) {
                const char *host = PQgetvalue(c->reports.rows, c->reports.row, HOST);

                note(LOG_WARNING, "report %" PRIu64 " of host %s has another length than it says",
                     number_of(c), host);
                skip(c, host, number_of(c));
                next_row(c);
        }
}

/* The next piece of the report, or a call without bytes while the daemon has records left. */
static void write_next(struct carry *c) {
        _cleanup_message_ sd_bus_message *m = NULL;
        PGresult *rows = c->reports.rows;
        size_t len;
        int r, row;

        skip_garbage(c);
        row = c->reports.row;
        if (row == PQntuples(rows)) {
                PQclear(take_ptr(c->reports.rows));
                c->reports.at = c->reports.held ? carry_now(c) + pause_jitter(LOOK_USEC) : 0;
                c->reports.held = false;
                carry_report_look(c);
                return;
        }
        len = (size_t) PQgetlength(rows, row, FRAME) - c->reports.offset;
        if (len > CARRY_CHUNK)
                len = CARRY_CHUNK;
        r = local_begin(c->local, "FleetTakeReport", &m);
        if (r >= 0)
                r = sd_bus_message_append(m, "s", PQgetvalue(rows, row, HOST));
        if (r >= 0)
                r = sd_bus_message_append_array(
                        m, 'y', PQgetvalue(rows, row, FRAME) + c->reports.offset, len);
        c->reports.offset += len;
        local_send(c->local, m, r, on_taken, c);
}

static void on_fetched(PGresult *result, void *userdata) {
        struct carry *c = userdata;
        char text[NOTE_TEXT_LEN];

        if (result && PQresultStatus(result) != PGRES_TUPLES_OK) {
                note_fold(text, PQresultErrorMessage(result));
                note(LOG_WARNING, "the database gives no reports: %s", text);
        } else if (result && !answer_fits(result, "tnb")) {
                note(LOG_WARNING, "the database gives no reports: %s", ANSWER_MALFORMED);
        } else if (result && PQntuples(result) > 0) {
                c->reports.rows = take_ptr(result);
                c->reports.row = 0;
                c->reports.offset = 0;
                write_next(c);
        }
        PQclear(result);
        carry_go(c);
}

void carry_report_fetch(struct carry *c) {
        _cleanup_message_ sd_bus_message *m = take_ptr(c->reports.known);
        struct array arrays[2] = { { .kind = ARRAY_TEXT }, { .kind = ARRAY_NUMBER } };
        int r;

        c->reports.at = carry_now(c) + pause_jitter(LOOK_USEC);
        (void) sd_bus_message_rewind(m, 1);
        r = sd_bus_message_enter_container(m, 'a', "(st)");
        while (r >= 0) {
                const char *host;
                uint64_t number;
                const uint64_t *skipped;

                r = sd_bus_message_read(m, "(st)", &host, &number);
                if (r <= 0)
                        break;
                skipped = find_skip(c, host);
                array_add_text(&arrays[0], host);
                array_add_number(&arrays[1], skipped && *skipped > number ? *skipped : number);
        }
        for (unsigned i = 0; r >= 0 && i < 2; i++)
                r = array_finish(&arrays[i]);
        if (r >= 0)
                r = database_ask(c->database, fetch_sql, arrays, 2, on_fetched, c);
        if (r < 0)
                note(LOG_WARNING, "cannot ask for reports: %s", strerrordesc_np(-r));
        array_done(&arrays[0]);
        array_done(&arrays[1]);
}

static int on_known(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        struct carry *c = userdata;
        const char *text = NULL;

        (void) error;
        switch (local_outcome(c->local, m, &text)) {
        case LOCAL_LOST:
                return 0;
        case LOCAL_REFUSED:
                note(LOG_WARNING, "wfapikeyd takes no reports: %s", text);
                break;
        case LOCAL_ANSWERED:
                if (c->is_up)
                        c->reports.known = sd_bus_message_ref(m);
                break;
        }
        c->reports.asking = false;
        carry_go(c);
        return 0;
}

void carry_report_look(struct carry *c) {
        _cleanup_message_ sd_bus_message *m = NULL;
        uint64_t now = carry_now(c);
        int r;

        if (!c->is_up)
                return;
        ask_own(c);
        if (!c->issuing || c->reports.asking || c->reports.known || c->reports.rows ||
            now < (c->reports.rung && c->reports.at > c->reports.rung_at ? c->reports.rung_at
                                                                         : c->reports.at))
                return;
        c->reports.rung = false;
        c->reports.rung_at = now + SECOND_USEC;
        c->reports.at = now + pause_jitter(LOOK_USEC);
        c->reports.asking = true;
        r = local_begin(c->local, "FleetReports", &m);
        local_send(c->local, m, r, on_known, c);
}

void carry_report_order(struct carry *c) {
        c->report.ask_at = 0;
        carry_report_look(c);
}

void carry_report_away(struct carry *c) {
        c->report.message = sd_bus_message_unref(c->report.message);
        c->reports.known = sd_bus_message_unref(c->reports.known);
        c->report.ask_at = c->reports.at = 0;
}

void carry_report_drop(struct carry *c) {
        carry_report_away(c);
        PQclear(take_ptr(c->reports.rows));
        free(take_ptr(c->reports.skips));
        c->reports.n_skips = 0;
        c->report.asking = c->reports.asking = c->reports.rung = c->reports.held = false;
}

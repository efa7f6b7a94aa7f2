/* SPDX-License-Identifier: BSD-2-Clause */
/* Draws events. A list can be endless, so a table is drawn in pieces that have the same columns,
 * which only ever become wider. Asks the daemon nothing. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "admin/eventview.h"
#include "cli/names.h"
#include "cli/say.h"
#include "draw/screen.h"
#include "draw/when.h"
#include "parse.h"

#define CELL_LEN 640
/* an address of IPv4 fits */
#define FROM_WIDTH 15

/* --- Cells --- */

struct eventcolumn {
        struct table_column table;
        bool short_list, of_fleet;
        void (*cell)(const struct eventview *v, const struct event *e, char *out);
        /* of a text that is shown as it is, where there is no function */
        size_t offset;
};

static void put_text(char *out, const char *text) {
        (void) snprintf(out, CELL_LEN, "%s", text && *text ? text : "-");
}

static void put_time(const struct eventview *v, const struct event *e, char *out) {
        if (v->brief)
                when_short(e->at, time(NULL), out);
        else
                when_text(e->at, out);
}

static void put_seq(const struct eventview *v, const struct event *e, char *out) {
        (void) v;
        if (e->seq == UINT64_MAX)
                put_text(out, NULL);
        else
                (void) snprintf(out, CELL_LEN, "%" PRIu64, e->seq);
}

/* The numbers of another host may be other people here. root is root everywhere. */
static void name_of(const struct eventview *v, uint32_t uid, char name[static NAMES_LEN]) {
        if (uid == 0)
                (void) snprintf(name, NAMES_LEN, "root");
        else if (v->fleet)
                (void) snprintf(name, NAMES_LEN, "%" PRIu32, uid);
        else
                names_user(uid, name);
}

static void put_user(const struct eventview *v, uint32_t uid, char *out) {
        char name[NAMES_LEN], number[16];

        (void) snprintf(number, sizeof(number), "%" PRIu32, uid);
        if (uid == UINT32_MAX) {
                put_text(out, NULL);
                return;
        }
        name_of(v, uid, name);
        if (strcmp(name, number) == 0)
                put_text(out, number);
        else
                (void) snprintf(out, CELL_LEN, "%s (%s)", number, name);
}

static void put_uid(const struct eventview *v, const struct event *e, char *out) {
        put_user(v, e->uid, out);
}

static void put_login(const struct eventview *v, const struct event *e, char *out) {
        put_user(v, e->login_uid, out);
}

static void put_pid(const struct eventview *v, const struct event *e, char *out) {
        (void) v;
        if (e->pid == UINT32_MAX)
                put_text(out, NULL);
        else
                (void) snprintf(out, CELL_LEN, "%" PRIu32, e->pid);
}

/* The person behind root. Of others the login uid may be made up, and the uid is not. */
static void put_by(const struct eventview *v, const struct event *e, char *out) {
        uint32_t uid = e->uid == 0 && e->login_uid != UINT32_MAX ? e->login_uid : e->uid;

        if (uid == UINT32_MAX)
                put_text(out, NULL);
        else
                name_of(v, uid, out);
}

/* The two ends of an address tell more than its beginning alone. --wide has all of it. */
static void put_from(const struct eventview *v, const struct event *e, char *out) {
        size_t len = e->rhost ? strlen(e->rhost) : 0;

        if (v->brief && len > FROM_WIDTH)
                (void) snprintf(out, CELL_LEN, "%.6s..%s", e->rhost,
                                e->rhost + len - (FROM_WIDTH - 8));
        else
                put_text(out, e->rhost);
}

static void put_times(const struct eventview *v, const struct event *e, char out[static 128]) {
        char until[WHEN_TEXT_LEN];

        out[0] = '\0';
        if (e->seq == UINT64_MAX)
                (void) snprintf(out, 128, "%" PRIu64 " more", e->count);
        else if (e->count > 1) {
                if (!v->brief)
                        when_text(e->until, until);
                else if (e->until - e->at < PARSE_DAY_S)
                        when_clock(e->until, until);
                else
                        when_short(e->until, time(NULL), until);
                (void) snprintf(out, 128, "%" PRIu64 " times until %s", e->count, until);
        }
}

static void put_why(const struct eventview *v, const struct event *e, char *out) {
        bool refused = e->verdict && strcmp(e->verdict, "refused") == 0;
        const char *parts[4] = { refused ? "refused" : NULL, e->reason, e->detail };
        char times[128];
        size_t len = 0;

        if (e->verdict && strcmp(e->verdict, "accepted") == 0)
                parts[0] = "accepted";
        put_times(v, e, times);
        parts[3] = times;
        put_text(out, NULL);
        for (size_t i = 0; i < 4; i++)
                if (parts[i] && *parts[i])
                        len += (size_t) snprintf(out + len, CELL_LEN - len, "%s%s",
                                                 len > 0 ? ", " : "", parts[i]);
}

#define TEXT(member) NULL, offsetof(struct event, member)

static const struct eventcolumn columns[] = {
        { { "HOST", TABLE_CUT }, true, true, TEXT(host) },
        { { "SEQ", TABLE_RIGHT }, false, false, put_seq, 0 },
        { { "TIME", 0 }, true, false, put_time, 0 },
        { { "VERDICT", 0 }, false, false, TEXT(verdict) },
        { { "EVENT", 0 }, true, false, TEXT(event) },
        { { "KEY", 0 }, true, false, TEXT(key) },
        { { "USER", TABLE_CUT }, true, false, TEXT(user) },
        { { "BY", 0 }, true, false, put_by, 0 },
        { { "DOOR", 0 }, false, false, TEXT(door) },
        { { "UID", 0 }, false, false, put_uid, 0 },
        { { "LOGIN-UID", 0 }, false, false, put_login, 0 },
        { { "PID", TABLE_RIGHT }, false, false, put_pid, 0 },
        { { "SERVICE", TABLE_CUT }, true, false, TEXT(service) },
        { { "FROM", 0 }, true, false, put_from, 0 },
        { { "WHY", TABLE_WORDS }, true, false, put_why, 0 },
};
_Static_assert(ARRAY_LEN(columns) <= EVENTVIEW_COLUMNS, "room for all");

/* --- What the user wants to see --- */

static const struct eventcolumn *find(const char *name, size_t len, bool fleet) {
        for (size_t i = 0; i < ARRAY_LEN(columns); i++)
                if (strlen(columns[i].table.name) == len && (fleet || !columns[i].of_fleet) &&
                    strncasecmp(columns[i].table.name, name, len) == 0)
                        return &columns[i];
        return NULL;
}

static enum exit_code read_columns(const char *names, struct eventview *v) {
        for (const char *name = names; name; name = strchr(name, ',')) {
                const struct eventcolumn *column;
                size_t len;

                name += *name == ',';
                len = strcspn(name, ",");
                column = find(name, len, v->fleet);
                if (!column || v->n_columns == EVENTVIEW_COLUMNS) {
                        say_error(
                                "--columns='%s': the columns are %sseq, time, verdict, event, "
                                "key, user, by, door, uid, login-uid, pid, service, from and why, "
                                "with commas between them",
                                names, v->fleet ? "host, " : "");
                        return CTL_USAGE;
                }
                v->columns[v->n_columns++] = column;
        }
        return CTL_OK;
}

enum exit_code eventview_read(const struct args *args, bool fleet, struct eventview *ret) {
        struct eventview v = { .json = args->json,
                               .fleet = fleet,
                               .reverse = args_has(args, "reverse") };
        const char *names = args_value(args, "columns");
        bool wide = args_has(args, "wide");
        enum exit_code rc = CTL_OK;

        if (names && wide) {
                say_error("--wide and --columns exclude each other: --wide shows all columns");
                return CTL_USAGE;
        }
        v.full = wide;
        v.brief = !wide && screen_is_terminal();
        if (names)
                rc = read_columns(names, &v);
        for (size_t i = 0; !names && i < ARRAY_LEN(columns); i++)
                if ((wide ? strcmp(columns[i].table.name, "BY") != 0 : columns[i].short_list) &&
                    (fleet || !columns[i].of_fleet))
                        v.columns[v.n_columns++] = &columns[i];
        *ret = v;
        return rc;
}

/* --- Events that wait --- */

static void forget(struct eventview *v) {
        for (size_t i = 0; i < v->n_messages; i++)
                sd_bus_message_unref(v->messages[i]);
        v->n = v->n_messages = 0;
}

void eventview_done(struct eventview *v) {
        forget(v);
        free(v->messages);
        free(v->events);
        *v = (struct eventview){};
}

/* The events of a message come one after the other. */
static int keep(struct eventview *v, sd_bus_message *m) {
        sd_bus_message **messages;

        if (v->n_messages > 0 && v->messages[v->n_messages - 1] == m)
                return 0;
        messages = reallocarray(v->messages, v->n_messages + 1, sizeof(*messages));
        if (!messages)
                return -ENOMEM;
        v->messages = messages;
        v->messages[v->n_messages++] = sd_bus_message_ref(m);
        return 0;
}

static void begin_json(struct eventview *v) {
        if (!v->begun)
                json_open(&v->list, NULL, '[');
        v->begun = true;
}

static void show_json(struct eventview *v, const struct event *event) {
        size_t skip = v->fleet ? 0 : 1;

        begin_json(v);
        fields_json(event_fields + skip, event_n_fields - skip, event, &v->list);
}

int eventview_add(struct eventview *v, sd_bus_message *m, const struct event *event) {
        if (v->json && !v->hold) {
                show_json(v, event);
                return 0;
        }
        if (v->n == EVENTVIEW_WINDOW && !v->hold && eventview_flush(v) != CTL_OK)
                return -EIO;
        if (v->n == v->size) {
                size_t size = v->size == 0 ? 256 : 2 * v->size;
                struct event *events = reallocarray(v->events, size, sizeof(*events));

                if (!events)
                        return -ENOMEM;
                v->events = events;
                v->size = size;
        }
        if (keep(v, m) < 0)
                return -ENOMEM;
        v->events[v->n++] = *event;
        return 0;
}

/* --- The table --- */

/* Events that were folded are written later than they began. */
static int compare(const void *a, const void *b, void *reverse) {
        const struct event *x = a, *y = b;
        int r = x->at != y->at ? (x->at < y->at ? -1 : 1) : (x->seq > y->seq) - (x->seq < y->seq);

        return *(bool *) reverse ? -r : r;
}

static int add(const struct eventview *v, struct table *table, const struct event *e) {
        char texts[EVENTVIEW_COLUMNS][CELL_LEN];
        const char *cells[EVENTVIEW_COLUMNS];

        for (size_t i = 0; i < v->n_columns; i++) {
                const struct eventcolumn *c = v->columns[i];

                if (c->cell)
                        c->cell(v, e, texts[i]);
                else
                        put_text(texts[i], *(const char *const *) ((const char *) e + c->offset));
                cells[i] = texts[i];
        }
        return table_add(table, cells,
                         e->verdict && strcmp(e->verdict, "refused") == 0 ? TONE_RED : TONE_NORMAL);
}

static int draw(struct eventview *v) {
        struct table_column table_columns[EVENTVIEW_COLUMNS];
        _cleanup_table_ struct table *table = NULL;
        int r;

        for (size_t i = 0; i < v->n_columns; i++) {
                table_columns[i] = v->columns[i]->table;
                if (v->full)
                        table_columns[i].flags &= TABLE_RIGHT;
        }
        r = table_new(&table, table_columns, v->n_columns);
        for (size_t i = 0; r >= 0 && i < v->n; i++)
                r = add(v, table, &v->events[i]);
        return r < 0 ? r : table_show_more(table, v->widths);
}

enum exit_code eventview_flush(struct eventview *v) {
        int r = 0;

        for (size_t i = v->n; v->json && i > 0; i--)
                show_json(v, &v->events[i - 1]);
        if (v->n > 0 && !v->json)
                qsort_r(v->events, v->n, sizeof(*v->events), compare, &v->reverse);
        if (!v->json && (v->n > 0 || !v->begun))
                r = draw(v);
        if (v->json)
                begin_json(v);
        v->begun = true;
        forget(v);
        return table_result(r);
}

void eventview_end(struct eventview *v) {
        if (v->json && v->begun)
                json_close(&v->list, ']');
}

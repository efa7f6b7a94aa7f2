/* SPDX-License-Identifier: BSD-2-Clause */
/* What happens when: the daemon comes and goes, the database comes and goes, a bell rings, time
 * passes. What is then done is in the other parts of carry. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "carry.h"
#include "carry_state.h"
#include "carry_ways.h"
#include "notify.h"
#include "text.h"
#include "timer.h"

/* of the methods */
#define INTERFACE UINT32_C(1)
/* between two looks at the database, by chance up to a half more or less */
#define POLL_USEC        UINT64_C(5000000)
#define POLL_SILENT_USEC UINT64_C(1000000)
/* whether a server that rings no bell does so now */
#define LOOK_USEC UINT64_C(10000000)
/* The daemon ends a connection that says nothing for five minutes. */
#define IDLE_USEC UINT64_C(60000000)
/* A statement has five seconds, and systemd waits for ten. */
#define FINISH_USEC UINT64_C(8000000)

#define CONNECTING "connecting"

uint64_t carry_now(const struct carry *c) {
        uint64_t now = 0;

        (void) sd_event_now(c->event, CLOCK_BOOTTIME, &now);
        return now;
}

struct carry_group *carry_find(struct carry *c, const char *name) {
        for (size_t i = 0; i < c->n_groups; i++)
                if (strcmp(c->groups[i].name, name) == 0)
                        return &c->groups[i];
        return NULL;
}

/* A daemon that has just attached gets a moment. Otherwise it hears at once that nobody is there.
 */
void carry_wait(struct carry *c) {
        if (c->connecting)
                timer_set(c->soon, DATABASE_DEADLINE_S * UINT64_C(1000000));
        else
                carry_order_done(c, "away", c->away);
}

/* A group that was set aside is asked for again when its time has come. */
static uint64_t next_fetch(struct carry *c, uint64_t now) {
        uint64_t at = c->fetch_wanted ? c->fetch_at : UINT64_MAX;

        for (size_t i = 0; i < c->n_groups; i++)
                if (c->groups[i].again_at != 0 && c->groups[i].again_at < at)
                        at = c->groups[i].again_at;
        return at < c->fetch_at && at <= now ? c->fetch_at : at;
}

void carry_go(struct carry *c) {
        uint64_t now = carry_now(c), at;

        if (c->again && c->order == CARRY_ORDER_NONE) {
                carry_attach(c);
                return;
        }
        if (!c->is_up || !database_is_free(c->database))
                return;
        at = c->fetched || c->asking ? UINT64_MAX : next_fetch(c, now);
        if (c->order == CARRY_ORDER_WAITING)
                carry_order_send(c);
        else if (c->heads)
                carry_heads_put(c);
        else if (c->making.message)
                carry_snapshot_put(c);
        else if (at <= now)
                carry_fetch_start(c);
        else if (c->taking && !c->fetched)
                carry_snapshot_fetch(c);
        else if (!c->fetched && carry_turn_end(c))
                return;
        else if (c->report.message)
                carry_report_put(c);
        else if (c->reports.known)
                carry_report_fetch(c);
        else if (carry_ways_ask(c))
                return;
        else if (at != UINT64_MAX)
                timer_set(c->soon, at - now);
}

/* --- What status and doctor show ----------------------------------------------------- */

static int on_linked(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        struct carry *c = userdata;
        const char *text = NULL;

        (void) error;
        if (local_outcome(c->local, m, &text) == LOCAL_REFUSED)
                note(LOG_WARNING, "wfapikeyd does not take the state of the link: %s", text);
        return 0;
}

void carry_link(struct carry *c, const char *state, const char *text) {
        _cleanup_message_ sd_bus_message *m = NULL;
        char status[sizeof(c->link) + NOTE_TEXT_LEN + 32];
        int r;

        if (!c->attached || (strcmp(c->link, state) == 0 && strcmp(c->link_text, text) == 0))
                return;
        (void) text_copy(c->link, sizeof(c->link), state);
        (void) snprintf(c->link_text, sizeof(c->link_text), "%s", text);
        note((strcmp(state, "connected") == 0 && !*c->ways) || strcmp(text, CONNECTING) == 0
                     ? LOG_INFO
                     : LOG_WARNING,
             "database: %s%s%s", state, *text ? ": " : "", text);
        (void) snprintf(status, sizeof(status), "STATUS=Database %s%s%s", state, *text ? ": " : "",
                        text);
        (void) notify_once(status);
        r = local_begin(c->local, "FleetLink", &m);
        if (r >= 0)
                r = sd_bus_message_append(m, "ss", state, text);
        local_send(c->local, m, r, on_linked, c);
}

void carry_link_up(struct carry *c) {
        char text[NOTE_TEXT_LEN] = "";
        size_t len;

        for (size_t i = 0; i < c->n_groups; i++)
                if (c->groups[i].again_at != 0)
                        return;
        if (c->silent)
                (void) snprintf(text, sizeof(text), "asking each second, because %s", c->silent);
        len = strlen(text);
        if (*c->ways)
                (void) snprintf(
                        text + len, sizeof(text) - len,
                        "%sa host that means ill can use %.150s there (wfapikey-fleet(7), What "
                        "hosts do not need)",
                        len > 0 ? "; " : "", c->ways);
        carry_link(c, "connected", text);
}

/* --- The database -------------------------------------------------------------------- */

static void on_database_up(const char *silent, void *userdata) {
        struct carry *c = userdata;

        c->is_up = true;
        c->silent = silent;
        c->fetch_wanted = true;
        c->fetch_at = 0;
        c->n_seen_heads = 0;
        c->heads_at = 0;
        carry_link_up(c);
        carry_heads_ask(c);
        carry_report_look(c);
        timer_set(c->tick, pause_jitter(silent ? POLL_SILENT_USEC : POLL_USEC));
        carry_go(c);
}

static void database_is_away(struct carry *c, const char *text) {
        c->is_up = c->connecting = false;
        (void) snprintf(c->away, sizeof(c->away), "%s", text);
        carry_snapshot_drop(c);
        carry_report_away(c);
        c->heads = sd_bus_message_unref(c->heads);
        for (size_t i = 0; i < c->n_groups; i++)
                c->groups[i].again_at = 0;
        carry_link(c, strcmp(text, CONNECTING) == 0 ? CONNECTING : "away", text);
}

static void on_database_down(const char *text, void *userdata) {
        struct carry *c = userdata;

        database_is_away(c, text);
        carry_order_done(c, "away", text);
}

static void on_bell(void *userdata) {
        struct carry *c = userdata;

        c->fetch_wanted = c->rung = true;
        c->reports.rung = true;
        carry_report_look(c);
        carry_go(c);
}

static const struct database_owner database_owner = { .on_up = on_database_up,
                                                      .on_down = on_database_down,
                                                      .on_bell = on_bell };

/* --- The daemon ---------------------------------------------------------------------- */

/* Forgets all that the daemon and the database have said. */
static void reset(struct carry *c) {
        c->attached = c->joined = c->issuing = c->is_up = false;
        database_close(c->database);
        carry_fetch_drop(c);
        carry_snapshot_drop(c);
        carry_report_drop(c);
        c->making.at = 0;
        for (size_t i = 0; i < c->n_groups; i++)
                free(c->groups[i].name);
        free(take_ptr(c->groups));
        c->n_groups = 0;
        while (c->n_issuers > 0)
                free(c->issuers[--c->n_issuers]);
        free(take_ptr(c->issuers));
        c->again = c->signing = c->fetch_wanted = c->rung = false;
        c->order = CARRY_ORDER_NONE;
        c->order_message = sd_bus_message_unref(c->order_message);
        c->heads = sd_bus_message_unref(c->heads);
        c->n_seen_heads = 0;
        *c->link = *c->link_text = *c->ways = '\0';
        c->ways_at = 0;
        (void) sd_event_source_set_enabled(c->soon, SD_EVENT_OFF);
        c->telling = false;
        if (c->finishing)
                (void) sd_event_exit(c->event, 0);
}

static int add_group(struct carry *c, const char *name) {
        struct carry_group *groups = reallocarray(c->groups, c->n_groups + 1, sizeof(*groups));

        if (!groups)
                return -ENOMEM;
        c->groups = groups;
        groups[c->n_groups] = (struct carry_group){ .name = strdup(name) };
        return groups[c->n_groups].name ? (int) ++c->n_groups : -ENOMEM;
}

static int add_issuer(struct carry *c, const char *name) {
        char **issuers = reallocarray(c->issuers, c->n_issuers + 1, sizeof(*issuers));

        if (!issuers)
                return -ENOMEM;
        c->issuers = issuers;
        issuers[c->n_issuers] = strdup(name);
        return issuers[c->n_issuers] ? (int) ++c->n_issuers : -ENOMEM;
}

static int read_names(struct carry *c, sd_bus_message *m,
                      int (*add)(struct carry *c, const char *name)) {
        const char *name;
        int r;

        r = sd_bus_message_enter_container(m, 'v', "as");
        if (r >= 0)
                r = sd_bus_message_enter_container(m, 'a', "s");
        while (r >= 0 && (r = sd_bus_message_read(m, "s", &name)) > 0) {
                r = add(c, name);
                if (r < 0)
                        return r;
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_numbers(sd_bus_message *m, const uint64_t **ret, size_t *ret_n) {
        const void *numbers;
        int r;

        r = sd_bus_message_enter_container(m, 'v', "at");
        if (r >= 0)
                r = sd_bus_message_read_array(m, 't', &numbers, ret_n);
        if (r < 0)
                return r;
        *ret = numbers;
        *ret_n /= sizeof(uint64_t);
        return sd_bus_message_exit_container(m);
}

static int read_flag(sd_bus_message *m, bool *ret) {
        int flag, r;

        r = sd_bus_message_read(m, "v", "b", &flag);
        if (r >= 0)
                *ret = flag != 0;
        return r;
}

static int read_state(struct carry *c, sd_bus_message *m, const char **ret_database) {
        const uint64_t *numbers = NULL;
        const char *name;
        size_t n = 0;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = sd_bus_message_read(m, "s", &name);
                if (r < 0)
                        return r;
                if (strcmp(name, "joined") == 0)
                        r = read_flag(m, &c->joined);
                else if (strcmp(name, "issuing") == 0)
                        r = read_flag(m, &c->issuing);
                else if (strcmp(name, "database") == 0)
                        r = sd_bus_message_read(m, "v", "s", ret_database);
                else if (strcmp(name, "groups") == 0)
                        r = read_names(c, m, add_group);
                else if (strcmp(name, "issuers") == 0)
                        r = read_names(c, m, add_issuer);
                else if (strcmp(name, "numbers") == 0)
                        r = read_numbers(m, &numbers, &n);
                else
                        r = sd_bus_message_skip(m, "v");
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        if (r >= 0 && (n != c->n_groups || (c->joined && !*ret_database)))
                r = -EBADMSG;
        for (size_t i = 0; r >= 0 && i < n; i++)
                c->groups[i].number = numbers[i];
        return r;
}

static int open_database(struct carry *c, const char *conninfo) {
        char **channels = calloc(c->n_groups + 2, sizeof(*channels));
        int r = channels ? 0 : -ENOMEM;

        for (size_t i = 0; r >= 0 && i < c->n_groups; i++)
                if (asprintf(&channels[i], "wfapikey_%s", c->groups[i].name) < 0) {
                        channels[i] = NULL;
                        r = -ENOMEM;
                }
        /* No group has a blank in its name. */
        if (r >= 0 && c->issuing) {
                channels[c->n_groups] = strdup("wfapikey reports");
                r = channels[c->n_groups] ? 0 : -ENOMEM;
        }
        if (r >= 0)
                r = database_open(c->database, conninfo, (const char *const *) channels);
        for (size_t i = 0; channels && i <= c->n_groups; i++)
                free(channels[i]);
        free(channels);
        return r;
}

static int on_attached(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        struct carry *c = userdata;
        const char *text = NULL, *conninfo = NULL;
        int r;

        (void) error;
        switch (local_outcome(c->local, m, &text)) {
        case LOCAL_LOST:
                return 0;
        case LOCAL_REFUSED:
                local_again(c->local, text);
                return 0;
        case LOCAL_ANSWERED:
                break;
        }
        (void) sd_bus_message_sensitive(m); /* the password of the database */
        c->attached = true;
        r = read_state(c, m, &conninfo);
        if (r >= 0 && c->joined)
                r = open_database(c, conninfo);
        if (r < 0) {
                local_again(c->local, "its answer cannot be read");
                return 0;
        }
        local_is_good(c->local);
        if (c->joined)
                database_is_away(c, CONNECTING);
        else
                (void) notify_once("STATUS=This host is in no fleet");
        c->connecting = c->joined;
        timer_set(c->tick, c->joined ? POLL_USEC : IDLE_USEC);
        return 0;
}

void carry_attach(struct carry *c) {
        _cleanup_message_ sd_bus_message *m = NULL;
        int r;

        reset(c);
        r = local_begin(c->local, "FleetAttach", &m);
        if (r >= 0)
                r = sd_bus_message_append(m, "u", INTERFACE);
        local_send(c->local, m, r, on_attached, c);
}

static void on_local_up(void *userdata) {
        carry_attach(userdata);
}

static void on_local_down(void *userdata) {
        reset(userdata);
}

static void on_work(sd_bus_message *m, void *userdata) {
        carry_order_take(userdata, m);
}

static const struct local_owner local_owner = { .on_up = on_local_up,
                                                .on_down = on_local_down,
                                                .on_work = on_work };

/* --- Time ---------------------------------------------------------------------------- */

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata) {
        struct carry *c = userdata;

        (void) usec;
        timer_set(source, !c->joined  ? IDLE_USEC
                          : c->silent ? pause_jitter(POLL_SILENT_USEC)
                                      : pause_jitter(POLL_USEC));
        if (!c->attached)
                return 0;
        if (carry_now(c) >= c->ping_at) {
                c->ping_at = carry_now(c) + IDLE_USEC;
                local_ping(c->local);
        }
        if (!c->is_up)
                return 0;
        carry_heads_ask(c);
        carry_report_look(c);
        c->fetch_wanted = true;
        /* then on_database_up() goes on */
        if (c->silent && carry_now(c) >= c->look_at && database_look(c->database))
                c->look_at = carry_now(c) + LOOK_USEC;
        carry_go(c);
        return 0;
}

static int on_soon(sd_event_source *source, uint64_t usec, void *userdata) {
        struct carry *c = userdata;

        (void) source;
        (void) usec;
        if (!c->is_up && c->order == CARRY_ORDER_WAITING)
                carry_order_done(c, "away", c->away);
        carry_go(c);
        return 0;
}

/* --- The object ---------------------------------------------------------------------- */

int carry_new(struct carry **ret, sd_event *event, const char *control) {
        struct carry *c = calloc(1, sizeof(*c));
        int r;

        if (!c)
                return -ENOMEM;
        c->event = event;
        r = sd_event_add_time_relative(event, &c->tick, CLOCK_BOOTTIME, IDLE_USEC, 0, on_tick, c);
        if (r >= 0)
                r = sd_event_add_time_relative(event, &c->soon, CLOCK_BOOTTIME, 0, 0, on_soon, c);
        if (r >= 0)
                r = database_new(&c->database, event, &database_owner, c);
        if (r >= 0)
                r = local_new(&c->local, event, control, &local_owner, c);
        if (r < 0)
                (void) carry_free(c);
        else
                *ret = c;
        return r;
}

bool carry_finish(struct carry *c) {
        bool waits = !c->finishing && (c->order != CARRY_ORDER_NONE || c->telling);

        c->finishing = true;
        /* without a callback it ends the loop */
        return waits && sd_event_add_time_relative(c->event, NULL, CLOCK_BOOTTIME, FINISH_USEC, 0,
                                                   NULL, NULL) >= 0;
}

bool carry_is_connecting(const struct carry *c) {
        return database_is_connecting(c->database);
}

struct carry *carry_free(struct carry *c) {
        if (!c)
                return NULL;
        if (c->database)
                reset(c);
        (void) local_free(c->local);
        (void) database_free(c->database);
        sd_event_source_disable_unref(c->tick);
        sd_event_source_disable_unref(c->soon);
        free(c->seen_heads);
        free(c->new_heads);
        free(c);
        return NULL;
}

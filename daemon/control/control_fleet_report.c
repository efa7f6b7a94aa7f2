/* SPDX-License-Identifier: BSD-2-Clause */
/* FleetReport, FleetReported, FleetReports, FleetTakeReport: reports on their way by fleetd, which
 * is believed in nothing but that the database has one. And FleetAskReport. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "control/control_fleet.h"
#include "control/control_fleet_admin.h"
#include "control/control_state.h"
#include "fleet/fleet_report.h"
#include "fleet/fleet_reported.h"
#include "store/store_reported.h"
#include "text.h"

static struct fleet *fleet_of(const struct control_call *call) {
        return call->control->writer.fleet;
}

static int check_parse(struct control_call *call, sd_bus_message *m) {
        (void) m;
        (void) control_fleet_link_check(call);
        return 0;
}

/* --- FleetReport, FleetReported --- */

struct report_call {
        struct control_call call;
        struct fleet_report report;
};

static void report_run(struct control_call *call, struct store *writer) {
        int r;

        r = fleet_report_next(fleet_of(call), writer, &((struct report_call *) call)->report);
        if (r < 0)
                control_fleet_fail(call, r);
}

static int report_reply(struct control_call *call, sd_bus_message *reply) {
        const struct fleet_report *report = &((struct report_call *) call)->report;
        int r;

        r = sd_bus_message_append(reply, "t", (uint64_t) report->number);
        if (r >= 0)
                r = sd_bus_message_append_array(reply, 'y', report->frame,
                                                report->frame ? report->len : 0);
        return r < 0 ? r : sd_bus_message_append(reply, "t", report->wait_s);
}

static void report_release(struct control_call *call) {
        fleet_report_done(&((struct report_call *) call)->report);
}

const struct control_handlers control_fleet_report = {
        .size = sizeof(struct report_call),
        .parse = check_parse,
        .run = report_run,
        .reply = report_reply,
        .release = report_release,
};

struct outcome_call {
        struct control_call call;
        uint64_t number, last;
        bool stored, taken;
        char text[ERROR_LEN];
};

static int outcome_parse(struct control_call *call, sd_bus_message *m) {
        struct outcome_call *ours = (struct outcome_call *) call;
        const char *word, *text;
        int r;

        r = sd_bus_message_read(m, "tsts", &ours->number, &word, &ours->last, &text);
        if (r < 0 || !control_fleet_link_check(call))
                return r;
        ours->stored = strcmp(word, "stored") == 0;
        ours->taken = strcmp(word, "taken") == 0;
        text_escape(ours->text, sizeof(ours->text), text);
        if (!ours->stored && !ours->taken && strcmp(word, "failed") != 0)
                control_fail(call, CONTROL_INVALID_ARGUMENT,
                             "The outcome is stored, taken or failed.");
        if (ours->number > INT64_MAX || ours->last > INT64_MAX)
                control_fail(call, CONTROL_INVALID_ARGUMENT, "There is no such number.");
        return 0;
}

static void outcome_run(struct control_call *call, struct store *writer) {
        const struct outcome_call *ours = (struct outcome_call *) call;
        struct fleet *f = fleet_of(call);
        int r = 0;

        if (ours->stored)
                r = fleet_report_stored(f, writer, (int64_t) ours->number);
        else if (ours->taken)
                r = fleet_report_taken(f, writer, (int64_t) ours->number, (int64_t) ours->last);
        else {
                fleet_report_failed(f);
                log_line(LOG_WARNING, "the fleet's database takes no report of this host now: %s",
                         ours->text);
        }
        if (ours->taken && r >= 0)
                log_line(LOG_WARNING,
                         "the fleet's database has another report %llu of this host; the next one "
                         "has a larger number",
                         (unsigned long long) ours->number);
        if (r < 0)
                control_fleet_fail(call, r);
}

const struct control_handlers control_fleet_report_done = {
        .size = sizeof(struct outcome_call),
        .parse = outcome_parse,
        .run = outcome_run,
};

/* --- FleetReports --- */

struct reports_call {
        struct control_call call;
        size_t n, size;
        struct numbered {
                char host[STORE_FLEET_HOST_MAX + 1];
                uint64_t number;
        } * hosts; /* owned */
};

static int take_host(const char *host, int64_t number, void *userdata) {
        struct reports_call *reports = userdata;

        if (reports->n == reports->size) {
                size_t size = reports->size == 0 ? 64 : 2 * reports->size;
                struct numbered *hosts = reallocarray(reports->hosts, size, sizeof(*hosts));

                if (!hosts)
                        return -ENOMEM;
                reports->hosts = hosts;
                reports->size = size;
        }
        (void) text_copy(reports->hosts[reports->n].host, STORE_FLEET_HOST_MAX + 1, host);
        reports->hosts[reports->n++].number = (uint64_t) number;
        return 0;
}

static void reports_run(struct control_call *call, struct store *writer) {
        const struct store_fleet *self = fleet_self(fleet_of(call));
        int r = 0;

        if (self && self->issuing)
                r = store_reported_each_number(writer, take_host, call);
        if (r < 0)
                control_fail_store(call, r);
}

static int reports_reply(struct control_call *call, sd_bus_message *reply) {
        const struct reports_call *reports = (struct reports_call *) call;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(st)");
        for (size_t i = 0; r >= 0 && i < reports->n; i++)
                r = sd_bus_message_append(reply, "(st)", reports->hosts[i].host,
                                          reports->hosts[i].number);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static void reports_release(struct control_call *call) {
        free(((struct reports_call *) call)->hosts);
}

const struct control_handlers control_fleet_reports = {
        .size = sizeof(struct reports_call),
        .parse = check_parse,
        .run = reports_run,
        .reply = reports_reply,
        .release = reports_release,
};

/* --- FleetTakeReport --- */

struct take_call {
        struct control_call call;
        char host[STORE_FLEET_HOST_MAX + 1];
        const void *in; /* in the message */
        size_t len;
        struct fleet_reported_news news;
};

static int take_parse(struct control_call *call, sd_bus_message *m) {
        struct take_call *take = (struct take_call *) call;
        const char *host;
        int r;

        r = sd_bus_message_read_basic(m, 's', &host);
        if (r >= 0)
                r = sd_bus_message_read_array(m, 'y', &take->in, &take->len);
        if (r >= 0 && control_fleet_link_check(call))
                (void) control_fleet_admin_take_host(call, host, take->host);
        return r;
}

static void say_fault(const struct take_call *take) {
        struct log_entry entry;

        log_begin(&entry, LOG_ERR,
                  "host %s of the fleet %s (report %lld): see 'wfapikeyctl fleet "
                  "audit verify'",
                  take->host, fleet_reported_text(take->news.fault),
                  (long long) take->news.fault_number);
        log_add(&entry, "MESSAGE_ID", message_id(MESSAGE_FLEET_REPORT));
        log_add(&entry, "WFA_FLEET_HOST", take->host);
        log_add(&entry, "WFA_REASON", fleet_reported_word(take->news.fault));
        log_end(&entry);
}

static void take_run(struct control_call *call, struct store *writer) {
        struct take_call *take = (struct take_call *) call;
        int r;

        r = fleet_reported_take(fleet_of(call), writer, take->host, take->in, take->len,
                                &take->news);
        if (r >= 0 && take->news.fault != REPORTED_RIGHT)
                say_fault(take);
        if (r < 0 && fleet_refusal(r))
                log_line(LOG_ERR, "a report of host %s of the fleet is refused: %s", take->host,
                         fleet_refusal(r));
        if (r < 0 && fleet_refusal(r))
                control_fail(call, CONTROL_REFUSED, "%s.", fleet_refusal(r));
        else if (r < 0)
                control_fail_store(call, r);
}

static int take_reply(struct control_call *call, sd_bus_message *reply) {
        const struct take_call *take = (struct take_call *) call;

        return sd_bus_message_append(reply, "tb", (uint64_t) take->news.number,
                                     (int) take->news.more);
}

const struct control_handlers control_fleet_take_report = {
        .size = sizeof(struct take_call),
        .parse = take_parse,
        .run = take_run,
        .reply = take_reply,
};

/* --- FleetAskReport --- */

static void ask_run(struct control_call *call, struct store *writer) {
        (void) writer;
        if (!fleet_self(fleet_of(call)))
                control_fleet_fail(call, fleet_absence(fleet_of(call)));
        else if (control_fleet_link_reached(call))
                fleet_report_ask(fleet_of(call));
}

static void ask_settle(struct control_call *call) {
        if (control_fleet_link_order(call->control, "report") < 0)
                control_fail(call, CONTROL_FLEET, "wfapikey-fleetd has ended meanwhile.");
        control_answer(call);
}

const struct control_handlers control_fleet_ask_report = {
        .size = sizeof(struct control_fleet_order),
        .parse = control_fleet_link_note,
        .run = ask_run,
        .settle = ask_settle,
};

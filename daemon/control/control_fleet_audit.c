/* SPDX-License-Identifier: BSD-2-Clause */
/* ListFleetAudit, FleetAuditHosts, FleetAuditAccept: what administrators of an issuing host see of
 * the audit logs of its fleet. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "control/control_audit.h"
#include "control/control_events.h"
#include "control/control_fleet.h"
#include "control/control_fleet_admin.h"
#include "control/control_options.h"
#include "control/control_state.h"
#include "fleet/fleet_reported.h"
#include "text.h"

#define PAGE_MAX 200
/* records looked at by one call */
#define SCAN_MAX 20000

static bool is_issuing(struct control_call *call) {
        const struct store_fleet *self = fleet_self(call->control->writer.fleet);

        if (!self || !self->issuing)
                control_fleet_fail(call,
                                   self ? -EOPNOTSUPP : fleet_absence(call->control->writer.fleet));
        return self && self->issuing;
}

/* --- ListFleetAudit --- */

struct list_call {
        struct control_call call;
        char host[STORE_FLEET_HOST_MAX + 1], key[KEYTEXT_ID_LEN + 1];
        char user[2 * WIRE_USER_MAX], service[2 * WIRE_SERVICE_MAX], verdict[AUDIT_WORD_MAX + 1];
        bool by_service;
        uint64_t after;
        struct audit_filter filter;
        uint32_t limit;
        size_t n;
        struct store_reported_record *records; /* owned */
        int64_t next;
};

static void take_service(struct control_call *call, const struct control_option *option,
                         const char *value, void *out) {
        control_options_take(call, option, value, out);
        ((struct list_call *) call)->by_service = true;
}

#define TO(member) CONTROL_OPTION_TO(struct list_call, member)

static const struct control_option filters[] = {
        { "host", "s", TO(host), .take = control_options_take_user },
        { "key", "s", TO(key), .take = control_options_take_id },
        { "user", "s", TO(user), .take = control_options_take_user },
        { "service", "s", TO(service), .take = take_service },
        { "verdict", "s", TO(verdict), .take = control_events_take_verdict },
        { "since", "x", TO(filter.since) },
        { "until", "x", TO(filter.until) },
        { "after", "t", TO(after) },
        { "limit", "u", TO(limit), .min = 1, .max = PAGE_MAX },
};

static int list_parse(struct control_call *call, sd_bus_message *m) {
        struct list_call *list = (struct list_call *) call;
        struct audit_filter *f = &list->filter;
        int r;

        list->limit = PAGE_MAX;
        r = control_options_read(call, m, filters, ARRAY_LEN(filters));
        f->key = list->key[0] ? list->key : NULL;
        f->user = list->user[0] ? list->user : NULL;
        f->service = list->by_service ? list->service : NULL;
        f->verdict = list->verdict[0] ? list->verdict : NULL;
        f->after = list->after > INT64_MAX ? INT64_MAX : (int64_t) list->after;
        return r;
}

static int on_record(const struct store_reported_record *record, void *userdata) {
        struct list_call *list = userdata;

        list->records[list->n++] = *record;
        return list->n == list->limit;
}

static void list_run(struct control_call *call, struct store *writer) {
        struct list_call *list = (struct list_call *) call;
        int r;

        if (!is_issuing(call))
                return;
        list->records = calloc(list->limit, sizeof(*list->records));
        if (!list->records) {
                control_fail(call, CONTROL_BUSY, "Out of memory; try again.");
                return;
        }
        r = store_reported_list(writer, list->host[0] ? list->host : NULL, &list->filter, SCAN_MAX,
                                on_record, list, &list->next);
        if (r < 0)
                control_fail_store(call, r);
}

static int list_reply(struct control_call *call, sd_bus_message *reply) {
        struct list_call *list = (struct list_call *) call;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        for (size_t i = 0; r >= 0 && i < list->n; i++)
                r = control_events_append_of(reply, &list->records[i].record,
                                             list->records[i].host);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_message_append(reply, "t", (uint64_t) list->next);
}

static void list_release(struct control_call *call) {
        free(((struct list_call *) call)->records);
}

const struct control_handlers control_fleet_audit_list = {
        .size = sizeof(struct list_call),
        .parse = list_parse,
        .run = list_run,
        .reply = list_reply,
        .release = list_release,
};

/* --- FleetAuditHosts --- */

struct hosts_call {
        struct control_call call;
        int64_t now;
        size_t n, size;
        struct store_reported *hosts; /* owned */
};

static int take_host(const struct store_reported *reported, void *userdata) {
        struct hosts_call *ours = userdata;

        if (ours->n == ours->size) {
                size_t size = ours->size == 0 ? 64 : 2 * ours->size;
                struct store_reported *hosts = reallocarray(ours->hosts, size, sizeof(*hosts));

                if (!hosts)
                        return -ENOMEM;
                ours->hosts = hosts;
                ours->size = size;
        }
        ours->hosts[ours->n++] = *reported;
        return 0;
}

static void hosts_run(struct control_call *call, struct store *writer) {
        struct hosts_call *ours = (struct hosts_call *) call;
        int r;

        if (!is_issuing(call))
                return;
        ours->now = clock_now();
        r = store_reported_each_all(writer, take_host, ours);
        if (r < 0)
                control_fail_store(call, r);
}

static int append_host(sd_bus_message *m, const struct store_reported *host, int64_t now) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0)
                r = sd_bus_message_append(m, "{sv}{sv}", "host", "s", host->host, "records", "t",
                                          (uint64_t) host->records);
        if (r >= 0 && host->number > 0)
                r = sd_bus_message_append(
                        m, "{sv}{sv}{sv}{sv}{sv}", "number", "t", (uint64_t) host->number, "at",
                        "x", host->taken_at, "age", "t",
                        (uint64_t) (now > host->taken_at ? now - host->taken_at : 0), "seq", "t",
                        (uint64_t) host->mark.seq, "last", "t", (uint64_t) host->last);
        if (r >= 0)
                r = sd_bus_message_append(m, "{sv}", "fault", "s",
                                          fleet_reported_word(host->fault));
        if (r >= 0 && host->fault != REPORTED_RIGHT)
                r = sd_bus_message_append(m, "{sv}{sv}{sv}{sv}", "fault-text", "s",
                                          fleet_reported_text(host->fault), "fault-at", "x",
                                          host->fault_at, "fault-number", "t",
                                          (uint64_t) host->fault_number, "fault-seq", "t",
                                          (uint64_t) host->fault_seq);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int hosts_reply(struct control_call *call, sd_bus_message *reply) {
        const struct hosts_call *ours = (struct hosts_call *) call;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        for (size_t i = 0; r >= 0 && i < ours->n; i++)
                r = append_host(reply, &ours->hosts[i], ours->now);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static void hosts_release(struct control_call *call) {
        free(((struct hosts_call *) call)->hosts);
}

const struct control_handlers control_fleet_audit_hosts = {
        .size = sizeof(struct hosts_call),
        .run = hosts_run,
        .reply = hosts_reply,
        .release = hosts_release,
};

/* --- FleetAuditAccept --- */

struct accept_call {
        struct control_call call;
        char host[STORE_FLEET_HOST_MAX + 1];
};

static int accept_parse(struct control_call *call, sd_bus_message *m) {
        const char *host;
        int r;

        r = sd_bus_message_read_basic(m, 's', &host);
        if (r >= 0)
                (void) control_fleet_admin_take_host(call, host,
                                                     ((struct accept_call *) call)->host);
        return r;
}

static int accept_fault(struct control_call *call, struct store *writer) {
        const char *host = ((struct accept_call *) call)->host;
        char detail[AUDIT_DETAIL_MAX + 1];
        struct store_reported reported;
        int r;

        r = store_reported_get(writer, host, &reported);
        if (r == -ENOENT) {
                control_fail(call, CONTROL_INVALID_ARGUMENT, "Host %s has not reported anything.",
                             host);
                return 0;
        }
        if (r < 0 || reported.fault == REPORTED_RIGHT)
                return r;
        (void) snprintf(detail, sizeof(detail), "accepted that host %s %s", host,
                        fleet_reported_text(reported.fault));
        reported.fault = REPORTED_RIGHT;
        r = store_reported_put(writer, &reported);
        return r < 0 ? r : control_audit_add(call, writer, "fleet-report", NULL, detail);
}

static void accept_run(struct control_call *call, struct store *writer) {
        if (is_issuing(call))
                (void) control_transact_quietly(call, writer, accept_fault);
}

const struct control_handlers control_fleet_audit_accept = {
        .size = sizeof(struct accept_call),
        .parse = accept_parse,
        .run = accept_run,
};

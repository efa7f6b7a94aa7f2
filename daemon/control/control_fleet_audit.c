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
#include "control/control_state.h"
#include "fleet/fleet_reported.h"
#include "text.h"

static bool is_issuing(struct control_call *call) {
        const struct store_fleet *self = fleet_self(call->control->writer.fleet);

        if (!self || !self->issuing)
                control_fleet_fail(call,
                                   self ? -EOPNOTSUPP : fleet_absence(call->control->writer.fleet));
        return self && self->issuing;
}

/* --- ListFleetAudit --- */

static int on_record(const struct store_reported_record *record, void *userdata) {
        struct control_events_call *list = userdata;

        list->records[list->n++] = *record;
        return list->n == list->limit;
}

static bool list_piece(struct control_call *call, struct store *writer) {
        struct control_events_call *list = (struct control_events_call *) call;

        control_fleet_reread(call, writer);
        if (!is_issuing(call) || !control_events_make_room(list))
                return false;
        return control_events_piece(
                list, store_reported_list(writer, list->host[0] ? list->host : NULL, &list->filter,
                                          CONTROL_EVENTS_PIECE, on_record, list, &list->next));
}

static void list_detour(struct control_call *call) {
        control_pieces_begin(&((struct control_events_call *) call)->pieces, call, list_piece,
                             NULL);
}

const struct control_handlers control_fleet_audit_list = {
        .size = sizeof(struct control_events_call),
        .parse = control_events_parse_of_fleet,
        .detour = list_detour,
        .run = control_events_run,
        .reply = control_events_reply,
        .release = control_events_release,
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

/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists the audit log and follows it. Does not know which events there are, nor who may see
 * them: the daemon does. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin/cmd_audit.h"
#include "call/call.h"
#include "call/dict.h"
#include "cli/harmless.h"
#include "cli/options.h"
#include "cli/say.h"
#include "draw/json.h"
#include "parse.h"
#include "text.h"

/* The daemon closes connections that are idle for some minutes. */
#define PING_USEC UINT64_C(60000000)

struct event {
        const char *host, *event, *verdict, *door, *key, *user, *service, *rhost, *reason, *detail;
        uint64_t seq, count;
        uint32_t uid, login_uid, pid;
        int64_t at, until;
};

/* In the order of the JSON members. Only events of a fleet have the first. */
static const struct field fields[] = {
        { "host", FIELD_TEXT, offsetof(struct event, host), "-" },
        { "seq", FIELD_COUNT, offsetof(struct event, seq), "-" },
        { "at", FIELD_TIME, offsetof(struct event, at), "-" },
        { "until", FIELD_TIME, offsetof(struct event, until), "-" },
        { "count", FIELD_COUNT, offsetof(struct event, count), "-" },
        { "event", FIELD_TEXT, offsetof(struct event, event), "-" },
        { "verdict", FIELD_TEXT, offsetof(struct event, verdict), "-" },
        { "door", FIELD_TEXT, offsetof(struct event, door), "-" },
        { "key", FIELD_TEXT, offsetof(struct event, key), "-" },
        { "user", FIELD_TEXT, offsetof(struct event, user), "-" },
        { "service", FIELD_TEXT, offsetof(struct event, service), "-" },
        { "rhost", FIELD_TEXT, offsetof(struct event, rhost), "-" },
        { "uid", FIELD_NUMBER, offsetof(struct event, uid), "-" },
        { "login-uid", FIELD_NUMBER, offsetof(struct event, login_uid), "-" },
        { "pid", FIELD_NUMBER, offsetof(struct event, pid), "-" },
        { "reason", FIELD_TEXT, offsetof(struct event, reason), "-" },
        { "detail", FIELD_TEXT, offsetof(struct event, detail), "-" },
};

/* How events are shown. Events that follow are a list without an end. */
struct view {
        bool json, fleet;
        struct json list;
};

/* What the user wants to see. The daemon applies it to events that are in the log. Events that
 * arrive as signals are matched here. */
struct filter {
        const char *host, *key, *user, *service, *verdict;
        int64_t since, until; /* 0 when not given */
};

static bool is_text(const char *want, const char *got) {
        return !want || (got && strcmp(want, got) == 0);
}

static bool is_service(const char *want, const char *got) {
        return !want || (got && text_is_same_service(want, got));
}

static bool matches(const struct filter *f, const struct event *e) {
        return is_text(f->key, e->key) && is_text(f->user, e->user) &&
               is_service(f->service, e->service) && is_text(f->verdict, e->verdict) &&
               e->until >= f->since && (f->until == 0 || e->at <= f->until);
}

static enum exit_code read_filter(const struct args *args, struct filter *ret) {
        struct filter f = { .key = args_value(args, "key"),
                            .user = args_value(args, "user"),
                            .service = args_value(args, "service"),
                            .verdict = args_value(args, "verdict") };
        enum exit_code rc;

        rc = options_when(args, "since", MOMENT_AGO, &f.since);
        if (rc == CTL_OK)
                rc = options_when(args, "until", MOMENT_AGO, &f.until);
        if (rc == CTL_OK)
                *ret = f;
        return rc;
}

/* --- Show one event --- */

static void show_cell(const char *text, int width) {
        _cleanup_free_ char *buffer = NULL;

        printf("%-*s ", width, text && *text ? harmless(text, &buffer) : "-");
}

static void show_header(bool fleet) {
        if (fleet)
                printf("%-12s ", "HOST");
        printf("TIME                 VERDICT  EVENT      KEY        USER         UID    SERVICE    "
               "  FROM            WHY\n");
}

static void show_event(const struct event *e) {
        _cleanup_free_ char *reason = NULL, *detail = NULL;
        char at[PARSE_TIME_LEN], until[PARSE_TIME_LEN], uid[16] = "-";
        bool both = e->reason && e->detail;

        parse_time_format(e->at, at);
        if (e->uid != UINT32_MAX)
                (void) snprintf(uid, sizeof(uid), "%" PRIu32, e->uid);
        show_cell(at, 20);
        show_cell(e->verdict, 8);
        show_cell(e->event, 10);
        show_cell(e->key, 10);
        show_cell(e->user, 12);
        show_cell(uid, 6);
        show_cell(e->service, 12);
        show_cell(e->rhost, 15);
        printf("%s%s%s", harmless(e->reason ? e->reason : "", &reason), both ? ", " : "",
               harmless(e->detail ? e->detail : "", &detail));
        if (e->count > 1) {
                parse_time_format(e->until, until);
                printf("%s%" PRIu64 " times until %s", e->reason || e->detail ? ", " : "", e->count,
                       until);
        } else if (!e->reason && !e->detail)
                printf("-");
        printf("\n");
}

static void show_begin(struct view *v) {
        if (v->json)
                json_open(&v->list, NULL, '[');
        else
                show_header(v->fleet);
}

static void show(struct view *v, const struct event *e) {
        size_t skip = v->fleet ? 0 : 1;

        if (v->json) {
                fields_json(fields + skip, ARRAY_LEN(fields) - skip, e, &v->list);
                return;
        }
        if (v->fleet)
                show_cell(e->host, 12);
        show_event(e);
}

static void show_end(struct view *v) {
        if (v->json)
                json_close(&v->list, ']');
}

/* Reads the next event of ${m}: 1; 0 when there is none; a negative errno. The text belongs to
 * ${m}. */
static int read_event(sd_bus_message *m, struct event *ret) {
        int r;

        fields_init(fields, ARRAY_LEN(fields), ret);
        r = dict_read(fields, ARRAY_LEN(fields), m, ret);
        if (r > 0 && (ret->seq == UINT64_MAX || ret->at == INT64_MAX || ret->until == INT64_MAX))
                return -EBADMSG;
        return r;
}

/* --- Events in the log --- */

static int append_filter(sd_bus_message *m, const struct filter *f, uint64_t after) {
        int r;

        r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r >= 0)
                r = dict_append_text(m, "host", f->host);
        if (r >= 0)
                r = dict_append_text(m, "key", f->key);
        if (r >= 0)
                r = dict_append_text(m, "user", f->user);
        if (r >= 0)
                r = dict_append_text(m, "service", f->service);
        if (r >= 0)
                r = dict_append_text(m, "verdict", f->verdict);
        if (r >= 0 && f->since != 0)
                r = sd_bus_message_append(m, "{sv}", "since", "x", f->since);
        if (r >= 0 && f->until != 0)
                r = sd_bus_message_append(m, "{sv}", "until", "x", f->until);
        if (r >= 0 && after > 0)
                r = sd_bus_message_append(m, "{sv}", "after", "t", after);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

/* Shows the events of one answer. ${last} becomes the seq of the last one. */
static int show_page(struct view *v, sd_bus_message *m, uint64_t *last, uint64_t *ret_next) {
        struct event e;
        int r;

        r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "a{sv}");
        while (r >= 0 && (r = read_event(m, &e)) > 0) {
                show(v, &e);
                *last = e.seq;
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        return r < 0 ? r : sd_bus_message_read(m, "t", ret_next);
}

static enum exit_code show_past(struct view *v, const struct call *call, const struct filter *f,
                                uint64_t *last) {
        uint64_t after = 0, next = 0;
        enum exit_code rc;
        int r;

        do {
                _cleanup_message_ sd_bus_message *m = NULL, *reply = NULL;

                after = next;
                rc = call_method(call, v->fleet ? "ListFleetAudit" : "ListAudit", &m);
                if (rc != CTL_OK)
                        return rc;
                rc = call_send(call, m, append_filter(m, f, after), &reply);
                if (rc != CTL_OK)
                        return rc;
                if (after == 0)
                        show_begin(v);
                r = show_page(v, reply, last, &next);
                /* Each page must begin later, or this would never end. */
                if (r >= 0 && next > 0 && next <= after)
                        r = -EBADMSG;
                if (r < 0)
                        return call_misread(r);
        } while (next > 0 && !ferror(stdout));
        return CTL_OK;
}

/* --- Events to come --- */

static enum exit_code start_following(const struct call *call) {
        _cleanup_message_ sd_bus_message *reply = NULL;

        return call_plain(call, "FollowAudit", &reply, "");
}

static enum exit_code ping(const struct call *call) {
        _cleanup_message_ sd_bus_message *m = NULL, *reply = NULL;
        int r = sd_bus_message_new_method_call(call->bus, &m, NULL, "/org/wfapikey1",
                                               "org.freedesktop.DBus.Peer", "Ping");

        return call_send(call, m, r, &reply);
}

/* Following began before the list was read, so some events arrive twice. Skip those that the
 * list had. */
static int take_signal(struct view *v, sd_bus_message *m, const struct filter *f, uint64_t last) {
        struct event e;
        int r;

        if (!sd_bus_message_is_signal(m, "org.wfapikey1.Manager", "AuditEvent"))
                return 0;
        r = read_event(m, &e);
        if (r > 0 && e.seq > last && matches(f, &e))
                show(v, &e);
        return r;
}

static enum exit_code show_future(struct view *v, const struct call *call, const struct filter *f,
                                  uint64_t last) {
        enum exit_code rc = CTL_OK;
        int r;

        while (rc == CTL_OK && fflush(stdout) == 0) {
                _cleanup_message_ sd_bus_message *m = NULL;

                r = sd_bus_process(call->bus, &m);
                if (r > 0 && m)
                        r = take_signal(v, m, f, last);
                else if (r == 0) {
                        r = sd_bus_wait(call->bus, PING_USEC);
                        if (r == 0)
                                rc = ping(call);
                }
                if (r == -ECONNRESET || r == -ENOTCONN || r == -EPIPE) {
                        say_error("%s: the daemon closed the connection", call->path);
                        return CTL_UNREACHABLE;
                }
                if (r < 0 && r != -EINTR)
                        return call_misread(r);
        }
        return rc;
}

enum exit_code cmd_audit_list(const struct args *args) {
        _cleanup_call_ struct call call = {};
        struct view view = { .json = args->json };
        struct filter filter = {};
        bool follow = args_value(args, "follow");
        uint64_t last = 0;
        enum exit_code rc;

        if (follow && args->json && !args->lines) {
                say_error("--follow has no end, and an array has one: use --jsonl");
                return CTL_USAGE;
        }
        rc = read_filter(args, &filter);
        if (rc == CTL_OK)
                rc = call_open(&call, args->control);
        if (rc == CTL_OK && follow)
                rc = start_following(&call);
        if (rc == CTL_OK && (!follow || filter.since != 0))
                rc = show_past(&view, &call, &filter, &last);
        else if (rc == CTL_OK)
                show_begin(&view);
        if (rc == CTL_OK && follow)
                rc = show_future(&view, &call, &filter, last);
        if (rc == CTL_OK)
                show_end(&view);
        return rc;
}

enum exit_code cmd_audit_list_fleet(const struct args *args) {
        _cleanup_call_ struct call call = {};
        struct view view = { .json = args->json, .fleet = true };
        struct filter filter = {};
        enum exit_code rc;
        uint64_t last = 0;

        rc = read_filter(args, &filter);
        filter.host = args_value(args, "host");
        if (rc == CTL_OK)
                rc = call_open(&call, args->control);
        if (rc == CTL_OK)
                rc = show_past(&view, &call, &filter, &last);
        if (rc == CTL_OK)
                show_end(&view);
        return rc;
}

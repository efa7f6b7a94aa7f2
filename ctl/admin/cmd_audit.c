/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists the audit log and follows it, over restarts of the daemon. Does not know which events
 * there are, nor who may see them: the daemon does. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "admin/cmd_audit.h"
#include "admin/eventview.h"
#include "call/call.h"
#include "cli/options.h"
#include "cli/say.h"
#include "cli/unixsocket.h"
#include "draw/screen.h"
#include "parse.h"

/* The daemon closes connections that are idle for some minutes. */
#define PING_USEC UINT64_C(60000000)
/* events in one answer, at most */
#define PAGE_MAX 200
/* how many earlier events a person sees who follows */
#define FOLLOW_LINES 10
/* between two attempts to reach a daemon that has ended */
#define RETRY_MS 500

struct reading {
        const struct args *args;
        struct call call;
        struct eventview view;
        struct event_filter filter;
        /* how many events of the past, UINT64_MAX for all, and whether the last ones are meant or
         * the order is reverse */
        uint64_t most;
        bool newest;
        /* the seq of the last event that was shown or left out */
        uint64_t last;
};

static void done(struct reading *r) {
        call_close(&r->call);
        eventview_done(&r->view);
}

/* --- Events in the log --- */

static enum exit_code ask(const struct reading *r, const struct event_filter *filter,
                          uint64_t after, bool reverse, uint32_t limit, sd_bus_message **ret) {
        _cleanup_message_ sd_bus_message *m = NULL;
        enum exit_code rc;

        rc = call_method(&r->call, r->view.fleet ? "ListFleetAudit" : "ListAudit", &m);
        if (rc != CTL_OK)
                return rc;
        return call_send(&r->call, m, event_append_filter(m, filter, after, reverse, limit), ret);
}

/* Shows the events of one answer, as long as they are behind ${floor}. Returns how many; a negative
 * errno. */
static int take_page(struct reading *r, sd_bus_message *m, uint64_t floor, uint64_t *ret_next) {
        bool over = false;
        struct event e;
        int n = 0, k;

        k = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "a{sv}");
        while (k >= 0 && (k = event_read(m, &e)) > 0) {
                if (e.seq == UINT64_MAX)
                        return -EBADMSG;
                over |= e.seq <= floor && !r->view.fleet;
                if (over)
                        continue;
                if (e.seq > r->last)
                        r->last = e.seq;
                k = eventview_add(&r->view, m, &e);
                n++;
        }
        if (k >= 0)
                k = sd_bus_message_exit_container(m);
        if (k >= 0)
                k = sd_bus_message_read(m, "t", ret_next);
        if (over)
                *ret_next = 0;
        return k < 0 ? k : n;
}

/* Those behind ${floor}. */
static enum exit_code show_past(struct reading *r, uint64_t floor, bool reverse, uint64_t most) {
        uint64_t after, next = reverse ? 0 : floor;

        do {
                _cleanup_message_ sd_bus_message *reply = NULL;
                enum exit_code rc;
                int n;

                after = next;
                rc = ask(r, &r->filter, after, reverse, most < PAGE_MAX ? (uint32_t) most : 0,
                         &reply);
                if (rc != CTL_OK)
                        return rc;
                n = take_page(r, reply, floor, &next);
                /* Each page must begin later, or this would never end. */
                if (n >= 0 && next > 0 && after > 0 && (reverse ? next >= after : next <= after))
                        n = -EBADMSG;
                if (n < 0)
                        return call_misread(n);
                most -= (uint64_t) n < most ? (uint64_t) n : most;
        } while (next > 0 && most > 0 && !ferror(stdout));
        return CTL_OK;
}

/* The seq of the last event that the caller may see, 0 when there is none. */
static enum exit_code find_head(const struct reading *r, uint64_t *ret) {
        static const struct event_filter all;
        _cleanup_message_ sd_bus_message *reply = NULL;
        struct event e = { .seq = 0 };
        enum exit_code rc;
        int k;

        rc = ask(r, &all, 0, true, 1, &reply);
        if (rc != CTL_OK)
                return rc;
        k = sd_bus_message_enter_container(reply, SD_BUS_TYPE_ARRAY, "a{sv}");
        if (k >= 0)
                k = event_read(reply, &e);
        if (k < 0)
                return call_misread(k);
        *ret = k > 0 ? e.seq : 0;
        return CTL_OK;
}

/* --- Events to come --- */

static enum exit_code ping(const struct call *call) {
        _cleanup_message_ sd_bus_message *m = NULL, *reply = NULL;
        int r = sd_bus_message_new_method_call(call->bus, &m, NULL, "/org/wfapikey1",
                                               "org.freedesktop.DBus.Peer", "Ping");

        return call_send(call, m, r, &reply);
}

/* Following began before the list was read, so some events arrive twice. Repeats are for people:
 * a program gets their number with the event that stands for them. */
static int take_signal(struct reading *r, sd_bus_message *m) {
        bool repeat = sd_bus_message_is_signal(m, "org.wfapikey1.Manager", "AuditRepeat");
        struct event e;
        int k;

        if (!repeat && !sd_bus_message_is_signal(m, "org.wfapikey1.Manager", "AuditEvent"))
                return 0;
        k = event_read(m, &e);
        if (k <= 0 || !event_matches(&r->filter, &e))
                return k;
        if (repeat ? r->view.json : e.seq == UINT64_MAX || e.seq <= r->last)
                return 0;
        if (!repeat)
                r->last = e.seq;
        k = eventview_add(&r->view, m, &e);
        if (k >= 0 && eventview_flush(&r->view) != CTL_OK)
                k = -EIO;
        return k;
}

static bool is_lost(int r) {
        return r == -ECONNRESET || r == -ENOTCONN || r == -EPIPE;
}

static enum exit_code take_signals(struct reading *r) {
        enum exit_code rc = CTL_OK;
        int k;

        while (rc == CTL_OK && fflush(stdout) == 0) {
                _cleanup_message_ sd_bus_message *m = NULL;

                k = sd_bus_process(r->call.bus, &m);
                if (k > 0 && m)
                        k = take_signal(r, m);
                else if (k == 0) {
                        k = sd_bus_wait(r->call.bus, PING_USEC);
                        if (k == 0)
                                rc = ping(&r->call);
                }
                if (is_lost(k))
                        return CTL_UNREACHABLE;
                if (k < 0 && k != -EINTR)
                        return call_misread(k);
        }
        return rc;
}

/* Follows on one connection. */
static enum exit_code follow_once(struct reading *r) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        uint64_t head = 0;
        enum exit_code rc;

        rc = find_head(r, &head);
        if (rc == CTL_OK && head > 0 && head < r->last) {
                say_error("the audit log ends at event %" PRIu64 ", and %" PRIu64
                          " was there before: it is another log, or an older copy",
                          head, r->last);
                return CTL_REFUSED;
        }
        if (rc == CTL_OK)
                rc = call_plain(&r->call, "FollowAudit", &reply, "");
        if (rc == CTL_OK)
                rc = show_past(r, r->last, false, UINT64_MAX);
        if (rc == CTL_OK)
                rc = eventview_flush(&r->view);
        return rc == CTL_OK ? take_signals(r) : rc;
}

static enum exit_code reconnect(struct reading *r) {
        int fd;

        call_close(&r->call);
        r->call = (struct call){};
        do {
                (void) poll(NULL, 0, RETRY_MS);
                fd = unixsocket_connect(options_control(r->args->control), SOCK_STREAM, 1);
        } while (fd < 0);
        (void) close(fd);
        return call_open(&r->call, r->args->control);
}

static enum exit_code follow(struct reading *r) {
        enum exit_code rc;

        for (;;) {
                rc = follow_once(r);
                if (rc != CTL_UNREACHABLE || ferror(stdout))
                        return rc;
                say_line("the daemon has ended; waiting for it to go on with event %" PRIu64,
                         r->last + 1);
                rc = reconnect(r);
                if (rc == CTL_OK)
                        say_line("the daemon is back");
                else if (rc != CTL_UNREACHABLE)
                        return rc;
        }
}

/* --- The commands --- */

static enum exit_code read_lines(const struct args *args, bool following, struct reading *ret) {
        const char *lines = args_value(args, "lines"), *after = args_value(args, "after");

        ret->most = UINT64_MAX;
        ret->newest = args_has(args, "reverse");
        if (lines && parse_u64(lines, 0, UINT32_MAX, &ret->most) < 0) {
                say_error("--lines='%s' is not a number of events", lines);
                return CTL_USAGE;
        }
        if (after && parse_u64(after, 0, INT64_MAX, &ret->last) < 0) {
                say_error("--after='%s' is not the seq of an event", after);
                return CTL_USAGE;
        }
        if (following && args_has(args, "reverse")) {
                say_error("--follow and --reverse exclude each other");
                return CTL_USAGE;
        }
        /* A program says what it wants of the past. */
        if (following && !lines && !after && !args_has(args, "since"))
                ret->most = screen_is_terminal() && !args->json ? FOLLOW_LINES : 0;
        ret->newest |= ret->most != UINT64_MAX;
        return CTL_OK;
}

static enum exit_code read_options(const struct args *args, bool fleet, bool following,
                                   struct reading *ret) {
        enum exit_code rc;

        ret->args = args;
        rc = eventview_read(args, fleet, &ret->view);
        if (rc == CTL_OK)
                rc = event_read_filter(args, &ret->filter);
        return rc == CTL_OK ? read_lines(args, following, ret) : rc;
}

static enum exit_code list(struct reading *r) {
        enum exit_code rc = CTL_OK;

        if (!r->args->json && !args_has(r->args, "follow") && !args_has(r->args, "no-pager"))
                screen_page();
        r->view.hold = r->newest && !r->view.reverse;
        if (r->most > 0)
                rc = show_past(r, r->last, r->newest, r->most);
        if (rc == CTL_OK)
                rc = eventview_flush(&r->view);
        r->view.hold = false;
        return rc;
}

enum exit_code cmd_audit_list(const struct args *args) {
        _cleanup_(done) struct reading r = {};
        bool following = args_has(args, "follow");
        uint64_t head = 0;
        enum exit_code rc;

        if (following && args->json && !args->lines) {
                say_error("--follow has no end, and an array has one: use --jsonl");
                return CTL_USAGE;
        }
        rc = read_options(args, false, following, &r);
        if (rc == CTL_OK)
                rc = call_open(&r.call, args->control);
        /* What comes from now on is not of the past. */
        if (rc == CTL_OK && following && !args_has(args, "after"))
                rc = find_head(&r, &head);
        if (rc == CTL_OK)
                rc = list(&r);
        if (r.last < head)
                r.last = head;
        if (rc == CTL_OK && following)
                rc = follow(&r);
        if (rc == CTL_OK)
                eventview_end(&r.view);
        return rc;
}

enum exit_code cmd_audit_list_fleet(const struct args *args) {
        _cleanup_(done) struct reading r = {};
        enum exit_code rc;

        rc = read_options(args, true, false, &r);
        if (rc == CTL_OK)
                rc = call_open(&r.call, args->control);
        if (rc == CTL_OK)
                rc = list(&r);
        if (rc == CTL_OK)
                eventview_end(&r.view);
        return rc;
}

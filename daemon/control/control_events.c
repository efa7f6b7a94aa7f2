/* SPDX-License-Identifier: BSD-2-Clause */
/* ListAudit, VerifyAudit and MarkAudit, and which events a caller sees. Both methods work in
 * pieces, because other calls wait for the writer thread. Writes no event. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/control_events.h"
#include "control/control_options.h"
#include "store/store_account.h"
#include "store/store_audit.h"
#include "text.h"

/* events checked by one call of VerifyAudit */
#define VERIFY_MAX 5000

struct verify_call {
        struct control_call call;
        uint64_t after;
        struct audit_check check;
};

int control_events_look_up(struct store *writer, struct control_sight *sight) {
        struct account_record account = {};
        int r = 0;

        if (!sight->all && !sight->user[0])
                r = store_account_of_uid(writer, sight->uid, &account);
        if (r >= 0 && account.name[0])
                memcpy(sight->user, account.name, sizeof(sight->user));
        return r == -ENOENT ? 0 : r;
}

bool control_events_sight(struct control_call *call, struct store *writer,
                          struct control_sight *ret) {
        int r;

        *ret = (struct control_sight){ .all = call->role == ROLE_ADMIN, .uid = call->uid };
        /* An unknown user has no keys and never had any. Every event has a name. */
        r = control_events_look_up(writer, ret);
        if (r < 0)
                control_fail_store(call, r);
        return r >= 0;
}

void control_events_narrow(struct audit_filter *filter, const struct control_sight *sight) {
        if (sight->all)
                return;
        filter->user = sight->user;
        filter->own = true;
        filter->owner_uid = sight->uid;
}

/* --- One event in a message --- */

static int append_texts(sd_bus_message *m, const struct audit_record *record) {
        const struct {
                const char *name, *value;
        } texts[] = {
                { "event", record->event },   { "verdict", record->verdict },
                { "door", record->door },     { "key", record->key },
                { "user", record->user },     { "service", record->service },
                { "rhost", record->rhost },   { "reason", record->reason },
                { "detail", record->detail },
        };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ARRAY_LEN(texts); i++)
                if (texts[i].value[0])
                        r = sd_bus_message_append(m, "{sv}", texts[i].name, "s", texts[i].value);
        return r;
}

static int append_of(sd_bus_message *m, const struct audit_record *record, const char *host) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0 && host[0])
                r = sd_bus_message_append(m, "{sv}", "host", "s", host);
        if (r >= 0 && record->seq > 0)
                r = sd_bus_message_append(m, "{sv}", "seq", "t", (uint64_t) record->seq);
        if (r >= 0)
                r = sd_bus_message_append(m, "{sv}{sv}{sv}", "at", "x", record->at, "until", "x",
                                          record->until, "count", "t", record->count);
        if (r >= 0 && record->uid != AUDIT_NOBODY)
                r = sd_bus_message_append(m, "{sv}{sv}", "uid", "u", record->uid, "pid", "u",
                                          record->pid);
        if (r >= 0 && record->has_login)
                r = sd_bus_message_append(m, "{sv}", "login-uid", "u", record->login_uid);
        if (r >= 0)
                r = append_texts(m, record);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

int control_events_append(sd_bus_message *m, const struct audit_record *record) {
        return append_of(m, record, "");
}

/* --- Lists of events --- */

/* An empty one is a filter, too: the events without a service. */
static void take_service(struct control_call *call, const struct control_option *option,
                         const char *value, void *out) {
        control_options_take(call, option, value, out);
        ((struct control_events_call *) call)->filter.service = out;
}

static void take_verdict(struct control_call *call, const struct control_option *option,
                         const char *value, void *out) {
        if (text_has_word("accepted refused done", value))
                (void) text_copy(out, option->size, value);
        else
                control_fail(call, CONTROL_INVALID_ARGUMENT, "The %s is accepted, refused or done.",
                             option->name);
}

#define TO(member) CONTROL_OPTION_TO(struct control_events_call, member)

/* The first row is for a fleet. */
static const struct control_option filters[] = {
        { "host", "s", TO(host), .take = control_options_take_user },
        { "key", "s", TO(key), .take = control_options_take_id },
        { "user", "s", TO(user), .take = control_options_take_user },
        { "service", "s", TO(service), .take = take_service },
        { "verdict", "s", TO(verdict), .take = take_verdict },
        { "since", "x", TO(filter.since) },
        { "until", "x", TO(filter.until) },
        { "after", "t", TO(after) },
        { "reverse", "b", TO(filter.reverse) },
        { "limit", "u", TO(limit), .min = 1, .max = CONTROL_EVENTS_PAGE },
};

static int parse(struct control_call *call, sd_bus_message *m, size_t skip) {
        struct control_events_call *list = (struct control_events_call *) call;
        struct audit_filter *f = &list->filter;
        int r;

        list->limit = CONTROL_EVENTS_PAGE;
        r = control_options_read(call, m, filters + skip, ARRAY_LEN(filters) - skip);
        f->key = list->key[0] ? list->key : NULL;
        f->user = list->user[0] ? list->user : NULL;
        f->verdict = list->verdict[0] ? list->verdict : NULL;
        f->after = list->after > INT64_MAX ? INT64_MAX : (int64_t) list->after;
        return r;
}

int control_events_parse(struct control_call *call, sd_bus_message *m) {
        return parse(call, m, 1);
}

int control_events_parse_of_fleet(struct control_call *call, sd_bus_message *m) {
        return parse(call, m, 0);
}

bool control_events_make_room(struct control_events_call *list) {
        if (!list->records)
                list->records = calloc(list->limit, sizeof(*list->records));
        if (!list->records)
                control_fail(&list->call, CONTROL_BUSY, "Out of memory; try again.");
        return list->records;
}

bool control_events_piece(struct control_events_call *list, int r) {
        if (r < 0)
                control_fail_store(&list->call, r);
        list->seen += CONTROL_EVENTS_PIECE;
        list->filter.after = list->next;
        return r >= 0 && list->next != 0 && list->n < list->limit &&
               list->seen < CONTROL_EVENTS_SCAN;
}

void control_events_run(struct control_call *call, struct store *writer) {
        (void) call;
        (void) writer;
}

int control_events_reply(struct control_call *call, sd_bus_message *reply) {
        struct control_events_call *list = (struct control_events_call *) call;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        for (size_t i = 0; r >= 0 && i < list->n; i++)
                r = append_of(reply, &list->records[i].record, list->records[i].host);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_message_append(reply, "t", (uint64_t) list->next);
}

void control_events_release(struct control_call *call) {
        free(((struct control_events_call *) call)->records);
}

/* --- ListAudit --- */

static int on_record(const struct audit_record *record, void *userdata) {
        struct control_events_call *list = userdata;

        list->records[list->n++].record = *record;
        return list->n == list->limit;
}

static bool list_piece(struct control_call *call, struct store *writer) {
        struct control_events_call *list = (struct control_events_call *) call;
        struct audit_filter filter = list->filter;
        struct control_sight sight;

        if (!control_events_sight(call, writer, &sight) || !control_events_make_room(list))
                return false;
        control_events_narrow(&filter, &sight);
        return control_events_piece(list, store_audit_each(writer, &filter, CONTROL_EVENTS_PIECE,
                                                           on_record, list, &list->next));
}

static void list_detour(struct control_call *call) {
        control_pieces_begin(&((struct control_events_call *) call)->pieces, call, list_piece,
                             NULL);
}

const struct control_handlers control_events_list = {
        .size = sizeof(struct control_events_call),
        .parse = control_events_parse,
        .detour = list_detour,
        .run = control_events_run,
        .reply = control_events_reply,
        .release = control_events_release,
};

/* --- VerifyAudit --- */

static const char *const faults[] = {
        [AUDIT_INTACT] = "",
        [AUDIT_ALTERED] = "altered",
        [AUDIT_MISSING] = "missing",
        [AUDIT_UNSEALED] = "unsealed",
};

static int verify_parse(struct control_call *call, sd_bus_message *m) {
        return sd_bus_message_read_basic(m, 't', &((struct verify_call *) call)->after);
}

static void verify_run(struct control_call *call, struct store *writer) {
        struct verify_call *verify = (struct verify_call *) call;
        int r;

        r = store_audit_verify(writer,
                               verify->after > INT64_MAX ? INT64_MAX : (int64_t) verify->after,
                               VERIFY_MAX, &verify->check);
        if (r < 0)
                control_fail_store(call, r);
}

static int verify_reply(struct control_call *call, sd_bus_message *reply) {
        const struct audit_check *check = &((struct verify_call *) call)->check;

        return sd_bus_message_append(reply, "ttts", (uint64_t) check->next, check->n,
                                     (uint64_t) check->bad, faults[check->fault]);
}

const struct control_handlers control_events_verify = {
        .size = sizeof(struct verify_call),
        .parse = verify_parse,
        .run = verify_run,
        .reply = verify_reply,
};

/* --- MarkAudit --- */

struct mark_call {
        struct control_call call;
        uint64_t seq;
        int64_t last;
        /* seq 0: there is none */
        struct audit_mark mark;
};

static int mark_parse(struct control_call *call, sd_bus_message *m) {
        return sd_bus_message_read_basic(m, 't', &((struct mark_call *) call)->seq);
}

static void mark_run(struct control_call *call, struct store *writer) {
        struct mark_call *mark = (struct mark_call *) call;
        int r;

        r = store_audit_head(writer, &mark->last);
        if (r >= 0)
                r = store_audit_mark(writer,
                                     mark->seq > INT64_MAX ? INT64_MAX : (int64_t) mark->seq,
                                     &mark->mark);
        if (r == -EBADMSG)
                control_fail(call, CONTROL_REFUSED,
                             "The audit log is not intact, so it has no mark: see 'audit verify'.");
        else if (r < 0 && r != -ENOENT && r != -ENODATA)
                control_fail_store(call, r);
}

static int mark_reply(struct control_call *call, sd_bus_message *reply) {
        const struct mark_call *mark = (const struct mark_call *) call;
        char seal[2 * RECORD_DIGEST_LEN + 1] = "";

        if (mark->mark.seq > 0)
                text_hex(seal, mark->mark.hash, RECORD_DIGEST_LEN);
        return sd_bus_message_append(reply, "ts", (uint64_t) mark->last, seal);
}

const struct control_handlers control_events_mark = {
        .size = sizeof(struct mark_call),
        .parse = mark_parse,
        .run = mark_run,
        .reply = mark_reply,
};

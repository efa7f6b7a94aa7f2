/* SPDX-License-Identifier: BSD-2-Clause */
/* ListAudit and VerifyAudit, and which events a caller sees. Both methods work in pieces,
 * because other calls wait for the writer thread. Writes no event. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/control_events.h"
#include "store/store_account.h"
#include "store/store_audit.h"
#include "text.h"

#define PAGE_MAX 200
/* events looked at by one call of ListAudit */
#define SCAN_MAX 20000
/* events checked by one call of VerifyAudit */
#define VERIFY_MAX 5000

struct list_call {
        struct control_call call;
        char key[KEYTEXT_ID_LEN + 1];
        char user[2 * WIRE_USER_MAX], service[2 * WIRE_SERVICE_MAX], verdict[AUDIT_WORD_MAX + 1];
        struct audit_filter filter;
        uint32_t limit;
        size_t n;
        struct audit_record *records; /* owned */
        int64_t next;
};

struct verify_call {
        struct control_call call;
        uint64_t after;
        struct audit_check check;
};

bool control_events_sight(struct control_call *call, struct store *writer,
                          struct control_sight *ret) {
        struct account_record account = {};
        int r = 0;

        *ret = (struct control_sight){ .all = call->role == ROLE_ADMIN, .uid = call->uid };
        if (!ret->all)
                r = store_account_of_uid(writer, call->uid, &account);
        if (r < 0 && r != -ENOENT) {
                control_fail_store(call, r);
                return false;
        }
        /* A user of whom nothing is known has no keys and never had any: every event has a name. */
        memcpy(ret->user, account.name, sizeof(ret->user));
        return true;
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

int control_events_append(sd_bus_message *m, const struct audit_record *record) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0)
                r = sd_bus_message_append(m, "{sv}{sv}{sv}{sv}", "seq", "t", (uint64_t) record->seq,
                                          "at", "x", record->at, "until", "x", record->until,
                                          "count", "t", record->count);
        if (r >= 0 && record->uid != AUDIT_NOBODY)
                r = sd_bus_message_append(m, "{sv}{sv}", "uid", "u", record->uid, "pid", "u",
                                          record->pid);
        if (r >= 0)
                r = append_texts(m, record);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

/* --- ListAudit --- */

static void take_text(struct list_call *list, const char *name, const char *value) {
        struct audit_filter *f = &list->filter;
        char shown[80];

        if (strcmp(name, "key") == 0) {
                if (control_check_id(&list->call, value))
                        memcpy(list->key, value, sizeof(list->key));
                f->key = list->key;
        } else if (strcmp(name, "user") == 0 && value[0] &&
                   text_copy(list->user, sizeof(list->user), value))
                f->user = list->user;
        else if (strcmp(name, "service") == 0 &&
                 text_copy(list->service, sizeof(list->service), value))
                f->service = list->service;
        else if (strcmp(name, "verdict") == 0 &&
                 (strcmp(value, "accepted") == 0 || strcmp(value, "refused") == 0 ||
                  strcmp(value, "done") == 0)) {
                (void) text_copy(list->verdict, sizeof(list->verdict), value);
                f->verdict = list->verdict;
        } else {
                text_escape(shown, sizeof(shown), name);
                control_fail(&list->call, CONTROL_INVALID_ARGUMENT,
                             "The filter '%s' is not right: known are key, user, service, verdict "
                             "(accepted, "
                             "refused or "
                             "done), since, until, after, limit.",
                             shown);
        }
}

static int take_number(struct list_call *list, sd_bus_message *m, const char *name,
                       bool *ret_taken) {
        struct audit_filter *f = &list->filter;
        uint64_t after;
        int r;

        *ret_taken = true;
        if (strcmp(name, "since") == 0)
                return sd_bus_message_read(m, "v", "x", &f->since);
        if (strcmp(name, "until") == 0)
                return sd_bus_message_read(m, "v", "x", &f->until);
        if (strcmp(name, "after") == 0) {
                r = sd_bus_message_read(m, "v", "t", &after);
                if (r >= 0)
                        f->after = after > INT64_MAX ? INT64_MAX : (int64_t) after;
                return r;
        }
        if (strcmp(name, "limit") == 0) {
                r = sd_bus_message_read(m, "v", "u", &list->limit);
                if (r >= 0 && (list->limit < 1 || list->limit > PAGE_MAX))
                        control_fail(&list->call, CONTROL_INVALID_ARGUMENT, "The limit is 1 to %d.",
                                     PAGE_MAX);
                return r;
        }
        *ret_taken = false;
        return 0;
}

static int take_filter(struct control_call *call, sd_bus_message *m) {
        struct list_call *list = (struct list_call *) call;
        const char *name, *value;
        bool taken = false;
        int r;

        r = sd_bus_message_read_basic(m, 's', &name);
        if (r >= 0)
                r = take_number(list, m, name, &taken);
        if (r < 0 || taken)
                return r;
        r = sd_bus_message_read(m, "v", "s", &value);
        if (r >= 0)
                take_text(list, name, value);
        return r;
}

static int list_parse(struct control_call *call, sd_bus_message *m) {
        ((struct list_call *) call)->limit = PAGE_MAX;
        return control_read_options(call, m, take_filter);
}

static int on_record(const struct audit_record *record, void *userdata) {
        struct list_call *list = userdata;

        list->records[list->n++] = *record;
        return list->n == list->limit;
}

static void list_run(struct control_call *call, struct store *writer) {
        struct list_call *list = (struct list_call *) call;
        struct control_sight sight;
        int r;

        if (!control_events_sight(call, writer, &sight))
                return;
        control_events_narrow(&list->filter, &sight);
        list->records = calloc(list->limit, sizeof(*list->records));
        if (!list->records) {
                control_fail(call, CONTROL_BUSY, "Out of memory; try again.");
                return;
        }
        r = store_audit_each(writer, &list->filter, SCAN_MAX, on_record, list, &list->next);
        if (r < 0)
                control_fail_store(call, r);
}

static int list_reply(struct control_call *call, sd_bus_message *reply) {
        struct list_call *list = (struct list_call *) call;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        for (size_t i = 0; r >= 0 && i < list->n; i++)
                r = control_events_append(reply, &list->records[i]);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_message_append(reply, "t", (uint64_t) list->next);
}

static void list_release(struct control_call *call) {
        free(((struct list_call *) call)->records);
}

const struct control_handlers control_events_list = {
        .size = sizeof(struct list_call),
        .parse = list_parse,
        .run = list_run,
        .reply = list_reply,
        .release = list_release,
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

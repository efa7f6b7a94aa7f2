/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads events and asks for them. Does not know which events there are, nor how they are shown. */
#include <errno.h>
#include <string.h>

#include "admin/event.h"
#include "call/dict.h"
#include "cli/options.h"
#include "text.h"

const struct field event_fields[] = {
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
const size_t event_n_fields = ARRAY_LEN(event_fields);

static bool is_text(const char *want, const char *got) {
        return !want || (got && strcmp(want, got) == 0);
}

static bool is_service(const char *want, const char *got) {
        return !want || (got && text_is_same_service(want, got));
}

bool event_matches(const struct event_filter *f, const struct event *e) {
        return is_text(f->key, e->key) && is_text(f->user, e->user) &&
               is_service(f->service, e->service) && is_text(f->verdict, e->verdict) &&
               e->until >= f->since && (f->until == 0 || e->at <= f->until);
}

enum exit_code event_read_filter(const struct args *args, struct event_filter *ret) {
        struct event_filter f = { .host = args_value(args, "host"),
                                  .key = args_value(args, "key"),
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

int event_read(sd_bus_message *m, struct event *ret) {
        int r;

        fields_init(event_fields, event_n_fields, ret);
        r = dict_read(event_fields, event_n_fields, m, ret);
        if (r > 0 && (ret->at == INT64_MAX || ret->until == INT64_MAX))
                return -EBADMSG;
        return r;
}

int event_append_filter(sd_bus_message *m, const struct event_filter *f, uint64_t after,
                        bool reverse, uint32_t limit) {
        const struct {
                const char *name, *value;
        } texts[] = { { "host", f->host },
                      { "key", f->key },
                      { "user", f->user },
                      { "service", f->service },
                      { "verdict", f->verdict } };
        int r;

        r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "{sv}");
        for (size_t i = 0; r >= 0 && i < ARRAY_LEN(texts); i++)
                r = dict_append_text(m, texts[i].name, texts[i].value);
        if (r >= 0 && f->since != 0)
                r = sd_bus_message_append(m, "{sv}", "since", "x", f->since);
        if (r >= 0 && f->until != 0)
                r = sd_bus_message_append(m, "{sv}", "until", "x", f->until);
        if (r >= 0 && after > 0)
                r = sd_bus_message_append(m, "{sv}", "after", "t", after);
        if (r >= 0 && reverse)
                r = sd_bus_message_append(m, "{sv}", "reverse", "b", 1);
        if (r >= 0 && limit > 0)
                r = sd_bus_message_append(m, "{sv}", "limit", "u", limit);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Shows what the daemon knows of mirrors, and what systemctl says of their timer. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "backup/cmd_mirror_status.h"
#include "call/call.h"
#include "call/dict.h"
#include "cli/say.h"
#include "cli/systemctl.h"

#define TIMER     "wfapikey-mirror.timer"
#define TIMER_LEN 512

struct status {
        const char *public, *source, *timer;
        uint64_t sequence, keys, age_s;
        int64_t created, imported, exported, backed_up, next;
};

static const struct field fields[] = {
        { "public", FIELD_TEXT, offsetof(struct status, public), "-" },
        { "source", FIELD_TEXT, offsetof(struct status, source), "-" },
        { "sequence", FIELD_COUNT, offsetof(struct status, sequence), NULL },
        { "created", FIELD_TIME, offsetof(struct status, created), NULL },
        { "age", FIELD_COUNT, offsetof(struct status, age_s), NULL, "age in seconds" },
        { "last-import", FIELD_TIME, offsetof(struct status, imported), "-" },
        { "last-export", FIELD_TIME, offsetof(struct status, exported), "-" },
        { "last-backup", FIELD_TIME, offsetof(struct status, backed_up), "-" },
        { "keys-active", FIELD_COUNT, offsetof(struct status, keys), "-" },
        { "timer", FIELD_TEXT, offsetof(struct status, timer), "-" },
        { "next", FIELD_TIME, offsetof(struct status, next), NULL },
};

static int fill(sd_bus_message *reply, struct status *status) {
        int r = dict_read(fields, ARRAY_LEN(fields), reply, status);

        return r == 0 ? -EBADMSG : r;
}

/* The value of a property in lines NAME=VALUE, as a text of its own. NULL: there is none. */
static char *value_of(char *lines, const char *name) {
        size_t len = strlen(name);

        for (char *line = lines; line && *line; line = strchr(line, '\n')) {
                line += *line == '\n';
                if (strncmp(line, name, len) == 0 && line[len] == '=') {
                        line[len + 1 + strcspn(line + len + 1, "\n")] = '\0';
                        return line + len + 1;
                }
        }
        return NULL;
}

/* As systemctl writes it in the zone of UTC; anything else is no time. */
static int64_t take_time(const char *text) {
        struct tm tm = {};
        const char *end = text ? strptime(text, "%a %Y-%m-%d %H:%M:%S UTC", &tm) : NULL;

        return end && !*end ? (int64_t) timegm(&tm) : INT64_MAX;
}

/* ${lines} keeps the words for ${status}. */
static void look_at_timer(char lines[static TIMER_LEN], struct status *status) {
        static const char *const enabled[] = { "--property=UnitFileState", TIMER, NULL };
        static const char *const next[] = { "--timestamp=unix", "--property=NextElapseUSecRealtime",
                                            TIMER, NULL };
        char at[TIMER_LEN];

        if (systemctl_show(next, at, sizeof(at)) > 0)
                status->next = take_time(value_of(at, "NextElapseUSecRealtime"));
        if (systemctl_show(enabled, lines, TIMER_LEN) > 0)
                status->timer = value_of(lines, "UnitFileState");
        if (status->timer && !*status->timer)
                status->timer = NULL;
}

static void say_what_is_missing(const struct status *status) {
        if (!status->source && status->exported == INT64_MAX)
                say_note("Nothing was copied from or to this host: see 'systemctl cat "
                         "wfapikey-mirror.service'.");
}

enum exit_code cmd_mirror_status(const struct args *args) {
        _cleanup_call_ struct call call = {};
        _cleanup_message_ sd_bus_message *mirror = NULL, *counts = NULL;
        char lines[TIMER_LEN];
        struct status status;
        enum exit_code rc;
        int64_t now = time(NULL);
        int r;

        rc = call_open(&call, args->control);
        if (rc == CTL_OK)
                rc = call_plain(&call, "MirrorStatus", &mirror, "");
        if (rc == CTL_OK)
                rc = call_plain(&call, "GetStatus", &counts, "");
        if (rc != CTL_OK)
                return rc;
        fields_init(fields, ARRAY_LEN(fields), &status);
        r = fill(counts, &status);
        if (r >= 0)
                r = fill(mirror, &status);
        if (r < 0)
                return call_misread(r);
        if (status.created != INT64_MAX)
                status.age_s = status.created < now ? (uint64_t) (now - status.created) : 0;
        look_at_timer(lines, &status);
        fields_print(fields, ARRAY_LEN(fields), &status, args->json);
        say_what_is_missing(&status);
        return CTL_OK;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks the daemon what a login with a key would get, and prints its checks. Knows none of the
 * rules. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "call/call.h"
#include "call/dict.h"
#include "cli/harmless.h"
#include "cli/options.h"
#include "cli/say.h"
#include "draw/json.h"
#include "key/cmd_key_explain.h"
#include "key/keyid.h"

#define CHECKS_MAX 64 /* far more than there are rules */

struct verdict {
        int accepted;
        const char *reason, *text;
        struct check {
                const char *name, *outcome, *text;
        } checks[CHECKS_MAX];
        size_t n;
};

static const struct field fields[] = {
        { "name", FIELD_TEXT, offsetof(struct check, name), "-" },
        { "outcome", FIELD_TEXT, offsetof(struct check, outcome), "-" },
        { "text", FIELD_TEXT, offsetof(struct check, text), "" },
};

static int append_login(sd_bus_message *m, const struct args *args, int64_t at) {
        static const char *const names[] = { "service", "rhost", "user", "certificate" };
        int r;

        r = sd_bus_message_append(m, "s", args->words[0]);
        if (r >= 0)
                r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r >= 0)
                r = dict_append_options(m, args, names, ARRAY_LEN(names));
        if (r >= 0 && args_value(args, "at"))
                r = sd_bus_message_append(m, "{sv}", "at", "x", at);
        if (r >= 0 && args_has(args, "proved"))
                r = sd_bus_message_append(m, "{sv}", "proved", "b", 1);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int read_checks(sd_bus_message *m, struct verdict *verdict) {
        int r;

        r = sd_bus_message_enter_container(m, SD_BUS_TYPE_VARIANT, "aa{sv}");
        if (r >= 0)
                r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "a{sv}");
        while (r >= 0 && verdict->n < CHECKS_MAX) {
                struct check *check = &verdict->checks[verdict->n];

                fields_init(fields, ARRAY_LEN(fields), check);
                r = dict_read(fields, ARRAY_LEN(fields), m, check);
                if (r <= 0)
                        break;
                if (!check->name || !check->outcome || !check->text)
                        return -EBADMSG;
                verdict->n++;
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_property(sd_bus_message *m, struct verdict *verdict) {
        const char *name;
        int r;

        r = sd_bus_message_read_basic(m, 's', &name);
        if (r < 0)
                return r;
        if (strcmp(name, "accepted") == 0)
                return sd_bus_message_read(m, "v", "b", &verdict->accepted);
        if (strcmp(name, "reason") == 0)
                return sd_bus_message_read(m, "v", "s", &verdict->reason);
        if (strcmp(name, "text") == 0)
                return sd_bus_message_read(m, "v", "s", &verdict->text);
        if (strcmp(name, "checks") == 0)
                return read_checks(m, verdict);
        return sd_bus_message_skip(m, "v");
}

static int read_verdict(sd_bus_message *m, struct verdict *verdict) {
        int r;

        r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_enter_container(m, SD_BUS_TYPE_DICT_ENTRY, "sv")) > 0) {
                r = read_property(m, verdict);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        return verdict->reason && verdict->text && verdict->n > 0 ? 0 : -EBADMSG;
}

static void show_json(const struct verdict *verdict) {
        struct json j = {};

        json_open(&j, NULL, '{');
        json_bool(&j, "accepted", verdict->accepted);
        json_text(&j, "reason", verdict->reason);
        json_text(&j, "text", verdict->text);
        json_open(&j, "checks", '[');
        for (size_t i = 0; i < verdict->n; i++)
                fields_json(fields, ARRAY_LEN(fields), &verdict->checks[i], &j);
        json_close(&j, ']');
        json_close(&j, '}');
}

static void show_lines(const struct verdict *verdict) {
        _cleanup_free_ char *buffer = NULL;

        printf("%s: %s\n", verdict->accepted ? "accepted" : "refused",
               harmless(verdict->text, &buffer));
        for (size_t i = 0; i < verdict->n; i++) {
                _cleanup_free_ char *name = NULL, *text = NULL;
                const struct check *check = &verdict->checks[i];
                const char *mark = "-";

                if (strcmp(check->outcome, "passed") == 0)
                        mark = "ok";
                else if (strcmp(check->outcome, "failed") == 0)
                        mark = "NO";
                printf("%-3s%-17s%s\n", mark, harmless(check->name, &name),
                       *check->text ? harmless(check->text, &text) : "not reached");
        }
}

enum exit_code cmd_key_explain(const struct args *args) {
        _cleanup_call_ struct call call = {};
        _cleanup_message_ sd_bus_message *m = NULL, *reply = NULL;
        struct verdict verdict = {};
        enum exit_code rc;
        int64_t at = 0;
        int r;

        if (args_has(args, "proved") && !args_value(args, "certificate")) {
                say_error("--proved needs --certificate=CERT: it names the certificate whose "
                          "private key the login has");
                return CTL_USAGE;
        }
        rc = keyid_read(&args->words[0]);
        if (rc == CTL_OK)
                rc = options_when(args, "at", MOMENT_AHEAD, &at);
        if (rc == CTL_OK)
                rc = call_begin(&call, args->control, "ExplainKey", &m);
        if (rc == CTL_OK)
                rc = call_send(&call, m, append_login(m, args, at), &reply);
        if (rc != CTL_OK)
                return rc;
        r = read_verdict(reply, &verdict);
        if (r < 0)
                return call_misread(r);
        if (args->json)
                show_json(&verdict);
        else
                show_lines(&verdict);
        return verdict.accepted ? CTL_OK : CTL_REFUSED;
}

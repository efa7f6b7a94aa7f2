/* SPDX-License-Identifier: BSD-2-Clause */
/* ExplainKey: what a login with a key would get. A caller that may see the key asks, without its
 * secret. Fetches facts and leaves the verdict to rules/explain. */
#include <string.h>

#include "base/clock.h"
#include "control/control_cert.h"
#include "keys/facts.h"
#include "login/trust.h"
#include "rules/explain.h"
#include "text.h"

struct explain_call {
        struct control_call call;
        char id[KEYTEXT_ID_LEN + 1];
        char user[WIRE_USER_MAX + 1]; /* "": the key's owner */
        char service[WIRE_SERVICE_MAX + 1];
        char rhost[WIRE_RHOST_MAX + 1];
        int64_t at; /* 0: now */
        /* The certificate that is shown. "": none. */
        char certificate[WIRE_NAME_MAX + 1];
        int proved;
        struct rule_certificate shown;
        struct explain explain;
};

static int parse_at(struct explain_call *ours, sd_bus_message *m) {
        int r;

        r = sd_bus_message_read(m, "v", "x", &ours->at);
        if (r >= 0 && (ours->at <= 0 || ours->at > CONTROL_TIME_MAX))
                control_fail(&ours->call, CONTROL_INVALID_ARGUMENT,
                             "The time must be in the years 1970 to 9999.");
        return r;
}

static int parse_option(struct control_call *call, sd_bus_message *m) {
        struct explain_call *ours = (struct explain_call *) call;
        const struct {
                const char *name;
                char *out;
                size_t size;
        } texts[] = { { "user", ours->user, sizeof(ours->user) },
                      { "service", ours->service, sizeof(ours->service) },
                      { "rhost", ours->rhost, sizeof(ours->rhost) },
                      { "certificate", ours->certificate, sizeof(ours->certificate) } };
        const char *option, *value;
        char shown[80];
        int r;

        r = sd_bus_message_read_basic(m, 's', &option);
        if (r < 0)
                return r;
        if (strcmp(option, "at") == 0)
                return parse_at(ours, m);
        if (strcmp(option, "proved") == 0)
                return sd_bus_message_read(m, "v", "b", &ours->proved);
        for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
                if (strcmp(option, texts[i].name) != 0)
                        continue;
                r = sd_bus_message_read(m, "v", "s", &value);
                if (r >= 0 && !text_copy(texts[i].out, texts[i].size, value))
                        control_fail(call, CONTROL_INVALID_ARGUMENT,
                                     "That %s is too long: at most %zu bytes.", texts[i].name,
                                     texts[i].size - 1);
                return r;
        }
        text_escape(shown, sizeof(shown), option);
        control_fail(
                call, CONTROL_INVALID_ARGUMENT,
                "Unknown option '%s': known are user, service, rhost, at, certificate, proved.",
                shown);
        return sd_bus_message_skip(m, "v");
}

static int explain_parse(struct control_call *call, sd_bus_message *m) {
        struct explain_call *ours = (struct explain_call *) call;
        const char *id;
        int r;

        r = sd_bus_message_read_basic(m, 's', &id);
        if (r >= 0 && control_check_id(call, id))
                memcpy(ours->id, id, sizeof(ours->id));
        return r < 0 ? r : control_read_options(call, m, parse_option);
}

/* Returns whether the certificate of the login is known. If not, the call has failed. */
static bool look_at_certificate(struct explain_call *ours, struct store *writer, int64_t now) {
        struct cert_record cert;
        int64_t ends_at;
        int r;

        if (!ours->certificate[0])
                return true;
        if (!control_cert_find(&ours->call, writer, ours->certificate, &cert))
                return false;
        ours->shown.proved = ours->proved;
        memcpy(ours->shown.thumbprint, cert.thumbprint, sizeof(ours->shown.thumbprint));
        r = trust_check_registered(writer, &cert, now, &ours->shown.reason, &ends_at);
        if (r < 0)
                control_fail_store(&ours->call, r);
        return r >= 0;
}

static void explain_run(struct control_call *call, struct store *writer) {
        struct explain_call *ours = (struct explain_call *) call;
        struct account_record owner = {}, linked = {};
        int64_t now = ours->at > 0 ? ours->at : clock_now();
        struct key_record key;
        struct policy policy;
        int r;

        if (!control_open_key(call, writer, ours->id, &key) ||
            !control_get_policy(call, writer, &policy) || !look_at_certificate(ours, writer, now))
                return;
        r = facts_accounts(writer, &key, &owner, &linked);
        if (r < 0) {
                control_fail_store(call, r);
                return;
        }
        explain_login(&(const struct rule_facts){ .policy = &policy,
                                                  .key = &key,
                                                  .owner = &owner,
                                                  .linked = &linked,
                                                  .secret_ok = true,
                                                  .peer_may_claim = true,
                                                  .user = ours->user[0] ? ours->user : key.owner,
                                                  .service = ours->service,
                                                  .rhost = ours->rhost,
                                                  .certificate = ours->certificate[0] ? &ours->shown
                                                                                      : NULL,
                                                  .now = now },
                      &ours->explain);
}

static int append_checks(sd_bus_message *reply, const struct explain *explain) {
        int r;

        r = control_open_array(reply, "checks", "aa{sv}");
        for (size_t i = 0; r >= 0 && i < ARRAY_LEN(explain->lines); i++)
                r = sd_bus_message_append(reply, "a{sv}", 3, "name", "s", explain->lines[i].name,
                                          "outcome", "s",
                                          explain_outcome_name(explain->lines[i].outcome), "text",
                                          "s", explain->lines[i].text);
        return r < 0 ? r : control_close_array(reply);
}

static int explain_reply(struct control_call *call, sd_bus_message *reply) {
        const struct explain *explain = &((struct explain_call *) call)->explain;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r >= 0)
                r = sd_bus_message_append(reply, "{sv}{sv}{sv}", "accepted", "b",
                                          explain->reason == REASON_NONE, "reason", "s",
                                          verdict_reason_name(explain->reason), "text", "s",
                                          verdict_reason_text(explain->reason));
        if (r >= 0)
                r = append_checks(reply, explain);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

const struct control_handlers control_explain = {
        .size = sizeof(struct explain_call),
        .parse = explain_parse,
        .run = explain_run,
        .reply = explain_reply,
};

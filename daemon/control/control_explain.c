/* SPDX-License-Identifier: BSD-2-Clause */
/* ExplainKey: what a login with a key would get. A caller that may see the key asks, without its
 * secret. Fetches facts and leaves the verdict to rules/explain. */
#include <string.h>

#include "base/clock.h"
#include "control/control_cert.h"
#include "control/control_options.h"
#include "keys/facts.h"
#include "login/trust.h"
#include "rules/explain.h"
#include "store/store_fleet.h"
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
        bool proved;
        struct rule_certificate shown;
        struct explain explain;
};

#define TO(member) CONTROL_OPTION_TO(struct explain_call, member)

static const struct control_option options[] = {
        { "user", "s", TO(user) },
        { "service", "s", TO(service) },
        { "rhost", "s", TO(rhost) },
        { "at", "x", TO(at), .min = 1, .max = CONTROL_TIME_MAX },
        { "certificate", "s", TO(certificate) },
        { "proved", "b", TO(proved) },
};

static int explain_parse(struct control_call *call, sd_bus_message *m) {
        struct explain_call *ours = (struct explain_call *) call;
        const char *id;
        int r;

        r = sd_bus_message_read_basic(m, 's', &id);
        if (r >= 0 && control_check_id(call, id))
                memcpy(ours->id, id, sizeof(ours->id));
        if (r >= 0)
                r = control_options_read(call, m, options, ARRAY_LEN(options));
        text_fold_service(ours->service);
        return r;
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

/* A key that is good for one service is asked about that one. */
static void choose_service(struct explain_call *ours, const struct key_record *key) {
        const struct realm *realm = realms_find(ours->call.realms, key->realm);
        const char *services = key->services[0] || !realm ? key->services : realm->services;

        if (!ours->service[0] && !strchr(services, ' '))
                (void) text_copy(ours->service, sizeof(ours->service), services);
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
        choose_service(ours, &key);
        r = facts_accounts(writer, &key, &owner, &linked);
        if (r < 0) {
                control_fail_store(call, r);
                return;
        }
        explain_login(
                &(const struct rule_facts){
                        .policy = &policy,
                        .key = &key,
                        .owner = &owner,
                        .linked = &linked,
                        .secret_ok = true,
                        .peer_may_claim = true,
                        .user = ours->user[0] ? ours->user : rule_user_of(&key),
                        .service = ours->service,
                        .rhost = ours->rhost,
                        .certificate = ours->certificate[0] ? &ours->shown : NULL,
                        .realm = realms_facts(call->realms, &key,
                                              ours->service[0] ? ours->service : NULL),
                        .fleet_age_s = store_fleet_age(writer, clock_boot_ms() / 1000),
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

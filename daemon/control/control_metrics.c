/* SPDX-License-Identifier: BSD-2-Clause */
/* GetMetrics: everything that there is to count, for monitoring. Shows no user, no key and no
 * address.
 *
 * Most of it is counted where it happens and costs nothing to ask for. The keys are counted by
 * control_census. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "accounts/accounts.h"
#include "base/clock.h"
#include "base/log.h"
#include "cleanup.h"
#include "control/control_census.h"
#include "control/control_state.h"
#include "fleet/fleet_age.h"
#include "keys/sweep.h"
#include "keys/sweep_timer.h"
#include "login/verify.h"
#include "rules/expiry.h"
#include "store/store_account.h"
#include "store/store_cert.h"
#include "store/store_fleet.h"
#include "store/store_guard.h"
#include "store/store_key.h"
#include "store/store_look.h"
#include "store/store_mirror.h"
#include "store/store_reported.h"

struct metrics_call {
        struct control_census_call counting;
        int64_t next_expiry;
        struct store_cert_sum certs;
        bool accounts_read; /* and believed */
        uint64_t accounts_gone, accounts_held, passwords_held;
        struct store_health health;
        struct store_mirror mirror;
        bool in_fleet;
        struct store_fleet_sum fleet;
        bool issuing;
        struct store_reported_sum reported;
        int64_t fleet_age_s; /* INT64_MAX: not known */
        /* likewise: of the issuing host that was silent for longest */
        int64_t fleet_silent_s;
};

/* Damage is a metric itself. Where it is met, the others are as far as they can be read. */
static int go_on(int r) {
        return r == -EUCLEAN ? 0 : r;
}

static void metrics_detour(struct control_call *call) {
        control_census_count((struct control_census_call *) call, false);
}

static int64_t silence(const struct fleet *fleet) {
        size_t i;
        int64_t at = fleet ? fleet_age_silent(fleet, &i) : INT64_MAX;

        return at == INT64_MAX ? at : (clock_boot_ms() - at) / 1000;
}

/* Only an issuing host is told by others. */
static int get_reported(struct metrics_call *m, struct store *writer) {
        struct store_fleet self;
        int r;

        r = store_fleet_get(writer, &self);
        m->issuing = r >= 0 && self.issuing;
        return m->issuing ? store_reported_sum(writer, clock_now(), &m->reported) : r;
}

static void metrics_run(struct control_call *call, struct store *writer) {
        struct metrics_call *m = (struct metrics_call *) call;
        struct policy *policy = &m->counting.policy;
        int r;

        if (!control_get_policy(call, writer, policy))
                return;
        store_guard_health(writer, &m->health);
        m->accounts_read = !*accounts_unread(call->control->fixed.accounts);
        m->next_expiry = m->certs.next_end = m->certs.next_crl_end = INT64_MAX;
        r = go_on(sweep_next_expiry(writer, policy, &m->next_expiry));
        if (r >= 0)
                r = go_on(store_cert_sum(writer, clock_now(), &m->certs));
        if (r >= 0)
                r = go_on(store_account_count_gone(writer, &m->accounts_gone, &m->accounts_held));
        if (r >= 0)
                r = go_on(store_account_count_held_passwords(writer, &m->passwords_held));
        if (r >= 0)
                r = go_on(store_mirror_get(writer, &m->mirror));
        if (r >= 0)
                r = store_fleet_sum(writer, &m->fleet);
        m->in_fleet = r >= 0;
        if (r == -ENOENT)
                r = 0;
        if (m->in_fleet)
                r = get_reported(m, writer);
        m->fleet_age_s = store_fleet_age(writer, clock_boot_ms() / 1000);
        m->fleet_silent_s = silence(call->control->writer.fleet);
        if (r < 0)
                control_fail_store(call, r);
}

/* As "keys-ending-7d". */
static int append_ending(sd_bus_message *reply, const char *what,
                         const uint64_t counts[static STORE_SOON]) {
        static const int days[] = STORE_SOON_DAYS;
        char name[48];
        int r = 0;

        for (size_t i = 0; r >= 0 && i < STORE_SOON; i++) {
                (void) snprintf(name, sizeof(name), "%s-ending-%dd", what, days[i]);
                r = sd_bus_message_append(reply, "{sv}", name, "t", counts[i]);
        }
        return r;
}

/* A time that never comes is left out. */
static int append_time(sd_bus_message *reply, const char *name, int64_t at) {
        return at == INT64_MAX ? 0 : sd_bus_message_append(reply, "{sv}", name, "x", at);
}

static int append_stored(sd_bus_message *reply, const struct metrics_call *m) {
        const struct control *control = m->counting.call.control;
        const struct control_census *census = &m->counting.census;
        int r;

        r = sd_bus_message_append(
                reply, "{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}", "version", "s",
                PACKAGE_VERSION, "enabled", "b", (int) m->counting.policy.enabled, "started", "x",
                control->fixed.started_at, "keys-active", "t", census->keys[KEY_ACTIVE],
                "keys-expired", "t", census->keys[KEY_EXPIRED], "keys-revoked", "t",
                census->keys[KEY_REVOKED], "keys-idle", "t", census->keys[KEY_IDLE], "keys-counted",
                "x", census->at, "certificates-client", "t", m->certs.clients, "certificates-ca",
                "t", m->certs.cas, "accounts-read", "b", (int) m->accounts_read);
        if (r >= 0)
                r = sd_bus_message_append(reply, "{sv}{sv}{sv}", "accounts-vanished", "t",
                                          m->accounts_gone, "accounts-held", "t", m->accounts_held,
                                          "passwords-held", "t", m->passwords_held);
        if (r >= 0)
                r = append_ending(reply, "keys", census->ending);
        if (r >= 0)
                r = append_ending(reply, "certificates", m->certs.ending);
        if (r >= 0)
                r = append_ending(reply, "crls", m->certs.crls_ending);
        if (r >= 0)
                r = append_time(reply, "next-expiry", m->next_expiry);
        if (r >= 0)
                r = append_time(reply, "next-certificate-expiry", m->certs.next_end);
        return r < 0 ? r : append_time(reply, "next-crl-expiry", m->certs.next_crl_end);
}

static int append_health(sd_bus_message *reply, const struct store_health *health) {
        return sd_bus_message_append(reply, "{sv}{sv}{sv}{sv}", "store-lost", "b",
                                     (int) (health->lost != NULL), "store-read-only", "b",
                                     (int) (health->read_only != 0), "reserve-used", "b",
                                     (int) health->low, "changes-refused", "t", health->refused);
}

static int append_clock(sd_bus_message *reply) {
        return sd_bus_message_append(reply, "{sv}{sv}{sv}", "clock-trusted", "b",
                                     (int) clock_is_trusted(), "clock-behind", "t",
                                     (uint64_t) clock_behind(), "clock-ahead", "t",
                                     (uint64_t) clock_ahead());
}

static int append_copies(sd_bus_message *reply, const struct store_mirror *mirror) {
        int r = 0;

        if (mirror->imported_at > 0)
                r = append_time(reply, "last-import", mirror->imported_at);
        if (r >= 0 && mirror->backed_up_at > 0)
                r = append_time(reply, "last-backup", mirror->backed_up_at);
        return r;
}

static int append_reported(sd_bus_message *reply, const struct metrics_call *m) {
        return !m->issuing ? 0
                           : sd_bus_message_append(reply, "{sv}{sv}{sv}", "fleet-hosts", "t",
                                                   m->reported.hosts, "fleet-hosts-silent", "t",
                                                   m->reported.silent, "fleet-hosts-wrong", "t",
                                                   m->reported.wrong);
}

static int append_fleet(sd_bus_message *reply, const struct metrics_call *m) {
        int r;

        r = sd_bus_message_append(reply, "{sv}", "fleet-joined", "b", (int) m->in_fleet);
        if (r < 0 || !m->in_fleet)
                return r;
        r = sd_bus_message_append(reply, "{sv}{sv}{sv}", "fleet-keys", "t", m->fleet.keys,
                                  "fleet-waiting", "t", m->fleet.waiting, "fleet-connected", "b",
                                  (int) m->counting.call.control->loop.fleet.connected);
        if (r >= 0)
                r = append_reported(reply, m);
        if (r >= 0 && m->fleet_age_s != INT64_MAX)
                r = sd_bus_message_append(reply, "{sv}", "fleet-age", "x", m->fleet_age_s);
        if (r >= 0 && m->fleet_silent_s != INT64_MAX)
                r = sd_bus_message_append(reply, "{sv}", "fleet-silent", "x", m->fleet_silent_s);
        return r;
}

/* A look that has not come to its end yet has no time. */
static int append_checked(sd_bus_message *reply, const struct control *control) {
        struct store_looked checked = store_look_last(control->fixed.look);
        int r = sd_bus_message_append(reply, "{sv}", "store-damaged", "b", (int) checked.damaged);

        return r < 0 || checked.at == 0
                       ? r
                       : sd_bus_message_append(reply, "{sv}", "store-checked", "x", checked.at);
}

static int append_noted(sd_bus_message *reply, const struct control *control) {
        struct sweep_timer_sum sum = sweep_timer_sum(control->fixed.sweeper);

        return sd_bus_message_append(reply, "{sv}{sv}{sv}{sv}{sv}{sv}{sv}", "latency-sum", "t",
                                     verify_tally(control->fixed.verify)->sum_ns,
                                     "log-lines-dropped", "t", log_dropped(), "sweeps", "t",
                                     sum.runs, "sweeps-failed", "t", sum.failed, "swept-expired",
                                     "t", sum.expired, "swept-ended", "t", sum.ended,
                                     "swept-purged", "t", sum.purged);
}

static int append_verifications(sd_bus_message *reply, const struct tally *tally) {
        static const char *const kinds[] = { "login", "confirmation" };
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(ssst)");
        for (size_t i = 0; r >= 0 && i < ARRAY_LEN(kinds); i++)
                for (enum reason reason = REASON_NONE; r >= 0 && reason < _REASON_MAX; reason++)
                        r = sd_bus_message_append(reply, "(ssst)", kinds[i],
                                                  tally_verdict_name(tally_verdict(reason)),
                                                  verdict_reason_name(reason),
                                                  tally->counts[i][reason]);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_latencies(sd_bus_message *reply, const struct tally *tally) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(tt)");
        for (size_t i = 0; r >= 0 && i <= TALLY_BUCKETS; i++)
                r = sd_bus_message_append(reply, "(tt)", tally_bound_ns(i), tally->buckets[i]);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_queues(sd_bus_message *reply, const struct control *control) {
        struct control_queue queues[CONTROL_QUEUES] = {};
        int r;

        control->fixed.queues(queues, control->fixed.queues_userdata);
        r = sd_bus_message_open_container(reply, 'a', "(stt)");
        for (size_t i = 0; r >= 0 && i < CONTROL_QUEUES; i++)
                r = sd_bus_message_append(reply, "(stt)", queues[i].name, queues[i].length,
                                          queues[i].limit);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int metrics_reply(struct control_call *call, sd_bus_message *reply) {
        const struct tally *tally = verify_tally(call->control->fixed.verify);
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r >= 0)
                r = append_stored(reply, (struct metrics_call *) call);
        if (r >= 0)
                r = append_health(reply, &((struct metrics_call *) call)->health);
        if (r >= 0)
                r = append_clock(reply);
        if (r >= 0)
                r = append_copies(reply, &((struct metrics_call *) call)->mirror);
        if (r >= 0)
                r = append_fleet(reply, (struct metrics_call *) call);
        if (r >= 0)
                r = append_checked(reply, call->control);
        if (r >= 0)
                r = append_noted(reply, call->control);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        if (r >= 0)
                r = append_verifications(reply, tally);
        if (r >= 0)
                r = append_latencies(reply, tally);
        return r < 0 ? r : append_queues(reply, call->control);
}

const struct control_handlers control_metrics_get = {
        .size = sizeof(struct metrics_call),
        .detour = metrics_detour,
        .run = metrics_run,
        .reply = metrics_reply,
};

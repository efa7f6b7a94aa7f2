/* SPDX-License-Identifier: BSD-2-Clause */
/* What doctor says of the fleet: how old its state is, who is silent, what hosts report. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "control/control_doctor.h"
#include "control/control_state.h"
#include "fleet/fleet_age.h"
#include "fleet/fleet_hosts.h"
#include "keys/facts.h"
#include "store/store_fleet.h"
#include "store/store_reported.h"

/* Two rounds of heads that did not come are no reason to worry. */
#define FLEET_QUIET_S 60

/* An issuing host that is down for as long is worth a look. */
#define FLEET_SILENT_S 3600

/* A database that lies can keep what one issuing host says from hosts that hear the others. That
 * refuses no key, because a single issuing host that is down would close the fleet. */
static void check_issuers(struct diagnose_call *d, const struct fleet *fleet,
                          const struct policy *policy) {
        size_t i = 0;
        int64_t at = fleet ? fleet_age_silent(fleet, &i) : INT64_MAX, silent_s;

        if (at == INT64_MAX)
                return;
        silent_s = (clock_boot_ms() - at) / 1000;
        if (silent_s > FLEET_SILENT_S || silent_s > policy->replica_max_age_s)
                control_doctor_add(
                        d, DIAGNOSE_WARNING, "fleet",
                        "see that it runs and reaches the database; drop it if it is gone: "
                        "wfapikeyctl fleet drop",
                        "the issuing host %s has said nothing for %" PRId64
                        " s; what it revokes may not come here",
                        fleet_issuer(fleet, i)->host, silent_s);
}

/* 'fleet hosts' shows hosts, and no key that has none. */
static void check_strangers(struct diagnose_call *d, const struct fleet *fleet,
                            struct store *writer) {
        const struct store_fleet_issuer *issuer =
                fleet ? fleet_hosts_stranger(fleet, writer) : NULL;

        if (issuer)
                control_doctor_add(d, DIAGNOSE_WARNING, "fleet",
                                   "wfapikeyctl fleet hosts; fleet drop ends all keys of a name, "
                                   "and fleet move those that are not the host's",
                                   "what is signed in the name of %s is believed, and the key is "
                                   "that of no host of the fleet",
                                   issuer->host);
}

/* The database was restored or a standby promoted, and both histories have the same length. */
static void check_fork(struct diagnose_call *d, const struct fleet *fleet) {
        const char *host, *group = fleet ? fleet_age_fork(fleet, &host) : NULL;

        if (group)
                control_doctor_add(d, DIAGNOSE_ERROR, "fleet",
                                   "see FAILURES in wfapikey-fleet(7); wfapikeyctl fleet rebase on "
                                   "the issuing host that is to count",
                                   "group %s has another history on the issuing host %s: a "
                                   "database has lost changes",
                                   group, host);
}

static int take_id(const struct store_fleet_revocation *revocation, void *userdata) {
        memcpy(userdata, revocation->id, sizeof(revocation->id));
        return 1;
}

/* An issuing host sends them as soon as it can. One that does not issue any more cannot. */
static void check_waiting(struct diagnose_call *d, struct store *writer, uint64_t waiting) {
        struct store_fleet self = {};
        bool issuing = store_fleet_get(writer, &self) < 0 || self.issuing;
        char id[KEYTEXT_ID_LEN + 1] = "";

        explicit_bzero(&self, sizeof(self));
        if (waiting > 0 && issuing)
                control_doctor_add(d, DIAGNOSE_WARNING, "fleet",
                                   "see that the fleet's database is reached; until then they are "
                                   "revoked here alone",
                                   "%" PRIu64 " revocations wait for the fleet's database",
                                   waiting);
        else if (waiting > 0 && store_fleet_each_revocation(writer, take_id, id) >= 0)
                control_doctor_add(d, DIAGNOSE_WARNING, "fleet", "revoke them on an issuing host",
                                   "%" PRIu64 " keys were revoked here when this host issued, and "
                                   "no other host has heard of it, such as %s",
                                   waiting, id);
}

static void check_age(struct diagnose_call *d, const struct fleet *fleet, struct store *writer) {
        int64_t age = store_fleet_age(writer, clock_boot_ms() / 1000);
        struct store_fleet_sum sum;
        struct policy policy;

        if (fleet && fleet_is_unread(fleet))
                control_doctor_add(d, DIAGNOSE_ERROR, "fleet",
                                   "see why in the journal of wfapikeyd",
                                   "what this host is in its fleet cannot be read, so the keys of "
                                   "the fleet are "
                                   "refused, and nothing of the fleet is changed here");
        if (store_fleet_sum(writer, &sum) < 0 || facts_policy(writer, &policy) < 0)
                return;
        if (age == INT64_MAX)
                control_doctor_add(d, DIAGNOSE_WARNING, "fleet",
                                   "wfapikeyctl fleet status, systemctl status wfapikey-fleetd",
                                   "this host has not heard yet that its keys of the fleet are "
                                   "current, so they "
                                   "are "
                                   "refused");
        else if (age > policy.replica_max_age_s)
                control_doctor_add(d, DIAGNOSE_ERROR, "fleet",
                                   "wfapikeyctl fleet status, systemctl status wfapikey-fleetd",
                                   "this host has heard nothing of its fleet for %" PRId64
                                   " s, so the keys of the fleet are refused",
                                   age);
        else if (age > FLEET_QUIET_S)
                control_doctor_add(d, DIAGNOSE_WARNING, "fleet",
                                   "wfapikeyctl fleet status, systemctl status wfapikey-fleetd",
                                   "this host has heard nothing of its fleet for %" PRId64
                                   " s; after %" PRId64 " s the keys of the fleet are refused",
                                   age, policy.replica_max_age_s);
        else {
                check_issuers(d, fleet, &policy);
                check_strangers(d, fleet, writer);
        }
        check_waiting(d, writer, sum.waiting);
        check_fork(d, fleet);
}

static void check_reports(struct diagnose_call *d, struct store *writer) {
        struct store_reported_sum sum;
        struct store_fleet self;

        if (store_fleet_get(writer, &self) < 0 || !self.issuing ||
            store_reported_sum(writer, clock_now(), &sum) < 0)
                return;
        if (sum.wrong > 0)
                control_doctor_add(d, DIAGNOSE_ERROR, "fleet", "wfapikeyctl fleet audit verify",
                                   "what %" PRIu64
                                   " hosts of the fleet report does not go together, such as %s",
                                   sum.wrong, sum.example);
        else if (sum.silent > 0)
                control_doctor_add(
                        d, DIAGNOSE_WARNING, "fleet",
                        "wfapikeyctl fleet audit verify, and wfapikey-fleetd on that host",
                        "%" PRIu64 " hosts of the fleet have not reported for an hour, such as %s",
                        sum.silent, sum.example);
}

void control_doctor_fleet(struct diagnose_call *d, const struct control *control,
                          struct store *writer) {
        check_age(d, control->writer.fleet, writer);
        check_reports(d, writer);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The policies of a host. rules/policy.h says what they mean. */
#pragma once

#include "record.h"

#define POLICY_SERVICES_MAX 32

struct policy {
        bool enabled;
        bool admin_keys;
        int64_t lifetime_s; /* 0: no such lifetime */
        int64_t lifetime_changed_at;
        int64_t max_lifetime_s; /* 0: no such bound */
        int64_t max_keys_per_user;
        int64_t idle_s;                     /* an unused key ends; 0: never */
        int64_t idle_changed_at, idle_from; /* as if then used */
        bool remove_on_password_expiry;
        int64_t account_grace_s; /* until its keys end; 0: none */
        enum certificate_need require_certificate;
        /* How old a host's state of the fleet may be for the fleet's keys to be good. */
        int64_t replica_max_age_s;
        size_t n_services; /* services that need more than that */
        struct policy_service {
                char name[WIRE_SERVICE_MAX + 1];
                enum certificate_need need;
                int64_t replica_max_age_s; /* 0: as all */
        } services[POLICY_SERVICES_MAX];
        bool password_issue;
        int64_t retention_s;
        /* People do not set these. They are written with "remove all" and with a change of the
         * lifetime. */
        int64_t epoch;       /* older keys are removed */
        int64_t fleet_epoch; /* likewise of the fleet's keys */
        int64_t epoch_at;    /* when the epoch changed */
        /* Keys made up to then had outlived a lifetime before it was changed. */
        int64_t lapsed_before;
        int64_t lapsed_at; /* when that was written */
        /* Another number after each change that the verdict on a certificate depends on. */
        int64_t trust;
};

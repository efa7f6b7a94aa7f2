/* SPDX-License-Identifier: BSD-2-Clause */
/* A login that is accepted, and each way to spoil it. For the tests of those who decide about
 * logins. */
#pragma once

#include "unit.h"

#include "rules/rule.h"

#ifndef NOW
#define NOW INT64_C(1800000000)
#endif

struct login {
        struct policy policy;
        struct key_record key;
        struct account_record owner, linked;
        struct rule_facts facts;
};

static void good_login(struct login *l) {
        *l = (struct login){
                .policy = { .enabled = true, .remove_on_password_expiry = true },
                .owner = { .name = "alice",
                           .state = ACCOUNT_PRESENT,
                           .uid = 1000,
                           .closes_at = NOW + 5000 },
                .linked = { .name = "boss",
                            .state = ACCOUNT_PRESENT,
                            .password_ends_at = NOW + 5000 },
                .key = { .id = "0123456789",
                         .owner = "alice",
                         .owner_uid = 1000,
                         .linked = "boss",
                         .services = "sshd imap",
                         .networks = "192.0.2.0/24 2001:db8::/32",
                         .created_at = NOW - 1000,
                         .expires_at = NOW + 1000 },
                .facts = { .secret_ok = true,
                           .peer_may_claim = true,
                           .user = "alice",
                           .service = "imap",
                           .rhost = "192.0.2.7",
                           .realm = { .accounts = true },
                           .now = NOW },
        };
        l->facts.policy = &l->policy;
        l->facts.key = &l->key;
        l->facts.owner = &l->owner;
        l->facts.linked = &l->linked;
}

static void disable(struct login *l) {
        l->policy.enabled = false;
}

static void lose_key(struct login *l) {
        l->facts.key = NULL;
}

static void spoil_secret(struct login *l) {
        l->facts.secret_ok = false;
}

static void change_user(struct login *l) {
        l->facts.user = "alic";
}

static void give_service_to_a_realm(struct login *l) {
        l->facts.realm.accounts = false;
}

static void revoke_key(struct login *l) {
        l->key.status = KEY_REVOKED;
}

static void expire_key(struct login *l) {
        l->key.expires_at = NOW;
}

static void leave_unused(struct login *l) {
        l->key.dead_at = NOW;
        memcpy(l->key.reason, "not used", sizeof("not used"));
}

static void remove_all(struct login *l) {
        l->policy.epoch = l->policy.fleet_epoch = 1;
}

static void forget_account(struct login *l) {
        l->owner.state = ACCOUNT_UNKNOWN;
}

static void reuse_uid(struct login *l) {
        l->owner.uid = 1001;
}

static void close_account(struct login *l) {
        l->owner.closes_at = NOW;
}

static void expire_password(struct login *l) {
        l->linked.password_ends_at = NOW;
}

static void forbid_admins(struct login *l) {
        l->policy.admin_keys = false;
        l->owner.admin = true;
}

static void forbid_claim(struct login *l) {
        l->facts.peer_may_claim = false;
}

static void change_service(struct login *l) {
        l->facts.service = "ima";
}

static void hear_nothing_new(struct login *l) {
        memcpy(l->key.hosts, "web", 4);
        l->policy.replica_max_age_s = 3600;
        l->facts.fleet_age_s = 3601;
}

static void change_source(struct login *l) {
        l->facts.rhost = "192.0.3.7";
}

static void demand_certificate(struct login *l) {
        l->policy.require_certificate = CERTIFICATE_YES;
}

/* In the order of DESIGN 6. */
static const struct {
        const char *why;
        void (*spoil)(struct login *l);
        enum reason verifying, confirming;
} facts[] = {
        { "disabled", disable, REASON_DISABLED, REASON_DISABLED },
        { "no key", lose_key, REASON_UNKNOWN_KEY, REASON_STALE },
        { "wrong secret", spoil_secret, REASON_WRONG_SECRET, REASON_STALE },
        { "other user", change_user, REASON_OTHER_USER, REASON_OTHER_USER },
        { "service of a realm", give_service_to_a_realm, REASON_REALM_SERVICE,
          REASON_REALM_SERVICE },
        { "removed", remove_all, REASON_REMOVED, REASON_REMOVED },
        { "revoked", revoke_key, REASON_REVOKED, REASON_REVOKED },
        { "expired", expire_key, REASON_EXPIRED, REASON_EXPIRED },
        { "idle", leave_unused, REASON_IDLE, REASON_IDLE },
        { "old state", hear_nothing_new, REASON_FLEET_STALE, REASON_FLEET_STALE },
        { "unknown account", forget_account, REASON_ACCOUNT_UNKNOWN, REASON_ACCOUNT_UNKNOWN },
        { "another's uid", reuse_uid, REASON_ACCOUNT_GONE, REASON_ACCOUNT_GONE },
        { "account", close_account, REASON_ACCOUNT_EXPIRED, REASON_ACCOUNT_EXPIRED },
        { "password", expire_password, REASON_PASSWORD_EXPIRED, REASON_PASSWORD_EXPIRED },
        { "administrator", forbid_admins, REASON_ADMIN, REASON_ADMIN },
        { "peer", forbid_claim, REASON_PEER, REASON_PEER },
        { "service", change_service, REASON_SERVICE, REASON_SERVICE },
        { "source", change_source, REASON_SOURCE, REASON_SOURCE },
        { "certificate", demand_certificate, REASON_CERTIFICATE_MISSING,
          REASON_CERTIFICATE_MISSING },
};

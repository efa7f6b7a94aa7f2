/* SPDX-License-Identifier: BSD-2-Clause */
/* The verdict on a login. Pure: facts and a time go in, a reason comes out; no store, no clock. */
#pragma once

#include "rules/policy.h"
#include "verdict.h"

/* What matters to a login about the certificate that was shown. */
struct rule_certificate {
        uint8_t thumbprint[RECORD_THUMBPRINT_LEN];
        /* why it is not trusted, or REASON_NONE */
        enum reason reason;
        bool proved; /* that the user has its key */
};

/* What is known about one login when it is decided. */
struct rule_facts {
        const struct policy *policy;
        const struct key_record *key; /* NULL: no key has this id */
        /* of the key; NULL: nothing is known */
        const struct account_record *owner;
        /* whose password counts; NULL: nothing is known */
        const struct account_record *linked;
        /* the digest, or the ticket, is that of the key */
        bool secret_ok;
        bool confirming; /* a ticket was presented, not a key */
        /* the asking process may speak for the service */
        bool peer_may_claim;
        const char *user;
        /* whose name ${user} is, where it may be another spelling of the owner's; NULL: nothing is
         * known */
        const struct account_record *spelled;
        const char *service;
        const char *rhost; /* "" when unknown */
        /* NULL: none was shown, or it was not judged yet */
        const struct rule_certificate *certificate;
        /* what the configuration says of realms; zeroes let nobody in */
        struct realm_facts realm;
        /* How many seconds ago the fleet's keys were last known to be current. INT64_MAX: that is
         * not known. Of no account for other keys. */
        int64_t fleet_age_s;
        int64_t now;
};

/* What a login has to pass, in this order. The certificate comes last, so that none is read for
 * a client without a good key. */
enum rule {
        RULE_ENABLED,
        RULE_KEY,
        RULE_SECRET,
        RULE_USER,
        RULE_REALM,
        RULE_REMOVED,
        RULE_REVOKED,
        RULE_RETIRED,
        RULE_EXPIRED,
        RULE_IDLE,
        RULE_FLEET,
        RULE_ACCOUNT,
        RULE_ACCOUNT_EXPIRED,
        RULE_PASSWORD,
        RULE_ADMIN,
        RULE_PEER,
        RULE_SERVICE,
        RULE_SOURCE,
        RULE_CERTIFICATE,
        _POLICY_RULE_MAX,
};

/**
 * rule_check(rule, facts): why the login does not pass ${rule}, or REASON_NONE. The login must have
 * passed the earlier rules.
 */
enum reason rule_check(enum rule rule, const struct rule_facts *facts);

/**
 * rule_decide(facts): the reason of the first rule that the login does not pass, or REASON_NONE.
 */
enum reason rule_decide(const struct rule_facts *facts);

/**
 * rule_may_be_same(owner, user): whether ${user} may be another spelling of ${owner}: the same but
 * for case, an @ with what follows, and what stands before a backslash. A directory must say whose
 * it is.
 */
bool rule_may_be_same(const char *owner, const char *user);

/**
 * rule_user_of(key): the name by which the owner of ${key} logs in: of a user of a realm the part
 * behind the realm. Borrowed from ${key}.
 */
const char *rule_user_of(const struct key_record *key);

/**
 * rule_need(policy, key, service): the certificate that a login with ${key} to ${service} needs.
 * Policy, service and key can ask for one, and the strictest wins.
 */
enum certificate_need rule_need(const struct policy *policy, const struct key_record *key,
                                const char *service);

/* SPDX-License-Identifier: BSD-2-Clause */
/* The verdict on a login. Pure: facts and a time go in, a reason comes out; no store, no clock. */
#pragma once

#include "rules/policy.h"
#include "verdict.h"

/* A certificate that was shown, as far as it matters to a login. */
struct policy_certificate {
        uint8_t thumbprint[RECORD_THUMBPRINT_LEN];
        /* why it is not trusted, or REASON_NONE */
        enum reason reason;
        bool proved; /* that whoever logs in has its key */
};

/* What is known about one login when it is decided. */
struct policy_facts {
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
        const char *service;
        const char *rhost; /* "" when unknown */
        const struct policy_certificate
                *certificate; /* NULL: none was shown, or nobody has looked at it yet */
        int64_t now;
};

/* What a login has to pass, in this order. Source: DESIGN 6, order of verification. */
enum policy_rule {
        POLICY_RULE_ENABLED,
        POLICY_RULE_KEY,
        POLICY_RULE_SECRET,
        POLICY_RULE_USER,
        POLICY_RULE_REMOVED,
        POLICY_RULE_REVOKED,
        POLICY_RULE_RETIRED,
        POLICY_RULE_EXPIRED,
        POLICY_RULE_ACCOUNT,
        POLICY_RULE_ACCOUNT_EXPIRED,
        POLICY_RULE_PASSWORD,
        POLICY_RULE_ADMIN,
        POLICY_RULE_PEER,
        POLICY_RULE_SERVICE,
        POLICY_RULE_SOURCE,
        POLICY_RULE_CERTIFICATE,
        _POLICY_RULE_MAX,
};

/**
 * policy_rule_check(rule, facts): why the login does not pass ${rule}, or REASON_NONE. To be
 * asked only when it has passed those before.
 */
enum reason policy_rule_check(enum policy_rule rule, const struct policy_facts *facts);

/**
 * policy_rule_decide(facts): why the login is refused: by the first rule that it does not pass;
 * or REASON_NONE.
 */
enum reason policy_rule_decide(const struct policy_facts *facts);

/**
 * policy_rule_need(policy, key, service): the certificate that a login with ${key} to ${service}
 * needs: whatever asks for most.
 */
enum certificate_need policy_rule_need(const struct policy *policy, const struct key_record *key,
                                       const char *service);

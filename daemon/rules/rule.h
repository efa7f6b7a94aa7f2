/* SPDX-License-Identifier: BSD-2-Clause */
/* The verdict on a login. Pure: facts and a time go in, a reason comes out; no store, no clock. */
#pragma once

#include "rules/policy.h"
#include "verdict.h"

/* A certificate that was shown, as far as it matters to a login. */
struct rule_certificate {
        uint8_t thumbprint[RECORD_THUMBPRINT_LEN];
        /* why it is not trusted, or REASON_NONE */
        enum reason reason;
        bool proved; /* that whoever logs in has its key */
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
        const char *service;
        const char *rhost; /* "" when unknown */
        /* NULL: none was shown, or nobody has looked at it yet */
        const struct rule_certificate *certificate;
        int64_t now;
};

/* What a login has to pass, in this order. Source: DESIGN 6, order of verification. */
enum rule {
        RULE_ENABLED,
        RULE_KEY,
        RULE_SECRET,
        RULE_USER,
        RULE_REMOVED,
        RULE_REVOKED,
        RULE_RETIRED,
        RULE_EXPIRED,
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
 * rule_check(rule, facts): why the login does not pass ${rule}, or REASON_NONE. To be
 * asked only when it has passed those before.
 */
enum reason rule_check(enum rule rule, const struct rule_facts *facts);

/**
 * rule_decide(facts): why the login is refused: by the first rule that it does not pass;
 * or REASON_NONE.
 */
enum reason rule_decide(const struct rule_facts *facts);

/**
 * rule_need(policy, key, service): the certificate that a login with ${key} to ${service}
 * needs: whatever asks for most.
 */
enum certificate_need rule_need(const struct policy *policy, const struct key_record *key,
                                const char *service);

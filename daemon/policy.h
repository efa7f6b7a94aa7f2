/* The policies by name, and the verdict on a login. Pure: facts and a time go in, a reason comes out; no store, no clock. */
#pragma once

#include "record.h"
#include "verdict.h"

#define POLICY_VALUE_LEN 32

/* Names in the store beside those of the policies, which people can neither see nor set: how often all keys were removed, and up to when keys
 * without an expiry of their own had outlived the lifetime at its last change. */
#define POLICY_EPOCH  "epoch"
#define POLICY_LAPSED "lapsed"

/**
 * policy_init(policy): the defaults, closed: no key is accepted until an administrator says so.
 */
void policy_init(struct policy *policy);

/**
 * policy_apply(policy, name, value, changed_at):
 * Sets one policy to what the store holds. Returns 0; -ENOENT for a name and -ERANGE for a value that this build does not know:
 * then nothing may be accepted, because nobody knows what was forbidden.
 */
int policy_apply(struct policy *policy, const char *name, int64_t value, int64_t changed_at) _must_check_;

/**
 * policy_parse(name, text, ret):
 * Reads what a person wrote for the policy ${name}. Returns 0; -ENOENT when there is no such policy; -EINVAL or -ERANGE for a value that
 * is not right (policy_usage() says what is).
 */
int policy_parse(const char *name, const char *text, int64_t *ret) _must_check_;

/**
 * policy_usage(name): what may be written for the policy, for an error text; NULL when there is no such policy. Static storage.
 */
const char *policy_usage(const char *name);

/**
 * policy_name(i): the name of the ${i}th policy in alphabetical order; NULL behind the last.
 */
const char *policy_name(size_t i);

/**
 * policy_format(policy, name, out): the value of the policy ${name} as policy_parse() reads it; "" when there is none.
 */
void policy_format(const struct policy *policy, const char *name, char out[static POLICY_VALUE_LEN]);

/* What is known about one login when it is decided. */
struct policy_facts {
        const struct policy *policy;
        const struct key_record *key;        /* NULL: no key has this id */
        const struct account_record *owner;  /* of the key; NULL: nothing is known */
        const struct account_record *linked; /* whose password counts; NULL: nothing is known */
        bool secret_ok;                      /* the digest, or the ticket, is that of the key */
        bool confirming;                     /* a ticket was presented, not a key */
        bool peer_may_claim;                 /* the asking process may speak for the service */
        const char *user;
        const char *service;
        const char *rhost; /* "" when unknown */
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
 * policy_check(rule, facts): why the login does not pass ${rule}, or REASON_NONE. To be asked only when it has passed those before.
 */
enum reason policy_check(enum policy_rule rule, const struct policy_facts *facts);

/**
 * policy_decide(facts): why the login is refused: by the first rule that it does not pass; or REASON_NONE.
 */
enum reason policy_decide(const struct policy_facts *facts);

/* SPDX-License-Identifier: BSD-2-Clause */
/* The policies by name, with their values as text and as the store has them. Pure. */
#pragma once

#include "record.h"
#include "record_policy.h"

#define POLICY_VALUE_LEN 32

/* Names in the store that are no policies: people neither see nor set them. The first says how
 * often all keys were removed. The second says which keys without an expiry of their own had
 * outlived the lifetime at its last change: those made up to then. */
#define POLICY_EPOCH       "epoch"
#define POLICY_FLEET_EPOCH "fleet-epoch" /* likewise of the fleet's keys */
#define POLICY_LAPSED      "lapsed"
#define POLICY_TRUST       "trust" /* see struct policy */
/* What is known of the uses of keys has a gap up to the time at which this was set. */
#define POLICY_IDLE_FROM "idle-from"

/* In a name, the service that needs a certificate follows this. */
#define POLICY_SERVICE "require-certificate:"
/* likewise, the service for which the fleet's state must be newer */
#define POLICY_SERVICE_AGE "replica-max-age:"

#define POLICY_NAME_LEN (sizeof(POLICY_SERVICE) + WIRE_SERVICE_MAX)

/**
 * policy_init(policy): the defaults. No key is accepted until an administrator says so.
 */
void policy_init(struct policy *policy);

/**
 * policy_apply(policy, name, value, changed_at):
 * Sets one policy to what the store holds. Returns 0; -ENOENT for a name and -ERANGE for a value
 * that this build does not know. After an error nothing may be accepted, because the policy may
 * forbid it. The name of a service is folded. Where the store names a service twice, the stricter
 * value counts.
 */
int policy_apply(struct policy *policy, const char *name, int64_t value,
                 int64_t changed_at) _must_check_;

/**
 * policy_parse(name, text, ret):
 * Reads what a person wrote for the policy ${name}. Returns 0; -ENOENT when there is no such
 * policy; -EINVAL or -ERANGE for a wrong value (policy_usage() says what is right).
 */
int policy_parse(const char *name, const char *text, int64_t *ret) _must_check_;

/**
 * policy_fold_name(name): folds the service in the name of a policy, where it has one. The other
 * functions take folded names, except for policy_apply().
 */
void policy_fold_name(char *name);

/**
 * policy_usage(name): what may be written for the policy, for an error text; NULL when there is
 * no such policy. Static storage.
 */
const char *policy_usage(const char *name);

/**
 * policy_name(policy, i, out):
 * The name of the ${i}th policy: first all policies in alphabetical order, then those for the
 * services in ${policy}. Returns whether there is an ${i}th.
 */
bool policy_name(const struct policy *policy, size_t i, char out[static POLICY_NAME_LEN]);

/**
 * policy_service_need(policy, service): what the policy of ${service} asks for; CERTIFICATE_NO when
 * it has none.
 */
enum certificate_need policy_service_need(const struct policy *policy, const char *service);

/**
 * policy_replica_max_age(policy, service): how many seconds old the state of the fleet may be for a
 * login to ${service}.
 */
int64_t policy_replica_max_age(const struct policy *policy, const char *service);

/**
 * policy_need_name(need), policy_parse_need(text, ret): "no", "yes", "proof". Static storage. 0;
 * -EINVAL.
 */
const char *policy_need_name(enum certificate_need need);
int policy_parse_need(const char *text, enum certificate_need *ret) _must_check_;

/**
 * policy_is_stricter(policy, name, value):
 * Whether ${value} as the policy ${name} forbids a login or an issue that ${policy} allows. Numbers
 * and durations are never stricter, because it depends on the key.
 */
bool policy_is_stricter(const struct policy *policy, const char *name, int64_t value);

/**
 * policy_format(policy, name, out): the value of the policy ${name} as policy_parse() reads it;
 * "" when there is none.
 */
void policy_format(const struct policy *policy, const char *name,
                   char out[static POLICY_VALUE_LEN]);

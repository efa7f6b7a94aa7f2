/* SPDX-License-Identifier: BSD-2-Clause */
/* Says in words, rule by rule, how a login with a key would come out. For the owner and for
 * administrators, who need no secret to ask. Pure. */
#pragma once

#include "rules/rule.h"

/* a list of services or networks, and what was asked for */
#define EXPLAIN_TEXT_LEN 2560

enum explain_outcome {
        EXPLAIN_NOT_REACHED = 0,
        EXPLAIN_PASSED,
        EXPLAIN_FAILED,
};

struct explain {
        enum reason reason; /* what rule_decide() says */
        struct explain_line {
                const char *name; /* of the rule; static storage */
                enum explain_outcome outcome;
                /* the values that decided; printable UTF-8 */
                char text[EXPLAIN_TEXT_LEN];
        } lines[_POLICY_RULE_MAX]; /* in the order of the rules */
};

/**
 * explain_login(facts, ret):
 * Checks the rules as rule_decide() does, up to the first one that ${facts} do not pass. There must
 * be a key.
 */
void explain_login(const struct rule_facts *facts, struct explain *ret);

/**
 * explain_refused(facts, out):
 * Whether this host refuses an active key because of what it knows of the accounts behind the key,
 * and why. It may be otherwise tomorrow or on another host, so it is not the status of the key.
 * ${facts} has the policy, the key, its accounts, the realms and the time. ${out} is "" when it is
 * not so.
 */
bool explain_refused(const struct rule_facts *facts, char out[static RECORD_REASON_MAX + 1]);

/**
 * explain_outcome_name(outcome): "passed", "failed", "not reached". Static storage.
 */
const char *explain_outcome_name(enum explain_outcome outcome);

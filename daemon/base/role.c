/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of what each role may do. Pure: it knows no caller, no key and no configuration. */
#include "base/role.h"
#include "attr.h"

enum rule {
        RULE_ADMIN = 0, /* administrators only, for any key */
        /* with own keys, developers too; everybody where there is no developer group */
        RULE_OWN_DEVELOPER,
        RULE_OWN, /* with own keys, everybody */
        RULE_ALL,
        RULE_FLEET, /* wfapikey-fleetd */
};

static const enum rule rules[] = {
        [ROLE_VERB_POLICY] = RULE_ADMIN,        [ROLE_VERB_ISSUE] = RULE_OWN_DEVELOPER,
        [ROLE_VERB_ISSUE_PASSWORD] = RULE_ALL,  [ROLE_VERB_RENAME] = RULE_OWN_DEVELOPER,
        [ROLE_VERB_RESET] = RULE_OWN_DEVELOPER, [ROLE_VERB_LIST] = RULE_OWN,
        [ROLE_VERB_REVOKE] = RULE_OWN,          [ROLE_VERB_REMOVE] = RULE_OWN,
        [ROLE_VERB_STATUS] = RULE_ALL,          [ROLE_VERB_STATISTICS] = RULE_ADMIN,
        [ROLE_VERB_AUDIT] = RULE_OWN,           [ROLE_VERB_AUDIT_CHECK] = RULE_ADMIN,
        [ROLE_VERB_DIAGNOSE] = RULE_ADMIN,      [ROLE_VERB_REMOVE_ALL] = RULE_ADMIN,
        [ROLE_VERB_MIRROR] = RULE_ADMIN,        [ROLE_VERB_BIND] = RULE_OWN_DEVELOPER,
        [ROLE_VERB_CERTIFICATE] = RULE_ADMIN,   [ROLE_VERB_RELOAD] = RULE_ADMIN,
        [ROLE_VERB_ACCOUNT] = RULE_ADMIN,       [ROLE_VERB_FLEET] = RULE_ADMIN,
        [ROLE_VERB_CARRY] = RULE_FLEET,         [ROLE_VERB_BURN] = RULE_ALL,
        [ROLE_VERB_REVIVE] = RULE_ADMIN,
};
_Static_assert(ARRAY_LEN(rules) == _ROLE_VERB_MAX, "a rule for each verb");

bool role_issues(enum role_verb verb) {
        return verb == ROLE_VERB_ISSUE || verb == ROLE_VERB_LIST || verb == ROLE_VERB_REVOKE;
}

bool role_shares(enum role role) {
        return role == ROLE_ADMIN || role == ROLE_DEVELOPER;
}

bool role_may(enum role role, enum role_verb verb, bool own, bool developers) {
        if ((unsigned) verb >= _ROLE_VERB_MAX || (unsigned) role >= _ROLE_MAX)
                return false;
        if (role == ROLE_ADMIN)
                return true;
        switch (rules[verb]) {
        case RULE_ADMIN:
                return false;
        case RULE_OWN_DEVELOPER:
                return own && (role == ROLE_DEVELOPER || !developers);
        case RULE_OWN:
                return own || (role == ROLE_READER && verb == ROLE_VERB_LIST);
        case RULE_ALL:
                return true;
        case RULE_FLEET:
                return role == ROLE_FLEET;
        }
        return false;
}

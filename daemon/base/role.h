/* SPDX-License-Identifier: BSD-2-Clause */
/* Who may do what on the control socket. Pure. */
#pragma once

#include <stdbool.h>

enum role {
        ROLE_USER = 0,
        ROLE_DEVELOPER, /* member of the developer group */
        /* root, the daemon's own uid, or member of the admin group */
        ROLE_ADMIN,
        ROLE_FLEET, /* wfapikey-fleetd */
        /* as a user, and sees the keys of all: wfapikey-warn */
        ROLE_READER,
        _ROLE_MAX,
};

enum role_verb {
        ROLE_VERB_POLICY, /* read and change the policy */
        ROLE_VERB_ISSUE,
        /* for the user whose password is given; the right of that user to ISSUE counts */
        ROLE_VERB_ISSUE_PASSWORD,
        ROLE_VERB_RENAME,
        ROLE_VERB_RESET, /* rotate as well */
        ROLE_VERB_LIST,
        ROLE_VERB_REVOKE,
        ROLE_VERB_REVIVE, /* a key that was not used for long */
        ROLE_VERB_REMOVE,
        ROLE_VERB_REMOVE_ALL, /* keys of all users at once */
        ROLE_VERB_STATUS,
        /* the part of the status that is about other people */
        ROLE_VERB_STATISTICS,
        ROLE_VERB_AUDIT, /* see what happened */
        ROLE_VERB_AUDIT_CHECK,
        ROLE_VERB_DIAGNOSE,
        ROLE_VERB_RELOAD,  /* have the configuration read again */
        ROLE_VERB_ACCOUNT, /* report the end of an account */
        ROLE_VERB_BIND,    /* bind a key to a certificate */
        /* register certificates, see and remove them */
        ROLE_VERB_CERTIFICATE,
        /* copy, back up and restore the whole store */
        ROLE_VERB_MIRROR,
        /* begin, join and leave a fleet, invite hosts */
        ROLE_VERB_FLEET,
        /* carry changes between the fleet's database and the daemon */
        ROLE_VERB_CARRY,
        /* end a key that the caller has */
        ROLE_VERB_BURN,
        _ROLE_VERB_MAX,
};

/**
 * role_issues(verb): whether those who issue the keys of a realm may do ${verb} with these keys,
 * whatever their role: issue, list and revoke.
 */
bool role_issues(enum role_verb verb);

/**
 * role_shares(role):
 * Whether ${role} may make keys for the hosts of a fleet. On another host the account of the same
 * name may be somebody else's, and may do more: a user who may issue here is no reason.
 */
bool role_shares(enum role role);

/**
 * role_may(role, verb, own, developers):
 * Whether a caller of ${role} may do ${verb} to a key of its own (${own}), or to any key.
 * ${developers} says whether there is a developer group. What is not known is not allowed.
 * Source: DESIGN 8.
 */
bool role_may(enum role role, enum role_verb verb, bool own, bool developers);

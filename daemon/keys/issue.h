/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes keys, for whoever was allowed to have one made: the control socket, and logins
 * (firstuse.h). Runs on the writer thread. */
#pragma once

#include "secret/keymint.h"
#include "store/store.h"

enum issue_error {
        ISSUE_OK = 0,
        ISSUE_NO_SUCH_USER,
        ISSUE_NO_ANSWER, /* of the user database */
        ISSUE_INVALID,
        ISSUE_LIMIT,
        ISSUE_DISABLED,
        ISSUE_ADMIN,
        ISSUE_CLOSED,
        ISSUE_HAS_KEY,
        ISSUE_STORE,
        _ISSUE_ERROR_MAX,
};

/* One key to be made. Zeroed, then filled by the caller; to be wiped. */
struct issue {
        const struct keymint *keymint;
        /* as a person wrote it; empty: by the policy */
        char expires[64];
        /* what it is to be bound to: see registered_find(); empty: nothing */
        char certificate[WIRE_NAME_MAX + 1];
        /* a password was all that the caller had: the policy password-issue must allow that */
        bool by_password;
        /* the secret is the caller's, a whole key with an id of its own; else one is drawn */
        bool given;
        /* only where no key that is good for the service key.services stands in the way */
        bool first_use;
        /* Name, services, networks, origin, predecessor and certificate_need, and of a
         * predecessor what it is bound to, are the caller's, all else is filled in. One that
         * takes the place of a predecessor does not count towards max-keys-per-user, and has the
         * caller's expires_at, bounded by max-lifetime. */
        struct key_record key;
        /* of the making, the caller's but for what is known of the key */
        struct audit_record audit;
        /* what was just learned of them; ACCOUNT_UNKNOWN: nothing */
        struct account_record owner, linked;
        struct secret secret;
        enum issue_error error;
        char error_text[256]; /* a sentence, printable */
};

/**
 * issue_take_owner(issue, user, r, account), issue_take_linked(issue, user, r, account):
 * Whose key it will be, and then on whose password it will depend (without the second: its
 * owner's), by the answer ${r} and ${account} of accounts_ask() for ${user}. Returns whether
 * there is such a user; if not the error says why, and stays in ${issue}.
 */
bool issue_take_owner(struct issue *issue, const char *user, int r,
                      const struct account_record *account) _must_check_;
bool issue_take_linked(struct issue *issue, const char *user, int r,
                       const struct account_record *account);

/**
 * issue_make(issue, writer):
 * Decides by the policy and makes the key of the owner that was found, in one transaction.
 * Returns whether there is a key, now in ${issue}; if not nothing has changed and the error says
 * why.
 */
bool issue_make(struct issue *issue, struct store *writer) _must_check_;

/**
 * issue_add(issue, writer): the same inside the caller's transaction, which ends without it when
 * it fails.
 */
bool issue_add(struct issue *issue, struct store *writer) _must_check_;

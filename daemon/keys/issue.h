/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes keys, for callers that have checked who may have one made: the control socket, and logins
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

/* One key to be made. The caller zeroes it, fills it, and wipes it in the end. */
struct issue {
        const struct keymint *keymint;
        /* as a person wrote it; empty: the policy decides */
        char expires[64];
        /* the certificate that it will be bound to, see registered_find(); empty: none */
        char certificate[WIRE_NAME_MAX + 1];
        /* the caller had only a password: the policy password-issue must allow that */
        bool by_password;
        /* the secret is the caller's: a whole key with an id of its own; else one is drawn */
        bool given;
        /* only if the user has no key that is good for the service key.services */
        bool first_use;
        /* The caller sets name, services, networks, origin, predecessor and certificate_need. All
         * else is filled in. A key with a predecessor does not count towards max-keys-per-user.
         * For such a key the caller also sets what it is bound to, and expires_at, which
         * max-lifetime bounds. */
        struct key_record key;
        /* record of the making: the caller fills it, but not what is known of the key */
        struct audit_record audit;
        /* what was just learned of them; ACCOUNT_UNKNOWN: nothing */
        struct account_record owner, linked;
        struct secret secret;
        enum issue_error error;
        char error_text[256]; /* a sentence, printable */
};

/**
 * issue_take_owner(issue, user, r, account), issue_take_linked(issue, user, r, account):
 * Takes the answer ${r} and ${account} of accounts_ask() for ${user}: whose key it will be, and
 * then the user on whose password it will depend. Without the second call it depends on its
 * owner's. Returns whether there is such a user. If not, the error
 * says why, and stays in ${issue}.
 */
bool issue_take_owner(struct issue *issue, const char *user, int r,
                      const struct account_record *account) _must_check_;
bool issue_take_linked(struct issue *issue, const char *user, int r,
                       const struct account_record *account);

/**
 * issue_make(issue, writer):
 * Decides by the policy and makes the key for the owner that was found, in one transaction. Returns
 * whether there is a key, which is then in ${issue}. If not, nothing has changed and the error says
 * why.
 */
bool issue_make(struct issue *issue, struct store *writer) _must_check_;

/**
 * issue_add(issue, writer): the same inside the caller's transaction. When it fails, the caller
 * ends that transaction without a commit.
 */
bool issue_add(struct issue *issue, struct store *writer) _must_check_;

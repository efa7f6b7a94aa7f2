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
        ISSUE_NAME_TAKEN, /* the result has the id of that key */
        ISSUE_STORE,
        _ISSUE_ERROR_MAX,
};

/* What key is wanted. Zeroed, then filled by the caller; issue_make() only reads it. */
struct issue_request {
        const struct keymint *keymint;
        /* The secret of the key, a whole key with an id of its own. NULL: one is drawn. */
        const struct secret *given;
        /* The new key takes the place of this one. NULL: of none. With a predecessor owner, linked
         * user, name, services, networks, need and binding are those of the predecessor. So is the
         * length of its life, unless expires says otherwise. It does not count towards
         * max-keys-per-user. */
        const struct key_record *predecessor;
        /* As was just learned. ACCOUNT_UNKNOWN as the linked one: the owner's password counts. */
        struct account_record owner, linked;
        /* see struct key_record */
        char name[WIRE_NAME_MAX + 1];
        char services[RECORD_LIST_LEN];
        char networks[RECORD_LIST_LEN];
        char origin[RECORD_ORIGIN_MAX + 1];
        /* for hosts of the fleet; "": for this one */
        char hosts[RECORD_HOSTS_LEN];
        enum certificate_need certificate_need;
        /* what the key is to be bound to: see registered_find(); empty: nothing */
        char certificate[WIRE_NAME_MAX + 1];
        /* as a person wrote it; empty: by the policy */
        char expires[64];
        /* a password was all that the caller had: the policy password-issue must allow that */
        bool by_password;
        /* only where the owner has no active key of this name */
        bool unique_name;
        /* only where no key that is good for these services stands in the way */
        bool first_use;
        /* who asked, and how; what concerns the key is added */
        struct audit_record audit;
};

/* What came of it. Zeroed, then filled by issue.c. The caller wipes it. */
struct issue_result {
        enum issue_error error;
        char error_text[256]; /* a sentence, printable */
        /* of the key, when there is one; only its id, after ISSUE_NAME_TAKEN */
        struct key_record key;
        /* That was drawn. Empty where the request gave one. */
        struct secret secret;
};

/**
 * issue_take_user(user, r, account, ret, result):
 * Whose key it will be, or on whose password it will depend, by the answer ${r} and ${account} of
 * accounts_ask() for ${user}. Returns whether there is such a user, who is ${ret} then, of a
 * request. If not ${result} says why, from then on.
 */
bool issue_take_user(const char *user, int r, const struct account_record *account,
                     struct account_record *ret, struct issue_result *result);

/**
 * issue_make(request, writer, result):
 * Decides by the policy and makes the key, in one transaction. Returns whether there is a key, now
 * in ${result}. If not nothing has changed, there is no secret, and ${result} says why.
 */
bool issue_make(const struct issue_request *request, struct store *writer,
                struct issue_result *result) _must_check_;

/**
 * issue_add(request, writer, result): the same inside the caller's transaction, which ends without
 * it when it fails.
 */
bool issue_add(const struct issue_request *request, struct store *writer,
               struct issue_result *result) _must_check_;

/**
 * issue_could(request, writer, result): whether there would be a key, and makes none. If not,
 * ${result} says why; else it is zeroed.
 */
bool issue_could(const struct issue_request *request, struct store *writer,
                 struct issue_result *result) _must_check_;

/**
 * issue_pepper(s, keymint, hosts, ret): the pepper of a key that is for the groups ${hosts}: that
 * of the fleet, or of this host when there are none. 0; -ENOENT when this host is in no fleet; an
 * error of the store.
 */
int issue_pepper(struct store *s, const struct keymint *keymint, const char *hosts,
                 uint32_t *ret) _must_check_;

/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of PAM codes, one row for each outcome. It must not know how an outcome came about, and
 * it fails closed: a value that is not in the table is unavailable. */
#include <security/_pam_types.h>

#include "attr.h"
#include "pam_map.h"

static const struct {
        int auth;
        int auth_key; /* authenticate, with a key */
        int account;
        const char *name;
} map[] = {
        [OUTCOME_UNAVAILABLE] = { PAM_AUTHINFO_UNAVAIL, PAM_AUTHINFO_UNAVAIL, PAM_AUTHINFO_UNAVAIL,
                                  "no answer from the daemon" },
        [OUTCOME_ALLOW] = { PAM_AUTHINFO_UNAVAIL, PAM_SUCCESS, PAM_SUCCESS, "accepted" },
        [OUTCOME_DENY] = { PAM_AUTH_ERR, PAM_AUTH_ERR, PAM_PERM_DENIED, "refused" },
        [OUTCOME_DENY_CERTIFICATE] = { PAM_AUTH_ERR, PAM_AUTH_ERR, PAM_PERM_DENIED,
                                       "refused: certificate" },
        /* A code of its own: a stack can send passwords on and stop refused keys. No service takes
         * it for a success. PAM_IGNORE would let every user in where pam_permit follows. After a
         * login by another method the account check is not this module's to judge. */
        [OUTCOME_NOT_A_KEY] = { PAM_CRED_UNAVAIL, PAM_AUTHINFO_UNAVAIL, PAM_IGNORE,
                                "not an API key" },
        [OUTCOME_BAD_OPTION] = { PAM_SERVICE_ERR, PAM_AUTHINFO_UNAVAIL, PAM_SERVICE_ERR,
                                 "bad option" },
        [OUTCOME_NO_MEMORY] = { PAM_BUF_ERR, PAM_AUTHINFO_UNAVAIL, PAM_BUF_ERR, "out of memory" },
        [OUTCOME_CONVERSATION] = { PAM_CONV_ERR, PAM_AUTHINFO_UNAVAIL, PAM_CONV_ERR,
                                   "conversation failed" },
        [OUTCOME_AGAIN] = { PAM_INCOMPLETE, PAM_INCOMPLETE, PAM_INCOMPLETE,
                            "conversation to be continued" },
        [OUTCOME_NO_USER] = { PAM_USER_UNKNOWN, PAM_AUTH_ERR, PAM_USER_UNKNOWN, "no user name" },
};
_Static_assert(ARRAY_LEN(map) == _OUTCOME_MAX, "a row for each outcome");

int pam_map_auth(enum outcome outcome, bool has_key) {
        if ((unsigned) outcome >= _OUTCOME_MAX)
                return PAM_AUTHINFO_UNAVAIL;
        return has_key ? map[outcome].auth_key : map[outcome].auth;
}

int pam_map_account(enum outcome outcome) {
        return (unsigned) outcome < _OUTCOME_MAX ? map[outcome].account : PAM_AUTHINFO_UNAVAIL;
}

int pam_map_setcred(bool by_key) {
        return by_key ? PAM_SUCCESS : PAM_IGNORE;
}

int pam_map_session(void) {
        return PAM_SUCCESS;
}

int pam_map_password(void) {
        return PAM_IGNORE;
}

enum outcome pam_map_verdict(enum verdict verdict) {
        switch (verdict) {
        case VERDICT_ALLOW:
                return OUTCOME_ALLOW;
        case VERDICT_DENY:
                return OUTCOME_DENY;
        case VERDICT_DENY_CERTIFICATE:
                return OUTCOME_DENY_CERTIFICATE;
        case VERDICT_INTERNAL:
        case VERDICT_VERSION:
        /* A challenge is no answer to a request that offered nothing. */
        case VERDICT_CHALLENGE:
                break;
        }
        return OUTCOME_UNAVAILABLE;
}

const char *pam_map_name(enum outcome outcome) {
        return (unsigned) outcome < _OUTCOME_MAX ? map[outcome].name : "unknown outcome";
}

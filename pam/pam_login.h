/* SPDX-License-Identifier: BSD-2-Clause */
/* What authenticate leaves for account in the same handle: which key logged whom in, and the
 * daemon's ticket with which that login can be confirmed later without the secret. A hint, never
 * a proof: handles are used again for other users, applications change PAM_USER, and the data
 * does not survive in another process. */
#pragma once

#include <security/pam_modules.h>
#include <stdbool.h>

#include "wire.h"

struct pam_login {
        char user[WIRE_USER_MAX + 1];
        char id[KEYTEXT_ID_LEN + 1];
        uint8_t ticket[WIRE_TICKET_LEN];
        pid_t pid;
        int64_t at_ms; /* of the verdict, CLOCK_MONOTONIC */
        /* that it was made with: the ticket is good with that alone */
        enum wire_evidence evidence;
        size_t certificate_len;
        uint8_t certificate[];
};

/**
 * pam_login_remember(pamh, req, reply):
 * Notes that ${req} was accepted in ${pamh}, and the key's id and name in the PAM environment
 * (WFAPIKEY_ID, WFAPIKEY_NAME).
 * Returns whether there was memory for it; if not, nothing is noted.
 */
bool pam_login_remember(pam_handle_t *pamh, const struct wire_request *req,
                        const struct wire_reply *reply) _must_check_;

/**
 * pam_login_forget(pamh): what every new attempt begins with. Cannot fail.
 */
void pam_login_forget(pam_handle_t *pamh);

/**
 * pam_login_get(pamh): the login that was noted, or NULL. Borrowed from ${pamh}.
 */
const struct pam_login *pam_login_get(pam_handle_t *pamh);

/**
 * pam_login_is_fresh(login): whether this very process got its verdict less than a second ago.
 */
bool pam_login_is_fresh(const struct pam_login *login);

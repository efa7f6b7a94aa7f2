/* SPDX-License-Identifier: BSD-2-Clause */
/* What authenticate leaves for account in the same handle: what the daemon was asked, the key of
 * the login, and the daemon's ticket. With the ticket the module has the login confirmed later
 * without the secret. This is a hint and never a proof: applications use handles again for other
 * users and change PAM_USER, and the data does not survive in another process. */
#pragma once

#include <security/pam_modules.h>
#include <stdbool.h>

#include "ask.h"

/* No socket has a longer path. */
#define PAM_LOGIN_SOCKET_MAX 107

struct pam_login {
        char user[WIRE_USER_MAX + 1];
        /* For these, and from this daemon, is the verdict. A key can be good for one service or
         * source and not for another. */
        char service[WIRE_SERVICE_MAX + 1];
        char rhost[WIRE_RHOST_MAX + 1];
        /* Copied: libpam frees its lines when PAM_SERVICE changes. */
        char socket[PAM_LOGIN_SOCKET_MAX + 1];
        uid_t server_uid;
        char id[KEYTEXT_ID_LEN + 1];
        uint8_t ticket[WIRE_TICKET_LEN];
        pid_t pid;
        int64_t at_ms; /* of the verdict, CLOCK_MONOTONIC */
        /* The evidence of the login. The ticket is valid only together with it. */
        enum wire_evidence evidence;
        size_t certificate_len;
        uint8_t certificate[];
};

/**
 * pam_login_remember(pamh, server, req, reply):
 * Notes in ${pamh} that the daemon at ${server} accepted ${req}. Puts the key's id and name into
 * the PAM environment (WFAPIKEY_ID, WFAPIKEY_NAME). Returns whether there was memory for it. If
 * not, nothing is noted.
 */
bool pam_login_remember(pam_handle_t *pamh, const struct ask_server *server,
                        const struct wire_request *req,
                        const struct wire_reply *reply) _must_check_;

/**
 * pam_login_forget(pamh):
 * Removes what pam_login_remember() noted. Every new attempt begins with this. Cannot fail.
 */
void pam_login_forget(pam_handle_t *pamh);

/**
 * pam_login_get(pamh):
 * The login that was noted, or NULL. Borrowed from ${pamh}.
 */
const struct pam_login *pam_login_get(pam_handle_t *pamh);

/**
 * pam_login_is_fresh(login):
 * Whether this process got the verdict less than a second ago.
 */
bool pam_login_is_fresh(const struct pam_login *login);

/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the module has a client certificate from: behind the key, from an environment, or from
 * the user, who is asked. What the bytes are is not looked at here: this is somebody else's
 * process. */
#pragma once

#include <security/pam_modules.h>

#include "challenge.h"
#include "pam_args.h"
#include "pam_map.h"

/* What is shown to the daemon. A certificate is no secret. */
struct pam_certificate {
        enum wire_evidence evidence;
        size_t len, signature_len;
        uint8_t bytes[WIRE_CERTIFICATE_MAX];
        uint8_t signature[WIRE_SIGNATURE_MAX];
};

/**
 * pam_certificate_find(pamh, args, behind_key, ret):
 * What there is without asking anybody: the first that there is of the text ${behind_key} (NULL:
 * none), the PAM environment, that of the process. What is no certificate is shown as such, so
 * that the log can say so.
 */
void pam_certificate_find(pam_handle_t *pamh, const struct pam_args *args, const char *behind_key,
                          struct pam_certificate *ret);

/**
 * pam_certificate_ask(pamh, args, challenge, ret):
 * Asks the user for a certificate, or for the answer to ${challenge} where the options want a
 * proof. No answer is none to show.
 * Returns OUTCOME_ALLOW; OUTCOME_CONVERSATION, OUTCOME_AGAIN, OUTCOME_NO_MEMORY.
 */
enum outcome pam_certificate_ask(pam_handle_t *pamh, const struct pam_args *args,
                                 const char *challenge, struct pam_certificate *ret) _must_check_;

/**
 * pam_certificate_show(certificate, req): puts it into ${req}, which borrows it.
 */
void pam_certificate_show(const struct pam_certificate *certificate, struct wire_request *req);

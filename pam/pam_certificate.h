/* SPDX-License-Identifier: BSD-2-Clause */
/* The sources of a client certificate: the text after the key, an environment, or an answer of the
 * user. It must not parse the bytes: the module runs in another program's process. */
#pragma once

#include <security/pam_modules.h>

#include "challenge.h"
#include "pam_args.h"
#include "pam_map.h"

/* What the module sends to the daemon. A certificate is no secret. */
struct pam_certificate {
        enum wire_evidence evidence;
        size_t len, signature_len;
        uint8_t bytes[WIRE_CERTIFICATE_MAX];
        uint8_t signature[WIRE_SIGNATURE_MAX];
};

/**
 * pam_certificate_find(pamh, args, behind_key, ret):
 * Finds a certificate without asking the user. The first source that has one counts: the text
 * ${behind_key} (NULL for none), the PAM environment, the environment of the process. A text that
 * is not a certificate is presented as an empty one, so the log can name the fault.
 */
void pam_certificate_find(pam_handle_t *pamh, const struct pam_args *args, const char *behind_key,
                          struct pam_certificate *ret);

/**
 * pam_certificate_ask(pamh, args, challenge, ret):
 * Asks the user for a certificate, or for the answer to ${challenge} where the options want a
 * proof. Without an answer there is no certificate to present.
 * Returns OUTCOME_ALLOW; OUTCOME_CONVERSATION, OUTCOME_AGAIN, OUTCOME_NO_MEMORY.
 */
enum outcome pam_certificate_ask(pam_handle_t *pamh, const struct pam_args *args,
                                 const char *challenge, struct pam_certificate *ret) _must_check_;

/**
 * pam_certificate_show(certificate, req):
 * Puts ${certificate} into ${req}, which borrows it.
 */
void pam_certificate_show(const struct pam_certificate *certificate, struct wire_request *req);

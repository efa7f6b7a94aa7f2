/* SPDX-License-Identifier: BSD-2-Clause */
/* What the module says to the application and hears from it. One message per conversation call,
 * one echo-off prompt and nothing else unless the daemon says so: an echo-on prompt kills
 * saslauthd, a text beside a prompt breaks apache and squid. */
#pragma once

#include <security/pam_modules.h>

#include "pam_args.h"
#include "pam_map.h"
#include "secret.h"

/**
 * pam_token_ask(pamh, prompt, ret): one question whose answer is not shown. Returns
 * OUTCOME_ALLOW with the answer, which may be none, for pam_token_answer_free();
 * OUTCOME_CONVERSATION, OUTCOME_AGAIN, OUTCOME_NO_MEMORY.
 */
enum outcome pam_token_ask(pam_handle_t *pamh, const char *prompt,
                           struct pam_response **ret) _must_check_;

/**
 * pam_token_answer_free(answer): wipes and frees what the application has allocated; NULL-safe.
 */
void pam_token_answer_free(struct pam_response **answer);

/**
 * pam_token_get(pamh, args, ret, ret_behind):
 * The key that the user gave: the token of an earlier module, else the answer to one prompt,
 * which then stays as PAM_AUTHTOK for the modules that follow. ${ret} is wiped by the caller.
 * ${ret_behind}: the text behind the key, where ${args} take a certificate there; borrowed from
 * ${pamh}; NULL when there is none.
 * Returns OUTCOME_ALLOW with a well-formed key in ${ret}; OUTCOME_NOT_A_KEY for any other token,
 * of whatever length, and for none; OUTCOME_CONVERSATION, OUTCOME_AGAIN, OUTCOME_NO_MEMORY.
 */
enum outcome pam_token_get(pam_handle_t *pamh, const struct pam_args *args, struct secret *ret,
                           const char **ret_behind) _must_check_;

/**
 * pam_token_show(pamh, key, service):
 * Shows the user a new key for ${service}, once, with how to keep it. Whether it arrives cannot
 * be told.
 */
void pam_token_show(pam_handle_t *pamh, const struct secret *key, const char *service);

/**
 * pam_token_want_certificate(pamh, flags):
 * Tells the user what is missing, unless ${flags} ask for silence. Whether the text arrives does
 * not matter.
 */
void pam_token_want_certificate(pam_handle_t *pamh, int flags);

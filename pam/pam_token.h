/* SPDX-License-Identifier: BSD-2-Clause */
/* The conversation with the application. Each call has one message: one echo-off prompt, and a text
 * only if the daemon's reply asks for one. saslauthd dies of an echo-on prompt, and apache and
 * squid fail on a text next to a prompt. */
#pragma once

#include <security/pam_modules.h>

#include "pam_args.h"
#include "pam_map.h"
#include "secret.h"

/**
 * pam_token_ask(pamh, prompt, ret):
 * Asks one question. The answer is not echoed.
 * Returns OUTCOME_ALLOW with the answer, which may be NULL and is freed by pam_token_answer_free();
 * OUTCOME_CONVERSATION, OUTCOME_AGAIN, OUTCOME_NO_MEMORY.
 */
enum outcome pam_token_ask(pam_handle_t *pamh, const char *prompt,
                           struct pam_response **ret) _must_check_;

/**
 * pam_token_answer_free(answer):
 * Wipes and frees what the application allocated. NULL-safe.
 */
void pam_token_answer_free(struct pam_response **answer);

/**
 * pam_token_get(pamh, args, ret, ret_behind):
 * Gets the key that the user gave: the token of an earlier module, or else the answer to one
 * prompt. The answer stays as PAM_AUTHTOK for the modules that follow. The caller wipes ${ret}.
 * ${ret_behind} is the text after the key, where ${args} allow a certificate there: borrowed from
 * ${pamh}, NULL when there is none.
 * Returns OUTCOME_ALLOW with a well-formed key in ${ret}; OUTCOME_DENY for a token that has a
 * key and more, so that no other module is given the key (the log has a line); OUTCOME_NOT_A_KEY
 * for no token, or any other token of any length (the log has a line for one that begins like a
 * key, without the token); OUTCOME_CONVERSATION, OUTCOME_AGAIN, OUTCOME_NO_MEMORY,
 * OUTCOME_UNAVAILABLE. After a failure ${ret} has the key if the user gave one, and is untouched
 * otherwise.
 */
enum outcome pam_token_get(pam_handle_t *pamh, const struct pam_args *args, struct secret *ret,
                           const char **ret_behind) _must_check_;

/**
 * pam_token_warn(pamh, n, id): tells the user that ${n} keys end soon (a number, as text), and that
 * ${id} is the first of them.
 */
void pam_token_warn(pam_handle_t *pamh, const char *n, const char *id);

/**
 * pam_token_show(pamh, key, service):
 * Shows the user a new key for ${service}, once, and how to keep it. The module cannot tell whether
 * the application displays it.
 */
void pam_token_show(pam_handle_t *pamh, const struct secret *key, const char *service);

/**
 * pam_token_want_certificate(pamh, flags):
 * Tells the user that a certificate is missing, unless ${flags} ask for silence. The result is the
 * same whether the text arrives or not.
 */
void pam_token_want_certificate(pam_handle_t *pamh, int flags);

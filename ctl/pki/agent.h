/* SPDX-License-Identifier: BSD-2-Clause */
/* Signs by the SSH agent at $SSH_AUTH_SOCK. The agent keeps the private key. */
#pragma once

#include "attr.h"
#include "cli/exit_code.h"
#include "pki/signkey.h"

struct agent;

#define _cleanup_agent_ __attribute__((cleanup(agent_freep)))

/* Which of the agent's keys to use. */
struct agent_choice {
        /* comment or fingerprint (SHA256:...); "" for any */
        const char *selector;
        /* the certificate that the key must belong to; NULL for any */
        const uint8_t *der;
        size_t len;
};

/**
 * agent_open(choice, ret):
 * Connects and finds the key of ${choice}. The caller frees ${ret} by agent_free(). Returns
 * CTL_OK; CTL_USAGE when no key or several match, or the key cannot sign here; CTL_FAILED. A
 * message on stderr says what is wrong.
 */
enum exit_code agent_open(const struct agent_choice *choice, struct agent **ret) _must_check_;

/**
 * agent_free(agent): closes the connection. Safe on NULL.
 */
void agent_free(struct agent *agent);
static inline void agent_freep(struct agent **agent) {
        agent_free(*agent);
}

/**
 * agent_get_public(agent, ret): the public half of the key.
 */
void agent_get_public(const struct agent *agent, struct signkey_public *ret);

/**
 * agent_sign(agent, message, len, ret): signs ${message}. CTL_OK, or CTL_FAILED after a message
 * on stderr.
 */
enum exit_code agent_sign(const struct agent *agent, const void *message, size_t len,
                          struct signkey_signature *ret) _must_check_;

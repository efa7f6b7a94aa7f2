/* SPDX-License-Identifier: BSD-2-Clause */
/* Signs by the ssh-agent at $SSH_AUTH_SOCK, which has the private key and does not show it. */
#pragma once

#include "attr.h"
#include "cli/exit_code.h"
#include "pki/signkey.h"

struct agent;

#define _cleanup_agent_ __attribute__((cleanup(agent_freep)))

/* Which of the agent's keys is meant. */
struct agent_choice {
        /* comment or fingerprint (SHA256:...); "": any */
        const char *selector;
        /* the certificate that it must be the key of; NULL: any */
        const uint8_t *der;
        size_t len;
};

/**
 * agent_open(choice, ret):
 * Connects and finds the one key that is meant. agent_free() ends it.
 * Returns CTL_OK; CTL_USAGE when that is none, several, or one that cannot sign for us;
 * CTL_FAILED. What is wrong was said then.
 */
enum exit_code agent_open(const struct agent_choice *choice, struct agent **ret) _must_check_;

/**
 * agent_free(agent): safe on NULL.
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
 * agent_sign(agent, message, len, ret): CTL_OK, or CTL_FAILED after having said why.
 */
enum exit_code agent_sign(const struct agent *agent, const void *message, size_t len,
                          struct signkey_signature *ret) _must_check_;

/* SPDX-License-Identifier: BSD-2-Clause */
/* Carries frames between this host's wfapikeyd and PostgreSQL, in both directions. It keeps
 * nothing: what it must know it asks both of them. */
#pragma once

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "attr.h"

struct carry;

/**
 * carry_new(ret, event, control):
 * Begins to carry on ${event}, for the daemon at the socket ${control}. Borrows both. 0, or a
 * negative errno.
 */
int carry_new(struct carry **ret, sd_event *event, const char *control) _must_check_;

/**
 * carry_finish(c):
 * Whether a change is under way whose outcome the daemon does not know yet. Then the loop ends when
 * it knows, or after some seconds. The second time it returns false.
 */
bool carry_finish(struct carry *c);

/**
 * carry_is_connecting(c): database_is_connecting().
 */
bool carry_is_connecting(const struct carry *c);

/**
 * carry_free(c): NULL-safe, returns NULL.
 */
struct carry *carry_free(struct carry *c);

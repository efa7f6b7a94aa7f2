/* SPDX-License-Identifier: BSD-2-Clause */
/* What the audit log says of a login. Runs on the loop and writes nothing. */
#pragma once

#include "keys/audit.h"
#include "login/verify_event.h"

/**
 * verify_audit_fill(event, ret): the record of a verification, or of a request to make a key at a
 * login.
 */
void verify_audit_fill(const struct verify_event *event, struct audit_record *ret);

/**
 * verify_audit_user(event): the name by which the owner of the key logs in; "" when no key is
 * known.
 */
const char *verify_audit_user(const struct verify_event *event);

/**
 * verify_audit_note(a, event): notes a verification, or a refused request to make a key. The
 * confirmation of a login is noted only when it is refused.
 */
void verify_audit_note(struct audit *a, const struct verify_event *event);

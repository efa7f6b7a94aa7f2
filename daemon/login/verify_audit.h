/* SPDX-License-Identifier: BSD-2-Clause */
/* What the audit log is told of a login. On the loop; nothing is written here. */
#pragma once

#include "keys/audit.h"
#include "login/verify_event.h"

/**
 * verify_audit_fill(event, ret): the record of a verification, or of a request to make a key at a
 * login.
 */
void verify_audit_fill(const struct verify_event *event, struct audit_record *ret);

/**
 * verify_audit_note(a, event): notes a verification, or a request to make a key that was refused.
 * One that confirms a login of a moment ago is worth a record only when it is refused.
 */
void verify_audit_note(struct audit *a, const struct verify_event *event);

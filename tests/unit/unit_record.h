/* SPDX-License-Identifier: BSD-2-Clause */
/* A record for the audit log. */
#pragma once

#include "unit.h"

#include "record_audit.h"

/* A login of alice's key to imap that was refused, asked for by uid 110. */
static inline struct audit_record unit_refusal(void) {
        return (struct audit_record){ .uid = 110,
                                      .pid = 77,
                                      .owner_uid = 1000,
                                      .event = "login",
                                      .verdict = "refused",
                                      .door = "verify",
                                      .key = "aaaaaaaaaa",
                                      .user = "alice",
                                      .service = "imap",
                                      .rhost = "192.0.2.7",
                                      .reason = "revoked" };
}

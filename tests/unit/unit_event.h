/* SPDX-License-Identifier: BSD-2-Clause */
/* A login that came to its end: what the log, the audit log and the journal are told of. */
#pragma once

#include "unit_log.h"

#include "login/verify_event.h"

#define NOW INT64_C(1800000000)

/* A login of alice's key to imap, asked for by uid 110, that came out so. */
static inline struct verify_event unit_event(enum reason reason) {
        return (struct verify_event){ .reason = reason,
                                      .known = reason != REASON_UNKNOWN_KEY,
                                      .kind = WIRE_VERIFY,
                                      .id = "aaaaaaaaaa",
                                      .user = "alice",
                                      .owner = "alice",
                                      .owner_uid = 1000,
                                      .service = "imap",
                                      .rhost = "192.0.2.7",
                                      .peer = { .uid = 110, .pid = 77 },
                                      .now = NOW };
}

/* A key in the place of each word that a client claims: a person may type it there. */
static inline struct verify_event unit_event_with_keys(enum reason reason) {
        static const char key[] = "wfk_0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop3cYLBr";
        struct verify_event event = unit_event(reason);

        memcpy(event.user, key, sizeof(key));
        memcpy(event.service, key, WIRE_SERVICE_MAX);
        (void) snprintf(event.rhost, sizeof(event.rhost), "from %s", key);
        return event;
}

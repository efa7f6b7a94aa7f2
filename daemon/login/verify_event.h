/* SPDX-License-Identifier: BSD-2-Clause */
/* What happened at a login: filled by verify.c, read by the log and the audit log. Has no
 * secret. */
#pragma once

#include "base/peer.h"

#include "cert/cert.h"
#include "record.h"
#include "verdict.h"

struct verify_event {
        enum reason reason;
        enum wire_kind kind;
        char id[KEYTEXT_ID_LEN + 1];
        char user[WIRE_USER_MAX + 1];
        char service[WIRE_SERVICE_MAX + 1];
        char rhost[WIRE_RHOST_MAX + 1];
        struct peer_cred peer;
        bool known;                    /* there is a key with this id */
        char owner[WIRE_USER_MAX + 1]; /* of that key */
        uid_t owner_uid;
        /* REALM:NAME, and owner_uid is that of nobody */
        bool of_realm;
        int64_t expires_at; /* of the key, where there is one */
        /* with REASON_STORE: what the store said */
        int store_error;
        /* of the certificate that counted; "" for none */
        char thumbprint[2 * RECORD_THUMBPRINT_LEN + 1];
        char subject[RECORD_DN_MAX + 1]; /* of that; "" if unreadable */
        char detail[CERT_DETAIL_LEN];
        int64_t now;
};

/* SPDX-License-Identifier: BSD-2-Clause */
/* The decision about a login: the verdict, which crosses the wire, and the reason, which only
 * administrators see. */
#pragma once

/* Zero and every unknown value deny. A zeroed or truncated reply cannot have the value of allow. */
enum verdict {
        /* The daemon could not decide. This says nothing about the key. */
        VERDICT_INTERNAL = 0,
        VERDICT_DENY = 1,
        /* The login lacks a client certificate. The user is told so. */
        VERDICT_DENY_CERTIFICATE = 2,
        /* The daemon does not speak this version of the protocol. */
        VERDICT_VERSION = 3,
        /* The key is right so far. The login needs a certificate, and the module is to ask for
         * it. */
        VERDICT_CHALLENGE = 4,
        VERDICT_ALLOW = 0x600d,
};

/* The values are on the wire and in logs: append, never renumber. */
enum reason {
        REASON_NONE = 0,
        REASON_STORE,
        REASON_DISABLED,
        REASON_UNKNOWN_KEY,
        REASON_WRONG_SECRET,
        REASON_OTHER_USER,
        REASON_REVOKED,
        REASON_EXPIRED,
        REASON_SERVICE,
        REASON_SOURCE,
        REASON_SOURCE_UNKNOWN,
        REASON_CERTIFICATE_MISSING,
        REASON_PEER,
        REASON_STALE,
        REASON_ACCOUNT_UNKNOWN,
        REASON_ACCOUNT_GONE,
        REASON_ACCOUNT_EXPIRED,
        REASON_PASSWORD_EXPIRED,
        REASON_ADMIN,
        REASON_RETIRED,
        REASON_REMOVED,
        REASON_HAS_KEY,
        REASON_NOT_ISSUABLE,
        REASON_KEY_LIMIT,
        REASON_BUSY,
        REASON_CERTIFICATE_UNREADABLE,
        REASON_CERTIFICATE_UNTRUSTED,
        REASON_CERTIFICATE_NOT_YET_VALID,
        REASON_CERTIFICATE_EXPIRED,
        REASON_CERTIFICATE_REVOKED,
        REASON_CERTIFICATE_CRL_EXPIRED,
        REASON_CERTIFICATE_WEAK,
        REASON_CERTIFICATE_PURPOSE,
        REASON_CERTIFICATE_CHAIN,
        REASON_CERTIFICATE_OTHER,
        REASON_CERTIFICATE_UNPROVED,
        REASON_CERTIFICATE_SIGNATURE,
        REASON_CERTIFICATE_UNCHECKED,
        REASON_SPELLING_UNKNOWN,
        REASON_FLEET_STALE,
        REASON_REALM,
        REASON_REALM_SERVICE,
        REASON_IDLE,
        _REASON_MAX,
};

/**
 * verdict_of(reason):
 * The verdict that belongs to ${reason}: allow for REASON_NONE only. A value outside the enum is
 * VERDICT_INTERNAL.
 */
enum verdict verdict_of(enum reason reason);

/**
 * verdict_reason_name(reason), verdict_reason_text(reason):
 * The word for programs ("wrong-secret") and the sentence for people. Static storage, never NULL.
 */
const char *verdict_reason_name(enum reason reason);
const char *verdict_reason_text(enum reason reason);

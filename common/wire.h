/* SPDX-License-Identifier: BSD-2-Clause */
/* The verify protocol: requests and replies, each one SOCK_SEQPACKET message. A reply has a fixed
 * length. A request has one too, and evidence of a client certificate may follow it. PROTOCOL has
 * the tables of bytes and a worked example, which is also a test. This file must match it.
 *
 * It is pure: no I/O, no allocation, no logging, no clock. Both ends link it. Invariants: (1) what
 * decodes encodes back to the same bytes; (2) a reply is never longer than its request; (3) outputs
 * are untouched on failure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "attr.h"
#include "secret.h"
#include "verdict.h"

#define WIRE_VERSION 1

enum wire_limit {
        WIRE_USER_MAX = 128,
        WIRE_SERVICE_MAX = 64,
        WIRE_RHOST_MAX = 255,
        WIRE_NAME_MAX = 64,
        WIRE_TICKET_LEN = 32,
        WIRE_REQUEST_LEN =
                12 + KEYTEXT_LEN + 1 + WIRE_USER_MAX + 1 + WIRE_SERVICE_MAX + 1 + WIRE_RHOST_MAX,
        WIRE_EVIDENCE_HEAD_LEN = 6,
        WIRE_CERTIFICATE_MAX = 8192, /* bytes of DER */
        WIRE_SIGNATURE_MAX = 1024,
        WIRE_REQUEST_MAX = WIRE_REQUEST_LEN + WIRE_EVIDENCE_HEAD_LEN + WIRE_CERTIFICATE_MAX +
                           WIRE_SIGNATURE_MAX,
        WIRE_CHALLENGE_LEN = 32,
        WIRE_REPLY_LEN = 16 + KEYTEXT_ID_LEN + WIRE_TICKET_LEN + 1 + WIRE_NAME_MAX + KEYTEXT_LEN,
};

enum wire_kind {
        WIRE_VERIFY = 1, /* May this key log this user in? */
        /* Is the login of a moment ago still good? */
        WIRE_CONFIRM = 2,
        /* This user logged in by other means. May a key be made for the next time? */
        WIRE_ISSUE = 3,
        /* May this key log this user in, or does that need a certificate, which the user can be
         * asked for? */
        WIRE_OFFER = 4,
        /* This user has logged in. How many of the user's keys end soon? */
        WIRE_WARN = 5,
};

/* How a certificate is presented. */
enum wire_evidence {
        WIRE_EVIDENCE_NONE = 0,
        /* The client sent it with its key. It is empty when what was sent is no certificate. */
        WIRE_SHOWN = 1,
        /* The service says that its client proved to have the private key. It is empty as above. */
        WIRE_VOUCHED = 2,
        /* The same for a public key in the form of SSH, in the place of the certificate. */
        WIRE_VOUCHED_SSH = 3,
        /* The client also signed the challenge of this connection with the certificate's key. */
        WIRE_SIGNED = 4,
        /* The same, with the SHA-256 of the SubjectPublicKeyInfo in the place of the
         * certificate. */
        WIRE_SIGNED_KEY = 5,
};
#define WIRE_KEY_HASH_LEN 32

struct wire_request {
        enum wire_kind kind;
        /* chosen by the client, echoed in the reply */
        uint32_t seq;
        struct secret key; /* WIRE_VERIFY */
        /* WIRE_CONFIRM: from the reply to the verification */
        char id[KEYTEXT_ID_LEN + 1];
        uint8_t ticket[WIRE_TICKET_LEN];
        char user[WIRE_USER_MAX + 1];
        char service[WIRE_SERVICE_MAX + 1];
        char rhost[WIRE_RHOST_MAX + 1]; /* "" when unknown */
        enum wire_evidence evidence;
        /* borrowed from the decoded bytes, or from the caller */
        const uint8_t *certificate;
        size_t certificate_len;
        /* likewise; a WIRE_CONFIRM has none */
        const uint8_t *signature;
        size_t signature_len;
};

static inline void wire_request_wipe(struct wire_request *req) {
        explicit_bzero(req, sizeof(*req));
}
#define _cleanup_request_ __attribute__((cleanup(wire_request_wipe)))

struct wire_reply {
        uint32_t seq;
        enum verdict verdict;
        /* REASON_NONE unless the peer is uid 0 */
        enum reason reason;
        /* Unless the verdict is allow, the rest is all zero. */
        char id[KEYTEXT_ID_LEN + 1];
        char name[WIRE_NAME_MAX + 1];
        uint8_t ticket[WIRE_TICKET_LEN];
        struct secret key;                     /* WIRE_ISSUE: the new key */
        uint8_t challenge[WIRE_CHALLENGE_LEN]; /* with VERDICT_CHALLENGE only */
};

static inline void wire_reply_wipe(struct wire_reply *reply) {
        explicit_bzero(reply, sizeof(*reply));
}
#define _cleanup_reply_ __attribute__((cleanup(wire_reply_wipe)))

/**
 * wire_request_len(req):
 * The length of ${req} on the wire, for a request that wire_request_encode() accepts.
 */
size_t wire_request_len(const struct wire_request *req);

/**
 * wire_request_encode(out, req):
 * Writes ${req} to the ${wire_request_len(req)} bytes at ${out}, which the caller wipes.
 * Returns 0; -EINVAL for an unknown kind, an empty user, a malformed key or id, or wrong evidence.
 * After an error the first ${WIRE_REQUEST_LEN} bytes at ${out} are zero, and nothing else was
 * written.
 */
int wire_request_encode(uint8_t *out, const struct wire_request *req) _must_check_;

/**
 * wire_request_decode(in, len, ret):
 * Reads a request. ${ret} borrows from ${in}. The caller wipes ${ret}->key.
 * Returns 0; -EPROTONOSUPPORT when it is a request of another version; -EBADMSG for anything else:
 * wrong length, magic, kind or text length, an embedded NUL, filler that is not zero, a malformed
 * key, an empty user, wrong evidence.
 */
int wire_request_decode(const uint8_t *in, size_t len, struct wire_request *ret) _must_check_;

/**
 * wire_request_seq(in, len):
 * The sequence number of a request of any version. 0 when it is too short to have one.
 */
uint32_t wire_request_seq(const uint8_t *in, size_t len);

/**
 * wire_reply_encode(out, reply):
 * Writes ${reply} to ${out}, which the caller wipes. It cannot fail. Key id, name, ticket and key
 * are written only with an allow.
 */
void wire_reply_encode(uint8_t out[static WIRE_REPLY_LEN], const struct wire_reply *reply);

/**
 * wire_reply_decode(in, len, ret):
 * Reads a reply. The caller wipes ${ret}. A verdict that this build does not know becomes
 * VERDICT_INTERNAL, and an unknown reason REASON_NONE.
 * Returns 0; -EBADMSG, also for a refusal that carries what only an allow may carry.
 */
int wire_reply_decode(const uint8_t *in, size_t len, struct wire_reply *ret) _must_check_;

/* The verify protocol: one request and one reply, each one SOCK_SEQPACKET message of fixed length. PROTOCOL has
 * the byte tables and a worked example, which is also a test; this file must match it.
 *
 * Pure: no I/O, no allocation, no logging, no clock. Both ends link it. Invariants: (1) what decodes encodes back
 * to the same bytes; (2) a reply is never longer than its request; (3) outputs are untouched on failure. */
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
        WIRE_REQUEST_LEN = 12 + KEYTEXT_LEN + 1 + WIRE_USER_MAX + 1 + WIRE_SERVICE_MAX + 1 + WIRE_RHOST_MAX,
        WIRE_REPLY_LEN = 16 + KEYTEXT_ID_LEN + WIRE_TICKET_LEN + 1 + WIRE_NAME_MAX + KEYTEXT_LEN,
};

enum wire_kind {
        WIRE_VERIFY = 1,  /* may this key log this user in? */
        WIRE_CONFIRM = 2, /* is the login of a moment ago still good? */
        WIRE_ISSUE = 3,   /* this user has logged in by other means: may there be a key for the next time? */
};

struct wire_request {
        enum wire_kind kind;
        uint32_t seq;                /* chosen by the client, echoed in the reply */
        struct secret key;           /* WIRE_VERIFY */
        char id[KEYTEXT_ID_LEN + 1]; /* WIRE_CONFIRM: as the reply to the verification gave them */
        uint8_t ticket[WIRE_TICKET_LEN];
        char user[WIRE_USER_MAX + 1];
        char service[WIRE_SERVICE_MAX + 1];
        char rhost[WIRE_RHOST_MAX + 1]; /* "" when unknown */
};

static inline void wire_request_wipe(struct wire_request *req) {
        explicit_bzero(req, sizeof(*req));
}
#define _cleanup_request_ __attribute__((cleanup(wire_request_wipe)))

struct wire_reply {
        uint32_t seq;
        enum verdict verdict;
        enum reason reason; /* REASON_NONE unless the peer is uid 0 */
        /* The rest is all zero unless the verdict is allow. */
        char id[KEYTEXT_ID_LEN + 1];
        char name[WIRE_NAME_MAX + 1];
        uint8_t ticket[WIRE_TICKET_LEN];
        struct secret key; /* WIRE_ISSUE: the new key */
};

static inline void wire_reply_wipe(struct wire_reply *reply) {
        explicit_bzero(reply, sizeof(*reply));
}
#define _cleanup_reply_ __attribute__((cleanup(wire_reply_wipe)))

/**
 * wire_request_encode(out, req):
 * Writes ${req} to the ${WIRE_REQUEST_LEN} bytes at ${out}, which the caller wipes.
 * Returns 0, or -EINVAL for an unknown kind, no user, or a key or id that is not well formed (${out} is then all zero).
 */
int wire_request_encode(uint8_t out[static WIRE_REQUEST_LEN], const struct wire_request *req) _must_check_;

/**
 * wire_request_decode(in, len, ret):
 * Reads a request of exactly ${WIRE_REQUEST_LEN} bytes. The caller wipes ${ret}->key.
 * Returns 0; -EPROTONOSUPPORT when it is a request of another version; -EBADMSG for anything else: wrong length,
 * magic, kind, text length, embedded NUL, filler that is not zero, a key that is not well formed, no user.
 */
int wire_request_decode(const uint8_t *in, size_t len, struct wire_request *ret) _must_check_;

/**
 * wire_request_seq(in, len):
 * The sequence number of a request of any version, 0 when it is too short to have one.
 */
uint32_t wire_request_seq(const uint8_t *in, size_t len);

/**
 * wire_reply_encode(out, reply):
 * Writes ${reply} to ${out}, which the caller wipes; cannot fail. Key id, name, ticket and key go out only with an allow.
 */
void wire_reply_encode(uint8_t out[static WIRE_REPLY_LEN], const struct wire_reply *reply);

/**
 * wire_reply_decode(in, len, ret):
 * Reads a reply; the caller wipes ${ret}. A verdict or reason that this build does not know becomes VERDICT_INTERNAL.
 * Returns 0, or -EBADMSG: also for a refusal that carries what only an allow may.
 */
int wire_reply_decode(const uint8_t *in, size_t len, struct wire_reply *ret) _must_check_;

/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages to and from an SSH agent, as bytes (draft-miller-ssh-agent; RFC 4251, 5656, 8709).
 * Pure. The agent may be hostile: every length is checked, and bytes that are left over are an
 * error. The four bytes of length before a message are not part of it. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "attr.h"

#define AGENTWIRE_SIGNATURE_MAX 132 /* of P-521 */
#define AGENTWIRE_SPKI_MAX      158

enum agentwire_type {
        /* Security keys, certificates, DSA: they sign something else than what they are given,
         * or in an unknown form. */
        AGENTWIRE_OTHER,
        AGENTWIRE_RSA, /* PKCS#1 v1.5 only */
        AGENTWIRE_ED25519,
        AGENTWIRE_P256,
        AGENTWIRE_P384,
        AGENTWIRE_P521,
};

/* Borrows from the answer. */
struct agentwire_key {
        enum agentwire_type type;
        const uint8_t *blob; /* the public key in SSH's form */
        size_t blob_len;
        const char *comment; /* no NUL follows it */
        size_t comment_len;
        /* SubjectPublicKeyInfo, for Ed25519 and ECDSA only */
        uint8_t spki[AGENTWIRE_SPKI_MAX];
        size_t spki_len;
};

/**
 * agentwire_ask_keys(out): writes the request for the list of keys. Returns its length.
 */
size_t agentwire_ask_keys(uint8_t out[static 1]);

/**
 * agentwire_take_key(in, len, at, ret):
 * Reads the next key of the answer. ${at} is 0 for the first call. Returns 1; 0 after the last
 * key; -EACCES when the agent refuses; -EBADMSG.
 */
int agentwire_take_key(const uint8_t *in, size_t len, size_t *at,
                       struct agentwire_key *ret) _must_check_;

/**
 * agentwire_ask_sign(key, data, len, out, size):
 * Writes the request for a signature over ${data}. Returns its length, or -EMSGSIZE.
 */
ssize_t agentwire_ask_sign(const struct agentwire_key *key, const void *data, size_t len,
                           uint8_t *out, size_t size) _must_check_;

/**
 * agentwire_take_signature(in, len, type, ret):
 * Reads the signature of the answer. Ed25519: as it is. ECDSA: r and s. Returns its length; -EACCES
 * when the agent refuses; -EBADMSG.
 */
ssize_t agentwire_take_signature(const uint8_t *in, size_t len, enum agentwire_type type,
                                 uint8_t ret[static AGENTWIRE_SIGNATURE_MAX]) _must_check_;

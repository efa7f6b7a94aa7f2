/* SPDX-License-Identifier: BSD-2-Clause */
/* What an ssh-agent is asked and answers, as bytes (draft-miller-ssh-agent; RFC 4251, 5656,
 * 8709). Pure. An agent may be anybody's: every length is looked at, and what is left over is an
 * error. Without the four bytes of length around a message. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "attr.h"

#define AGENTWIRE_SIGNATURE_LEN 64 /* of both kinds of key */
#define AGENTWIRE_SPKI_MAX      96

enum agentwire_type {
        /* security keys, certificates, DSA: what they sign is not what they are given, or is not
         * known here */
        AGENTWIRE_OTHER,
        AGENTWIRE_RSA, /* PKCS#1 v1.5 only */
        AGENTWIRE_ED25519,
        AGENTWIRE_P256,
};

/* Borrows from the answer. */
struct agentwire_key {
        enum agentwire_type type;
        const uint8_t *blob; /* the public key as SSH writes it */
        size_t blob_len;
        const char *comment; /* without a NUL behind it */
        size_t comment_len;
        /* SubjectPublicKeyInfo, of the last two types */
        uint8_t spki[AGENTWIRE_SPKI_MAX];
        size_t spki_len;
};

/**
 * agentwire_ask_keys(out): asks for the list. Returns its length.
 */
size_t agentwire_ask_keys(uint8_t out[static 1]);

/**
 * agentwire_take_key(in, len, at, ret):
 * One key after the other of the answer; ${at} begins with 0. Returns 1; 0 behind the last;
 * -EACCES when the agent refuses; -EBADMSG.
 */
int agentwire_take_key(const uint8_t *in, size_t len, size_t *at,
                       struct agentwire_key *ret) _must_check_;

/**
 * agentwire_ask_sign(key, data, len, out, size): asks for a signature over ${data}. Returns the
 * length, or -EMSGSIZE.
 */
ssize_t agentwire_ask_sign(const struct agentwire_key *key, const void *data, size_t len,
                           uint8_t *out, size_t size) _must_check_;

/**
 * agentwire_take_signature(in, len, type, ret):
 * The signature in the answer: of Ed25519 as it is, of P-256 r and s. Returns 0; -EACCES when
 * the agent refuses; -EBADMSG.
 */
int agentwire_take_signature(const uint8_t *in, size_t len, enum agentwire_type type,
                             uint8_t ret[static AGENTWIRE_SIGNATURE_LEN]) _must_check_;

/* SPDX-License-Identifier: BSD-2-Clause */
/* Private keys that sign, by OpenSSL: from a file, or from whatever its stores and providers
 * reach. What is signed, and in which form, is what common/challenge.h and the daemon's proof
 * say: Ed25519; ECDSA P-256 with SHA-256, as r and s; RSA-PSS with SHA-256 and a salt of 32
 * bytes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attr.h"
#include "cli/exit_code.h"
#include "wire.h"

#define SIGNKEY_SPKI_MAX 2048
#define SIGNKEY_HASH_LEN 32

/* A SubjectPublicKeyInfo. */
struct signkey_public {
        uint8_t der[SIGNKEY_SPKI_MAX];
        size_t len;
};

struct signkey_signature {
        uint8_t bytes[WIRE_SIGNATURE_MAX];
        size_t len;
};

struct signkey;

#define _cleanup_signkey_ __attribute__((cleanup(signkey_freep)))

/* How a passphrase is come by: the length of what was written to ${buf}; -1 for none. */
typedef int (*signkey_ask_t)(char *buf, int size, int writing, void *userdata);

/**
 * signkey_load(key, provider, ask, ret):
 * The private key in the file or behind the URI ${key}; ${provider} is loaded first, unless it
 * is NULL. An encrypted one is opened with what ${ask} says.
 * Returns CTL_OK, and signkey_free() ends it; CTL_USAGE; CTL_FAILED. What is wrong was said then.
 */
enum exit_code signkey_load(const char *key, const char *provider, signkey_ask_t ask,
                            struct signkey **ret) _must_check_;

/**
 * signkey_free(key): safe on NULL.
 */
void signkey_free(struct signkey *key);
static inline void signkey_freep(struct signkey **key) {
        signkey_free(*key);
}

/**
 * signkey_get_public(key, ret): its public half. CTL_OK, or CTL_FAILED after having said why.
 */
enum exit_code signkey_get_public(const struct signkey *key,
                                  struct signkey_public *ret) _must_check_;

/**
 * signkey_sign(key, message, len, ret): CTL_OK, or CTL_FAILED after having said why.
 */
enum exit_code signkey_sign(const struct signkey *key, const void *message, size_t len,
                            struct signkey_signature *ret) _must_check_;

/**
 * signkey_verify(public, message, len, signature): whether ${signature} is one over ${message}
 * that the daemon would take.
 */
bool signkey_verify(const struct signkey_public *public, const void *message, size_t len,
                    const struct signkey_signature *signature) _must_check_;

/**
 * signkey_is_of(public, der, len): whether it is the key of the certificate ${der}.
 */
bool signkey_is_of(const struct signkey_public *public, const uint8_t *der,
                   size_t len) _must_check_;

/**
 * signkey_hash(bytes, len, out): SHA-256.
 */
bool signkey_hash(const void *bytes, size_t len, uint8_t out[static SIGNKEY_HASH_LEN]) _must_check_;

/* SPDX-License-Identifier: BSD-2-Clause */
/* Private keys that sign, by OpenSSL: from a file, or from anything that its stores and
 * providers reach. The signatures are those that common/PROTOCOL describes and the daemon
 * expects. */
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

/* Asks for a passphrase. Writes it to ${buf} and returns its length; -1 when there is none. */
typedef int (*signkey_ask_t)(char *buf, int size, int writing, void *userdata);

/**
 * signkey_load(key, provider, ask, ret):
 * Loads the private key of the file or URI ${key}. Loads OpenSSL's ${provider} first, unless
 * that is NULL. Opens an encrypted key with the passphrase that ${ask} supplies. The caller
 * frees ${ret} by signkey_free(). Returns CTL_OK, or CTL_USAGE or CTL_FAILED after a message on
 * stderr.
 */
enum exit_code signkey_load(const char *key, const char *provider, signkey_ask_t ask,
                            struct signkey **ret) _must_check_;

/**
 * signkey_free(key): wipes and frees ${key}. Safe on NULL.
 */
void signkey_free(struct signkey *key);
static inline void signkey_freep(struct signkey **key) {
        signkey_free(*key);
}

/**
 * signkey_get_public(key, ret): the public half. CTL_OK, or CTL_FAILED after a message on
 * stderr.
 */
enum exit_code signkey_get_public(const struct signkey *key,
                                  struct signkey_public *ret) _must_check_;

/**
 * signkey_sign(key, message, len, ret): signs ${message}. CTL_OK, or CTL_FAILED after a message
 * on stderr.
 */
enum exit_code signkey_sign(const struct signkey *key, const void *message, size_t len,
                            struct signkey_signature *ret) _must_check_;

/**
 * signkey_verify(public, message, len, signature): whether the daemon would accept ${signature}
 * over ${message}.
 */
bool signkey_verify(const struct signkey_public *public, const void *message, size_t len,
                    const struct signkey_signature *signature) _must_check_;

/**
 * signkey_is_of(public, der, len): whether ${public} is the key of the certificate ${der}.
 */
bool signkey_is_of(const struct signkey_public *public, const uint8_t *der,
                   size_t len) _must_check_;

/**
 * signkey_hash(bytes, len, out): SHA-256. False when OpenSSL cannot do it.
 */
bool signkey_hash(const void *bytes, size_t len, uint8_t out[static SIGNKEY_HASH_LEN]) _must_check_;

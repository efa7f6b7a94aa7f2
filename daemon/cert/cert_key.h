/* SPDX-License-Identifier: BSD-2-Clause */
/* Public keys: which are taken, and their name, their hash as SSH has it, and signatures of
 * theirs. */
#pragma once

#include "cert/cert_x509.h"

/**
 * cert_key_is_strong(key): whether ${key} (NULL: one that OpenSSL does not know) is of a kind
 * that is taken, and long enough. Curves are named.
 */
bool cert_key_is_strong(const EVP_PKEY *key);

/**
 * cert_key_describe(x, out): the kind of the key of ${x} and its size, in words; "unknown" at
 * worst.
 */
void cert_key_describe(const X509 *x, char out[static RECORD_KEY_TYPE_MAX + 1]);

/**
 * cert_key_hash_ssh(key, out): SHA-256 over ${key} as SSH writes it; zeroes when SSH has no such
 * keys.
 */
void cert_key_hash_ssh(const EVP_PKEY *key, uint8_t out[static RECORD_HASH_LEN]);

/**
 * cert_key_has_signed(key, message, signature): whether ${signature} is a proof as cert_judge()
 * says. Nobody signs an empty message.
 */
bool cert_key_has_signed(EVP_PKEY *key, const struct cert_blob *message,
                         const struct cert_blob *signature) _must_check_;

/* SPDX-License-Identifier: BSD-2-Clause */
/* Public keys: which kinds are taken, their names, their hashes as SSH has them, and their
 * signatures. */
#pragma once

#include "cert/cert_x509.h"

/**
 * cert_key_is_strong(key): whether ${key} is long enough and of a kind that is taken. NULL is a key
 * that OpenSSL does not know. Curves must be named.
 */
bool cert_key_is_strong(const EVP_PKEY *key);

/**
 * cert_key_describe(x, out): the kind and the size of the key of ${x}, in words; "unknown" at
 * worst.
 */
void cert_key_describe(const X509 *x, char out[static RECORD_KEY_TYPE_MAX + 1]);

/**
 * cert_key_hash_ssh(key, out): SHA-256 over ${key} as SSH writes it. Zeroes when SSH has no such
 * keys.
 */
void cert_key_hash_ssh(const EVP_PKEY *key, uint8_t out[static RECORD_HASH_LEN]);

/**
 * cert_key_identify(x, out): what tells the public key of ${x} from others, however a certificate
 * encodes it: cert_record.ssh, or cert_record.spki when that is zeroes. False when OpenSSL fails.
 */
bool cert_key_identify(const X509 *x, uint8_t out[static RECORD_HASH_LEN]) _must_check_;

/**
 * cert_key_can_prove(key): whether a key that is strong can make a proof as described at
 * cert_judge(). An RSA key can be too long, and an RSA-PSS key can be restricted to what is no
 * proof.
 */
bool cert_key_can_prove(EVP_PKEY *key) _must_check_;

/**
 * cert_key_has_signed(key, message, signature): whether ${signature} is a proof as described at
 * cert_judge(). An empty message has no proof.
 */
bool cert_key_has_signed(EVP_PKEY *key, const struct cert_blob *message,
                         const struct cert_blob *signature) _must_check_;

/* SPDX-License-Identifier: BSD-2-Clause */
/* Names in certificates and lists, compared as RFC 5280, 7.1, says. */
#pragma once

#include <openssl/x509.h>

#include "record.h"

/**
 * cert_name_hash(name, out): SHA-256 over the canonical form of ${name}. Two names that differ in
 * the type of a string, in the case of the letters A to Z, or in white space have the same hash.
 * White space counts only between words, and a run of it as one blank. False when OpenSSL fails.
 * Source: RFC 5280, 7.1; OpenSSL's X509_NAME_cmp() compares in the same way.
 */
bool cert_name_hash(const X509_NAME *name, uint8_t out[static RECORD_HASH_LEN]) _must_check_;

/**
 * cert_name_is_same(a, b): whether two names have the same hash. False when OpenSSL fails.
 */
bool cert_name_is_same(const X509_NAME *a, const X509_NAME *b);

/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files cert*.c share: one certificate as OpenSSL has it, and what can be said of it
 * alone. No other file includes this. */
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "cert/cert.h"
#include "cleanup.h"

static inline void cert_x509_free(X509 **x) {
        X509_free(*x);
}

static inline void cert_x509_free_bio(BIO **bio) {
        (void) BIO_free(*bio);
}

/**
 * cert_x509_begin(), cert_x509_end(mark):
 * Around all work with OpenSSL. OpenSSL reads no configuration file, and its queue of errors is
 * empty afterwards. The second is for _cleanup_().
 */
int cert_x509_begin(void);
void cert_x509_end(const int *mark);
#define _cleanup_openssl_ _cleanup_(cert_x509_end) _unused_ int openssl_mark = cert_x509_begin()

/**
 * cert_x509_parse(der, ret_fault): the certificate in ${der}, for X509_free(). NULL when the bytes
 * are not exactly one certificate in DER, with extensions that can be read. ${ret_fault} is then a
 * sentence without its full stop, static.
 */
X509 *cert_x509_parse(const struct cert_blob *der, const char **ret_fault) _must_check_;

/**
 * cert_x509_hash(bytes, len, out): SHA-256. False when OpenSSL fails.
 */
bool cert_x509_hash(const uint8_t *bytes, size_t len,
                    uint8_t out[static RECORD_HASH_LEN]) _must_check_;

/**
 * cert_x509_hash_key(x, out): over the SubjectPublicKeyInfo of ${x}, with the point of a curve
 * written out, as a certificate may have it compressed.
 */
bool cert_x509_hash_key(const X509 *x, uint8_t out[static RECORD_HASH_LEN]) _must_check_;

/**
 * cert_x509_time(time, ret): UNIX seconds of ${time}, which must have the form of RFC 5280: in
 * UTC, with seconds.
 */
bool cert_x509_time(const ASN1_TIME *time, int64_t *ret) _must_check_;

/**
 * cert_x509_serial(number, ret): the bytes of a serial number, not its issuer. False when it is
 * negative or has more than ${RECORD_SERIAL_MAX} bytes.
 */
bool cert_x509_serial(const ASN1_INTEGER *number, struct cert_serial *ret) _must_check_;

/**
 * cert_x509_describe(x, der, ret, ret_fault): fills ${ret}, all but name, kind and added_at, which
 * become zero. False when a number or a date is invalid; ${ret} is then untouched, and ${ret_fault}
 * says why, as above.
 */
bool cert_x509_describe(X509 *x, const struct cert_blob *der, struct cert_record *ret,
                        const char **ret_fault) _must_check_;

/* What is wrong with a certificate, registered or shown. */
enum cert_x509_fault {
        CERT_X509_FINE = 0,
        CERT_X509_WEAK_KEY,       /* or of a kind that is not taken */
        CERT_X509_WEAK_SIGNATURE, /* SHA-1 and what is older */
        CERT_X509_EXTENSION,      /* critical, and unknown */
        CERT_X509_CA,             /* though a client's is wanted */
        CERT_X509_NO_CA,          /* though a CA's is wanted */
        CERT_X509_PURPOSE,        /* not for clients */
        CERT_X509_NOT_YET_VALID,
        CERT_X509_EXPIRED,
};

/**
 * cert_x509_check_usage(x, kind): whether it may be used as ${kind} says.
 * cert_x509_check_strength(x): whether its key and its signature are strong enough, and all
 * critical extensions known.
 * cert_x509_check_time(x, now): whether it is valid at ${now}.
 */
enum cert_x509_fault cert_x509_check_usage(X509 *x, enum cert_kind kind) _must_check_;
enum cert_x509_fault cert_x509_check_strength(X509 *x) _must_check_;
enum cert_x509_fault cert_x509_check_time(const X509 *x, int64_t now) _must_check_;

/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificates, chains, revocation lists and signatures: with the command line's the only code
 * that knows OpenSSL. What is read here may be hostile, so this runs in a helper process only
 * (cert_work.h), where a crash or a spin costs one request. Pure: no store, no clock. */
#pragma once

#include "record.h"

#define CERT_DETAIL_LEN 128
/* certificates in a chain, the root among them */
#define CERT_CHAIN_MAX 8
#define CERT_CAS_MAX   64 /* registered at one time */

struct cert_blob {
        const uint8_t *bytes;
        size_t len;
};

/* Why a certificate or a list is not taken in; the sentence for people is in ${detail}. */
enum cert_fault {
        CERT_FINE = 0,
        CERT_UNREADABLE,
        CERT_REFUSED,
        _CERT_FAULT_MAX,
};

/**
 * cert_read(der, kind, now, ret, detail):
 * Reads a certificate that is to be registered as ${kind} at ${now}, all but its name, kind and
 * added_at.
 * Returns CERT_FINE; CERT_UNREADABLE for what is not one certificate in DER to the last byte;
 * CERT_REFUSED, with ${ret} filled, for one that has expired, is not valid yet, is weak (RSA
 * under 2048 bits, EC under 256, another kind of key, SHA-1 or MD5 in its signature), is a CA's
 * though ${kind} is CERT_CLIENT or may not be used by clients, or is no CA's though it is
 * CERT_CA. ${detail} is then a sentence that says what is wrong and what would be right.
 */
enum cert_fault cert_read(const struct cert_blob *der, enum cert_kind kind, int64_t now,
                          struct cert_record *ret,
                          char detail[static CERT_DETAIL_LEN]) _must_check_;

/* What a login shows. */
struct cert_question {
        struct cert_blob der;
        /* it is itself a registered client certificate: no chain is built */
        bool registered;
        const struct cert_blob *cas; /* the registered CAs */
        size_t n_cas;
        /* of a proof; no signature: none is looked at */
        struct cert_blob message, signature;
        int64_t now;
};

struct cert_verdict {
        /* REASON_NONE: trusted, as far as can be told without revocation lists; and the proof is
         * right */
        enum reason reason;
        /* what OpenSSL says of a chain that does not hold; safe to be shown */
        char detail[CERT_DETAIL_LEN];
        /* what could be read of it; subject "" where nothing could */
        struct cert_record cert;
        /* all of the chain is valid from the first to the last second of this; of REASON_NONE */
        int64_t begins_at, ends_at;
        /* of REASON_NONE: the chain's, the leaf first, without the root; of a registered one
         * just its own */
        size_t n_serials;
        struct cert_serial serials[CERT_CHAIN_MAX];
};

/**
 * cert_judge(question, ret):
 * Judges a certificate at ${question}->now. One that is not registered needs a chain of
 * registered CAs up to a self-signed one (no partial chains): signatures, dates, path lengths,
 * key usage, clientAuth, strength as with cert_read(). A proof is good when ${signature} is one
 * over ${message} by the certificate's key: Ed25519; ECDSA P-256 with SHA-256, as the 64 bytes r
 * and s; RSA-PSS with SHA-256 and a salt of 32 bytes. ${ret}->reason is one of REASON_NONE and
 * REASON_CERTIFICATE_...; zero bytes of DER are REASON_CERTIFICATE_UNREADABLE.
 */
void cert_judge(const struct cert_question *question, struct cert_verdict *ret);

/**
 * cert_read_crl(crl, cas, n_cas, now, ret, ret_serials, max, detail):
 * Reads a revocation list (DER) that one of the ${n_cas} CAs has signed; the serial numbers that
 * it revokes are written to ${ret_serials}, at most ${max}. Without nextUpdate next_update is
 * INT64_MAX.
 * Returns CERT_FINE; CERT_UNREADABLE; CERT_REFUSED for one that no registered CA has signed,
 * that is not valid yet or out of date, that is a delta or has another critical extension (of an
 * entry, too), or that has more than ${max} entries. ${detail} as above.
 */
enum cert_fault cert_read_crl(const struct cert_blob *crl, const struct cert_blob *cas,
                              size_t n_cas, int64_t now, struct crl_record *ret,
                              struct cert_serial *ret_serials, size_t max,
                              char detail[static CERT_DETAIL_LEN]) _must_check_;

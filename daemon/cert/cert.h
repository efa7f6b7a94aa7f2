/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificates, chains, revocation lists and signatures. Only this room and the command line know
 * OpenSSL. The bytes may be hostile, so this runs in a helper process only (cert_work.h): a crash
 * or a spin there costs one request. Pure: no store, no clock. */
#pragma once

#include "record.h"

#define CERT_DETAIL_LEN 128
/* certificates in a chain, with the root */
#define CERT_CHAIN_MAX 8
/* registered at one time: by a host for itself, as many by its fleet, and all of them */
#define CERT_CAS_MAX 64
#define CERT_CAS_ALL (2 * CERT_CAS_MAX)

struct cert_blob {
        const uint8_t *bytes;
        size_t len;
};

/* Why a certificate or a list is not taken. ${detail} has the sentence for people. */
enum cert_fault {
        CERT_FINE = 0,
        CERT_UNREADABLE,
        CERT_REFUSED,
        _CERT_FAULT_MAX,
};

/**
 * cert_read(der, kind, now, ret, detail):
 * Reads a certificate that is to be registered as ${kind} at ${now}: all but its name, kind and
 * added_at.
 * Returns CERT_FINE; CERT_UNREADABLE for bytes that are not exactly one certificate in DER;
 * CERT_REFUSED, with ${ret} filled. A certificate is refused when it has expired or is not valid
 * yet. It is refused when it is weak: RSA under 2048 bits, EC under 256, another kind of key, SHA-1
 * or MD5 in its signature. It is refused as CERT_CLIENT when it is a CA's, when clients may not use
 * it or when its key cannot make a proof, and as CERT_CA when it is no CA's. ${detail} is then a
 * sentence that says what is wrong and what would be right.
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
        /* of a proof; without a signature none is checked */
        struct cert_blob message, signature;
        int64_t now;
};

struct cert_verdict {
        /* REASON_NONE: the certificate is trusted, as far as can be told without revocation lists,
         * and the proof is right */
        enum reason reason;
        /* what is wrong with a certificate that cannot be read, or with a chain that does not hold;
         * can be shown as it is */
        char detail[CERT_DETAIL_LEN];
        /* what could be read of it; the subject is "" where nothing could */
        struct cert_record cert;
        /* of REASON_NONE: the whole chain is valid from the first to the last second of this */
        int64_t begins_at, ends_at;
        /* of REASON_NONE: those of the chain, the leaf first, without the root. A registered
         * certificate has only its own. */
        size_t n_serials;
        struct cert_serial serials[CERT_CHAIN_MAX];
};

/**
 * cert_judge(question, ret):
 * Judges a certificate at ${question}->now. A certificate that is not registered needs a chain of
 * registered CAs up to a self-signed one (no partial chains). The chain is checked for signatures,
 * dates, path lengths, key usage, clientAuth, and strength as with cert_read(). A proof is good
 * when ${signature} is one over ${message} by the certificate's key: Ed25519; ECDSA as r and s,
 * P-256 with SHA-256, P-384 with SHA-384, P-521 with SHA-512; RSA-PSS with SHA-256, or the digest
 * that an RSA-PSS key prescribes, the same digest in MGF1 and a salt as long as it. ${ret}->reason
 * is REASON_NONE or a REASON_CERTIFICATE_... Zero bytes of DER are REASON_CERTIFICATE_UNREADABLE.
 */
void cert_judge(const struct cert_question *question, struct cert_verdict *ret);

/**
 * cert_read_crl(crl, cas, n_cas, now, ret, ret_serials, max, detail):
 * Reads a revocation list (DER) that one of the ${n_cas} CAs has signed. Writes the serial numbers
 * that it revokes to ${ret_serials}, at most ${max}. Without nextUpdate next_update is INT64_MAX.
 * Returns CERT_FINE; CERT_UNREADABLE; CERT_REFUSED. A list is refused when no registered CA has
 * signed it, when it is not valid yet or out of date, when it is a delta, when it or an entry has
 * another critical extension, or when it has more than ${max} entries. ${detail} as above.
 */
enum cert_fault cert_read_crl(const struct cert_blob *crl, const struct cert_blob *cas,
                              size_t n_cas, int64_t now, struct crl_record *ret,
                              struct cert_serial *ret_serials, size_t max,
                              char detail[static CERT_DETAIL_LEN]) _must_check_;

/**
 * cert_has_signed_crl(crl, ca):
 * Whether the key of the certificate ${ca} has signed the revocation list ${crl}. It reads nothing
 * of what was signed. What cert_read_crl() says of a hostile list may be a lie, because it has
 * parsed all of it: another process asks this, of the CA that was named.
 */
bool cert_has_signed_crl(const struct cert_blob *crl, const struct cert_blob *ca) _must_check_;

/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads one certificate that is to be registered, and says what is wrong with it. Runs in a helper
 * only, because the bytes may be hostile. It knows no store, no clock and no chain. */
#include <stdio.h>
#include <string.h>

#include "cert/cert_crl.h"
#include "cert/cert_key.h"
#include "cert/cert_x509.h"
#include "parse.h"

#define SAYS(...) ((void) snprintf(detail, CERT_DETAIL_LEN, __VA_ARGS__))

static void say_time(const char *what, const ASN1_TIME *time, const char *right,
                     char detail[static CERT_DETAIL_LEN]) {
        char text[PARSE_TIME_LEN] = "";
        int64_t t = 0;

        if (cert_x509_time(time, &t))
                parse_time_format(t, text);
        SAYS("%s %s: %s", what, text, right);
}

static void say(enum cert_x509_fault fault, const X509 *x, const char *key_type,
                char detail[static CERT_DETAIL_LEN]) {
        switch (fault) {
        case CERT_X509_FINE:
                return;
        case CERT_X509_WEAK_KEY:
                SAYS("its key is %s: take RSA of 2048 bits or more, ECDSA P-256, P-384 or P-521, "
                     "or Ed25519",
                     key_type);
                return;
        case CERT_X509_WEAK_SIGNATURE:
                SAYS("it is signed with SHA-1, MD5 or the like: have it signed with SHA-256");
                return;
        case CERT_X509_EXTENSION:
                SAYS("it has a critical extension that is not known here: have it made without");
                return;
        case CERT_X509_CA:
                SAYS("it is a CA's: register it as a CA, or make one with basicConstraints "
                     "CA:FALSE");
                return;
        case CERT_X509_NO_CA:
                SAYS("it is no CA's: register it as a client's, or make one with basicConstraints "
                     "CA:TRUE");
                return;
        case CERT_X509_PURPOSE:
                SAYS("it is not for clients: its keyUsage needs digitalSignature, its "
                     "extendedKeyUsage "
                     "clientAuth");
                return;
        case CERT_X509_NOT_YET_VALID:
                say_time("it is not valid before", X509_get0_notBefore(x),
                         "wait, or look at the clock", detail);
                return;
        case CERT_X509_EXPIRED:
                say_time("it has expired on", X509_get0_notAfter(x), "register one that is valid",
                         detail);
                return;
        }
}

enum cert_fault cert_read(const struct cert_blob *der, enum cert_kind kind, int64_t now,
                          struct cert_record *ret, char detail[static CERT_DETAIL_LEN]) {
        _cleanup_openssl_;
        const char *unreadable;
        _cleanup_(cert_x509_free) X509 *x = cert_x509_parse(der, &unreadable);
        enum cert_x509_fault fault;

        detail[0] = '\0';
        if (!x || !cert_x509_describe(x, der, ret, &unreadable)) {
                SAYS("%s", unreadable);
                return CERT_UNREADABLE;
        }
        fault = cert_x509_check_usage(x, kind);
        if (fault == CERT_X509_FINE)
                fault = cert_x509_check_strength(x);
        if (fault == CERT_X509_FINE)
                fault = cert_x509_check_time(x, now);
        say(fault, x, ret->key_type, detail);
        if (fault != CERT_X509_FINE)
                return CERT_REFUSED;
        if (kind == CERT_CLIENT && !cert_key_can_prove(X509_get0_pubkey(x))) {
                SAYS("its key cannot answer a challenge: take RSA of at most %d bits, RSA-PSS for "
                     "SHA-256",
                     8 * WIRE_SIGNATURE_MAX);
                return CERT_REFUSED;
        }
        return CERT_FINE;
}

enum cert_fault cert_read_crl(const struct cert_blob *crl, const struct cert_blob *cas,
                              size_t n_cas, int64_t now, struct crl_record *ret,
                              struct cert_serial *ret_serials, size_t max,
                              char detail[static CERT_DETAIL_LEN]) {
        _cleanup_openssl_;

        detail[0] = '\0';
        return cert_crl_read(crl, cas, n_cas, now, ret, ret_serials, max, detail);
}

bool cert_has_signed_crl(const struct cert_blob *crl, const struct cert_blob *ca) {
        _cleanup_openssl_;

        return cert_crl_is_signed(crl, ca);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* One certificate as OpenSSL has it: parsing, names, times, serial numbers, and what can be checked
 * without any other certificate. It knows no chains and no store. */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <string.h>
#include <time.h>

#include "cert/cert_der.h"
#include "cert/cert_key.h"
#include "cert/cert_name.h"
#include "cert/cert_point.h"
#include "cert/cert_text.h"
#include "cert/cert_x509.h"

#define SIGNATURE_BITS_MIN 112 /* of security: SHA-224 and stronger */

int cert_x509_begin(void) {
        (void) OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
        return 0;
}

void cert_x509_end(const int *mark) {
        (void) mark;
        ERR_clear_error();
}

/* Names are decoded with the certificate. */
static const char *why_none(void) {
        unsigned long error;
        bool text = false;

        while ((error = ERR_get_error()) != 0)
                text |= ERR_GET_LIB(error) == ERR_LIB_ASN1 &&
                        ERR_GET_REASON(error) == ASN1_R_INVALID_UTF8STRING;
        return text ? "a name in it is not UTF-8" : "it is DER, but no X.509 certificate";
}

/* OpenSSL keeps the inner encoding as it came, so encoding it again proves little. The walk over
 * the bytes proves it. */
X509 *cert_x509_parse(const struct cert_blob *der, const char **ret_fault) {
        const unsigned char *p = der->bytes;
        _cleanup_(cert_x509_free) X509 *x = NULL;
        unsigned char *again = NULL;
        bool same;
        int len;

        *ret_fault = der->len > INT32_MAX ? "it is too long" : cert_der_fault(p, der->len);
        if (*ret_fault)
                return NULL;
        x = d2i_X509(NULL, &p, (long) der->len);
        if (!x || p != der->bytes + der->len) {
                *ret_fault = why_none();
                return NULL;
        }
        len = i2d_X509(x, &again);
        same = len >= 0 && (size_t) len == der->len && memcmp(again, der->bytes, der->len) == 0;
        OPENSSL_free(again);
        /* -1 makes OpenSSL look at all extensions and keep what they say. */
        if (!same || X509_check_purpose(x, -1, 0) != 1) {
                *ret_fault = same ? "an extension in it is there twice or cannot be read"
                                  : "it is not DER in every byte";
                return NULL;
        }
        return take_ptr(x);
}

bool cert_x509_hash(const uint8_t *bytes, size_t len, uint8_t out[static RECORD_HASH_LEN]) {
        return EVP_Digest(bytes, len, out, NULL, EVP_sha256(), NULL) == 1;
}

static int two_digits(const unsigned char *p) {
        return (p[0] - '0') * 10 + (p[1] - '0');
}

static bool has_form(const unsigned char *p, int len, int digits) {
        if (len != digits + 1 || p[digits] != 'Z')
                return false;
        for (int i = 0; i < digits; i++)
                if (p[i] < '0' || p[i] > '9')
                        return false;
        return true;
}

bool cert_x509_time(const ASN1_TIME *time, int64_t *ret) {
        const unsigned char *p = ASN1_STRING_get0_data(time);
        bool utc = ASN1_STRING_type(time) == V_ASN1_UTCTIME;
        struct tm tm = {}, again = {};
        time_t t;

        if (!has_form(p, ASN1_STRING_length(time), utc ? 12 : 14))
                return false;
        /* Two digits are the years from 1950 on (RFC 5280, 4.1.2.5.1). */
        tm.tm_year = utc ? two_digits(p) : two_digits(p) * 100 + two_digits(p + 2) - 1900;
        if (utc && tm.tm_year < 50)
                tm.tm_year += 100;
        p += utc ? 2 : 4;
        tm.tm_mon = two_digits(p) - 1;
        tm.tm_mday = two_digits(p + 2);
        tm.tm_hour = two_digits(p + 4);
        tm.tm_min = two_digits(p + 6);
        tm.tm_sec = two_digits(p + 8);
        again = tm;
        t = timegm(&again);
        if (again.tm_mon != tm.tm_mon || again.tm_mday != tm.tm_mday ||
            again.tm_hour != tm.tm_hour || again.tm_min != tm.tm_min || again.tm_sec != tm.tm_sec)
                return false;
        *ret = t;
        return true;
}

bool cert_x509_serial(const ASN1_INTEGER *number, struct cert_serial *ret) {
        int len = ASN1_STRING_length(number);

        if (ASN1_STRING_type(number) != V_ASN1_INTEGER || len < 1 || len > RECORD_SERIAL_MAX)
                return false;
        memset(ret->bytes, 0, sizeof(ret->bytes));
        memcpy(ret->bytes, ASN1_STRING_get0_data(number), (size_t) len);
        ret->len = (uint8_t) len;
        return true;
}

/* A point of a curve can be written out or compressed. Written out it is what "sign" hashes too. */
static EVP_PKEY *write_out(EVP_PKEY *key) {
        EVP_PKEY *copy = EVP_PKEY_dup(key);

        if (copy && EVP_PKEY_get_base_id(copy) == EVP_PKEY_EC)
                (void) EVP_PKEY_set_utf8_string_param(
                        copy, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "uncompressed");
        return copy;
}

bool cert_x509_hash_key(const X509 *x, uint8_t out[static RECORD_HASH_LEN]) {
        EVP_PKEY *key = X509_get0_pubkey(x), *plain = key ? write_out(key) : NULL;
        unsigned char *der = NULL;
        int len = plain ? i2d_PUBKEY(plain, &der) : i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);
        bool done = len > 0 && cert_x509_hash(der, (size_t) len, out);

        EVP_PKEY_free(plain);
        OPENSSL_free(der);
        return done;
}

static const char *take_numbers(const X509 *x, struct cert_record *cert) {
        if (!cert_x509_serial(X509_get0_serialNumber(x), &cert->serial))
                return "its serial number is negative, or has more than 20 bytes";
        if (!cert_x509_time(X509_get0_notBefore(x), &cert->not_before) ||
            !cert_x509_time(X509_get0_notAfter(x), &cert->not_after))
                return "it has a date that is none: they are in UTC, with seconds";
        return NULL;
}

bool cert_x509_describe(X509 *x, const struct cert_blob *der, struct cert_record *ret,
                        const char **ret_fault) {
        const X509_NAME *subject = X509_get_subject_name(x), *issuer = X509_get_issuer_name(x);
        struct cert_record cert = {};

        *ret_fault = take_numbers(x, &cert);
        if (*ret_fault)
                return false;
        *ret_fault = "OpenSSL fails to hash it";
        if (!cert_x509_hash(der->bytes, der->len, cert.thumbprint) ||
            !cert_name_hash(issuer, cert.serial.issuer) ||
            !cert_point_of_cert(x, cert.serial.point) ||
            !cert_name_hash(subject, cert.subject_id) || !cert_x509_hash_key(x, cert.spki))
                return false;
        cert_text_name(subject, cert.subject, sizeof(cert.subject));
        cert_text_part(subject, NID_commonName, cert.subject_cn, sizeof(cert.subject_cn));
        cert_text_part(subject, NID_organizationName, cert.subject_o, sizeof(cert.subject_o));
        cert_text_part(subject, NID_organizationalUnitName, cert.subject_ou,
                       sizeof(cert.subject_ou));
        cert_text_part(issuer, NID_commonName, cert.issuer_cn, sizeof(cert.issuer_cn));
        cert_text_part(issuer, NID_organizationName, cert.issuer_o, sizeof(cert.issuer_o));
        cert_text_part(issuer, NID_organizationalUnitName, cert.issuer_ou, sizeof(cert.issuer_ou));
        cert_key_describe(x, cert.key_type);
        cert_key_hash_ssh(X509_get0_pubkey(x), cert.ssh);
        *ret = cert;
        return true;
}

enum cert_x509_fault cert_x509_check_usage(X509 *x, enum cert_kind kind) {
        /* The other numbers are guesses of OpenSSL. */
        bool ca = X509_check_ca(x) == 1;

        if (kind == CERT_CA)
                return ca ? CERT_X509_FINE : CERT_X509_NO_CA;
        if (ca || (X509_get_extension_flags(x) & EXFLAG_CA))
                return CERT_X509_CA;
        if ((X509_get_extension_flags(x) & EXFLAG_KUSAGE) &&
            (X509_get_key_usage(x) & KU_KEY_CERT_SIGN))
                return CERT_X509_CA;
        return X509_check_purpose(x, X509_PURPOSE_SSL_CLIENT, 0) == 1 ? CERT_X509_FINE
                                                                      : CERT_X509_PURPOSE;
}

enum cert_x509_fault cert_x509_check_strength(X509 *x) {
        int bits = 0;

        if (!cert_key_is_strong(X509_get0_pubkey(x)))
                return CERT_X509_WEAK_KEY;
        if (X509_get_signature_info(x, NULL, NULL, &bits, NULL) != 1 || bits < SIGNATURE_BITS_MIN)
                return CERT_X509_WEAK_SIGNATURE;
        return X509_get_extension_flags(x) & EXFLAG_CRITICAL ? CERT_X509_EXTENSION : CERT_X509_FINE;
}

enum cert_x509_fault cert_x509_check_time(const X509 *x, int64_t now) {
        int64_t begins, ends;

        if (!cert_x509_time(X509_get0_notBefore(x), &begins) ||
            !cert_x509_time(X509_get0_notAfter(x), &ends) || now > ends)
                return CERT_X509_EXPIRED;
        return now < begins ? CERT_X509_NOT_YET_VALID : CERT_X509_FINE;
}

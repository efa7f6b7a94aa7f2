/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads a revocation list, finds the registered CA that has signed it, and takes its serial
 * numbers. Runs in a helper only. It knows no store and no clock. */
#include <openssl/rsa.h>
#include <stdio.h>
#include <string.h>

#include "cert/cert_crl.h"
#include "cert/cert_der.h"
#include "cert/cert_key.h"
#include "cert/cert_name.h"
#include "cert/cert_point.h"
#include "cert/cert_x509.h"
#include "parse.h"
#include "text.h"

#define DIGEST_LEN_MIN     28 /* SHA-224 */
#define EXTENSION_NAME_LEN 64

#define SAYS(...) ((void) snprintf(detail, CERT_DETAIL_LEN, __VA_ARGS__))

static void free_crl(X509_CRL **crl) {
        X509_CRL_free(*crl);
}

static void free_pss(RSA_PSS_PARAMS **params) {
        RSA_PSS_PARAMS_free(*params);
}

static X509_CRL *parse(const struct cert_blob *der, const char **ret_fault) {
        const unsigned char *p = der->bytes;
        _cleanup_(free_crl) X509_CRL *crl = NULL;
        unsigned char *again = NULL;
        bool same;
        int len;

        *ret_fault = der->len > INT32_MAX ? "it is too long" : cert_der_fault(p, der->len);
        if (*ret_fault)
                return NULL;
        *ret_fault = "it is DER, but no revocation list (CRL)";
        crl = d2i_X509_CRL(NULL, &p, (long) der->len);
        if (!crl || p != der->bytes + der->len)
                return NULL;
        len = i2d_X509_CRL(crl, &again);
        same = len >= 0 && (size_t) len == der->len && memcmp(again, der->bytes, der->len) == 0;
        OPENSSL_free(again);
        return same ? take_ptr(crl) : NULL;
}

/* --- Which CA has signed it --- */

/* RSA-PSS names its digest in the parameters. Without the parameter it is SHA-1. */
static int pss_digest(const X509_ALGOR *algorithm) {
        _cleanup_(free_pss) RSA_PSS_PARAMS *params = NULL;
        const ASN1_OBJECT *hash = NULL;
        const void *value = NULL;
        int type = V_ASN1_UNDEF;

        X509_ALGOR_get0(NULL, &type, &value, algorithm);
        if (type == V_ASN1_SEQUENCE)
                params = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(RSA_PSS_PARAMS),
                                                   algorithm->parameter);
        if (!params || !params->hashAlgorithm)
                return NID_undef;
        X509_ALGOR_get0(&hash, NULL, NULL, params->hashAlgorithm);
        return OBJ_obj2nid(hash);
}

static bool is_strong(const X509_ALGOR *algorithm) {
        const ASN1_OBJECT *object = NULL;
        int signature, digest = NID_undef;
        const EVP_MD *md;

        X509_ALGOR_get0(&object, NULL, NULL, algorithm);
        signature = OBJ_obj2nid(object);
        if (signature == NID_ED25519)
                return true;
        if (signature == NID_rsassaPss)
                digest = pss_digest(algorithm);
        else if (OBJ_find_sigid_algs(signature, &digest, NULL) != 1)
                return false;
        md = digest == NID_undef ? NULL : EVP_get_digestbynid(digest);
        return md && EVP_MD_get_size(md) >= DIGEST_LEN_MIN;
}

static bool is_strongly_signed(const X509_CRL *crl) {
        const X509_ALGOR *algorithm = NULL;

        X509_CRL_get0_signature(crl, NULL, &algorithm);
        return is_strong(algorithm);
}

static bool is_signer(X509_CRL *crl, X509 *ca) {
        if (!cert_name_is_same(X509_CRL_get_issuer(crl), X509_get_subject_name(ca)) ||
            cert_x509_check_usage(ca, CERT_CA) != CERT_X509_FINE ||
            !cert_key_is_strong(X509_get0_pubkey(ca)))
                return false;
        if ((X509_get_extension_flags(ca) & EXFLAG_KUSAGE) &&
            !(X509_get_key_usage(ca) & KU_CRL_SIGN))
                return false;
        return X509_CRL_verify(crl, X509_get0_pubkey(ca)) == 1;
}

/* Of several CAs with one key it takes the one that stays valid longest. */
static bool find_signer(X509_CRL *crl, const struct cert_blob *cas, size_t n_cas,
                        uint8_t ret[static RECORD_THUMBPRINT_LEN]) {
        int64_t ends, last = 0;
        bool found = false;

        for (size_t i = 0; i < n_cas; i++) {
                const char *unreadable;
                _cleanup_(cert_x509_free) X509 *ca = cert_x509_parse(&cas[i], &unreadable);

                if (!ca || !cert_x509_time(X509_get0_notAfter(ca), &ends) ||
                    (found && ends <= last) || !is_signer(crl, ca) ||
                    !cert_x509_hash(cas[i].bytes, cas[i].len, ret))
                        continue;
                found = true;
                last = ends;
        }
        return found;
}

/* --- Whether a CA has signed it, with as little parsing as can be --- */

static void free_parts(ASN1_SEQUENCE_ANY **parts) {
        sk_ASN1_TYPE_pop_free(*parts, ASN1_TYPE_free);
}

static void free_algorithm(X509_ALGOR **algorithm) {
        X509_ALGOR_free(*algorithm);
}

/* What is signed, how, and the signature. What is signed stays bytes. */
static ASN1_SEQUENCE_ANY *split(const struct cert_blob *der) {
        const unsigned char *p = der->bytes;

        return der->len > INT32_MAX || cert_der_fault(p, der->len)
                       ? NULL
                       : d2i_ASN1_SEQUENCE_ANY(NULL, &p, (long) der->len);
}

bool cert_crl_is_signed(const struct cert_blob *crl, const struct cert_blob *ca) {
        _cleanup_(free_parts) ASN1_SEQUENCE_ANY *parts = split(crl);
        _cleanup_(free_algorithm) X509_ALGOR *algorithm = NULL;
        const char *unreadable;
        _cleanup_(cert_x509_free) X509 *x = cert_x509_parse(ca, &unreadable);
        ASN1_TYPE *signature;

        if (!x || sk_ASN1_TYPE_num(parts) != 3)
                return false;
        signature = sk_ASN1_TYPE_value(parts, 2);
        algorithm =
                ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(X509_ALGOR), sk_ASN1_TYPE_value(parts, 1));
        return algorithm && is_strong(algorithm) && ASN1_TYPE_get(signature) == V_ASN1_BIT_STRING &&
               cert_key_is_strong(X509_get0_pubkey(x)) &&
               ASN1_item_verify(ASN1_ITEM_rptr(ASN1_ANY), algorithm, signature->value.bit_string,
                                sk_ASN1_TYPE_value(parts, 0), X509_get0_pubkey(x)) == 1;
}

/* --- What it says --- */

static bool is_current(const X509_CRL *crl, int64_t now, struct crl_record *list,
                       char detail[static CERT_DETAIL_LEN]) {
        const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);
        char text[PARSE_TIME_LEN];

        list->next_update = INT64_MAX;
        if (!cert_x509_time(X509_CRL_get0_lastUpdate(crl), &list->this_update) ||
            (next && !cert_x509_time(next, &list->next_update))) {
                SAYS("it has a date that is none: thisUpdate and nextUpdate are in UTC, with "
                     "seconds");
                return false;
        }
        if (now < list->this_update) {
                parse_time_format(list->this_update, text);
                SAYS("it is not valid before %s: wait, or look at the clock", text);
                return false;
        }
        if (now > list->next_update) {
                parse_time_format(list->next_update, text);
                SAYS("it is out of date since %s: load a newer one", text);
                return false;
        }
        return true;
}

/* Some extensions are refused even where they are not marked critical, as they must be. With them
 * the list does not mean what it seems to mean. */
static bool is_refused(X509_EXTENSION *extension, char detail[static CERT_DETAIL_LEN]) {
        const ASN1_OBJECT *object = X509_EXTENSION_get_object(extension);
        char name[EXTENSION_NAME_LEN], safe[EXTENSION_NAME_LEN];
        int nid = OBJ_obj2nid(object);

        if (nid == NID_issuing_distribution_point ||
            (!X509_EXTENSION_get_critical(extension) && nid != NID_delta_crl &&
             nid != NID_certificate_issuer))
                return false;
        if (OBJ_obj2txt(name, sizeof(name), object, 0) <= 0)
                name[0] = '\0';
        text_escape(safe, sizeof(safe), name);
        SAYS("it has the extension %s: load a full list without", safe);
        return true;
}

static bool has_refused(const STACK_OF(X509_EXTENSION) * extensions,
                        char detail[static CERT_DETAIL_LEN]) {
        for (int i = 0; i < X509v3_get_ext_count(extensions); i++)
                if (is_refused(X509v3_get_ext(extensions, i), detail))
                        return true;
        return false;
}

static bool take_entries(X509_CRL *crl, const struct crl_record *list, struct cert_serial *serials,
                         char detail[static CERT_DETAIL_LEN]) {
        STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(crl);

        for (int i = 0; i < (int) list->revoked; i++) {
                const X509_REVOKED *entry = sk_X509_REVOKED_value(entries, i);

                if (has_refused(X509_REVOKED_get0_extensions(entry), detail))
                        return false;
                if (!cert_x509_serial(X509_REVOKED_get0_serialNumber(entry), &serials[i])) {
                        SAYS("it has a serial number that is none: they have 1 to 20 bytes");
                        return false;
                }
                memcpy(serials[i].issuer, list->issuer, sizeof(serials[i].issuer));
        }
        return true;
}

static bool take_list(X509_CRL *crl, int64_t now, struct crl_record *list,
                      struct cert_serial *serials, size_t max,
                      char detail[static CERT_DETAIL_LEN]) {
        int n = sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl));

        list->revoked = n > 0 ? (uint64_t) n : 0;
        if (list->revoked > max) {
                SAYS("it has %d entries: %zu are the most that are taken", n, max);
                return false;
        }
        if (!cert_point_of_list(crl, list->point)) {
                SAYS("its issuing distribution point leaves out certificates, reasons or CAs: load "
                     "a list of all of them");
                return false;
        }
        return is_current(crl, now, list, detail) &&
               !has_refused(X509_CRL_get0_extensions(crl), detail) &&
               take_entries(crl, list, serials, detail);
}

enum cert_fault cert_crl_read(const struct cert_blob *crl, const struct cert_blob *cas,
                              size_t n_cas, int64_t now, struct crl_record *ret,
                              struct cert_serial *ret_serials, size_t max,
                              char detail[static CERT_DETAIL_LEN]) {
        const char *unreadable;
        _cleanup_(free_crl) X509_CRL *parsed = parse(crl, &unreadable);
        struct crl_record list = {};

        if (!parsed || !cert_name_hash(X509_CRL_get_issuer(parsed), list.issuer)) {
                SAYS("%s", unreadable);
                return CERT_UNREADABLE;
        }
        if (!is_strongly_signed(parsed)) {
                SAYS("it is signed with SHA-1, MD5 or the like: have it signed with SHA-256");
                return CERT_REFUSED;
        }
        if (!find_signer(parsed, cas, n_cas, list.ca)) {
                SAYS("no registered CA has signed it: register its CA, which may sign lists "
                     "(cRLSign), "
                     "first");
                return CERT_REFUSED;
        }
        if (!take_list(parsed, now, &list, ret_serials, max, detail))
                return CERT_REFUSED;
        *ret = list;
        return CERT_FINE;
}

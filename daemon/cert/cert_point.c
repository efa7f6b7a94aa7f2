/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads distribution points. Names of the same kind are compared, and lists of names as a whole: a
 * CA writes the same into its certificates and its lists. It knows no store and no clock. */
#include <string.h>

#include "cert/cert_name.h"
#include "cert/cert_point.h"

static void free_points(STACK_OF(DIST_POINT) * *points) {
        CRL_DIST_POINTS_free(*points);
}

static void free_issuing(ISSUING_DIST_POINT **issuing) {
        ISSUING_DIST_POINT_free(*issuing);
}

/* A name in a directory can be written as a whole, or as what it has beyond the name of the
 * issuer. NULL when it is another kind of name. */
static const X509_NAME *directory_name(DIST_POINT_NAME *name, const X509_NAME *issuer) {
        const GENERAL_NAMES *names = name->type == 0 ? name->name.fullname : NULL;
        const GENERAL_NAME *only;

        if (!names)
                return DIST_POINT_set_dpname(name, issuer) == 1 ? name->dpname : NULL;
        only = sk_GENERAL_NAME_num(names) == 1 ? sk_GENERAL_NAME_value(names, 0) : NULL;
        return only && only->type == GEN_DIRNAME ? only->d.directoryName : NULL;
}

static bool hash(DIST_POINT_NAME *name, const X509_NAME *issuer,
                 uint8_t out[static RECORD_HASH_LEN]) {
        const X509_NAME *directory = directory_name(name, issuer);
        unsigned char *der = NULL;
        bool done;
        int len;

        if (directory)
                return cert_name_hash(directory, out);
        len = i2d_DIST_POINT_NAME(name, &der);
        done = len > 0 && cert_x509_hash(der, (size_t) len, out);
        OPENSSL_free(der);
        return done;
}

bool cert_point_of_cert(const X509 *x, uint8_t out[static RECORD_HASH_LEN]) {
        _cleanup_(free_points) STACK_OF(DIST_POINT) *points =
                X509_get_ext_d2i(x, NID_crl_distribution_points, NULL, NULL);
        const DIST_POINT *point;

        memset(out, 0, RECORD_HASH_LEN);
        if (sk_DIST_POINT_num(points) != 1)
                return true;
        point = sk_DIST_POINT_value(points, 0);
        return !point->distpoint || point->reasons || point->CRLissuer ||
               hash(point->distpoint, X509_get_issuer_name(x), out);
}

/* An absent flag is none. */
static bool is_whole(const ISSUING_DIST_POINT *issuing) {
        return issuing->onlyuser <= 0 && issuing->onlyCA <= 0 && issuing->onlyattr <= 0 &&
               issuing->indirectCRL <= 0 && !issuing->onlysomereasons;
}

bool cert_point_of_list(const X509_CRL *crl, uint8_t out[static RECORD_HASH_LEN]) {
        int critical;
        _cleanup_(free_issuing) ISSUING_DIST_POINT *issuing =
                X509_CRL_get_ext_d2i(crl, NID_issuing_distribution_point, &critical, NULL);

        memset(out, 0, RECORD_HASH_LEN);
        if (!issuing)
                return critical == -1; /* else damaged, or there twice */
        return is_whole(issuing) &&
               (!issuing->distpoint || hash(issuing->distpoint, X509_CRL_get_issuer(crl), out));
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Distribution points of revocation lists: which list is for which certificate. */
#pragma once

#include "cert/cert_x509.h"

/**
 * cert_point_of_cert(x, out): the hash of the name of the distribution point of ${x}. Zeroes when
 * it names none, or several, or one for some reasons or with another issuer. False when OpenSSL
 * fails.
 */
bool cert_point_of_cert(const X509 *x, uint8_t out[static RECORD_HASH_LEN]) _must_check_;

/**
 * cert_point_of_list(crl, out): the same for a list, from its issuing distribution point. Zeroes
 * when it names none: the list is for all certificates. Returns false for a list that is not for
 * all certificates of this point and of this CA, and for all reasons.
 * Source: RFC 5280, 5.2.5 and 6.3.3 (b)(2).
 */
bool cert_point_of_list(const X509_CRL *crl, uint8_t out[static RECORD_HASH_LEN]) _must_check_;

/* SPDX-License-Identifier: BSD-2-Clause */
/* Revocation lists. */
#pragma once

#include "cert/cert.h"

/**
 * cert_crl_read(crl, cas, n_cas, now, ret, ret_serials, max, detail): as cert_read_crl();
 * ${detail} is empty before.
 */
enum cert_fault cert_crl_read(const struct cert_blob *crl, const struct cert_blob *cas,
                              size_t n_cas, int64_t now, struct crl_record *ret,
                              struct cert_serial *ret_serials, size_t max,
                              char detail[static CERT_DETAIL_LEN]) _must_check_;

/**
 * cert_crl_is_signed(crl, ca): as cert_has_signed_crl().
 */
bool cert_crl_is_signed(const struct cert_blob *crl, const struct cert_blob *ca) _must_check_;

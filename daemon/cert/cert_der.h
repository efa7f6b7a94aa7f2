/* SPDX-License-Identifier: BSD-2-Clause */
/* A check that OpenSSL does not make: whether bytes are DER in every length, number and truth
 * value. Pure, libc only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * cert_der_is_strict(bytes, len):
 * Whether the ${len} bytes are exactly one value in DER (X.690, 10): definite and shortest lengths,
 * no segmented strings, shortest integers, truth as 0xff, no bits left over. It does not look into
 * an OCTET STRING or an implicit tag.
 */
bool cert_der_is_strict(const uint8_t *bytes, size_t len);

/**
 * cert_der_fault(bytes, len): what is wrong with bytes that should be one SEQUENCE in strict DER,
 * as a sentence without its full stop, static. NULL when nothing is.
 */
const char *cert_der_fault(const uint8_t *bytes, size_t len);

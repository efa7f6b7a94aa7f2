/* SPDX-License-Identifier: BSD-2-Clause */
/* The strictness that OpenSSL has not: whether bytes are DER in every length, number and truth
 * value. Pure, libc only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * cert_der_is_strict(bytes, len):
 * Whether the ${len} bytes are one value in DER (X.690, 10) and nothing behind it: definite and
 * shortest lengths, no segmented strings, shortest integers, truth as 0xff, no bits left over.
 * What an OCTET STRING or an implicit tag holds is not looked into.
 */
bool cert_der_is_strict(const uint8_t *bytes, size_t len);

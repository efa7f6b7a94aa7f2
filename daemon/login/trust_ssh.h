/* SPDX-License-Identifier: BSD-2-Clause */
/* The public key in a certificate of SSH, which is not a certificate in the sense of the other
 * files: sshd has checked it. */
#pragma once

#include "wire.h"

/**
 * trust_ssh_plain(blob, len, out):
 * Writes to ${out} the public key of the SSH certificate ${blob}, as SSH writes a key without a
 * certificate. Returns its length, or 0 when ${blob} is no certificate for an RSA, ECDSA or Ed25519
 * key.
 * Source: OpenSSH, PROTOCOL.certkeys.
 */
size_t trust_ssh_plain(const uint8_t *blob, size_t len, uint8_t out[static WIRE_CERTIFICATE_MAX]);

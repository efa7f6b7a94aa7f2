/* SPDX-License-Identifier: BSD-2-Clause */
/* A certificate in the forms in which it travels as text: base64 of its DER, or PEM, either of
 * them escaped for a URL. Pure; what the bytes are is not looked at: that is for a process that
 * may crash. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "attr.h"

/**
 * certtext_decode(text, len, out, size):
 * The bytes of the first certificate in the ${len} bytes at ${text}: base64 or base64url of DER,
 * or a PEM block of the type CERTIFICATE with anything around it; with %XX for any character
 * where the text holds a '%'.
 * Returns their number, at least 1; -EINVAL; -EMSGSIZE when there are more than ${size}.
 */
ssize_t certtext_decode(const char *text, size_t len, uint8_t *out, size_t size) _must_check_;

/**
 * certtext_decode_ssh(text, len, out, size):
 * The public key in what sshd says of how its user has authenticated: the blob of the first line
 * "publickey TYPE BLOB".
 * Returns its length; -EINVAL, also when the user came by other means; -EMSGSIZE. Source:
 * sshd_config(5), ExposeAuthInfo.
 */
ssize_t certtext_decode_ssh(const char *text, size_t len, uint8_t *out, size_t size) _must_check_;

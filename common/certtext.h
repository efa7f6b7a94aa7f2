/* SPDX-License-Identifier: BSD-2-Clause */
/* A certificate as text: base64 of its DER, or PEM, each of them perhaps escaped for a URL. It is
 * pure, and does not look at the decoded bytes: only a process that may crash parses them. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "attr.h"

/**
 * certtext_decode(text, len, out, size):
 * Decodes the first certificate in the ${len} bytes at ${text}. That is base64 or base64url of DER,
 * or a PEM block of the type CERTIFICATE with any text around it. Where the text has a '%', %XX may
 * stand for any character.
 * Returns the number of bytes, at least 1; -EINVAL; -EMSGSIZE when there are more than ${size}.
 */
ssize_t certtext_decode(const char *text, size_t len, uint8_t *out, size_t size) _must_check_;

/**
 * certtext_decode_ssh(text, len, out, size):
 * Decodes the public key in sshd's list of the methods that its user authenticated with: the blob
 * of the first line "publickey TYPE BLOB".
 * Returns its length; -EINVAL, also when the user authenticated by other methods; -EMSGSIZE.
 * Source: sshd_config(5), ExposeAuthInfo.
 */
ssize_t certtext_decode_ssh(const char *text, size_t len, uint8_t *out, size_t size) _must_check_;

/* SPDX-License-Identifier: BSD-2-Clause */
/* Base64 as in RFC 4648: written in the alphabet for URLs without padding, read in either. Pure;
 * not for secrets. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "attr.h"

/* characters of so many bytes, without a NUL */
#define BASE64_LEN(n) (((n) *4 + 2) / 3)

/**
 * base64_encode(in, len, out): writes the ${BASE64_LEN(len)} characters for ${len} bytes and a
 * NUL to ${out}.
 */
void base64_encode(const uint8_t *in, size_t len, char *out);

/**
 * base64_decode(text, len, out, size):
 * Reads ${len} characters; blanks, tabs and ends of lines between them do not count, padding may
 * be there. ${out} may have been written to on failure. Returns the number of bytes, at most
 * ${size}; -EINVAL for what is no base64, bits that are left over included; -EMSGSIZE.
 */
ssize_t base64_decode(const char *text, size_t len, uint8_t *out, size_t size) _must_check_;

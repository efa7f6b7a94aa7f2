/* SPDX-License-Identifier: BSD-2-Clause */
/* Base64 as in RFC 4648. It writes the alphabet for URLs without padding and reads both alphabets.
 * It is pure, and not for secrets: its time depends on the bytes. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "attr.h"

/* the number of characters for n bytes, without a NUL */
#define BASE64_LEN(n) (((n) *4 + 2) / 3)

/**
 * base64_encode(in, len, out):
 * Writes the ${BASE64_LEN(len)} characters for ${len} bytes and a NUL to ${out}.
 */
void base64_encode(const uint8_t *in, size_t len, char *out);

/**
 * base64_decode(text, len, out, size):
 * Reads ${len} characters. Blanks, tabs and line ends between them are skipped. Padding is
 * optional. ${out} may have been written to on failure.
 * Returns the number of bytes, at most ${size}; -EINVAL for a text that is not base64, or has bits
 * left over that are not zero; -EMSGSIZE.
 */
ssize_t base64_decode(const char *text, size_t len, uint8_t *out, size_t size) _must_check_;

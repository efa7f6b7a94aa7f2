/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of certificates as texts that can be shown as they are, with any bytes in the
 * certificate. */
#pragma once

#include "cert/cert_x509.h"

/**
 * cert_text_name(name, out, size):
 * Writes all of ${name} as in RFC 4514, cut to ${size} with its NUL between two characters. Letters
 * of all languages stay as they are. What no text here may have (see text_is_label()) becomes \XX.
 */
void cert_text_name(const X509_NAME *name, char *out, size_t size);

/**
 * cert_text_part(name, nid, out, size):
 * Writes the values of one kind, ${nid}, in ${name}, in their order and with ", " between them, cut
 * as above. What no text here may have becomes \xXX, and a backslash is doubled. "" when there is
 * none.
 */
void cert_text_part(const X509_NAME *name, int nid, char *out, size_t size);

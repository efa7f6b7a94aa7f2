/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of certificates as texts that can be shown as they are, whatever bytes their makers have
 * chosen. */
#pragma once

#include "cert/cert_x509.h"

/**
 * cert_text_name(name, out, size):
 * All of ${name} as RFC 4514 writes it, cut to ${size} with its NUL between two characters:
 * letters of all languages as they are; what no text here may have (see text_is_label()) as \XX.
 */
void cert_text_name(const X509_NAME *name, char *out, size_t size);

/**
 * cert_text_part(name, nid, out, size):
 * The values of one kind, ${nid}, in ${name}, in their order and with ", " between them; cut as
 * above. What no text here may have is \xXX, a backslash is doubled. "" when there is none.
 */
void cert_text_part(const X509_NAME *name, int nid, char *out, size_t size);

/* SPDX-License-Identifier: BSD-2-Clause */
/* Recognizes private keys in files that should hold certificates, by what they look like:
 * damaged ones are secret too. Pure but for the warning. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum privkey_form {
        PRIVKEY_NONE = 0,
        PRIVKEY_PLAIN, /* PKCS#8, PKCS#1, SEC 1, in DER */
        PRIVKEY_ENCRYPTED,
        PRIVKEY_PKCS12,
        PRIVKEY_PEM,
        PRIVKEY_OPENSSH,
        PRIVKEY_PUTTY,
        PRIVKEY_JAVA,
        PRIVKEY_JWK,
        _PRIVKEY_MAX,
};

/**
 * privkey_in_der(der, len): what the ${len} bytes at ${der} begin with.
 */
enum privkey_form privkey_in_der(const uint8_t *der, size_t len);

/**
 * privkey_in_bytes(bytes, len): the first that begins anywhere in what is no certificate.
 */
enum privkey_form privkey_in_bytes(const uint8_t *bytes, size_t len);

/**
 * privkey_in_text(text, len): by the words that such files have; anywhere in ${text}.
 */
enum privkey_form privkey_in_text(const char *text, size_t len);

/**
 * privkey_warn(name, form): tells the person on stderr that the file ${name} holds one, what
 * that means and what to do.
 */
void privkey_warn(const char *name, enum privkey_form form);

/* SPDX-License-Identifier: BSD-2-Clause */
/* Recognizes private keys in files that should hold certificates. Goes by what a key looks like,
 * because a damaged key is secret too. Pure, except for the warning. */
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
 * privkey_in_der(der, len): the kind of private key that ${der} begins with.
 */
enum privkey_form privkey_in_der(const uint8_t *der, size_t len);

/**
 * privkey_in_bytes(bytes, len): the first private key that begins anywhere in ${bytes}.
 */
enum privkey_form privkey_in_bytes(const uint8_t *bytes, size_t len);

/**
 * privkey_in_text(text, len): a private key anywhere in ${text}, by the words that such files
 * have.
 */
enum privkey_form privkey_in_text(const char *text, size_t len);

/**
 * privkey_warn(name, form): says on stderr that the file ${name} holds a private key, what that
 * means and what to do.
 */
void privkey_warn(const char *name, enum privkey_form form);

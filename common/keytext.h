/* SPDX-License-Identifier: BSD-2-Clause */
/* The text form of a key: wfk_<id>_<secret><checksum>, 63 characters of [0-9A-Za-z_].
 *
 * It is pure: no I/O, no allocation. The PAM module uses it to decide "this is not an API key"
 * without asking the daemon. So it accepts exactly the keys that the daemon makes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum keytext_limit {
        KEYTEXT_PREFIX_LEN = 4, /* "wfk_" */
        KEYTEXT_ID_LEN = 10,
        KEYTEXT_SECRET_LEN = 42,
        KEYTEXT_CHECK_LEN = 6,
        KEYTEXT_LEN =
                KEYTEXT_PREFIX_LEN + KEYTEXT_ID_LEN + 1 + KEYTEXT_SECRET_LEN + KEYTEXT_CHECK_LEN,
};

/**
 * keytext_alphabet():
 * The 62 digits of ids, secrets and checksums in order of value, with a final NUL. Static storage.
 */
const char *keytext_alphabet(void);

/**
 * keytext_is_key(text, len):
 * Whether the ${len} bytes at ${text} are a well-formed key: length, prefix, alphabet and checksum.
 * Says nothing about whether such a key exists. ${text} need not end in NUL.
 */
bool keytext_is_key(const char *text, size_t len);

/**
 * keytext_trim(text, len):
 * Returns ${len} without the blanks, tabs, CR and LF at the end of ${text}: a key that was pasted
 * or read from a file often has some. They are no part of the key.
 */
size_t keytext_trim(const char *text, size_t len);

/**
 * keytext_begins_like_key(text):
 * Whether the string ${text} has the prefix of a key. If it is no key, it may be a mistyped one: it
 * must be treated as a secret.
 */
bool keytext_begins_like_key(const char *text);

/**
 * keytext_find(text):
 * The first well-formed key in the string ${text}, whatever is around it, or NULL. What only looks
 * like a key is none: it may be a password.
 */
const char *keytext_find(const char *text);

/**
 * keytext_is_id(text):
 * Whether the string ${text} is a well-formed key id (10 base62 digits).
 */
bool keytext_is_id(const char *text);

/**
 * keytext_format(out, id, secret):
 * Writes the key made of the ${KEYTEXT_ID_LEN} characters at ${id} and the ${KEYTEXT_SECRET_LEN}
 * characters at ${secret} to ${out}, with its checksum and a final NUL. The caller wipes ${out}.
 */
void keytext_format(char out[static KEYTEXT_LEN + 1], const char *id, const char *secret);

/**
 * keytext_id(key), keytext_secret(key):
 * The place where the id or the secret begins in a well-formed key. Borrowed from ${key}; no NUL
 * follows the part.
 */
const char *keytext_id(const char *key);
const char *keytext_secret(const char *key);

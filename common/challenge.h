/* SPDX-License-Identifier: BSD-2-Clause */
/* What a user is handed to prove that the certificate's key is his: a text that names the login,
 * and what is signed for it. Pure.
 *
 *      wfc_<nonce>:<service>:<user>
 *
 * nonce: 43 digits of base64url, for 32 random bytes. Service and user: as they are, but for %XX
 * in the place of any byte that is not in [0-9A-Za-z._-]. So it is one word, and whoever signs
 * it can see what for. Signed is CHALLENGE_CONTEXT and then this text, to which signatures for
 * other purposes are of no use. */
#pragma once

#include <stdbool.h>

#include "wire.h"

#define CHALLENGE_CONTEXT "wfapikey proof of possession, version 1: "

enum challenge_limit {
        CHALLENGE_NONCE_LEN = 43,
        CHALLENGE_TEXT_LEN = 4 + CHALLENGE_NONCE_LEN + 1 + 3 * WIRE_SERVICE_MAX + 1 +
                             3 * WIRE_USER_MAX + 1, /* with a NUL */
        CHALLENGE_MESSAGE_LEN = sizeof(CHALLENGE_CONTEXT) - 1 + CHALLENGE_TEXT_LEN,
};

/**
 * challenge_format(out, nonce, user, service): the text for a login of ${user} to ${service}.
 */
void challenge_format(char out[static CHALLENGE_TEXT_LEN],
                      const uint8_t nonce[static WIRE_CHALLENGE_LEN], const char *user,
                      const char *service);

/**
 * challenge_parse(text, user, service):
 * Whether ${text} is one, to the letter; for whom and what it is.
 */
bool challenge_parse(const char *text, char user[static WIRE_USER_MAX + 1],
                     char service[static WIRE_SERVICE_MAX + 1]) _must_check_;

/**
 * challenge_message(out, text): what is signed for ${text}, with a NUL behind it. Returns its
 * length.
 */
size_t challenge_message(char out[static CHALLENGE_MESSAGE_LEN], const char *text);

/* An answer: what names the certificate, and the signature, both as base64url: "<SHA-256 of its
 * SubjectPublicKeyInfo>.<signature>" where it is registered, else "<DER>.<signature>". */
struct challenge_answer {
        enum wire_evidence evidence; /* WIRE_SIGNED or WIRE_SIGNED_KEY */
        size_t certificate_len, signature_len;
        uint8_t certificate[WIRE_CERTIFICATE_MAX];
        uint8_t signature[WIRE_SIGNATURE_MAX];
};

/**
 * challenge_answer_parse(text, ret): whether ${text} has the form of an answer.
 */
bool challenge_answer_parse(const char *text, struct challenge_answer *ret) _must_check_;

/* SPDX-License-Identifier: BSD-2-Clause */
/* The challenge by which a user proves to have the private key of a certificate: a text that names
 * the login, and the bytes that are signed. Pure.
 *
 *      wfc_<nonce>:<service>:<user>
 *
 * The nonce is 43 digits of base64url, for 32 random bytes. In service and user, any byte that is
 * not in [0-9A-Za-z._-] is written as %XX. So the challenge is one word, and the user can read what
 * the signature is for. The signed bytes are CHALLENGE_CONTEXT and then this text. The context
 * makes signatures for other purposes useless here. */
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
 * challenge_format(out, nonce, user, service):
 * Writes the challenge for a login of ${user} to ${service}.
 */
void challenge_format(char out[static CHALLENGE_TEXT_LEN],
                      const uint8_t nonce[static WIRE_CHALLENGE_LEN], const char *user,
                      const char *service);

/**
 * challenge_parse(text, user, service):
 * Whether ${text} is a challenge exactly as challenge_format() writes it. If so, ${user} and
 * ${service} are the names in it.
 */
bool challenge_parse(const char *text, char user[static WIRE_USER_MAX + 1],
                     char service[static WIRE_SERVICE_MAX + 1]) _must_check_;

/**
 * challenge_message(out, text):
 * Writes the bytes that are signed for the challenge ${text}, and a NUL. Returns their number,
 * without the NUL.
 */
size_t challenge_message(char out[static CHALLENGE_MESSAGE_LEN], const char *text);

/* The answer to a challenge: what identifies the certificate, and the signature, both as base64url.
 * It is "<SHA-256 of the certificate's SubjectPublicKeyInfo>.<signature>" for a registered
 * certificate, and "<DER>.<signature>" for any other. */
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

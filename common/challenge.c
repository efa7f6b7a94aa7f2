/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes and reads challenges and answers. It must not know sockets, keys or certificates: it
 * neither makes a nonce nor checks a signature. */
#include <string.h>

#include "base64.h"
#include "challenge.h"

_Static_assert(BASE64_LEN(WIRE_CHALLENGE_LEN) == CHALLENGE_NONCE_LEN, "a nonce");

static const char prefix[] = "wfc_";

static bool is_plain(char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               c == '.' || c == '_' || c == '-';
}

static char *put_escaped(char *out, const char *text, size_t max) {
        static const char hex[] = "0123456789ABCDEF";

        for (size_t i = 0; i < max && text[i]; i++) {
                unsigned char c = (unsigned char) text[i];

                if (is_plain(text[i])) {
                        *out++ = text[i];
                        continue;
                }
                *out++ = '%';
                *out++ = hex[c >> 4];
                *out++ = hex[c & 15];
        }
        return out;
}

void challenge_format(char out[static CHALLENGE_TEXT_LEN],
                      const uint8_t nonce[static WIRE_CHALLENGE_LEN], const char *user,
                      const char *service) {
        memcpy(out, prefix, sizeof(prefix) - 1);
        base64_encode(nonce, WIRE_CHALLENGE_LEN, out + sizeof(prefix) - 1);
        out += sizeof(prefix) - 1 + CHALLENGE_NONCE_LEN;
        *out++ = ':';
        out = put_escaped(out, service, WIRE_SERVICE_MAX);
        *out++ = ':';
        out = put_escaped(out, user, WIRE_USER_MAX);
        *out = '\0';
}

static int hex_value(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool get_escaped(const char *text, size_t len, char *out, size_t max) {
        size_t n = 0;

        for (size_t i = 0; i < len; i++) {
                char c = text[i];

                if (n == max)
                        return false;
                if (c == '%') {
                        int high = len - i < 3 ? -1 : hex_value(text[i + 1]),
                            low = len - i < 3 ? -1 : hex_value(text[i + 2]);

                        if (high < 0 || low < 0)
                                return false;
                        c = (char) (high << 4 | low);
                        if (is_plain(c) || c == '\0')
                                return false;
                        i += 2;
                } else if (!is_plain(c))
                        return false;
                out[n++] = c;
        }
        out[n] = '\0';
        return true;
}

bool challenge_parse(const char *text, char user[static WIRE_USER_MAX + 1],
                     char service[static WIRE_SERVICE_MAX + 1]) {
        size_t len = strnlen(text, CHALLENGE_TEXT_LEN);
        uint8_t nonce[WIRE_CHALLENGE_LEN];
        const char *at = text + sizeof(prefix) - 1, *colon;

        if (len == CHALLENGE_TEXT_LEN || len < sizeof(prefix) + CHALLENGE_NONCE_LEN ||
            memcmp(text, prefix, sizeof(prefix) - 1) != 0 ||
            strcspn(at, "+/") < CHALLENGE_NONCE_LEN || /* the other alphabet */
            base64_decode(at, CHALLENGE_NONCE_LEN, nonce, sizeof(nonce)) != sizeof(nonce))
                return false;
        at += CHALLENGE_NONCE_LEN;
        if (*at++ != ':')
                return false;
        colon = strchr(at, ':');
        return colon && get_escaped(at, (size_t) (colon - at), service, WIRE_SERVICE_MAX) &&
               get_escaped(colon + 1, strlen(colon + 1), user, WIRE_USER_MAX) && user[0];
}

size_t challenge_message(char out[static CHALLENGE_MESSAGE_LEN], const char *text) {
        size_t context = sizeof(CHALLENGE_CONTEXT) - 1, len = strnlen(text, CHALLENGE_TEXT_LEN - 1);

        memcpy(out, CHALLENGE_CONTEXT, context);
        memcpy(out + context, text, len);
        out[context + len] = '\0';
        return context + len;
}

bool challenge_answer_parse(const char *text, struct challenge_answer *ret) {
        const char *dot = strchr(text, '.');
        ssize_t certificate, signature;

        if (!dot)
                return false;
        certificate = base64_decode(text, (size_t) (dot - text), ret->certificate,
                                    sizeof(ret->certificate));
        signature = base64_decode(dot + 1, strlen(dot + 1), ret->signature, sizeof(ret->signature));
        if (certificate <= 0 || signature <= 0)
                return false;
        ret->certificate_len = (size_t) certificate;
        ret->signature_len = (size_t) signature;
        ret->evidence = certificate == WIRE_KEY_HASH_LEN ? WIRE_SIGNED_KEY : WIRE_SIGNED;
        return true;
}

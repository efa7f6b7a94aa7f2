/* SPDX-License-Identifier: BSD-2-Clause */
/* Takes a public key out of a certificate of SSH. Any process can send the bytes. What the
 * certificate says beside the key is sshd's matter, and not looked at. */
#include <string.h>

#include "login/trust_ssh.h"

/* A certificate begins with its type, a nonce, and the strings that the key has. */
static const struct {
        const char *type;
        size_t type_len; /* of the plain key */
        unsigned strings;
} kinds[] = {
#define KIND(plain, strings)                                                                       \
        { plain "-cert-v01@openssh.com", sizeof(plain) - 1, strings }
        KIND("ssh-ed25519", 1),         KIND("ssh-rsa", 2),
        KIND("ecdsa-sha2-nistp256", 2), KIND("ecdsa-sha2-nistp384", 2),
        KIND("ecdsa-sha2-nistp521", 2),
#undef KIND
};

/* The length of a string comes before it, the most significant byte first. */
#define HEAD 4

/* How many bytes the string at ${p} has with its length, or 0 when it is not there as a whole. */
static size_t measure(const uint8_t *p, size_t len) {
        size_t n;

        if (len < HEAD)
                return 0;
        n = (size_t) p[0] << 24 | (size_t) p[1] << 16 | (size_t) p[2] << 8 | p[3];
        return n <= len - HEAD ? HEAD + n : 0;
}

static bool is(const uint8_t *p, size_t size, const char *word) {
        return size == HEAD + strlen(word) && memcmp(p + HEAD, word, strlen(word)) == 0;
}

static size_t take_key(const uint8_t *blob, size_t len, size_t at, size_t kind, uint8_t *out) {
        size_t n, from, type_len = kinds[kind].type_len;

        n = measure(blob + at, len - at); /* the nonce */
        if (n == 0)
                return 0;
        at = from = at + n;
        for (unsigned i = 0; i < kinds[kind].strings; i++) {
                n = measure(blob + at, len - at);
                if (n == 0)
                        return 0;
                at += n;
        }
        memset(out, 0, HEAD);
        out[HEAD - 1] = (uint8_t) type_len;
        memcpy(out + HEAD, kinds[kind].type, type_len);
        memcpy(out + HEAD + type_len, blob + from, at - from);
        return HEAD + type_len + at - from;
}

size_t trust_ssh_plain(const uint8_t *blob, size_t len, uint8_t out[static WIRE_CERTIFICATE_MAX]) {
        size_t n = measure(blob, len);

        if (len > WIRE_CERTIFICATE_MAX || n == 0)
                return 0;
        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
                if (is(blob, n, kinds[i].type))
                        return take_key(blob, len, n, i, out);
        return 0;
}

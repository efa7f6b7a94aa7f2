/* SPDX-License-Identifier: BSD-2-Clause */
/* Recognizes private keys by what they look like. Decodes none, and never gives one to OpenSSL. */
#include <string.h>

#include "attr.h"
#include "cli/say.h"
#include "pki/privkey.h"

static const struct {
        const char *what;
        /* a command that writes only the certificate */
        const char *remedy;
} forms[_PRIVKEY_MAX] = {
        [PRIVKEY_PLAIN] = { "a private key (DER)", "openssl x509 -in FILE -out cert.pem" },
        [PRIVKEY_ENCRYPTED] = { "an encrypted private key (DER)",
                                "openssl x509 -in FILE -out cert.pem" },
        [PRIVKEY_PKCS12] = { "a PKCS#12 store, which is made for private keys",
                             "openssl pkcs12 -in FILE -nokeys -clcerts -out cert.pem" },
        [PRIVKEY_PEM] = { "a private key (PEM)", "openssl x509 -in FILE -out cert.pem" },
        [PRIVKEY_OPENSSH] = { "a private key of OpenSSH", "openssl x509 -in FILE -out cert.pem" },
        [PRIVKEY_PUTTY] = { "a private key of PuTTY", "openssl x509 -in FILE -out cert.pem" },
        [PRIVKEY_JAVA] = { "a Java key store, which is made for private keys",
                           "keytool -exportcert -rfc -keystore FILE -file cert.pem" },
        [PRIVKEY_JWK] = { "a private key (JWK)", "openssl x509 -in FILE -out cert.pem" },
};

/* The content of the SEQUENCE at ${der}; NULL when there is none. Takes lengths of BER, and
 * wrong ones. */
static const uint8_t *enter_sequence(const uint8_t *der, const uint8_t *end) {
        size_t more;

        if (end - der < 2 || der[0] != 0x30)
                return NULL;
        more = der[1] > 0x80 ? der[1] & 0x7fU : 0;
        return more <= 4 && (size_t) (end - der) >= 2 + more ? der + 2 + more : NULL;
}

static bool starts(const uint8_t *at, const uint8_t *end, const void *with, size_t len) {
        return at && (size_t) (end - at) >= len && memcmp(at, with, len) == 0;
}

enum privkey_form privkey_in_der(const uint8_t *der, size_t len) {
        static const uint8_t version[] = { 0x02, 0x01 };
        static const uint8_t pkcs5[] = {
                0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05
        };
        static const uint8_t pkcs12[] = { 0x06, 0x0a, 0x2a, 0x86, 0x48, 0x86,
                                          0xf7, 0x0d, 0x01, 0x0c, 0x01 };
        const uint8_t *end = der + len, *at = enter_sequence(der, end);

        /* A version, followed by what only private keys and key stores have there. */
        if (starts(at, end, version, sizeof(version)) && end - at >= 4) {
                if (at[2] <= 1 && (at[3] == 0x30 || at[3] == 0x02 || at[3] == 0x04))
                        return PRIVKEY_PLAIN;
                return at[2] == 3 && at[3] == 0x30 ? PRIVKEY_PKCS12 : PRIVKEY_NONE;
        }
        /* An algorithm that encrypts. */
        at = at ? enter_sequence(at, end) : NULL;
        if (starts(at, end, pkcs5, sizeof(pkcs5)) || starts(at, end, pkcs12, sizeof(pkcs12)))
                return PRIVKEY_ENCRYPTED;
        return PRIVKEY_NONE;
}

enum privkey_form privkey_in_bytes(const uint8_t *bytes, size_t len) {
        for (size_t i = 0; i < len; i++) {
                enum privkey_form form = privkey_in_der(bytes + i, len - i);

                if (form != PRIVKEY_NONE)
                        return form;
        }
        return PRIVKEY_NONE;
}

/* Any PEM label that names a private key, with any number of dashes. */
static bool has_label(const char *text, size_t len) {
        const char *at = text, *end = text + len, *line;

        while ((at = memmem(at, (size_t) (end - at), "BEGIN ", 6))) {
                line = memchr(at, '\n', (size_t) (end - at));
                if (memmem(at, (size_t) ((line ? line : end) - at), "PRIVATE KEY", 11))
                        return true;
                at += 6;
        }
        return false;
}

enum privkey_form privkey_in_text(const char *text, size_t len) {
        static const char java[] = { '\xfe', '\xed', '\xfe', '\xed' };
        static const struct {
                const char *word, *other;
                enum privkey_form form;
        } words[] = {
                { "BEGIN OPENSSH PRIVATE KEY", "", PRIVKEY_OPENSSH },
                { "openssh-key-v1", "", PRIVKEY_OPENSSH },
                { "PuTTY-User-Key-File-", "", PRIVKEY_PUTTY },
                { "\"kty\"", "\"d\"", PRIVKEY_JWK },
        };

        if (len >= sizeof(java) && memcmp(text, java, sizeof(java)) == 0)
                return PRIVKEY_JAVA;
        for (size_t i = 0; i < ARRAY_LEN(words); i++)
                if (memmem(text, len, words[i].word, strlen(words[i].word)) &&
                    memmem(text, len, words[i].other, strlen(words[i].other)))
                        return words[i].form;
        return has_label(text, len) ? PRIVKEY_PEM : PRIVKEY_NONE;
}

void privkey_warn(const char *name, enum privkey_form form) {
        say_error("%s holds %s. Nothing was sent to the daemon, which never needs a private key.",
                  name, forms[form].what);
        say_error("warning: anyone who could read this file, wherever it was kept or sent, has the "
                  "private key and can act as its owner. If that may be another person, have the "
                  "certificate revoked and replaced by one for a new key.");
        say_error("Give a file with the certificate alone. This command writes one: %s",
                  forms[form].remedy);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Tells what the pieces of a file are. Never gives OpenSSL what may be a private key, because
 * OpenSSL would copy it. Does not know what the caller wants. */
#include <errno.h>
#include <openssl/pkcs7.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "cli/say.h"
#include "pki/certpiece.h"
#include "pki/pem.h"

void certpiece_done(struct certpiece_source *s) {
        if (s->decoded)
                explicit_bzero(s->decoded, s->file.room);
        free(s->decoded);
        infile_done(&s->file);
}

/* is_X(p, len): whether an X begins at ${*p}. Moves ${*p} behind it then. */
#define RECOGNIZE(name, type, read, free)                                                          \
        static bool is_##name(const uint8_t **p, long len) {                                       \
                type *thing = read(NULL, p, len);                                                  \
                bool is = thing != NULL;                                                           \
                                                                                                   \
                free(thing);                                                                       \
                return is;                                                                         \
        }
RECOGNIZE(certificate, X509, d2i_X509, X509_free)
RECOGNIZE(crl, X509_CRL, d2i_X509_CRL, X509_CRL_free)
RECOGNIZE(request, X509_REQ, d2i_X509_REQ, X509_REQ_free)
RECOGNIZE(public_key, X509_PUBKEY, d2i_X509_PUBKEY, X509_PUBKEY_free)
RECOGNIZE(pkcs7, PKCS7, d2i_PKCS7, PKCS7_free)

static const struct {
        bool (*is)(const uint8_t **p, long len);
        enum certpiece_kind kind;
} ders[] = {
        { is_certificate, CERTPIECE_CERTIFICATE },
        { is_crl, CERTPIECE_CRL },
        { is_request, CERTPIECE_REQUEST },
        { is_public_key, CERTPIECE_PUBLIC_KEY },
        { is_pkcs7, CERTPIECE_PKCS7 },
};

/* Finds what begins at ${der}. Looks for private keys first: OpenSSL would copy them. */
static void sort_der(const uint8_t *der, size_t len, struct certpiece *ret) {
        *ret = (struct certpiece){ .kind = CERTPIECE_UNKNOWN, .der = der, .len = len };
        ret->private = privkey_in_der(der, len);
        if (ret->private != PRIVKEY_NONE)
                return;
        for (size_t i = 0; i < ARRAY_LEN(ders); i++) {
                const uint8_t *p = der;

                if (!ders[i].is(&p, (long) len))
                        continue;
                ret->kind = ders[i].kind;
                ret->len = (size_t) (p - der);
                return;
        }
        ret->private = privkey_in_bytes(der, len);
}

static bool has_binary(const char *text, size_t len) {
        for (size_t i = 0; i < len; i++)
                if ((unsigned char) text[i] < ' ' && !strchr("\t\n\r\f", text[i]))
                        return true;
        return memchr(text, 0, len) != NULL;
}

static bool label_is(const struct pem_block *b, const char *label) {
        return b->label_len == strlen(label) && memcmp(b->label, label, b->label_len) == 0;
}

static void sort_block(struct certpiece_source *s, const struct pem_block *b,
                       struct certpiece *ret) {
        ssize_t len =
                b->body ? base64_decode(b->body, b->body_len, s->decoded, s->file.room) : -EINVAL;

        if (len <= 0) {
                *ret = (struct certpiece){ .kind = CERTPIECE_DAMAGED };
                return;
        }
        sort_der(s->decoded, (size_t) len, ret);
        if (ret->private != PRIVKEY_NONE)
                return;
        if (label_is(b, "TRUSTED CERTIFICATE"))
                ret->kind = CERTPIECE_TRUSTED;
        else if (ret->kind == CERTPIECE_UNKNOWN && !label_is(b, "CERTIFICATE") &&
                 !label_is(b, "X509 CRL"))
                ret->kind = CERTPIECE_BLOCK;
        else if (ret->kind == CERTPIECE_UNKNOWN || ret->len != (size_t) len)
                ret->kind = CERTPIECE_DAMAGED;
}

/* Text around PEM blocks is usual, binary bytes are not. */
static int next_block(struct certpiece_source *s, struct certpiece *ret) {
        struct pem_block b;
        int r = pem_next((const char *) s->file.bytes, s->file.len, &s->at, &b);

        if (has_binary(b.before, b.before_len)) {
                *ret = (struct certpiece){ .kind = CERTPIECE_BEHIND };
                ret->private = privkey_in_bytes((const uint8_t *) b.before, b.before_len);
                if (ret->private != PRIVKEY_NONE || r == 0)
                        return 1;
                /* The block may hold a private key, which matters more. */
                sort_block(s, &b, ret);
                if (ret->private == PRIVKEY_NONE)
                        ret->kind = CERTPIECE_BEHIND;
                return 1;
        }
        if (r > 0)
                sort_block(s, &b, ret);
        return r;
}

int certpiece_next(struct certpiece_source *s, struct certpiece *ret) {
        bool first = s->at == 0;

        if (s->pem)
                return next_block(s, ret);
        if (s->at == s->len)
                return 0;
        sort_der(s->der + s->at, s->len - s->at, ret);
        if (ret->kind == CERTPIECE_UNKNOWN && !first)
                ret->kind = CERTPIECE_BEHIND;
        s->at += ret->len;
        return 1;
}

enum exit_code certpiece_open(const char *path, size_t max, struct certpiece_source *s) {
        enum exit_code rc = infile_read(path, max, &s->file);
        const char *text = (const char *) s->file.bytes;
        ssize_t len;

        if (rc != CTL_OK)
                return rc;
        s->decoded = malloc(s->file.room);
        if (!s->decoded)
                return say_no_memory();
        s->der = s->file.bytes;
        s->len = s->file.len;
        s->pem = memmem(text, s->len, "-----BEGIN ", 11) != NULL;
        if (s->pem)
                return CTL_OK;
        /* The base64 of DER, as 'cert encode' prints it. */
        len = base64_decode(text, s->len, s->decoded, s->file.room);
        if (len > 0) {
                s->der = s->decoded;
                s->len = (size_t) len;
        }
        return CTL_OK;
}

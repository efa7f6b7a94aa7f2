/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base64.h"
#include "cleanup.h"
#include "cli/infile.h"
#include "cli/say.h"
#include "pki/certfile.h"
#include "pki/pem.h"
#include "pki/privkey.h"
#include "wire.h"

#define FILE_MAX     (1024U * 1024)
#define CRL_FILE_MAX (2 * FILE_MAX) /* of the largest list, as PEM */
#define CERTS_MAX    256            /* common/CONTROL */

enum kind {
        KIND_CERTIFICATE,
        KIND_CRL,
        KIND_REQUEST,
        KIND_PUBLIC_KEY,
        KIND_PKCS7,
        KIND_TRUSTED,
        KIND_SSH,
        KIND_DAMAGED,
        KIND_BLOCK,
        KIND_BEHIND,
        KIND_UNKNOWN,
        _KIND_MAX,
};

/* What a file holds, and what would be right where it is not what is wanted. */
static const struct {
        const char *what, *right;
} kinds[_KIND_MAX] = {
        [KIND_CERTIFICATE] = { "a certificate", "'wfapikeyctl cert add' takes that" },
        [KIND_CRL] = { "a certificate revocation list (CRL)", "'wfapikeyctl cert crl' takes that" },
        [KIND_REQUEST] = { "a request for a certificate (CSR)",
                           "right is the certificate that the CA made of it" },
        [KIND_PUBLIC_KEY] = { "a public key", "right is a certificate for it" },
        [KIND_PKCS7] = { "a PKCS#7 bundle",
                         "'openssl pkcs7 -print_certs -in FILE' (with -inform DER where it is no "
                         "PEM) takes the certificates out of it" },
        [KIND_TRUSTED] = { "a certificate with trust settings of OpenSSL's own",
                           "'openssl x509 -in FILE -out cert.pem' writes the certificate alone" },
        [KIND_SSH] = { "a public key of SSH", "right is an X.509 certificate for it" },
        [KIND_DAMAGED] = { "a damaged PEM block", "it may have been cut or changed on its way" },
        [KIND_BLOCK] = { "a PEM block of another type",
                         "right are blocks of the type CERTIFICATE" },
        [KIND_BEHIND] = { "bytes that belong to nothing besides",
                          "it may be damaged, or two files in one" },
        [KIND_UNKNOWN] = { "neither PEM nor DER", "right is a certificate, which begins with "
                                                  "-----BEGIN CERTIFICATE----- or is its DER" },
};

/* What a file is read by, piece after piece. */
struct source {
        struct infile file;
        /* room for all of it; secret until it is known */
        uint8_t *decoded;
        const uint8_t *der;
        size_t len, at;
        bool pem;
};

struct piece {
        enum kind kind;
        enum privkey_form private;
        const uint8_t *der;
        size_t len;
};

static void source_done(struct source *s) {
        if (s->decoded)
                explicit_bzero(s->decoded, s->file.room);
        free(s->decoded);
        infile_done(&s->file);
}

/* --- What DER is --- */

/* is_X(p, len): whether an X begins there; ${p} is then behind it. */
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
        enum kind kind;
} ders[] = {
        { is_certificate, KIND_CERTIFICATE },
        { is_crl, KIND_CRL },
        { is_request, KIND_REQUEST },
        { is_public_key, KIND_PUBLIC_KEY },
        { is_pkcs7, KIND_PKCS7 },
};

/* What begins at ${der}. A private key is not shown to OpenSSL, which would make copies of it. */
static void sort_der(const uint8_t *der, size_t len, struct piece *ret) {
        *ret = (struct piece){ .kind = KIND_UNKNOWN, .der = der, .len = len };
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

/* --- One piece after the other --- */

static bool has_binary(const char *text, size_t len) {
        for (size_t i = 0; i < len; i++)
                if ((unsigned char) text[i] < ' ' && !strchr("\t\n\r\f", text[i]))
                        return true;
        return memchr(text, 0, len) != NULL;
}

static bool label_is(const struct pem_block *b, const char *label) {
        return b->label_len == strlen(label) && memcmp(b->label, label, b->label_len) == 0;
}

static void sort_block(struct source *s, const struct pem_block *b, struct piece *ret) {
        ssize_t len =
                b->body ? base64_decode(b->body, b->body_len, s->decoded, s->file.room) : -EINVAL;

        if (len <= 0) {
                *ret = (struct piece){ .kind = KIND_DAMAGED };
                return;
        }
        sort_der(s->decoded, (size_t) len, ret);
        if (ret->private != PRIVKEY_NONE)
                return;
        if (label_is(b, "TRUSTED CERTIFICATE"))
                ret->kind = KIND_TRUSTED;
        else if (ret->kind == KIND_UNKNOWN && !label_is(b, "CERTIFICATE") &&
                 !label_is(b, "X509 CRL"))
                ret->kind = KIND_BLOCK;
        else if (ret->kind == KIND_UNKNOWN || ret->len != (size_t) len)
                ret->kind = KIND_DAMAGED;
}

/* Words around blocks are usual; bytes are none. */
static int next_block(struct source *s, struct piece *ret) {
        struct pem_block b;
        int r = pem_next((const char *) s->file.bytes, s->file.len, &s->at, &b);

        if (has_binary(b.before, b.before_len)) {
                *ret = (struct piece){ .kind = KIND_BEHIND };
                ret->private = privkey_in_bytes((const uint8_t *) b.before, b.before_len);
                if (ret->private != PRIVKEY_NONE || r == 0)
                        return 1;
                /* The block itself may be worse. */
                sort_block(s, &b, ret);
                if (ret->private == PRIVKEY_NONE)
                        ret->kind = KIND_BEHIND;
                return 1;
        }
        if (r > 0)
                sort_block(s, &b, ret);
        return r;
}

/* 1; 0 behind the last. */
static int next_piece(struct source *s, struct piece *ret) {
        bool first = s->at == 0;

        if (s->pem)
                return next_block(s, ret);
        if (s->at == s->len)
                return 0;
        sort_der(s->der + s->at, s->len - s->at, ret);
        if (ret->kind == KIND_UNKNOWN && !first)
                ret->kind = KIND_BEHIND;
        s->at += ret->len;
        return 1;
}

static bool is_ssh(const char *text) {
        static const char *const words[] = { "ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-",
                                             "---- BEGIN SSH2" };

        for (size_t i = 0; i < ARRAY_LEN(words); i++)
                if (strncmp(text, words[i], strlen(words[i])) == 0)
                        return true;
        return false;
}

static enum exit_code source_open(const char *path, size_t max, struct source *s) {
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
        /* DER as base64, as 'cert encode' writes it. */
        len = base64_decode(text, s->len, s->decoded, s->file.room);
        if (len > 0) {
                s->der = s->decoded;
                s->len = (size_t) len;
        }
        return CTL_OK;
}

/* --- The whole file --- */

static enum exit_code refuse(const struct source *s, enum kind kind) {
        const char *verb = kind == KIND_UNKNOWN ? "is" : "holds";

        if (kind == KIND_UNKNOWN && is_ssh((const char *) s->file.bytes))
                return refuse(s, KIND_SSH);
        say_error("%s %s %s: %s", s->file.name, verb, kinds[kind].what, kinds[kind].right);
        return CTL_USAGE;
}

/* Before anything else is said or done with the file. */
static enum exit_code check_private(struct source *s) {
        enum privkey_form form = privkey_in_text((const char *) s->file.bytes, s->file.len);
        struct piece piece;

        for (s->at = 0; form == PRIVKEY_NONE && next_piece(s, &piece) > 0;)
                form = piece.private;
        s->at = 0;
        if (form == PRIVKEY_NONE)
                return CTL_OK;
        privkey_warn(s->file.name, form);
        return CTL_USAGE;
}

static enum exit_code add(struct certfile *f, const struct piece *piece) {
        struct certfile_cert *more = reallocarray(f->cert, f->n + 1, sizeof(*more)), *cert;
        const uint8_t *p = piece->der;
        X509 *x;

        if (more)
                f->cert = more;
        cert = more ? &more[f->n] : NULL;
        if (cert) {
                *cert = (struct certfile_cert){ .der = malloc(piece->len), .len = piece->len };
                f->n += cert->der != NULL;
        }
        if (!cert || !cert->der)
                return say_no_memory();
        memcpy(cert->der, piece->der, piece->len);
        x = piece->kind == KIND_CERTIFICATE ? d2i_X509(NULL, &p, (long) piece->len) : NULL;
        cert->ca = x && X509_get_extension_flags(x) & EXFLAG_CA;
        X509_free(x);
        return CTL_OK;
}

static enum exit_code read_pieces(const char *path, size_t max_bytes, enum kind wanted, size_t max,
                                  struct certfile *ret) {
        _cleanup_(source_done) struct source s = {};
        _cleanup_certfile_ struct certfile f = {};
        struct piece piece;
        enum exit_code rc;

        rc = source_open(path, max_bytes, &s);
        if (rc == CTL_OK)
                rc = check_private(&s);
        while (rc == CTL_OK && next_piece(&s, &piece) > 0) {
                if (piece.kind != wanted)
                        return refuse(&s, piece.kind);
                if (f.n == max) {
                        say_error("%s holds more than %zu: give them one after the other",
                                  s.file.name, max);
                        return CTL_USAGE;
                }
                rc = add(&f, &piece);
        }
        if (rc != CTL_OK)
                return rc;
        f.name = s.file.name;
        *ret = f;
        f = (struct certfile){};
        return CTL_OK;
}

enum exit_code certfile_read(const char *path, struct certfile *ret) {
        _cleanup_certfile_ struct certfile f = {};
        enum exit_code rc = read_pieces(path, FILE_MAX, KIND_CERTIFICATE, CERTS_MAX, &f);

        for (size_t i = 0; rc == CTL_OK && i < f.n; i++)
                if (f.cert[i].len > WIRE_CERTIFICATE_MAX) {
                        say_error("%s: a certificate of %zu bytes is too large: at most %d", f.name,
                                  f.cert[i].len, WIRE_CERTIFICATE_MAX);
                        rc = CTL_USAGE;
                }
        if (rc != CTL_OK)
                return rc;
        *ret = f;
        f = (struct certfile){};
        return CTL_OK;
}

static enum exit_code check_client(const struct certfile *f) {
        if (f->cert[0].ca) {
                say_error("%s: %s certificate is a CA's, not a client's (basicConstraints has "
                          "CA:TRUE, which 'openssl req -x509' writes unless it is told otherwise). "
                          "'cert add --ca' registers a CA: then all clients are trusted that it "
                          "has certified",
                          f->name, f->n > 1 ? "the first" : "the");
                return CTL_USAGE;
        }
        for (size_t i = 1; i < f->n; i++)
                if (!f->cert[i].ca) {
                        say_error("%s holds the certificates of several clients: give them one by "
                                  "one",
                                  f->name);
                        return CTL_USAGE;
                }
        return CTL_OK;
}

enum exit_code certfile_read_client(const char *path, struct certfile *ret) {
        _cleanup_certfile_ struct certfile f = {};
        enum exit_code rc = certfile_read(path, &f);

        if (rc == CTL_OK)
                rc = check_client(&f);
        if (rc != CTL_OK)
                return rc;
        if (f.n > 1)
                say_error("%s: only the first certificate is taken, which is the client's; %zu of "
                          "CAs behind it are left out ('cert add --ca' registers such)",
                          f.name, f.n - 1);
        while (f.n > 1)
                free(f.cert[--f.n].der);
        *ret = f;
        f = (struct certfile){};
        return CTL_OK;
}

enum exit_code certfile_read_crl(const char *path, struct certfile *ret) {
        return read_pieces(path, CRL_FILE_MAX, KIND_CRL, 1, ret);
}

void certfile_done(struct certfile *f) {
        for (size_t i = 0; i < f->n; i++)
                free(f->cert[i].der);
        free(f->cert);
        *f = (struct certfile){};
}

int certfile_print(const uint8_t *der, size_t len) {
        return PEM_write(stdout, PEM_STRING_X509, "", der, (long) len) > 0 ? 0 : -EIO;
}

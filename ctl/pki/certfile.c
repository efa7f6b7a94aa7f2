/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads files of certificates and of revocation lists, and refuses everything else that a file
 * may hold. Trusts nothing and asks no daemon. */
#include <errno.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "cli/say.h"
#include "pki/certfile.h"
#include "pki/certpiece.h"
#include "pki/privkey.h"
#include "wire.h"

#define FILE_MAX     (1024U * 1024)
#define CRL_FILE_MAX (2 * FILE_MAX) /* the largest list as PEM */
#define CERTS_MAX    256            /* common/CONTROL */

/* What a file may hold, and what to say when something else is wanted. */
static const struct {
        const char *what, *right;
} kinds[_CERTPIECE_MAX] = {
        [CERTPIECE_CERTIFICATE] = { "a certificate", "'wfapikeyctl cert add' takes that" },
        [CERTPIECE_CRL] = { "a certificate revocation list (CRL)",
                            "'wfapikeyctl cert crl' takes that" },
        [CERTPIECE_REQUEST] = { "a request for a certificate (CSR)",
                                "right is the certificate that the CA made of it" },
        [CERTPIECE_PUBLIC_KEY] = { "a public key", "right is a certificate for it" },
        [CERTPIECE_PKCS7] = { "a PKCS#7 bundle", "'openssl pkcs7 -print_certs -in FILE' (with "
                                                 "-inform DER where it is no "
                                                 "PEM) takes the certificates out of it" },
        [CERTPIECE_TRUSTED] = { "a certificate with trust settings of OpenSSL's own",
                                "'openssl x509 -in FILE -out cert.pem' writes the certificate "
                                "alone" },
        [CERTPIECE_SSH] = { "a public key of SSH", "right is an X.509 certificate for it" },
        [CERTPIECE_DAMAGED] = { "a damaged PEM block",
                                "it may have been cut or changed on its way" },
        [CERTPIECE_BLOCK] = { "a PEM block of another type",
                              "right are blocks of the type CERTIFICATE" },
        [CERTPIECE_BEHIND] = { "bytes that belong to nothing besides",
                               "it may be damaged, or two files in one" },
        [CERTPIECE_UNKNOWN] = { "neither PEM nor DER",
                                "right is a certificate, which begins with "
                                "-----BEGIN CERTIFICATE----- or is its DER" },
};

static bool is_ssh(const char *text) {
        static const char *const words[] = { "ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-",
                                             "---- BEGIN SSH2" };

        for (size_t i = 0; i < ARRAY_LEN(words); i++)
                if (strncmp(text, words[i], strlen(words[i])) == 0)
                        return true;
        return false;
}

static enum exit_code refuse(const struct certpiece_source *s, enum certpiece_kind kind) {
        const char *verb = kind == CERTPIECE_UNKNOWN ? "is" : "holds";

        if (kind == CERTPIECE_UNKNOWN && is_ssh((const char *) s->file.bytes))
                return refuse(s, CERTPIECE_SSH);
        say_error("%s %s %s: %s", s->file.name, verb, kinds[kind].what, kinds[kind].right);
        return CTL_USAGE;
}

/* Looks for private keys before anything else happens to the file. */
static enum exit_code check_private(struct certpiece_source *s) {
        enum privkey_form form = privkey_in_text((const char *) s->file.bytes, s->file.len);
        struct certpiece piece;

        for (s->at = 0; form == PRIVKEY_NONE && certpiece_next(s, &piece) > 0;)
                form = piece.private;
        s->at = 0;
        if (form == PRIVKEY_NONE)
                return CTL_OK;
        privkey_warn(s->file.name, form);
        return CTL_USAGE;
}

static enum exit_code add(struct certfile *f, const struct certpiece *piece) {
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
        x = piece->kind == CERTPIECE_CERTIFICATE ? d2i_X509(NULL, &p, (long) piece->len) : NULL;
        cert->ca = x && X509_get_extension_flags(x) & EXFLAG_CA;
        X509_free(x);
        return CTL_OK;
}

static enum exit_code read_pieces(const char *path, size_t max_bytes, enum certpiece_kind wanted,
                                  size_t max, struct certfile *ret) {
        _cleanup_certpieces_ struct certpiece_source s = {};
        _cleanup_certfile_ struct certfile f = {};
        struct certpiece piece;
        enum exit_code rc;

        rc = certpiece_open(path, max_bytes, &s);
        if (rc == CTL_OK)
                rc = check_private(&s);
        while (rc == CTL_OK && certpiece_next(&s, &piece) > 0) {
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
        enum exit_code rc = read_pieces(path, FILE_MAX, CERTPIECE_CERTIFICATE, CERTS_MAX, &f);

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
        return read_pieces(path, CRL_FILE_MAX, CERTPIECE_CRL, 1, ret);
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

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

/* What to say about a file that holds something else than what is wanted. */
static const char *const unwanted[_CERTPIECE_MAX] = {
        [CERTPIECE_CERTIFICATE] = "holds a certificate: 'wfapikeyctl cert add' takes that",
        [CERTPIECE_CRL] =
                "holds a certificate revocation list (CRL): 'wfapikeyctl cert crl' takes that",
        [CERTPIECE_REQUEST] = "holds a request for a certificate (CSR): give the certificate that "
                              "the CA made from it",
        [CERTPIECE_PUBLIC_KEY] = "holds a public key: give a certificate for it",
        [CERTPIECE_PKCS7] = "holds a PKCS#7 bundle: 'openssl pkcs7 -print_certs -in FILE' prints "
                            "its certificates (for DER with -inform DER)",
        [CERTPIECE_TRUSTED] = "holds a certificate with trust settings of OpenSSL: 'openssl x509 "
                              "-in FILE -out cert.pem' writes only the certificate",
        [CERTPIECE_SSH] = "holds a public key of SSH: give an X.509 certificate for it",
        [CERTPIECE_DAMAGED] =
                "holds a damaged PEM block: it may have been cut or changed on its way",
        [CERTPIECE_BLOCK] =
                "holds a PEM block of another type: blocks must be of the type CERTIFICATE",
        [CERTPIECE_BEHIND] =
                "holds bytes that belong to nothing: it may be damaged, or be two files in one",
        [CERTPIECE_UNKNOWN] = "is neither PEM nor DER: a certificate begins with -----BEGIN "
                              "CERTIFICATE-----, or is its DER",
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
        if (kind == CERTPIECE_UNKNOWN && is_ssh((const char *) s->file.bytes))
                return refuse(s, CERTPIECE_SSH);
        say_error("%s %s", s->file.name, unwanted[kind]);
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
                        say_error("%s holds more than %zu: divide it into several files",
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
                say_error(
                        "%s: the first certificate is a CA's, not a client's (basicConstraints has "
                        "CA:TRUE, which 'openssl req -x509' writes by default). 'cert add --ca' "
                        "registers a CA: the daemon then trusts every client that the CA certified",
                        f->name);
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
                say_error("%s: takes the client's certificate only, and leaves out %zu of CAs "
                          "behind it ('cert add --ca' registers CAs)",
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

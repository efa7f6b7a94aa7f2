/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificates and revocation lists that OpenSSL makes at run time. unit_cert_free(), the teardown
 * of the group, frees them. */
#pragma once

#include <openssl/conf.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "unit.h"

#include "cert/cert.h"

#define UNIT_CERT_NOW  INT64_C(1800000000)
#define UNIT_CERT_FROM (UNIT_CERT_NOW - 86400)
#define UNIT_CERT_TO   (UNIT_CERT_NOW + 86400)
#define UNIT_CERT_CA   "basicConstraints=critical,CA:TRUE;keyUsage=critical,keyCertSign,cRLSign"

struct unit_cert {
        struct cert_blob der;
        X509 *x;
        EVP_PKEY *key;
};

/* How a certificate is made. Zeroes: valid at UNIT_CERT_NOW, signed by itself, without
 * extensions. */
struct unit_cert_spec {
        const char *cn;
        X509_NAME *subject; /* in the place of cn */
        /* see unit_cert_key(); default "EC:P-256" */
        const char *key;
        const struct unit_cert *issuer;
        EVP_PKEY *signer; /* in the place of the issuer's */
        const char *md;   /* default SHA256 */
        bool pss;
        const char *extensions; /* as in openssl.cnf, separated by ; */
        int64_t from, to;
        /* as given; UTCTime where the year has two digits */
        const char *from_text, *to_text;
        const char *serial; /* hexadecimal; default 1234 */
        bool v1;
};

static struct {
        struct unit_cert certs[4096];
        size_t n_certs;
        struct {
                char name[32];
                EVP_PKEY *key;
        } keys[512];
        size_t n_keys;
        void *bytes[8192];
        size_t n_bytes;
} unit_cert_made;

static inline int unit_cert_free(void **state) {
        (void) state;
        for (size_t i = 0; i < unit_cert_made.n_certs; i++) {
                X509_free(unit_cert_made.certs[i].x);
                free((void *) (uintptr_t) unit_cert_made.certs[i].der.bytes);
        }
        for (size_t i = 0; i < unit_cert_made.n_keys; i++)
                EVP_PKEY_free(unit_cert_made.keys[i].key);
        for (size_t i = 0; i < unit_cert_made.n_bytes; i++)
                free(unit_cert_made.bytes[i]);
        return 0;
}

/* Memory of exactly this length, so that a sanitizer sees a read behind it. */
static inline uint8_t *unit_cert_bytes(const void *bytes, size_t len) {
        uint8_t *p = malloc(len ? len : 1);

        assert_non_null(p);
        assert_true(unit_cert_made.n_bytes < ARRAY_LEN(unit_cert_made.bytes));
        unit_cert_made.bytes[unit_cert_made.n_bytes++] = p;
        memcpy(p, bytes, len);
        return p;
}

/* To make a key of RSA as long as this takes too long. Nobody has this one's private half. */
static inline EVP_PKEY *unit_cert_generate_long(size_t bits) {
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
        uint8_t n[2048], e[] = { 1, 0, 1 };
        OSSL_PARAM params[] = { OSSL_PARAM_construct_BN("n", n, bits / 8),
                                OSSL_PARAM_construct_BN("e", e, sizeof(e)),
                                OSSL_PARAM_construct_end() };
        EVP_PKEY *key = NULL;

        assert_true(bits % 8 == 0 && bits / 8 <= sizeof(n));
        memset(n, 0xff, sizeof(n));
        assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
        assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
        EVP_PKEY_CTX_free(ctx);
        return key;
}

/* "RSA-PSS:2048:SHA384" is a key for this digest only. */
static inline void unit_cert_restrict(EVP_PKEY_CTX *ctx, const char *kind) {
        const char *name = strstr(kind, ":SHA");
        const EVP_MD *md = name ? EVP_get_digestbyname(name + 1) : NULL;

        if (!name)
                return;
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_keygen_md(ctx, md), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_keygen_mgf1_md(ctx, md), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_keygen_saltlen(ctx, EVP_MD_get_size(md)), 1);
}

static inline EVP_PKEY *unit_cert_generate(const char *kind) {
        size_t bits = strncmp(kind, "RSA", 3) == 0 ? strtoul(strchr(kind, ':') + 1, NULL, 10) : 0;
        EVP_PKEY_CTX *ctx;
        EVP_PKEY *key = NULL;

        if (strncmp(kind, "EC:", 3) == 0) {
                char group[32] = "";

                memcpy(group, kind + 3, strcspn(kind + 3, "#"));
                return EVP_PKEY_Q_keygen(NULL, NULL, "EC", group);
        }
        if (bits == 0)
                return EVP_PKEY_Q_keygen(NULL, NULL,
                                         strncmp(kind, "ED448", 5) == 0 ? "ED448" : "ED25519");
        if (bits > 4096)
                return unit_cert_generate_long(bits);
        ctx = EVP_PKEY_CTX_new_from_name(NULL, strncmp(kind, "RSA-PSS", 7) == 0 ? "RSA-PSS" : "RSA",
                                         NULL);
        assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int) bits), 1);
        unit_cert_restrict(ctx, kind);
        assert_int_equal(EVP_PKEY_generate(ctx, &key), 1);
        EVP_PKEY_CTX_free(ctx);
        return key;
}

/* "RSA:2048", "RSA-PSS:2048", "RSA-PSS:2048:SHA384", "EC:P-256", "ED25519", "ED448". The same text
 * gives the same key. A # and any text may follow, to get another key. */
static inline EVP_PKEY *unit_cert_key(const char *name) {
        size_t n = unit_cert_made.n_keys;

        for (size_t i = 0; i < n; i++)
                if (strcmp(unit_cert_made.keys[i].name, name) == 0)
                        return unit_cert_made.keys[i].key;
        assert_true(n < ARRAY_LEN(unit_cert_made.keys));
        (void) snprintf(unit_cert_made.keys[n].name, sizeof(unit_cert_made.keys[n].name), "%s",
                        name);
        unit_cert_made.keys[n].key = unit_cert_generate(name);
        assert_non_null(unit_cert_made.keys[n].key);
        return unit_cert_made.keys[unit_cert_made.n_keys++].key;
}

static inline void unit_cert_add_name(X509_NAME *name, int nid, int type, const char *bytes,
                                      int len) {
        assert_int_equal(X509_NAME_add_entry_by_NID(name, nid, type, (const unsigned char *) bytes,
                                                    len, -1, 0),
                         1);
}

/* The hash of a name that is this common name alone, in small letters. */
static inline void unit_cert_hash_cn(const char *cn, uint8_t out[static RECORD_HASH_LEN]) {
        X509_NAME *name = X509_NAME_new();

        unit_cert_add_name(name, NID_commonName, V_ASN1_UTF8STRING, cn, -1);
        assert_int_equal(X509_NAME_digest(name, EVP_sha256(), out, NULL), 1);
        X509_NAME_free(name);
}

/* An extension that OpenSSL cannot write is given as OID=[critical,]DER:... */
static inline X509_EXTENSION *unit_cert_extension(const char *text, X509V3_CTX *ctx) {
        char copy[256];
        char *value;

        (void) snprintf(copy, sizeof(copy), "%s", text);
        value = strchr(copy, '=');
        assert_non_null(value);
        *value++ = '\0';
        return X509V3_EXT_nconf(NULL, ctx, copy, value);
}

static inline void unit_cert_add_extensions(X509 *x, X509 *issuer, const char *list) {
        CONF *conf = NCONF_new(NULL); /* policies need one */
        X509V3_CTX ctx = {};
        char one[256];

        X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
        X509V3_set_nconf(&ctx, conf);
        while (list && *list) {
                size_t len = strcspn(list, ";");
                X509_EXTENSION *extension;

                memcpy(one, list, len);
                one[len] = '\0';
                extension = unit_cert_extension(one, &ctx);
                if (!extension)
                        print_error("no extension: %s\n", one);
                assert_non_null(extension);
                assert_int_equal(X509_add_ext(x, extension, -1), 1);
                X509_EXTENSION_free(extension);
                list += len + (list[len] != '\0');
        }
        NCONF_free(conf);
}

/* Ed25519 and Ed448 include their digest. */
static inline EVP_MD_CTX *unit_cert_signer(EVP_PKEY *key, const char *md, bool pss) {
        int id = EVP_PKEY_get_base_id(key);
        bool own = id == EVP_PKEY_ED25519 || id == EVP_PKEY_ED448;
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        EVP_PKEY_CTX *options = NULL;

        assert_int_equal(EVP_DigestSignInit(ctx, &options,
                                            own ? NULL : EVP_get_digestbyname(md ? md : "SHA256"),
                                            NULL, key),
                         1);
        if (pss)
                assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING), 1);
        return ctx;
}

static inline const struct unit_cert *unit_cert_keep(X509 *x, EVP_PKEY *key) {
        struct unit_cert *made = &unit_cert_made.certs[unit_cert_made.n_certs++];
        unsigned char *der = NULL;
        int len = i2d_X509(x, &der);

        assert_true(unit_cert_made.n_certs <= ARRAY_LEN(unit_cert_made.certs) && len > 0);
        made->x = x;
        made->key = key;
        made->der.len = (size_t) len;
        made->der.bytes = malloc((size_t) len);
        assert_non_null(made->der.bytes);
        memcpy((void *) (uintptr_t) made->der.bytes, der, (size_t) len);
        OPENSSL_free(der);
        return made;
}

static inline ASN1_TIME *unit_cert_time(int64_t t, const char *text) {
        ASN1_STRING *time;

        if (!text)
                return ASN1_TIME_set(NULL, t);
        time = ASN1_STRING_type_new(strlen(text) <= 13 ? V_ASN1_UTCTIME : V_ASN1_GENERALIZEDTIME);
        assert_int_equal(ASN1_STRING_set(time, text, -1), 1);
        return time;
}

static inline void unit_cert_set_times(X509 *x, const struct unit_cert_spec *spec) {
        ASN1_TIME *from = unit_cert_time(spec->from ? spec->from : UNIT_CERT_FROM, spec->from_text);
        ASN1_TIME *to = unit_cert_time(spec->to ? spec->to : UNIT_CERT_TO, spec->to_text);

        assert_int_equal(X509_set1_notBefore(x, from), 1);
        assert_int_equal(X509_set1_notAfter(x, to), 1);
        ASN1_TIME_free(from);
        ASN1_TIME_free(to);
}

static inline void unit_cert_set_serial(ASN1_INTEGER *number, const char *hex) {
        BIGNUM *bn = NULL;

        assert_true(BN_hex2bn(&bn, hex) > 0);
        assert_non_null(BN_to_ASN1_INTEGER(bn, number));
        BN_free(bn);
}

static inline void unit_cert_sign(X509 *x, EVP_PKEY *key, const char *md, bool pss) {
        EVP_MD_CTX *ctx = unit_cert_signer(key, md, pss);

        assert_true(X509_sign_ctx(x, ctx) > 0);
        EVP_MD_CTX_free(ctx);
}

static inline const struct unit_cert *unit_cert_make(const struct unit_cert_spec *spec) {
        EVP_PKEY *key = unit_cert_key(spec->key ? spec->key : "EC:P-256");
        X509 *x = X509_new(), *issuer = spec->issuer ? spec->issuer->x : x;
        EVP_PKEY *signer = spec->signer ? spec->signer : spec->issuer ? spec->issuer->key : key;

        assert_non_null(x);
        assert_int_equal(X509_set_version(x, spec->v1 ? X509_VERSION_1 : X509_VERSION_3), 1);
        unit_cert_set_serial(X509_get_serialNumber(x), spec->serial ? spec->serial : "1234");
        if (spec->subject)
                assert_int_equal(X509_set_subject_name(x, spec->subject), 1);
        else
                unit_cert_add_name(X509_get_subject_name(x), NID_commonName, MBSTRING_UTF8,
                                   spec->cn ? spec->cn : "leaf", -1);
        assert_int_equal(X509_set_issuer_name(x, X509_get_subject_name(issuer)), 1);
        unit_cert_set_times(x, spec);
        assert_int_equal(X509_set_pubkey(x, key), 1);
        unit_cert_add_extensions(x, issuer, spec->extensions);
        unit_cert_sign(x, signer, spec->md, spec->pss);
        return unit_cert_keep(x, key);
}
#define unit_cert(...) unit_cert_make(&(struct unit_cert_spec){ __VA_ARGS__ })

/* A revocation list. Zeroes as above; thisUpdate is UNIT_CERT_FROM, nextUpdate UNIT_CERT_TO. */
struct unit_crl_spec {
        const struct unit_cert *issuer;
        EVP_PKEY *signer;
        const char *md;
        bool pss;
        int64_t from, to;
        bool no_end;
        const char *from_text, *to_text;
        const char *serials; /* hexadecimal, separated by blanks */
        const char *extensions, *entry_extension;
        bool v1;
};

static inline void unit_crl_add_entry(X509_CRL *crl, const char *hex, const char *entry_extension) {
        X509_REVOKED *entry = X509_REVOKED_new();
        ASN1_INTEGER *number = ASN1_INTEGER_new();
        ASN1_TIME *at = ASN1_TIME_set(NULL, UNIT_CERT_FROM);
        X509_EXTENSION *extension =
                entry_extension ? unit_cert_extension(entry_extension, NULL) : NULL;

        unit_cert_set_serial(number, hex);
        assert_int_equal(X509_REVOKED_set_serialNumber(entry, number), 1);
        assert_int_equal(X509_REVOKED_set_revocationDate(entry, at), 1);
        if (entry_extension)
                assert_int_equal(X509_REVOKED_add_ext(entry, extension, -1), 1);
        assert_int_equal(X509_CRL_add0_revoked(crl, entry), 1);
        X509_EXTENSION_free(extension);
        ASN1_INTEGER_free(number);
        ASN1_TIME_free(at);
}

static inline void unit_crl_add_entries(X509_CRL *crl, const struct unit_crl_spec *spec) {
        for (const char *p = spec->serials; p && *p;) {
                size_t len = strcspn(p, " ");
                char one[64] = "";

                memcpy(one, p, len);
                unit_crl_add_entry(crl, one, spec->entry_extension);
                p += len + (p[len] != '\0');
        }
}

static inline void unit_crl_add_extensions(X509_CRL *crl, const char *list) {
        char copy[512], *rest = copy, *one;

        (void) snprintf(copy, sizeof(copy), "%s", list ? list : "");
        while ((one = strsep(&rest, ";")) && *one) {
                X509_EXTENSION *extension = unit_cert_extension(one, NULL);

                assert_non_null(extension);
                assert_int_equal(X509_CRL_add_ext(crl, extension, -1), 1);
                X509_EXTENSION_free(extension);
        }
}

static inline struct cert_blob unit_crl_finish(X509_CRL *crl, const struct unit_crl_spec *spec) {
        EVP_MD_CTX *ctx = unit_cert_signer(spec->signer ? spec->signer : spec->issuer->key,
                                           spec->md, spec->pss);
        unsigned char *der = NULL;
        struct cert_blob blob;
        int len;

        assert_true(X509_CRL_sign_ctx(crl, ctx) > 0);
        len = i2d_X509_CRL(crl, &der);
        assert_true(len > 0);
        blob = (struct cert_blob){ unit_cert_bytes(der, (size_t) len), (size_t) len };
        OPENSSL_free(der);
        EVP_MD_CTX_free(ctx);
        X509_CRL_free(crl);
        return blob;
}

static inline X509_CRL *unit_crl_begin(const struct unit_crl_spec *spec) {
        ASN1_TIME *from = unit_cert_time(spec->from ? spec->from : UNIT_CERT_FROM, spec->from_text);
        ASN1_TIME *to = unit_cert_time(spec->to ? spec->to : UNIT_CERT_TO, spec->to_text);
        X509_CRL *crl = X509_CRL_new();

        if (!spec->v1) /* version 1 is not written down */
                assert_int_equal(X509_CRL_set_version(crl, X509_CRL_VERSION_2), 1);
        assert_int_equal(X509_CRL_set_issuer_name(crl, X509_get_subject_name(spec->issuer->x)), 1);
        assert_int_equal(X509_CRL_set1_lastUpdate(crl, from), 1);
        if (!spec->no_end)
                assert_int_equal(X509_CRL_set1_nextUpdate(crl, to), 1);
        ASN1_TIME_free(from);
        ASN1_TIME_free(to);
        return crl;
}

static inline struct cert_blob unit_crl_make(const struct unit_crl_spec *spec) {
        X509_CRL *crl = unit_crl_begin(spec);

        unit_crl_add_entries(crl, spec);
        unit_crl_add_extensions(crl, spec->extensions);
        return unit_crl_finish(crl, spec);
}
#define unit_crl(...) unit_crl_make(&(struct unit_crl_spec){ __VA_ARGS__ })

/* Copies values in DER. The length of the value number *target takes one byte more than it
 * needs. */
static inline size_t unit_cert_copy(const uint8_t *in, size_t len, int *target, uint8_t *out) {
        size_t used = 0;

        for (size_t at = 0; at < len;) {
                bool mine = (*target)-- == 0;
                size_t head = 2, n = in[at + 1], inner;
                uint8_t value[2048];

                if (n >= 0x80) {
                        head += n & 0x7f;
                        n = n == 0x81 ? in[at + 2] : (size_t) in[at + 2] << 8 | in[at + 3];
                }
                inner = n;
                if (in[at] & 0x20)
                        inner = unit_cert_copy(in + at + head, n, target, value);
                else
                        memcpy(value, in + at + head, n);
                out[used++] = in[at];
                if (inner >= 256 || (inner >= 128 && mine)) {
                        out[used++] = (uint8_t) (0x82 + (mine && inner >= 256));
                        if (mine && inner >= 256)
                                out[used++] = 0;
                        out[used++] = (uint8_t) (inner >> 8);
                } else if (inner >= 128 || mine) {
                        out[used++] = 0x81;
                }
                out[used++] = (uint8_t) inner;
                memcpy(out + used, value, inner);
                used += inner;
                at += head + n;
        }
        return used;
}

/* The same bytes with one change. */
static inline struct cert_blob unit_cert_flip(const struct cert_blob *der, size_t at,
                                              uint8_t mask) {
        struct cert_blob copy = { unit_cert_bytes(der->bytes, der->len), der->len };

        ((uint8_t *) (uintptr_t) copy.bytes)[at] ^= mask;
        return copy;
}

/* Where these bytes are in it, searched from the end. They must be there. */
static inline size_t unit_cert_find_last(const struct cert_blob *der, const void *bytes,
                                         size_t len) {
        for (size_t at = der->len - len + 1; at-- > 0;)
                if (memcmp(der->bytes + at, bytes, len) == 0)
                        return at;
        fail_msg("%s", "the bytes are not there");
        return 0;
}

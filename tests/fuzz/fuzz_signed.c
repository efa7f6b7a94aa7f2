/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificates and revocation lists that a registered CA has signed, whatever is in them. The input
 * is the part that is signed, behind a byte: C or L. This target signs it, so that no signature
 * stops it, and mutates single values in it, with the lengths around them made right. What is
 * accepted OpenSSL accepts by its own rules as well, with the same numbers and dates. */
#include "fuzz.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "cert/cert.h"
#include "cert/cert_der.h"
#include "text.h"

#define NOW         INT64_C(1800000000)
#define SERIALS_MAX 64
#define DEPTH_MAX   20

/* --- The CA --- */

static const uint8_t algorithm[] = { 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70 }; /* Ed25519 */

static struct {
        EVP_PKEY *key;
        X509 *x;
        X509_STORE *store;
        uint8_t *der;
        size_t len;
} ca;

static void add_extension(X509 *x, int nid, const char *value) {
        X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

        must(ext && X509_add_ext(x, ext, -1) == 1);
        X509_EXTENSION_free(ext);
}

/* The same for ever. */
static void make_ca(void) {
        uint8_t secret[32] = "the secret of a certificate auth";
        X509_NAME *name;
        int n;

        ca.key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, sizeof(secret));
        ca.x = X509_new();
        must(ca.key && ca.x && X509_set_version(ca.x, X509_VERSION_3));
        name = X509_get_subject_name(ca.x);
        must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *) "CA", -1, -1,
                                        0) == 1);
        must(X509_set_issuer_name(ca.x, name) && X509_set_pubkey(ca.x, ca.key));
        must(ASN1_INTEGER_set(X509_get_serialNumber(ca.x), 1));
        must(ASN1_TIME_set_string_X509(X509_getm_notBefore(ca.x), "20200101000000Z") == 1);
        must(ASN1_TIME_set_string_X509(X509_getm_notAfter(ca.x), "20600101000000Z") == 1);
        add_extension(ca.x, NID_basic_constraints, "critical,CA:TRUE");
        add_extension(ca.x, NID_key_usage, "critical,keyCertSign,cRLSign");
        must(X509_sign(ca.x, ca.key, NULL) > 0);
        n = i2d_X509(ca.x, &ca.der);
        must(n > 0);
        ca.len = (size_t) n;
        ca.store = X509_STORE_new();
        must(ca.store && X509_STORE_add_cert(ca.store, ca.x) == 1);
}

/* --- DER --- */

struct out {
        uint8_t *bytes;
        size_t len, size;
        bool full;
};

static void put(struct out *out, const void *bytes, size_t len) {
        if (len > out->size - out->len) {
                out->full = true;
                return;
        }
        if (len > 0)
                memcpy(out->bytes + out->len, bytes, len);
        out->len += len;
}

static void put_head(struct out *out, uint8_t tag, size_t len) {
        uint8_t head[4] = { tag, (uint8_t) len };
        size_t n = 2;

        if (len >= 0x100) {
                head[1] = 0x82;
                head[2] = (uint8_t) (len >> 8);
                head[3] = (uint8_t) len;
                n = 4;
        } else if (len >= 0x80) {
                head[1] = 0x81;
                head[2] = (uint8_t) len;
                n = 3;
        }
        put(out, head, n);
}

/* Signs the bytes: a certificate or list in DER, which the caller frees. */
static uint8_t *sign(const struct fuzz *part, size_t *ret_len) {
        uint8_t signature[65] = {};
        struct out out = { .size = part->left + 128 }, whole = { .size = part->left + 136 };
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        size_t n = 64;

        out.bytes = malloc(out.size);
        whole.bytes = malloc(whole.size);
        must(context && out.bytes && whole.bytes);
        must(EVP_DigestSignInit(context, NULL, NULL, NULL, ca.key) == 1);
        must(EVP_DigestSign(context, signature + 1, &n, part->at, part->left) == 1);
        EVP_MD_CTX_free(context);
        put(&out, part->at, part->left);
        put(&out, algorithm, sizeof(algorithm));
        put_head(&out, 0x03, sizeof(signature));
        put(&out, signature, sizeof(signature));
        put_head(&whole, 0x30, out.len);
        put(&whole, out.bytes, out.len);
        must(!out.full && !whole.full);
        free(out.bytes);
        *ret_len = whole.len;
        return whole.bytes;
}

/* --- The mutator --- */

struct mutation {
        /* the value that is changed, counted from the beginning */
        size_t at;
        unsigned how;
        size_t n; /* values so far */
};

struct value {
        uint8_t tag;
        const uint8_t *bytes;
        size_t len;
};

static bool next_value(struct fuzz *f, struct value *ret) {
        struct fuzz try = *f;
        size_t len, n;

        if (try.left < 2)
                return false;
        ret->tag = fuzz_byte(&try);
        len = fuzz_byte(&try);
        n = len & 0x7f;
        if (len >= 0x80) {
                if (n == 0 || n > 2 || n > try.left)
                        return false;
                len = fuzz_number(&try, n);
        }
        if (len > try.left)
                return false;
        ret->bytes = try.at;
        ret->len = len;
        (void) fuzz_take(&try, len);
        *f = try;
        return true;
}

static void put_value(struct out *out, const struct value *value) {
        put_head(out, value->tag, value->len);
        put(out, value->bytes, value->len);
}

static void put_changed(struct out *out, const struct value *value, unsigned how) {
        static uint8_t bytes[65536];
        size_t len = value->len < sizeof(bytes) / 2 ? value->len : sizeof(bytes) / 2;

        switch (how % 8) {
        case 0: /* left out */
                return;
        case 1: /* twice */
                put_value(out, value);
                put_value(out, value);
                return;
        case 2: /* of another type */
                put_head(out, (uint8_t) (value->tag ^ 1U << how / 8 % 8), value->len);
                put(out, value->bytes, value->len);
                return;
        default:
                if (len > 0)
                        memcpy(bytes, value->bytes, len);
                len = LLVMFuzzerMutate(bytes, len, len + 16);
                put_head(out, value->tag, len);
                put(out, bytes, len);
        }
}

/* Copies values one behind the other, and changes one of them. */
static void rewrite(struct out *out, struct fuzz f, struct mutation *m, unsigned depth) {
        static uint8_t rooms[DEPTH_MAX][65536];
        struct value value;

        while (next_value(&f, &value)) {
                struct out inner = { .bytes = rooms[depth], .size = sizeof(rooms[0]) };
                struct fuzz in = { value.bytes, value.len };
                struct value first;

                if (m->n++ == m->at) {
                        put_changed(out, &value, m->how);
                        continue;
                }
                /* There are values in constructed ones, and in extensions. */
                if (depth + 1 < DEPTH_MAX && value.len > 1 &&
                    ((value.tag & 0x20) ||
                     (value.tag == 0x04 && next_value(&in, &first) && in.left == 0))) {
                        rewrite(&inner, (struct fuzz){ value.bytes, value.len }, m, depth + 1);
                        value.bytes = inner.bytes;
                        value.len = inner.len;
                }
                put_value(out, &value);
        }
        put(out, f.at, f.left);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed) {
        static uint8_t bytes[65536];
        struct mutation m = { .at = SIZE_MAX, .how = seed >> 16 };
        struct out out = { .bytes = bytes, .size = sizeof(bytes) };

        if (size < 3 || seed % 16 == 0)
                return LLVMFuzzerMutate(data, size, max);
        rewrite(&out, (struct fuzz){ data + 1, size - 1 }, &m, 0);
        m.at = m.n > 0 ? seed / 16 % m.n : 0;
        m.n = 0;
        out.len = 0;
        rewrite(&out, (struct fuzz){ data + 1, size - 1 }, &m, 0);
        if (out.full || out.len + 1 > max)
                return size;
        memcpy(data + 1, bytes, out.len);
        return 1 + out.len;
}

/* --- Certificates --- */

static time_t seconds(const ASN1_TIME *time) {
        struct tm tm;

        must(ASN1_TIME_to_tm(time, &tm) == 1);
        return timegm(&tm);
}

static X509 *parse(const struct cert_blob *der) {
        const uint8_t *p = der->bytes;
        X509 *x = d2i_X509(NULL, &p, (long) der->len);

        must(x && p == der->bytes + der->len && cert_der_is_strict(der->bytes, der->len));
        return x;
}

/* The chain, as OpenSSL judges it without our rules. */
static bool verifies(X509 *x) {
        X509_STORE_CTX *context = X509_STORE_CTX_new();
        bool good;

        must(context && X509_STORE_CTX_init(context, ca.store, x, NULL) == 1);
        X509_STORE_CTX_set_time(context, 0, NOW);
        must(X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_CLIENT) == 1);
        good = X509_verify_cert(context) == 1;
        X509_STORE_CTX_free(context);
        return good;
}

static void check_cert(const struct cert_blob *der, const struct cert_record *cert) {
        X509 *x = parse(der);
        BIGNUM *serial = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x), NULL);
        uint8_t bytes[64] = {};
        int n = serial ? BN_num_bytes(serial) : 0;

        must(cert->not_before == seconds(X509_get0_notBefore(x)));
        must(cert->not_after == seconds(X509_get0_notAfter(x)));
        must(cert->not_before <= NOW && cert->not_after >= NOW);
        must(serial && !BN_is_negative(serial) && n <= (int) sizeof(bytes));
        (void) BN_bn2bin(serial, bytes);
        n = n > 0 ? n : 1; /* zero is one byte */
        must(cert->serial.len == (size_t) n &&
             memcmp(cert->serial.bytes, bytes, cert->serial.len) == 0);
        must(text_is_label(cert->subject, sizeof(cert->subject) - 1) || !cert->subject[0]);
        BN_free(serial);
        X509_free(x);
}

static void try_cert(const struct cert_blob *der) {
        const struct cert_blob cas = { ca.der, ca.len };
        struct cert_question question = { .der = *der, .cas = &cas, .n_cas = 1, .now = NOW };
        struct cert_verdict verdict;
        struct cert_record record = {};
        char detail[CERT_DETAIL_LEN];
        X509 *x;

        for (enum cert_kind kind = CERT_CLIENT; kind <= CERT_CA; kind++)
                if (cert_read(der, kind, NOW, &record, detail) == CERT_FINE)
                        check_cert(der, &record);
        cert_judge(&question, &verdict);
        if (verdict.reason != REASON_NONE)
                return;
        check_cert(der, &verdict.cert);
        x = parse(der);
        must(X509_verify(x, ca.key) == 1 && X509_check_issued(ca.x, x) == X509_V_OK);
        must(verifies(x) && X509_check_ca(x) == 0);
        must(verdict.begins_at >= verdict.cert.not_before);
        must(verdict.ends_at <= verdict.cert.not_after);
        X509_free(x);
}

/* --- Lists --- */

static bool has_serial(X509_CRL *crl, const struct cert_serial *serial) {
        BIGNUM *number = BN_bin2bn(serial->bytes, serial->len, NULL);
        ASN1_INTEGER *wanted = number ? BN_to_ASN1_INTEGER(number, NULL) : NULL;
        X509_REVOKED *revoked = NULL;
        bool found;

        must(wanted != NULL);
        found = X509_CRL_get0_by_serial(crl, &revoked, wanted) == 1;
        ASN1_INTEGER_free(wanted);
        BN_free(number);
        return found;
}

static void try_list(const struct cert_blob *der) {
        const struct cert_blob cas = { ca.der, ca.len };
        struct cert_serial serials[SERIALS_MAX];
        char detail[CERT_DETAIL_LEN];
        const uint8_t *p = der->bytes;
        struct crl_record list;
        X509_CRL *crl;
        int n;

        if (cert_read_crl(der, &cas, 1, NOW, &list, serials, SERIALS_MAX, detail) != CERT_FINE)
                return;
        crl = d2i_X509_CRL(NULL, &p, (long) der->len);
        must(crl && p == der->bytes + der->len && cert_der_is_strict(der->bytes, der->len));
        must(X509_CRL_verify(crl, ca.key) == 1);
        n = sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl));
        must(list.revoked == (n < 0 ? 0 : (uint64_t) n) && list.revoked <= SERIALS_MAX);
        for (uint64_t i = 0; i < list.revoked; i++)
                must(has_serial(crl, &serials[i]));
        must(list.this_update == seconds(X509_CRL_get0_lastUpdate(crl)) && list.this_update <= NOW);
        must(list.next_update >= NOW);
        must(!X509_CRL_get0_nextUpdate(crl) ||
             list.next_update == seconds(X509_CRL_get0_nextUpdate(crl)));
        X509_CRL_free(crl);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct fuzz f = { data, size };
        bool is_list = fuzz_byte(&f) == 'L';
        struct cert_blob der;
        uint8_t *bytes;

        if (!ca.x)
                make_ca();
        if (f.left > 60000)
                return 0;
        bytes = sign(&f, &der.len);
        der.bytes = bytes;
        if (is_list)
                try_list(&der);
        else
                try_cert(&der);
        free(bytes);
        return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Decides which public keys are taken, names them, hashes them as SSH does, and checks signatures.
 * It knows no chains, no dates and no texts of certificates. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <string.h>

#include "cert/cert_key.h"
#include "text.h"

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 16384
#define ED25519_LEN  64 /* of a signature */
#define DIGEST_MIN   32 /* of a proof */
#define NAME_MAX_LEN 80

static const struct curve {
        const char *group, *name, *ssh;
        size_t len; /* of a coordinate */
        /* of a proof, as JOSE pairs them (RFC 7518, 3.4) and SSH (RFC 5656, 6.2.1) */
        const EVP_MD *(*md)(void);
} curves[] = {
        { "prime256v1", "P-256", "nistp256", 32, EVP_sha256 },
        { "secp384r1", "P-384", "nistp384", 48, EVP_sha384 },
        { "secp521r1", "P-521", "nistp521", 66, EVP_sha512 },
};

static void free_bn(BIGNUM **n) {
        BN_free(*n);
}

static void free_hash(EVP_MD_CTX **ctx) {
        EVP_MD_CTX_free(*ctx);
}

static void free_ecdsa(ECDSA_SIG **sig) {
        ECDSA_SIG_free(*sig);
}

static bool get_group(const EVP_PKEY *key, char out[static NAME_MAX_LEN]) {
        size_t len;

        return EVP_PKEY_get_group_name(key, out, NAME_MAX_LEN, &len) == 1;
}

/* NULL for a key that is not on a curve of this name, or has the curve as parameters. */
static const struct curve *find_curve(const EVP_PKEY *key) {
        char group[NAME_MAX_LEN];
        int written_out = 1;

        if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC || !get_group(key, group) ||
            EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
                                   &written_out) != 1 ||
            written_out)
                return NULL;
        for (size_t i = 0; i < ARRAY_LEN(curves); i++)
                if (strcmp(group, curves[i].group) == 0)
                        return &curves[i];
        return NULL;
}

static bool is_rsa(const EVP_PKEY *key) {
        return EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA ||
               EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA_PSS;
}

/* With an exponent of 1 every text is its own signature. */
static bool is_strong_rsa(const EVP_PKEY *key) {
        _cleanup_(free_bn) BIGNUM *e = NULL;
        int bits = EVP_PKEY_get_bits(key);

        return bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX &&
               EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1 && BN_is_odd(e) &&
               !BN_is_one(e);
}

bool cert_key_is_strong(const EVP_PKEY *key) {
        if (!key)
                return false;
        if (is_rsa(key))
                return is_strong_rsa(key);
        return find_curve(key) || EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519;
}

/* OpenSSL's name for a kind of key that has no name here. */
static void describe_other(const X509 *x, const EVP_PKEY *key, char out[static NAME_MAX_LEN]) {
        char group[NAME_MAX_LEN];
        ASN1_OBJECT *algorithm = NULL;

        if (key && EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && get_group(key, group))
                (void) snprintf(out, NAME_MAX_LEN, "ECDSA %.40s", group);
        else if (X509_PUBKEY_get0_param(&algorithm, NULL, NULL, NULL, X509_get_X509_PUBKEY(x)) !=
                         1 ||
                 OBJ_obj2txt(out, NAME_MAX_LEN, algorithm, 0) <= 0)
                (void) snprintf(out, NAME_MAX_LEN, "unknown");
}

void cert_key_describe(const X509 *x, char out[static RECORD_KEY_TYPE_MAX + 1]) {
        const EVP_PKEY *key = X509_get0_pubkey(x);
        const struct curve *curve = key ? find_curve(key) : NULL;
        char name[NAME_MAX_LEN];

        if (curve)
                (void) snprintf(name, sizeof(name), "ECDSA %s", curve->name);
        else if (key && is_rsa(key))
                (void) snprintf(name, sizeof(name), "RSA%s %d",
                                EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA ? "" : "-PSS",
                                EVP_PKEY_get_bits(key));
        else if (key && EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519)
                (void) snprintf(name, sizeof(name), "Ed25519");
        else
                describe_other(x, key, name);
        text_escape(out, RECORD_KEY_TYPE_MAX + 1, name);
}

/* --- As SSH writes keys --- */

static bool hash_string(EVP_MD_CTX *ctx, const void *bytes, size_t len) {
        uint8_t head[] = { (uint8_t) (len >> 24), (uint8_t) (len >> 16), (uint8_t) (len >> 8),
                           (uint8_t) len };

        return EVP_DigestUpdate(ctx, head, sizeof(head)) == 1 &&
               EVP_DigestUpdate(ctx, bytes, len) == 1;
}

static bool hash_word(EVP_MD_CTX *ctx, const char *word) {
        return hash_string(ctx, word, strlen(word));
}

/* An mpint (RFC 4251, 5). A zero byte comes before it when its first bit is set. */
static bool hash_number(EVP_MD_CTX *ctx, const EVP_PKEY *key, const char *param) {
        _cleanup_(free_bn) BIGNUM *n = NULL;
        uint8_t bytes[1 + RSA_BITS_MAX / 8];
        size_t skip;

        if (EVP_PKEY_get_bn_param(key, param, &n) != 1 || BN_num_bits(n) > RSA_BITS_MAX)
                return false;
        bytes[0] = 0;
        skip = BN_num_bits(n) % 8 != 0;
        return hash_string(ctx, bytes + skip, (size_t) (1 + BN_bn2bin(n, bytes + 1)) - skip);
}

static bool hash_rsa(EVP_MD_CTX *ctx, const EVP_PKEY *key) {
        return hash_word(ctx, "ssh-rsa") && hash_number(ctx, key, OSSL_PKEY_PARAM_RSA_E) &&
               hash_number(ctx, key, OSSL_PKEY_PARAM_RSA_N);
}

static bool hash_curve(EVP_MD_CTX *ctx, const EVP_PKEY *key, const struct curve *curve) {
        _cleanup_(free_bn) BIGNUM *x = NULL, *y = NULL;
        char word[32];
        uint8_t point[1 + 2 * 66] = { POINT_CONVERSION_UNCOMPRESSED };
        int len = (int) curve->len;

        (void) snprintf(word, sizeof(word), "ecdsa-sha2-%s", curve->ssh);
        return EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_X, &x) == 1 &&
               EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_Y, &y) == 1 &&
               BN_bn2binpad(x, point + 1, len) == len &&
               BN_bn2binpad(y, point + 1 + len, len) == len && hash_word(ctx, word) &&
               hash_word(ctx, curve->ssh) && hash_string(ctx, point, 1 + 2 * curve->len);
}

static bool hash_ed25519(EVP_MD_CTX *ctx, const EVP_PKEY *key) {
        uint8_t raw[32];
        size_t len = sizeof(raw);

        return EVP_PKEY_get_raw_public_key(key, raw, &len) == 1 && hash_word(ctx, "ssh-ed25519") &&
               hash_string(ctx, raw, len);
}

static bool hash_key(EVP_MD_CTX *ctx, const EVP_PKEY *key) {
        const struct curve *curve = find_curve(key);

        if (curve)
                return hash_curve(ctx, key, curve);
        if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA)
                return hash_rsa(ctx, key);
        return EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 && hash_ed25519(ctx, key);
}

void cert_key_hash_ssh(const EVP_PKEY *key, uint8_t out[static RECORD_HASH_LEN]) {
        _cleanup_(free_hash) EVP_MD_CTX *ctx = EVP_MD_CTX_new();

        if (!key || !ctx || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1 ||
            !hash_key(ctx, key) || EVP_DigestFinal_ex(ctx, out, NULL) != 1)
                memset(out, 0, RECORD_HASH_LEN);
}

bool cert_key_identify(const X509 *x, uint8_t out[static RECORD_HASH_LEN]) {
        static const uint8_t none[RECORD_HASH_LEN];

        cert_key_hash_ssh(X509_get0_pubkey(x), out);
        return memcmp(out, none, sizeof(none)) != 0 || cert_x509_hash_key(x, out);
}

/* --- Proofs --- */

/* NULL for Ed25519, which has its own. An RSA-PSS key can prescribe a digest. */
static const EVP_MD *digest_of(EVP_PKEY *key) {
        const struct curve *curve = find_curve(key);
        int nid = NID_undef;

        if (curve)
                return curve->md();
        if (!is_rsa(key))
                return NULL;
        return EVP_PKEY_get_default_digest_nid(key, &nid) == 2 ? EVP_get_digestbynid(nid)
                                                               : EVP_sha256();
}

/* Prepares to verify a proof. NULL when the key cannot make one. The caller frees it. */
static EVP_MD_CTX *begin(EVP_PKEY *key) {
        _cleanup_(free_hash) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        const EVP_MD *md = digest_of(key);
        EVP_PKEY_CTX *options = NULL;

        if (!ctx || EVP_DigestVerifyInit(ctx, &options, md, NULL, key) != 1)
                return NULL;
        if (is_rsa(key) && (EVP_PKEY_get_size(key) > WIRE_SIGNATURE_MAX || !md ||
                            EVP_MD_get_size(md) < DIGEST_MIN ||
                            EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) != 1 ||
                            EVP_PKEY_CTX_set_rsa_mgf1_md(options, md) != 1 ||
                            EVP_PKEY_CTX_set_rsa_pss_saltlen(options, EVP_MD_get_size(md)) != 1))
                return NULL;
        return take_ptr(ctx);
}

bool cert_key_can_prove(EVP_PKEY *key) {
        _cleanup_(free_hash) EVP_MD_CTX *ctx = begin(key);

        return ctx;
}

static bool verify(EVP_PKEY *key, const struct cert_blob *message, const uint8_t *signature,
                   size_t len) {
        _cleanup_(free_hash) EVP_MD_CTX *ctx = begin(key);

        return ctx && EVP_DigestVerify(ctx, signature, len, message->bytes, message->len) == 1;
}

/* Turns r and s, of ${half} bytes each, as JOSE and WebCrypto write them, into the DER that OpenSSL
 * takes. Returns its length, or 0 on failure. The caller frees it. */
static size_t encode_ecdsa(const uint8_t *raw, size_t half, uint8_t **ret) {
        _cleanup_(free_ecdsa) ECDSA_SIG *sig = ECDSA_SIG_new();
        _cleanup_(free_bn) BIGNUM *r = BN_bin2bn(raw, (int) half, NULL);
        _cleanup_(free_bn) BIGNUM *s = BN_bin2bn(raw + half, (int) half, NULL);
        int len;

        if (!sig || !r || !s || ECDSA_SIG_set0(sig, r, s) != 1)
                return 0;
        r = s = NULL; /* they are freed with it now */
        len = i2d_ECDSA_SIG(sig, ret);
        return len > 0 ? (size_t) len : 0;
}

static bool verify_ecdsa(EVP_PKEY *key, const struct cert_blob *message,
                         const struct cert_blob *signature) {
        uint8_t *der = NULL;
        size_t len = encode_ecdsa(signature->bytes, signature->len / 2, &der);
        bool good = len > 0 && verify(key, message, der, len);

        OPENSSL_free(der);
        return good;
}

bool cert_key_has_signed(EVP_PKEY *key, const struct cert_blob *message,
                         const struct cert_blob *signature) {
        const struct curve *curve;

        if (!cert_key_is_strong(key) || message->len == 0)
                return false;
        curve = find_curve(key);
        if (curve)
                return signature->len == 2 * curve->len && verify_ecdsa(key, message, signature);
        return signature->len == (is_rsa(key) ? (size_t) EVP_PKEY_get_size(key) : ED25519_LEN) &&
               verify(key, message, signature->bytes, signature->len);
}

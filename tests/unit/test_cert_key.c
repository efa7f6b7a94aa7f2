/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys: how SSH writes them, and which signatures are proofs. Whether a proof is needed is not
 * known here. */
#include <openssl/param_build.h>

#include "unit_cert.h"

#define NOW UNIT_CERT_NOW

/* --- As SSH writes them --- */

/* The hashes come from ssh-keygen -i -m PKCS8. It does not read Ed25519: that hash comes from a key
 * that it made itself. The RSA keys differ in whether the first bit of their number is set. The
 * coordinate of the P-256 key begins with a zero, and the key is there as a compressed point as
 * well. */
static const struct {
        const char *type, *hash, *spki;
} keys[] = {
        { "RSA 2048", "a5d80b91dcc3b5b2f84d88ff13a327186c73dfbaebd937fd32e9e7d784b08a79",
          "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAq9UmI+tNYHB7KGrQT20optqM7j79ZwZs"
          "BvNSFk79Ypr/orqxyXCONqDOOYiFvF7i2t3FWL+gTBcOGmXSFjNNDFYBpNbbY2e3v3uWqFAHqJJJ"
          "pt1tgnaK1ViVPO02Mao4z/n265mCXE7ncLg+CI9PExCbvAk0Kt04UkGCZ7P+C7WIwW6Z/AgZp69M"
          "3021OWKBE1s6ATt2Y1ntj4Vnir15swSU7qgnmIi5RR/oaXl0DiZ5mnXnAVy/ob5kid0AwVVZaixj"
          "ykqgROtP5A7QQScbylwj4MwAXqlx5QHFceOdNsxFDA/546iFwQo+++H2wfJ315cuDQRnKXfDClOL"
          "lI1TyQIDAQAB" },
        { "RSA 2052", "43c94fcc90ea7ff8c283986ed5726a9550c6c6da6c987d2c6f25e33c17a199bb",
          "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEKYja39iR1ryPfPSlVoGfdh6YZJ2B+G0cg"
          "iG6It2DsWIA8oJV1rfGQy0Ud3k6/l2uxIogctLSnSS4/6hvxy2pxxlWrW1P56JhfD9UkO2R3vDWM"
          "NLC9mvrHDdZQc0P8qz71sNz0h6xFDm3SGJlKmo8CPs3QBlHe8IHjuse/SOr0O+UkuYe+zwd94nL+"
          "V0+6cQFO69K5Zp74nZ0xoYAkb5PKumErW/4gyPdKaWvmiz3xItUSCxoHOB3SxciOwECum4ZSobxm"
          "oljmSCnhPf9a8xDEDQ0YVetHzjTGNlgpsf1+BKpu9xYF+WrSXU+IOjGW40V/pWPUy/YHY17al6z/"
          "j8+woQIDAQAB" },
        { "ECDSA P-256", "cfcf8f30a02c177e2c3fb399ea667c201d0873a2154f173c59696a91aecd5f4d",
          "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEACajIG3pP/mGkpI5fjkU9sb/noPaaRKb+NZ+uZaB"
          "29zgWhS3AEOBrGvlVq9mnKn0fc0IYb5lra4G6DEvS1Zx+g==" },
        { "ECDSA P-256", "cfcf8f30a02c177e2c3fb399ea667c201d0873a2154f173c59696a91aecd5f4d",
          "MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgACACajIG3pP/mGkpI5fjkU9sb/noPaaRKb+NZ+uZaB"
          "29w=" },
        { "ECDSA P-384", "8183b788b2196a1ff2fedec6879b69095ce1a5007d564caf22c1d59343bdfe83",
          "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEkLqso34C0W12IU31iV/Brfp4kty+bDQ0ELUWN0QQitK5"
          "vs1aZSu2BHlNPYxQNDu1vTMRMjHEONbl7YMqvK4ZIehJ2Epo7XmclKWLnzlBWrpchQ0re+WGMbRD"
          "Ssmp+4rT" },
        { "ECDSA P-521", "a8d259162eda6e3ef96a9ea43e3b178055b1357baedb71be4d5618d55a0f3d01",
          "MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQBe4vmbch+jGNPnJqBIo8KqZ91R45PjOEv3uEzTgyc"
          "Ew3dIWrSdfxeCTJBBGXFGjyyJUCBrIDwy0QTLoVFICg5YjsA3D5Ub+grHa5VDQ5YTzT+eF/pjRv7"
          "tB6qiilzrnjyDhhKS/eLy/d++YkQ12Gec2erNUQXH3xvjuK/A8rT7gXQxO8=" },
        { "Ed25519", "2d2ad2af5796d923f481490fca655de402e64445e8a7248fa06e3ebbc0d16e53",
          "MCowBQYDK2VwAyEAjDDPVG47Bujuigy+idDYnxNJi5uMUpT55I/LedcikSI=" },
};

static EVP_PKEY *read_public(const char *base64) {
        unsigned char der[1024];
        const unsigned char *p = der;
        int len = EVP_DecodeBlock(der, (const unsigned char *) base64, (int) strlen(base64));
        EVP_PKEY *key;

        assert_true(len > 0);
        key = d2i_PUBKEY(NULL, &p, len);
        assert_non_null(key);
        return key;
}

static void test_hashes(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
                EVP_PKEY *key = read_public(keys[i].spki);
                X509 *x = X509_dup(unit_cert(.cn = "leaf")->x);
                char detail[CERT_DETAIL_LEN], hex[65];
                struct cert_record got;

                assert_int_equal(X509_set_pubkey(x, key), 1);
                EVP_PKEY_free(key);
                unit_cert_sign(x, unit_cert_key("EC:P-256"), NULL, false);
                unit_int(keys[i].type,
                         cert_read(&unit_cert_keep(x, NULL)->der, CERT_CLIENT, NOW, &got, detail),
                         CERT_FINE);
                for (size_t j = 0; j < 32; j++)
                        (void) snprintf(hex + 2 * j, 3, "%02x", got.ssh[j]);
                unit_str(keys[i].type, got.key_type, keys[i].type);
                unit_str(keys[i].type, hex, keys[i].hash);
        }
}

/* The answer to a challenge names a key by this hash. */
static void test_a_compressed_point_is_the_same_key(void **state) {
        struct cert_record got[2];
        char detail[CERT_DETAIL_LEN];

        (void) state;
        for (size_t i = 0; i < 2; i++) {
                EVP_PKEY *key = read_public(keys[2 + i].spki);
                X509 *x = X509_dup(unit_cert(.cn = "leaf")->x);

                assert_int_equal(X509_set_pubkey(x, key), 1);
                EVP_PKEY_free(key);
                unit_cert_sign(x, unit_cert_key("EC:P-256"), NULL, false);
                assert_int_equal(
                        cert_read(&unit_cert_keep(x, NULL)->der, CERT_CLIENT, NOW, &got[i], detail),
                        CERT_FINE);
        }
        assert_memory_equal(got[0].spki, got[1].spki, RECORD_HASH_LEN);
}

static void test_what_ssh_has_not(void **state) {
        static const uint8_t zeroes[RECORD_HASH_LEN];
        static const char *const kinds[] = { "RSA-PSS:2048", "ED448", "EC:secp256k1" };
        char detail[CERT_DETAIL_LEN];
        struct cert_record got;

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
                unit_poison(&got, sizeof(got));
                (void) !cert_read(&unit_cert(.key = kinds[i])->der, CERT_CLIENT, NOW, &got, detail);
                unit_mem(kinds[i], got.ssh, zeroes, sizeof(zeroes));
        }
}

/* A key of RSA that signs nothing: the signature is the signed text itself. */
static void test_an_exponent_of_one(void **state) {
        EVP_PKEY *real = unit_cert_key("RSA:2048"), *key = NULL;
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
        X509 *x = X509_dup(unit_cert(.cn = "leaf")->x);
        BIGNUM *n = NULL;
        char detail[CERT_DETAIL_LEN];
        struct cert_record got;

        (void) state;
        assert_int_equal(EVP_PKEY_get_bn_param(real, "n", &n), 1);
        for (unsigned e = 1; e <= 4; e++) {
                OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
                OSSL_PARAM *params;

                assert_int_equal(OSSL_PARAM_BLD_push_BN(build, "n", n), 1);
                assert_int_equal(OSSL_PARAM_BLD_push_uint(build, "e", e), 1);
                params = OSSL_PARAM_BLD_to_param(build);
                assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
                assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
                assert_int_equal(X509_set_pubkey(x, key), 1);
                unit_cert_sign(x, unit_cert_key("EC:P-256"), NULL, false);
                unit_int("exponent",
                         cert_read(&unit_cert_keep(X509_dup(x), NULL)->der, CERT_CLIENT, NOW, &got,
                                   detail),
                         e == 3 ? CERT_FINE : CERT_REFUSED);
                EVP_PKEY_free(key);
                key = NULL;
                OSSL_PARAM_free(params);
                OSSL_PARAM_BLD_free(build);
        }
        BN_free(n);
        X509_free(x);
        EVP_PKEY_CTX_free(ctx);
}

/* --- Proofs --- */

static const char message[] = "wfapikey proof of possession, version 1: wfc_x:sshd:alice";

struct signature {
        uint8_t bytes[512];
        size_t len;
};

/* How a text is signed. Zeroes make a right signature. */
struct signing {
        const char *md;
        int padding, salt;
        bool der; /* ECDSA as OpenSSL writes it */
};

/* The digest that belongs to a key. */
static const char *digest_of(const char *key_name) {
        return strstr(key_name, "384") ? "SHA384" : strstr(key_name, "521") ? "SHA512" : "SHA256";
}

static struct signature sign(const char *key_name, const char *text, struct signing how) {
        EVP_PKEY *key = unit_cert_key(key_name);
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        EVP_PKEY_CTX *options = NULL;
        struct signature got = { .len = sizeof(got.bytes) };
        bool edwards = EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ||
                       EVP_PKEY_get_base_id(key) == EVP_PKEY_ED448;
        const EVP_MD *md =
                edwards ? NULL : EVP_get_digestbyname(how.md ? how.md : digest_of(key_name));

        assert_int_equal(EVP_DigestSignInit(ctx, &options, md, NULL, key), 1);
        if (strncmp(key_name, "RSA", 3) == 0) {
                int padding = how.padding ? how.padding : RSA_PKCS1_PSS_PADDING;

                assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(options, padding), 1);
                if (padding == RSA_PKCS1_PSS_PADDING)
                        assert_int_equal(
                                EVP_PKEY_CTX_set_rsa_pss_saltlen(
                                        options, how.salt ? how.salt : RSA_PSS_SALTLEN_DIGEST),
                                1);
        }
        assert_int_equal(
                EVP_DigestSign(ctx, got.bytes, &got.len, (const uint8_t *) text, strlen(text)), 1);
        EVP_MD_CTX_free(ctx);
        if (strncmp(key_name, "EC:", 3) == 0 && !how.der) {
                const unsigned char *p = got.bytes;
                ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, (long) got.len);
                int half = (EVP_PKEY_get_bits(key) + 7) / 8;

                assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(sig), got.bytes, half), half);
                assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(sig), got.bytes + half, half), half);
                got.len = 2 * (size_t) half;
                ECDSA_SIG_free(sig);
        }
        return got;
}

static enum reason prove(const char *key_name, const char *text,
                         const struct signature *signature) {
        const struct unit_cert *cert =
                unit_cert(.key = key_name, .signer = unit_cert_key("ED25519"));
        struct cert_question question = {
                .der = cert->der,
                .registered = true,
                .message = { (const uint8_t *) text, strlen(text) },
                .signature = { unit_cert_bytes(signature->bytes, signature->len), signature->len },
                .now = NOW,
        };
        struct cert_verdict verdict;

        cert_judge(&question, &verdict);
        assert_int_equal(ERR_peek_error(), 0);
        if (verdict.reason != REASON_NONE)
                assert_true(verdict.n_serials == 0 && verdict.ends_at == 0);
        return verdict.reason;
}

static const char *const provers[] = {
        "ED25519",  "EC:P-256", "EC:P-384",     "EC:P-521",
        "RSA:2048", "RSA:3072", "RSA-PSS:2048", "RSA-PSS:2048:SHA384"
};

static void test_proofs(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(provers); i++) {
                struct signature good = sign(provers[i], message, (struct signing){}), bad;

                unit_int(provers[i], prove(provers[i], message, &good), REASON_NONE);
                unit_int(provers[i], prove(provers[i], "another", &good),
                         REASON_CERTIFICATE_SIGNATURE);
                unit_int(provers[i], prove(provers[i], "", &good), REASON_CERTIFICATE_SIGNATURE);
                for (size_t j = 0; j < ARRAY_LEN(provers); j++) {
                        bad = sign(provers[j], message, (struct signing){});
                        if (i != j)
                                unit_int(provers[i], prove(provers[i], message, &bad),
                                         REASON_CERTIFICATE_SIGNATURE);
                }
                for (size_t len = 0; len < good.len; len += len == 0 ? 1 : 21) {
                        bad = good;
                        bad.len = len;
                        unit_int("cut", prove(provers[i], message, &bad),
                                 REASON_CERTIFICATE_SIGNATURE);
                }
                bad = good;
                bad.bytes[bad.len++] = 0;
                unit_int("longer", prove(provers[i], message, &bad), REASON_CERTIFICATE_SIGNATURE);
                for (size_t bit = 0; bit < 8 * good.len; bit += 29) {
                        bad = good;
                        bad.bytes[bit / 8] ^= (uint8_t) (1 << bit % 8);
                        unit_int("bit", prove(provers[i], message, &bad),
                                 REASON_CERTIFICATE_SIGNATURE);
                }
                bad = (struct signature){ .len = good.len };
                unit_int("zeroes", prove(provers[i], message, &bad), REASON_CERTIFICATE_SIGNATURE);
                memset(bad.bytes, 0xff, sizeof(bad.bytes));
                unit_int("ones", prove(provers[i], message, &bad), REASON_CERTIFICATE_SIGNATURE);
        }
}

static void test_an_empty_message(void **state) {
        struct signature good = sign("ED25519", "", (struct signing){});

        (void) state;
        assert_int_equal(prove("ED25519", "", &good), REASON_CERTIFICATE_SIGNATURE);
}

static void test_wrong_ways_to_sign(void **state) {
        static const struct {
                const char *row, *key;
                struct signing how;
        } rows[] = {
                { "PKCS #1", "RSA:2048", { .padding = RSA_PKCS1_PADDING } },
                { "a salt of 20", "RSA:2048", { .salt = 20 } },
                { "the longest salt", "RSA:2048", { .salt = RSA_PSS_SALTLEN_MAX } },
                { "RSA and SHA-512", "RSA:2048", { .md = "SHA512", .salt = 32 } },
                { "RSA and SHA-1", "RSA:2048", { .md = "SHA1", .salt = 32 } },
                { "ECDSA and SHA-512", "EC:P-256", { .md = "SHA512" } },
                { "ECDSA in DER", "EC:P-256", { .der = true } },
                { "P-384 and SHA-256", "EC:P-384", { .md = "SHA256" } },
                { "P-384 in DER", "EC:P-384", { .der = true } },
                { "P-521 and SHA-256", "EC:P-521", { .md = "SHA256" } },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct signature bad = sign(rows[i].key, message, rows[i].how);

                unit_int(rows[i].row, prove(rows[i].key, message, &bad),
                         REASON_CERTIFICATE_SIGNATURE);
        }
}

/* A key that can never make a proof is refused at once, not at a login. A CA needs no proof. */
static void test_keys_that_cannot_prove(void **state) {
        static const struct {
                const char *key;
                bool can;
        } rows[] = {
                { "RSA:8192", true },
                { "RSA:8200", false },
                { "RSA-PSS:2048:SHA1", false },
                { "RSA-PSS:2048:SHA384", true },
                { "RSA-PSS:2048:SHA512", true },
        };
        char detail[CERT_DETAIL_LEN];
        struct cert_record got;

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                const struct unit_cert *issuer = unit_cert(.cn = "CA", .extensions = UNIT_CERT_CA);
                const struct unit_cert *x = unit_cert(.key = rows[i].key, .issuer = issuer);
                const struct unit_cert *ca =
                        unit_cert(.cn = "Sub", .key = rows[i].key, .issuer = issuer,
                                  .extensions = UNIT_CERT_CA);

                unit_int(rows[i].key, cert_read(&x->der, CERT_CLIENT, NOW, &got, detail),
                         rows[i].can ? CERT_FINE : CERT_REFUSED);
                unit_int(rows[i].key, strstr(detail, "cannot answer a challenge") == NULL,
                         rows[i].can);
                unit_int(rows[i].key, cert_read(&ca->der, CERT_CA, NOW, &got, detail), CERT_FINE);
        }
}

/* A fault of the certificate is reported first. Then no signature is looked at. */
static void test_what_comes_first(void **state) {
        struct signature good = sign("ED448", message, (struct signing){});
        struct cert_question question = { .der = unit_cert(.key = "EC:P-384")->der,
                                          .registered = true,
                                          .now = NOW };
        struct cert_verdict verdict;

        (void) state;
        assert_int_equal(prove("ED448", message, &good), REASON_CERTIFICATE_WEAK);
        good = sign("RSA:1024", message, (struct signing){});
        assert_int_equal(prove("RSA:1024", message, &good), REASON_CERTIFICATE_WEAK);
        cert_judge(&question, &verdict);
        assert_int_equal(verdict.reason, REASON_NONE);
        question.signature.bytes = (const uint8_t *) "";
        cert_judge(&question, &verdict);
        assert_int_equal(verdict.reason, REASON_CERTIFICATE_SIGNATURE);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_hashes),
                cmocka_unit_test(test_a_compressed_point_is_the_same_key),
                cmocka_unit_test(test_what_ssh_has_not),
                cmocka_unit_test(test_an_exponent_of_one),
                cmocka_unit_test(test_proofs),
                cmocka_unit_test(test_an_empty_message),
                cmocka_unit_test(test_wrong_ways_to_sign),
                cmocka_unit_test(test_keys_that_cannot_prove),
                cmocka_unit_test(test_what_comes_first),
        };

        return cmocka_run_group_tests(tests, NULL, unit_cert_free);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificates that an attacker has made to be taken for another. */
#include "unit_chain.h"

/* The same name, number and key as a trusted one, but not the same bytes. */
static void test_forgeries(void **state) {
        const struct unit_cert *evil = ca_make("Between", "EC:P-256#evil", NULL);
        const struct unit_cert *good =
                unit_cert(.cn = "alice", .issuer = between, .serial = "0C", .extensions = CLIENT);
        const struct unit_cert *resigned =
                unit_cert(.cn = "alice", .issuer = evil, .serial = "0C", .extensions = CLIENT);
        const struct unit_cert *same =
                unit_cert(.cn = "alice", .issuer = between, .serial = "0C", .extensions = CLIENT);
        X509 *longer = X509_dup(good->x);
        ASN1_TIME *later = ASN1_TIME_set(NULL, NOW + 1000 * DAY);
        struct cert_verdict first = judge(good, CAS(root, between), NOW, false);
        struct cert_verdict got = judge(resigned, CAS(root, between), NOW, false);

        (void) state;
        assert_int_equal(first.reason, REASON_NONE);
        assert_int_equal(got.reason, REASON_CERTIFICATE_CHAIN);
        assert_string_equal(got.detail, "certificate signature failure");
        assert_memory_equal(got.cert.spki, first.cert.spki, 32);
        assert_memory_equal(&got.cert.serial, &first.cert.serial, sizeof(got.cert.serial));
        assert_memory_not_equal(got.cert.thumbprint, first.cert.thumbprint, 32);
        /* with the forger's own root beside it, which is not registered */
        assert_int_equal(judged(unit_cert(.issuer = evil), root), REASON_CERTIFICATE_UNTRUSTED);
        /* the signature belongs to another text */
        assert_int_equal(X509_set1_notAfter(longer, later), 1);
        assert_true(i2d_re_X509_tbs(longer, NULL) > 0);
        ASN1_TIME_free(later);
        assert_int_equal(judged(unit_cert_keep(longer, good->key), root, between),
                         REASON_CERTIFICATE_CHAIN);
        /* from the same CA once more: it holds, and is another certificate */
        got = judge(same, CAS(root, between), NOW, false);
        assert_int_equal(got.reason, REASON_NONE);
        assert_memory_not_equal(got.cert.thumbprint, first.cert.thumbprint, 32);
}

/* A person who knows a signature (r, s) of ECDSA knows (r, -s) as well. The chain holds with both,
 * so only all bytes together tell two certificates apart. */
static void test_the_other_signature(void **state) {
        EC_GROUP *curve = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
        const ASN1_BIT_STRING *bits = NULL;
        X509 *other = X509_dup(leaf->x);
        const unsigned char *p;
        unsigned char *der = NULL;
        ECDSA_SIG *sig, *negative = ECDSA_SIG_new();
        BIGNUM *s = BN_new();
        struct cert_verdict first = judge(leaf, CAS(root, between), NOW, false), got;

        (void) state;
        X509_get0_signature(&bits, NULL, other);
        p = ASN1_STRING_get0_data(bits);
        sig = d2i_ECDSA_SIG(NULL, &p, ASN1_STRING_length(bits));
        assert_int_equal(BN_sub(s, EC_GROUP_get0_order(curve), ECDSA_SIG_get0_s(sig)), 1);
        assert_int_equal(ECDSA_SIG_set0(negative, BN_dup(ECDSA_SIG_get0_r(sig)), s), 1);
        assert_int_equal(ASN1_STRING_set((ASN1_STRING *) (uintptr_t) bits, NULL,
                                         i2d_ECDSA_SIG(negative, NULL)),
                         1);
        der = (unsigned char *) (uintptr_t) ASN1_STRING_get0_data(bits);
        (void) i2d_ECDSA_SIG(negative, &der);
        got = judge(unit_cert_keep(other, leaf->key), CAS(root, between), NOW, false);
        assert_int_equal(got.reason, REASON_NONE);
        assert_memory_not_equal(got.cert.thumbprint, first.cert.thumbprint, 32);
        ECDSA_SIG_free(sig);
        ECDSA_SIG_free(negative);
        EC_GROUP_free(curve);
}

/* A chain does not hold when any byte of the certificate, or of its CA, is another. */
static void test_every_byte(void **state) {
        const struct unit_cert *ca = ca_make("CA", "ED25519#ca", NULL);
        const struct unit_cert *x = unit_cert(.key = "ED25519", .issuer = ca, .extensions = CLIENT);
        struct unit_cert changed = {};

        (void) state;
        assert_int_equal(judged(x, ca), REASON_NONE);
        for (size_t at = 0; at < x->der.len; at++)
                for (unsigned mask = 1; mask < 256; mask = mask << 1 | 1) {
                        uint8_t bytes[1024];

                        memcpy(bytes, x->der.bytes, x->der.len);
                        bytes[at] ^= (uint8_t) mask;
                        changed.der = (struct cert_blob){ bytes, x->der.len };
                        assert_int_not_equal(judged(&changed, ca), REASON_NONE);
                }
        for (size_t at = 0; at < ca->der.len; at++) {
                uint8_t bytes[1024];

                memcpy(bytes, ca->der.bytes, ca->der.len);
                bytes[at] ^= 1;
                changed.der = (struct cert_blob){ bytes, ca->der.len };
                assert_int_not_equal(judged(x, &changed), REASON_NONE);
        }
        for (size_t len = 0; len < x->der.len; len++) {
                changed.der = (struct cert_blob){ unit_cert_bytes(x->der.bytes, len), len };
                assert_int_equal(judged(&changed, ca), REASON_CERTIFICATE_UNREADABLE);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_forgeries),
                cmocka_unit_test(test_the_other_signature),
                cmocka_unit_test(test_every_byte),
        };

        return cmocka_run_group_tests(tests, unit_chain_make, unit_cert_free);
}

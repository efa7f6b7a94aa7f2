/* SPDX-License-Identifier: BSD-2-Clause */
/* Names that are one name in other letters: chains, revocation lists and hashes agree on them. The
 * cases are those of PKITS 4.3.3, 4.3.4, 4.3.5, 4.3.10 and 4.3.11. */
#include "unit_chain.h"

#include "cert/cert_name.h"

/* An organization and a common name, "Good CA" in most of them. */
struct spelling {
        const char *row;
        int o_type;
        const char *o;
        int cn_type;
        const char *cn;
};

static const struct spelling first = { "the first", V_ASN1_PRINTABLESTRING, "Example Ltd",
                                       V_ASN1_PRINTABLESTRING, "Good CA" };

static const struct spelling others[] = {
        { "UTF8String", V_ASN1_UTF8STRING, "Example Ltd", V_ASN1_UTF8STRING, "Good CA" },
        { "one UTF8String", V_ASN1_PRINTABLESTRING, "Example Ltd", V_ASN1_UTF8STRING, "Good CA" },
        { "BMPString", V_ASN1_PRINTABLESTRING, "Example Ltd", V_ASN1_BMPSTRING,
          "\0G\0o\0o\0d\0 \0C\0A" },
        { "T61String", V_ASN1_T61STRING, "Example Ltd", V_ASN1_IA5STRING, "Good CA" },
        { "capitals", V_ASN1_PRINTABLESTRING, "EXAMPLE LTD", V_ASN1_PRINTABLESTRING, "gOOD ca" },
        { "blanks", V_ASN1_PRINTABLESTRING, " Example  Ltd", V_ASN1_PRINTABLESTRING,
          "  Good   CA " },
        { "all of it", V_ASN1_UTF8STRING, "\tEXAMPLE \n ltd ", V_ASN1_UTF8STRING, " GOOD\r\nCa" },
};

static const struct spelling strangers[] = {
        { "no blank", V_ASN1_PRINTABLESTRING, "Example Ltd", V_ASN1_PRINTABLESTRING, "GoodCA" },
        { "a part less", V_ASN1_PRINTABLESTRING, NULL, V_ASN1_PRINTABLESTRING, "Good CA" },
        { "other letters", V_ASN1_PRINTABLESTRING, "Example Ltd", V_ASN1_UTF8STRING,
          "G\xc3\xb6od CA" },
        { "nothing", V_ASN1_PRINTABLESTRING, "Example Ltd", V_ASN1_UTF8STRING, " " },
        { "exchanged", V_ASN1_PRINTABLESTRING, "Good CA", V_ASN1_PRINTABLESTRING, "Example Ltd" },
};

static X509_NAME *make_name(const struct spelling *s) {
        X509_NAME *name = X509_NAME_new();

        if (s->o)
                unit_cert_add_name(name, NID_organizationName, s->o_type, s->o, -1);
        unit_cert_add_name(name, NID_commonName, s->cn_type, s->cn,
                           s->cn_type == V_ASN1_BMPSTRING ? 14 : -1);
        return name;
}

static const struct unit_cert *make_ca(const struct spelling *s, const char *key) {
        X509_NAME *name = make_name(s);
        const struct unit_cert *ca =
                unit_cert(.subject = name, .key = key, .extensions = UNIT_CERT_CA);

        X509_NAME_free(name);
        return ca;
}

/* The hash is the same where OpenSSL says that the names are. */
static void check(const struct spelling *s, bool same) {
        X509_NAME *a = make_name(&first), *b = make_name(s);
        uint8_t left[RECORD_HASH_LEN], right[RECORD_HASH_LEN];

        unit_int(s->row, X509_NAME_cmp(a, b) == 0, same);
        assert_true(cert_name_hash(a, left) && cert_name_hash(b, right));
        unit_int(s->row, memcmp(left, right, sizeof(left)) == 0, same);
        unit_int(s->row, cert_name_is_same(a, b), same);
        X509_NAME_free(a);
        X509_NAME_free(b);
}

static void test_hashes(void **state) {
        (void) state;
        check(&first, true);
        for (size_t i = 0; i < ARRAY_LEN(others); i++)
                check(&others[i], true);
        for (size_t i = 0; i < ARRAY_LEN(strangers); i++)
                check(&strangers[i], false);
}

/* The order in which the parts of one RDN are encoded depends on their letters. */
static void test_several_parts_in_one_place(void **state) {
        static const char *const cns[][2] = { { "a", "B" }, { "A", "b" } };
        uint8_t hashes[3][RECORD_HASH_LEN];

        (void) state;
        for (size_t i = 0; i < 3; i++) {
                X509_NAME *name = X509_NAME_new();

                for (size_t n = 0; n < 2; n++)
                        assert_int_equal(X509_NAME_add_entry_by_NID(
                                                 name, NID_commonName, V_ASN1_PRINTABLESTRING,
                                                 (const unsigned char *) cns[i % 2][n], -1, -1,
                                                 n == 1 && i < 2 ? -1 : 0),
                                         1);
                assert_true(cert_name_hash(name, hashes[i]));
                X509_NAME_free(name);
        }
        assert_memory_equal(hashes[0], hashes[1], RECORD_HASH_LEN);
        assert_memory_not_equal(hashes[0], hashes[2], RECORD_HASH_LEN);
}

/* The CA is made again with its name in other letters. Certificates of before stay good. */
static void test_a_chain_through_other_letters(void **state) {
        const struct unit_cert *old = make_ca(&first, "ED25519#good"),
                               *x = unit_cert(.issuer = old);

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(others); i++)
                unit_int(others[i].row, judged(x, make_ca(&others[i], "ED25519#good")),
                         REASON_NONE);
        for (size_t i = 0; i < ARRAY_LEN(strangers); i++)
                unit_int(strangers[i].row, judged(x, make_ca(&strangers[i], "ED25519#good")),
                         REASON_CERTIFICATE_UNTRUSTED);
}

/* The attacker's certificate has the issuer in old letters. The list that revokes it has the new
 * ones. */
static void test_a_list_in_other_letters_revokes(void **state) {
        const struct unit_cert *old = make_ca(&first, "ED25519#good"),
                               *x = unit_cert(.issuer = old, .serial = "0BAD");

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(others); i++) {
                const struct unit_cert *again = make_ca(&others[i], "ED25519#good");
                struct cert_blob list = unit_crl(.issuer = again, .serials = "0BAD");
                struct cert_verdict shown = judge(x, CAS(again), NOW, false);
                struct cert_serial serial;
                char detail[CERT_DETAIL_LEN];
                struct crl_record crl;

                unit_int(others[i].row, shown.reason, REASON_NONE);
                /* It does not matter which of the two is registered. */
                for (size_t n = 0; n < 2; n++) {
                        unit_int(others[i].row,
                                 cert_read_crl(&list, n ? &old->der : &again->der, 1, NOW, &crl,
                                               &serial, 1, detail),
                                 CERT_FINE);
                        unit_mem(others[i].row, crl.issuer, shown.serials[0].issuer,
                                 RECORD_HASH_LEN);
                        unit_mem(others[i].row, crl.issuer, shown.cert.serial.issuer,
                                 RECORD_HASH_LEN);
                }
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_hashes),
                cmocka_unit_test(test_several_parts_in_one_place),
                cmocka_unit_test(test_a_chain_through_other_letters),
                cmocka_unit_test(test_a_list_in_other_letters_revokes),
        };

        return cmocka_run_group_tests(tests, unit_chain_make, unit_cert_free);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificate policies in a chain: which chains hold when a CA requires an explicit policy. The
 * rules are those of RFC 5280, 6.1, with any-policy as the policies that the user accepts. The
 * cases are built as those of PKITS 4.8 to 4.12. */
#include "unit_chain.h"

/* OpenSSL 3.0 loses the policyConstraints of a CA that has no certificatePolicies:
 * policy_cache_new() returns without freeing them. In the daemon that is a helper's memory, which
 * ends with it. Our own objects of OpenSSL are looked for in the other tests of certificates. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) {
        return "leak:libcrypto";
}

/* OpenSSL has no memory for one of the rules of a chain. */
static bool no_memory;

int __real_X509_VERIFY_PARAM_add0_policy(X509_VERIFY_PARAM *param, ASN1_OBJECT *policy);
int __wrap_X509_VERIFY_PARAM_add0_policy(X509_VERIFY_PARAM *param, ASN1_OBJECT *policy);
int __wrap_X509_VERIFY_PARAM_add0_policy(X509_VERIFY_PARAM *param, ASN1_OBJECT *policy) {
        return no_memory ? 0 : __real_X509_VERIFY_PARAM_add0_policy(param, policy);
}

#define ONE  "certificatePolicies=1.2.3.1"
#define TWO  "certificatePolicies=1.2.3.2"
#define BOTH "certificatePolicies=1.2.3.1,1.2.3.2"
#define ANY  "certificatePolicies=2.5.29.32.0"
#define CA   UNIT_CERT_CA ";"
/* 1.2.3.1 of the issuer is 1.2.3.2 of the subject. */
#define MAPS "policyMappings=1.2.3.1:1.2.3.2"

#define REQUIRE(n) "policyConstraints=critical,requireExplicitPolicy:" #n
#define NO_MAPS    "policyConstraints=critical,requireExplicitPolicy:0,inhibitPolicyMapping:0"
#define NO_ANY     "inhibitAnyPolicy=critical,0"

/* The extensions of the two CAs below the root, and of the leaf; NULL: no such CA. */
static const struct {
        const char *row, *upper, *lower, *leaf;
        enum reason reason;
} rows[] = {
        { "nobody requires one", CA ONE, NULL, "", REASON_NONE },
        { "nobody requires one of two that differ", CA ONE, CA TWO, TWO, REASON_NONE },
        { "one policy all the way", CA ONE ";" REQUIRE(0), NULL, ONE, REASON_NONE },
        { "through two CAs", CA ONE ";" REQUIRE(0), CA ONE, ONE, REASON_NONE },
        { "one of two", CA BOTH ";" REQUIRE(0), CA TWO, BOTH, REASON_NONE },
        { "a CA for any policy", CA ANY ";" REQUIRE(0), CA ONE, ONE, REASON_NONE },
        { "CAs for any policy", CA ANY ";" REQUIRE(0), CA ANY, TWO, REASON_NONE },
        { "any policy at the leaf", CA ONE ";" REQUIRE(0), CA ONE, ANY, REASON_NONE },
        { "any policy everywhere", CA ANY ";" REQUIRE(0), CA ANY, ANY, REASON_NONE },
        { "mapped", CA ONE ";" REQUIRE(0), CA ONE ";" MAPS, TWO, REASON_NONE },
        { "required late", CA ONE, CA ONE ";" REQUIRE(0), ONE, REASON_NONE },
        { "required too late to count", CA ONE ";" REQUIRE(5), CA TWO, TWO, REASON_NONE },
        { "any policy, forbidden in vain", CA ONE ";" REQUIRE(0) ";" NO_ANY, NULL, ONE,
          REASON_NONE },

        { "no policy at the leaf", CA ONE ";" REQUIRE(0), NULL, "", REASON_CERTIFICATE_CHAIN },
        { "another policy", CA ONE ";" REQUIRE(0), NULL, TWO, REASON_CERTIFICATE_CHAIN },
        { "no policy at the CA", CA REQUIRE(0), NULL, ONE, REASON_CERTIFICATE_CHAIN },
        { "none at the lower CA", CA ONE ";" REQUIRE(0), UNIT_CERT_CA, ONE,
          REASON_CERTIFICATE_CHAIN },
        { "another at the lower CA", CA ONE ";" REQUIRE(0), CA TWO, ONE, REASON_CERTIFICATE_CHAIN },
        { "another at both", CA ONE ";" REQUIRE(0), CA TWO, TWO, REASON_CERTIFICATE_CHAIN },
        { "required by the leaf's CA", CA ONE, CA TWO ";" REQUIRE(0), TWO,
          REASON_CERTIFICATE_CHAIN },
        { "required after one more", CA ONE ";" REQUIRE(1), CA TWO, TWO, REASON_CERTIFICATE_CHAIN },
        { "the name before the mapping", CA ONE ";" REQUIRE(0), CA ONE ";" MAPS, ONE,
          REASON_CERTIFICATE_CHAIN },
        { "a mapping that is forbidden", CA ONE ";" NO_MAPS, CA ONE ";" MAPS, TWO,
          REASON_CERTIFICATE_CHAIN },
        { "any policy that is forbidden", CA ONE ";" REQUIRE(0) ";" NO_ANY, NULL, ANY,
          REASON_CERTIFICATE_CHAIN },
        { "forbidden at the lower CA", CA ONE ";" REQUIRE(0) ";" NO_ANY, CA ANY, ONE,
          REASON_CERTIFICATE_CHAIN },
};

static void test_chains_with_policies(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                const struct unit_cert *upper =
                        unit_cert(.cn = "Upper", .key = "ED25519#upper", .issuer = root,
                                  .extensions = rows[i].upper);
                const struct unit_cert *lower =
                        rows[i].lower ? unit_cert(.cn = "Lower", .key = "ED25519#lower",
                                                  .issuer = upper, .extensions = rows[i].lower)
                                      : upper;
                const struct unit_cert *x = unit_cert(.issuer = lower, .extensions = rows[i].leaf);

                unit_int(rows[i].row, judged(x, root, upper, lower), rows[i].reason);
        }
}

/* A policy that is required concerns a chain. A registered certificate has none. */
static void test_a_registered_certificate_needs_no_policy(void **state) {
        const struct unit_cert *ca = unit_cert(.cn = "Upper", .key = "ED25519#upper",
                                               .issuer = root, .extensions = CA ONE ";" REQUIRE(0));

        (void) state;
        assert_int_equal(judge(unit_cert(.issuer = ca), NULL, 0, NOW, true).reason, REASON_NONE);
}

static void test_without_the_rules_no_chain_holds(void **state) {
        const struct unit_cert *x = unit_cert(.issuer = root);

        (void) state;
        assert_int_equal(judged(x, root), REASON_NONE);
        no_memory = true;
        assert_int_equal(judged(x, root), REASON_CERTIFICATE_UNCHECKED);
        no_memory = false;
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_chains_with_policies),
                cmocka_unit_test(test_a_registered_certificate_needs_no_policy),
                cmocka_unit_test(test_without_the_rules_no_chain_holds),
        };

        return cmocka_run_group_tests(tests, unit_chain_make, unit_cert_free);
}

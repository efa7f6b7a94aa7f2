/* SPDX-License-Identifier: BSD-2-Clause */
/* Chains: which ones hold, which do not, and why. Each certificate is made for its test. What a
 * login does with the answer is not known here. */
#include "unit_chain.h"

/* --- Chains that hold --- */

static void test_a_chain(void **state) {
        struct cert_verdict got = judge(leaf, CAS(root, between), NOW, false);

        (void) state;
        assert_int_equal(got.reason, REASON_NONE);
        assert_string_equal(got.detail, "");
        assert_string_equal(got.cert.subject_cn, "alice");
        assert_string_equal(got.cert.issuer_cn, "Between");
        /* the time in which all three are valid */
        assert_true(got.begins_at == NOW - DAY && got.ends_at == NOW + 3 * DAY);
        /* the leaf's number and the CA's, not the root's */
        assert_int_equal(got.n_serials, 2);
        memcpy(got.cert.serial.key, got.serials[0].key, RECORD_HASH_LEN);
        assert_memory_equal(&got.serials[0], &got.cert.serial, sizeof(got.cert.serial));
        assert_int_equal(got.serials[1].len, 1);
        assert_int_equal(got.serials[1].bytes[0], 0x0b);
        assert_memory_not_equal(got.serials[0].issuer, got.serials[1].issuer, RECORD_HASH_LEN);
        got = judge(between, CAS(root), NOW, false);
        assert_memory_equal(got.cert.serial.issuer,
                            judge(leaf, CAS(root, between), NOW, false).serials[1].issuer,
                            RECORD_HASH_LEN);
}

static void test_a_chain_as_openssl_makes_it(void **state) {
        static const char plain[] = "basicConstraints=CA:TRUE";
        const struct unit_cert *plain_root =
                unit_cert(.cn = "Plain", .key = "RSA:2048", .extensions = plain);
        const struct unit_cert *sub =
                unit_cert(.cn = "Sub", .key = "RSA:2048#sub", .issuer = plain_root,
                          .extensions = "basicConstraints=critical,CA:TRUE;subjectKeyIdentifier="
                                        "hash;authorityKeyIdentifier=keyid,issuer");
        static const struct unit_cert_spec specs[] = {
                { .v1 = true },
                { .key = "RSA:2048#leaf" },
                { .key = "RSA:2048#leaf", .pss = true },
                { .key = "ED25519" },
                { .key = "EC:P-521", .md = "SHA512" },
                { .extensions = "keyUsage=critical,digitalSignature;extendedKeyUsage=serverAuth,"
                                "clientAuth" },
                { .extensions = "authorityKeyIdentifier=keyid" },
                { .extensions = "1.2.3.4=DER:0500" },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(specs); i++) {
                struct unit_cert_spec spec = specs[i];

                spec.issuer = sub;
                assert_int_equal(judged(unit_cert_make(&spec), sub, plain_root), REASON_NONE);
        }
}

/* All kinds of keys that a CA may have. */
static void test_the_keys_of_cas(void **state) {
        static const struct {
                const char *key, *md;
                bool pss;
        } rows[] = {
                { "EC:P-256#a", "SHA256", false },  { "EC:P-384#a", "SHA384", false },
                { "EC:P-521#a", "SHA512", false },  { "ED25519#a", NULL, false },
                { "RSA:2048", "SHA224", false },    { "RSA:2048", "SHA256", true },
                { "RSA-PSS:2048", "SHA384", true },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                const struct unit_cert *ca =
                        unit_cert(.cn = "CA", .key = rows[i].key, .md = rows[i].md,
                                  .pss = rows[i].pss, .extensions = UNIT_CERT_CA);
                const struct unit_cert *x =
                        unit_cert(.issuer = ca, .md = rows[i].md, .pss = rows[i].pss);

                unit_int(rows[i].key, judged(x, ca), REASON_NONE);
        }
}

/* Several CAs with the same name: the one whose key signed counts, wherever in the list it is. */
static void test_cas_of_one_name(void **state) {
        const struct unit_cert *cas[5];

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(cas); i++) {
                char key[32];

                (void) snprintf(key, sizeof(key), "ED25519#same %zu", i);
                cas[i] = ca_make("Same", key, NULL);
        }
        for (size_t i = 0; i < ARRAY_LEN(cas); i++) {
                const struct unit_cert *x = unit_cert(.issuer = cas[i]);

                assert_int_equal(judge(x, cas, ARRAY_LEN(cas), NOW, false).reason, REASON_NONE);
                assert_int_equal(judged(x, cas[(i + 1) % 5], cas[(i + 2) % 5], cas[(i + 3) % 5],
                                        cas[(i + 4) % 5]),
                                 REASON_CERTIFICATE_CHAIN);
        }
}

/* The answer is about the CA whose key signed. */
static void test_what_is_said_of_several(void **state) {
        const struct unit_cert *wrong = ca_make("Same", "ED25519#wrong", NULL);
        const struct unit_cert *right = unit_cert(.cn = "Same", .key = "ED25519#right",
                                                  .to = NOW - 1, .extensions = UNIT_CERT_CA);
        const struct unit_cert *x = unit_cert(.issuer = right);

        (void) state;
        assert_int_equal(judged(x, wrong, right), REASON_CERTIFICATE_EXPIRED);
        assert_int_equal(judged(x, right, wrong), REASON_CERTIFICATE_EXPIRED);
}

/* Each link says which key signed it, so that a namesake's list does not count for it. */
static void test_the_key_of_each_link(void **state) {
        static const struct {
                const char *a, *b;
        } rows[] = {
                { "EC:P-256#a", "EC:P-256#b" },
                { "ED25519#a", "ED25519#b" },
                { "RSA:2048#a", "RSA-PSS:2048#b" },
        };
        char detail[CERT_DETAIL_LEN];
        struct cert_record ca;

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                const struct unit_cert *cas[2] = { ca_make("Same", rows[i].a, NULL),
                                                   ca_make("Same", rows[i].b, NULL) };
                struct cert_verdict got[2];

                for (size_t n = 0; n < 2; n++) {
                        got[n] = judge(unit_cert(.issuer = cas[n]), cas, 2, NOW, false);
                        unit_int(rows[i].a, got[n].reason, REASON_NONE);
                        assert_int_equal(cert_read(&cas[n]->der, CERT_CA, NOW, &ca, detail),
                                         CERT_FINE);
                        unit_mem(rows[i].a, got[n].serials[0].key,
                                 strncmp(n ? rows[i].b : rows[i].a, "RSA-PSS", 7) == 0 ? ca.spki
                                                                                       : ca.ssh,
                                 RECORD_HASH_LEN);
                }
                assert_memory_not_equal(got[0].serials[0].key, got[1].serials[0].key,
                                        RECORD_HASH_LEN);
                assert_memory_equal(got[0].serials[0].issuer, got[1].serials[0].issuer,
                                    RECORD_HASH_LEN);
        }
}

/* A CA that was renewed: the same name, the same key, other dates. A CA with two roots. */
static void test_several_ways(void **state) {
        const struct unit_cert *old =
                unit_cert(.cn = "Again", .key = "ED25519#again", .from = NOW - 3 * DAY,
                          .to = NOW - DAY, .extensions = UNIT_CERT_CA);
        const struct unit_cert *new = ca_make("Again", "ED25519#again", NULL);
        const struct unit_cert *other = ca_make("Other", "ED25519#other", NULL);
        const struct unit_cert *cross = ca_make("Again", "ED25519#again", other);
        const struct unit_cert *x = unit_cert(.issuer = new);

        (void) state;
        assert_int_equal(judged(x, old), REASON_CERTIFICATE_EXPIRED);
        assert_int_equal(judged(x, old, new), REASON_NONE);
        assert_int_equal(judged(x, new, old), REASON_NONE);
        assert_int_equal(judged(x, cross), REASON_CERTIFICATE_UNTRUSTED);
        assert_int_equal(judged(x, cross, old), REASON_CERTIFICATE_EXPIRED);
        assert_int_equal(judged(x, old, cross, other), REASON_NONE);
        assert_int_equal(judge(x, CAS(old, cross, other), NOW, false).n_serials, 2);
}

/* A CA has a new key under its old name, and the old key vouches for the new one. */
static void test_a_new_key(void **state) {
        const struct unit_cert *old = ca_make("Roll", "ED25519#old", NULL);
        static const char identified[] =
                UNIT_CERT_CA ";subjectKeyIdentifier=hash;authorityKeyIdentifier=keyid";
        const struct unit_cert *old_id =
                unit_cert(.cn = "Roll", .key = "ED25519#old",
                          .extensions = UNIT_CERT_CA ";subjectKeyIdentifier=hash");
        const struct unit_cert *new = unit_cert(.cn = "Roll", .key = "ED25519#new",
                                                .issuer = old_id, .extensions = identified);
        const struct unit_cert *vague = ca_make("Roll", "ED25519#new", old);
        const struct unit_cert *x = unit_cert(.issuer = new);

        (void) state;
        assert_int_equal(judged(x, old_id, new), REASON_NONE);
        assert_int_equal(judge(x, CAS(old_id, new), NOW, false).n_serials, 2);
        /* not a root, though it looks like one */
        assert_int_equal(judged(x, new), REASON_CERTIFICATE_UNTRUSTED);
        assert_int_equal(judged(x, vague), REASON_CERTIFICATE_UNTRUSTED);
        assert_int_equal(judged(unit_cert(.issuer = vague), vague, old), REASON_CERTIFICATE_CHAIN);
}

/* --- Chains that do not --- */

static void test_what_is_missing(void **state) {
        (void) state;
        /* no partial chains */
        assert_int_equal(judged(leaf, between), REASON_CERTIFICATE_UNTRUSTED);
        assert_int_equal(judged(leaf, root), REASON_CERTIFICATE_UNTRUSTED);
        assert_int_equal(judged(unit_cert(.extensions = CLIENT), root, between),
                         REASON_CERTIFICATE_UNTRUSTED);
        assert_int_equal(judge(leaf, NULL, 0, NOW, false).reason, REASON_CERTIFICATE_UNTRUSTED);
        /* and says which one is, of the client's CA or of one above */
        assert_string_equal(judge(leaf, CAS(root), NOW, false).detail,
                            "'CN=Between', which issued 'CN=alice', is not registered");
        assert_string_equal(judge(leaf, CAS(between), NOW, false).detail,
                            "'CN=Root', which issued 'CN=Between', is not registered");
        assert_string_equal(judge(unit_cert(.cn = "me"), CAS(root), NOW, false).detail,
                            "self-signed certificate");
        /* a client that shows a CA's certificate is told so */
        assert_int_equal(judged(ca_make("me", "ED25519", NULL), root), REASON_CERTIFICATE_PURPOSE);
        /* something registered that is no certificate is passed over */
        assert_int_equal(judged(leaf, &(struct unit_cert){ .der = { (const uint8_t *) "\x30", 1 } },
                                root, between),
                         REASON_NONE);
}

/* Each of the three certificates in turn, to the second. */
static void test_dates(void **state) {
        static const struct {
                int64_t at;
                enum reason reason;
        } moments[] = {
                { 0, REASON_CERTIFICATE_NOT_YET_VALID },
                { NOW - 11, REASON_CERTIFICATE_NOT_YET_VALID },
                { NOW - 10, REASON_NONE },
                { NOW + 10, REASON_NONE },
                { NOW + 11, REASON_CERTIFICATE_EXPIRED },
                { INT64_MAX, REASON_CERTIFICATE_EXPIRED },
        };

        (void) state;
        for (unsigned shorter = 0; shorter < 4; shorter++) {
                int64_t from[3], to[3];
                const struct unit_cert *a, *b, *c;

                for (unsigned i = 0; i < 3; i++) {
                        from[i] = i == shorter || shorter == 3 ? NOW - 10 : NOW - DAY;
                        to[i] = i == shorter || shorter == 3 ? NOW + 10 : NOW + DAY;
                }
                a = unit_cert(.cn = "A", .key = "ED25519#a", .from = from[0], .to = to[0],
                              .extensions = UNIT_CERT_CA);
                b = unit_cert(.cn = "B", .key = "ED25519#b", .issuer = a, .from = from[1],
                              .to = to[1], .extensions = UNIT_CERT_CA);
                c = unit_cert(.issuer = b, .from = from[2], .to = to[2]);
                for (size_t i = 0; i < ARRAY_LEN(moments); i++) {
                        struct cert_verdict got = judge(c, CAS(a, b), moments[i].at, false);

                        assert_int_equal(got.reason, moments[i].reason);
                        if (got.reason == REASON_NONE)
                                assert_true(got.begins_at == NOW - 10 && got.ends_at == NOW + 10);
                        if (shorter >= 2)
                                assert_int_equal(judge(c, NULL, 0, moments[i].at, true).reason,
                                                 moments[i].reason);
                }
        }
}

static const struct bad_chain {
        const char *row;
        struct unit_cert_spec ca, leaf; /* below the root */
        /* when the leaf itself is registered */
        enum reason reason, registered;
} bad_chains[] = {
        { .row = "good",
          .ca = { .extensions = UNIT_CERT_CA },
          .leaf = { .extensions = CLIENT },
          .reason = REASON_NONE,
          .registered = REASON_NONE },
        { .row = "a CA that is none",
          .reason = REASON_CERTIFICATE_CHAIN,
          .registered = REASON_NONE },
        { .row = "likewise",
          .ca = { .extensions = "basicConstraints=CA:FALSE" },
          .reason = REASON_CERTIFICATE_CHAIN,
          .registered = REASON_NONE },
        { .row = "of old",
          .ca = { .v1 = true },
          .reason = REASON_CERTIFICATE_CHAIN,
          .registered = REASON_NONE },
        { .row = "a CA that signs nothing",
          .ca = { .extensions = "basicConstraints=CA:TRUE;keyUsage=cRLSign" },
          .reason = REASON_CERTIFICATE_UNTRUSTED,
          .registered = REASON_NONE },
        { .row = "a CA of servers",
          .ca = { .extensions = UNIT_CERT_CA ";extendedKeyUsage=serverAuth" },
          .reason = REASON_CERTIFICATE_PURPOSE,
          .registered = REASON_NONE },
        { .row = "a CA with a thing unknown",
          .ca = { .extensions = UNIT_CERT_CA ";1.2.3.4=critical,DER:0500" },
          .reason = REASON_CERTIFICATE_CHAIN,
          .registered = REASON_NONE },
        { .row = "a CA of other names",
          .ca = { .extensions = UNIT_CERT_CA
                  ";2.5.29.30=critical,DER:3014A0123010A40E300C310A300806035504030C0178" },
          .reason = REASON_CERTIFICATE_CHAIN,
          .registered = REASON_NONE },
        { .row = "a CA with a small key",
          .ca = { .extensions = UNIT_CERT_CA, .key = "RSA:1024" },
          .reason = REASON_CERTIFICATE_WEAK,
          .registered = REASON_NONE },
        { .row = "a CA with another key",
          .ca = { .extensions = UNIT_CERT_CA, .key = "ED448" },
          .reason = REASON_CERTIFICATE_WEAK,
          .registered = REASON_NONE },
        { .row = "a CA with SHA-1",
          .ca = { .extensions = UNIT_CERT_CA, .md = "SHA1" },
          .reason = REASON_CERTIFICATE_WEAK,
          .registered = REASON_NONE },
        { .row = "for servers",
          .ca = { .extensions = UNIT_CERT_CA },
          .leaf = { .extensions = "extendedKeyUsage=serverAuth" },
          .reason = REASON_CERTIFICATE_PURPOSE,
          .registered = REASON_CERTIFICATE_PURPOSE },
        { .row = "for anything",
          .ca = { .extensions = UNIT_CERT_CA },
          .leaf = { .extensions = "extendedKeyUsage=anyExtendedKeyUsage" },
          .reason = REASON_CERTIFICATE_PURPOSE,
          .registered = REASON_CERTIFICATE_PURPOSE },
        { .row = "for keys only",
          .ca = { .extensions = UNIT_CERT_CA },
          .leaf = { .extensions = "keyUsage=keyEncipherment" },
          .reason = REASON_CERTIFICATE_PURPOSE,
          .registered = REASON_CERTIFICATE_PURPOSE },
        { .row = "a CA as a client",
          .ca = { .extensions = UNIT_CERT_CA },
          .leaf = { .extensions = UNIT_CERT_CA },
          .reason = REASON_CERTIFICATE_PURPOSE,
          .registered = REASON_CERTIFICATE_PURPOSE },
        { .row = "SHA-1",
          .ca = { .extensions = UNIT_CERT_CA },
          .leaf = { .md = "SHA1" },
          .reason = REASON_CERTIFICATE_WEAK,
          .registered = REASON_CERTIFICATE_WEAK },
        { .row = "a small key",
          .ca = { .extensions = UNIT_CERT_CA },
          .leaf = { .key = "RSA:1024" },
          .reason = REASON_CERTIFICATE_WEAK,
          .registered = REASON_CERTIFICATE_WEAK },
        { .row = "another curve",
          .ca = { .extensions = UNIT_CERT_CA },
          .leaf = { .key = "EC:secp256k1" },
          .reason = REASON_CERTIFICATE_WEAK,
          .registered = REASON_CERTIFICATE_WEAK },
        { .row = "another key",
          .ca = { .extensions = UNIT_CERT_CA },
          .leaf = { .key = "ED448" },
          .reason = REASON_CERTIFICATE_WEAK,
          .registered = REASON_CERTIFICATE_WEAK },
        { .row = "a thing unknown",
          .ca = { .extensions = UNIT_CERT_CA },
          .leaf = { .extensions = "1.2.3.4=critical,DER:0500" },
          .reason = REASON_CERTIFICATE_CHAIN,
          .registered = REASON_CERTIFICATE_CHAIN },
        { .row = "a number that is none",
          .ca = { .extensions = UNIT_CERT_CA },
          .leaf = { .serial = "-1" },
          .reason = REASON_CERTIFICATE_UNREADABLE,
          .registered = REASON_CERTIFICATE_UNREADABLE },
        { .row = "expired before it was valid",
          .ca = { .extensions = UNIT_CERT_CA },
          .leaf = { .from = NOW + 1, .to = NOW - 1 },
          .reason = REASON_CERTIFICATE_EXPIRED,
          .registered = REASON_CERTIFICATE_EXPIRED },
};

static void test_bad_chains(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(bad_chains); i++) {
                const struct bad_chain *row = &bad_chains[i];
                struct unit_cert_spec spec = row->ca;
                const struct unit_cert *ca, *x;

                spec.cn = "CA";
                spec.key = spec.key ? spec.key : "EC:P-256#ca";
                spec.issuer = root;
                ca = unit_cert_make(&spec);
                spec = row->leaf;
                spec.issuer = ca;
                x = unit_cert_make(&spec);
                unit_int(row->row, judged(x, root, ca), row->reason);
                unit_int(row->row, judge(x, NULL, 0, NOW, true).reason, row->registered);
        }
}

static void test_path_lengths(void **state) {
        static const char zero[] =
                "basicConstraints=critical,CA:TRUE,pathlen:0;keyUsage=keyCertSign";
        static const char one[] =
                "basicConstraints=critical,CA:TRUE,pathlen:1;keyUsage=keyCertSign";
        const struct unit_cert *top =
                unit_cert(.cn = "Top", .key = "ED25519#top", .extensions = one);
        const struct unit_cert *a =
                unit_cert(.cn = "A", .key = "ED25519#a", .issuer = top, .extensions = zero);
        const struct unit_cert *b = ca_make("B", "ED25519#b", a),
                               *wide = ca_make("W", "ED25519#w", top);
        const struct unit_cert *c = ca_make("C", "ED25519#c", wide);
        struct cert_verdict got = judge(unit_cert(.issuer = b), CAS(top, a, b), NOW, false);

        (void) state;
        assert_int_equal(judged(unit_cert(.issuer = a), top, a), REASON_NONE);
        assert_int_equal(got.reason, REASON_CERTIFICATE_CHAIN);
        assert_string_equal(got.detail, "path length constraint exceeded");
        assert_int_equal(judged(unit_cert(.issuer = wide), top, wide), REASON_NONE);
        assert_int_equal(judged(unit_cert(.issuer = c), top, wide, c), REASON_CERTIFICATE_CHAIN);
}

/* Eight certificates are a chain, nine are not. A ring of CAs has no end. */
static void test_how_long(void **state) {
        const struct unit_cert *cas[CERT_CHAIN_MAX], *ring[2];

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(cas); i++) {
                char name[32];
                struct cert_verdict got;

                (void) snprintf(name, sizeof(name), "ED25519#%zu", i);
                cas[i] = ca_make(name, name, i > 0 ? cas[i - 1] : NULL);
                got = judge(unit_cert(.issuer = cas[i]), cas, i + 1, NOW, false);
                assert_int_equal(got.reason,
                                 i + 2 <= CERT_CHAIN_MAX ? REASON_NONE : REASON_CERTIFICATE_CHAIN);
                if (got.reason == REASON_NONE)
                        assert_int_equal(got.n_serials, i + 1);
        }
        ring[0] = ca_make("0", "ED25519#0", unit_cert(.cn = "1", .key = "ED25519#1"));
        ring[1] = ca_make("1", "ED25519#1", ring[0]);
        assert_int_equal(judge(unit_cert(.issuer = ring[1]), ring, 2, NOW, false).reason,
                         REASON_CERTIFICATE_UNTRUSTED);
}

/* CAs that have all certified each other: there are more ways than can be counted, and the search
 * still ends. */
static void test_a_thicket(void **state) {
        static const struct unit_cert *cas[CERT_CAS_MAX];
        const struct unit_cert *ends[8];
        size_t n = 0;

        (void) state;
        for (size_t i = 0; i < 8; i++) {
                char name[32];

                (void) snprintf(name, sizeof(name), "ED25519#%zu", i);
                ends[i] = unit_cert(.cn = name, .key = name);
        }
        for (size_t i = 0; i < 8; i++)
                for (size_t j = 0; j < 8; j++) {
                        char name[32];

                        (void) snprintf(name, sizeof(name), "ED25519#%zu", i);
                        if (i != j)
                                cas[n++] = ca_make(name, name, ends[j]);
                }
        assert_int_equal(judge(unit_cert(.issuer = cas[0]), cas, n, NOW, false).reason,
                         REASON_CERTIFICATE_CHAIN);
}

static void test_registered(void **state) {
        struct cert_verdict got = judge(leaf, NULL, 0, NOW, true);

        (void) state;
        assert_int_equal(got.reason, REASON_NONE);
        assert_true(got.begins_at == NOW - 3 * DAY && got.ends_at == NOW + 3 * DAY);
        assert_int_equal(got.n_serials, 1);
        assert_memory_equal(&got.serials[0], &got.cert.serial, sizeof(got.cert.serial));
        /* because of itself, and not of its CA */
        assert_int_equal(judge(leaf, CAS(root), NOW, true).reason, REASON_NONE);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_chain),
                cmocka_unit_test(test_a_chain_as_openssl_makes_it),
                cmocka_unit_test(test_the_keys_of_cas),
                cmocka_unit_test(test_cas_of_one_name),
                cmocka_unit_test(test_what_is_said_of_several),
                cmocka_unit_test(test_the_key_of_each_link),
                cmocka_unit_test(test_several_ways),
                cmocka_unit_test(test_a_new_key),
                cmocka_unit_test(test_what_is_missing),
                cmocka_unit_test(test_dates),
                cmocka_unit_test(test_bad_chains),
                cmocka_unit_test(test_path_lengths),
                cmocka_unit_test(test_how_long),
                cmocka_unit_test(test_a_thicket),
                cmocka_unit_test(test_registered),
        };

        return cmocka_run_group_tests(tests, unit_chain_make, unit_cert_free);
}

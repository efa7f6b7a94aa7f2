/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificates that somebody registers: what is read of them, and which are refused. Which ones are
 * trusted at a login is in test_cert_judge.c. */
#include "unit_cert.h"

#define SERVER  "extendedKeyUsage=serverAuth"
#define CLIENT  "extendedKeyUsage=clientAuth"
#define MULTI20 "0102030405060708090A0B0C0D0E0F1011121314"

static enum cert_fault read_at(const struct cert_blob *der, enum cert_kind kind, int64_t now,
                               struct cert_record *ret, char detail[static CERT_DETAIL_LEN]) {
        enum cert_fault fault;

        unit_poison(ret, sizeof(*ret));
        unit_poison(detail, CERT_DETAIL_LEN);
        fault = cert_read(der, kind, now, ret, detail);
        assert_true(strnlen(detail, CERT_DETAIL_LEN) < CERT_DETAIL_LEN);
        assert_int_equal(ERR_peek_error(), 0);
        if (fault == CERT_FINE)
                assert_string_equal(detail, "");
        else
                assert_true(strlen(detail) > 10);
        return fault;
}

static void read_fine(const struct unit_cert *cert, struct cert_record *ret) {
        char detail[CERT_DETAIL_LEN];

        if (read_at(&cert->der, CERT_CLIENT, UNIT_CERT_NOW, ret, detail) != CERT_FINE)
                fail_msg("%s", detail);
}

/* It says the one or the other: versions of OpenSSL differ in what they read at all. */
static void is_unreadable_or(const char *row, const struct cert_blob *der, const char *says,
                             const char *other) {
        char detail[CERT_DETAIL_LEN];
        struct cert_record got;

        unit_int(row, read_at(der, CERT_CLIENT, UNIT_CERT_NOW, &got, detail), CERT_UNREADABLE);
        unit_poisoned(row, &got, sizeof(got));
        if (!strstr(detail, says) && !strstr(detail, other))
                fail_msg("row '%s': %s", row, detail);
}

static void is_unreadable(const char *row, const struct cert_blob *der, const char *says) {
        is_unreadable_or(row, der, says, says);
}

/* --- What is read --- */

static void test_all_of_it(void **state) {
        const struct unit_cert *ca =
                unit_cert(.cn = "Test CA", .key = "EC:P-256#ca", .extensions = UNIT_CERT_CA);
        const struct unit_cert *leaf =
                unit_cert(.cn = "alice", .issuer = ca, .serial = "00FF01", .extensions = CLIENT);
        struct cert_record got;
        uint8_t hash[32];
        unsigned char *der = NULL;
        int len;

        (void) state;
        read_fine(leaf, &got);
        assert_string_equal(got.subject, "CN=alice");
        assert_string_equal(got.subject_cn, "alice");
        assert_string_equal(got.subject_o, "");
        assert_string_equal(got.subject_ou, "");
        assert_string_equal(got.issuer_cn, "Test CA");
        assert_string_equal(got.issuer_o, "");
        assert_string_equal(got.issuer_ou, "");
        assert_string_equal(got.key_type, "ECDSA P-256");
        assert_true(got.not_before == UNIT_CERT_FROM && got.not_after == UNIT_CERT_TO);
        assert_int_equal(got.serial.len, 2);
        assert_memory_equal(got.serial.bytes, "\xff\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
                            RECORD_SERIAL_MAX);
        /* the caller fills these in */
        assert_int_equal(got.kind, 0);
        assert_string_equal(got.name, "");
        assert_true(got.added_at == 0);
        assert_int_equal(EVP_Digest(leaf->der.bytes, leaf->der.len, hash, NULL, EVP_sha256(), NULL),
                         1);
        assert_memory_equal(got.thumbprint, hash, 32);
        len = i2d_PUBKEY(leaf->key, &der);
        assert_int_equal(EVP_Digest(der, (size_t) len, hash, NULL, EVP_sha256(), NULL), 1);
        assert_memory_equal(got.spki, hash, 32);
        OPENSSL_free(der);
        unit_cert_hash_cn("alice", hash);
        assert_memory_equal(got.subject_id, hash, 32);
        unit_cert_hash_cn("test ca", hash);
        assert_memory_equal(got.serial.issuer, hash, 32);
}

static void test_serials(void **state) {
        static const struct {
                const char *hex;
                size_t len; /* 0: the text is refused */
        } rows[] = {
                { "0", 1 },      { "1", 1 },  { "80", 1 },         { "0100", 2 },
                { MULTI20, 20 }, { "-1", 0 }, { MULTI20 "15", 0 }, { "FF" MULTI20, 0 },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                const struct unit_cert *cert = unit_cert(.serial = rows[i].hex);
                struct cert_record got;

                if (rows[i].len == 0) {
                        is_unreadable(rows[i].hex, &cert->der, "its serial number");
                        continue;
                }
                read_fine(cert, &got);
                unit_int(rows[i].hex, got.serial.len, rows[i].len);
        }
}

static void test_dates(void **state) {
        static const struct {
                const char *from, *to;
                int64_t not_before, not_after; /* 0, 0: the texts are refused */
        } rows[] = {
                { "700101000001Z", "491231235959Z", 1, 2524607999 },
                { "500101000000Z", "20991231235959Z", -631152000, 4102444799 },
                { "19700101000001Z", "99991231235959Z", 1, 253402300799 },
                { "00000101000000Z", "99991231235959Z", -62167219200, 253402300799 },
                { "240229000000Z", "490101000000Z", 1709164800, 2493072000 },
                { "230229000000Z", "490101000000Z", 0, 0 },
                { "241301000000Z", "490101000000Z", 0, 0 },
                { "240001000000Z", "490101000000Z", 0, 0 },
                { "240100000000Z", "490101000000Z", 0, 0 },
                { "240101240000Z", "490101000000Z", 0, 0 },
                { "240101006000Z", "490101000000Z", 0, 0 },
                { "240101000060Z", "490101000000Z", 0, 0 },
                { "2401010000Z", "490101000000Z", 0, 0 },
                { "240101000000", "490101000000Z", 0, 0 },
                { "20240101000000.5Z", "490101000000Z", 0, 0 },
                { "20240101000000+0100", "490101000000Z", 0, 0 },
                { "24010100000xZ", "490101000000Z", 0, 0 },
                { "240101000000Z", "", 0, 0 },
                { "240101000000Z", "490101000000z", 0, 0 },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                const struct unit_cert *cert =
                        unit_cert(.from_text = rows[i].from, .to_text = rows[i].to);
                struct cert_record got;

                if (rows[i].not_after == 0) {
                        is_unreadable_or(rows[i].from, &cert->der, "a date that is none",
                                         "no X.509 certificate");
                        continue;
                }
                read_fine(cert, &got);
                unit_int(rows[i].from, got.not_before, rows[i].not_before);
                unit_int(rows[i].to, got.not_after, rows[i].not_after);
        }
}

/* --- What is refused --- */

static const struct refusal {
        const char *row;
        struct unit_cert_spec spec;
        enum cert_kind kind;
        const char *says; /* NULL: it is accepted */
} refusals[] = {
        { "a client's", { .extensions = CLIENT }, CERT_CLIENT, NULL },
        { "one without extensions", { .v1 = true }, CERT_CLIENT, NULL },
        { "for clients and servers", { .extensions = CLIENT ",serverAuth" }, CERT_CLIENT, NULL },
        { "not a CA's, and says so",
          { .extensions = "basicConstraints=CA:FALSE" },
          CERT_CLIENT,
          NULL },
        { "for signatures", { .extensions = "keyUsage=digitalSignature" }, CERT_CLIENT, NULL },
        { "RSA", { .key = "RSA:2048" }, CERT_CLIENT, NULL },
        { "RSA-PSS", { .key = "RSA-PSS:2048" }, CERT_CLIENT, NULL },
        { "P-384", { .key = "EC:P-384", .md = "SHA384" }, CERT_CLIENT, NULL },
        { "P-521", { .key = "EC:P-521", .md = "SHA512" }, CERT_CLIENT, NULL },
        { "Ed25519", { .key = "ED25519" }, CERT_CLIENT, NULL },
        { "its last second", { .to = UNIT_CERT_NOW }, CERT_CLIENT, NULL },
        { "its first second", { .from = UNIT_CERT_NOW }, CERT_CLIENT, NULL },
        { "a CA's", { .extensions = UNIT_CERT_CA }, CERT_CA, NULL },
        { "a CA's, the plainest", { .extensions = "basicConstraints=CA:TRUE" }, CERT_CA, NULL },
        { "expired", { .to = UNIT_CERT_NOW - 1 }, CERT_CLIENT, "expired on 2027-01-15T07:59:59Z" },
        { "not yet valid",
          { .from = UNIT_CERT_NOW + 1 },
          CERT_CLIENT,
          "not valid before 2027-01-15T08:00:01Z" },
        { "RSA 1024", { .key = "RSA:1024" }, CERT_CLIENT, "RSA 1024: take RSA of 2048" },
        { "RSA-PSS 1024", { .key = "RSA-PSS:1024" }, CERT_CLIENT, "RSA-PSS 1024: take" },
        { "P-224", { .key = "EC:P-224" }, CERT_CLIENT, "ECDSA secp224r1: take" },
        { "another curve", { .key = "EC:secp256k1" }, CERT_CLIENT, "ECDSA secp256k1: take" },
        { "another algorithm", { .key = "ED448" }, CERT_CLIENT, "ED448: take" },
        { "SHA-1", { .md = "SHA1" }, CERT_CLIENT, "have it signed with SHA-256" },
        { "MD5", { .key = "RSA:2048", .md = "MD5" }, CERT_CLIENT, "have it signed with SHA-256" },
        { "PSS with SHA-1",
          { .key = "RSA:2048", .md = "SHA1", .pss = true },
          CERT_CLIENT,
          "signed with SHA-1" },
        { "for servers", { .extensions = SERVER }, CERT_CLIENT, "clientAuth" },
        { "for anything",
          { .extensions = "extendedKeyUsage=anyExtendedKeyUsage" },
          CERT_CLIENT,
          "clientAuth" },
        { "not for signatures",
          { .extensions = "keyUsage=keyEncipherment" },
          CERT_CLIENT,
          "digitalSignature" },
        { "a CA's, the plainest, as a client's",
          { .extensions = "basicConstraints=CA:TRUE" },
          CERT_CLIENT,
          "register it as a CA" },
        { "a CA's that signs nothing, as a client's",
          { .extensions = "basicConstraints=CA:TRUE;keyUsage=digitalSignature" },
          CERT_CLIENT,
          "register it as a CA" },
        { "a CA's as a client's",
          { .extensions = UNIT_CERT_CA },
          CERT_CLIENT,
          "register it as a CA" },
        { "almost a CA's",
          { .extensions = "keyUsage=keyCertSign,digitalSignature" },
          CERT_CLIENT,
          "CA:FALSE" },
        { "unknown and critical",
          { .extensions = "1.2.3.4=critical,DER:0500" },
          CERT_CLIENT,
          "critical extension" },
        { "a client's as a CA's", { .extensions = CLIENT }, CERT_CA, "register it as a client's" },
        { "a CA's of old", { .v1 = true }, CERT_CA, "CA:TRUE" },
        { "a CA that signs nothing",
          { .extensions = "basicConstraints=CA:TRUE;keyUsage=cRLSign" },
          CERT_CA,
          "no CA's" },
        { "a CA's that has expired",
          { .extensions = UNIT_CERT_CA, .to = UNIT_CERT_NOW - 1 },
          CERT_CA,
          "expired" },
        { "a CA's with SHA-1", { .extensions = UNIT_CERT_CA, .md = "SHA1" }, CERT_CA, "SHA-256" },
        { "a CA's with RSA 1024",
          { .extensions = UNIT_CERT_CA, .key = "RSA:1024" },
          CERT_CA,
          "RSA 1024" },
};

static void test_refusals(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
                const struct refusal *row = &refusals[i];
                const struct unit_cert *cert = unit_cert_make(&row->spec);
                char detail[CERT_DETAIL_LEN];
                struct cert_record got;
                enum cert_fault fault = read_at(&cert->der, row->kind, UNIT_CERT_NOW, &got, detail);

                unit_int(row->row, fault, row->says ? CERT_REFUSED : CERT_FINE);
                unit_str(row->row, got.subject, "CN=leaf");
                if (row->says && !strstr(detail, row->says))
                        fail_msg("row '%s': %s", row->row, detail);
        }
}

/* A curve that is written out may be any curve, whatever its name. */
static void test_a_curve_written_out(void **state) {
        EVP_PKEY *key = unit_cert_key("EC:P-256#written out");
        char detail[CERT_DETAIL_LEN];
        struct cert_record got;

        (void) state;
        assert_int_equal(EVP_PKEY_set_utf8_string_param(key, "encoding", "explicit"), 1);
        assert_int_equal(read_at(&unit_cert(.key = "EC:P-256#written out")->der, CERT_CLIENT,
                                 UNIT_CERT_NOW, &got, detail),
                         CERT_REFUSED);
        assert_non_null(strstr(detail, "take RSA"));
}

/* --- What is no certificate --- */

static void test_cut_and_longer(void **state) {
        const struct unit_cert *cert = unit_cert(.key = "ED25519", .extensions = CLIENT);

        (void) state;
        for (size_t len = 0; len < cert->der.len; len++) {
                struct cert_blob cut = { unit_cert_bytes(cert->der.bytes, len), len };

                is_unreadable("cut", &cut,
                              len == 0  ? "it is empty"
                              : len < 3 ? "it is"
                                        : "cut off");
        }
        for (unsigned byte = 0; byte < 256; byte += 5) {
                uint8_t more[1024] = "";

                memcpy(more, cert->der.bytes, cert->der.len);
                more[cert->der.len] = (uint8_t) byte;
                is_unreadable("longer", &(struct cert_blob){ more, cert->der.len + 1 },
                              "bytes behind its end");
        }
}

static void test_longer_lengths(void **state) {
        const struct unit_cert *cert = unit_cert(.cn = "A", .extensions = CLIENT);
        uint8_t out[2048];
        int target = -1;
        size_t len = unit_cert_copy(cert->der.bytes, cert->der.len, &target, out);
        int values = -1 - target;

        (void) state;
        assert_int_equal(len, cert->der.len);
        assert_memory_equal(out, cert->der.bytes, len);
        assert_in_range(values, 30, 100);
        for (int i = 0; i < values; i++) {
                target = i;
                len = unit_cert_copy(cert->der.bytes, cert->der.len, &target, out);
                assert_int_not_equal(len, cert->der.len);
                is_unreadable("longer length", &(struct cert_blob){ out, len }, "it is BER");
        }
}

/* A certificate with a name that no tool would make. */
static struct cert_blob put_name(const char text[static 4]) {
        const struct unit_cert *cert = unit_cert(.cn = "leaf", .extensions = CLIENT);
        uint8_t *bytes = unit_cert_bytes(cert->der.bytes, cert->der.len);

        memcpy(bytes + unit_cert_find_last(&cert->der, "leaf", 4), text, 4);
        return (struct cert_blob){ bytes, cert->der.len };
}

static void test_other_bytes(void **state) {
        static const char no_texts[][5] = { "le\xff"
                                            "f",
                                            "le\xc0\x80", "l\xed\xa0\x80", "lea\xc3" };
        const struct unit_cert *cert = unit_cert(.extensions = CLIENT);
        uint8_t indefinite[2048] = { 0x30, 0x80 };
        X509 *twice = X509_dup(cert->x);

        (void) state;
        is_unreadable("nothing", &(struct cert_blob){ NULL, 0 }, "it is empty");
        is_unreadable("text",
                      &(struct cert_blob){ (const uint8_t *) "-----BEGIN CERTIFICATE-----", 27 },
                      "PEM is text");
        is_unreadable("another thing",
                      &(struct cert_blob){ (const uint8_t *) "\x30\x03\x02\x01\x00", 5 },
                      "no X.509 certificate");
        memcpy(indefinite + 2, cert->der.bytes + 4, cert->der.len - 4);
        is_unreadable("without a length", &(struct cert_blob){ indefinite, cert->der.len },
                      "it is BER");
        for (size_t i = 0; i < ARRAY_LEN(no_texts); i++) {
                struct cert_blob der = put_name(no_texts[i]);

                is_unreadable("a name in no UTF-8", &der, "not UTF-8");
        }
        unit_cert_add_extensions(twice, twice, CLIENT);
        unit_cert_sign(twice, cert->key, NULL, false);
        is_unreadable("an extension twice", &unit_cert_keep(twice, cert->key)->der,
                      "an extension in it");
        is_unreadable("an extension that is none",
                      &unit_cert(.extensions = "2.5.29.19=DER:0500")->der, "an extension in it");
}

/* Two different certificates are never taken for one. */
static void test_every_byte_matters(void **state) {
        const struct unit_cert *cert = unit_cert(.key = "ED25519", .extensions = CLIENT);
        struct cert_record first, got;
        char detail[CERT_DETAIL_LEN];

        (void) state;
        read_fine(cert, &first);
        for (size_t at = 0; at < cert->der.len; at++)
                for (uint8_t mask = 1; mask; mask = (uint8_t) (mask << 1)) {
                        struct cert_blob other = { cert->der.bytes, cert->der.len };
                        uint8_t bytes[1024];

                        memcpy(bytes, cert->der.bytes, cert->der.len);
                        bytes[at] ^= mask;
                        other.bytes = bytes;
                        if (read_at(&other, CERT_CLIENT, UNIT_CERT_NOW, &got, detail) !=
                            CERT_UNREADABLE)
                                assert_memory_not_equal(got.thumbprint, first.thumbprint, 32);
                }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_all_of_it),
                cmocka_unit_test(test_serials),
                cmocka_unit_test(test_dates),
                cmocka_unit_test(test_refusals),
                cmocka_unit_test(test_a_curve_written_out),
                cmocka_unit_test(test_cut_and_longer),
                cmocka_unit_test(test_longer_lengths),
                cmocka_unit_test(test_other_bytes),
                cmocka_unit_test(test_every_byte_matters),
        };

        return cmocka_run_group_tests(tests, NULL, unit_cert_free);
}

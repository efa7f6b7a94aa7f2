/* SPDX-License-Identifier: BSD-2-Clause */
/* Revocation lists: which ones are believed, and what they say. How they are kept is in
 * test_store_cert.c. */
#include "unit_cert.h"

#define NOW UNIT_CERT_NOW
#define MAX 8

static const struct unit_cert *root, *other, *same, *silent, *old;
static struct cert_blob cas[5];

static int make(void **state) {
        (void) state;
        root = unit_cert(.cn = "Root", .key = "ED25519#root", .extensions = UNIT_CERT_CA);
        other = unit_cert(.cn = "Other", .key = "RSA:2048",
                          .extensions = "basicConstraints=critical,CA:TRUE");
        same = unit_cert(.cn = "Root", .key = "EC:P-256#same", .extensions = UNIT_CERT_CA);
        silent = unit_cert(.cn = "Silent", .key = "ED25519#silent",
                           .extensions = "basicConstraints=critical,CA:TRUE;keyUsage=keyCertSign");
        old = unit_cert(.cn = "Root", .key = "ED25519#root", .to = NOW - 1,
                        .extensions = UNIT_CERT_CA);
        cas[0] = same->der;
        cas[1] = other->der;
        cas[2] = silent->der;
        cas[3] = old->der;
        cas[4] = root->der;
        return 0;
}

struct got {
        enum cert_fault fault;
        struct crl_record list;
        struct cert_serial serials[MAX + 1];
        char detail[CERT_DETAIL_LEN];
};

static struct got read_with(struct cert_blob crl, size_t n_cas, size_t max) {
        struct got got;

        unit_poison(&got, sizeof(got));
        got.fault = cert_read_crl(&crl, cas, n_cas, NOW, &got.list, got.serials, max, got.detail);
        assert_int_equal(ERR_peek_error(), 0);
        assert_true(strnlen(got.detail, CERT_DETAIL_LEN) < CERT_DETAIL_LEN);
        unit_poisoned("behind the last", &got.serials[max], sizeof(got.serials[max]));
        if (got.fault == CERT_FINE) {
                assert_string_equal(got.detail, "");
                assert_true(got.list.revoked <= max);
        } else {
                assert_true(strlen(got.detail) > 10);
                unit_poisoned("the list", &got.list, sizeof(got.list));
        }
        return got;
}

static struct got read_crl(struct cert_blob crl) {
        return read_with(crl, ARRAY_LEN(cas), MAX);
}

static void is_signed_by(const char *row, const struct got *got, const struct unit_cert *ca) {
        uint8_t hash[32];

        unit_int(row, got->fault, CERT_FINE);
        assert_int_equal(EVP_Digest(ca->der.bytes, ca->der.len, hash, NULL, EVP_sha256(), NULL), 1);
        unit_mem(row, got->list.ca, hash, 32);
}

static void test_a_list(void **state) {
        struct got got =
                read_crl(unit_crl(.issuer = root,
                                  .serials = "0A 00FF01 0102030405060708090A0B0C0D0E0F1011121314",
                                  .extensions = "2.5.29.20=DER:020105"));
        uint8_t hash[32];

        (void) state;
        is_signed_by("root", &got, root);
        unit_cert_hash_cn("root", hash);
        assert_memory_equal(got.list.issuer, hash, 32);
        assert_true(got.list.this_update == UNIT_CERT_FROM && got.list.next_update == UNIT_CERT_TO);
        assert_int_equal(got.list.revoked, 3);
        for (size_t i = 0; i < 3; i++)
                assert_memory_equal(got.serials[i].issuer, hash, 32);
        assert_int_equal(got.serials[0].len, 1);
        assert_int_equal(got.serials[1].len, 2);
        assert_int_equal(got.serials[2].len, 20);
        assert_memory_equal(got.serials[0].bytes, "\x0a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
        assert_memory_equal(got.serials[1].bytes, "\xff\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
                            20);
        assert_int_equal(got.serials[2].bytes[19], 0x14);
}

/* A list and a chain mean the same certificate by the same number, from the same CA. */
static void test_it_meets_the_chain(void **state) {
        const struct unit_cert *leaf = unit_cert(.issuer = root, .serial = "0BAD");
        struct got got = read_crl(unit_crl(.issuer = root, .serials = "01 0BAD"));
        struct cert_question question = {
                .der = leaf->der, .cas = cas, .n_cas = ARRAY_LEN(cas), .now = NOW
        };
        struct cert_verdict verdict;

        (void) state;
        cert_judge(&question, &verdict);
        assert_int_equal(verdict.reason, REASON_NONE);
        assert_memory_equal(got.serials[1].issuer, verdict.serials[0].issuer, RECORD_HASH_LEN);
        assert_int_equal(got.serials[1].len, verdict.serials[0].len);
        assert_memory_equal(got.serials[1].bytes, verdict.serials[0].bytes, RECORD_SERIAL_MAX);
}

static void test_who_may_sign(void **state) {
        struct got got = read_crl(unit_crl(.issuer = same));

        (void) state;
        is_signed_by("same name, another key", &got, same);
        assert_int_equal(got.list.revoked, 0);
        got = read_crl(unit_crl(.issuer = other));
        is_signed_by("without keyUsage", &got, other);
        got = read_crl(unit_crl(.issuer = other, .pss = true));
        is_signed_by("PSS", &got, other);
        got = read_crl(unit_crl(.issuer = other, .pss = true, .md = "SHA512"));
        is_signed_by("PSS", &got, other);
        got = read_crl(unit_crl(.issuer = root));
        is_signed_by("the one of two that is valid", &got, root);
        got = read_with(unit_crl(.issuer = root), 4, MAX);
        is_signed_by("the one that has expired, where there is no other", &got, old);
        cas[2] = unit_cert(.cn = "Root", .key = "ED25519#root", .to = NOW - 2,
                           .extensions = UNIT_CERT_CA)
                         ->der;
        got = read_with(unit_crl(.issuer = root), 4, MAX);
        is_signed_by("of two that have, the one that ended last", &got, old);
        cas[2] = silent->der;
        got = read_with(unit_crl(.issuer = root), 3, MAX);
        assert_int_equal(got.fault, CERT_REFUSED);
        got = read_with(unit_crl(.issuer = root), 0, MAX);
        assert_int_equal(got.fault, CERT_REFUSED);
        assert_non_null(strstr(got.detail, "no registered CA has signed it"));
}

/* The signature alone, of one CA. What the list says does not matter. */
static void test_whether_a_ca_has_signed(void **state) {
        const struct {
                const char *row;
                const struct unit_cert *ca;
                struct cert_blob list;
                bool is_signed;
        } rows[] = {
                { "Ed25519", root, unit_crl(.issuer = root, .serials = "01 02"), true },
                { "RSA", other, unit_crl(.issuer = other), true },
                { "RSA-PSS", other, unit_crl(.issuer = other, .pss = true), true },
                { "RSA-PSS with SHA-512", other,
                  unit_crl(.issuer = other, .pss = true, .md = "SHA512"), true },
                { "EC", same, unit_crl(.issuer = same), true },
                { "a CA of the same name", root, unit_crl(.issuer = same), false },
                { "another CA", other, unit_crl(.issuer = root), false },
                { "SHA-1", other, unit_crl(.issuer = other, .md = "SHA1"), false },
                { "no list", root, root->der, true }, /* the root has signed itself */
                { "no list of it", other, root->der, false },
        };
        struct cert_blob list = rows[0].list;

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                unit_int(rows[i].row, cert_has_signed_crl(&rows[i].list, &rows[i].ca->der),
                         rows[i].is_signed);
        for (size_t at = 0; at < list.len; at++) {
                uint8_t *bytes = unit_cert_bytes(list.bytes, list.len);

                bytes[at] ^= 1;
                assert_false(
                        cert_has_signed_crl(&(struct cert_blob){ bytes, list.len }, &root->der));
                assert_false(
                        cert_has_signed_crl(&(struct cert_blob){ list.bytes, at }, &root->der));
        }
        assert_int_equal(ERR_peek_error(), 0);
}

static void test_dates(void **state) {
        (void) state;
        assert_int_equal(read_crl(unit_crl(.issuer = root, .from = NOW, .to = NOW)).fault,
                         CERT_FINE);
        assert_true(read_crl(unit_crl(.issuer = root, .no_end = true)).list.next_update ==
                    INT64_MAX);
}

/* For all certificates, or for those that name its point, here a URI. Names in a directory are in
 * PKITS (4.14). */
static void test_points(void **state) {
        static const struct {
                const char *row, *list, *cert;
                bool same;
        } rows[] = {
                { "none", NULL, NULL, true },
                { "an empty one", "3000", NULL, true },
                { "the same URI", "3007A005A003860161", "30093007A005A003860161", true },
                { "another URI", "3007A005A003860162", "30093007A005A003860161", false },
                { "of the list alone", "3007A005A003860161", NULL, false },
                { "one of several", "3007A005A003860161",
                  "30123007A005A0038601613007A005A003860162", false },
                { "for some reasons", "3007A005A003860161", "300D300BA005A00386016181020560",
                  false },
        };
        static const uint8_t zeroes[RECORD_HASH_LEN];

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                char list[128] = "", cert[128] = "", detail[CERT_DETAIL_LEN];
                struct cert_record record;
                struct got got;

                if (rows[i].list)
                        (void) snprintf(list, sizeof(list), "2.5.29.28=critical,DER:%s",
                                        rows[i].list);
                if (rows[i].cert)
                        (void) snprintf(cert, sizeof(cert), "2.5.29.31=DER:%s", rows[i].cert);
                got = read_crl(unit_crl(.issuer = root, .extensions = list));
                is_signed_by(rows[i].row, &got, root);
                unit_int(rows[i].row,
                         cert_read(&unit_cert(.issuer = root, .extensions = cert)->der, CERT_CLIENT,
                                   NOW, &record, detail),
                         CERT_FINE);
                unit_int(rows[i].row,
                         memcmp(got.list.point, record.serial.point, RECORD_HASH_LEN) == 0,
                         rows[i].same);
                if (!rows[i].list || strcmp(rows[i].list, "3000") == 0)
                        unit_mem(rows[i].row, got.list.point, zeroes, RECORD_HASH_LEN);
        }
}

/* Version 1, as "openssl ca" makes it without a crlnumber. */
static void test_an_old_list(void **state) {
        struct got got = read_crl(unit_crl(.issuer = root, .serials = "0A 0B", .v1 = true));

        (void) state;
        is_signed_by("version 1", &got, root);
        assert_int_equal(got.list.revoked, 2);
}

struct refusal {
        const char *row;
        struct unit_crl_spec spec;
        const char *says;
};

static void check_refusals(const struct refusal *rows, size_t n) {
        for (size_t i = 0; i < n; i++) {
                struct got got = read_crl(unit_crl_make(&rows[i].spec));

                unit_int(rows[i].row, got.fault, CERT_REFUSED);
                if (!strstr(got.detail, rows[i].says))
                        fail_msg("row '%s': %s", rows[i].row, got.detail);
        }
}

static void test_refusals(void **state) {
        const struct refusal rows[] = {
                { "another key",
                  { .issuer = root, .signer = unit_cert_key("ED25519#stranger") },
                  "no registered CA" },
                { "the key of a CA of another name",
                  { .issuer = root, .signer = other->key },
                  "no registered CA" },
                { "a CA that may not", { .issuer = silent }, "no registered CA" },
                { "expired",
                  { .issuer = root, .to = NOW - 1 },
                  "out of date since 2027-01-15T07:59:59Z" },
                { "not yet valid",
                  { .issuer = root, .from = NOW + 1 },
                  "not valid before 2027-01-15T08:00:01Z" },
                { "a date that is none",
                  { .issuer = root, .to_text = "301301000000Z" },
                  "date that is none" },
                { "likewise, without Z",
                  { .issuer = root, .from_text = "2001010000000" },
                  "date that is none" },
                { "SHA-1", { .issuer = other, .md = "SHA1" }, "SHA-256" },
                { "MD5", { .issuer = other, .md = "MD5" }, "SHA-256" },
                { "SHA-1 and ECDSA", { .issuer = same, .md = "SHA1" }, "SHA-256" },
                { "PSS with SHA-1", { .issuer = other, .pss = true, .md = "SHA1" }, "SHA-256" },
                { "no number", { .issuer = root, .serials = "01 -1" }, "1 to 20 bytes" },
                { "too long a number",
                  { .issuer = root, .serials = "0102030405060708090A0B0C0D0E0F101112131415" },
                  "1 to 20 bytes" },
                { "too many",
                  { .issuer = root, .serials = "1 2 3 4 5 6 7 8 9" },
                  "9 entries: 8 are the most" },
        };

        (void) state;
        check_refusals(rows, ARRAY_LEN(rows));
}

static void test_refusals_of_extensions(void **state) {
        static const char idp[] = "2.5.29.28=critical,DER:30038101FF",
                          delta[] = "2.5.29.27=critical,DER:020101";
        static const char idp_weak[] = "2.5.29.28=DER:30038101FF",
                          delta_weak[] = "2.5.29.27=DER:020101";
        const struct refusal rows[] = {
                { "a part", { .issuer = root, .extensions = idp }, "leaves out certificates" },
                { "a part that does not say so",
                  { .issuer = root, .extensions = idp_weak },
                  "leaves out certificates" },
                { "CAs only",
                  { .issuer = root, .extensions = "2.5.29.28=critical,DER:30038201FF" },
                  "leaves out certificates" },
                { "some reasons",
                  { .issuer = root, .extensions = "2.5.29.28=critical,DER:300483020560" },
                  "leaves out certificates" },
                { "of other CAs",
                  { .issuer = root, .extensions = "2.5.29.28=critical,DER:30038401FF" },
                  "leaves out certificates" },
                { "attributes",
                  { .issuer = root, .extensions = "2.5.29.28=critical,DER:30038501FF" },
                  "leaves out certificates" },
                { "a point that is none",
                  { .issuer = root, .extensions = "2.5.29.28=critical,DER:0500" },
                  "leaves out certificates" },
                { "a delta",
                  { .issuer = root, .extensions = delta },
                  "X509v3 Delta CRL Indicator" },
                { "a delta that does not say so",
                  { .issuer = root, .extensions = delta_weak },
                  "Delta CRL" },
                { "unknown",
                  { .issuer = root, .extensions = "1.2.3.4=critical,DER:0500" },
                  "1.2.3.4" },
                { "of an entry",
                  { .issuer = root,
                    .serials = "01",
                    .entry_extension = "1.2.3.4=critical,DER:0500" },
                  "1.2.3.4" },
                { "another issuer's entry",
                  { .issuer = root,
                    .serials = "01",
                    .entry_extension = "2.5.29.29=critical,DER:3000" },
                  "Certificate Issuer" },
                { "that does not say so",
                  { .issuer = root, .serials = "01", .entry_extension = "2.5.29.29=DER:3000" },
                  "Certificate Issuer" },
        };

        (void) state;
        check_refusals(rows, ARRAY_LEN(rows));
}

/* OpenSSL 3.3 and newer do not parse a time that is too short to have seconds and Z; older ones
 * leave it to us. */
static void test_short_times(void **state) {
        static const char *const times[] = { "200101000000", "2001010000Z", "20200101000000" };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(times); i++) {
                struct got got = read_crl(unit_crl(.issuer = root, .from_text = times[i]));
                bool parsed = OpenSSL_version_num() < 0x30300000;

                unit_int(times[i], got.fault, parsed ? CERT_REFUSED : CERT_UNREADABLE);
                if (!strstr(got.detail, parsed ? "date that is none" : "no revocation list"))
                        fail_msg("row '%s': %s", times[i], got.detail);
        }
}

static void test_as_many_as_there_may_be(void **state) {
        struct got got = read_crl(unit_crl(.issuer = root, .serials = "1 2 3 4 5 6 7 8",
                                           .entry_extension = "2.5.29.21=DER:0A0101"));

        (void) state;
        assert_int_equal(got.fault, CERT_FINE);
        assert_int_equal(got.list.revoked, 8);
}

/* No byte of a list can be changed or be missing, and none can come behind it. */
static void test_every_byte(void **state) {
        struct cert_blob good = unit_crl(.issuer = root, .serials = "01 02");
        struct cert_blob bad = { NULL, good.len };
        uint8_t bytes[1024];

        (void) state;
        assert_int_equal(read_crl(good).fault, CERT_FINE);
        bad.bytes = bytes;
        for (size_t at = 0; at < good.len; at++)
                for (unsigned mask = 1; mask < 256; mask = mask << 1 | 1) {
                        memcpy(bytes, good.bytes, good.len);
                        bytes[at] ^= (uint8_t) mask;
                        assert_int_not_equal(read_crl(bad).fault, CERT_FINE);
                }
        for (size_t len = 0; len < good.len; len++)
                assert_int_equal(
                        read_crl((struct cert_blob){ unit_cert_bytes(good.bytes, len), len }).fault,
                        CERT_UNREADABLE);
        memcpy(bytes, good.bytes, good.len);
        bytes[good.len] = 0;
        assert_int_equal(read_crl((struct cert_blob){ bytes, good.len + 1 }).fault,
                         CERT_UNREADABLE);
        assert_int_equal(read_crl(root->der).fault, CERT_UNREADABLE);
        assert_non_null(strstr(read_crl(root->der).detail, "no revocation list"));
        bad = (struct cert_blob){ unit_cert_bytes(good.bytes, good.len - 1), good.len - 1 };
        assert_non_null(strstr(read_crl(bad).detail, "cut off"));
}

static void test_longer_lengths(void **state) {
        struct cert_blob list =
                unit_crl(.issuer = root, .serials = "01 02", .extensions = "2.5.29.20=DER:020105");
        uint8_t out[2048];
        int target = -1, values;
        size_t len = unit_cert_copy(list.bytes, list.len, &target, out);

        (void) state;
        assert_int_equal(len, list.len);
        values = -1 - target;
        assert_in_range(values, 20, 100);
        for (int i = 0; i < values; i++) {
                target = i;
                len = unit_cert_copy(list.bytes, list.len, &target, out);
                assert_int_equal(read_crl((struct cert_blob){ out, len }).fault, CERT_UNREADABLE);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_list),
                cmocka_unit_test(test_it_meets_the_chain),
                cmocka_unit_test(test_who_may_sign),
                cmocka_unit_test(test_dates),
                cmocka_unit_test(test_an_old_list),
                cmocka_unit_test(test_points),
                cmocka_unit_test(test_refusals),
                cmocka_unit_test(test_refusals_of_extensions),
                cmocka_unit_test(test_short_times),
                cmocka_unit_test(test_as_many_as_there_may_be),
                cmocka_unit_test(test_every_byte),
                cmocka_unit_test(test_longer_lengths),
                cmocka_unit_test(test_whether_a_ca_has_signed),
        };

        return cmocka_run_group_tests(tests, make, unit_cert_free);
}

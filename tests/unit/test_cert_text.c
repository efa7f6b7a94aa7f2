/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of certificates as texts, whatever bytes are in them. */
#include "unit_cert.h"

#include "text.h"

/* The issuer has the same name. */
static void read_name(X509_NAME *name, struct cert_record *ret) {
        char detail[CERT_DETAIL_LEN];

        unit_poison(ret, sizeof(*ret));
        assert_int_equal(cert_read(&unit_cert(.subject = name)->der, CERT_CLIENT, UNIT_CERT_NOW,
                                   ret, detail),
                         CERT_FINE);
        assert_int_equal(ERR_peek_error(), 0);
        X509_NAME_free(name);
        assert_true(ret->subject[0] == '\0' || text_is_label(ret->subject, RECORD_DN_MAX));
        assert_true(ret->subject_cn[0] == '\0' ||
                    text_is_label(ret->subject_cn, RECORD_DN_PART_MAX));
}

static const struct entry {
        int nid, type;
        const char *bytes;
        int len;
} no_entry;

static const struct name_row {
        const char *row, *subject, *cn, *o, *ou;
        struct entry entries[6];
} name_rows[] = {
        { .row = "one of each",
          .subject = "OU=Web,O=Example,CN=alice",
          .cn = "alice",
          .o = "Example",
          .ou = "Web",
          .entries = { { NID_commonName, MBSTRING_UTF8, "alice", -1 },
                       { NID_organizationName, MBSTRING_UTF8, "Example", -1 },
                       { NID_organizationalUnitName, MBSTRING_UTF8, "Web", -1 } } },
        { .row = "several of each, in order",
          .subject = "OU=Ops,OU=Web,O=Two,O=One,CN=bob,CN=alice",
          .cn = "alice, bob",
          .o = "One, Two",
          .ou = "Web, Ops",
          .entries = { { NID_commonName, MBSTRING_UTF8, "alice", -1 },
                       { NID_commonName, MBSTRING_UTF8, "bob", -1 },
                       { NID_organizationName, MBSTRING_UTF8, "One", -1 },
                       { NID_organizationName, MBSTRING_UTF8, "Two", -1 },
                       { NID_organizationalUnitName, MBSTRING_UTF8, "Web", -1 },
                       { NID_organizationalUnitName, MBSTRING_UTF8, "Ops", -1 } } },
        { .row = "each of the ways to write a letter",
          .subject = "CN=\xf0\x9f\x94\x91,OU=\xc3\xa9,O=\xc5\x81\xc3\xb3"
                     "d\xc5\xba,CN=Zo\xc3\xab",
          .cn = "Zo\xc3\xab, \xf0\x9f\x94\x91",
          .o = "\xc5\x81\xc3\xb3"
               "d\xc5\xba",
          .ou = "\xc3\xa9",
          .entries = { { NID_commonName, V_ASN1_UTF8STRING, "Zo\xc3\xab", -1 },
                       { NID_organizationName, V_ASN1_BMPSTRING, "\x01\x41\0\xf3\0d\x01\x7a", 8 },
                       { NID_organizationalUnitName, V_ASN1_T61STRING, "\xe9", -1 },
                       { NID_commonName, V_ASN1_UNIVERSALSTRING, "\0\x01\xf5\x11", 4 } } },
        { .row = "what RFC 4514 escapes",
          .subject = "CN=\\#b \\\"c\\\"\\;\\<d\\>=\\\\ e\\ ,CN=\\ a\\,b\\+c",
          .cn = " a,b+c, #b \"c\";<d>=\\\\ e ",
          .o = "",
          .ou = "",
          .entries = { { NID_commonName, V_ASN1_UTF8STRING, " a,b+c", -1 },
                       { NID_commonName, V_ASN1_UTF8STRING, "#b \"c\";<d>=\\ e ", -1 } } },
        { .row = "what must not be shown",
          .subject = "CN=\\E2\\80\\AEa\\C2\\85,O=a\\00b,OU=\\0A\\1B[m\\7F",
          .cn = "\\xe2\\x80\\xaea\\xc2\\x85",
          .o = "a\\x00b",
          .ou = "\\x0a\\x1b[m\\x7f",
          .entries = { { NID_organizationalUnitName, V_ASN1_UTF8STRING, "\n\x1b[m\x7f", -1 },
                       { NID_organizationName, V_ASN1_UTF8STRING, "a\0b", 3 },
                       { NID_commonName, V_ASN1_UTF8STRING,
                         "\xe2\x80\xae"
                         "a\xc2\x85",
                         -1 } } },
        { .row = "what is no text",
          .subject = "CN=#0303008041",
          .cn = "\\x80A",
          .o = "",
          .ou = "",
          .entries = { { NID_commonName, V_ASN1_BIT_STRING,
                         "\x80"
                         "A",
                         2 } } },
        { .row = "no name at all", .subject = "", .cn = "", .o = "", .ou = "" },
};

static X509_NAME *make_name(const struct entry *entries, size_t n) {
        X509_NAME *name = X509_NAME_new();

        for (size_t i = 0; i < n && entries[i].nid != no_entry.nid; i++)
                unit_cert_add_name(name, entries[i].nid, entries[i].type, entries[i].bytes,
                                   entries[i].len);
        return name;
}

static void test_names(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(name_rows); i++) {
                const struct name_row *row = &name_rows[i];
                X509_NAME *name = make_name(row->entries, ARRAY_LEN(row->entries));
                struct cert_record got;

                read_name(name, &got);
                unit_str(row->row, got.subject, row->subject);
                unit_str(row->row, got.subject_cn, row->cn);
                unit_str(row->row, got.subject_o, row->o);
                unit_str(row->row, got.subject_ou, row->ou);
                unit_str(row->row, got.issuer_cn, row->cn);
                unit_str(row->row, got.issuer_o, row->o);
                unit_str(row->row, got.issuer_ou, row->ou);
        }
}

/* A name that is too long ends with a whole character and a whole escape. */
static void test_long_names(void **state) {
        static const char *const units[] = {
                "a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x94\x91", "\x01", "\\", ","
        };
        static const size_t shown[] = { 1, 2, 3, 4, 4, 2, 1 }, written[] = { 1, 2, 3, 4, 3, 2, 2 };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(units); i++)
                for (size_t before = 0; before < 4; before++) {
                        X509_NAME *name = X509_NAME_new();
                        char text[2048] = "";
                        struct cert_record got;

                        for (size_t len = before; len < 1000; len += strlen(units[i]))
                                memcpy(text + len, units[i], strlen(units[i]));
                        memset(text, 'x', before);
                        unit_cert_add_name(name, NID_commonName, V_ASN1_UTF8STRING, text, -1);
                        read_name(name, &got);
                        unit_int(units[i], strlen(got.subject_cn),
                                 before + (RECORD_DN_PART_MAX - before) / shown[i] * shown[i]);
                        unit_int(units[i], strlen(got.subject),
                                 3 + before +
                                         (RECORD_DN_MAX - 3 - before) / written[i] * written[i]);
                }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_long_names),
        };

        return cmocka_run_group_tests(tests, NULL, unit_cert_free);
}

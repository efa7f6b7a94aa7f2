/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificates as text: every form that clients send gives the same bytes. A text of no such form
 * gives none. What is in a certificate is not known here. */
#include "unit.h"

#include "base64.h"
#include "certtext.h"
#include "wire.h"

/* Stands for a certificate. Nobody looks at what the bytes are. */
static const uint8_t der[] = { 0x30, 0x82, 0xfb, 0xff, 0xbe, 0x00, 0x7f };

#define BASE64    "MIL7/74Afw=="
#define BASE64URL "MIL7_74Afw"
#define BEGIN     "-----BEGIN CERTIFICATE-----"
#define END       "-----END CERTIFICATE-----"

/* From a text with no NUL behind it, and nothing else. */
static ssize_t decode_by(ssize_t (*decoder)(const char *, size_t, uint8_t *, size_t),
                         const char *text, size_t len, uint8_t *out, size_t size) {
        char *exact = malloc(len > 0 ? len : 1);
        ssize_t n;

        assert_non_null(exact);
        memcpy(exact, text, len);
        n = decoder(exact, len, out, size);
        free(exact);
        return n;
}

static ssize_t decode(const char *text, size_t len, uint8_t *out, size_t size) {
        return decode_by(certtext_decode, text, len, out, size);
}

static void test_every_form_is_read(void **state) {
        static const struct {
                const char *why, *text;
        } rows[] = {
                { "base64", BASE64 },
                { "base64url", BASE64URL },
                { "base64 without padding", "MIL7/74Afw" },
                { "in lines", "MIL7\n/74A\r\nfw==\n" },
                { "PEM", BEGIN "\nMIL7/74A\nfw==\n" END "\n" },
                { "PEM in one line", BEGIN BASE64 END },
                { "PEM with blanks for line ends", BEGIN " MIL7/74A fw== " END },
                { "PEM with tabs, as some servers hand it on",
                  BEGIN "\n\tMIL7/74A\n\tfw==\n\t" END },
                { "PEM with text around it",
                  "subject=CN = alice\n" BEGIN "\n" BASE64 "\n" END "\nbye" },
                { "the first of two", BEGIN "\n" BASE64 "\n" END "\n" BEGIN "\nZm9v\n" END "\n" },
                { "behind another block",
                  "-----BEGIN X-----\nZm9v\n-----END X-----\n" BEGIN BASE64 END },
                { "escaped base64", "MIL7%2F74Afw%3D%3D" },
                { "escaped in small letters", "MIL7%2f74Afw%3d%3d" },
                { "escaped PEM", "-----BEGIN%20CERTIFICATE-----%0AMIL7%2F74Afw%3D%3D%0A-----END%"
                                 "20CERTIFICATE-----%0A" },
                { "escaped to the last character", "%4d%49%4c%37%2f%37%34%41%66%77%3d%3d" },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                uint8_t out[64];

                unit_poison(out, sizeof(out));
                unit_int(rows[i].why, decode(rows[i].text, strlen(rows[i].text), out, sizeof(out)),
                         sizeof(der));
                unit_mem(rows[i].why, out, der, sizeof(der));
                unit_poisoned(rows[i].why, out + sizeof(der), sizeof(out) - sizeof(der));
        }
}

static void test_what_is_none_is_refused(void **state) {
        static const struct {
                const char *why, *text;
        } rows[] = {
                { "nothing", "" },
                { "blanks", " \n" },
                { "words", "no certificate" },
                { "a lone escape", "%" },
                { "half of an escape", "MIL7%2" },
                { "an escape of no digits", "MIL7%zz74Afw" },
                { "an escape of one digit", "MIL7%2g74Afw" },
                { "an escape of an escape", "MIL7%252F74Afw" },
                { "an escaped NUL", "MIL7%0074Afw" },
                { "PEM without its end", BEGIN "\n" BASE64 "\n" },
                { "PEM without its beginning", BASE64 "\n" END },
                { "PEM the wrong way round", END BASE64 BEGIN },
                { "PEM of another kind",
                  "-----BEGIN PRIVATE KEY-----\n" BASE64 "\n-----END PRIVATE KEY-----" },
                { "PEM of a request", "-----BEGIN CERTIFICATE REQUEST-----\n" BASE64
                                      "\n-----END CERTIFICATE REQUEST-----" },
                { "PEM of nothing", BEGIN "\n" END },
                { "PEM with a header", BEGIN "\nProc-Type: 4\n\n" BASE64 "\n" END },
                { "two, and the first is none", BEGIN "\n*\n" END "\n" BEGIN "\n" BASE64 "\n" END },
                { "bits left over", "MIL7/74Afx==" },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                uint8_t out[64];

                unit_int(rows[i].why, decode(rows[i].text, strlen(rows[i].text), out, sizeof(out)),
                         -EINVAL);
        }
}

static void test_what_does_not_fit_is_said_so(void **state) {
        uint8_t out[WIRE_CERTIFICATE_MAX], *in = calloc(1, WIRE_CERTIFICATE_MAX + 1);
        char *text = malloc(20000);

        (void) state;
        assert_non_null(in);
        assert_non_null(text);
        base64_encode(in, WIRE_CERTIFICATE_MAX, text);
        assert_int_equal(decode(text, strlen(text), out, sizeof(out)), WIRE_CERTIFICATE_MAX);
        base64_encode(in, WIRE_CERTIFICATE_MAX + 1, text);
        assert_int_equal(decode(text, strlen(text), out, sizeof(out)), -EMSGSIZE);
        memset(text, ' ', 20000);
        memcpy(text, "Zm9v", 4);
        assert_int_equal(decode(text, 16384, out, sizeof(out)), 3);
        assert_int_equal(decode(text, 16385, out, sizeof(out)), -EMSGSIZE);
        memset(text, '%', 20000);
        assert_int_equal(decode(text, 16384, out, sizeof(out)), -EINVAL);
        assert_int_equal(decode(BASE64, strlen(BASE64), out, sizeof(der) - 1), -EMSGSIZE);
        free(text);
        free(in);
}

static void test_the_largest_certificate_fits_in_pem_and_escaped(void **state) {
        uint8_t out[WIRE_CERTIFICATE_MAX], *in = calloc(1, WIRE_CERTIFICATE_MAX);
        char *text = malloc(20000), *lines = malloc(20000);
        size_t n = 0;

        (void) state;
        assert_non_null(in);
        assert_non_null(text);
        assert_non_null(lines);
        memset(in, 0x30, WIRE_CERTIFICATE_MAX);
        base64_encode(in, WIRE_CERTIFICATE_MAX, text);
        n += (size_t) sprintf(lines, "-----BEGIN%%20CERTIFICATE-----%%0A");
        for (size_t at = 0; at < strlen(text); at += 64)
                n += (size_t) sprintf(lines + n, "%.64s%%0A", text + at);
        n += (size_t) sprintf(lines + n, "-----END%%20CERTIFICATE-----%%0A");
        assert_int_equal(decode(lines, n, out, sizeof(out)), WIRE_CERTIFICATE_MAX);
        assert_memory_equal(out, in, WIRE_CERTIFICATE_MAX);
        free(lines);
        free(text);
        free(in);
}

/* --- What sshd says (sshd_config(5), ExposeAuthInfo) --- */

static ssize_t decode_ssh(const char *text, size_t len, uint8_t *out, size_t size) {
        return decode_by(certtext_decode_ssh, text, len, out, size);
}

static void test_the_key_of_sshd_is_read(void **state) {
        static const char *const texts[] = {
                "publickey ssh-ed25519 " BASE64,
                "publickey ssh-ed25519 " BASE64 "\n",
                "password\npublickey ssh-rsa " BASE64 "\n",
                "publickey ssh-rsa " BASE64 "\nkeyboard-interactive\n",
                "publickey ssh-rsa " BASE64 "\npublickey ssh-rsa Zm9v\n",
                "\n\npublickey ecdsa-sha2-nistp256 " BASE64URL "\n",
                "publickey\npublickey ssh-rsa " BASE64,
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
                uint8_t out[64];

                unit_poison(out, sizeof(out));
                unit_int(texts[i], decode_ssh(texts[i], strlen(texts[i]), out, sizeof(out)),
                         sizeof(der));
                unit_mem(texts[i], out, der, sizeof(der));
        }
}

static void test_what_else_sshd_says_is_no_key(void **state) {
        static const char *const texts[] = {
                "",
                "\n",
                "password",
                "password\nkeyboard-interactive\n",
                "publickey",
                "publickey ",
                "publickey ssh-rsa",
                "publickey ssh-rsa\n" BASE64,
                "publickey ssh-rsa ",
                "publickey ssh-rsa \n",
                "publickey ssh-rsa *\n",
                "publickey  \n",
                "xpublickey ssh-rsa " BASE64,
                "Publickey ssh-rsa " BASE64,
                "hostbased ssh-rsa " BASE64,
                BASE64,
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
                uint8_t out[64];

                unit_int(texts[i], decode_ssh(texts[i], strlen(texts[i]), out, sizeof(out)),
                         -EINVAL);
        }
        assert_int_equal(decode_ssh("publickey t " BASE64, 24, (uint8_t[6]){}, 6), -EMSGSIZE);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_form_is_read),
                cmocka_unit_test(test_what_is_none_is_refused),
                cmocka_unit_test(test_what_does_not_fit_is_said_so),
                cmocka_unit_test(test_the_largest_certificate_fits_in_pem_and_escaped),
                cmocka_unit_test(test_the_key_of_sshd_is_read),
                cmocka_unit_test(test_what_else_sshd_says_is_no_key),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Challenges: the text names this user and this service and no others, to the letter. Also the
 * forms of an answer. Whether a signature holds is in test_cert_key.c. */
#include "unit.h"

#include "base64.h"
#include "challenge.h"

#define NONCE "wMHCw8TFxsfIycrLzM3Oz9DR0tPU1dbX2Nna29zd3t8"

static void make_nonce(uint8_t nonce[static WIRE_CHALLENGE_LEN]) {
        for (unsigned i = 0; i < WIRE_CHALLENGE_LEN; i++)
                nonce[i] = (uint8_t) (0xc0 + i);
}

static void check_text(const char *row, const char *user, const char *service, const char *want) {
        char text[CHALLENGE_TEXT_LEN], got_user[WIRE_USER_MAX + 1],
                got_service[WIRE_SERVICE_MAX + 1];
        uint8_t nonce[WIRE_CHALLENGE_LEN];

        make_nonce(nonce);
        unit_poison(text, sizeof(text));
        challenge_format(text, nonce, user, service);
        if (want)
                unit_str(row, text, want);
        unit_int(row, challenge_parse(text, got_user, got_service), true);
        unit_str(row, got_user, user);
        unit_str(row, got_service, service);
}

static void test_known_texts(void **state) {
        (void) state;
        check_text("plain", "alice", "sshd", "wfc_" NONCE ":sshd:alice");
        check_text("all that stays", "a.b_c-Z9", "s.s_s-S0", "wfc_" NONCE ":s.s_s-S0:a.b_c-Z9");
        check_text("no service", "alice", "", "wfc_" NONCE "::alice");
        check_text("a colon", "a:b", "s:s", "wfc_" NONCE ":s%3As:a%3Ab");
        check_text("an escape", "a%3A", "%", "wfc_" NONCE ":%25:a%253A");
        check_text("a name of a domain", "EXAMPLE\\alice", "x", "wfc_" NONCE ":x:EXAMPLE%5Calice");
        check_text("a line end", "a\nb", "\r", "wfc_" NONCE ":%0D:a%0Ab");
        check_text("no ASCII", "\xc3\xa4", "\xff", "wfc_" NONCE ":%FF:%C3%A4");
}

/* Letters, digits and three marks stay as they are, and nothing else does. */
static void test_every_byte_goes_there_and_back(void **state) {
        static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                    "0123456789._-";

        (void) state;
        for (unsigned c = 1; c < 256; c++) {
                const char name[] = { 'x', (char) c, (char) c, '\0' };
                char row[32], as[4] = { (char) c }, want[CHALLENGE_TEXT_LEN];

                (void) snprintf(row, sizeof(row), "byte %#x", c);
                if (!strchr(plain, (int) c))
                        (void) snprintf(as, sizeof(as), "%%%02X", c);
                (void) snprintf(want, sizeof(want), "wfc_" NONCE ":%s%s:x%s%s", as, as, as, as);
                check_text(row, name, name + 1, want);
        }
}

static void test_the_longest_names_fit(void **state) {
        char user[WIRE_USER_MAX + 1] = {}, service[WIRE_SERVICE_MAX + 1] = {},
                                  text[CHALLENGE_TEXT_LEN];
        uint8_t nonce[WIRE_CHALLENGE_LEN] = {};

        (void) state;
        memset(user, 0xff, WIRE_USER_MAX);
        memset(service, 0xff, WIRE_SERVICE_MAX);
        check_text("longest", user, service, NULL);
        challenge_format(text, nonce, user, service);
        assert_int_equal(strlen(text), CHALLENGE_TEXT_LEN - 1);
}

/* Two logins never have the same text. */
static void test_texts_differ_with_nonce_user_and_service(void **state) {
        static const struct {
                const char *user, *service;
        } rows[] = { { "alice", "sshd" }, { "alic", "sshd" },   { "alice", "ssh" },
                     { "sshd", "alice" }, { "e", "sshd:alic" }, { "d:alice", "ssh" },
                     { "alice", "" } };
        char texts[ARRAY_LEN(rows) + 1][CHALLENGE_TEXT_LEN];
        uint8_t nonce[WIRE_CHALLENGE_LEN];

        (void) state;
        make_nonce(nonce);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                challenge_format(texts[i], nonce, rows[i].user, rows[i].service);
        nonce[WIRE_CHALLENGE_LEN - 1] ^= 1;
        challenge_format(texts[ARRAY_LEN(rows)], nonce, rows[0].user, rows[0].service);
        for (size_t i = 0; i <= ARRAY_LEN(rows); i++)
                for (size_t j = 0; j < i; j++)
                        assert_string_not_equal(texts[i], texts[j]);
}

static void test_what_is_none_to_the_letter_is_refused(void **state) {
        static const struct {
                const char *why, *text;
        } rows[] = {
                { "nothing", "" },
                { "prefix alone", "wfc_" },
                { "another prefix", "wfk_" NONCE ":sshd:alice" },
                { "prefix in capitals", "WFC_" NONCE ":sshd:alice" },
                { "short nonce", "wfc_wMHCw8TFxsfIycrLzM3Oz9DR0tPU1dbX2Nna29zd3t:sshd:alice" },
                { "long nonce", "wfc_" NONCE "8:sshd:alice" },
                { "nonce of another alphabet",
                  "wfc_+MHCw8TFxsfIycrLzM3Oz9DR0tPU1dbX2Nna29zd3t8:s:alice" },
                { "the other digit of that",
                  "wfc_/MHCw8TFxsfIycrLzM3Oz9DR0tPU1dbX2Nna29zd3t8:s:alice" },
                { "nonce with a blank",
                  "wfc_wMHCw8TFxsfIycrLzM3Oz9DR0tPU1dbX2Nna29zd3t8 :sshd:alice" },
                { "blank within the nonce",
                  "wfc_wMHC 8TFxsfIycrLzM3Oz9DR0tPU1dbX2Nna29zd3t8:sshd:alice" },
                { "padding in the nonce",
                  "wfc_wMHCw8TFxsfIycrLzM3Oz9DR0tPU1dbX2Nna29zd3t=:sshd:alice" },
                { "bits left over in the nonce",
                  "wfc_wMHCw8TFxsfIycrLzM3Oz9DR0tPU1dbX2Nna29zd3t9:s:alice" },
                { "nonce alone", "wfc_" NONCE },
                { "no user", "wfc_" NONCE ":sshd" },
                { "empty user", "wfc_" NONCE ":sshd:" },
                { "three names", "wfc_" NONCE ":sshd:alice:x" },
                { "a blank", "wfc_" NONCE ":sshd:al ice" },
                { "a blank behind", "wfc_" NONCE ":sshd:alice " },
                { "a line end behind", "wfc_" NONCE ":sshd:alice\n" },
                { "a blank before", " wfc_" NONCE ":sshd:alice" },
                { "no ASCII", "wfc_" NONCE ":sshd:\xc3\xa4" },
                { "lone escape", "wfc_" NONCE ":sshd:alice%" },
                { "half of an escape", "wfc_" NONCE ":sshd:alice%3" },
                { "escape over the colon", "wfc_" NONCE ":sshd%3:Aalice" },
                { "escape in small letters", "wfc_" NONCE ":sshd:a%3ab" },
                { "escape of no digits", "wfc_" NONCE ":sshd:a%ZZb" },
                { "escape of what needs none", "wfc_" NONCE ":sshd:%61lice" },
                { "escape of a point", "wfc_" NONCE ":ss%2Ed:alice" },
                { "escaped NUL", "wfc_" NONCE ":sshd:alice%00" },
        };
        char user[WIRE_USER_MAX + 1], service[WIRE_SERVICE_MAX + 1];

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                unit_int(rows[i].why, challenge_parse(rows[i].text, user, service), false);
}

static void test_names_that_are_too_long_are_refused(void **state) {
        char text[2 * CHALLENGE_TEXT_LEN], user[WIRE_USER_MAX + 1], service[WIRE_SERVICE_MAX + 1];
        int n = snprintf(text, sizeof(text), "wfc_" NONCE ":");

        (void) state;
        memset(text + n, 's', WIRE_SERVICE_MAX + 1);
        (void) snprintf(text + n + WIRE_SERVICE_MAX, 8, ":alice");
        assert_true(challenge_parse(text, user, service));
        (void) snprintf(text + n + WIRE_SERVICE_MAX, 9, "s:alice");
        assert_false(challenge_parse(text, user, service));
        memset(text + n, 'u', sizeof(text) - (size_t) n);
        text[n] = ':';
        text[n + 1 + WIRE_USER_MAX] = '\0';
        assert_true(challenge_parse(text, user, service));
        text[n + 1 + WIRE_USER_MAX] = 'u';
        text[n + 2 + WIRE_USER_MAX] = '\0';
        assert_false(challenge_parse(text, user, service));
        memset(text + n + 1, 'u', sizeof(text) - (size_t) n - 1);
        text[sizeof(text) - 1] = '\0';
        assert_false(challenge_parse(text, user, service));
}

static void test_what_is_signed_begins_with_the_context(void **state) {
        char message[CHALLENGE_MESSAGE_LEN];
        size_t len;

        (void) state;
        unit_poison(message, sizeof(message));
        len = challenge_message(message, "wfc_x:s:u");
        assert_string_equal(message, "wfapikey proof of possession, version 1: wfc_x:s:u");
        assert_int_equal(len, strlen(message));
        unit_poisoned("behind", message + len + 1, sizeof(message) - len - 1);
}

static void test_the_longest_text_is_signed_whole(void **state) {
        char message[CHALLENGE_MESSAGE_LEN], text[CHALLENGE_TEXT_LEN];

        (void) state;
        memset(text, 't', sizeof(text));
        text[sizeof(text) - 1] = '\0';
        assert_int_equal(challenge_message(message, text), CHALLENGE_MESSAGE_LEN - 1);
        assert_string_equal(message + strlen(CHALLENGE_CONTEXT), text);
}

/* --- Answers --- */

static void check_answer(size_t certificate_len, size_t signature_len, bool right) {
        static uint8_t certificate[WIRE_CERTIFICATE_MAX + 1], signature[WIRE_SIGNATURE_MAX + 1];
        static struct challenge_answer answer;
        static char text[BASE64_LEN(sizeof(certificate)) + BASE64_LEN(sizeof(signature)) + 2];
        char row[48];

        (void) snprintf(row, sizeof(row), "%zu and %zu bytes", certificate_len, signature_len);
        memset(certificate, 0x3e, sizeof(certificate));
        memset(signature, 0x3f, sizeof(signature));
        base64_encode(certificate, certificate_len, text);
        strcat(text, ".");
        base64_encode(signature, signature_len, text + strlen(text));
        unit_int(row, challenge_answer_parse(text, &answer), right);
        if (!right)
                return;
        unit_int(row, answer.evidence,
                 certificate_len == WIRE_KEY_HASH_LEN ? WIRE_SIGNED_KEY : WIRE_SIGNED);
        unit_int(row, answer.certificate_len, certificate_len);
        unit_int(row, answer.signature_len, signature_len);
        unit_mem(row, answer.certificate, certificate, certificate_len);
        unit_mem(row, answer.signature, signature, signature_len);
}

static void test_answers(void **state) {
        static const size_t certificates[] = { 0, 1, 31, 32, 33, 1000, 8192, 8193 };
        static const size_t signatures[] = { 0, 1, 64, 256, 1024, 1025 };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(certificates); i++)
                for (size_t j = 0; j < ARRAY_LEN(signatures); j++)
                        check_answer(
                                certificates[i], signatures[j],
                                certificates[i] >= 1 && certificates[i] <= WIRE_CERTIFICATE_MAX &&
                                        signatures[j] >= 1 && signatures[j] <= WIRE_SIGNATURE_MAX);
}

static void test_what_has_no_form_of_an_answer_is_refused(void **state) {
        static const char *const texts[] = {
                "",       ".",          "Zm9v",    "Zm9v.",   ".Zm9v", "Zm9v.Zm9v.",     "*.Zm9v",
                "Zm9v.*", "Zm9v..Zm9v", "Zh.Zm9v", "Zm9v.Zh", " . ",   "Zm9v.Zm9v.Zm9v", "nocert"
        };
        static struct challenge_answer answer;

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(texts); i++)
                unit_int(texts[i], challenge_answer_parse(texts[i], &answer), false);
        /* a terminal breaks a long line like this */
        assert_true(challenge_answer_parse("Zm9v\n.\n Zm9v\n", &answer));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_known_texts),
                cmocka_unit_test(test_every_byte_goes_there_and_back),
                cmocka_unit_test(test_the_longest_names_fit),
                cmocka_unit_test(test_texts_differ_with_nonce_user_and_service),
                cmocka_unit_test(test_what_is_none_to_the_letter_is_refused),
                cmocka_unit_test(test_names_that_are_too_long_are_refused),
                cmocka_unit_test(test_what_is_signed_begins_with_the_context),
                cmocka_unit_test(test_the_longest_text_is_signed_whole),
                cmocka_unit_test(test_answers),
                cmocka_unit_test(test_what_has_no_form_of_an_answer_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

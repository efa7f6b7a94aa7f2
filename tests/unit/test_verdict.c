/* SPDX-License-Identifier: BSD-2-Clause */
/* Every reason has a verdict, a name and a text. Only one reason allows. */
#include "unit.h"

#include "verdict.h"

/* These stand on the wire and in logs, so a number or name never gets another meaning. */
static const struct {
        int value;
        const char *name;
        enum verdict verdict;
} reasons[] = {
        { 0, "accepted", VERDICT_ALLOW },
        { 1, "store-failure", VERDICT_INTERNAL },
        { 2, "disabled", VERDICT_DENY },
        { 3, "unknown-key", VERDICT_DENY },
        { 4, "wrong-secret", VERDICT_DENY },
        { 5, "other-user", VERDICT_DENY },
        { 6, "revoked", VERDICT_DENY },
        { 7, "expired", VERDICT_DENY },
        { 8, "service", VERDICT_DENY },
        { 9, "source", VERDICT_DENY },
        { 10, "source-unknown", VERDICT_DENY },
        { 11, "certificate-missing", VERDICT_DENY_CERTIFICATE },
        { 12, "peer", VERDICT_DENY },
        { 13, "stale", VERDICT_DENY },
        { 14, "account-unknown", VERDICT_INTERNAL },
        { 15, "account-gone", VERDICT_DENY },
        { 16, "account-expired", VERDICT_DENY },
        { 17, "password-expired", VERDICT_DENY },
        { 18, "admin", VERDICT_DENY },
        { 19, "retired", VERDICT_DENY },
        { 20, "removed", VERDICT_DENY },
        { 21, "has-key", VERDICT_DENY },
        { 22, "not-issuable", VERDICT_DENY },
        { 23, "key-limit", VERDICT_DENY },
        { 24, "busy", VERDICT_INTERNAL },
        { 25, "certificate-unreadable", VERDICT_DENY_CERTIFICATE },
        { 26, "certificate-untrusted", VERDICT_DENY_CERTIFICATE },
        { 27, "certificate-not-yet-valid", VERDICT_DENY_CERTIFICATE },
        { 28, "certificate-expired", VERDICT_DENY_CERTIFICATE },
        { 29, "certificate-revoked", VERDICT_DENY_CERTIFICATE },
        { 30, "certificate-crl-expired", VERDICT_DENY_CERTIFICATE },
        { 31, "certificate-weak", VERDICT_DENY_CERTIFICATE },
        { 32, "certificate-purpose", VERDICT_DENY_CERTIFICATE },
        { 33, "certificate-chain", VERDICT_DENY_CERTIFICATE },
        { 34, "certificate-other", VERDICT_DENY_CERTIFICATE },
        { 35, "certificate-unproved", VERDICT_DENY_CERTIFICATE },
        { 36, "certificate-signature", VERDICT_DENY_CERTIFICATE },
        { 37, "certificate-unchecked", VERDICT_INTERNAL },
        { 38, "spelling-unknown", VERDICT_INTERNAL },
        { 39, "fleet-stale", VERDICT_INTERNAL },
        { 40, "realm", VERDICT_DENY },
        { 41, "realm-service", VERDICT_DENY },
        { 42, "idle", VERDICT_DENY },
};

static const int outside[] = {
        _REASON_MAX, _REASON_MAX + 1, 255, 0x600d, INT32_MAX, -1, INT32_MIN
};

static void test_every_reason_keeps_its_number_name_and_verdict(void **state) {
        (void) state;
        assert_int_equal(_REASON_MAX, ARRAY_LEN(reasons));
        for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
                enum reason reason = (enum reason) reasons[i].value;

                unit_int(reasons[i].name, reasons[i].value, i);
                unit_str(reasons[i].name, verdict_reason_name(reason), reasons[i].name);
                unit_int(reasons[i].name, verdict_of(reason), reasons[i].verdict);
        }
}

static void test_only_no_reason_allows(void **state) {
        (void) state;
        for (int i = -100000; i < 100000; i++)
                if (verdict_of((enum reason) i) == VERDICT_ALLOW)
                        assert_int_equal(i, REASON_NONE);
}

static void test_every_reason_has_a_sentence_of_its_own(void **state) {
        (void) state;
        for (int i = 0; i < _REASON_MAX; i++) {
                const char *text = verdict_reason_text((enum reason) i);

                assert_int_not_equal(text[0], '\0');
                assert_string_not_equal(text, verdict_reason_name((enum reason) i));
                for (int j = 0; j < i; j++) {
                        assert_string_not_equal(text, verdict_reason_text((enum reason) j));
                        assert_string_not_equal(verdict_reason_name((enum reason) i),
                                                verdict_reason_name((enum reason) j));
                }
        }
}

static void test_what_is_outside_is_internal_and_has_texts(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(outside); i++) {
                enum reason reason = (enum reason) outside[i];

                assert_int_equal(verdict_of(reason), VERDICT_INTERNAL);
                assert_string_equal(verdict_reason_name(reason), "unknown-reason");
                assert_int_not_equal(verdict_reason_text(reason)[0], '\0');
        }
}

static void test_verdicts_keep_their_numbers(void **state) {
        (void) state;
        assert_int_equal(VERDICT_INTERNAL, 0);
        assert_int_equal(VERDICT_DENY, 1);
        assert_int_equal(VERDICT_DENY_CERTIFICATE, 2);
        assert_int_equal(VERDICT_VERSION, 3);
        assert_int_equal(VERDICT_CHALLENGE, 4);
        assert_int_equal(VERDICT_ALLOW, 0x600d);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_reason_keeps_its_number_name_and_verdict),
                cmocka_unit_test(test_only_no_reason_allows),
                cmocka_unit_test(test_every_reason_has_a_sentence_of_its_own),
                cmocka_unit_test(test_what_is_outside_is_internal_and_has_texts),
                cmocka_unit_test(test_verdicts_keep_their_numbers),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

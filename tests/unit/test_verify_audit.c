/* SPDX-License-Identifier: BSD-2-Clause */
/* What a record of the audit log says of a login, and that what the client claims does no harm
 * there. */
#include "unit_audit.h"
#include "unit_event.h"

#include "login/verify_audit.h"

static void test_a_login_is_a_record(void **state) {
        struct unit_audit *f = *state;
        struct verify_event event = unit_event(REASON_NONE);

        verify_audit_note(f->audit, &event);
        event = unit_event(REASON_REVOKED);
        verify_audit_note(f->audit, &event);
        event = unit_event(REASON_OTHER_USER);
        memcpy(event.user, "bob", 4);
        verify_audit_note(f->audit, &event);
        event = unit_event(REASON_UNKNOWN_KEY);
        memcpy(event.user, "bob", 4);
        verify_audit_note(f->audit, &event);
        unit_audit_flush(f, NOW);
        assert_int_equal(unit_audit_number(f, "count(*)"), 4);
        assert_int_equal(
                unit_audit_number(
                        f,
                        "sum(event = 'login' AND door = 'verify' AND uid = 110 AND pid = 77 AND "
                        "count = 1"
                        " AND key = 'aaaaaaaaaa' AND service = 'imap' AND rhost = '192.0.2.7' AND"
                        " at = 1800000000 AND until = at)"),
                4);
        assert_int_equal(
                unit_audit_number(f, "sum(verdict = 'accepted' AND reason = '' AND user = 'alice' "
                                     "AND owner_uid = 1000)"),
                1);
        assert_int_equal(
                unit_audit_number(
                        f, "sum(verdict = 'refused' AND reason = 'revoked' AND detail = '')"),
                1);
        assert_int_equal(
                unit_audit_number(f,
                                  "sum(reason = 'other-user' AND user = 'alice' AND detail = 'for "
                                  "user ''bob''')"),
                1);
        assert_int_equal(
                unit_audit_number(
                        f,
                        "sum(reason = 'unknown-key' AND user = 'bob' AND owner_uid = 4294967295)"),
                1);
}

static void test_every_reason_has_a_record(void **state) {
        struct unit_audit *f = *state;

        for (int i = 0; i < _REASON_MAX; i++) {
                struct verify_event event = unit_event((enum reason) i);

                verify_audit_note(f->audit, &event);
        }
        unit_audit_flush(f, NOW);
        assert_int_equal(unit_audit_number(f, "count(*)"), _REASON_MAX);
        assert_int_equal(unit_audit_number(f, "count(DISTINCT reason)"), _REASON_MAX);
}

static void test_a_confirmation_is_a_record_when_it_is_refused(void **state) {
        struct unit_audit *f = *state;
        struct verify_event event = unit_event(REASON_NONE);

        event.kind = WIRE_CONFIRM;
        verify_audit_note(f->audit, &event);
        event.reason = REASON_REVOKED;
        verify_audit_note(f->audit, &event);
        unit_audit_flush(f, NOW);
        assert_int_equal(unit_audit_number(f, "count(*)"), 1);
        assert_int_equal(unit_audit_number(f, "sum(event = 'confirm' AND verdict = 'refused')"), 1);
}

static void test_a_peer_s_words_are_harmless_and_no_key(void **state) {
        struct verify_event event = unit_event_with_keys(REASON_UNKNOWN_KEY);
        struct unit_audit *f = *state;

        verify_audit_note(f->audit, &event);
        event = unit_event(REASON_OTHER_USER);
        memset(event.user, '\n', WIRE_USER_MAX);
        memset(event.service, '\x1b', WIRE_SERVICE_MAX);
        memset(event.rhost, '\x7f', WIRE_RHOST_MAX);
        verify_audit_note(f->audit, &event);
        unit_audit_flush(f, NOW);
        assert_int_equal(unit_audit_number(f, "count(*)"), 2);
        assert_int_equal(
                unit_audit_number(
                        f, "sum(user || service || rhost || detail LIKE '%wfk!_%' ESCAPE '!')"),
                0);
        assert_int_equal(
                unit_audit_number(f,
                                  "sum(user || service || rhost || detail GLOB '*[' || char(1) || "
                                  "'-' || char(31) || char(127) || ']*')"),
                0);
        assert_int_equal(
                unit_audit_number(
                        f, "sum(service LIKE '\\x1b\\x1b%' AND detail LIKE 'for user ''\\x0a%''')"),
                1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_with_audit(test_a_login_is_a_record),
                unit_test_with_audit(test_every_reason_has_a_record),
                unit_test_with_audit(test_a_confirmation_is_a_record_when_it_is_refused),
                unit_test_with_audit(test_a_peer_s_words_are_harmless_and_no_key),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

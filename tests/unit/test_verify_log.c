/* SPDX-License-Identifier: BSD-2-Clause */
/* What an administrator reads of a verification, and that neither a secret nor a client's words do
 * harm there. */
#include "unit_event.h"

#include "login/leftout.h"
#include "login/verify.h"
#include "rules/loglimit.h"

struct fixture {
        struct verify *verify;
        struct unit_capture capture;
};

static int begin(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));

        if (!f || verify_new(&f->verify, NULL, NULL) < 0)
                return -1;
        *state = f;
        return unit_capture_begin(&f->capture);
}

static int end(void **state) {
        struct fixture *f = *state;
        int r = unit_capture_end(&f->capture);

        verify_free(f->verify);
        free(f);
        return r;
}

static void test_lines_say_who_what_and_why(void **state) {
        struct verify_event event = unit_event(REASON_NONE);
        struct fixture *f = *state;

        verify_log(f->verify, &event);
        event.kind = WIRE_CONFIRM;
        verify_log(f->verify, &event);
        event = unit_event(REASON_REVOKED);
        event.rhost[0] = '\0';
        verify_log(f->verify, &event);
        event = unit_event(REASON_EXPIRED);
        event.expires_at = NOW;
        verify_log(f->verify, &event);
        event = unit_event(REASON_RETIRED);
        event.expires_at = NOW;
        verify_log(f->verify, &event);
        event = unit_event(REASON_STORE);
        event.store_error = -ENOSPC;
        verify_log(f->verify, &event);
        event = unit_event(REASON_UNKNOWN_KEY);
        event.peer.has_login = true;
        event.peer.login_uid = 1000;
        verify_log(f->verify, &event);
        assert_string_equal(unit_capture_text(&f->capture),
                            "wfapikeyd: accepted key aaaaaaaaaa: user 'alice', service 'imap', "
                            "source '192.0.2.7', asked by uid 110\n"
                            "wfapikeyd: confirmed key aaaaaaaaaa: user 'alice', service 'imap', "
                            "source '192.0.2.7', asked by uid 110\n"
                            "wfapikeyd: refused key aaaaaaaaaa: user 'alice', service 'imap', "
                            "source 'unknown', asked by uid 110: "
                            "the key was revoked\n"
                            "wfapikeyd: refused key aaaaaaaaaa: user 'alice', service 'imap', "
                            "source '192.0.2.7', asked by uid 110: "
                            "the key has expired (at 2027-01-15T08:00:00Z)\n"
                            "wfapikeyd: refused key aaaaaaaaaa: user 'alice', service 'imap', "
                            "source '192.0.2.7', asked by uid 110: "
                            "the key was rotated: another has taken its place "
                            "(used after its retirement at 2027-01-15T08:00:00Z)\n"
                            "wfapikeyd: refused key aaaaaaaaaa: user 'alice', service 'imap', "
                            "source '192.0.2.7', asked by uid 110: "
                            "the key store could not be read (the disk is full)\n"
                            "wfapikeyd: refused key aaaaaaaaaa: user 'alice', service 'imap', "
                            "source '192.0.2.7', asked by uid 110 (login uid 1000): "
                            "no key has this id\n");
}

static void test_every_reason_has_its_line(void **state) {
        struct fixture *f = *state;

        for (int i = 0; i < _REASON_MAX; i++) {
                struct verify_event event = unit_event((enum reason) i);

                verify_log(f->verify, &event);
                if (i != REASON_NONE)
                        assert_non_null(strstr(unit_capture_text(&f->capture),
                                               verdict_reason_text((enum reason) i)));
        }
        assert_int_equal(unit_capture_lines(&f->capture), _REASON_MAX);
}

static void test_a_key_in_the_wrong_place_is_not_shown(void **state) {
        struct verify_event event = unit_event_with_keys(REASON_OTHER_USER);
        struct fixture *f = *state;

        verify_log(f->verify, &event);
        assert_int_equal(unit_capture_lines(&f->capture), 1);
        assert_null(strstr(unit_capture_text(&f->capture), "wfk_"));
        assert_null(strstr(unit_capture_text(&f->capture), "ABCDEFGHIJ"));
        assert_non_null(strstr(unit_capture_text(&f->capture), "user '(something like a key)'"));
}

static void test_a_peer_s_words_stay_in_their_quotes(void **state) {
        struct verify_event event = unit_event(REASON_OTHER_USER);
        struct fixture *f = *state;

        memcpy(event.user, "x'\nwfapikeyd: accepted", 23);
        memcpy(event.service, "\x1b[2J", 5);
        memset(event.rhost, '\x7f', WIRE_RHOST_MAX);
        verify_log(f->verify, &event);
        assert_int_equal(unit_capture_lines(&f->capture), 1);
        assert_non_null(
                strstr(unit_capture_text(&f->capture),
                       "user 'x\\x27\\x0awfapikeyd: accepted', service '\\x1b[2J', source '\\x7f"));
        assert_null(strchr(unit_capture_text(&f->capture), '\x1b'));
        assert_null(strchr(unit_capture_text(&f->capture), '\x7f'));
}

/* A CA that is trusted for logins may sign any subject that its client asks for. */
static void test_a_subject_stays_in_its_quotes(void **state) {
        struct verify_event event = unit_event(REASON_NONE);
        struct fixture *f = *state;

        memcpy(event.thumbprint, "00aa", 5);
        memcpy(event.subject, "CN=x', asked by uid 0", 22);
        verify_log(f->verify, &event);
        assert_non_null(strstr(unit_capture_text(&f->capture),
                               ", certificate 00aa of 'CN=x\\x27, asked by uid 0'\n"));
}

/* A directory may ignore case: the log says whose key it is. */
static void test_another_spelling_names_the_owner(void **state) {
        static const enum reason named[] = { REASON_NONE, REASON_OTHER_USER,
                                             REASON_SPELLING_UNKNOWN };
        struct fixture *f = *state;

        for (size_t i = 0; i < ARRAY_LEN(named); i++) {
                struct verify_event event = unit_event(named[i]);

                memcpy(event.user, "ALICE", 6);
                verify_log(f->verify, &event);
                assert_int_equal(unit_capture_lines(&f->capture), i + 1);
                assert_string_equal(strrchr(unit_capture_text(&f->capture), '('),
                                    "(the key's owner is 'alice')\n");
        }
}

static void test_the_longest_words_fit_a_line(void **state) {
        struct verify_event event = unit_event(REASON_OTHER_USER);
        struct fixture *f = *state;

        memset(event.user, '\n', WIRE_USER_MAX);
        memset(event.service, '\n', WIRE_SERVICE_MAX);
        memset(event.rhost, '\n', WIRE_RHOST_MAX);
        verify_log(f->verify, &event);
        assert_int_equal(unit_capture_lines(&f->capture), 1);
        assert_non_null(strstr(unit_capture_text(&f->capture),
                               "asked by uid 110: the key belongs to another user"));
}

/* --- How often --- */

static void say(struct fixture *f, const struct verify_event *event, unsigned n) {
        for (unsigned i = 0; i < n; i++)
                verify_log(f->verify, event);
}

static void test_the_same_is_said_so_often_and_then_counted(void **state) {
        struct verify_event event = unit_event(REASON_REVOKED);
        struct fixture *f = *state;

        say(f, &event, 100);
        assert_int_equal(unit_capture_lines(&f->capture), LOGLIMIT_BURST);
        event.now += LOGLIMIT_WINDOW_S;
        say(f, &event, 1);
        assert_int_equal(unit_capture_lines(&f->capture), LOGLIMIT_BURST + 2);
        assert_non_null(strstr(
                unit_capture_text(&f->capture),
                "wfapikeyd: 80 more such lines were left out before this one (key aaaaaaaaaa, "
                "peer uid 110, revoked)\n"));
}

/* A client that stops before the next window is counted all the same. */
static void test_what_was_left_out_is_said_at_last(void **state) {
        struct verify_event event = unit_event(REASON_REVOKED);
        struct fixture *f = *state;

        say(f, &event, 100);
        leftout_say(verify_limits(f->verify), "logins", event.now, false);
        assert_int_equal(unit_capture_lines(&f->capture), LOGLIMIT_BURST);
        event.now += LOGLIMIT_WINDOW_S;
        leftout_say(verify_limits(f->verify), "logins", event.now, false);
        leftout_say(verify_limits(f->verify), "logins", event.now, true);
        assert_int_equal(unit_capture_lines(&f->capture), LOGLIMIT_BURST + 1);
        assert_non_null(strstr(unit_capture_text(&f->capture),
                               "wfapikeyd: 80 lines about logins were left out, because there "
                               "were many alike\n"));
}

static void test_one_peer_or_key_does_not_hide_another(void **state) {
        struct verify_event event = unit_event(REASON_REVOKED);
        struct fixture *f = *state;

        say(f, &event, 100);
        event.peer.uid = 111;
        say(f, &event, 1);
        event = unit_event(REASON_REVOKED);
        event.id[0] = 'b';
        say(f, &event, 1);
        event = unit_event(REASON_NONE);
        say(f, &event, 1);
        assert_int_equal(unit_capture_lines(&f->capture), LOGLIMIT_BURST + 3);
}

static void test_a_source_is_not_hidden_by_others(void **state) {
        struct verify_event event = unit_event(REASON_NONE);
        struct fixture *f = *state;

        verify_limits(f->verify)->seed = 1;
        say(f, &event, 100);
        memcpy(event.rhost, "203.0.113.66", 13);
        say(f, &event, 1);
        assert_int_equal(unit_capture_lines(&f->capture), LOGLIMIT_BURST + 1);
        assert_non_null(strstr(unit_capture_text(&f->capture), "source '203.0.113.66'"));
}

/* Who has a key has as many sources as it likes. */
static void test_many_sources_do_not_fill_the_log(void **state) {
        struct verify_event event = unit_event(REASON_NONE);
        struct fixture *f = *state;

        verify_limits(f->verify)->seed = 1;
        for (unsigned i = 0; i < 5000; i++) {
                (void) snprintf(event.rhost, sizeof(event.rhost), "2001:db8::%x", i);
                verify_log(f->verify, &event);
        }
        assert_in_range(unit_capture_lines(&f->capture), LOGLIMIT_ORIGIN_BURST,
                        2 * LOGLIMIT_ORIGIN_BURST);
}

/* A user who has thousands of keys, revoked ones for instance, shows one after the other. */
static void check_owner_of_many_keys(struct fixture *f, uid_t uid) {
        struct verify_event event = unit_event(REASON_REVOKED);

        event.peer.uid = uid;
        verify_limits(f->verify)->seed = 1; /* nobody shares a place by chance */
        for (unsigned i = 0; i < 5000; i++) {
                (void) snprintf(event.id, sizeof(event.id), "k%09u", i);
                verify_log(f->verify, &event);
        }
        assert_int_equal(unit_capture_lines(&f->capture), LOGLIMIT_ORIGIN_BURST);
        /* nor hides what others do */
        event.owner_uid++;
        verify_log(f->verify, &event);
        event.known = false;
        verify_log(f->verify, &event);
        assert_int_equal(unit_capture_lines(&f->capture), LOGLIMIT_ORIGIN_BURST + 2);
}

/* Through sshd all are uid 0. */
static void test_an_owner_of_many_keys_does_not_fill_the_log(void **state) {
        check_owner_of_many_keys(*state, 0);
}

static void test_nor_through_a_service_that_is_not_root_s(void **state) {
        check_owner_of_many_keys(*state, 110);
}

/* There are as many ids that nobody has as a guesser likes; all of them are one matter. */
static void test_guessed_ids_do_not_fill_the_log(void **state) {
        struct verify_event event = unit_event(REASON_UNKNOWN_KEY);
        struct fixture *f = *state;

        for (unsigned i = 0; i < 1000; i++) {
                (void) snprintf(event.id, sizeof(event.id), "%010u", i);
                verify_log(f->verify, &event);
        }
        assert_int_equal(unit_capture_lines(&f->capture), LOGLIMIT_BURST);
        event.peer.uid = 0;
        say(f, &event, 1);
        assert_int_equal(unit_capture_lines(&f->capture), LOGLIMIT_BURST + 1);
}

#define test_log(t) cmocka_unit_test_setup_teardown(t, begin, end)

int main(void) {
        const struct CMUnitTest tests[] = {
                test_log(test_lines_say_who_what_and_why),
                test_log(test_every_reason_has_its_line),
                test_log(test_a_key_in_the_wrong_place_is_not_shown),
                test_log(test_a_peer_s_words_stay_in_their_quotes),
                test_log(test_a_subject_stays_in_its_quotes),
                test_log(test_another_spelling_names_the_owner),
                test_log(test_the_longest_words_fit_a_line),
                test_log(test_the_same_is_said_so_often_and_then_counted),
                test_log(test_what_was_left_out_is_said_at_last),
                test_log(test_one_peer_or_key_does_not_hide_another),
                test_log(test_a_source_is_not_hidden_by_others),
                test_log(test_many_sources_do_not_fill_the_log),
                test_log(test_an_owner_of_many_keys_does_not_fill_the_log),
                test_log(test_nor_through_a_service_that_is_not_root_s),
                test_log(test_guessed_ids_do_not_fill_the_log),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

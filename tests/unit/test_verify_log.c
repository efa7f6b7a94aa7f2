/* SPDX-License-Identifier: BSD-2-Clause */
/* What an administrator reads of a verification, and that neither a secret nor a peer's words do
 * harm there. */
#include "unit.h"

#include "login/verify.h"
#include "rules/loglimit.h"

#define NOW INT64_C(1800000000)

struct capture {
        struct verify *verify;
        int stderr_fd; /* the real one */
        int file;
        char text[65536];
};

/* Lines are written by the caller here, to a file that takes them all. */
static int begin(void **state) {
        struct capture *c = calloc(1, sizeof(*c));
        void *dir = NULL;
        char path[UNIT_PATH_LEN];

        if (!c || unit_dir_make(&dir) < 0 || verify_new(&c->verify, NULL, NULL) < 0)
                return -1;
        (void) snprintf(path, sizeof(path), "%s/log", (const char *) dir);
        c->file = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        c->stderr_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
        if (c->file < 0 || c->stderr_fd < 0 || dup2(c->file, STDERR_FILENO) < 0)
                return -1;
        *state = c;
        return unit_dir_remove(&dir); /* the file stays while it is open */
}

static int end(void **state) {
        struct capture *c = *state;
        int r = dup2(c->stderr_fd, STDERR_FILENO);

        verify_free(c->verify);
        (void) close(c->stderr_fd);
        (void) close(c->file);
        free(c);
        return r < 0 ? -1 : 0;
}

/* All that was written so far. */
static const char *output(struct capture *c) {
        ssize_t n = pread(c->file, c->text, sizeof(c->text) - 1, 0);

        assert_in_range(n, 0, sizeof(c->text) - 2);
        c->text[n] = '\0';
        return c->text;
}

static unsigned count_lines(struct capture *c) {
        unsigned n = 0;

        for (const char *p = output(c); (p = strchr(p, '\n')); p++)
                n++;
        return n;
}

static struct verify_event event_of(enum reason reason) {
        return (struct verify_event){ .reason = reason,
                                      .known = reason != REASON_UNKNOWN_KEY,
                                      .kind = WIRE_VERIFY,
                                      .id = "aaaaaaaaaa",
                                      .user = "alice",
                                      .service = "imap",
                                      .rhost = "192.0.2.7",
                                      .peer = { .uid = 110, .pid = 77 },
                                      .now = NOW };
}

static void test_lines_say_who_what_and_why(void **state) {
        struct verify_event event = event_of(REASON_NONE);
        struct capture *c = *state;

        verify_log(c->verify, &event);
        event.kind = WIRE_CONFIRM;
        verify_log(c->verify, &event);
        event = event_of(REASON_REVOKED);
        event.rhost[0] = '\0';
        verify_log(c->verify, &event);
        event = event_of(REASON_EXPIRED);
        event.expires_at = NOW;
        verify_log(c->verify, &event);
        event = event_of(REASON_RETIRED);
        event.expires_at = NOW;
        verify_log(c->verify, &event);
        event = event_of(REASON_STORE);
        event.store_error = -ENOSPC;
        verify_log(c->verify, &event);
        assert_string_equal(output(c),
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
                            "the key store could not be read (the disk is full)\n");
}

static void test_every_reason_has_its_line(void **state) {
        struct capture *c = *state;

        for (int i = 0; i < _REASON_MAX; i++) {
                struct verify_event event = event_of((enum reason) i);

                verify_log(c->verify, &event);
                if (i != REASON_NONE)
                        assert_non_null(strstr(output(c), verdict_reason_text((enum reason) i)));
        }
        assert_int_equal(count_lines(c), _REASON_MAX);
}

/* A person may type the key where the name belongs. */
static void test_a_key_in_the_wrong_place_is_not_shown(void **state) {
        static const char key[] =
                "wfk_0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq1bUyxg";
        struct verify_event event = event_of(REASON_OTHER_USER);
        struct capture *c = *state;

        memcpy(event.user, key, sizeof(key));
        memcpy(event.service, key, WIRE_SERVICE_MAX);
        (void) snprintf(event.rhost, sizeof(event.rhost), "from %s", key);
        verify_log(c->verify, &event);
        assert_int_equal(count_lines(c), 1);
        assert_null(strstr(output(c), "wfk_"));
        assert_null(strstr(output(c), "ABCDEFGHIJ"));
        assert_non_null(strstr(output(c), "user '(something like a key)'"));
}

static void test_a_peer_s_words_stay_in_their_quotes(void **state) {
        struct verify_event event = event_of(REASON_OTHER_USER);
        struct capture *c = *state;

        memcpy(event.user, "x'\nwfapikeyd: accepted", 23);
        memcpy(event.service, "\x1b[2J", 5);
        memset(event.rhost, '\x7f', WIRE_RHOST_MAX);
        verify_log(c->verify, &event);
        assert_int_equal(count_lines(c), 1);
        assert_non_null(
                strstr(output(c),
                       "user 'x\\x27\\x0awfapikeyd: accepted', service '\\x1b[2J', source '\\x7f"));
        assert_null(strchr(output(c), '\x1b'));
        assert_null(strchr(output(c), '\x7f'));
}

static void test_the_longest_words_fit_a_line(void **state) {
        struct verify_event event = event_of(REASON_OTHER_USER);
        struct capture *c = *state;

        memset(event.user, '\n', WIRE_USER_MAX);
        memset(event.service, '\n', WIRE_SERVICE_MAX);
        memset(event.rhost, '\n', WIRE_RHOST_MAX);
        verify_log(c->verify, &event);
        assert_int_equal(count_lines(c), 1);
        assert_non_null(strstr(output(c), "asked by uid 110: the key belongs to another user\n"));
}

/* --- How often --- */

static void say(struct capture *c, const struct verify_event *event, unsigned n) {
        for (unsigned i = 0; i < n; i++)
                verify_log(c->verify, event);
}

static void test_the_same_is_said_so_often_and_then_counted(void **state) {
        struct verify_event event = event_of(REASON_REVOKED);
        struct capture *c = *state;

        say(c, &event, 100);
        assert_int_equal(count_lines(c), LOGLIMIT_BURST);
        event.now += LOGLIMIT_WINDOW_S;
        say(c, &event, 1);
        assert_int_equal(count_lines(c), LOGLIMIT_BURST + 2);
        assert_non_null(strstr(
                output(c),
                "wfapikeyd: 80 more such lines were left out before this one (key aaaaaaaaaa, "
                "peer uid 110, revoked)\n"));
}

static void test_one_peer_or_key_does_not_hide_another(void **state) {
        struct verify_event event = event_of(REASON_REVOKED);
        struct capture *c = *state;

        say(c, &event, 100);
        event.peer.uid = 111;
        say(c, &event, 1);
        event = event_of(REASON_REVOKED);
        event.id[0] = 'b';
        say(c, &event, 1);
        event = event_of(REASON_NONE);
        say(c, &event, 1);
        assert_int_equal(count_lines(c), LOGLIMIT_BURST + 3);
}

/* There are as many ids that nobody has as a guesser likes; all of them are one matter. */
static void test_guessed_ids_do_not_fill_the_log(void **state) {
        struct verify_event event = event_of(REASON_UNKNOWN_KEY);
        struct capture *c = *state;

        for (unsigned i = 0; i < 1000; i++) {
                (void) snprintf(event.id, sizeof(event.id), "%010u", i);
                verify_log(c->verify, &event);
        }
        assert_int_equal(count_lines(c), LOGLIMIT_BURST);
        event.peer.uid = 0;
        say(c, &event, 1);
        assert_int_equal(count_lines(c), LOGLIMIT_BURST + 1);
}

#define test_log(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void) {
        const struct CMUnitTest tests[] = {
                test_log(test_lines_say_who_what_and_why),
                test_log(test_every_reason_has_its_line),
                test_log(test_a_key_in_the_wrong_place_is_not_shown),
                test_log(test_a_peer_s_words_stay_in_their_quotes),
                test_log(test_the_longest_words_fit_a_line),
                test_log(test_the_same_is_said_so_often_and_then_counted),
                test_log(test_one_peer_or_key_does_not_hide_another),
                test_log(test_guessed_ids_do_not_fill_the_log),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

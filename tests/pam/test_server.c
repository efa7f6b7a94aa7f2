/* SPDX-License-Identifier: BSD-2-Clause */
/* Daemons that lie, or have another version. The code of the login says that it could not be
 * decided: it is neither a wrong key nor a success. The user is told nothing. This holds in
 * authenticate, and in account for an old login. */
#include <stdio.h>
#include <unistd.h>

#include "check.h"
#include "suite.h"

enum offset {
        AT_MAGIC = 0,
        AT_VERSION = 3,
        AT_SEQ = 4,
        AT_VERDICT = 8,
        AT_REASON = 12,
        AT_ID = 16,
        AT_TICKET = 26,
        AT_NAME_LEN = 58,
        AT_NAME = 59,
};

/* A good reply with the given verdict. ${len} bytes of it are sent (0: all), and one byte is
 * changed. */
static const struct lie {
        const char *name;
        enum verdict verdict;
        size_t at;
        uint8_t change; /* XORed into the byte */
        size_t len;
        bool other_seq;
} lies[] = {
        { "a reply that lacks its last byte", VERDICT_ALLOW, .len = WIRE_REPLY_LEN - 1 },
        { "a reply with one byte more", VERDICT_ALLOW, .len = WIRE_REPLY_LEN + 1 },
        { "a reply of a request's length", VERDICT_ALLOW, .len = WIRE_REQUEST_LEN },
        { "a reply of 64 KiB", VERDICT_ALLOW, .len = 65536 },
        { "a reply of one byte", VERDICT_ALLOW, .len = 1 },
        { "a reply of a header alone", VERDICT_ALLOW, .len = AT_ID },
        { "a reply with another magic", VERDICT_ALLOW, .at = AT_MAGIC, .change = 1 },
        { "a reply of another version", VERDICT_ALLOW, .at = AT_VERSION, .change = 3 },
        { "a reply to another request", VERDICT_ALLOW, .other_seq = true },
        { "a verdict that is one off allow", VERDICT_ALLOW, .at = AT_VERDICT, .change = 1 },
        { "an allow with a high bit more", VERDICT_ALLOW, .at = AT_VERDICT + 3, .change = 0x80 },
        { "an allow with a reason", VERDICT_ALLOW, .at = AT_REASON, .change = REASON_REVOKED },
        { "an allow with an unknown reason", VERDICT_ALLOW, .at = AT_REASON + 3, .change = 0xff },
        { "an allow for an id that is none", VERDICT_ALLOW, .at = AT_ID, .change = 0x80 },
        { "an allow for an id that is cut", VERDICT_ALLOW, .at = AT_ID + 9, .change = 'A' },
        { "an allow with a name longer than its field", VERDICT_ALLOW, .at = AT_NAME_LEN,
          .change = 0xff },
        { "an allow with a NUL in its name", VERDICT_ALLOW, .at = AT_NAME, .change = 'k' },
        { "an allow with something behind its name", VERDICT_ALLOW, .at = WIRE_REPLY_LEN - 1,
          .change = 1 },
        { "a refusal with an id", VERDICT_DENY, .at = AT_ID, .change = 'A' },
        { "a refusal with a ticket", VERDICT_DENY, .at = AT_TICKET, .change = 1 },
        { "a refusal with a name", VERDICT_DENY, .at = WIRE_REPLY_LEN - 1, .change = 1 },
        { "a certificate refusal with an id", VERDICT_DENY_CERTIFICATE, .at = AT_ID,
          .change = 'A' },
        { "the verdict that nothing could be decided", VERDICT_INTERNAL },
        { "the verdict of another version", VERDICT_VERSION },
        { "a verdict that does not exist", (enum verdict) 0x7fff },
        { "the verdict minus one", (enum verdict) - 1 },
};

static struct login old; /* logged in more than a second ago */

static void good_reply(struct wire_reply *reply, enum verdict verdict) {
        *reply = (struct wire_reply){ .seq = 1, .verdict = verdict, .name = "key" };
        memcpy(reply->id, "AAAAAAAAAA", KEYTEXT_ID_LEN);
        memset(reply->ticket, 7, sizeof(reply->ticket));
}

static void test_lie(void **state) {
        uint8_t bytes[STANDIN_REPLY_MAX] = {};
        const struct lie *lie = *state;
        struct wire_reply reply;

        good_reply(&reply, lie->verdict);
        wire_reply_encode(bytes, &reply);
        bytes[lie->at] ^= lie->change;
        if (lie->other_seq)
                bytes[AT_SEQ] = 0x77;
        standin_reply(&standin, bytes, lie->len ? lie->len : WIRE_REPLY_LEN, !lie->other_seq);
        check_undecided("svc", 1);
        check_account(&old, PAM_AUTHINFO_UNAVAIL, 1);
}

static void test_empty_reply(void **state) {
        (void) state;
        standin_reply(&standin, (const uint8_t *) "", 0, false);
        check_undecided("svc", 2);
        check_account(&old, PAM_AUTHINFO_UNAVAIL, 2);
}

static void test_every_length(void **state) {
        uint8_t bytes[WIRE_REPLY_LEN + 32] = {};
        struct wire_reply reply;

        (void) state;
        good_reply(&reply, VERDICT_ALLOW);
        wire_reply_encode(bytes, &reply);
        for (size_t len = 1; len < sizeof(bytes); len++)
                if (len != WIRE_REPLY_LEN) {
                        standin_reply(&standin, bytes, len, true);
                        check_undecided("svc", 1);
                }
}

static void test_every_bit_of_the_header(void **state) {
        struct wire_reply reply;

        (void) state;
        good_reply(&reply, VERDICT_ALLOW);
        for (size_t bit = 0; bit < 8 * AT_ID; bit++) {
                uint8_t bytes[WIRE_REPLY_LEN];

                wire_reply_encode(bytes, &reply);
                bytes[bit / 8] ^= (uint8_t) (1 << bit % 8);
                standin_reply(&standin, bytes, sizeof(bytes), false);
                check_undecided("svc", 1);
        }
}

static void test_own_request(void **state) {
        uint8_t request[WIRE_REQUEST_LEN + 1];
        const uint8_t *seen;
        size_t len;

        (void) state;
        standin_set(&standin, STANDIN_CLOSE);
        check_undecided("svc", 2);
        seen = standin_request(&standin, &len);
        assert_int_equal(len, WIRE_REQUEST_LEN);
        memcpy(request, seen, len);
        standin_reply(&standin, request, len, false);
        check_undecided("svc", 1);
        standin_reply(&standin, request, WIRE_REPLY_LEN, false);
        check_undecided("svc", 1);
}

/* --- What a daemon may say, for comparison --- */

static void test_allow(void **state) {
        struct wire_reply reply;
        struct login l;

        (void) state;
        good_reply(&reply, VERDICT_ALLOW);
        standin_verdict(&standin, &reply);
        login_open(&l, &world, "svc", world.user);
        assert_pam(login_try(&l, key.text), PAM_SUCCESS);
        assert_string_equal(login_env(&l, "WFAPIKEY_ID"), "AAAAAAAAAA");
        assert_string_equal(login_env(&l, "WFAPIKEY_NAME"), "key");
        login_close(&l);
        assert_int_equal(standin_asked(&standin), 1);
        check_account(&old, PAM_SUCCESS, 1);
}

static void test_longest_name(void **state) {
        struct wire_reply reply;
        struct login l;

        (void) state;
        good_reply(&reply, VERDICT_ALLOW);
        memset(reply.name, '=', WIRE_NAME_MAX);
        standin_verdict(&standin, &reply);
        login_open(&l, &world, "svc", world.user);
        assert_pam(login_try(&l, key.text), PAM_SUCCESS);
        assert_string_equal(login_env(&l, "WFAPIKEY_NAME"), reply.name);
        login_close(&l);
        assert_int_equal(standin_asked(&standin), 1);
}

static void check_refusal(enum verdict verdict, int flags, int returns_for_text,
                          unsigned sentences) {
        struct wire_reply reply = { .verdict = verdict, .reason = REASON_REVOKED };
        struct login l;

        standin_verdict(&standin, &reply);
        login_open(&l, &world, "svc", world.user);
        l.answer = key.text;
        l.returns_for_text = returns_for_text;
        assert_pam(pam_authenticate(l.pamh, flags), PAM_AUTH_ERR);
        assert_int_equal(l.secrets_asked, 1);
        assert_int_equal(l.errors, sentences);
        assert_int_equal(l.calls, 1 + sentences);
        login_close(&l);
        assert_int_equal(standin_asked(&standin), 1);
        check_account(&old, PAM_PERM_DENIED, 1);
}

static void test_refusal(void **state) {
        (void) state;
        check_refusal(VERDICT_DENY, 0, PAM_SUCCESS, 0);
}

static void test_certificate(void **state) {
        (void) state;
        check_refusal(VERDICT_DENY_CERTIFICATE, 0, PAM_SUCCESS, 1);
        check_refusal(VERDICT_DENY_CERTIFICATE, PAM_SILENT, PAM_SUCCESS, 0);
}

static void test_certificate_unheard(void **state) {
        (void) state;
        check_refusal(VERDICT_DENY_CERTIFICATE, 0, PAM_CONV_ERR, 1);
        check_refusal(VERDICT_DENY_CERTIFICATE, 0, PAM_CONV_AGAIN, 1);
        check_refusal(VERDICT_DENY_CERTIFICATE, 0, PAM_BUF_ERR, 1);
}

/* --- Set-up and table --- */

static void set_up(void) {
        world_service(&world, "svc",
                      "auth required %s\n"
                      "auth optional %s as=AFTER\n"
                      "account required %s\n",
                      ours, world.peek, ours);

        check_login(&old, "svc", &key);
        login_age();
}

static void tear_down(void) {
        login_close(&old);
}

static const struct suite_test tests[] = {
        CASE(test_allow, "for comparison: a well-formed allow logs in"),
        CASE(test_longest_name, "for comparison: the longest name goes into the environment whole"),
        CASE(test_refusal, "a refusal is a refusal, and the user is told nothing"),
        CASE(test_certificate,
             "want of a certificate is told once, and not where silence is asked for"),
        CASE(test_certificate_unheard,
             "whether the user can be told of certificates does not matter"),
        CASE(test_empty_reply, "undecided: an empty reply, asked twice at most"),
        CASE(test_every_length, "undecided: an allow of any wrong length"),
        CASE(test_every_bit_of_the_header,
             "undecided: an allow with any bit of its header turned over"),
        CASE(test_own_request, "undecided: the request sent back"),
        ROWS(lies, test_lie, "undecided: "),
};

const struct suite suite = {
        .name = "server",
        .daemon = true,
        .standin = true,
        .set_up = set_up,
        .tear_down = tear_down,
        .tests = tests,
        .n_tests = ARRAY_LEN(tests),
};

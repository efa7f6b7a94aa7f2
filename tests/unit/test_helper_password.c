/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of a name and a password in the helper, with a libpam of our own in the place of
 * the real one (-Wl,--wrap=...). */
#include <grp.h>
#include <pwd.h>
#include <security/pam_appl.h>

#include "unit.h"

#include "base/helper.h"
#include "control/password_bytes.h"

/* What libpam does next, and what it saw. */
static struct {
        int start, authenticate, account;
        /* of the one message that it sends; 0: none */
        int style;
        int n_messages;
        const char *pam_user; /* who it is in the end */
        struct pam_conv conv;
        char user[64], service[64], password[600];
        int conv_result, flags[2];
        unsigned ends;
} pam;

int __wrap_pam_start(const char *service, const char *user, const struct pam_conv *conv,
                     pam_handle_t **pamh);
int __wrap_pam_end(pam_handle_t *pamh, int status);
int __wrap_pam_set_item(pam_handle_t *pamh, int type, const void *item);
int __wrap_pam_get_item(const pam_handle_t *pamh, int type, const void **item);
int __wrap_pam_authenticate(pam_handle_t *pamh, int flags);
int __wrap_pam_acct_mgmt(pam_handle_t *pamh, int flags);
struct passwd *__wrap_getpwnam(const char *name);
int __wrap_getgrouplist(const char *user, gid_t group, gid_t *groups, int *n);

int __wrap_pam_start(const char *service, const char *user, const struct pam_conv *conv,
                     pam_handle_t **pamh) {
        (void) snprintf(pam.service, sizeof(pam.service), "%s", service);
        (void) snprintf(pam.user, sizeof(pam.user), "%s", user);
        pam.conv = *conv;
        *pamh = (pam_handle_t *) &pam;
        return pam.start;
}

int __wrap_pam_end(pam_handle_t *pamh, int status) {
        (void) pamh;
        (void) status;
        pam.ends++;
        return PAM_SUCCESS;
}

int __wrap_pam_set_item(pam_handle_t *pamh, int type, const void *item) {
        (void) pamh;
        (void) item;
        assert_int_equal(type, PAM_FAIL_DELAY);
        return PAM_SUCCESS;
}

int __wrap_pam_get_item(const pam_handle_t *pamh, int type, const void **item) {
        (void) pamh;
        assert_int_equal(type, PAM_USER);
        *item = pam.pam_user;
        return PAM_SUCCESS;
}

static void converse(void) {
        const struct pam_message message = { .msg_style = pam.style, .msg = "?" };
        const struct pam_message *messages[] = { &message, &message };
        struct pam_response *answer = NULL;

        pam.conv_result = pam.conv.conv(pam.n_messages, messages, &answer, pam.conv.appdata_ptr);
        if (pam.conv_result != PAM_SUCCESS) {
                assert_null(answer);
                return;
        }
        for (int i = 0; i < pam.n_messages; i++) {
                if (answer[i].resp)
                        (void) snprintf(pam.password, sizeof(pam.password), "%s", answer[i].resp);
                free(answer[i].resp);
        }
        free(answer);
}

int __wrap_pam_authenticate(pam_handle_t *pamh, int flags) {
        (void) pamh;
        pam.flags[0] = flags;
        if (pam.style != 0)
                converse();
        return pam.authenticate;
}

int __wrap_pam_acct_mgmt(pam_handle_t *pamh, int flags) {
        (void) pamh;
        pam.flags[1] = flags;
        return pam.account;
}

struct passwd *__wrap_getpwnam(const char *name) {
        static char alice[] = "alice";
        static struct passwd pw = { .pw_name = alice, .pw_uid = 1001, .pw_gid = 1002 };

        return strcmp(name, alice) == 0 ? &pw : NULL;
}

int __wrap_getgrouplist(const char *user, gid_t group, gid_t *groups, int *n) {
        bool all = *n >= 2;

        assert_string_equal(user, "alice");
        groups[0] = group;
        groups[1] = 2002;
        *n = 2;
        return all ? 2 : -1;
}

static int reset(void **state) {
        (void) state;
        memset(&pam, 0, sizeof(pam));
        pam.style = PAM_PROMPT_ECHO_OFF;
        pam.n_messages = 1;
        pam.pam_user = "alice";
        return 0;
}

static const struct helper_password_question asked = { .user = "alice",
                                                       .password = "correct horse" };

static int ask(struct helper_password_answer *ret) {
        uint8_t in[PASSWORD_BYTES_QUESTION_MAX], *out = malloc(HELPER_BYTES_MAX);
        ssize_t n = password_bytes_put_question(&asked, in, sizeof(in));

        assert_non_null(out);
        assert_in_range(n, 1, sizeof(in));
        n = helper_password_run(in, (size_t) n, out);
        if (n >= 0)
                assert_int_equal(password_bytes_take_answer(out, (size_t) n, ret), 0);
        free(out);
        return n < 0 ? (int) n : 0;
}

static void test_the_right_password_names_its_user(void **state) {
        struct helper_password_answer answer;

        (void) state;
        assert_int_equal(ask(&answer), 0);
        assert_int_equal(answer.verdict, HELPER_PASSWORD_RIGHT);
        assert_int_equal(answer.uid, 1001);
        assert_int_equal(answer.gid, 1002);
        assert_int_equal(answer.n_groups, 2);
        assert_int_equal(answer.groups[1], 2002);
        assert_string_equal(pam.service, "wfapikey");
        assert_string_equal(pam.user, "alice");
        assert_string_equal(pam.password, "correct horse");
        assert_int_equal(pam.flags[0], PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK);
        assert_int_equal(pam.flags[1], PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK);
        assert_int_equal(pam.ends, 1);
}

/* PAM_SYSTEM_ERR, too: it is what pam_exec says when its command refuses the password. */
static void test_every_other_code_is_no_right_password(void **state) {
        struct helper_password_answer answer;

        for (int rv = 1; rv < 64; rv++) {
                if (rv == PAM_BUF_ERR)
                        continue;
                (void) reset(state);
                pam.authenticate = rv;
                assert_int_equal(ask(&answer), 0);
                assert_int_equal(answer.verdict, HELPER_PASSWORD_WRONG);
                assert_int_equal(answer.uid, 0);
                assert_int_equal(pam.flags[1], 0); /* the account was not asked */
                (void) reset(state);
                pam.account = rv;
                assert_int_equal(ask(&answer), 0);
                assert_int_equal(answer.verdict, rv == PAM_NEW_AUTHTOK_REQD
                                                         ? HELPER_PASSWORD_EXPIRED
                                                         : HELPER_PASSWORD_CLOSED);
                assert_int_equal(answer.n_groups, 0);
        }
}

static void test_want_of_memory_is_no_wrong_password(void **state) {
        struct helper_password_answer answer;

        pam.authenticate = PAM_BUF_ERR;
        assert_int_equal(ask(&answer), -EIO);
        assert_int_equal(pam.ends, 1);
        (void) reset(state);
        pam.account = PAM_BUF_ERR;
        assert_int_equal(ask(&answer), -EIO);
        assert_int_equal(pam.ends, 1);
}

static void test_who_it_is_in_the_end_counts(void **state) {
        struct helper_password_answer answer;

        (void) state;
        pam.pam_user = "nobody-here";
        assert_int_equal(ask(&answer), 0);
        assert_int_equal(answer.verdict, HELPER_PASSWORD_WRONG);
        pam.pam_user = NULL;
        assert_int_equal(ask(&answer), 0);
        assert_int_equal(answer.verdict, HELPER_PASSWORD_WRONG);
}

static void test_only_a_hidden_prompt_gets_the_password(void **state) {
        static const struct {
                int style, n, result;
                const char *password;
        } rows[] = {
                { PAM_PROMPT_ECHO_OFF, 1, PAM_SUCCESS, "correct horse" },
                { PAM_PROMPT_ECHO_OFF, 2, PAM_SUCCESS, "correct horse" },
                { PAM_PROMPT_ECHO_ON, 1, PAM_CONV_ERR, "" },
                { PAM_PROMPT_ECHO_ON, 2, PAM_CONV_ERR, "" },
                { PAM_TEXT_INFO, 1, PAM_SUCCESS, "" },
                { PAM_ERROR_MSG, 2, PAM_SUCCESS, "" },
                { 99, 1, PAM_CONV_ERR, "" },
                { PAM_PROMPT_ECHO_OFF, 0, PAM_CONV_ERR, "" },
                { PAM_PROMPT_ECHO_OFF, -1, PAM_CONV_ERR, "" },
                { PAM_PROMPT_ECHO_OFF, PAM_MAX_NUM_MSG + 1, PAM_CONV_ERR, "" },
        };
        struct helper_password_answer answer;

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                (void) reset(state);
                pam.style = rows[i].style;
                pam.n_messages = rows[i].n;
                assert_int_equal(ask(&answer), 0);
                assert_int_equal(pam.conv_result, rows[i].result);
                assert_string_equal(pam.password, rows[i].password);
        }
}

static void test_no_answer_to_what_is_no_question(void **state) {
        uint8_t in[PASSWORD_BYTES_QUESTION_MAX + 1], out[8];
        ssize_t len = password_bytes_put_question(&asked, in, sizeof(in));
        struct helper_password_answer answer;

        (void) state;
        for (size_t cut = 0; cut < (size_t) len; cut++)
                assert_true(helper_password_run(in, cut, out) == -EBADMSG);
        in[len] = 0;
        assert_true(helper_password_run(in, (size_t) len + 1, out) == -EBADMSG);
        in[5] = '\0'; /* in the name */
        assert_true(helper_password_run(in, (size_t) len, out) == -EBADMSG);
        assert_int_equal(pam.ends, 0);
        assert_string_equal(pam.service, ""); /* nobody was asked */
        pam.start = PAM_ABORT;
        assert_int_equal(ask(&answer), -EIO);
}

/* --- As bytes --- */

static void test_a_question_and_back(void **state) {
        struct helper_password_question longest, got;
        uint8_t in[PASSWORD_BYTES_QUESTION_MAX], again[sizeof(in)];

        (void) state;
        memset(&longest, 0, sizeof(longest));
        memset(longest.user, 'u', WIRE_USER_MAX);
        memset(longest.password, 'p', HELPER_PASSWORD_MAX);
        assert_int_equal(password_bytes_put_question(&longest, in, sizeof(in)), sizeof(in));
        assert_true(password_bytes_put_question(&longest, again, sizeof(in) - 1) == -EMSGSIZE);
        assert_int_equal(password_bytes_take_question(in, sizeof(in), &got), 0);
        assert_memory_equal(&got, &longest, sizeof(got));
        assert_int_equal(password_bytes_put_question(&got, again, sizeof(again)), sizeof(in));
        assert_memory_equal(again, in, sizeof(in));
        unit_poison(&got, sizeof(got));
        for (size_t i = 0; i < 3; i++) { /* the kind, and both lengths */
                const size_t at[] = { 0, 1, 5 + WIRE_USER_MAX };

                in[at[i]] ^= 1;
                assert_int_equal(password_bytes_take_question(in, sizeof(in), &got), -EBADMSG);
                in[at[i]] ^= 1;
        }
        unit_poisoned("question", &got, sizeof(got));
}

static void no_answer(const char *why, const uint8_t *in, size_t len) {
        struct helper_password_answer got;

        unit_poison(&got, sizeof(got));
        unit_int(why, password_bytes_take_answer(in, len, &got), -EBADMSG);
        unit_poisoned(why, &got, sizeof(got));
}

static void not_so(const char *why, const struct helper_password_answer *answer) {
        static uint8_t bytes[HELPER_BYTES_MAX];
        ssize_t len = password_bytes_put_answer(answer, bytes, sizeof(bytes));

        assert_true(len > 0);
        no_answer(why, bytes, (size_t) len);
}

static void test_an_answer_and_back(void **state) {
        struct helper_password_answer most = { .verdict = HELPER_PASSWORD_RIGHT,
                                               .uid = 1001,
                                               .gid = 1002,
                                               .n_groups = HELPER_PASSWORD_GROUPS },
                                      got = {};
        uint8_t bytes[PASSWORD_BYTES_ANSWER_MAX + 1] = {}, again[PASSWORD_BYTES_ANSWER_MAX];
        size_t len = PASSWORD_BYTES_ANSWER_MAX;

        (void) state;
        for (int i = 0; i < HELPER_PASSWORD_GROUPS; i++)
                most.groups[i] = (gid_t) (2000 + i);
        assert_int_equal(password_bytes_put_answer(&most, bytes, sizeof(bytes)), len);
        assert_int_equal(password_bytes_take_answer(bytes, len, &got), 0);
        assert_memory_equal(&got, &most, sizeof(got));
        assert_int_equal(password_bytes_put_answer(&got, again, sizeof(again)), len);
        assert_memory_equal(again, bytes, len);
        for (size_t cut = 0; cut < len; cut++)
                no_answer("cut", bytes, cut);
        no_answer("a byte follows", bytes, len + 1);
        bytes[0] ^= 1;
        no_answer("of another kind", bytes, len);
        bytes[0] ^= 1;
        for (unsigned verdict = HELPER_PASSWORD_RIGHT + 1; verdict < 256; verdict++) {
                bytes[1] = (uint8_t) verdict;
                no_answer("no such verdict", bytes, len);
        }
}

static void test_answers_that_cannot_be(void **state) {
        const struct helper_password_answer good = { .verdict = HELPER_PASSWORD_RIGHT,
                                                     .uid = 1001,
                                                     .gid = 1002,
                                                     .n_groups = 1,
                                                     .groups = { 2002 } };
        struct helper_password_answer bad;
        uint8_t bytes[64];
        ssize_t len = password_bytes_put_answer(&good, bytes, sizeof(bytes));

        (void) state;
#define bad_when(...)                                                                              \
        ({                                                                                         \
                bad = good;                                                                        \
                __VA_ARGS__;                                                                       \
                not_so(#__VA_ARGS__, &bad);                                                        \
        })
        bad_when(bad.verdict = HELPER_PASSWORD_WRONG);
        bad_when(bad.verdict = HELPER_PASSWORD_EXPIRED);
        bad_when(bad.verdict = HELPER_PASSWORD_CLOSED);
        bad_when(bad.verdict = HELPER_PASSWORD_WRONG, bad.uid = 0, bad.gid = 0);
        bad_when(bad.verdict = HELPER_PASSWORD_WRONG, bad.n_groups = 0, bad.gid = 0);
        bad_when(bad.uid = (uid_t) -1);
        bad_when(bad.gid = (gid_t) -1);
        static const uint32_t counts[] = { 0,          2,          HELPER_PASSWORD_GROUPS + 1,
                                           0x7fffffff, 0x80000001, 0xffffffff };

        for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
                bytes_put(bytes + 10, 4, counts[i]);
                no_answer("another number of groups than there are", bytes, (size_t) len);
        }
}

#define test_password(f) cmocka_unit_test_setup(f, reset)

int main(void) {
        const struct CMUnitTest tests[] = {
                test_password(test_the_right_password_names_its_user),
                test_password(test_every_other_code_is_no_right_password),
                test_password(test_want_of_memory_is_no_wrong_password),
                test_password(test_who_it_is_in_the_end_counts),
                test_password(test_only_a_hidden_prompt_gets_the_password),
                test_password(test_no_answer_to_what_is_no_question),
                cmocka_unit_test(test_a_question_and_back),
                cmocka_unit_test(test_an_answer_and_back),
                cmocka_unit_test(test_answers_that_cannot_be),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The module's options: each of them, and each way to write it wrongly. What an option does to a
 * login is not known here. */
#include "unit.h"

#include "pam_args.h"

static const struct {
        const char *word;
        struct pam_args args; /* what it makes of the defaults */
} good[] = {
        { "socket=/a/b", { .socket = "/a/b", .timeout_ms = 2000 } },
        { "socket=/", { .socket = "/", .timeout_ms = 2000 } },
        { "socket=/with blank", { .socket = "/with blank", .timeout_ms = 2000 } },
        { "timeout=5", { .socket = PAM_ARGS_SOCKET, .timeout_ms = 5000 } },
        { "timeout=5s", { .socket = PAM_ARGS_SOCKET, .timeout_ms = 5000 } },
        { "timeout=10ms", { .socket = PAM_ARGS_SOCKET, .timeout_ms = 10 } },
        { "timeout=60", { .socket = PAM_ARGS_SOCKET, .timeout_ms = 60000 } },
        { "prompt=API key: ",
          { .socket = PAM_ARGS_SOCKET, .timeout_ms = 2000, .prompt = "API key: " } },
        { "prompt==", { .socket = PAM_ARGS_SOCKET, .timeout_ms = 2000, .prompt = "=" } },
        { "server_uid=0", { .socket = PAM_ARGS_SOCKET, .timeout_ms = 2000 } },
        { "server_uid=998", { .socket = PAM_ARGS_SOCKET, .timeout_ms = 2000, .server_uid = 998 } },
        { "server_uid=4294967294",
          { .socket = PAM_ARGS_SOCKET, .timeout_ms = 2000, .server_uid = 4294967294 } },
        { "use_first_pass",
          { .socket = PAM_ARGS_SOCKET, .timeout_ms = 2000, .use_first_pass = true } },
        { "try_first_pass", { .socket = PAM_ARGS_SOCKET, .timeout_ms = 2000 } },
        { "debug", { .socket = PAM_ARGS_SOCKET, .timeout_ms = 2000, .debug = true } },
        { "certificate=field",
          { .socket = PAM_ARGS_SOCKET, .timeout_ms = 2000, .certificate_field = true } },
        { "certificate=prompt",
          { .socket = PAM_ARGS_SOCKET, .timeout_ms = 2000, .certificate_prompt = true } },
        { "certificate=proof",
          { .socket = PAM_ARGS_SOCKET, .timeout_ms = 2000, .certificate_proof = true } },
        { "certificate=env:SSL_CLIENT_CERT",
          { .socket = PAM_ARGS_SOCKET, .timeout_ms = 2000, .certificate_env = "SSL_CLIENT_CERT" } },
        { "certificate=env:field",
          { .socket = PAM_ARGS_SOCKET, .timeout_ms = 2000, .certificate_env = "field" } },
        { "certificate=process-env:X",
          { .socket = PAM_ARGS_SOCKET, .timeout_ms = 2000, .certificate_process_env = "X" } },
};

static const char *const bad[] = {
        "",
        " ",
        "socket",
        "socket=",
        "socket=relative",
        "socket=./a",
        "socket= /a",
        "socket:/a",
        "Socket=/a",
        "sockets=/a",
        "timeout",
        "timeout=",
        "timeout=0",
        "timeout=-1",
        "timeout=+1",
        "timeout=9ms",
        "timeout=61",
        "timeout=1m",
        "timeout=2 ",
        "timeout= 2",
        "timeout=2.5",
        "timeout=0x2",
        "timeout=99999999999999999999",
        "TIMEOUT=2",
        "prompt",
        "prompt=",
        "server_uid",
        "server_uid=",
        "server_uid=-1",
        "server_uid=4294967295",
        "server_uid=4294967296",
        "server_uid=18446744073709551616",
        "server_uid=root",
        "server_uid=00",
        "server_uid=0 ",
        "server-uid=0",
        "serveruid=0",
        "use_first_pass=",
        "use_first_pass=yes",
        "use_first_passs",
        "use_first_pas",
        "use-first-pass",
        "try_first_pass=1",
        "try_first_pass ",
        "certificate",
        "certificate=",
        "certificate=no",
        "certificate=yes",
        "certificate=Field",
        "certificate=fields",
        "certificate=field,prompt",
        "certificate=field prompt",
        "certificate= field",
        "certificate=env",
        "certificate=env:",
        "certificate=env:A=B",
        "certificate=env:=",
        "certificate=env=A",
        "certificate=process-env",
        "certificate=process-env:",
        "certificate=process-env:A=",
        "certificate=process_env:A",
        "certificates=field",
        "debug=",
        "debug=1",
        "debugs",
        "debu",
        "Debug",
        "no_debug",
        "nullok",
        "fail"
        "open", /* no such option, ever */
        "#comment",
        "issue", /* in a session line only */
        "issue=",
};

static int parse(int argc, const char *const *argv, struct pam_args *args, const char **ret_bad) {
        return pam_args_parse(argc, argv, false, args, ret_bad);
}

static void check_args(const char *row, const struct pam_args *got, const struct pam_args *want) {
        unit_str(row, got->socket, want->socket);
        unit_int(row, got->prompt != NULL, want->prompt != NULL);
        if (got->prompt && want->prompt)
                unit_str(row, got->prompt, want->prompt);
        unit_int(row, got->timeout_ms, want->timeout_ms);
        unit_int(row, got->server_uid, want->server_uid);
        unit_int(row, got->use_first_pass, want->use_first_pass);
        unit_int(row, got->debug, want->debug);
        unit_int(row, got->issue, want->issue);
        unit_int(row, got->certificate_field, want->certificate_field);
        unit_int(row, got->certificate_prompt, want->certificate_prompt);
        unit_int(row, got->certificate_proof, want->certificate_proof);
        unit_str(row, got->certificate_env ? got->certificate_env : "-",
                 want->certificate_env ? want->certificate_env : "-");
        unit_str(row, got->certificate_process_env ? got->certificate_process_env : "-",
                 want->certificate_process_env ? want->certificate_process_env : "-");
}

static void test_without_options_the_defaults_count(void **state) {
        const struct pam_args want = { .socket = "/run/wfapikey/verify", .timeout_ms = 2000 };
        struct pam_args args;
        const char *word;

        (void) state;
        unit_poison(&args, sizeof(args));
        unit_poison(&word, sizeof(word));
        assert_int_equal(parse(0, NULL, &args, &word), 0);
        check_args("none", &args, &want);
        unit_poisoned("none", &word, sizeof(word));
        assert_int_equal(parse(-1, NULL, &args, &word), 0);
        check_args("less than none", &args, &want);
}

static void test_every_option_does_what_it_says(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(good); i++) {
                struct pam_args args;
                const char *word;

                unit_poison(&args, sizeof(args));
                unit_poison(&word, sizeof(word));
                unit_int(good[i].word, parse(1, &good[i].word, &args, &word), 0);
                check_args(good[i].word, &args, &good[i].args);
                unit_poisoned(good[i].word, &word, sizeof(word));
        }
}

static void test_every_wrong_option_is_named(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
                struct pam_args args;
                const char *word = NULL;

                unit_poison(&args, sizeof(args));
                unit_int(bad[i], parse(1, &bad[i], &args, &word), -EINVAL);
                unit_poisoned(bad[i], &args, sizeof(args));
                assert_ptr_equal(word, bad[i]);
        }
}

/* A wrong word is found wherever it stands, and then none of the good options around it counts. */
static void test_one_wrong_option_spoils_the_line(void **state) {
        (void) state;
        for (int at = 0; at < 3; at++) {
                const char *argv[] = { "debug", "timeout=5", "use_first_pass" };
                struct pam_args args;
                const char *word = NULL;

                argv[at] = "deny=alice";
                unit_poison(&args, sizeof(args));
                assert_int_equal(parse(3, argv, &args, &word), -EINVAL);
                assert_ptr_equal(word, argv[at]);
                unit_poisoned("one of three", &args, sizeof(args));
        }
}

static void test_the_first_wrong_option_is_named(void **state) {
        const char *argv[] = { "debug", "first", "second" }, *word = NULL;
        struct pam_args args;

        (void) state;
        assert_int_equal(parse(3, argv, &args, &word), -EINVAL);
        assert_string_equal(word, "first");
}

static void test_all_options_together(void **state) {
        const char *argv[] = { "debug",    "socket=/s",    "timeout=1",
                               "prompt=p", "server_uid=7", "use_first_pass" };
        const struct pam_args want = { .socket = "/s",
                                       .timeout_ms = 1000,
                                       .prompt = "p",
                                       .server_uid = 7,
                                       .use_first_pass = true,
                                       .debug = true };
        struct pam_args args;
        const char *word;

        (void) state;
        assert_int_equal(parse(ARRAY_LEN(argv), argv, &args, &word), 0);
        check_args("all", &args, &want);
}

static void test_certificates_may_come_from_several_places(void **state) {
        const char *argv[] = { "certificate=field", "certificate=env:A",
                               "certificate=process-env:B", "certificate=proof" },
                   *word;
        const struct pam_args want = { .socket = PAM_ARGS_SOCKET,
                                       .timeout_ms = 2000,
                                       .certificate_field = true,
                                       .certificate_proof = true,
                                       .certificate_env = "A",
                                       .certificate_process_env = "B" };
        struct pam_args args;

        (void) state;
        assert_int_equal(parse(ARRAY_LEN(argv), argv, &args, &word), 0);
        check_args("all places", &args, &want);
}

static void test_a_user_is_not_asked_for_two_things(void **state) {
        static const char *const orders[][3] = { { "certificate=prompt", "certificate=proof", "" },
                                                 { "certificate=proof", "certificate=prompt", "" },
                                                 { "certificate=proof", "debug",
                                                   "certificate=prompt" } };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
                int n = orders[i][2][0] ? 3 : 2;
                struct pam_args args;
                const char *word = NULL;

                unit_poison(&args, sizeof(args));
                unit_int("both", parse(n, orders[i], &args, &word), -EINVAL);
                unit_str("both", word, orders[i][n - 1]);
                unit_poisoned("both", &args, sizeof(args));
        }
}

static void test_the_last_of_two_counts(void **state) {
        const char *argv[] = { "timeout=1", "use_first_pass", "timeout=2", "try_first_pass" },
                   *word;
        const struct pam_args want = { .socket = PAM_ARGS_SOCKET, .timeout_ms = 2000 };
        struct pam_args args;

        (void) state;
        assert_int_equal(parse(ARRAY_LEN(argv), argv, &args, &word), 0);
        check_args("twice", &args, &want);
}

static void test_a_session_has_one_option_more(void **state) {
        const char *argv[] = { "debug", "issue", "timeout=1" }, *word;
        const struct pam_args want = {
                .socket = PAM_ARGS_SOCKET, .timeout_ms = 1000, .debug = true, .issue = true
        };
        struct pam_args args;

        (void) state;
        assert_int_equal(pam_args_parse(ARRAY_LEN(argv), argv, true, &args, &word), 0);
        check_args("issue", &args, &want);
        argv[1] = "issues";
        assert_int_equal(pam_args_parse(ARRAY_LEN(argv), argv, true, &args, &word), -EINVAL);
        assert_ptr_equal(word, argv[1]);
        argv[1] = "debug";
        assert_int_equal(pam_args_parse(ARRAY_LEN(argv), argv, true, &args, &word), 0);
        assert_int_equal(args.issue, false);
}

static void test_texts_are_borrowed_from_the_line(void **state) {
        const char *argv[] = { "socket=/s", "prompt=p" }, *word;
        struct pam_args args;

        (void) state;
        assert_int_equal(parse(ARRAY_LEN(argv), argv, &args, &word), 0);
        assert_ptr_equal(args.socket, argv[0] + strlen("socket="));
        assert_ptr_equal(args.prompt, argv[1] + strlen("prompt="));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_without_options_the_defaults_count),
                cmocka_unit_test(test_every_option_does_what_it_says),
                cmocka_unit_test(test_every_wrong_option_is_named),
                cmocka_unit_test(test_one_wrong_option_spoils_the_line),
                cmocka_unit_test(test_the_first_wrong_option_is_named),
                cmocka_unit_test(test_all_options_together),
                cmocka_unit_test(test_certificates_may_come_from_several_places),
                cmocka_unit_test(test_a_user_is_not_asked_for_two_things),
                cmocka_unit_test(test_the_last_of_two_counts),
                cmocka_unit_test(test_a_session_has_one_option_more),
                cmocka_unit_test(test_texts_are_borrowed_from_the_line),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Asking, against servers that do not do what they should. How long a question waits for them is in
 * test_ask_wait.c. */
#include "unit_ask.h"

/* --- The test's process --- */

static void test_nobody_there_is_said_at_once(void **state) {
        struct ask_server server = unit_ask_to("absent", 10000);
        struct wire_reply reply;

        (void) state;
        assert_int_equal(unit_ask_put("absent", &server, &reply), -ENOENT);
        unit_write("file", "", 0, 0600);
        server.path = "file";
        assert_int_equal(unit_ask_put("a file", &server, &reply), -ECONNREFUSED);
        (void) close(unit_ask_listen_at("dead", SOCK_SEQPACKET, 4));
        server.path = "dead";
        assert_int_equal(unit_ask_put("a socket that nobody has any more", &server, &reply),
                         -ECONNREFUSED);
}

static void test_a_socket_of_another_kind_is_refused(void **state) {
        struct ask_server server = unit_ask_to("deaf", 10000);
        struct wire_reply reply;
        int fd;

        (void) state;
        fd = unit_ask_listen_at("deaf", SOCK_SEQPACKET, -1);
        assert_int_equal(unit_ask_put("not listening", &server, &reply), -ECONNREFUSED);
        (void) close(fd);
        fd = unit_ask_listen_at("stream", SOCK_STREAM, 4);
        server.path = "stream";
        assert_int_equal(unit_ask_put("stream", &server, &reply), -EPROTOTYPE);
        (void) close(fd);
}

static void test_a_path_that_does_not_fit_is_refused(void **state) {
        char path[256];
        struct ask_server server = unit_ask_to(path, 10000);
        struct wire_reply reply;

        (void) state;
        /* the kernel would take it for an abstract name, which any process may take */
        path[0] = '\0';
        assert_int_equal(unit_ask_put("no path", &server, &reply), -EINVAL);
        for (size_t len = 100; len < sizeof(path); len++) {
                memset(path, 'p', len);
                path[len] = '\0';
                assert_int_equal(unit_ask_put(path, &server, &reply),
                                 len <= 107 ? -ENOENT : -ENAMETOOLONG);
        }
}

static void test_an_answer_is_believed_only_when_it_is_whole_and_ours(void **state) {
        static const struct {
                const char *why;
                enum unit_ask_act steps[STEPS_MAX];
                int r;
                unsigned connections;
        } rows[] = {
                { "answers", { ANSWER, ANSWER, ANSWER }, 0, 1 },
                { "answers short", { ANSWER_SHORT, ANSWER, ANSWER }, -EBADMSG, 1 },
                { "answers long", { ANSWER_LONG, ANSWER, ANSWER }, -EBADMSG, 1 },
                { "answers a page", { ANSWER_HUGE, ANSWER, ANSWER }, -EBADMSG, 1 },
                { "answers garbage", { ANSWER_GARBAGE, ANSWER, ANSWER }, -EBADMSG, 1 },
                { "answers another question", { ANSWER_OTHER_SEQ, ANSWER, ANSWER }, -EBADMSG, 1 },
                { "another version", { ANSWER_OTHER_VERSION, ANSWER, ANSWER }, -EBADMSG, 1 },
                { "refuses with an id", { ANSWER_LEAKY_REFUSAL, ANSWER, ANSWER }, -EBADMSG, 1 },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                unit_ask_check(rows[i].why, rows[i].steps, rows[i].r, rows[i].connections);
}

static void test_a_connection_that_ends_is_tried_once_more(void **state) {
        static const struct {
                const char *why;
                enum unit_ask_act steps[STEPS_MAX];
                int r;
        } rows[] = {
                { "closes at once, always", { CLOSE, CLOSE, CLOSE }, -ECONNRESET },
                { "reads and closes, always",
                  { READ_AND_CLOSE, READ_AND_CLOSE, READ_AND_CLOSE },
                  -ECONNRESET },
                { "says nothing, in a message",
                  { ANSWER_EMPTY, ANSWER_EMPTY, ANSWER },
                  -ECONNRESET },
                { "closes once", { CLOSE, ANSWER, ANSWER }, 0 },
                { "reads and closes once", { READ_AND_CLOSE, ANSWER, ANSWER }, 0 },
                { "an empty answer, then one", { ANSWER_EMPTY, ANSWER, ANSWER }, 0 },
                { "closes twice, would then answer", { CLOSE, CLOSE, ANSWER }, -ECONNRESET },
                { "closes, then lies", { CLOSE, ANSWER_GARBAGE, ANSWER }, -EBADMSG },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                unit_ask_check(rows[i].why, rows[i].steps, rows[i].r, 2);
}

static void test_the_first_answer_counts(void **state) {
        static const enum unit_ask_act steps[STEPS_MAX] = { ANSWER_DENY_THEN_ALLOW };
        const struct ask_server server = unit_ask_to("socket", 60000);
        struct unit_ask_server s = unit_ask_start(steps);
        struct wire_reply reply;

        (void) state;
        assert_int_equal(unit_ask_put("deny, then allow", &server, &reply), 0);
        assert_int_equal(reply.verdict, VERDICT_DENY);
        assert_int_equal(unit_ask_stop(&s).connections, 1);
}

static void test_the_request_arrives_whole(void **state) {
        static const enum unit_ask_act steps[STEPS_MAX] = { ANSWER };
        const struct ask_server server = unit_ask_to("socket", 60000);
        struct unit_ask_server s = unit_ask_start(steps);
        struct wire_reply reply;
        struct unit_ask_report report;

        (void) state;
        assert_int_equal(unit_ask_put("answers", &server, &reply), 0);
        assert_int_equal(reply.verdict, VERDICT_ALLOW);
        assert_string_equal(reply.id, "0123456789");
        report = unit_ask_stop(&s);
        assert_int_equal(report.requests, 1);
        assert_int_equal(report.bytes, WIRE_REQUEST_LEN);
}

static void test_a_server_of_another_uid_gets_no_byte(void **state) {
        static const enum unit_ask_act steps[STEPS_MAX] = { SILENT, SILENT, SILENT };
        struct ask_server server = unit_ask_to("socket", 60000);
        struct unit_ask_server s = unit_ask_start(steps);
        struct wire_reply reply;
        struct unit_ask_report report;

        (void) state;
        server.uid = geteuid() + 1;
        assert_int_equal(unit_ask_put("another uid", &server, &reply), -EPERM);
        report = unit_ask_stop(&s);
        assert_int_equal(report.connections, 1);
        assert_int_equal(report.bytes, 0);
}

static void test_a_bad_request_is_not_sent(void **state) {
        static const enum unit_ask_act steps[STEPS_MAX] = { SILENT, SILENT, SILENT };
        const struct ask_server server = unit_ask_to("socket", 60000);
        struct unit_ask_server s = unit_ask_start(steps);
        struct wire_request req = unit_ask_question();
        struct wire_reply reply;

        (void) state;
        req.user[0] = '\0';
        unit_poison(&reply, sizeof(reply));
        assert_int_equal(ask_verdict(&server, &req, &reply), -EINVAL);
        unit_poisoned("no user", &reply, sizeof(reply));
        assert_int_equal(unit_ask_stop(&s).bytes, 0);
}

/* --- Descriptors --- */

/* select(2) would write past its set here. */
static void test_descriptors_above_1024_are_served(void **state) {
        static const enum unit_ask_act steps[STEPS_MAX] = { ANSWER, ANSWER, ANSWER };
        const struct ask_server server = unit_ask_to("socket", 60000);
        struct unit_ask_server s = unit_ask_start(steps);
        struct wire_reply reply;
        int first = -1, last = -1;

        (void) state;
        while (last < 1100) {
                last = open("/dev/null", O_RDONLY | O_CLOEXEC);
                assert_int_not_equal(last, -1);
                if (first < 0)
                        first = last;
        }
        assert_int_equal(unit_ask_put("high descriptors", &server, &reply), 0);
        for (int fd = first; fd <= last; fd++)
                if (fd != s.control)
                        (void) close(fd);
        assert_int_equal(unit_ask_stop(&s).connections, 1);
}

static void test_no_descriptor_left_is_an_error(void **state) {
        struct ask_server server = unit_ask_to("socket", 60000);
        struct rlimit limit, none;
        struct wire_request req = unit_ask_question();
        struct wire_reply reply;
        int r;

        (void) state;
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
        none = limit;
        none.rlim_cur = 3;
        unit_poison(&reply, sizeof(reply));
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
        r = ask_verdict(&server, &req, &reply);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        assert_int_equal(r, -EMFILE);
        unit_poisoned("none left", &reply, sizeof(reply));
}

static bool can_have_descriptors(unsigned n) {
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return false;
        if (limit.rlim_cur < n && limit.rlim_max >= n) {
                limit.rlim_cur = n;
                (void) setrlimit(RLIMIT_NOFILE, &limit);
        }
        return limit.rlim_cur >= n;
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_with_ask(test_nobody_there_is_said_at_once),
                unit_test_with_ask(test_a_socket_of_another_kind_is_refused),
                unit_test_with_ask(test_a_path_that_does_not_fit_is_refused),
                unit_test_with_ask(test_an_answer_is_believed_only_when_it_is_whole_and_ours),
                unit_test_with_ask(test_a_connection_that_ends_is_tried_once_more),
                unit_test_with_ask(test_the_first_answer_counts),
                unit_test_with_ask(test_the_request_arrives_whole),
                unit_test_with_ask(test_a_server_of_another_uid_gets_no_byte),
                unit_test_with_ask(test_a_bad_request_is_not_sent),
                unit_test_if(can_have_descriptors(1200),
                             (struct CMUnitTest) unit_test_with_ask(
                                     test_descriptors_above_1024_are_served),
                             "fewer than 1200 descriptors"),
                unit_test_with_ask(test_no_descriptor_left_is_an_error),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

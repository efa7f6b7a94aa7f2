/* SPDX-License-Identifier: BSD-2-Clause */
/* Work in a process of its own. This program is its own helper, as the daemon is. What a helper of
 * the daemon does is not known here. */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "unit.h"

#include "base/helper.h"

#define SECOND UINT64_C(1000000)

/* --- What the helpers here do --- */

static ssize_t run_echo(const uint8_t *in, size_t len, uint8_t *out) {
        memcpy(out, in, len);
        return (ssize_t) len;
}

static ssize_t run_hang(const uint8_t *in, size_t len, uint8_t *out) {
        (void) in;
        (void) len;
        (void) out;
        while (pause() < 0)
                continue;
        return 0;
}

static ssize_t run_crash(const uint8_t *in, size_t len, uint8_t *out) {
        (void) in;
        (void) len;
        (void) out;
        abort();
}

static ssize_t run_fail(const uint8_t *in, size_t len, uint8_t *out) {
        (void) in;
        (void) len;
        (void) out;
        return -EIO;
}

static ssize_t run_much(const uint8_t *in, size_t len, uint8_t *out) {
        (void) in;
        (void) len;
        memset(out, 'x', HELPER_BYTES_MAX);
        return (ssize_t) HELPER_BYTES_MAX;
}

/* Starts a process and leaves it behind, with the socket if it can. */
static ssize_t run_orphan(const uint8_t *in, size_t len, uint8_t *out) {
        char sleeping[] = "sleep", time[] = "2", *const argv[] = { sleeping, time, NULL };
        pid_t pid = fork();

        if (pid == 0) {
                (void) execvp("sleep", argv);
                _exit(1);
        }
        return pid < 0 ? -errno : run_echo(in, len, out);
}

/* A letter for each thing in this process that is not as promised. */
static ssize_t run_look(const uint8_t *in, size_t len, uint8_t *out) {
        size_t n = 0;
        sigset_t blocked;
        struct rlimit core;
        int sig = 0;

        (void) in;
        (void) len;
        if (sigprocmask(SIG_BLOCK, NULL, &blocked) < 0 || !sigisemptyset(&blocked))
                out[n++] = 'b';
        if (signal(SIGPIPE, SIG_DFL) != SIG_DFL)
                out[n++] = 'p';
        if (getrlimit(RLIMIT_CORE, &core) < 0 || core.rlim_cur != 0 || core.rlim_max != 0)
                out[n++] = 'c';
        if (prctl(PR_GET_PDEATHSIG, &sig, 0, 0, 0) < 0 || sig != SIGKILL)
                out[n++] = 'd';
        if (unit_count_fds() != 4)
                out[n++] = 'f';
        if (getenv("WFAPIKEY_TEST_HELPER"))
                out[n++] = 'e';
        if (write(STDOUT_FILENO, "not ok - stdout\n", 16) != 16 || read(STDIN_FILENO, &sig, 1) != 0)
                out[n++] = 's';
        return (ssize_t) n;
}

static const struct helper_mode modes[] = {
        { "echo", run_echo },   { "hang", run_hang },
        { "crash", run_crash }, { "fail", run_fail },
        { "much", run_much },   { "orphan", run_orphan },
        { "look", run_look },   {},
};

/* --- The loop --- */

struct call {
        struct helper *helper;
        unsigned n_done;
        int r;
        uint8_t out[HELPER_BYTES_MAX];
        size_t len;
        bool free_at_once;
};

static void done(int r, const uint8_t *out, size_t len, void *userdata) {
        struct call *call = userdata;

        call->n_done++;
        call->r = r;
        call->len = len;
        if (len > 0)
                memcpy(call->out, out, len);
        if (call->free_at_once)
                call->helper = helper_free(call->helper);
}

static int make(void **state) {
        sd_event *event = NULL;

        (void) setenv("WFAPIKEY_TEST_HELPER", "1", 1);
        if (sd_event_new(&event) < 0)
                return -1;
        *state = event;
        return 0;
}

static bool has_children(void) {
        siginfo_t info;

        return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* After every test there is no child process, dead or alive. */
static int drop(void **state) {
        while (has_children())
                if (sd_event_run(*state, UINT64_MAX) < 0)
                        return -1;
        sd_event_unref(*state);
        return 0;
}

static void start(sd_event *event, struct call *call, const char *mode, const char *in,
                  size_t out_max, uint64_t timeout_usec) {
        unit_succeeds(mode, helper_start(&call->helper, event, mode, in, strlen(in), out_max,
                                         timeout_usec, done, call));
        assert_int_equal(call->n_done, 0);
}

static void run_until_done(sd_event *event, const struct call *call) {
        while (call->n_done == 0)
                unit_succeeds("sd_event_run", sd_event_run(event, UINT64_MAX));
}

static void test_how_a_helper_ends(void **state) {
        static const struct {
                const char *mode, *in;
                size_t out_max;
                uint64_t timeout;
                int r;
                const char *out;
        } rows[] = {
                { .mode = "echo",
                  .in = "one two",
                  .out_max = 100,
                  .timeout = 60 * SECOND,
                  .out = "one two" },
                { .mode = "echo",
                  .in = "one two",
                  .out_max = 7,
                  .timeout = 60 * SECOND,
                  .out = "one two" },
                { .mode = "echo", .in = "", .timeout = 60 * SECOND, .out = "" },
                { .mode = "echo",
                  .in = "one two",
                  .out_max = 6,
                  .timeout = 60 * SECOND,
                  .r = -EMSGSIZE,
                  .out = "" },
                { .mode = "much",
                  .in = "",
                  .out_max = 1000,
                  .timeout = 60 * SECOND,
                  .r = -EMSGSIZE,
                  .out = "" },
                { .mode = "hang",
                  .in = "",
                  .out_max = 100,
                  .timeout = SECOND / 5,
                  .r = -ETIMEDOUT,
                  .out = "" },
                { .mode = "crash",
                  .in = "",
                  .out_max = 100,
                  .timeout = 60 * SECOND,
                  .r = -ECHILD,
                  .out = "" },
                { .mode = "fail",
                  .in = "",
                  .out_max = 100,
                  .timeout = 60 * SECOND,
                  .r = -ECHILD,
                  .out = "" },
                { .mode = "unheard-of",
                  .in = "",
                  .out_max = 100,
                  .timeout = 60 * SECOND,
                  .r = -ECHILD,
                  .out = "" },
                { .mode = "look", .in = "", .out_max = 100, .timeout = 60 * SECOND, .out = "" },
                { .mode = "orphan",
                  .in = "in",
                  .out_max = 100,
                  .timeout = 60 * SECOND,
                  .out = "in" },
        };

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct call call = {};

                start(*state, &call, rows[i].mode, rows[i].in, rows[i].out_max, rows[i].timeout);
                run_until_done(*state, &call);
                unit_int(rows[i].mode, call.r, rows[i].r);
                unit_str(rows[i].mode, (const char *) call.out, rows[i].out);
                unit_int(rows[i].mode, call.len, strlen(rows[i].out));
                call.helper = helper_free(call.helper);
        }
}

static void test_much_to_ask_and_to_answer(void **state) {
        char *in = malloc(HELPER_BYTES_MAX + 1);
        struct helper *none = NULL;
        struct call call = {};

        assert_non_null(in);
        for (size_t i = 0; i < HELPER_BYTES_MAX; i++)
                in[i] = (char) ('a' + i % 26);
        in[HELPER_BYTES_MAX] = '\0';
        assert_int_equal(helper_start(&none, *state, "echo", in, HELPER_BYTES_MAX + 1, 0, SECOND,
                                      done, NULL),
                         -EMSGSIZE);
        assert_int_equal(helper_start(&none, *state, "echo", in, 0, HELPER_BYTES_MAX + 1, SECOND,
                                      done, NULL),
                         -EMSGSIZE);
        assert_null(none);
        start(*state, &call, "echo", in, HELPER_BYTES_MAX, 60 * SECOND);
        run_until_done(*state, &call);
        assert_int_equal(call.r, 0);
        assert_int_equal(call.len, HELPER_BYTES_MAX);
        assert_memory_equal(call.out, in, HELPER_BYTES_MAX);
        call.helper = helper_free(call.helper);
        free(in);
}

static void test_done_may_free_it(void **state) {
        static const struct {
                const char *mode;
                uint64_t timeout;
        } rows[] = { { "echo", 60 * SECOND },
                     { "hang", SECOND / 5 },
                     { "crash", 60 * SECOND },
                     { "much", 60 * SECOND } };

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct call call = { .free_at_once = true };

                start(*state, &call, rows[i].mode, "x", 10, rows[i].timeout);
                run_until_done(*state, &call);
                assert_null(call.helper);
                assert_int_equal(call.n_done, 1);
        }
}

static void test_what_is_freed_is_killed_and_never_done(void **state) {
        struct call call = {};

        assert_null(helper_free(NULL));
        start(*state, &call, "hang", "x", 10, 600 * SECOND);
        call.helper = helper_free(call.helper);
        assert_null(call.helper);
        while (has_children())
                unit_succeeds("sd_event_run", sd_event_run(*state, UINT64_MAX));
        assert_int_equal(call.n_done, 0);
}

/* The daemon ends: init reaps the process that is left, and nothing leaks. */
static void test_the_loop_may_end_first(void **state) {
        struct call call = {};
        siginfo_t info;

        start(*state, &call, "hang", "x", 10, 600 * SECOND);
        call.helper = helper_free(call.helper);
        *state = sd_event_unref(*state);
        assert_int_equal(waitid(P_ALL, 0, &info, WEXITED), 0);
        assert_int_equal(info.si_code, CLD_KILLED);
        assert_int_equal(sd_event_new((sd_event **) state), 0);
}

static void test_a_hundred_at_one_time(void **state) {
        struct call *calls = calloc(100, sizeof(*calls));
        struct call first = {};
        char in[8];
        int fds;

        assert_non_null(calls);
        start(*state, &first, "echo", "", 0, 300 * SECOND); /* the loop has its timer afterwards */
        run_until_done(*state, &first);
        first.helper = helper_free(first.helper);
        fds = unit_count_fds();
        for (unsigned i = 0; i < 100; i++) {
                (void) snprintf(in, sizeof(in), "%u", i);
                start(*state, &calls[i], "echo", in, 100, 300 * SECOND);
        }
        for (unsigned i = 0; i < 100; i++) {
                run_until_done(*state, &calls[i]);
                (void) snprintf(in, sizeof(in), "%u", i);
                unit_int(in, calls[i].r, 0);
                unit_str(in, (const char *) calls[i].out, in);
                calls[i].helper = helper_free(calls[i].helper);
        }
        assert_int_equal(unit_count_fds(), fds);
        free(calls);
}

static int on_tick(sd_event_source *source, void *userdata) {
        ++*(unsigned *) userdata;
        return sd_event_source_set_enabled(source, SD_EVENT_ON);
}

static void test_the_loop_goes_on_meanwhile(void **state) {
        struct call call = {};
        sd_event_source *tick;
        unsigned ticks = 0;

        start(*state, &call, "hang", "x", 10, 600 * SECOND);
        unit_succeeds("tick", sd_event_add_defer(*state, &tick, on_tick, &ticks));
        while (ticks < 100)
                unit_succeeds("sd_event_run", sd_event_run(*state, UINT64_MAX));
        assert_int_equal(call.n_done, 0);
        sd_event_source_unref(tick);
        call.helper = helper_free(call.helper);
}

/* The daemon blocks signals, is not dumpable, and may ignore or catch signals. */
static void test_a_daemon_s_process_can_start_one(void **state) {
        struct call call = {};
        sigset_t all, before;

        (void) sigfillset(&all);
        (void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
        (void) signal(SIGPIPE, SIG_IGN);
        assert_int_equal(sigprocmask(SIG_BLOCK, &all, &before), 0);
        start(*state, &call, "look", "", 100, 60 * SECOND);
        run_until_done(*state, &call);
        assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
        (void) signal(SIGPIPE, SIG_DFL);
        (void) prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
        assert_int_equal(call.r, 0);
        assert_string_equal((const char *) call.out, "");
        call.helper = helper_free(call.helper);
}

static void test_no_helper_without_descriptors(void **state) {
        struct rlimit limit, few;
        struct helper *none = NULL;
        int fds = unit_count_fds(), next = fcntl(STDIN_FILENO, F_DUPFD, 3), r;

        assert_int_equal(close(next), 0);
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
        for (int more = 0; more < 4; more++) {
                few = limit;
                few.rlim_cur = (rlim_t) (next + more);
                assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
                r = helper_start(&none, *state, "echo", "x", 1, 1, SECOND, done, NULL);
                assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
                assert_int_equal(r, -EMFILE);
                assert_null(none);
                assert_int_equal(has_children(), false);
        }
        assert_int_equal(unit_count_fds(), fds + 1); /* the loop's timer */
}

static void test_nobody_else_is_a_helper(void **state) {
        (void) state;
        (void) close(3); /* make may have left its own there */
        assert_int_equal(helper_main(modes, "echo"), EXIT_FAILURE);
}

#define test_helper(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(int argc, char *argv[]) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_nobody_else_is_a_helper),
                test_helper(test_how_a_helper_ends),
                test_helper(test_much_to_ask_and_to_answer),
                test_helper(test_done_may_free_it),
                test_helper(test_what_is_freed_is_killed_and_never_done),
                test_helper(test_the_loop_may_end_first),
                test_helper(test_a_hundred_at_one_time),
                test_helper(test_the_loop_goes_on_meanwhile),
                test_helper(test_a_daemon_s_process_can_start_one),
                test_helper(test_no_helper_without_descriptors),
        };

        if (argc == 2 && strncmp(argv[1], "--helper=", 9) == 0)
                return helper_main(modes, argv[1] + 9);
        return cmocka_run_group_tests(tests, NULL, NULL);
}

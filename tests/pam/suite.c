/* SPDX-License-Identifier: BSD-2-Clause */
/* The main() of all programs here. It starts what ${suite} names, runs the tests and reports them
 * as TAP. It must not know what a test checks. */
#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "suite.h"

#define TESTS_MAX 512
#define SECONDS   600

struct world world;
struct standin standin;
char ours[768];
struct world_key key;

static const char *const needed[] = { "PAM_MODULE", "WFAPIKEYD", "WFAPIKEYCTL",
                                      "abs_top_builddir" };

/* If something is missing, TAP is told why all tests are skipped. */
static bool has_what_it_needs(void) {
        for (size_t i = 0; i < ARRAY_LEN(needed); i++)
                if (!getenv(needed[i])) {
                        printf("1..0 # SKIP %s is not set: make check does that\n", needed[i]);
                        return false;
                }
        if (!getpwuid(getuid())) {
                printf("1..0 # SKIP the user who runs this has no account\n");
                return false;
        }
        return true;
}

/* A test may hang, because hanging is one of the faults that are tested for. No signal handler can
 * catch this limit. The children die with this process. */
static bool limit_time(void) {
        struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL };
        const struct itimerspec when = { .it_value.tv_sec = SECONDS };
        timer_t timer;

        if (timer_create(CLOCK_MONOTONIC, &event, &timer) < 0 ||
            timer_settime(timer, 0, &when, NULL) < 0) {
                printf("Bail out! no timer: %s\n", strerror(errno));
                return false;
        }
        return true;
}

static int set_up(void **state) {
        (void) state;
        world_open(&world);
        if (suite.daemon) {
                if (suite.debugging)
                        world_start_debugging(&world);
                else
                        world_start(&world);
                world_do(&world, "policy", "set", "enabled=yes", "max-keys-per-user=1000", NULL);
                world_issue(&world, &key, "--expires=1d", NULL);
        } else
                standin_key(&key);
        if (suite.standin)
                standin_start(&standin, &world, "standin");
        (void) snprintf(ours, sizeof(ours), "%s socket=%s server_uid=%u timeout=30", world.module,
                        suite.standin ? standin.path : world.verify, getuid());
        if (suite.set_up)
                suite.set_up();
        return 0;
}

static int tear_down(void **state) {
        (void) state;
        if (suite.tear_down)
                suite.tear_down();
        if (standin.pid > 0)
                standin_stop(&standin);
        world_close(&world);
        return 0;
}

static void skipped(void **state) {
        (void) state;
}

/* cmocka reads the names until the end of the run. A skipped test does nothing, and its name says
 * SKIP to TAP: the TAP driver takes what cmocka 1.1.5 prints for skip() as a failure. */
static void add(const struct suite_test *test, const char *const *row, struct CMUnitTest *ret) {
        static char names[TESTS_MAX][160];
        static size_t n;
        const char *why = test->unless ? test->unless() : NULL;

        if (n == TESTS_MAX) {
                (void) fprintf(stderr, "too many tests\n");
                abort();
        }
        (void) snprintf(names[n], sizeof(names[n]), "%s%s%s%s", test->name, row ? *row : "",
                        why ? " # SKIP " : "", why ? why : "");
        *ret = (struct CMUnitTest){
                .name = names[n++],
                .test_func = why ? skipped : test->run,
                .initial_state = (void *) (uintptr_t) row,
        };
}

int main(void) {
        static struct CMUnitTest tests[TESTS_MAX];
        size_t n = 0;

        if (!has_what_it_needs() || !limit_time())
                return 0;
        if (suite.prepare)
                suite.prepare();
        for (size_t i = 0; i < suite.n_tests; i++) {
                const struct suite_test *test = &suite.tests[i];
                const char *row = test->rows;

                if (!row)
                        add(test, NULL, &tests[n++]);
                for (size_t j = 0; j < test->n_rows; j++, row += test->row_size)
                        add(test, (const char *const *) (const void *) row, &tests[n++]);
        }
        /* An exit status has no room for more than 255 failures, so it is not their number. */
        return _cmocka_run_group_tests(suite.name, tests, n, set_up, tear_down) == 0 ? 0 : 1;
}

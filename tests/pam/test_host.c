/* SPDX-License-Identifier: BSD-2-Clause */
/* A host like a real service: without privileges, with threads that log users in at the same time,
 * and with a timer that interrupts them. Every login has the right result, and the process is
 * afterwards as it was before. Then come hosts with little memory, with many descriptors, and
 * without descriptors for stdio. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <syslog.h>
#include <unistd.h>

#include "hoststate.h"
#include "login.h"
#include "suite.h"

#define NOBODY        65534
#define THREADS       8
#define LOGINS        10000 /* of all threads, in two halves */
#define LOGINS_SLOWLY 2000  /* with a sanitizer */
#define RSS_SLACK_KB  160
#define AT_ONCE_MAX   2048

enum kind {
        RIGHT,
        RIGHT_WITH_SESSION,
        WRONG_SECRET,
        UNKNOWN,
        PASSWORD,
        _KIND_MAX,
};

/* The report of the host, in memory that it shares with the tests. */
static struct report {
        atomic_uint succeeded, refused, otherwise, masks_changed;
        atomic_int first_other;
        atomic_uint alarms;
        unsigned right, wrong;
        long rss_kb[2]; /* after each half */
        struct hoststate before, after;
} * report;

/* libpam loads and unloads the module for each login. ThreadSanitizer does not see the lock of
 * glibc's loader, so it reports races for the loader's own memory. Nothing in the module has these
 * names. */
_public_ const char *__tsan_default_suppressions(void);
_public_ const char *__tsan_default_suppressions(void) {
        return "race:^_dl_*\nrace:^dl_*\nrace:^__dl*\nrace:^_dlerror_*\n";
}

static char wrong[KEYTEXT_LEN + 1], unknown[KEYTEXT_LEN + 1];
static pthread_barrier_t barrier;
static unsigned per_thread; /* logins in a half */

/* --- One login --- */

/* It asserts nothing: it runs in threads and in children. */
static int log_in(enum kind kind) {
        static const char *const password = "correct horse battery staple";
        const char *const tokens[_KIND_MAX] = { key.text, key.text, wrong, unknown, password };
        struct login l;
        int rv;

        rv = login_start(&l, world.services, "host", world.user);
        if (rv != PAM_SUCCESS)
                return rv;
        (void) pam_set_item(l.pamh, PAM_RHOST, "192.0.2.1");
        rv = login_try(&l, tokens[kind]);
        if (rv == PAM_SUCCESS && kind == RIGHT_WITH_SESSION) {
                rv = pam_acct_mgmt(l.pamh, 0);
                if (rv == PAM_SUCCESS)
                        rv = pam_setcred(l.pamh, PAM_ESTABLISH_CRED);
                if (rv == PAM_SUCCESS)
                        rv = pam_open_session(l.pamh, 0);
                if (rv == PAM_SUCCESS)
                        rv = pam_close_session(l.pamh, 0);
        }
        (void) pam_end(l.pamh, rv);
        return rv;
}

static void count(enum kind kind, int rv) {
        bool right = kind == RIGHT || kind == RIGHT_WITH_SESSION;

        if (rv == PAM_SUCCESS && right)
                (void) atomic_fetch_add(&report->succeeded, 1);
        else if (rv == (kind == PASSWORD ? PAM_CRED_UNAVAIL : PAM_AUTH_ERR) && !right)
                (void) atomic_fetch_add(&report->refused, 1);
        else {
                atomic_store(&report->first_other, rv);
                (void) atomic_fetch_add(&report->otherwise, 1);
        }
}

static void *run_thread(void *data) {
        size_t number = (size_t) (uintptr_t) data;
        sigset_t alarm, before, after;

        (void) sigemptyset(&alarm);
        (void) sigaddset(&alarm, SIGALRM);
        (void) pthread_sigmask(SIG_UNBLOCK, &alarm, NULL);
        (void) pthread_sigmask(SIG_SETMASK, NULL, &before);
        for (int phase = 0; phase < 3; phase++) {
                unsigned n = phase == 0 ? per_thread / 4 : per_thread;

                (void) pthread_barrier_wait(&barrier);
                for (unsigned i = 0; i < n; i++) {
                        enum kind kind = (enum kind)((number + i) % _KIND_MAX);

                        count(kind, log_in(kind));
                }
                (void) pthread_barrier_wait(&barrier);
        }
        (void) pthread_sigmask(SIG_SETMASK, NULL, &after);
        if (!hoststate_same_signals(&before, &after))
                (void) atomic_fetch_add(&report->masks_changed, 1);
        return NULL;
}

/* --- The host --- */

static void on_alarm(int number) {
        (void) number;
        (void) atomic_fetch_add(&report->alarms, 1);
}

/* For good, and as a process that may read its own memory. */
static bool become_nobody(void) {
        pid_t parent = getppid();

        if (getuid() == 0 && (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
                              setresuid(NOBODY, NOBODY, NOBODY) < 0 || setuid(0) == 0))
                return false;
        return prctl(PR_SET_DUMPABLE, 1) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
               getppid() == parent;
}

/* The timer's signal is blocked here and open in the threads that log in. Otherwise this thread,
 * which only waits for them, would get every signal. */
static bool start_alarms(void) {
        struct sigaction action = { .sa_handler = on_alarm }; /* without SA_RESTART */
        const struct itimerval interval = { .it_interval.tv_usec = 1000, .it_value.tv_usec = 1000 };
        sigset_t alarm;

        (void) sigemptyset(&alarm);
        (void) sigaddset(&alarm, SIGALRM);
        return sigprocmask(SIG_BLOCK, &alarm, NULL) == 0 &&
               sigaction(SIGALRM, &action, NULL) == 0 &&
               setitimer(ITIMER_REAL, &interval, NULL) == 0;
}

static void expect(void) {
        for (size_t thread = 0; thread < THREADS; thread++)
                for (int phase = 0; phase < 3; phase++)
                        for (unsigned i = 0; i < (phase == 0 ? per_thread / 4 : per_thread); i++) {
                                enum kind kind = (enum kind)((thread + i) % _KIND_MAX);

                                if (kind == RIGHT || kind == RIGHT_WITH_SESSION)
                                        report->right++;
                                else
                                        report->wrong++;
                        }
}

static void *tell_tid(void *data) {
        *(pid_t *) data = gettid();
        return NULL;
}

/* After this, libc has allocated what it keeps, and ThreadSanitizer has its threads. A joined
 * thread exists until the kernel has removed it. */
static bool warm_up(void) {
        pthread_t thread;
        pid_t tid;

        if (log_in(RIGHT) != PAM_SUCCESS || pthread_create(&thread, NULL, tell_tid, &tid) != 0 ||
            pthread_join(thread, NULL) != 0)
                return false;
        while (tgkill(getpid(), tid, 0) == 0)
                world_nap();
        return true;
}

static int run_host(void) {
        pthread_t threads[THREADS];

        if (!become_nobody() || chdir("/") < 0 || !start_alarms() ||
            pthread_barrier_init(&barrier, NULL, THREADS + 1) != 0)
                return 1;
        if (!warm_up())
                return 3;
        (void) umask(027);
        hoststate_take(&report->before);
        for (size_t i = 0; i < THREADS; i++)
                if (pthread_create(&threads[i], NULL, run_thread, (void *) (uintptr_t) i) != 0)
                        return 2;
        for (int phase = 0; phase < 3; phase++) {
                (void) pthread_barrier_wait(&barrier);
                (void) pthread_barrier_wait(&barrier);
                if (phase > 0)
                        report->rss_kb[phase - 1] = hoststate_number("\nRssAnon:");
        }
        for (size_t i = 0; i < THREADS; i++)
                (void) pthread_join(threads[i], NULL);
        while (hoststate_number("\nThreads:") > (long) report->before.threads)
                world_nap();
        hoststate_take(&report->after);
        return 0;
}

static int in_child(int (*run)(void)) {
        pid_t pid = fork();

        if (pid < 0)
                fail_msg("fork: %s", strerror(errno));
        if (pid == 0)
                _exit(run());
        return world_wait(pid);
}

/* --- What must hold --- */

static void test_counts(void **state) {
        (void) state;
        if (report->otherwise > 0)
                fail_msg("%u logins ended otherwise, one of them with %d", report->otherwise,
                         report->first_other);
        assert_int_equal(report->succeeded, report->right);
        assert_int_equal(report->refused, report->wrong);
        assert_in_range(report->right + report->wrong, LOGINS_SLOWLY, 2 * LOGINS);
}

static void test_was_interrupted(void **state) {
        (void) state;
        print_message("# %u interruptions\n", (unsigned) report->alarms);
        assert_in_range(report->alarms, 10, UINT32_MAX);
}

static void test_was_nobody(void **state) {
        (void) state;
        for (size_t i = 0; i < 3; i++) {
                assert_int_equal(report->before.uids[i], getuid() == 0 ? NOBODY : getuid());
                assert_int_equal(report->after.uids[i], report->before.uids[i]);
                assert_int_equal(report->after.gids[i], report->before.gids[i]);
        }
}

static void test_descriptors(void **state) {
        (void) state;
        assert_int_equal(report->after.descriptors, report->before.descriptors);
}

static void test_threads(void **state) {
        (void) state;
        assert_in_range(report->before.threads, 1, world_is_instrumented() ? THREADS : 1);
        assert_int_equal(report->after.threads, report->before.threads);
}

static void test_signals(void **state) {
        (void) state;
        for (int s = 1; s <= HOSTSTATE_SIGNALS; s++) {
                const struct sigaction *before = &report->before.actions[s],
                                       *after = &report->after.actions[s];

                assert_ptr_equal(before->sa_handler, after->sa_handler);
                assert_int_equal(before->sa_flags, after->sa_flags);
                assert_true(hoststate_same_signals(&before->sa_mask, &after->sa_mask));
        }
        assert_true(hoststate_same_signals(&report->before.mask, &report->after.mask));
        assert_true(hoststate_same_signals(&report->before.pending, &report->after.pending));
        assert_int_equal(report->masks_changed, 0);
        assert_memory_equal(&report->before.interval, &report->after.interval,
                            sizeof(struct itimerval));
}

static void test_surroundings(void **state) {
        const struct hoststate *before = &report->before, *after = &report->after;

        (void) state;
        assert_int_equal(after->umask, 027);
        assert_string_equal(after->cwd, "/");
        assert_string_equal(after->locale, before->locale);
        assert_int_equal(after->environment, before->environment);
        assert_memory_equal(after->limits, before->limits, sizeof(after->limits));
}

static void test_memory(void **state) {
        (void) state;
        print_message("# RssAnon %ld kB, then %ld kB\n", report->rss_kb[0], report->rss_kb[1]);
        assert_in_range(report->rss_kb[0], 100, 1 << 20);
        assert_in_range(report->rss_kb[1], 1, report->rss_kb[0] + RSS_SLACK_KB);
}

/* As vsftpd does. */
static int run_with_little_memory(void) {
        const struct rlimit limit = { 200 << 20, 200 << 20 };

        if (!become_nobody() || setrlimit(RLIMIT_AS, &limit) < 0)
                return 100;
        return log_in(RIGHT_WITH_SESSION) == PAM_SUCCESS && log_in(WRONG_SECRET) == PAM_AUTH_ERR
                       ? 0
                       : 1;
}

static void test_little_memory(void **state) {
        (void) state;
        assert_int_equal(in_child(run_with_little_memory), 0);
}

static rlim_t descriptors_possible(void) {
        struct rlimit limit = {};

        (void) getrlimit(RLIMIT_NOFILE, &limit);
        return limit.rlim_max;
}

/* Where the machine has a syslog, libpam's lines open a descriptor to it, which stays. It is libc's
 * and not the module's. */
static unsigned descriptors_without_log(void) {
        closelog();
        return hoststate_descriptors();
}

static int run_with_many_descriptors(void) {
        const struct rlimit limit = { AT_ONCE_MAX, descriptors_possible() };
        unsigned before;

        if (!become_nobody() || setrlimit(RLIMIT_NOFILE, &limit) < 0)
                return 100;
        for (int fd = 0; fd < 1100;) {
                fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
                if (fd < 0)
                        return 101;
        }
        before = descriptors_without_log();
        if (log_in(RIGHT_WITH_SESSION) != PAM_SUCCESS || log_in(UNKNOWN) != PAM_AUTH_ERR)
                return 1;
        return descriptors_without_log() == before ? 0 : 2;
}

static void test_many_descriptors(void **state) {
        (void) state;
        assert_int_equal(in_child(run_with_many_descriptors), 0);
}

static int run_without_stdio(void) {
        if (!become_nobody())
                return 100;
        for (int fd = 0; fd < 3; fd++)
                (void) close(fd);
        if (log_in(RIGHT_WITH_SESSION) != PAM_SUCCESS || log_in(WRONG_SECRET) != PAM_AUTH_ERR ||
            log_in(PASSWORD) != PAM_CRED_UNAVAIL)
                return 1;
        closelog();
        for (int fd = 0; fd < 3; fd++)
                if (fcntl(fd, F_GETFD) >= 0)
                        return 2;
        return 0;
}

static void test_without_stdio(void **state) {
        (void) state;
        assert_int_equal(in_child(run_without_stdio), 0);
}

static int run_with_signals_blocked(void) {
        sigset_t all, after;

        (void) sigfillset(&all);
        if (!become_nobody() || sigprocmask(SIG_SETMASK, &all, NULL) < 0 ||
            sigprocmask(SIG_SETMASK, NULL, &all) < 0)
                return 100;
        if (log_in(RIGHT_WITH_SESSION) != PAM_SUCCESS || log_in(UNKNOWN) != PAM_AUTH_ERR ||
            sigprocmask(SIG_SETMASK, NULL, &after) < 0)
                return 1;
        return hoststate_same_signals(&all, &after) ? 0 : 2;
}

static void test_signals_blocked(void **state) {
        (void) state;
        assert_int_equal(in_child(run_with_signals_blocked), 0);
}

/* --- Set-up and table --- */

static void set_up(void) {
        char module[96];
        int status;

        login_spoil(key.text, 7, wrong);
        keytext_format(unknown, "nobodyHas1", keytext_secret(key.text));
        /* The directory of the build may be closed to other users. */
        (void) snprintf(module, sizeof(module), "%s/pam_wfapikey.so", world.dir);
        world_copy(world.module, module, 0755);
        world_service(&world, "host",
                      "auth required %s socket=%s server_uid=%u timeout=60\n"
                      "account required %s socket=%s server_uid=%u timeout=60\n"
                      "session required %s\n",
                      module, world.verify, getuid(), module, world.verify, getuid(), module);
        report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                      0);
        assert_ptr_not_equal(report, MAP_FAILED);
        per_thread = (unsigned) (world_is_instrumented() ? LOGINS_SLOWLY : LOGINS) / 2 / THREADS;
        expect();
        status = in_child(run_host);
        if (status != 0)
                fail_msg("the host ended with %d", status);
}

static void tear_down(void) {
        (void) munmap(report, sizeof(*report));
}

static const char *instrumented(void) {
        return world_is_instrumented() ? "a sanitizer takes memory as it likes" : NULL;
}

static const char *short_of_descriptors(void) {
        return descriptors_possible() < AT_ONCE_MAX ? "the hard limit of descriptors is too low"
                                                    : NULL;
}

static const struct suite_test tests[] = {
        CASE_UNLESS(instrumented, test_memory,
                    "no more memory after a second half than after the first"),
        CASE_UNLESS(instrumented, test_little_memory,
                    "a host with 200 MB of address space logs in"),
        CASE(test_counts, "every login of eight threads ends as it must"),
        CASE(test_was_interrupted, "though a timer interrupted them"),
        CASE(test_was_nobody, "without privileges, and with the same ids afterwards"),
        CASE(test_descriptors, "as many descriptors as before"),
        CASE(test_threads, "as many threads as before"),
        CASE(test_signals, "the same signal handlers, masks and timers as before"),
        CASE(test_surroundings,
             "the same umask, directory, locale, environment and limits as before"),
        CASE(test_without_stdio,
             "a host without stdin, stdout and stderr logs in and still has none"),
        CASE(test_signals_blocked, "a host that blocks all signals logs in and still blocks them"),
        CASE_UNLESS(short_of_descriptors, test_many_descriptors,
                    "a host with 1100 descriptors logs in"),
};

const struct suite suite = {
        .name = "host",
        .daemon = true,
        .set_up = set_up,
        .tear_down = tear_down,
        .tests = tests,
        .n_tests = ARRAY_LEN(tests),
};

/* SPDX-License-Identifier: BSD-2-Clause */
/* Hosts that make it hard: no descriptor is free, a signal interrupts each system call, the process
 * forks between two calls, changes its root, has a stack of 64 KiB, forbids what the module does
 * not need, has no memory, or has the module 200 times. The answers are the same or say that
 * nothing could be decided, and nothing is left behind. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "hoststate.h"
#include "login.h"
#include "suite.h"

#define MODULES     200
#define STACK_BYTES (64 << 10)
#define CALLS_MAX   2000

static char wrong[KEYTEXT_LEN + 1];

static int in_child(int (*run)(void)) {
        pid_t pid = fork();

        if (pid < 0)
                fail_msg("fork: %s", strerror(errno));
        if (pid == 0)
                _exit(run());
        return world_wait(pid);
}

/* What follows a login. */
static int go_on(struct login *l) {
        int rv = pam_acct_mgmt(l->pamh, 0);

        if (rv == PAM_SUCCESS)
                rv = pam_setcred(l->pamh, PAM_ESTABLISH_CRED);
        if (rv == PAM_SUCCESS)
                rv = pam_open_session(l->pamh, 0);
        if (rv == PAM_SUCCESS)
                rv = pam_close_session(l->pamh, 0);
        return rv;
}

static bool begin(struct login *l, const char *service) {
        return login_start(l, world.services, service, world.user) == PAM_SUCCESS;
}

/* Both answers, in a transaction that was begun before. */
static bool answers_well(struct login *l) {
        return login_try(l, wrong) == PAM_AUTH_ERR && login_try(l, key.text) == PAM_SUCCESS &&
               go_on(l) == PAM_SUCCESS;
}

/* --- No descriptor --- */

static unsigned use_all_descriptors(void) {
        const struct rlimit limit = { 64, 64 };
        unsigned n = 0;

        if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
                return 0;
        while (open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0)
                n++;
        return errno == EMFILE ? n : 0;
}

static int run_without_descriptors(void) {
        unsigned before;
        struct login l;

        closelog();
        if (!begin(&l, "hostile") || use_all_descriptors() == 0)
                return 100;
        before = hoststate_descriptors();
        /* libpam has no descriptor for the audit of the kernel, and says PAM_SYSTEM_ERR for that.
         */
        for (int i = 0; i < 2; i++) {
                int rv = login_try(&l, i == 0 ? key.text : wrong);

                if (rv != PAM_AUTHINFO_UNAVAIL && rv != PAM_SYSTEM_ERR)
                        return 1;
        }
        if (login_env(&l, "WFAPIKEY_ID") || hoststate_descriptors() != before)
                return 2;
        (void) close(63);
        if (!answers_well(&l))
                return 3;
        (void) pam_end(l.pamh, PAM_SUCCESS);
        return hoststate_descriptors() == before - 1 ? 0 : 4;
}

static void test_without_descriptors(void **state) {
        (void) state;
        assert_int_equal(in_child(run_without_descriptors), 0);
}

/* --- A signal at each system call --- */

static volatile sig_atomic_t signals;

static void on_signal(int number) {
        (void) number;
        signals++;
}

/* Without SA_RESTART, so that the calls are interrupted. */
static int run_traced(void) {
        const struct sigaction action = { .sa_handler = on_signal };
        struct login l;

        if (!begin(&l, "hostile") || sigaction(SIGUSR1, &action, NULL) < 0 ||
            ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 || raise(SIGSTOP) != 0)
                return 100;
        return answers_well(&l) ? 0 : 1;
}

/* Sends a signal before each ${every}-th system call, beginning with the ${first}-th. Returns the
 * number of system calls; negative: the process ended otherwise than with 0. */
static int trace(pid_t pid, int first, int every) {
        int status, calls = 0, n = 0;
        long signal = 0;

        if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
            ptrace(PTRACE_SETOPTIONS, pid, NULL,
                   (void *) (PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)) < 0)
                return -1000;
        while (ptrace(PTRACE_SYSCALL, pid, NULL, (void *) signal) == 0) {
                signal = 0;
                if (waitpid(pid, &status, 0) != pid)
                        return -1001;
                if (WIFEXITED(status))
                        return WEXITSTATUS(status) == 0 ? calls : -WEXITSTATUS(status);
                if (WIFSIGNALED(status))
                        return -128 - WTERMSIG(status);
                if (WSTOPSIG(status) != (SIGTRAP | 0x80)) {
                        signal = WSTOPSIG(status);
                        continue;
                }
                /* Each call stops before and after. */
                if (n++ % 2 != 0)
                        continue;
                calls++;
                if (calls >= first && (calls - first) % every == 0)
                        (void) kill(pid, SIGUSR1);
        }
        return -1002;
}

static int with_signals(int first, int every) {
        pid_t pid = fork();

        if (pid < 0)
                fail_msg("fork: %s", strerror(errno));
        if (pid == 0)
                _exit(run_traced());
        return trace(pid, first, every);
}

static void test_signals(void **state) {
        int calls = with_signals(CALLS_MAX, 1);

        (void) state;
        print_message("# %d system calls\n", calls);
        assert_in_range(calls, 20, CALLS_MAX);
        for (int at = 1; at <= calls; at++) {
                int r = with_signals(at, CALLS_MAX);

                if (r < 0)
                        fail_msg("a signal before call %d: %d", at, r);
        }
        /* Each third: one that is repeated after a signal gets through. */
        for (int first = 1; first <= 3; first++)
                assert_in_range(with_signals(first, 3), calls, 3 * CALLS_MAX);
}

/* --- A fork between two calls --- */

static int run_forked(void) {
        unsigned descriptors;
        struct login l;
        pid_t pid;
        int rv;

        closelog();
        descriptors = hoststate_descriptors();
        if (!begin(&l, "hostile"))
                return 100;
        if (login_try(&l, key.text) != PAM_SUCCESS)
                return 1;
        /* From here on account asks the daemon, in both. */
        login_age();
        pid = fork();
        if (pid < 0)
                return 100;
        rv = go_on(&l);
        if (rv == PAM_SUCCESS &&
            (login_try(&l, wrong) != PAM_AUTH_ERR || login_try(&l, key.text) != PAM_SUCCESS))
                rv = PAM_ABORT;
        (void) pam_end(l.pamh, rv);
        closelog();
        if (rv != PAM_SUCCESS || hoststate_descriptors() != descriptors)
                return 2;
        return pid == 0 ? 0 : world_wait(pid);
}

static void test_fork(void **state) {
        (void) state;
        assert_int_equal(in_child(run_forked), 0);
}

/* --- Another root --- */

static int run_in_jail(const char *jail) {
        struct login l;

        if (!begin(&l, "hostile") || chroot(jail) < 0 || chdir("/") < 0)
                return 100;
        if (access(world.verify, F_OK) == 0)
                return answers_well(&l) ? 0 : 1;
        return login_try(&l, key.text) == PAM_AUTHINFO_UNAVAIL &&
                               login_try(&l, wrong) == PAM_AUTHINFO_UNAVAIL &&
                               !login_env(&l, "WFAPIKEY_ID")
                       ? 0
                       : 2;
}

static int run_in_an_empty_jail(void) {
        char jail[64];

        (void) snprintf(jail, sizeof(jail), "%s/empty", world.dir);
        return mkdir(jail, 0755) < 0 ? 100 : run_in_jail(jail);
}

/* There is nothing but the socket. */
static int run_in_a_jail_with_the_socket(void) {
        char jail[64], path[160];

        (void) snprintf(jail, sizeof(jail), "%s/jail", world.dir);
        if (mkdir(jail, 0755) < 0)
                return 100;
        /* world.dir is a directory in /tmp. */
        for (const char *at = world.verify; (at = strchr(at + 1, '/'));) {
                (void) snprintf(path, sizeof(path), "%s%.*s", jail, (int) (at - world.verify),
                                world.verify);
                if (mkdir(path, 0755) < 0)
                        return 101;
        }
        (void) snprintf(path, sizeof(path), "%s%s", jail, world.verify);
        return link(world.verify, path) < 0 ? 102 : run_in_jail(jail);
}

static void test_chroot(void **state) {
        (void) state;
        assert_int_equal(in_child(run_in_an_empty_jail), 0);
        assert_int_equal(in_child(run_in_a_jail_with_the_socket), 0);
}

static const char *not_root(void) {
        return getuid() != 0 ? "only root changes its root" : NULL;
}

/* --- A small stack --- */

static void *log_in_on_a_small_stack(void *data) {
        static struct login l;

        *(bool *) data = begin(&l, "hostile") && answers_well(&l);
        return NULL;
}

static int run_with_a_small_stack(void) {
        pthread_attr_t attr;
        pthread_t thread;
        bool well = false;

        if (pthread_attr_init(&attr) != 0 || pthread_attr_setstacksize(&attr, STACK_BYTES) != 0 ||
            pthread_create(&thread, &attr, log_in_on_a_small_stack, &well) != 0 ||
            pthread_join(thread, NULL) != 0)
                return 100;
        return well ? 0 : 1;
}

static void test_small_stack(void **state) {
        (void) state;
        assert_int_equal(in_child(run_with_a_small_stack), 0);
}

/* --- What the module does not need is forbidden --- */

/* The module, the allocator, the clock, and what libpam tells the audit of the kernel. */
static const int needed[] = {
        SCMP_SYS(socket),       SCMP_SYS(connect),       SCMP_SYS(getsockopt),
        SCMP_SYS(setsockopt),   SCMP_SYS(fcntl),         SCMP_SYS(poll),
        SCMP_SYS(ppoll),        SCMP_SYS(sendto),        SCMP_SYS(recvfrom),
        SCMP_SYS(close),        SCMP_SYS(brk),           SCMP_SYS(mmap),
        SCMP_SYS(munmap),       SCMP_SYS(mremap),        SCMP_SYS(futex),
        SCMP_SYS(getrandom),    SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep),
        SCMP_SYS(gettimeofday), SCMP_SYS(time),          SCMP_SYS(readlink),
        SCMP_SYS(getpid),       SCMP_SYS(getuid),        SCMP_SYS(uname),
        SCMP_SYS(ioctl),        SCMP_SYS(fstat),         SCMP_SYS(newfstatat),
        SCMP_SYS(pselect6),     SCMP_SYS(exit_group),
};

static const int deadly[] = {
        SCMP_SYS(open),         SCMP_SYS(openat), SCMP_SYS(execve),    SCMP_SYS(clone),
        SCMP_SYS(clone3),       SCMP_SYS(fork),   SCMP_SYS(vfork),     SCMP_SYS(kill),
        SCMP_SYS(tgkill),       SCMP_SYS(bind),   SCMP_SYS(listen),    SCMP_SYS(accept4),
        SCMP_SYS(mprotect),     SCMP_SYS(prctl),  SCMP_SYS(setuid),    SCMP_SYS(setresuid),
        SCMP_SYS(rt_sigaction), SCMP_SYS(unlink), SCMP_SYS(renameat),  SCMP_SYS(chdir),
        SCMP_SYS(setitimer),    SCMP_SYS(umask),  SCMP_SYS(setrlimit),
};

/* Others fail. Those that would harm a host kill the process. */
static bool forbid(void) {
        scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
        bool done = filter;

        for (size_t i = 0; done && i < ARRAY_LEN(needed); i++)
                done = seccomp_rule_add(filter, SCMP_ACT_ALLOW, needed[i], 0) == 0;
        for (size_t i = 0; done && i < ARRAY_LEN(deadly); i++)
                done = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, deadly[i], 0) == 0;
        return done && seccomp_load(filter) == 0;
}

static int run_in_a_cage(void) {
        struct login l;

        if (!begin(&l, "hostile") || !forbid())
                return 100;
        return answers_well(&l) && login_try(&l, "no key") == PAM_CRED_UNAVAIL ? 0 : 1;
}

static void test_cage(void **state) {
        (void) state;
        assert_int_equal(in_child(run_in_a_cage), 0);
}

/* --- No memory --- */

#define BLOCKS_MAX 100000

static void *blocks[BLOCKS_MAX];

/* The limit of the address space keeps the stack from growing as well. */
static __attribute__((noinline)) void have_a_stack(void) {
        volatile char used[256 << 10];

        for (size_t i = 0; i < sizeof(used); i += 1024)
                used[i] = 0;
}

/* Takes all memory but about ${left} bytes. Returns how many blocks that is. */
static size_t use_all_memory(size_t left) {
        static const size_t sizes[] = { 1 << 20, 64 << 10, 4096, 512, 64, 16 };
        struct rlimit limit;
        void *kept = malloc(left);
        size_t n = 0;

        if (!kept || getrlimit(RLIMIT_AS, &limit) < 0)
                return 0;
        limit.rlim_cur = (rlim_t) hoststate_number("\nVmSize:") << 10;
        if (setrlimit(RLIMIT_AS, &limit) < 0)
                return 0;
        for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
                while (n < BLOCKS_MAX && (blocks[n] = malloc(sizes[i])))
                        n++;
        free(kept);
        return n < BLOCKS_MAX ? n : 0;
}

static bool give_memory_back(size_t n) {
        struct rlimit limit;

        if (getrlimit(RLIMIT_AS, &limit) < 0)
                return false;
        limit.rlim_cur = limit.rlim_max;
        while (n > 0)
                free(blocks[--n]);
        return setrlimit(RLIMIT_AS, &limit) == 0;
}

/* libpam and the conversation fail in ways of their own. */
static bool may_be_said(int rv, int otherwise) {
        return rv == otherwise || rv == PAM_AUTHINFO_UNAVAIL || rv == PAM_BUF_ERR ||
               rv == PAM_CONV_ERR || rv == PAM_SYSTEM_ERR;
}

static size_t memory_left;

static int run_without_memory(void) {
        unsigned before = hoststate_descriptors();
        int rv_wrong, rv, account;
        struct login l;
        size_t n;

        closelog();
        have_a_stack();
        if (!begin(&l, "hostile") || (n = use_all_memory(memory_left)) == 0)
                return 100;
        rv_wrong = login_try(&l, wrong);
        rv = login_try(&l, key.text);
        account = go_on(&l);
        if (!give_memory_back(n))
                return 101;
        closelog();
        if (!may_be_said(rv_wrong, PAM_AUTH_ERR) || !may_be_said(rv, PAM_SUCCESS) ||
            (rv == PAM_SUCCESS ? !may_be_said(account, PAM_SUCCESS) : account == PAM_SUCCESS))
                return 1;
        if (!answers_well(&l))
                return 2;
        (void) pam_end(l.pamh, PAM_SUCCESS);
        closelog();
        if (hoststate_descriptors() != before)
                return 3;
        return rv == PAM_SUCCESS ? 0 : 10;
}

/* With more and more of it, until the login is as always. */
static void test_without_memory(void **state) {
        unsigned failed = 0;
        int status = 10;

        (void) state;
        for (memory_left = 16; status != 0 && memory_left < 4 << 20;
             memory_left += memory_left / 4) {
                status = in_child(run_without_memory);
                if (status != 0 && status != 10)
                        fail_msg("with %zu bytes: %d", memory_left, status);
                failed += status == 10;
        }
        print_message("# no decision %u times, a login with %zu bytes\n", failed, memory_left);
        assert_int_equal(status, 0);
        assert_true(failed > 0);
}

/* --- 200 modules --- */

static void write_many(void) {
        size_t size = MODULES * 3 * 900, len = 0;
        char *lines = malloc(size), copy[96];

        assert_non_null(lines);
        for (unsigned i = 0; i < MODULES; i++) {
                (void) snprintf(copy, sizeof(copy), "%s/module-%u.so", world.dir, i);
                world_copy(world.module, copy, 0755);
                len += (size_t) snprintf(lines + len, size - len,
                                         "auth required %s socket=%s server_uid=%u %s\n"
                                         "account required %s socket=%s server_uid=%u\n"
                                         "session required %s\n",
                                         copy, world.verify, getuid(),
                                         i == 0 ? "" : "use_first_pass", copy, world.verify,
                                         getuid(), copy);
        }
        world_service(&world, "many", "%s", lines);
        free(lines);
}

/* Each is a library of its own, and answers for itself. */
static int run_with_many_modules(void) {
        struct hoststate before, after;
        struct login l;

        closelog();
        hoststate_take(&before);
        for (int i = 0; i < 2; i++) {
                if (!begin(&l, "many"))
                        return 100;
                if (!answers_well(&l))
                        return 1;
                (void) pam_end(l.pamh, PAM_SUCCESS);
        }
        closelog();
        hoststate_take(&after);
        return after.descriptors == before.descriptors && after.threads == before.threads &&
                               after.environment == before.environment &&
                               after.umask == before.umask &&
                               hoststate_same_signals(&after.mask, &before.mask)
                       ? 0
                       : 2;
}

static void test_many_modules(void **state) {
        (void) state;
        assert_int_equal(in_child(run_with_many_modules), 0);
}

/* --- Set-up and table --- */

static const char *instrumented(void) {
        return world_is_instrumented() ? "a sanitizer needs more system calls and memory" : NULL;
}

static void set_up(void) {
        login_spoil(key.text, 7, wrong);
        world_service(&world, "hostile",
                      "auth required %s timeout=60\naccount required %s timeout=60\n"
                      "session required %s\n",
                      ours, ours, world.module);
        write_many();
}

static const struct suite_test tests[] = {
        CASE(test_without_descriptors,
             "a host without a free descriptor gets no decision, and with one it logs in"),
        CASE(test_signals, "a signal before each system call changes nothing"),
        CASE(test_fork, "a fork between two calls: both processes go on"),
        CASE_UNLESS(not_root, test_chroot,
                    "another root: no decision without the socket, and with it the host logs in"),
        CASE(test_small_stack, "a stack of 64 KiB is enough"),
        CASE_UNLESS(instrumented, test_cage,
                    "a host that forbids files, processes and most else logs in"),
        CASE_UNLESS(instrumented, test_without_memory,
                    "a host without memory gets no decision, and with some it logs in"),
        CASE(test_many_modules, "200 modules in a process answer, and leave nothing behind"),
};

const struct suite suite = {
        .name = "hostile",
        .daemon = true,
        .set_up = set_up,
        .tests = tests,
        .n_tests = ARRAY_LEN(tests),
};

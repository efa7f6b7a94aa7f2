#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "world.h"

#define WORDS_MAX 32

static const char *const needed[] = { "PAM_MODULE", "WFAPIKEYD", "WFAPIKEYCTL", "abs_top_builddir" };

/* What systemd, or a make check that runs below it, may have told us is not meant for a daemon of ours. */
static const char *const of_systemd[] = { "NOTIFY_SOCKET",  "LISTEN_FDS",    "LISTEN_PID",
                                          "LISTEN_FDNAMES", "WATCHDOG_USEC", "WATCHDOG_PID",
                                          "JOURNAL_STREAM", "INVOCATION_ID", "CREDENTIALS_DIRECTORY" };

bool world_begin(unsigned seconds) {
        struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL };
        const struct itimerspec when = { .it_value.tv_sec = seconds };
        timer_t timer;

        for (size_t i = 0; i < ARRAY_LEN(needed); i++)
                if (!getenv(needed[i])) {
                        printf("1..0 # SKIP %s is not set: make check does that\n", needed[i]);
                        return false;
                }
        if (!getpwuid(getuid())) {
                printf("1..0 # SKIP the user who runs this has no account\n");
                return false;
        }
        /* A signal that nothing can catch: hanging is one of the things that are tested for. */
        if (timer_create(CLOCK_MONOTONIC, &event, &timer) < 0 || timer_settime(timer, 0, &when, NULL) < 0) {
                printf("Bail out! no timer: %s\n", strerror(errno));
                return false;
        }
        return true;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        (void) st;
        (void) type;
        (void) ftw;
        return remove(path);
}

void world_open(struct world *ret) {
        static const char template[] = "/tmp/wfa-XXXXXX";
        const struct passwd *pw = getpwuid(getuid());
        struct world w = {};
        FILE *conf;

        memcpy(w.dir, template, sizeof(template));
        if (!pw || strlen(pw->pw_name) >= sizeof(w.user) || !mkdtemp(w.dir) || chmod(w.dir, 0755) < 0)
                fail_msg("no place for a test: %s", strerror(errno));
        memcpy(w.user, pw->pw_name, strlen(pw->pw_name));
        (void) snprintf(w.verify, sizeof(w.verify), "%s/verify", w.dir);
        (void) snprintf(w.control, sizeof(w.control), "%s/control", w.dir);
        (void) snprintf(w.state, sizeof(w.state), "%s/state", w.dir);
        (void) snprintf(w.log, sizeof(w.log), "%s/log", w.dir);
        (void) snprintf(w.conf, sizeof(w.conf), "%s/conf", w.dir);
        (void) snprintf(w.services, sizeof(w.services), "%s/pam.d", w.dir);
        (void) snprintf(w.module, sizeof(w.module), "%s", getenv("PAM_MODULE"));
        (void) snprintf(w.peek, sizeof(w.peek), "%s/tests/pam/.libs/pam_peek.so", getenv("abs_top_builddir"));
        conf = fopen(w.conf, "we");
        if (!conf || fclose(conf) != 0 || mkdir(w.services, 0755) < 0 || chmod(w.services, 0755) < 0 ||
            chmod(w.conf, 0644) < 0)
                fail_msg("cannot write in %s: %s", w.dir, strerror(errno));
        *ret = w;
}

void world_close(struct world *w) {
        if (w->daemon > 0)
                world_stop(w);
        if (nftw(w->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS) < 0)
                fail_msg("cannot remove %s: %s", w->dir, strerror(errno));
}

pid_t world_spawn(char *const argv[], int out, int err) {
        pid_t parent = getpid(), pid;

        pid = fork();
        if (pid < 0)
                fail_msg("fork: %s", strerror(errno));
        if (pid > 0)
                return pid;
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
                _exit(126);
        for (size_t i = 0; i < ARRAY_LEN(of_systemd); i++)
                (void) unsetenv(of_systemd[i]);
        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
                int from = fd == STDOUT_FILENO ? out : fd == STDERR_FILENO ? err : -1;

                if (from < 0)
                        from = open("/dev/null", O_RDWR | O_CLOEXEC);
                if (dup2(from, fd) < 0)
                        _exit(126);
        }
        execv(argv[0], argv);
        _exit(127);
}

int world_wait(pid_t pid) {
        int status = 0;

        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        fail_msg("waitpid: %s", strerror(errno));
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool accepts(const char *path, int type) {
        _cleanup_close_ int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
        struct sockaddr_un sa = { .sun_family = AF_UNIX };

        memcpy(sa.sun_path, path, strlen(path));
        return fd >= 0 && connect(fd, (struct sockaddr *) &sa, sizeof(sa)) == 0;
}

/* A program that may not be looked into (PR_SET_DUMPABLE) cannot look for its own leaks either, unless it is root's. */
static void mind_sanitizer(void) {
        if (world_is_instrumented() && getuid() != 0)
                (void) setenv("LSAN_OPTIONS", "detect_leaks=0", 0);
}

static void start(struct world *w, bool debug) {
        char option[4][96], *daemon = getenv("WFAPIKEYD"), last[] = "--debug";
        char *argv[] = { daemon, option[0], option[1], option[2], option[3], debug ? last : NULL, NULL };
        _cleanup_close_ int log = open(w->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

        (void) snprintf(option[0], sizeof(option[0]), "--state-dir=%s", w->state);
        (void) snprintf(option[1], sizeof(option[1]), "--verify-socket=%s", w->verify);
        (void) snprintf(option[2], sizeof(option[2]), "--control-socket=%s", w->control);
        (void) snprintf(option[3], sizeof(option[3]), "--config=%s", w->conf);
        mind_sanitizer();
        w->daemon = world_spawn(argv, log, log);
        while (!accepts(w->verify, SOCK_SEQPACKET) || !accepts(w->control, SOCK_STREAM)) {
                if (waitpid(w->daemon, NULL, WNOHANG) != 0) {
                        _cleanup_free_ char *said = world_read(w->log, NULL);

                        w->daemon = 0;
                        fail_msg("the daemon did not start: %s", said ? said : "");
                }
                world_nap();
        }
}

void world_start(struct world *w) {
        start(w, false);
}

void world_start_debugging(struct world *w) {
        start(w, true);
}

void world_stop(struct world *w) {
        _cleanup_free_ char *said = NULL;
        int status;

        (void) kill(w->daemon, SIGTERM);
        status = world_wait(w->daemon);
        w->daemon = 0;
        said = world_read(w->log, NULL);
        if (status != 0)
                fail_msg("the daemon ended with %d: %s", status, said ? said : "");
}

static int run_ctl(const struct world *w, char *out, size_t size, va_list ap) {
        char control[96], *argv[WORDS_MAX] = { getenv("WFAPIKEYCTL"), control };
        int fds[2], argc = 2;
        size_t have = 0;
        ssize_t n;
        pid_t pid;

        (void) snprintf(control, sizeof(control), "--control=%s", w->control);
        while (argc < WORDS_MAX - 1 && (argv[argc] = va_arg(ap, char *)))
                argc++;
        if (pipe2(fds, O_CLOEXEC) < 0)
                fail_msg("pipe2: %s", strerror(errno));
        pid = world_spawn(argv, fds[1], STDERR_FILENO);
        (void) close(fds[1]);
        while (have + 1 < size && (n = read(fds[0], out + have, size - 1 - have)) != 0)
                if (n > 0)
                        have += (size_t) n;
                else if (errno != EINTR)
                        break;
        (void) close(fds[0]);
        if (size > 0)
                out[have] = '\0';
        return world_wait(pid);
}

int world_ctl(const struct world *w, char *out, size_t size, ...) {
        va_list ap;
        int status;

        va_start(ap, size);
        status = run_ctl(w, out, size, ap);
        va_end(ap);
        return status;
}

void world_do(const struct world *w, ...) {
        char out[4096];
        va_list ap;
        int status;

        va_start(ap, w);
        status = run_ctl(w, out, sizeof(out), ap);
        va_end(ap);
        if (status != 0)
                fail_msg("wfapikeyctl ended with %d", status);
}

void world_issue(const struct world *w, struct world_key *ret, ...) {
        char control[96], out[KEYTEXT_LEN + 2], *argv[WORDS_MAX] = { getenv("WFAPIKEYCTL"), control };
        char words[3][WIRE_USER_MAX + 1] = { "key", "issue" };
        int fds[2], argc = 5, status;
        size_t have = 0;
        ssize_t n;
        va_list ap;
        pid_t pid;

        (void) snprintf(control, sizeof(control), "--control=%s", w->control);
        (void) snprintf(words[2], sizeof(words[2]), "%s", w->user);
        for (int i = 0; i < 3; i++)
                argv[2 + i] = words[i];
        va_start(ap, ret);
        while (argc < WORDS_MAX - 1 && (argv[argc] = va_arg(ap, char *)))
                argc++;
        va_end(ap);
        if (pipe2(fds, O_CLOEXEC) < 0)
                fail_msg("pipe2: %s", strerror(errno));
        pid = world_spawn(argv, fds[1], -1);
        (void) close(fds[1]);
        while (have < sizeof(out) && (n = read(fds[0], out + have, sizeof(out) - have)) > 0)
                have += (size_t) n;
        (void) close(fds[0]);
        status = world_wait(pid);
        if (status != 0 || have != KEYTEXT_LEN + 1 || !keytext_is_key(out, KEYTEXT_LEN))
                fail_msg("no key was issued (status %d, %zu bytes)", status, have);
        *ret = (struct world_key){};
        memcpy(ret->text, out, KEYTEXT_LEN);
        memcpy(ret->id, keytext_id(out), KEYTEXT_ID_LEN);
}

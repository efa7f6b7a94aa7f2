/* SPDX-License-Identifier: BSD-2-Clause */
/* The directory, the daemon and the commands of a test. It must not know what is tested: it starts
 * what it is told to and waits for it. */
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

/* The variables of systemd, or of a make check that runs below it. They are not meant for this
 * daemon. */
static const char *const of_systemd[] = {
        "NOTIFY_SOCKET", "LISTEN_FDS",     "LISTEN_PID",    "LISTEN_FDNAMES",       "WATCHDOG_USEC",
        "WATCHDOG_PID",  "JOURNAL_STREAM", "INVOCATION_ID", "CREDENTIALS_DIRECTORY"
};

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
        if (!pw || strlen(pw->pw_name) >= sizeof(w.user) || !mkdtemp(w.dir) ||
            chmod(w.dir, 0755) < 0)
                fail_msg("no place for a test: %s", strerror(errno));
        memcpy(w.user, pw->pw_name, strlen(pw->pw_name));
        (void) snprintf(w.verify, sizeof(w.verify), "%s/verify", w.dir);
        (void) snprintf(w.control, sizeof(w.control), "%s/control", w.dir);
        (void) snprintf(w.state, sizeof(w.state), "%s/state", w.dir);
        (void) snprintf(w.log, sizeof(w.log), "%s/log", w.dir);
        (void) snprintf(w.conf, sizeof(w.conf), "%s/conf", w.dir);
        (void) snprintf(w.services, sizeof(w.services), "%s/pam.d", w.dir);
        (void) snprintf(w.module, sizeof(w.module), "%s", getenv("PAM_MODULE"));
        (void) snprintf(w.peek, sizeof(w.peek), "%s/tests/pam/pam_peek.so",
                        getenv("abs_top_builddir"));
        conf = fopen(w.conf, "we");
        if (!conf || fputs("#\n", conf) < 0 || fclose(conf) != 0 || mkdir(w.services, 0755) < 0 ||
            chmod(w.services, 0755) < 0 || chmod(w.conf, 0644) < 0)
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

/* A process that is not dumpable (PR_SET_DUMPABLE) cannot look for its own leaks, unless it is
 * root's. */
static void mind_sanitizer(void) {
        if (world_is_instrumented() && getuid() != 0)
                (void) setenv("LSAN_OPTIONS", "detect_leaks=0", 0);
}

static void start(struct world *w, bool debug) {
        char option[4][96], *daemon = getenv("WFAPIKEYD"), last[] = "--debug";
        char *argv[] = { daemon,    option[0],           option[1], option[2],
                         option[3], debug ? last : NULL, NULL };
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
        /* A failed test may have left it stopped. */
        (void) kill(w->daemon, SIGCONT);
        status = world_wait(w->daemon);
        w->daemon = 0;
        said = world_read(w->log, NULL);
        if (status != 0)
                fail_msg("the daemon ended with %d: %s", status, said ? said : "");
}

struct command {
        char control[96];
        char *argv[WORDS_MAX];
        int argc;
};

static void add_words(struct command *c, va_list ap) {
        while (c->argc < WORDS_MAX - 1 && (c->argv[c->argc] = va_arg(ap, char *)))
                c->argc++;
}

static void begin_command(const struct world *w, struct command *c) {
        *c = (struct command){ .argv = { getenv("WFAPIKEYCTL"), c->control }, .argc = 2 };
        (void) snprintf(c->control, sizeof(c->control), "--control=%s", w->control);
}

/* Reads the whole output, so that a full pipe does not stop the program. What does not fit is
 * dropped. */
static int run_command(const struct command *c, int err, char *out, size_t size) {
        char rest[512];
        size_t have = 0;
        int fds[2];
        ssize_t n;
        pid_t pid;

        if (pipe2(fds, O_CLOEXEC) < 0)
                fail_msg("pipe2: %s", strerror(errno));
        pid = world_spawn(c->argv, fds[1], err);
        (void) close(fds[1]);
        for (;;) {
                bool full = have + 1 >= size;

                n = read(fds[0], full ? rest : out + have, full ? sizeof(rest) : size - 1 - have);
                if (n == 0 || (n < 0 && errno != EINTR))
                        break;
                if (n > 0 && !full)
                        have += (size_t) n;
        }
        (void) close(fds[0]);
        if (size > 0)
                out[have] = '\0';
        return world_wait(pid);
}

int world_ctl(const struct world *w, char *out, size_t size, ...) {
        struct command c;
        va_list ap;

        begin_command(w, &c);
        va_start(ap, size);
        add_words(&c, ap);
        va_end(ap);
        return run_command(&c, -1, out, size);
}

void world_do(const struct world *w, ...) {
        struct command c;
        va_list ap;
        int status;

        begin_command(w, &c);
        va_start(ap, w);
        add_words(&c, ap);
        va_end(ap);
        status = run_command(&c, STDERR_FILENO, NULL, 0);
        if (status != 0)
                fail_msg("wfapikeyctl %s %s ended with %d", c.argv[2], c.argc > 3 ? c.argv[3] : "",
                         status);
}

void world_issue(const struct world *w, struct world_key *ret, ...) {
        char key[] = "key", issue[] = "issue", user[WIRE_USER_MAX + 1], out[KEYTEXT_LEN + 8];
        struct command c;
        va_list ap;
        int status;

        begin_command(w, &c);
        (void) snprintf(user, sizeof(user), "%s", w->user);
        c.argv[c.argc++] = key;
        c.argv[c.argc++] = issue;
        c.argv[c.argc++] = user;
        va_start(ap, ret);
        add_words(&c, ap);
        va_end(ap);
        status = run_command(&c, -1, out, sizeof(out));
        if (status != 0 || strlen(out) != KEYTEXT_LEN + 1 || !keytext_is_key(out, KEYTEXT_LEN))
                fail_msg("no key was issued (status %d)", status);
        *ret = (struct world_key){};
        memcpy(ret->text, out, KEYTEXT_LEN);
        memcpy(ret->id, keytext_id(out), KEYTEXT_ID_LEN);
}

void world_await_status(const struct world *w, const char *id, const char *status) {
        char out[4096], wanted[64];

        (void) snprintf(wanted, sizeof(wanted), "\"status\":\"%s\"", status);
        for (;;) {
                if (world_ctl(w, out, sizeof(out), "key", "show", id, "--json", NULL) != 0)
                        fail_msg("key %s is not shown", id);
                if (strstr(out, wanted))
                        return;
                world_nap();
        }
}

void world_service(const struct world *w, const char *name, const char *format, ...) {
        char path[512];
        va_list ap;
        FILE *f;
        int n;

        (void) snprintf(path, sizeof(path), "%s/%s", w->services, name);
        f = fopen(path, "we");
        if (!f)
                fail_msg("cannot write %s: %s", path, strerror(errno));
        va_start(ap, format);
        n = vfprintf(f, format, ap);
        va_end(ap);
        if (fclose(f) != 0 || n < 0 || chmod(path, 0644) < 0)
                fail_msg("cannot write %s: %s", path, strerror(errno));
}

size_t world_log_size(const struct world *w) {
        struct stat st;

        return stat(w->log, &st) == 0 ? (size_t) st.st_size : 0;
}

char *world_await_log(const struct world *w, size_t from, const char *text) {
        for (;;) {
                size_t size = 0;
                _cleanup_free_ char *log = world_read(w->log, &size);
                char *at = log && from < size ? log + from : NULL, *end;

                /* A line counts only when it has its end. */
                for (; at && (end = strchr(at, '\n')); at = end + 1) {
                        *end = '\0';
                        if (strstr(at, text))
                                return strdup(at);
                }
                world_nap();
        }
}

char *world_read(const char *path, size_t *ret_size) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
        _cleanup_free_ char *buffer = NULL;
        size_t size = 0, room = 0;
        ssize_t n = 1;

        while (fd >= 0 && n > 0) {
                if (room - size < 4096) {
                        char *more = realloc(buffer, room = room * 2 + 8192);

                        if (!more)
                                return NULL;
                        buffer = more;
                }
                n = read(fd, buffer + size, room - size - 1);
                if (n > 0)
                        size += (size_t) n;
        }
        if (fd < 0 || n < 0)
                return NULL;
        buffer[size] = '\0';
        if (ret_size)
                *ret_size = size;
        return take_ptr(buffer);
}

void world_copy(const char *from, const char *to, mode_t mode) {
        size_t size = 0;
        _cleanup_free_ char *bytes = world_read(from, &size);
        _cleanup_close_ int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

        if (!bytes || fd < 0 || write(fd, bytes, size) != (ssize_t) size || fchmod(fd, mode) < 0)
                fail_msg("cannot copy %s to %s: %s", from, to, strerror(errno));
}

int64_t world_now_ms(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void world_nap(void) {
        (void) nanosleep(&(struct timespec){ .tv_nsec = 3000000 }, NULL);
}

bool world_is_instrumented(void) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
        return true;
#else
        return false;
#endif
}

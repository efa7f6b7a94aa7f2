/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs wfapikey-fleetd and waits for its end. Does not know PostgreSQL. A password goes to the
 * program through a pipe, and never into an argument. What the program says comes through another
 * one, because a program that asked for JSON must not get lines of text. */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "cli/become.h"
#include "cli/say.h"
#include "fleet/dbsetup.h"

#define UNRUNNABLE 127 /* as the shell */

static enum exit_code find_user(const struct dbsetup *s, const struct passwd **ret) {
        errno = 0;
        *ret = s->user ? getpwnam(s->user) : NULL;
        if (!s->user || *ret)
                return CTL_OK;
        say_error("cannot run %s as '%s': %s", s->program, s->user,
                  errno ? strerror(errno) : "there is no such user");
        return CTL_USAGE;
}

static int become(const struct passwd *user, pid_t parent) {
        if (setenv("HOME", user->pw_dir, 1) < 0)
                return -errno;
        return become_user(user->pw_name, user->pw_uid, user->pw_gid, parent);
}

/* In the child. */
static void run_in_child(const struct dbsetup *s, const struct passwd *user, pid_t parent, int in,
                         int out, int said) {
        int r = user ? become(user, parent) : 0;

        if (dup2(said, STDERR_FILENO) < 0)
                _exit(UNRUNNABLE);
        if (r >= 0 && (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
                       signal(SIGPIPE, SIG_DFL) == SIG_ERR))
                r = -errno;
        if (r >= 0) {
                if (s->admin)
                        (void) execl(s->program, s->program, "--setup", s->admin, "--host", s->host,
                                     NULL);
                else
                        (void) execl(s->program, s->program, "--print-sql", NULL);
                r = -errno;
        }
        (void) dprintf(STDERR_FILENO, "cannot run %s%s%s: %s (package wfapikey-fleet)\n",
                       s->program, user ? " as " : "", user ? user->pw_name : "", strerror(-r));
        _exit(UNRUNNABLE);
}

/* What the program has said, line by line. */
static void tell(char *text, bool failed) {
        char *line;

        while ((line = strsep(&text, "\n")))
                if (line[0] && failed)
                        say_error("%s", line);
                else if (line[0])
                        say_line("%s", line);
}

static enum exit_code wait_for(const struct dbsetup *s, pid_t pid, char *said) {
        int status;

        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR) {
                        say_error("cannot wait for %s: %s", s->program, strerror(errno));
                        return CTL_FAILED;
                }
        tell(said, !WIFEXITED(status) || WEXITSTATUS(status) != 0);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
                return CTL_OK;
        if (WIFSIGNALED(status))
                say_error("%s was ended by signal %d", s->program, WTERMSIG(status));
        else
                say_error("%s failed: nothing was changed on this host", s->program);
        return CTL_FAILED;
}

/* Until the program has ended. What is too long is left out. */
static void hear(int fd, char *out, size_t size) {
        char rest[256];
        size_t n = 0;
        ssize_t len;

        do {
                bool fits = n + 1 < size;

                len = read(fd, fits ? out + n : rest, fits ? size - 1 - n : sizeof(rest));
                if (fits && len > 0)
                        n += (size_t) len;
        } while (len > 0 || (len < 0 && errno == EINTR));
        out[n] = '\0';
}

/* Runs the program with ${in} for its standard input, and ${out} for its output; -1: where it says
 * what it has to say. */
static enum exit_code run(const struct dbsetup *s, int in, int out) {
        _cleanup_close_ int from = -1, said = -1;
        const struct passwd *user;
        char text[4096];
        enum exit_code rc;
        int fds[2];
        pid_t pid, parent = getpid();

        rc = find_user(s, &user);
        if (rc != CTL_OK)
                return rc;
        if (pipe2(fds, O_CLOEXEC) < 0) {
                say_error("cannot make a pipe: %s", strerror(errno));
                return CTL_FAILED;
        }
        from = fds[0];
        said = fds[1];
        pid = fork();
        if (pid == 0)
                run_in_child(s, user, parent, in, out < 0 ? said : out, said);
        if (pid < 0) {
                say_error("cannot run %s: %s", s->program, strerror(errno));
                return CTL_FAILED;
        }
        (void) close(take_fd(&said));
        hear(from, text, sizeof(text));
        return wait_for(s, pid, text);
}

enum exit_code dbsetup_run(const struct dbsetup *s, const char *password) {
        _cleanup_close_ int in = -1, out = -1;
        ssize_t len = (ssize_t) strlen(password);
        int fds[2];

        if (pipe2(fds, O_CLOEXEC) < 0) {
                say_error("cannot make a pipe: %s", strerror(errno));
                return CTL_FAILED;
        }
        in = fds[0];
        out = fds[1];
        /* A pipe has room for it, so it can be written before somebody reads. */
        if (write(out, password, (size_t) len) != len) {
                say_error("cannot write to a pipe: %s", strerror(errno));
                return CTL_FAILED;
        }
        (void) close(take_fd(&out));
        return run(s, in, -1);
}

enum exit_code dbsetup_print_sql(const struct dbsetup *s) {
        struct dbsetup only_print = { .program = s->program };

        return run(&only_print, STDIN_FILENO, STDOUT_FILENO);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs wfapikey-fleetd and waits for its end. Does not know PostgreSQL. A password goes to the
 * program through a pipe, and never into an argument. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
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

static int become(const struct passwd *user) {
        return initgroups(user->pw_name, user->pw_gid) < 0 || setgid(user->pw_gid) < 0 ||
                               setuid(user->pw_uid) < 0 || setenv("HOME", user->pw_dir, 1) < 0
                       ? -errno
                       : 0;
}

/* In the child. */
static void run_in_child(const struct dbsetup *s, const struct passwd *user, int in, int out) {
        int r = user ? become(user) : 0;

        /* Nobody here ever writes what is kept for a program. */
        say_to(NULL);
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
        say_error("cannot run %s%s%s: %s (package wfapikey-fleet)", s->program, user ? " as " : "",
                  user ? user->pw_name : "", strerror(-r));
        _exit(UNRUNNABLE);
}

static enum exit_code wait_for(const struct dbsetup *s, pid_t pid) {
        int status;

        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR) {
                        say_error("cannot wait for %s: %s", s->program, strerror(errno));
                        return CTL_FAILED;
                }
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
                return CTL_OK;
        if (WIFSIGNALED(status))
                say_error("%s was ended by signal %d", s->program, WTERMSIG(status));
        else
                say_error("%s failed: nothing was changed on this host", s->program);
        return CTL_FAILED;
}

/* Runs the program with ${in} and ${out} for its standard input and output. */
static enum exit_code run(const struct dbsetup *s, int in, int out) {
        const struct passwd *user;
        enum exit_code rc;
        pid_t pid;

        rc = find_user(s, &user);
        if (rc != CTL_OK)
                return rc;
        pid = fork();
        if (pid == 0)
                run_in_child(s, user, in, out);
        if (pid < 0) {
                say_error("cannot run %s: %s", s->program, strerror(errno));
                return CTL_FAILED;
        }
        return wait_for(s, pid);
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
        return run(s, in, STDERR_FILENO);
}

enum exit_code dbsetup_print_sql(const struct dbsetup *s) {
        struct dbsetup only_print = { .program = s->program };

        return run(&only_print, STDIN_FILENO, STDOUT_FILENO);
}

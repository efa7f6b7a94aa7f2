/* SPDX-License-Identifier: BSD-2-Clause */
/* The terminal that stdout leads to, and a pager before it. Does not know what is shown. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "draw/screen.h"

/* The pager, and the width of the terminal that it has. */
static struct {
        pid_t pid;
        size_t width;
} pager;

bool screen_is_terminal(void) {
        return pager.pid > 0 || isatty(STDOUT_FILENO);
}

size_t screen_width(void) {
        return pager.width;
}

/* A pager runs programs for the person who sits before it. Where somebody may run one command as
 * root, it must not give more. What has raised the rights (sudo, doas, pkexec, a rule of a service)
 * cannot be told from the environment. */
static bool is_elevated(void) {
        return geteuid() == 0;
}

static const char *choose(void) {
        const char *own = secure_getenv("WFAPIKEY_PAGER");

        return is_elevated() ? NULL : own ? own : secure_getenv("PAGER");
}

static void run(const char *command, int in) {
        (void) signal(SIGPIPE, SIG_DFL);
        if (dup2(in, STDIN_FILENO) < 0)
                _exit(1);
        if (is_elevated())
                (void) setenv("LESSSECURE", "1", 1);
        if (command)
                (void) execl("/bin/sh", "sh", "-c", command, (char *) NULL);
        else {
                (void) execlp("less", "less", "-FRSX", (char *) NULL);
                (void) execlp("cat", "cat", (char *) NULL);
        }
        _exit(127);
}

void screen_page(void) {
        const char *command = choose(), *term = secure_getenv("TERM");
        struct winsize size = {};
        int ends[2];
        pid_t pid;

        if (pager.pid > 0 || !isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO) || !term ||
            strcmp(term, "dumb") == 0 || (command && (!*command || strcmp(command, "cat") == 0)) ||
            pipe2(ends, O_CLOEXEC) < 0)
                return;
        (void) ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
        pid = fork();
        if (pid == 0)
                run(command, ends[0]);
        (void) close(ends[0]);
        if (pid > 0 && dup2(ends[1], STDOUT_FILENO) >= 0) {
                pager.pid = pid;
                pager.width = size.ws_col > 0 ? size.ws_col : 80;
                /* It is for the pager: it ends a search, not the program. */
                (void) signal(SIGINT, SIG_IGN);
        }
        (void) close(ends[1]);
}

bool screen_close(void) {
        if (pager.pid <= 0)
                return false;
        while (waitpid(pager.pid, NULL, 0) < 0 && errno == EINTR)
                continue;
        pager.pid = 0;
        return true;
}

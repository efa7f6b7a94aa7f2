/* SPDX-License-Identifier: BSD-2-Clause */
/* The first process of a container: it starts the daemon, reaps processes and hands on signals. It
 * makes system calls only. It has no thread, no socket and no secret. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/pid1.h"

/* Sockets that systemd passed are the daemon's. */
static void hand_on_sockets(void) {
        const char *pid = secure_getenv("LISTEN_PID");
        char own[24];

        if (!pid || strcmp(pid, "1") != 0)
                return;
        (void) snprintf(own, sizeof(own), "%d", getpid());
        (void) setenv("LISTEN_PID", own, true);
}

/* Reaps every process that has ended. Returns whether the daemon was among them. */
static bool reap(pid_t daemon, int *ret_status) {
        bool ended = false;
        int status;
        pid_t pid;

        while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
                if (pid != daemon)
                        continue;
                *ret_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
                ended = true;
        }
        return ended;
}

static int watch(pid_t daemon, const sigset_t *signals) {
        int status = EXIT_FAILURE;

        while (!reap(daemon, &status)) {
                int signal = sigwaitinfo(signals, NULL);

                if (signal > 0 && signal != SIGCHLD)
                        (void) kill(daemon, signal);
        }
        return status;
}

int pid1_watch(void *secret, size_t len, int *ret_status) {
        sigset_t signals, before;
        pid_t pid;

        if (getpid() != 1)
                return 0;
        /* Before the child is there, so that no signal is lost. */
        (void) sigfillset(&signals);
        if (sigprocmask(SIG_BLOCK, &signals, &before) < 0)
                return -errno;
        /* With SIGCHLD ignored there would be no process to wait for. */
        (void) signal(SIGCHLD, SIG_DFL);
        pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0) {
                hand_on_sockets();
                return sigprocmask(SIG_SETMASK, &before, NULL) < 0 ? -errno : 0;
        }
        explicit_bzero(secret, len);
        *ret_status = watch(pid, &signals);
        return 1;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/pid1.h"

/* Sockets that were passed are the daemon's. */
static void hand_on_sockets(void) {
        const char *pid = secure_getenv("LISTEN_PID");
        char own[24];

        if (!pid || strcmp(pid, "1") != 0)
                return;
        (void) snprintf(own, sizeof(own), "%d", getpid());
        (void) setenv("LISTEN_PID", own, true);
}

/* Everything that has ended. Whether the daemon is among it. */
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
        /* Before the child is there, so that none is lost. */
        (void) sigfillset(&signals);
        if (sigprocmask(SIG_BLOCK, &signals, &before) < 0)
                return -errno;
        /* Where it was ignored, nobody would be there to be waited for. */
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

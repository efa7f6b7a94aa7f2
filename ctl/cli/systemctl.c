/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs systemctl and reads what it writes. Does not know what the properties mean. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "cli/systemctl.h"

#define ARGUMENTS_MAX 16

/* execvp(3) takes text that is not constant, and does not change it. */
union arguments {
        const char *given[ARGUMENTS_MAX];
        char *taken[ARGUMENTS_MAX];
};

static void run(int out, const union arguments *arguments) {
        if (setenv("TZ", "UTC", 1) == 0 && setenv("LC_ALL", "C", 1) == 0 &&
            dup2(out, STDOUT_FILENO) == STDOUT_FILENO)
                (void) execvp("systemctl", arguments->taken);
        _exit(127);
}

static size_t read_all(int in, char *out, size_t size) {
        size_t len = 0;
        ssize_t n;

        while (len < size && (n = read(in, out + len, size - len)) > 0)
                len += (size_t) n;
        return len;
}

size_t systemctl_show(const char *const *arguments, char *out, size_t size) {
        union arguments all = { .given = { "systemctl", "show" } };
        _cleanup_close_ int in = -1, to = -1;
        int fds[2], status = -1;
        struct stat st;
        size_t len;
        pid_t pid;

        out[0] = '\0';
        for (size_t i = 0; arguments[i] && i + 3 < ARGUMENTS_MAX; i++)
                all.given[i + 2] = arguments[i];
        if (lstat("/run/systemd/system", &st) < 0 || pipe2(fds, O_CLOEXEC) < 0)
                return 0;
        in = fds[0];
        to = fds[1];
        pid = fork();
        if (pid < 0)
                return 0;
        if (pid == 0)
                run(to, &all);
        cleanup_close(&to);
        to = -1;
        len = read_all(in, out, size - 1);
        out[len] = '\0';
        (void) waitpid(pid, &status, 0);
        return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? len : 0;
}

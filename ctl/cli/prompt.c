/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads a secret from the terminal without echo, or from standard input. Keeps no copy, and does
 * not know what the secret is. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "cleanup.h"
#include "cli/prompt.h"
#include "cli/say.h"

/* read(2) that goes on after EINTR. Returns the bytes read, 0 at the end, or a negative errno. */
static ssize_t read_some(int fd, char *buf, size_t size) {
        for (;;) {
                ssize_t n = read(fd, buf, size);

                if (n >= 0)
                        return n;
                if (errno != EINTR)
                        return -errno;
        }
}

static int read_all(char *buf, size_t size, size_t *ret_len) {
        size_t len = 0;

        while (len < size) {
                ssize_t n = read_some(STDIN_FILENO, buf + len, size - len);

                if (n < 0)
                        return (int) n;
                if (n == 0)
                        break;
                len += (size_t) n;
        }
        *ret_len = len;
        return 0;
}

/* Waits for a line or a signal. A terminal delivers whole lines, so one read is enough. */
static int read_line(int fd, int signal_fd, char *buf, size_t size, size_t *ret_len,
                     int *ret_signal) {
        struct pollfd fds[] = {
                { .fd = fd, .events = POLLIN },
                { .fd = signal_fd, .events = POLLIN },
        };
        struct signalfd_siginfo info;
        ssize_t n;

        while (poll(fds, ARRAY_LEN(fds), -1) < 0)
                if (errno != EINTR)
                        return -errno;
        if (fds[1].revents) {
                if (read(signal_fd, &info, sizeof(info)) != sizeof(info))
                        return -EIO;
                *ret_signal = (int) info.ssi_signo;
                return -EINTR;
        }
        n = read_some(fd, buf, size);
        if (n < 0)
                return (int) n;
        *ret_len = (size_t) n;
        return 0;
}

/* The shell uses the terminal too, so the echo is switched on again before a signal takes
 * effect. Signals arrive through a descriptor: a handler would need the settings in static data. */
static int read_hidden(int fd, const struct termios *saved, const char *prompt, char *buf,
                       size_t size, size_t *ret_len) {
        static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
        _cleanup_close_ int signal_fd = -1;
        struct termios hidden = *saved;
        sigset_t ends, blocked, old;
        int r, caught = 0;

        sigemptyset(&ends);
        for (size_t i = 0; i < ARRAY_LEN(ending); i++)
                sigaddset(&ends, ending[i]);
        blocked = ends;
        sigaddset(&blocked, SIGTSTP); /* delayed until the line ends */
        signal_fd = signalfd(-1, &ends, SFD_CLOEXEC);
        if (signal_fd < 0 || sigprocmask(SIG_BLOCK, &blocked, &old) < 0)
                return -errno;

        hidden.c_lflag &= ~(tcflag_t) ECHO;
        hidden.c_lflag |= ECHONL;
        r = tcsetattr(fd, TCSAFLUSH, &hidden) < 0 ? -errno : 0;
        if (r >= 0) {
                (void) dprintf(fd == STDIN_FILENO ? STDERR_FILENO : fd, "%s", prompt);
                r = read_line(fd, signal_fd, buf, size, ret_len, &caught);
                /* Drop what was typed after the line. The shell would run it and keep it in its
                 * history. */
                (void) tcsetattr(fd, TCSAFLUSH, saved);
        }
        if (caught != 0) {
                explicit_bzero(buf, size);
                fputc('\n', stderr);
                (void) raise(caught);
        }
        (void) sigprocmask(SIG_SETMASK, &old, NULL);
        return r;
}

int prompt_read(const char *prompt, char *buf, size_t size, size_t *ret_len) {
        struct termios saved;

        if (tcgetattr(STDIN_FILENO, &saved) < 0)
                return read_all(buf, size, ret_len);
        return read_hidden(STDIN_FILENO, &saved, prompt, buf, size, ret_len);
}

int prompt_read_terminal(const char *prompt, char *buf, size_t size, size_t *ret_len) {
        _cleanup_close_ int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
        struct termios saved;

        if (fd < 0 || tcgetattr(fd, &saved) < 0)
                return -errno;
        return read_hidden(fd, &saved, prompt, buf, size, ret_len);
}

enum exit_code prompt_password(const char *prompt, char password[static PROMPT_PASSWORD_MAX + 2]) {
        size_t len = 0;
        int r = prompt_read(prompt, password, PROMPT_PASSWORD_MAX + 1, &len);

        if (r < 0) {
                say_error("cannot read the password: %s", strerror(-r));
                return CTL_FAILED;
        }
        if (len > 0 && password[len - 1] == '\n')
                len--;
        if (len == 0 || len > PROMPT_PASSWORD_MAX || memchr(password, 0, len)) {
                say_error("%s", len == 0 ? "no password was given"
                                         : "this cannot be a password: it is too long, or it has a "
                                           "NUL byte");
                return CTL_USAGE;
        }
        password[len] = '\0';
        return CTL_OK;
}

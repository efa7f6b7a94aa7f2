/* SPDX-License-Identifier: BSD-2-Clause */
/* Starts helper processes, hands them bytes and collects their answers, without ever blocking the
 * loop. It does not know what is asked, and believes nothing of an answer but its length. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/cage.h"
#include "base/helper.h"
#include "base/log.h"
#include "cleanup.h"

/* the helper's socket, in the helper */
#define HELPER_FD 3

/* Invariant: process is NULL once the process has been reaped, or left to the loop to be reaped. */
struct helper {
        int fd;
        sd_event_source *io, *deadline, *process;
        uint8_t *in, *out;
        size_t in_len, sent;
        size_t out_len, out_max;
        void (*done)(int r, const uint8_t *out, size_t len, void *userdata);
        void *userdata;
};

static void wipe_free(uint8_t **bytes, size_t len) {
        if (*bytes)
                explicit_bzero(*bytes, len);
        free(*bytes);
        *bytes = NULL;
}

/* The process is killed, but it may hang in a system call, and only the kernel knows when it has
 * ended. A source that belongs to the loop stays behind to reap it. */
static void leave_to_die(struct helper *h) {
        if (!h->process)
                return;
        (void) pidfd_send_signal(sd_event_source_get_io_fd(h->process), SIGKILL, NULL, 0);
        (void) sd_event_source_set_userdata(h->process, NULL);
        (void) sd_event_source_set_floating(h->process, 1);
        h->process = sd_event_source_unref(h->process);
}

struct helper *helper_free(struct helper *h) {
        if (!h)
                return NULL;
        leave_to_die(h);
        sd_event_source_disable_unref(h->io);
        sd_event_source_disable_unref(h->deadline);
        cleanup_close(&h->fd);
        wipe_free(&h->in, h->in_len);
        wipe_free(&h->out, h->out_max + 1);
        free(h);
        return NULL;
}

void helper_freep(struct helper **h) {
        *h = helper_free(*h);
}

/* This is the last thing that is done to the helper: done() may free it. */
static void finish(struct helper *h, int r) {
        leave_to_die(h);
        (void) sd_event_source_set_enabled(h->io, SD_EVENT_OFF);
        (void) sd_event_source_set_enabled(h->deadline, SD_EVENT_OFF);
        h->done(r, r < 0 ? NULL : h->out, r < 0 ? 0 : h->out_len, h->userdata);
}

/* A helper that does not read the rest may still have an answer. */
static void push(struct helper *h) {
        while (h->sent < h->in_len) {
                ssize_t n = send(h->fd, h->in + h->sent, h->in_len - h->sent,
                                 MSG_NOSIGNAL | MSG_DONTWAIT);

                if (n < 0 && errno == EAGAIN)
                        return;
                if (n < 0 && errno != EINTR)
                        break;
                if (n > 0)
                        h->sent += (size_t) n;
        }
        wipe_free(&h->in, h->in_len);
        (void) shutdown(h->fd, SHUT_WR);
        (void) sd_event_source_set_io_events(h->io, EPOLLIN);
}

/* Reads what is there now. Negative: it is too much. */
static int pull(struct helper *h) {
        while (h->out_len <= h->out_max) {
                ssize_t n =
                        recv(h->fd, h->out + h->out_len, h->out_max + 1 - h->out_len, MSG_DONTWAIT);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && errno == EAGAIN)
                        return 0;
                /* The helper has closed its end. The end of its process is what counts. */
                if (n <= 0)
                        return sd_event_source_set_enabled(h->io, SD_EVENT_OFF);
                h->out_len += (size_t) n;
        }
        return -EMSGSIZE;
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        struct helper *h = userdata;
        int r;

        (void) source;
        (void) fd;
        if (events & EPOLLOUT)
                push(h);
        r = pull(h);
        if (r < 0)
                finish(h, r);
        return 0;
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata) {
        (void) source;
        (void) usec;
        finish(userdata, -ETIMEDOUT);
        return 0;
}

static int on_end(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        struct helper *h = userdata;
        siginfo_t info = {};
        int r;

        (void) events;
        /* Another part of the process has reaped it, so its end is not known. */
        if (waitid(P_PIDFD, (id_t) fd, &info, WEXITED) < 0)
                info.si_code = CLD_KILLED;
        if (!h)
                return sd_event_source_set_floating(source, 0); /* that was its last reference */
        (void) sd_event_source_set_enabled(source, SD_EVENT_OFF);
        h->process = sd_event_source_unref(h->process);
        r = pull(h);
        if (r >= 0)
                r = info.si_code == CLD_EXITED && info.si_status == EXIT_SUCCESS ? 0 : -ECHILD;
        finish(h, r);
        return 0;
}

static int set_up_child(posix_spawnattr_t *attr, posix_spawn_file_actions_t *actions, int fd) {
        sigset_t none, all;
        int r;

        (void) sigemptyset(&none);
        (void) sigfillset(&all);
        if ((r = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)) !=
                    0 ||
            (r = posix_spawnattr_setsigmask(attr, &none)) != 0 ||
            (r = posix_spawnattr_setsigdefault(attr, &all)) != 0 ||
            (r = posix_spawn_file_actions_adddup2(actions, fd, HELPER_FD)) != 0 ||
            (r = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY,
                                                  0)) != 0 ||
            (r = posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, "/dev/null", O_WRONLY,
                                                  0)) != 0 ||
            (r = posix_spawn_file_actions_addclosefrom_np(actions, HELPER_FD + 1)) != 0)
                return -r;
        return 0;
}

/* /proc/self/exe is the program that runs, even when its file has been replaced since. The
 * environment is a minimal one: sockets, credentials and watchdog that it could name are the
 * daemon's. */
static int spawn(const char *mode, int fd, pid_t *ret) {
        char name[] = "wfapikeyd", option[64], path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
        char *const argv[] = { name, option, NULL }, *const envp[] = { path, NULL };
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attr;
        int r;

        (void) snprintf(option, sizeof(option), "--helper=%s", mode);
        r = -posix_spawnattr_init(&attr);
        if (r < 0)
                return r;
        r = -posix_spawn_file_actions_init(&actions);
        if (r >= 0) {
                r = set_up_child(&attr, &actions, fd);
                if (r >= 0)
                        r = -posix_spawn(ret, "/proc/self/exe", &actions, &attr, argv, envp);
                (void) posix_spawn_file_actions_destroy(&actions);
        }
        (void) posix_spawnattr_destroy(&attr);
        return r;
}

static int watch(struct helper *h, sd_event *event, pid_t pid) {
        _cleanup_close_ int fd = pidfd_open(pid, 0);
        int r;

        if (fd < 0)
                return -errno;
        r = sd_event_add_io(event, &h->process, fd, EPOLLIN, on_end, h);
        if (r < 0)
                return r;
        (void) sd_event_source_set_io_fd_own(h->process, 1);
        (void) take_fd(&fd);
        return 0;
}

static int start(struct helper *h, sd_event *event, const char *mode, int fd,
                 uint64_t timeout_usec) {
        pid_t pid;
        int r;

        if ((r = sd_event_add_io(event, &h->io, h->fd, EPOLLIN | EPOLLOUT, on_io, h)) < 0 ||
            (r = sd_event_add_time_relative(event, &h->deadline, CLOCK_MONOTONIC, timeout_usec, 0,
                                            on_deadline, h)) < 0 ||
            (r = spawn(mode, fd, &pid)) < 0)
                return r;
        r = watch(h, event, pid);
        if (r < 0) {
                /* The helper has hardly begun, so its end cannot take long. */
                (void) kill(pid, SIGKILL);
                (void) waitpid(pid, NULL, 0);
        }
        return r;
}

int helper_start(struct helper **ret, sd_event *event, const char *mode, const void *in,
                 size_t in_len, size_t out_max, uint64_t timeout_usec,
                 void (*done)(int r, const uint8_t *out, size_t len, void *userdata),
                 void *userdata) {
        _cleanup_(helper_freep) struct helper *h = NULL;
        _cleanup_close_ int fd = -1;
        int fds[2], r;

        if (in_len > HELPER_BYTES_MAX || out_max > HELPER_BYTES_MAX)
                return -EMSGSIZE;
        h = calloc(1, sizeof(*h));
        if (!h)
                return -ENOMEM;
        *h = (struct helper){
                .fd = -1, .in_len = in_len, .out_max = out_max, .done = done, .userdata = userdata
        };
        h->in = malloc(in_len + 1);
        h->out = malloc(out_max + 1);
        if (!h->in || !h->out)
                return -ENOMEM;
        memcpy(h->in, in, in_len);
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
                return -errno;
        h->fd = fds[0];
        fd = fds[1];
        r = start(h, event, mode, fd, timeout_usec);
        if (r < 0)
                return r;
        log_line(LOG_DEBUG, "a helper is started: %s", mode);
        *ret = take_ptr(h);
        return 0;
}

/* --- In the helper --- */

static ssize_t read_all(uint8_t *in) {
        size_t len = 0;

        while (len < HELPER_BYTES_MAX) {
                ssize_t n = recv(HELPER_FD, in + len, HELPER_BYTES_MAX - len, 0);

                if (n == 0)
                        break;
                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n > 0)
                        len += (size_t) n;
        }
        return (ssize_t) len;
}

static int write_all(const uint8_t *out, size_t len) {
        while (len > 0) {
                ssize_t n = send(HELPER_FD, out, len, MSG_NOSIGNAL);

                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n > 0) {
                        out += n;
                        len -= (size_t) n;
                }
        }
        return 0;
}

static int answer(const struct helper_mode *mode) {
        uint8_t *in = calloc(1, HELPER_BYTES_MAX), *out = calloc(1, HELPER_BYTES_MAX);
        ssize_t n = -ENOMEM;
        size_t in_len = 0, out_len = 0;

        if (in && out) {
                n = read_all(in);
                if (n >= 0) {
                        in_len = (size_t) n;
                        n = mode->caged ? cage_enter() : 0;
                }
                if (n >= 0)
                        n = mode->run(in, in_len, out);
                if (n >= 0) {
                        out_len = (size_t) n;
                        n = write_all(out, out_len);
                }
        }
        wipe_free(&in, in_len);
        wipe_free(&out, out_len);
        return n < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int helper_main(const struct helper_mode *modes, const char *name) {
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void) setrlimit(RLIMIT_CORE, &(struct rlimit){});
        /* A process that the work starts has no part in the answer. */
        if (fcntl(HELPER_FD, F_SETFD, FD_CLOEXEC) < 0)
                return EXIT_FAILURE;
        for (; modes->name; modes++)
                if (strcmp(modes->name, name) == 0)
                        return answer(modes);
        return EXIT_FAILURE;
}

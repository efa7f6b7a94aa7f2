/* SPDX-License-Identifier: BSD-2-Clause */
/* Takes the listening sockets from systemd or makes them. It accepts nothing and reads nothing. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "base/sockets.h"
#include "cleanup.h"

static int set_address(const char *path, struct sockaddr_un *ret) {
        size_t len = strlen(path);

        *ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
        if (path[0] != '/' || len >= sizeof(ret->sun_path))
                return -EINVAL;
        memcpy(ret->sun_path, path, len + 1);
        return 0;
}

/* Whether a process listens at the address. */
static bool is_served(const struct sockaddr_un *sa, int type) {
        _cleanup_close_ int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        return fd >= 0 &&
               (connect(fd, (const struct sockaddr *) sa, sizeof(*sa)) == 0 || errno == EAGAIN);
}

/* Makes the last directory of the path where it is missing. Its parent must be there. */
static int make_parent(const char *path) {
        char parent[sizeof(((struct sockaddr_un *) 0)->sun_path)];
        const char *slash = strrchr(path, '/');
        size_t len = (size_t) (slash - path);

        if (len == 0)
                return 0;
        memcpy(parent, path, len);
        parent[len] = '\0';
        if (mkdir(parent, 0755) == 0)
                return chmod(parent, 0755) < 0 ? -errno : 0; /* with any umask */
        return errno == EEXIST ? 0 : -errno;
}

static int make_socket(const char *path, int type, ino_t *ret_ino) {
        _cleanup_close_ int fd = -1;
        struct sockaddr_un sa;
        struct stat st;
        int r;

        r = set_address(path, &sa);
        if (r < 0)
                return r;
        r = make_parent(path);
        if (r < 0)
                return r;
        if (lstat(path, &st) == 0) {
                if (!S_ISSOCK(st.st_mode))
                        return -ENOTSOCK;
                if (is_served(&sa, type))
                        return -EADDRINUSE;
                if (unlink(path) < 0)
                        return -errno;
        }
        fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        /* No process gets in before it listens: the umask makes it 0700 until then. Any user may
         * connect. The uid that the kernel names decides what each may do. */
        if (bind(fd, (struct sockaddr *) &sa, sizeof(sa)) < 0 || listen(fd, SOMAXCONN) < 0 ||
            lstat(path, &st) < 0 || chmod(path, 0666) < 0)
                return -errno;
        *ret_ino = st.st_ino;
        return take_fd(&fd);
}

static int take_passed(struct sockets *s, char *error) {
        int n = sd_listen_fds(1);

        for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + n; fd++) {
                int *place = sd_is_socket_unix(fd, SOCK_SEQPACKET, 1, NULL, 0) > 0 ? &s->verify
                             : sd_is_socket_unix(fd, SOCK_STREAM, 1, NULL, 0) > 0  ? &s->control
                                                                                   : NULL;

                if (!place || *place >= 0) {
                        (void) snprintf(
                                error, ERROR_LEN,
                                "descriptor %d was passed: wanted are one listening Unix socket of "
                                "type seqpacket "
                                "(verify) and one of type stream (control)",
                                fd);
                        return -EINVAL;
                }
                /* systemd passes them blocking. A loop that accepts until nobody is left would stop
                 * at the last one. */
                if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0) {
                        int r = -errno;

                        (void) snprintf(error, ERROR_LEN, "descriptor %d cannot be used: %s", fd,
                                        strerror(-r));
                        return r;
                }
                *place = fd;
        }
        if (n < 0)
                (void) snprintf(error, ERROR_LEN,
                                "the passed sockets cannot be taken (LISTEN_FDS, LISTEN_PID): %s",
                                strerror(-n));
        return n < 0 ? n : 0;
}

static void turn_away(int fd) {
        int waiting;

        if (fd < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
                return;
        /* The end of this process closes them. That does not wait for what peers have passed. */
        while ((waiting = accept4(fd, NULL, NULL, SOCK_CLOEXEC)) >= 0)
                (void) shutdown(waiting, SHUT_RDWR);
}

void sockets_turn_away(void) {
        int n = sd_listen_fds(1);

        for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + n; fd++)
                turn_away(fd);
}

/* A child of a daemon that was just killed may hold its sockets until it runs another program. So
 * somebody who listens is asked again, for a second. */
static int make_soon(const char *path, int type, ino_t *ret_ino) {
        const struct timespec pause = { .tv_nsec = 50000000 };
        int r = make_socket(path, type, ret_ino);

        for (unsigned i = 0; r == -EADDRINUSE && i < 20; i++) {
                (void) clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
                r = make_socket(path, type, ret_ino);
        }
        return r;
}

static int make_missing(const char *path, int type, int *fd, bool *made, ino_t *ino, char *error) {
        int r;

        if (*fd >= 0)
                return 0;
        r = make_soon(path, type, ino);
        if (r < 0) {
                (void) snprintf(error, ERROR_LEN, "cannot listen on '%s': %s", path,
                                r == -EADDRINUSE ? "another process does"
                                : r == -ENOTSOCK ? "something is there that is not a socket"
                                : r == -EINVAL ? "it must be an absolute path of at most 107 bytes"
                                               : strerror(-r));
                return r;
        }
        *fd = r;
        *made = true;
        return 0;
}

int sockets_open(const char *verify_path, const char *control_path, struct sockets *ret,
                 char error[static ERROR_LEN]) {
        struct sockets s = { .verify = -1, .control = -1 };
        int r;

        r = take_passed(&s, error);
        if (r >= 0)
                r = make_missing(verify_path, SOCK_SEQPACKET, &s.verify, &s.made_verify,
                                 &s.verify_ino, error);
        if (r >= 0)
                r = make_missing(control_path, SOCK_STREAM, &s.control, &s.made_control,
                                 &s.control_ino, error);
        if (r < 0) {
                sockets_remove(verify_path, control_path, &s);
                turn_away(s.verify);
                turn_away(s.control);
                cleanup_close(&s.verify);
                cleanup_close(&s.control);
                return r;
        }
        *ret = s;
        return 0;
}

static void remove_own(const char *path, bool made, ino_t ino) {
        struct stat st;

        if (made && lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_ino == ino)
                (void) unlink(path);
}

void sockets_remove(const char *verify_path, const char *control_path,
                    const struct sockets *sockets) {
        remove_own(verify_path, sockets->made_verify, sockets->verify_ino);
        remove_own(control_path, sockets->made_control, sockets->control_ino);
}

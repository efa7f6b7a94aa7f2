/* SPDX-License-Identifier: BSD-2-Clause */
/* Builds a small /dev in a mount namespace and listens there as syslog does. It must not know what
 * the lines mean. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "devlog.h"

static const char *const devices[] = { "null", "zero", "full", "random", "urandom" };

static int unshare_mounts(void) {
        if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
                return -errno;
        return 0;
}

bool devlog_possible(void) {
        pid_t pid = geteuid() == 0 ? fork() : -1;
        int status = -1;

        if (pid == 0)
                _exit(unshare_mounts() < 0 || mount("tmpfs", "/dev", "tmpfs", 0, NULL) < 0);
        return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* Makes a file and binds the device to it. A new device node would not work on a file system that
 * is mounted with nodev. */
static int lend_device(const char *dir, const char *name) {
        char from[64], to[128];
        int fd;

        (void) snprintf(from, sizeof(from), "/dev/%s", name);
        (void) snprintf(to, sizeof(to), "%s/%s", dir, name);
        fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd < 0)
                return -errno;
        (void) close(fd);
        return mount(from, to, NULL, MS_BIND, NULL) < 0 ? -errno : 0;
}

int devlog_open(const char *dir) {
        _cleanup_close_ int fd = -1;
        struct sockaddr_un sa = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };
        int r;

        r = unshare_mounts();
        if (r < 0)
                return r;
        if (mount("tmpfs", dir, "tmpfs", 0, "mode=0755") < 0)
                return -errno;
        for (size_t i = 0; i < ARRAY_LEN(devices); i++) {
                r = lend_device(dir, devices[i]);
                if (r < 0)
                        return r;
        }
        if (mount(dir, "/dev", NULL, MS_MOVE, NULL) < 0)
                return -errno;
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0 || bind(fd, (struct sockaddr *) &sa, sizeof(sa)) < 0 ||
            chmod(sa.sun_path, 0666) < 0)
                return -errno;
        return take_fd(&fd);
}

unsigned devlog_read(int fd, char *ret, size_t size) {
        size_t used = 0;
        unsigned n = 0;

        while (used + 2 < size) {
                ssize_t len = recv(fd, ret + used, size - used - 2, MSG_DONTWAIT);

                if (len < 0)
                        break;
                used += (size_t) len;
                ret[used++] = '\n';
                n++;
        }
        ret[used] = '\0';
        return n;
}

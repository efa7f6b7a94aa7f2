/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies files to where they can be changed. Does not know what is in them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "scratch.h"

/* as a page of a database, so that no other page is lost with one that cannot be read */
#define BLOCK 4096

static void remove_all(int fd) {
        DIR *dir = fdopendir(fcntl(fd, F_DUPFD_CLOEXEC, 0));
        const struct dirent *entry;

        while (dir && (entry = readdir(dir)))
                (void) unlinkat(fd, entry->d_name, 0); /* not "." and ".." */
        if (dir)
                (void) closedir(dir);
}

/* No signal that ends the other process ends this one: all are blocked. It keeps nothing of that
 * one open, such as the lock and standard output. */
_Noreturn static void be_guard(const struct scratch *s, int gate) {
        char byte;

        (void) dup2(gate, 0);
        (void) dup2(s->fd, 1);
        (void) close_range(2, ~0U, 0);
        while (read(0, &byte, 1) < 0 && errno == EINTR)
                continue;
        remove_all(1);
        (void) rmdir(s->path);
        _exit(0);
}

static int start_guard(struct scratch *s) {
        _cleanup_close_ int reader = -1, writer = -1;
        sigset_t all, before;
        int gate[2];

        if (pipe2(gate, O_CLOEXEC) < 0)
                return -errno;
        reader = gate[0];
        writer = gate[1];
        (void) sigfillset(&all);
        if (sigprocmask(SIG_SETMASK, &all, &before) < 0)
                return -errno;
        s->guard = fork();
        if (s->guard == 0) {
                (void) close(writer);
                be_guard(s, reader);
        }
        if (sigprocmask(SIG_SETMASK, &before, NULL) < 0 || s->guard < 0)
                return -errno;
        s->gate = take_fd(&writer);
        return 0;
}

int scratch_make(struct scratch *s) {
        const char *base = secure_getenv("TMPDIR");
        char name[PATH_MAX];

        if (snprintf(name, sizeof(name), "%s/wfapikey-XXXXXX",
                     base && base[0] ? base : "/var/tmp") >= (int) sizeof(name))
                return -ENAMETOOLONG;
        memcpy(s->path, name, sizeof(s->path));
        if (!mkdtemp(name))
                return -errno;
        /* SQLite follows no link in any part of a path. */
        if (!realpath(name, s->path))
                return -errno;
        s->fd = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        return s->fd < 0 ? -errno : start_guard(s);
}

void scratch_done(struct scratch *s) {
        if (s->fd < 0)
                return;
        remove_all(s->fd);
        (void) rmdir(s->path);
        cleanup_close(&s->fd);
        if (s->guard <= 0)
                return;
        (void) close(s->gate);
        (void) waitpid(s->guard, NULL, 0);
}

static int write_all(int fd, const uint8_t *bytes, size_t len) {
        while (len > 0) {
                ssize_t n = write(fd, bytes, len);

                if (n < 0)
                        return -errno;
                bytes += n;
                len -= (size_t) n;
        }
        return 0;
}

int scratch_copy(struct scratch *s, int from, const char *name) {
        _cleanup_close_ int in = -1, out = -1;
        struct stat st;
        int r = 0;

        in = openat(from, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (in < 0 || fstat(in, &st) < 0)
                return -errno;
        out = openat(s->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (out < 0)
                return -errno;
        for (off_t at = 0; r >= 0 && at < st.st_size; at += BLOCK) {
                size_t len = st.st_size - at < BLOCK ? (size_t) (st.st_size - at) : BLOCK;
                uint8_t block[BLOCK] = {};
                ssize_t n = pread(in, block, len, at);

                if (n < 0 && errno != EIO)
                        return -errno;
                r = write_all(out, block, len);
        }
        return r;
}
